"""Make bad packing, bad encodings and bad XML (layers 04 to 07)."""

from __future__ import annotations

import gzip
import struct
import unicodedata
import zlib
from collections.abc import Callable
from dataclasses import replace

from lxml import etree

from tests.hostile.cases import Case
from tests.hostile.site import CANARY, Answer, Paper, Site, b64, gz, result_of

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
Change = Callable[[bytes], bytes]


def packed_as(pack: Callable[[bytes], str]) -> Callable[[Site], Answer | None]:
    """Send a good document in a packing of this kind."""

    def send(site: Site) -> Answer | None:
        paper = site.paper()
        return site.upload(paper, pack(paper.xml))

    return send


def written_as(change: Change) -> Callable[[Site], Answer | None]:
    """Send a good document with other bytes, well packed."""
    return packed_as(lambda xml: gz(change(xml)))


def wrapped(data: str) -> str:
    return "\r\n".join(data[at : at + 76] for at in range(0, len(data), 76))


def wrapped_and_bare(site: Site) -> Answer | None:
    """Send wrapped Base64, then the same on one line: the first receipt comes again."""
    paper = site.paper()
    answer = site.upload(paper, wrapped(paper.packed))
    again = result_of(site.upload(paper))
    assert (again["receipt"], again["duplicate"]) == (result_of(answer)["receipt"], "true")
    return answer


def odd_bits(data: bytes) -> str:
    """Set a bit that the last character of padded Base64 must leave zero."""
    while not (text := b64(gzip.compress(data, mtime=0))).endswith("="):
        data += b" "
    at = len(text.rstrip("=")) - 1
    return text[:at] + _LETTERS[_LETTERS.index(text[at]) + 1] + text[at + 1 :]


def unpadded(data: bytes) -> str:
    while not (text := b64(gzip.compress(data, mtime=0))).endswith("="):
        data += b" "
    return text.rstrip("=")


def with_blanks(data: bytes) -> str:
    while "+" not in (text := b64(gzip.compress(data, mtime=0))):
        data += b" "
    return text.replace("+", " ")


def binary_odd_bits(site: Site) -> Answer | None:
    paper = site.paper()
    return site.upload(paper, odd_bits(paper.xml), operation="UploadBinary")


BASE64 = (
    Case("BI-087", "lines of 76", "A-WARN SND-216", wrapped_and_bare),
    Case("BI-087", "lines of 76 as binary", "A-OK", lambda s: s.upload(p := s.paper(), wrapped(p.packed), operation="UploadBinary")),
    Case("BI-090", "no padding", "R-DEC SND-202", packed_as(unpadded)),
    Case("BI-090", "too much padding", "R-DEC SND-202", packed_as(lambda x: unpadded(x) + "====")),
    Case("BI-093", "loose bits", "R-DEC SND-203", packed_as(odd_bits)),
    Case("BI-093", "loose bits as binary", "R-DEC SND-203", binary_odd_bits),
    Case("BI-096", "data: prefix", "R-DEC SND-205", packed_as(lambda x: "data:application/gzip;base64," + gz(x))),
    Case("BI-099", "plus is blank", "R-DEC SND-217", packed_as(with_blanks)),
    Case("BI-099", "full-width letters", "R-DEC SND-201", packed_as(lambda x: gz(x).replace("A", "\uff21"))),
    Case("BI-102", "plain XML", "R-DEC SND-204", packed_as(lambda x: x.decode())),
    Case("BI-102", "escaped twice", "R-DEC SND-204", packed_as(lambda x: x.decode().replace("<", "&lt;"))),
    Case("BI-102", "a lone letter", "R-DEC SND-202", packed_as(lambda _: "A")),
)  # fmt: skip


def member(data: bytes, *, flags: int = 0, extra: bytes = b"") -> bytes:
    """Write a GZIP member with these flags and header fields (RFC 1952)."""
    packer = zlib.compressobj(wbits=-15)
    tail = struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)
    return b"\x1f\x8b\x08" + bytes([flags]) + b"\0" * 5 + b"\xff" + extra + packer.compress(data) + packer.flush() + tail


def bomb(mebibytes: int) -> bytes:
    """Write a GZIP member of so many MiB of blanks, in a moment: one flushed block is repeated."""
    packer = zlib.compressobj(9, wbits=-15)
    head = packer.compress(b" " * (1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    again = zlib.compressobj(9, wbits=-15)
    again.compress(b"")
    block = again.compress(b" " * (1 << 20)) + again.flush(zlib.Z_FULL_FLUSH)
    end = zlib.compressobj(wbits=-15).flush()
    return (
        b"\x1f\x8b\x08"
        + b"\0" * 6
        + b"\xff"
        + head
        + block * (mebibytes - 1)
        + end
        + struct.pack("<II", 0, mebibytes << 20 & 0xFFFFFFFF)
    )


def flipped(site: Site) -> Answer | None:
    """Send two hundred documents with one bit flipped each, spread over one member, in one batch."""
    paper = site.paper()
    whole = gzip.compress(paper.xml, mtime=0)
    step = len(whole) * 8 // 200
    papers = []
    for number in range(200):
        broken = bytearray(whole)
        broken[number * step // 8] ^= 1 << (number * step % 8)
        papers.append({"documentType": "C0002", "documentId": f"{paper.number}-{number}", "payload": b64(bytes(broken))})
    answer = site.hospital().call("UploadBatch", batchId=f"FLIP-{paper.number}", documents={"document": papers})
    taken = [one for one in answer["results"] if one["status"] != "rejected"]
    assert all(site.kept(one["receipt"])["size"] == len(paper.xml) for one in taken), "a document that differs was taken"
    assert {one["code"][:5] for one in answer["results"] if one not in taken} == {"SND-2"}
    assert len(taken) < 20
    return site.post(site.envelope("Heartbeat"))


def cut(count: Callable[[int], int]) -> Callable[[bytes], str]:
    return lambda xml: b64((whole := gzip.compress(xml))[: len(whole) - count(len(whole))])


def repetitive(xml: bytes) -> bytes:
    """Repeat a section until the document has three megabytes."""
    root = etree.fromstring(xml)
    body = root.find(".//{urn:hl7-org:v3}structuredBody")
    last = etree.tostring(body[-1])
    head, _, tail = etree.tostring(root, encoding="UTF-8", xml_declaration=True).rpartition(b"</structuredBody>")
    return head + last * (3_000_000 // len(last)) + b"</structuredBody>" + tail


def repetitive_and_honest(site: Site) -> Answer | None:
    paper = site.paper()
    large = repetitive(paper.xml)
    assert len(large) / len(gzip.compress(large)) > 100
    return site.upload(replace(paper, xml=large))


EXTRA = struct.pack("<H", 0xFFFF) + b"x" * 0xFFFF
GZIP = (
    *(Case("BI-105", f"{n} bytes short", "R-DEC SND-211", packed_as(cut(lambda _, n=n: n))) for n in (1, 4, 8)),
    Case("BI-105", "half", "R-DEC SND-211", packed_as(cut(lambda size: size // 2))),
    Case("BI-105", "the head alone", "R-DEC SND-211", packed_as(lambda _: b64(b"\x1f\x8b\x08\0\0\0\0\0\0\xff"))),
    Case("BI-105", "two bytes", "R-DEC SND-211", packed_as(lambda _: b64(b"\x1f\x8b"))),
    Case("BI-111", "two members", "R-DEC SND-213", packed_as(lambda x: b64(gzip.compress(x) * 2))),
    Case("BI-111", "NUL behind the member", "R-DEC SND-213", packed_as(lambda x: b64(gzip.compress(x) + b"\0" * 512))),
    Case("BI-111", "a hundred thousand empty members", "R-DEC SND-213", packed_as(lambda _: b64(gzip.compress(b"") * 100_000))),
    Case("BI-114", "a bomb within a member", "R-DEC SND-214", packed_as(lambda _: gz(bomb(1024)))),
    Case("BI-114", "a bomb of 1 GiB", "R-LIMIT SND-603", packed_as(lambda _: b64(bomb(1024)))),
    Case("BI-117", "300 to 1 and honest", "A-OK", repetitive_and_honest),
    Case("BI-120", "extra field of 64 KB", "A-OK", packed_as(lambda x: b64(member(x, flags=4, extra=EXTRA)))),
    Case("BI-120", "wrong header checksum", "R-DEC SND-212", packed_as(lambda x: b64(member(x, flags=2, extra=b"\0\0")))),
    *(Case("BI-120", f"reserved flag {flag}", "R-DEC SND-212", packed_as(lambda x, f=flag: b64(member(x, flags=f)))) for flag in (32, 64, 128)),
    Case("BI-123", "PDF", "R-XML SND-321", packed_as(lambda _: gz(b"%PDF-1.7\n" + CANARY.encode()))),
    Case("BI-123", "DICOM", "R-XML SND-224", packed_as(lambda _: gz(b"\0" * 128 + b"DICM\x02\0\0\0UL\x04\0\xff\xfe\x80\x81"))),
    Case("BI-123", "a JPEG", "R-XML SND-224", packed_as(lambda _: gz(b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(range(256))))),
)  # fmt: skip


def relabelled(label: str, codec: str = "utf-8", name: str = CANARY) -> Change:
    """Write the document with this name of a patient under this label in that codec."""

    def change(xml: bytes) -> bytes:
        text = xml.decode().replace("UTF-8", label, 1).replace(f"<name>{CANARY}</name>", f"<name>{name}</name>")
        return text.encode(codec)

    return change


def put(old: bytes, new: bytes) -> Change:
    def change(xml: bytes) -> bytes:
        assert old in xml
        return xml.replace(old, new, 1)

    return change


def named(number: str) -> Callable[[Site], Answer | None]:
    """Send a document twice, the second time with its number in another Unicode form and other content."""

    def send(site: Site) -> Answer | None:
        paper = site.paper()
        shown = Paper(paper.kind, f"{paper.number}-\u00e9", paper.xml)
        site.accept(shown)
        return site.upload(Paper(paper.kind, number.format(shown.number), shown.other().xml))

    return send


def formed(form: str) -> Callable[[Site], Answer | None]:
    """Send a number again in another Unicode form: what it means is the same."""

    def send(site: Site) -> Answer | None:
        paper = site.accept(replace(p := site.paper(), number=f"{p.number}-\u00e9A1"))
        return site.upload(replace(paper, number=unicodedata.normalize(form, paper.number)))

    return send


def wide(text: str) -> str:
    """Write letters, digits and hyphens full-width."""
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def wide_own_id(site: Site) -> Answer | None:
    """Send another content whose own id is the same in full-width letters."""
    paper = site.accept(site.paper())
    xml = paper.xml.replace(f'extension="{paper.own}"'.encode(), f'extension="{wide(paper.own)}"'.encode(), 1)
    return site.upload(Paper(paper.kind, f"{paper.number}-W", xml))


RARE = "\U00020bb7\u9fa6\u9fa7"
ENCODING = (
    Case("BI-126", "UTF-8 called GBK", "R-XML SND-222", written_as(relabelled("GBK"))),
    Case("BI-126", "UTF-8 called GB2312", "R-XML SND-222", written_as(relabelled("gb2312"))),
    Case("BI-126", "GBK called UTF-8", "R-XML SND-221", written_as(relabelled("UTF-8", "gbk"))),
    Case("BI-126", "UTF-16 called UTF-8", "R-XML SND-221", written_as(relabelled("UTF-8", "utf-16-le"))),
    Case("BI-126", "UTF-8 called UTF-16", "R-XML SND-224", written_as(relabelled("UTF-16"))),
    Case("BI-129", "rare under GB18030", "A-OK", written_as(relabelled("GB18030", "gb18030", RARE))),
    Case("BI-129", "rare under GBK", "R-XML SND-224", written_as(relabelled("GBK", "gb18030", RARE))),
    Case("BI-129", "GBK under GBK", "A-OK", written_as(relabelled("GBK", "gbk"))),
    Case("BI-132", "bogus", "R-XML SND-223", written_as(relabelled("bogus"))),
    Case("BI-132", "UTF-7", "R-XML SND-223", written_as(relabelled("utf-7"))),
    Case("BI-132", "unicode_escape", "R-XML SND-223", written_as(relabelled("unicode_escape"))),
    Case("BI-132", "EBCDIC", "R-XML SND-224", written_as(lambda _: '<?xml version="1.0" encoding="cp037"?><a/>'.encode("cp037"))),
    Case("BI-132", "UTF-32", "R-XML SND-223", written_as(relabelled("UTF-32", "utf-32"))),
    *(
        Case("BI-135", f"byte {byte:02X}", "R-XML SND-323", written_as(put(b"<title>", b"<title>" + bytes([byte]))))
        for byte in (0, 1, 8, 11, 12, 14, 31)
    ),
    *(Case("BI-135", f"reference {ref}", "R-XML SND-323", written_as(put(b"<title>", b"<title>" + ref.encode()))) for ref in ("&#0;", "&#1;", "&#x1f;", "&#xFFFE;")),
    Case("BI-135", "NUL behind the root", "R-XML SND-323", written_as(lambda x: x + b"\0")),
    Case("BI-135", "half a surrogate", "R-XML SND-224", written_as(put(b"<title>", b"<title>\xed\xa0\x80"))),
    Case("BI-138", "number in NFD", "A-DUP", formed("NFD")),
    Case("BI-138", "other content behind a blank of Chinese width", "R-DUP-CONFLICT SND-501", named("{}\u3000")),
    Case("BI-138", "own id in full-width letters", "R-DUP-CONFLICT SND-502", wide_own_id),
    Case("BI-138", "a gender code in full width", "R-CODE SND-408", written_as(lambda x: x.replace(b'Code code="1" codeSystem="2.16.156.10011.2.3.3.4"', 'Code code="\uff11" codeSystem="2.16.156.10011.2.3.3.4"'.encode()).replace(b'Code code="2" codeSystem="2.16.156.10011.2.3.3.4"', 'Code code="\uff12" codeSystem="2.16.156.10011.2.3.3.4"'.encode()))),
)  # fmt: skip


def doctype(inner: str) -> Change:
    return put(b"?>", f"?><!DOCTYPE ClinicalDocument [{inner}]>".encode())


def entity(target: Callable[[Site], str]) -> Callable[[Site], Answer | None]:
    """Send a document with an external entity, used in its title."""

    def send(site: Site) -> Answer | None:
        xml = doctype(f'<!ENTITY x SYSTEM "{target(site)}">')(site.paper().xml)
        return site.send(xml.replace(b"<title>", b"<title>&x;", 1))

    return send


def untouched(site: Site, answer: Answer) -> None:
    assert "CANARY-FILE" not in answer.body.decode()
    assert not site.listener.visited
    assert site.secret_file.stat().st_atime_ns == site.secret_read, "somebody read the canary file"


def rebound(xml: bytes) -> bytes:
    """Write the document under a prefix that an outer element binds to something else."""
    text = xml.decode().replace("<", "<h:").replace("<h:/", "</h:").replace("<h:?", "<?").replace("<h:!", "<!")
    text = text.replace('xsi:type="', 'xsi:type="h:')
    return text.replace('xmlns="urn:hl7-org:v3"', 'xmlns:h="urn:hl7-org:v3" xmlns:hl7="urn:other"').encode()


LAUGH = '<!ENTITY a "ha">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1 if n else str()};" * 10}">' for n in range(9))
XML = (
    Case("BI-141", "two roots", "R-XML SND-321", written_as(lambda x: x + x.partition(b"?>")[2])),
    Case("BI-141", "junk behind the root", "R-XML SND-321", written_as(lambda x: x + CANARY.encode())),
    Case("BI-141", "empty", "R-XML SND-321", written_as(lambda _: b"")),
    Case("BI-141", "nothing but a declaration", "R-XML SND-321", written_as(lambda _: b'<?xml version="1.0"?>')),
    Case("BI-141", "cut off", "R-XML SND-321", written_as(lambda x: x[:-20])),
    Case("BI-141", "a declaration behind a blank", "R-XML SND-321", written_as(lambda x: b" " + x)),
    Case("BI-144", "file entity", "R-XML SND-322", entity(lambda s: s.secret_file.as_uri()), untouched),
    Case("BI-144", "http entity", "R-XML SND-322", entity(lambda s: s.listener.address), untouched),
    Case("BI-144", "parameter entity", "R-XML SND-322", written_as(doctype('<!ENTITY % p SYSTEM "http://127.0.0.1:9/x"> %p;')), untouched),
    Case("BI-144", "external subset", "R-XML SND-322", written_as(put(b"?>", b'?><!DOCTYPE a SYSTEM "http://127.0.0.1:9/x">'))),
    Case("BI-144", "DOCTYPE behind a comment", "R-XML SND-322", written_as(put(b"?>", b"?><!-- > --><?x > ?>\n<!DOCTYPE a>"))),
    Case("BI-144", "DOCTYPE in UTF-16", "R-XML SND-322", written_as(lambda x: doctype("")(x).decode().replace("UTF-8", "UTF-16", 1).encode("utf-16"))),
    Case("BI-147", "entity in the envelope", "F-CLIENT SND-308", lambda s: s.post(s.envelope("Heartbeat").replace("?>", f'?><!DOCTYPE a [<!ENTITY x SYSTEM "{s.secret_file.as_uri()}">]>', 1)), untouched),
    Case("BI-147", "entity in an envelope of UTF-16", "F-CLIENT SND-308", lambda s: s.post(s.envelope("Heartbeat", declaration='<!DOCTYPE a [<!ENTITY x "y">]>').encode("utf-16"))),
    Case("BI-150", "a holds b holds a", "R-XML SND-322", written_as(doctype('<!ENTITY a "&b;"><!ENTITY b "&a;">'))),
    Case("BI-150", "a billion laughs", "R-XML SND-322", written_as(doctype(LAUGH))),
    Case("BI-159", "stylesheet instruction", "A-OK", lambda s: s.send(put(b"?>", f'?><?xml-stylesheet href="{s.listener.address}" type="text/xsl"?>'.encode())(s.paper().xml)), untouched),
    Case("BI-162", "prefix bound anew", "A-OK", written_as(rebound)),
    Case("BI-162", "no namespace", "R-XSD SND-331", written_as(put(b' xmlns="urn:hl7-org:v3"', b""))),
    Case("BI-162", "prefix that nobody bound", "R-XML SND-321", written_as(put(b"<title>", b"<z:a/><title>"))),
    Case("BI-162", "xml bound elsewhere", "R-XML SND-321", written_as(put(b"<title>", b'<title xmlns:xml="urn:x">'))),
    Case("BI-162", "prefix bound to nothing", "R-XML SND-321", written_as(put(b"<title>", b'<title xmlns:z="">'))),
)  # fmt: skip

FLIPPED = Case("BI-108", "two hundred positions over the wire", "SERVED", flipped)
CASES = (*BASE64, *GZIP, *ENCODING, *XML)
