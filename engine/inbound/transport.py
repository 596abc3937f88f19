"""Drive spyne from our event loop: trees already parsed go in, plain values come out, and back again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import engine.inbound.spyne_shim  # noqa: F401  must come before the first import of spyne

from spyne import Application, MethodContext  # isort: skip
from spyne.protocol.soap import Soap11, Soap12  # isort: skip
from spyne.server import ServerBase  # isort: skip

from engine.documents.answer import legal_text
from engine.documents.envelope import Envelope, SoapVersion
from engine.documents.fields import Field, Operation
from engine.inbound.contract import Contract, spyne_service


class ParsedSoap11(Soap11):  # type: ignore[misc]  # spyne has no types
    """SOAP 1.1 whose document is the tree that the gate let through; nothing is parsed a second time."""

    def create_in_document(self, ctx: Any, charset: str | None = None) -> None:  # noqa: ARG002  spyne's signature
        """Take the tree as it is; references were followed before, so there are no ids to resolve."""
        ctx.in_document = (ctx.udc, None)


class ParsedSoap12(ParsedSoap11, Soap12):  # type: ignore[misc]  # spyne has no types
    """SOAP 1.2 in the same way."""


class SpyneTransport(ServerBase):  # type: ignore[misc]  # spyne has no types
    """One spyne application of one SOAP version, without HTTP: the front has already spoken it."""

    transport = "changbai"

    def read(self, envelope: Envelope) -> Any:
        """Let spyne decode a normalised envelope; gives its context, to be answered later."""
        context = MethodContext(self, MethodContext.SERVER)
        context.udc = envelope.root
        (context,) = self.generate_contexts(context)
        if context.in_error is None:
            self.get_in_object(context)
        if context.in_error is not None:
            raise RuntimeError(f"spyne refused a normalised call: {context.in_error.faultcode}")
        return context

    def write(self, context: Any, answer: Any) -> bytes:
        """Let spyne encode the answer object of a context."""
        context.out_object = [answer]
        self.get_out_string(context)
        return b"".join(context.out_string)


class SpyneCodec:
    """Read and write the operations of one contract through spyne, in both SOAP versions."""

    def __init__(self, contract: Contract) -> None:
        service = spyne_service(contract)
        self._contract = contract
        self._transports: dict[SoapVersion, SpyneTransport] = {
            "1.1": _transport(contract, service, ParsedSoap11),
            "1.2": _transport(contract, service, ParsedSoap12),
        }

    def read(self, envelope: Envelope) -> tuple[dict[str, Any], Any]:
        """Give the parameters of a normalised envelope as plain values, and the context to answer in.

        A binary value must be Base64 here; operations that carry any are `fast`, where a broken one is judged.
        """
        context = self._transports[envelope.version].read(envelope)
        fields = self._contract.operations[envelope.operation].parameters
        return _plain_record(context.in_object, fields), context

    def write(self, version: SoapVersion, operation: Operation, result: Mapping[str, Any], context: Any) -> bytes:
        """Write the answer from plain values; same rules as `write_answer`."""
        (made,) = context.descriptor.out_message.get_flat_type_info(context.descriptor.out_message).values()
        declared = operation.result
        value = result if declared.kind == "record" else result.get(declared.name)
        return self._transports[version].write(context, _spyne_value(made, declared, value))


def spyne_application(contract: Contract) -> Any:
    """Make the SOAP 1.1 application of a contract, for those who compare its WSDL with ours."""
    return _application(contract, spyne_service(contract), ParsedSoap11)


def _application(contract: Contract, service: Any, protocol: Any) -> Any:
    return Application(
        [service],
        contract.namespace,
        name=contract.name,
        in_protocol=protocol(parse_xsi_type=False),
        out_protocol=protocol(),
    )


def _transport(contract: Contract, service: Any, protocol: Any) -> SpyneTransport:
    return SpyneTransport(_application(contract, service, protocol))


def _plain_record(given: Any, fields: tuple[Field, ...]) -> dict[str, Any]:
    values = ((field.name, _plain(getattr(given, field.name, None), field)) for field in fields)
    return {name: value for name, value in values if value is not None}


def _plain(given: Any, field: Field) -> Any:
    if given is None:
        return None
    if field.kind == "record":
        return _plain_record(given, field.fields)
    if field.kind == "list":
        items = getattr(given, field.item) or ()
        return [_plain_record(item, field.fields) if field.fields else item or "" for item in items]
    return b"".join(given) if field.kind == "binary" else given


def _spyne_record(made: Any, declared: Field, values: Mapping[str, Any]) -> Any:
    strange = sorted(set(values) - {field.name for field in declared.fields})
    if strange:
        raise ValueError(f"{declared.name} has no element {', '.join(strange)}")
    types = made.get_flat_type_info(made)
    filled = {field.name: _spyne_value(types[field.name], field, values.get(field.name)) for field in declared.fields}
    return made(**filled)


def _spyne_value(made: Any, field: Field, value: Any) -> Any:
    if value is None or (isinstance(value, str | bytes) and not value):
        return None
    if field.kind == "record":
        return _spyne_record(made, field, value)
    if field.kind == "list":
        item = made.get_flat_type_info(made)[field.item]
        inner = Field(field.item, "record", field.fields)
        return made(**{field.item: [_spyne_record(item, inner, each) if field.fields else legal_text(each) for each in value]})
    return legal_text(value) if isinstance(value, str) else value
