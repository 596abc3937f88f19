"""One envelope, one header, one operation: everything old clients write is understood, everything doubtful is refused."""

import time

import pytest
from lxml import etree

from tests.support.front import PASSWORD
from tests.support.soap import CREDENTIALS, PATH, SOAP, TNS, UPLOAD, ask, call, envelope, post, request

XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
TYPE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0"


def upload(payload, **kwargs):
    return call("Upload", f"<documentType>C0002</documentType><documentId>D1</documentId>{payload}", **kwargs)


def asked(front, body):
    answer = post(front, body)
    assert answer.status == 200, answer.body.decode()
    return front.echo.calls[-1][1]


def refused(front, body, code, version="1.1"):
    answer = post(front, body)
    assert (answer.status, answer.code) == (400 if version == "1.2" else 500, code), answer.body.decode()
    assert front.echo.calls == []
    return answer


# structure


def test_an_unknown_envelope_namespace_is_a_version_mismatch_in_soap_1_1(front):
    answer = refused(front, '<e:Envelope xmlns:e="urn:x"><e:Body/></e:Envelope>', "SND-306")
    assert answer.text("faultcode") == "soap:VersionMismatch"


@pytest.mark.parametrize("version", ["1.1", "1.2"])
@pytest.mark.parametrize(
    "inside",
    [
        "",
        "<s:Body/>",
        "<s:Header/>",
        "<s:Header/><s:Header/><s:Body><Heartbeat/></s:Body>",
        "<s:Body><Heartbeat/></s:Body><s:Header/>",
        "<s:Body><Heartbeat/></s:Body><s:Body><Heartbeat/></s:Body>",
        "<s:Body><Heartbeat/><Heartbeat/></s:Body>",
        "<s:Body>only text</s:Body>",
        "<s:Body><s:Fault/></s:Body>",
        "<s:Header/><s:Extra/><s:Body><Heartbeat/></s:Body>",
    ],
)
def test_a_wrong_structure_is_refused_before_anyone_is_admitted(front, inside, version):
    body = f'<s:Envelope xmlns:s="{SOAP[version]}">{inside}</s:Envelope>'
    answer = refused(front, body, "SND-307", version)
    assert front.echo.claims == []
    assert answer.tree.tag == f"{{{SOAP[version]}}}Envelope"


def test_a_soap_1_2_refusal_speaks_soap_1_2(front):
    answer = refused(front, call("Nope", version="1.2"), "SND-309", "1.2")
    assert answer.headers["content-type"] == "application/soap+xml; charset=utf-8"
    assert answer.text("Value") == "soap:Sender"
    assert answer.text("Text")


def test_an_unknown_operation_is_refused_without_telling_the_others(front):
    answer = refused(front, call("nope"), "SND-309")
    assert b"Heartbeat" not in answer.body
    assert b"UploadBatch" not in answer.body


@pytest.mark.parametrize("body", ["<a>", "<a></b>", "plain", "<a>&x;</a>", "<a>&#1;</a>", "<a/><b/>", "\x01<a/>"])
def test_malformed_xml_is_a_client_fault_with_its_place(front, body):
    answer = refused(front, body, "SND-305")
    assert answer.text("faultcode") == "soap:Client"
    assert "行" in answer.text("faultstring")


@pytest.mark.parametrize("version", ["1.1", "1.2"])
@pytest.mark.parametrize("sign", ["1", "true"])
def test_an_unknown_header_that_must_be_understood_is_refused(front, version, sign):
    header = f'{CREDENTIALS}<x:Transaction xmlns:x="urn:x" s:mustUnderstand="{sign}">5</x:Transaction>'
    answer = refused(front, call("Heartbeat", header=header, version=version), "SND-314", version)
    assert b"soap:MustUnderstand" in answer.body


def test_headers_that_are_understood_or_need_not_be_are_taken(front):
    credentials = CREDENTIALS.replace("<c:Credentials ", '<c:Credentials s:mustUnderstand="true" ')
    addressing = (
        '<a:To xmlns:a="http://www.w3.org/2005/08/addressing" s:mustUnderstand="1">urn:x</a:To><x:Other xmlns:x="urn:x"/>'
    )
    assert post(front, call("Heartbeat", header=credentials + addressing)).status == 200


@pytest.mark.parametrize(
    ("name", "value", "inner", "code"),
    [
        ("depth", 10, "<a>" * 30 + "</a>" * 30, "SND-604"),
        ("elements", 50, "<a/>" * 80, "SND-605"),
        ("elements", 50, "<!---->" * 80, "SND-605"),
        ("depth", 10, "<a>" * 30_000 + "</a>" * 30_000, "SND-604"),
        ("names", 12, "".join(f"<a xmlns:p{i}='u'/>" for i in range(80)), "SND-609"),
        ("names", 12, "".join(f"<a{i}/>" for i in range(80)), "SND-609"),
    ],
)
def test_an_envelope_past_a_bound_is_refused(start_front, name, value, inner, code):
    front = start_front(**{"depth": 20, name: value})
    refused(front, upload(f"<payload>{inner}</payload>"), code)


@pytest.mark.parametrize("opening", ["<![CDATA[", "<!--", "<?xml "])
def test_stretches_that_are_never_closed_are_refused_quickly(front, opening):
    began = time.process_time()
    refused(front, upload(f"<payload>{opening * 100_000}&#55362;&#57271;</payload>"), "SND-305")
    assert time.process_time() - began < 5


def test_too_many_attributes_are_refused(front):
    attributes = " ".join(f'a{i}="1"' for i in range(300))
    refused(front, upload(f"<payload {attributes}>x</payload>"), "SND-606")


def test_a_payload_as_long_as_the_body_is_taken(front):
    text = "QUJD" * 3_000_000
    assert asked(front, upload(f"<payload>{text}</payload>"))["payload"] == text


# what old clients write (wsdl-rules R6 to R10)


@pytest.mark.parametrize("reference", ["&#55362;&#57271;", "&#xD842;&#xDFB7;", "&#x20BB7;", "&#134071;"])
def test_r6_surrogate_references_are_joined(front, reference):
    assert asked(front, upload(f"<payload>吉{reference}x</payload>"))["payload"] == "吉𠮷x"


def test_r6_a_reference_inside_cdata_stays_as_it_was_written(front):
    body = upload("<payload><![CDATA[&#55362;&#57271;]]>&#55362;&#57271;</payload>")
    assert asked(front, body)["payload"] == "&#55362;&#57271;𠮷"


def test_r6_half_a_surrogate_is_malformed(front):
    refused(front, upload("<payload>&#55362;</payload>"), "SND-305")


def test_r7_child_elements_of_a_string_become_its_text(front):
    inner = '<ClinicalDocument xmlns="urn:hl7-org:v3" a="&lt;&gt;"><id root="1"/>张 &amp; 三<!--c--></ClinicalDocument>'
    body = upload(f'<payload xmlns:z="urn:z" b=">">{inner}</payload>')
    assert asked(front, body)["payload"] == inner


def test_r7_an_inner_xml_declaration_is_dropped_outside_cdata(front):
    declaration = '<?xml version="1.0" encoding="gbk"?>'
    assert asked(front, upload(f"<payload>{declaration}<a/></payload>"))["payload"] == "<a/>"
    assert asked(front, upload(f"<payload><![CDATA[{declaration}<a/>]]></payload>"))["payload"] == f"{declaration}<a/>"


def test_r7_many_children_are_written_in_one_go(front):
    inner = "<a/>" * 200_000
    assert asked(front, upload(f"<payload>{inner}</payload>"))["payload"] == inner


def test_r7_what_stands_inside_a_payload_never_counts_as_a_parameter(front):
    values = asked(front, upload("<payload><documentId>X</documentId></payload>"))
    assert values["documentId"] == "D1"


@pytest.mark.parametrize("space", ["", TNS + "/", "http://tempuri.org/", TNS])
def test_r8_the_operation_is_known_in_any_namespace(front, space):
    assert asked(front, envelope(f'<Upload xmlns="{space}">{UPLOAD}</Upload>'))["documentId"] == "D1"


def test_r8_the_namespaces_of_parameters_do_not_matter(front):
    body = envelope(
        f'<t:Upload xmlns:t="{TNS}"><documentId>D1</documentId><x:documentType xmlns:x="urn:x">C</x:documentType><t:payload>a</t:payload></t:Upload>'
    )
    assert asked(front, body) == {"documentId": "D1", "documentType": "C", "payload": "a"}


@pytest.mark.parametrize("kind", ["xsd:string", "soapenc:string", "unbound:string"])
def test_r9_xsi_type_is_dropped(front, kind):
    body = upload(f'<payload {XSI} xsi:type="{kind}">a</payload>')
    assert asked(front, body)["payload"] == "a"


def test_r10_nil_false_is_a_value_and_nil_true_is_none(front):
    body = upload(f'<payload {XSI} xsi:nil="false">a</payload><digest {XSI} xsi:nil="true"/>')
    assert asked(front, body) == {"documentType": "C0002", "documentId": "D1", "payload": "a"}


@pytest.mark.parametrize("payload", ["", "<payload/>", "<payload>  </payload>", f'<payload {XSI} xsi:nil="true">a</payload>'])
def test_a_missing_required_parameter_is_named(front, payload):
    answer = refused(front, upload(payload), "SND-310")
    assert "payload" in answer.text("faultstring")
    assert answer.text("path") == "/Envelope/Body/Upload/payload"


def test_one_of_two_parameters_is_enough_and_none_is_refused(front):
    assert post(front, call("QueryReceipt", "<documentId>D1</documentId>")).status == 200
    front.echo.calls.clear()
    answer = refused(front, call("QueryReceipt"), "SND-310")
    assert "receipt 或 documentId" in answer.text("faultstring")


def test_r15_positional_parameters_are_told_the_names(front):
    answer = refused(front, call("Upload", "<c-gensym3>C0002</c-gensym3><c-gensym5>D1</c-gensym5>"), "SND-312")
    assert "documentType、documentId、payload" in answer.text("hint")


def test_unknown_parameters_beside_known_ones_are_left_out(front):
    assert asked(front, upload("<payload>a</payload><memo>x</memo>")) == {
        "documentType": "C0002",
        "documentId": "D1",
        "payload": "a",
    }


def test_a_parameter_given_twice_is_refused(front):
    refused(front, upload("<payload>a</payload><payload>b</payload>"), "SND-311")


def test_comments_in_a_value_leave_one_text(front):
    assert asked(front, upload("<payload>AB<!--x-->CD<?p?>EF</payload>"))["payload"] == "ABCDEF"


@pytest.mark.parametrize(("sent", "taken"), [(" 12 ", 12), ("+7", 7), ("-1", -1), ("2147483647", 2147483647)])
def test_whole_numbers_are_read(front, sent, taken):
    values = asked(front, call("Reconcile", f"<date>2026-01-01</date><counts><count><sent>{sent}</sent></count></counts>"))
    assert values["counts"] == [{"sent": taken}]


@pytest.mark.parametrize("sent", ["1.5", "twelve", "2147483648", "1e3", "9" * 5000, "１２"])
def test_what_is_no_whole_number_is_refused_with_its_place(front, sent):
    body = call("Reconcile", f"<date>2026-01-01</date><counts><count/><count><sent>{sent}</sent></count></counts>")
    assert refused(front, body, "SND-311").text("path") == "/Envelope/Body/Reconcile/counts/count[2]/sent"


def test_an_unknown_lane_is_refused(front):
    refused(front, upload("<payload>a</payload><lane>fast</lane>"), "SND-311")


def test_a_call_knows_its_lane_version_and_address(front):
    post(front, call("Upload", UPLOAD + "<lane>history</lane>", version="1.2"))
    known = front.echo.calls[0][0]
    assert (known.lane, known.soap_version, known.institution, known.address_institution) == ("history", "1.2", "H001", "H001")
    assert (known.service, known.operation, known.peer) == ("DataCollection", "Upload", "127.0.0.1")


@pytest.mark.parametrize("text", ["!!!!", "YQ", "YR==", "H4sI=AAA", "ab c"])
def test_a_binary_parameter_that_is_no_base64_arrives_as_its_text(front, text):
    values = asked(front, call("UploadBinary", UPLOAD.replace("H4sIAA==", text)))
    assert values["payload"] == text


@pytest.mark.parametrize("text", ["YWJj", "YW\r\n Jj", "YWI=", "YQ=="])
def test_a_binary_parameter_arrives_as_bytes(front, text):
    values = asked(front, call("UploadBinary", UPLOAD.replace("H4sIAA==", text)))
    assert values["payload"] in {b"abc", b"ab", b"a"}


# references (SOAP 1.1 section 5)


def multi_ref(inner, *targets):
    return envelope(f'<t:Upload xmlns:t="{TNS}">{inner}</t:Upload>' + "".join(targets))


def target(name, inner):
    return f'<multiRef id="{name}" e:root="0" xmlns:e="http://schemas.xmlsoap.org/soap/encoding/">{inner}</multiRef>'


def test_references_are_followed(front):
    body = multi_ref(
        '<documentType href="#a"/><documentId href="#b"/><payload href="#c"/>',
        target("a", "C0002"),
        target("b", "D1"),
        '<multiRef id="c" href="#d"/>',
        target("d", "<x/>"),
    )
    assert asked(front, body) == {"documentType": "C0002", "documentId": "D1", "payload": "<x/>"}


def test_referenced_records_are_followed_too(front):
    inner = '<batchId>B</batchId><documents><document href="#a"/><document href="#a"/></documents>'
    body = envelope(f"<UploadBatch>{inner}</UploadBatch>" + target("a", '<documentId href="#b"/>') + target("b", "D1"))
    assert asked(front, body)["documents"] == [{"documentId": "D1"}, {"documentId": "D1"}]


@pytest.mark.parametrize(
    "targets",
    [[], ['<multiRef id="a" href="#a"/>'], ['<multiRef id="a" href="#b"/>', '<multiRef id="b" href="#a"/>']],
    ids=["missing", "itself", "a circle"],
)
def test_a_reference_to_nothing_or_to_itself_is_refused(front, targets):
    refused(front, multi_ref('<documentType>C</documentType><payload href="#a"/>', *targets), "SND-313")


def test_a_circle_through_records_is_refused(front):
    inner = '<batchId>B</batchId><documents href="#a"/>'
    body = envelope(f"<UploadBatch>{inner}</UploadBatch>" + target("a", '<document><documentId href="#a"/></document>'))
    refused(front, body, "SND-313")


def test_references_expand_only_within_a_bound_and_only_after_admission(front):
    many = '<document href="#a"/>' * 2000
    wide = target("a", "<documentId>x</documentId>" + "<y/>" * 100)
    body = envelope(f"<UploadBatch><batchId>B</batchId><documents>{many}</documents></UploadBatch>{wide}")
    refused(front, body, "SND-313")
    assert post(front, body.replace("Str0ng", "weak")).code == "SND-101"


# credentials


def token(name="H001", secret=PASSWORD, kind="PasswordText", more=""):
    return f'<w:UsernameToken xmlns:w="{WSSE}"><w:Username>{name}</w:Username><w:Password Type="{TYPE}#{kind}">{secret}</w:Password>{more}</w:UsernameToken>'


def security(*tokens):
    return f'<w:Security xmlns:w="{WSSE}" s:mustUnderstand="1">{"".join(tokens)}</w:Security>'


def found(front):
    return front.echo.claims[-1][0].found


def test_each_form_of_credential_is_found(front):
    basic = "Authorization: Basic SDAwMTpTdHIwbmctcGFzc3dvcmQ="
    for body, headers, kind in (
        (call("Heartbeat", header=security(token())), [], "wsse"),
        (call("Heartbeat"), [], "header"),
        (call("Heartbeat", header=""), [basic], "basic"),
    ):
        assert post(front, body, *headers).status == 200
        (only,) = found(front)
        assert (only.kind, only.institution, only.secret, only.form) == (kind, "H001", "Str0ng-password", "text")


def test_a_digest_comes_with_nonce_and_created(front):
    more = "<w:Nonce>bm9uY2U=</w:Nonce><u:Created xmlns:u='urn:u'>2026-01-01T00:00:00Z</u:Created>"
    post(front, call("Heartbeat", header=security(token(secret="ZGlnZXN0", kind="PasswordDigest", more=more))))
    (only,) = found(front)
    assert (only.form, only.secret, only.nonce, only.created) == ("digest", "ZGlnZXN0", "bm9uY2U=", "2026-01-01T00:00:00Z")


def test_repeated_credentials_are_all_reported(front):
    header = security(token(), token("H002")) + security(token("H003")) + CREDENTIALS + CREDENTIALS
    answer = post(front, call("Heartbeat", header=header), "Authorization: Basic SDAwMTp4", "Authorization: basic eDp5")
    assert (answer.status, answer.code) == (500, "SND-101")
    assert [each.kind for each in found(front)] == ["wsse", "wsse", "wsse", "header", "header", "basic", "basic"]


@pytest.mark.parametrize("header", ["", security(), f'<w:Security xmlns:w="{WSSE}"><w:BinarySecurityToken/></w:Security>'])
def test_no_credentials_at_all_is_401_with_a_challenge(front, header):
    answer = post(front, call("Heartbeat", header=header))
    assert (answer.status, answer.code) == (401, "SND-101")
    assert answer.headers["www-authenticate"] == 'Basic realm="changbai"'


@pytest.mark.parametrize("value", ["Basic", "Basic %%%", "Basic SDAwMQ==", "Basic eDp5", "Basic \xe9"])
def test_an_unreadable_basic_header_is_a_credential_that_fails(front, value):
    answer = post(front, call("Heartbeat", header=""), f"Authorization: {value}")
    assert (answer.status, answer.code) == ((401 if value == "Basic" else 500), "SND-101")


@pytest.mark.parametrize("where", ["H0<!--x-->01", "H0<?x y?>01", "H<b>0</b>01"])
def test_anything_but_text_inside_a_credential_is_refused(front, where):
    for header in (security(token(name=where)), security(token(secret=where)), CREDENTIALS.replace("H001", where)):
        refused(front, call("Heartbeat", header=header), "SND-307")
    assert front.echo.claims == []


def test_a_name_given_twice_in_one_token_is_refused(front):
    refused(front, call("Heartbeat", header=security(token(more="<w:Username>H002</w:Username>"))), "SND-307")


def test_a_password_is_never_written_by_repr(front):
    post(front, call("Heartbeat", header=security(token())))
    assert "Str0ng" not in repr(front.echo.claims)


def test_admission_is_told_the_address_that_was_called(front):
    post(front, call("Heartbeat"), path="/services/collection/H%30%30%31/")
    address = front.echo.claims[0][1]
    assert (address.service, address.operation, address.institution, address.peer) == (
        "DataCollection",
        "Heartbeat",
        "H001",
        "127.0.0.1",
    )
    assert len(address.trace) == 16


@pytest.mark.parametrize(("proxies", "peer"), [(frozenset(), "127.0.0.1"), (frozenset({"127.0.0.1"}), "10.0.0.9")])
def test_a_forwarded_address_is_believed_only_from_a_configured_proxy(start_front, proxies, peer):
    front = start_front(proxies=proxies)
    post(front, call("Heartbeat"), "X-Forwarded-For: 10.0.0.1, 10.0.0.9")
    assert front.echo.claims[0][1].peer == peer


def test_answers_are_well_formed_whatever_the_handler_says(front):
    front.echo.answers["Upload"] = {"message": "a<b&c\x00\ud800\r\n]]>", "issues": [{"value": "￾", "line": 3}]}
    answer = ask(front, request(call("Upload", UPLOAD), path=PATH))
    assert answer.text("message") == "a<b&c��\r\n]]>"
    assert etree.fromstring(answer.body) is not None
