"""List the known bad inputs by number: those this folder sends today, and those that come later, each with its reason.

The numbers and classes are those of the hostile collection (bad_inputs.csv, README.md); the descriptions are our own words.
"""

COVERED: dict[str, str] = {
    # 01 HTTP
    "BI-003": "POST without a body",
    "BI-006": "a charset that does not exist",
    "BI-009": "a Python codec offered as charset",
    "BI-012": "a Content-Length that is no number",
    "BI-015": "Content-Length and chunks together",
    "BI-018": "fewer bytes than announced, then the end",
    "BI-021": "many senders of headers that drip (small scale)",
    "BI-024": "ten thousand headers, one header of a megabyte",
    "BI-027": "100-continue asked for a body over the limit",
    "BI-030": "a forged X-Forwarded-For",
    "BI-033": "client certificates: none, expired, not yet valid, of another authority, revoked, another hospital's",
    # 02 SOAP
    "BI-036": "either SOAP version under the media type of the other; versions mixed",
    "BI-039": "a Fault as request",
    "BI-042": "two Headers",
    "BI-045": "an operation that does not exist",
    "BI-048": "a required parameter left out",
    "BI-051": "a required parameter nil",
    "BI-054": "references to nothing, to themselves, growing without end",
    "BI-057": "comments and instructions within credentials and codes",
    "BI-060": "a date at the end of time",
    "BI-063": "attachments without or with odd Content-IDs",
    # 03 credentials
    "BI-066": "no credentials",
    "BI-069": "one hospital's credentials, another's code or address",
    "BI-072": "passwords with NUL, of a megabyte, in another Unicode form",
    "BI-075": "a PasswordDigest sent twice",
    "BI-078": "a signature over the time stamp only (no signature is a credential)",
    "BI-081": "a signature that names a key to be fetched, a huge certificate",
    "BI-084": "an institution registered twice (by the command; by the SOAP service in tests/acceptance/test_registration.py)",
    # 04 Base64
    "BI-087": "Base64 in lines of 76",
    "BI-090": "padding left out",
    "BI-093": "loose trailing bits",
    "BI-096": "a data: prefix",
    "BI-099": "plus turned into blank",
    "BI-102": "plain XML",
    # 05 GZIP
    "BI-105": "truncated by 1, 4, 8 bytes and by half",
    "BI-108": "one bit flipped, at every position",
    "BI-111": "two members",
    "BI-114": "a bomb within a member, and bare",
    "BI-117": "an honest document that packs 300 to 1",
    "BI-120": "a long extra field, a wrong header checksum, reserved flags",
    "BI-123": "other files, well packed",
    # 06 encoding
    "BI-126": "UTF-8 bytes called GBK",
    "BI-129": "rare characters under GB18030 and under GBK",
    "BI-132": "an encoding that does not exist",
    "BI-135": "control characters, as bytes and as references",
    "BI-138": "ids in other Unicode forms",
    # 07 XML
    "BI-141": "two roots, junk behind the root, nothing at all",
    "BI-144": "an external entity that names a file",
    "BI-147": "external entities for every parser of the engine",
    "BI-150": "entities that contain each other",
    "BI-153": "five million empty elements",
    "BI-156": "names without number",
    "BI-159": "a stylesheet instruction with an address",
    "BI-162": "prefixes bound anew, default namespace absent, xml bound elsewhere",
    # 08 schema
    "BI-165": "a valid document of another type than declared",
    "BI-168": "another root, another namespace",
    "BI-171": "xsi:type of another kind, xsi:nil on what is required",
    "BI-174": "blanks where a text is due",
    # 09 document rules
    "BI-177": "no patient, two patients",
    "BI-180": "an end before its beginning",
    "BI-183": "a template of another type",
    "BI-186": "patients nobody knows",
    "BI-189": "narrative that contradicts the entry (kept both; its quality figure comes with the operations issue)",
    "BI-192": "replacing what was never received, another type, itself (another patient is not told from a corrected number yet)",
    # 10 codes
    "BI-198": "ICD-10 in other writings, ICD-9 in its place",
    # 11 identity
    "BI-204": "check character x in lower case",
    "BI-207": "a region that does not exist",
    "BI-210": "residence permits, foreigners' numbers, passports",
    "BI-213": "no identity number",
    "BI-216": "phone and name that are too long, a name with digits",
    # 12 duplicates
    "BI-219": "the same number with other content",
    "BI-222": "the same number from two hospitals",
    "BI-225": "a captured request sent from another address",
    "BI-228": "numbers that differ by blanks, width, case",
    # 14 size
    "BI-237": "a document of exactly the limit, and one byte more",
    "BI-240": "a hospital over its quota of the day, and others beside it",
    # 16 time
    "BI-255": "time zones, and one that does not exist",
    # 17 injection
    "BI-261": "SQL, formats, templates in a name",
    "BI-264": "paths, devices and long words as file name or code",
    "BI-267": "a personal word in every input: never in logs, faults or figures",
    # 18 web
    "BI-270": "scripts in every parameter",
    "BI-273": "guessing passwords",
    "BI-276": "SQL, patterns and deep JSON as parameters",
    "BI-279": "framing, foreign addresses to go on to, pages kept after leaving",
    "BI-282": "the password of the first start, pages that tell of the inside",
}

ELSEWHERE: dict[str, tuple[str, tuple[str, ...]]] = {
    "BI-234": ("documents of one time go in the order in which they were taken", ("tests/store/test_queue.py::test_four_workers_at_once_never_break_the_order_of_a_key",)),
    "BI-243": ("a long list comes in pages, and a reply over a cap is not read", ("tests/inbound/test_report.py::test_a_list_comes_in_pages_and_periods", "tests/outbound/test_wire.py::test_a_reply_over_the_cap_is_not_read_to_its_end")),
    "BI-246": ("a hold that expires while it is confirmed or paid", ("tests/services/appointments/test_crowd.py::test_a_hold_that_ends_at_the_instant_of_its_confirmation_has_one_outcome",)),
    "BI-249": ("one person books twice at once", ("tests/services/appointments/test_crowd.py::test_one_person_does_not_pass_the_limit_by_asking_twice_at_once",)),
    "BI-252": ("twenty senders change the same persons in any order", ("tests/bench/test_proof_registers.py::test_a_short_run_loses_nothing",)),
    "BI-258": ("the clock is set forward by a day and back by an hour", ("tests/acceptance/test_clock_set.py::test_a_clock_set_forward_ends_no_lease_and_sends_nothing_twice", "tests/acceptance/test_clock_set.py::test_a_clock_set_back_holds_up_neither_turns_nor_tries")),
    "BI-285": ("replies that are no acknowledgement", ("tests/outbound/test_soap.py::test_no_reply_but_the_agreed_one_counts_as_delivered",)),
    "BI-288": ("replies with a DOCTYPE", ("tests/outbound/test_soap.py::test_an_entity_in_a_reply_fetches_nothing",)),
    "BI-291": ("a reply to another message", ("tests/outbound/test_soap.py::test_no_reply_but_the_agreed_one_counts_as_delivered",)),
    "BI-294": ("names that do not resolve, slowly, or elsewhere", ("tests/outbound/test_wire.py::test_a_name_that_cannot_be_resolved_is_unavailable", "tests/outbound/test_wire.py::test_a_slow_resolver_blocks_nobody_beyond_the_deadline_and_is_asked_once", "tests/outbound/test_wire.py::test_an_address_outside_the_pinned_networks_is_refused_without_connecting")),
}  # fmt: skip
"""Rows that need no engine, or more than one: what is tried, and by which tests of other folders."""

LATER: dict[str, tuple[str, str]] = {
    "BI-195": ("codes that are retired or not yet valid", "value sets carry no dates until the dictionary issue"),
    "BI-201": ("local codes without a mapping", "the list of unmapped codes comes with the dictionary issue"),
    "BI-231": ("a parent that comes late or never", "nothing waits for a parent: one that is unknown is refused as SND-503"),
}  # fmt: skip

BOUNDS: dict[str, tuple[float, int]] = {"B0": (0.05, 2), "B1": (0.25, 32), "B2": (1.0, 128), "B3": (5.0, 256)}
"""Seconds of processor and MiB that an input of each class may cost."""

BOUNDED: dict[str, str] = {
    **dict.fromkeys(("BI-003", "BI-006", "BI-009", "BI-012", "BI-015", "BI-018", "BI-024", "BI-027", "BI-039", "BI-045", "BI-048", "BI-054", "BI-066", "BI-072", "BI-081", "BI-090", "BI-114", "BI-150"), "B0"),
    "BI-276": "B1", "BI-153": "B2", "BI-237": "B3",
}  # fmt: skip
"""The rows that name a class of cost."""
