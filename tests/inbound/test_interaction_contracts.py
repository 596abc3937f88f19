"""HIPMessageServer is called under its own name and the names of others, and the regional registers each at their address."""

import pytest
import zeep
from lxml import etree
from zeep.transports import Transport

from engine.documents.hl7.services import REGIONAL
from engine.inbound.calling import Service
from engine.inbound.hip import FOREIGN, HIP
from engine.inbound.limits import FrontLimits
from engine.inbound.regional import REGIONAL_CONTRACTS
from tests.support.front import PASSWORD, Echo, Running
from tests.support.soap import BASIC, envelope, post

PATHS = {"/services/hip": HIP} | {f"/services/regional/{name}": each for name, each in REGIONAL_CONTRACTS.items()}


@pytest.fixture(scope="module")
def front():
    echo = Echo()

    def answering(contract):
        async def answer(call, values):
            echo.calls.append((call, values))
            return {f"{call.operation}Result": f"{call.operation} {values.get('message')}"}

        return dict.fromkeys(contract.operations, answer)

    services = {path: Service(contract=each, handlers=answering(each)) for path, each in PATHS.items()}
    running = Running(echo, FrontLimits(), services=services)
    yield running
    running.close()


def hip(front, space, inner="<action>S0001</action><message>&lt;a/&gt;</message>", *headers):
    body = envelope(f'<HIPMessageServer xmlns="{space}">{inner}</HIPMessageServer>', header="")
    return post(front, body, BASIC, *headers, path="/services/hip")


@pytest.mark.parametrize("space", ["urn:hl7-org:v3", *sorted(FOREIGN)])
def test_a_call_is_answered_in_the_namespace_in_which_it_came(front, space):
    answer = hip(front, space)
    assert answer.status == 200
    assert answer.tree.findtext(f".//{{{space}}}HIPMessageServerResponse/{{{space}}}HIPMessageServerResult")
    assert front.echo.calls[-1][1] == {"action": "S0001", "message": "<a/>"}


@pytest.mark.parametrize("space", ["", "urn:hl7-org:v3/", "urn:somebody"])
def test_a_namespace_that_nobody_knows_is_answered_in_our_own(front, space):
    answer = hip(front, space)
    assert answer.tree.findtext(".//{urn:hl7-org:v3}HIPMessageServerResponse/{urn:hl7-org:v3}HIPMessageServerResult")


@pytest.mark.parametrize("action", ["", '""', '"http://www.djhealthunion.com/HIPMessageServer"', '"urn:other"'])
def test_the_soap_action_is_not_looked_at(front, action):
    assert hip(front, "urn:hl7-org:v3", "<action>S0001</action>", f"SOAPAction: {action}").status == 200


def test_a_message_may_be_escaped_in_cdata_or_written_as_elements(front):
    for message in ("&lt;a&gt;姓名&lt;/a&gt;", "<![CDATA[<a>姓名</a>]]>", '<a xmlns="">姓名</a>'):
        hip(front, "urn:hl7-org:v3", f"<message>{message}</message>")
        sent = etree.fromstring(front.echo.calls[-1][1]["message"])
        assert (sent.tag, sent.text) == ("a", "姓名")


@pytest.mark.parametrize("query", ["wsdl", "wsdl12"])
@pytest.mark.parametrize("path", list(PATHS))
def test_zeep_calls_every_operation_from_the_wsdl(front, path, query):
    transport = Transport()
    transport.session.auth = ("H001", PASSWORD)
    service = zeep.Client(f"http://127.0.0.1:{front.port}{path}?{query}", transport=transport).service
    for operation in PATHS[path].operations:
        more = {"action": "S0001"} if path == "/services/hip" else {}
        assert service[operation](message="<消息/>", **more) == f"{operation} <消息/>"


def test_the_regional_contracts_have_the_operations_of_the_table_and_no_other():
    told = {name: set(contract.operations) for name, contract in REGIONAL_CONTRACTS.items()}
    wanted = {}
    for operation in REGIONAL.values():
        wanted.setdefault(operation.register_address, set()).add(operation.name)
    assert told == wanted
