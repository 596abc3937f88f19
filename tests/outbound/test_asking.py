"""A destination that can be asked is asked whether a message in doubt arrived, and only a clear answer counts."""

import pytest

from engine.errors import Unavailable
from engine.outbound.connector import Unfit
from engine.outbound.soap import SoapConnector, SoapEndpoint
from engine.outbound.values import message_id
from tests.outbound.conftest import envelope, soap_entry
from tests.support.destination import Destination, a_message, http_reply, saying

MESSAGE = a_message()
ASK = {
    "operation": "Find",
    "body": {"messageId": "message-id"},
    "field": "FindResult.code",
    "arrived": ["0"],
    "absent": ["1"],
    "remote-id": "FindResult.number",
}


def found(code):
    inner = f"<FindResult><messageId>x</messageId><code>{code}</code><number>N-3</number></FindResult>"
    return http_reply(envelope(f'<FindResponse xmlns="urn:changbai:receiver:1">{inner}</FindResponse>'))


def asked(reply, around, **changes):
    """Ask a receiver that answers so; gives its word and what was asked."""
    with Destination(saying(reply)) as there:
        sheet = SoapEndpoint.model_validate(soap_entry(there.url, **({"ask": ASK} | changes)))
        return SoapConnector(sheet, around).ask(MESSAGE), there.requests


def test_what_arrived_has_the_destinations_number(around):
    word, requests = asked(found("0"), around)
    assert word.remote_id == "N-3"
    assert message_id(MESSAGE) in word.text
    assert f"<ns0:messageId>{message_id(MESSAGE)}<" in requests[0].body.decode()
    assert requests[0].headers["soapaction"] == '"urn:changbai:receiver:1:Find"'


def test_what_did_not_arrive_is_to_be_sent_again(around):
    assert asked(found("1"), around)[0] is None


def test_who_cannot_be_asked_is_sent_to_again(around):
    word, requests = asked(found("0"), around, ask=None)
    assert (word, requests) == (None, [])


@pytest.mark.parametrize(
    "reply",
    [found("7"), http_reply(b"<html/>"), http_reply(b"", "500 Broken"), http_reply(envelope("<Other/>")), http_reply(b"")],
    ids=["another word", "a page", "broken", "another element", "nothing"],
)
def test_anything_else_leaves_it_in_doubt(around, reply):
    with pytest.raises(Unavailable) as caught:
        asked(reply, around)
    assert (caught.value.code, caught.value.unknown) == ("DST-107", True)


@pytest.mark.parametrize(
    ("change", "at"),
    [
        ({"operation": "Finds"}, ("ask", "operation")),
        ({"field": "FindResult.kode"}, ("ask", "field")),
        ({"remote-id": "Nothing.number"}, ("ask", "remote-id")),
        ({"body": {"message": "message-id"}}, ("ask", "body")),
    ],
)
def test_a_question_that_does_not_fit_the_wsdl_is_told_at_its_key(around, change, at):
    sheet = SoapEndpoint.model_validate(soap_entry("http://127.0.0.1:9/", ask=ASK | change))
    with pytest.raises(Unfit) as caught:
        SoapConnector(sheet, around)
    assert caught.value.at == at
