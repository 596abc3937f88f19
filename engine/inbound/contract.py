"""Turn a table of operations into a contract, with the spyne service that stands for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import engine.inbound.spyne_shim  # noqa: F401  must come before the first import of spyne

from spyne import ComplexModel, ServiceBase, rpc  # isort: skip
from spyne.model.binary import ByteArray  # isort: skip
from spyne.model.complex import TypeInfo  # isort: skip
from spyne.model.primitive import Boolean, Integer32, Unicode  # isort: skip

from engine.documents.fields import Field, Operation


@dataclass(frozen=True, kw_only=True, slots=True)
class Contract:
    """What one service promises: the same operations at every address where it is served.

    `name` is also the name of its WSDL file; `title` is for the page of services; `fast` names the operations
    whose messages are read and written without spyne because they carry the load; `open` those that ask for no
    credentials, and `for_applicants` those that an institution may call before it is approved. `foreign` are namespaces
    of others under which clients call it too; such a call is answered in its own.
    """

    name: str
    title: str
    namespace: str
    operations: Mapping[str, Operation]
    fast: frozenset[str] = frozenset()
    open: frozenset[str] = frozenset()
    for_applicants: frozenset[str] = frozenset()
    foreign: frozenset[str] = frozenset()


_SIMPLE = {
    "string": Unicode(min_occurs=0, nillable=False),
    "int": Integer32(min_occurs=0, nillable=False),
    "boolean": Boolean(min_occurs=0, nillable=False),
    "binary": ByteArray(min_occurs=0, nillable=False),
}


class SpyneTypes:
    """Make the spyne type of each field of a contract, each named type once."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace
        self._made: dict[str, Any] = {}

    def of(self, field: Field) -> Any:
        """Give the type of a field: a simple one, a record, or the wrapper of a list."""
        if field.kind == "list":
            return self._wrapper(field).customize(min_occurs=0, nillable=False)
        if field.kind == "record":
            return self._record(field.type_name or field.name, field.fields).customize(min_occurs=0, nillable=False)
        return _SIMPLE[field.kind]

    def _wrapper(self, field: Field) -> Any:
        item = self._record(field.type_name, field.fields) if field.fields else Unicode
        many = item.customize(min_occurs=0, max_occurs="unbounded", nillable=False)
        return self._model(f"{field.type_name or 'String'}List_{field.item}", [(field.item, many)])

    def _record(self, name: str, fields: tuple[Field, ...]) -> Any:
        return self._model(name, [(field.name, self.of(field)) for field in fields])

    def _model(self, name: str, members: list[tuple[str, Any]]) -> Any:
        if name not in self._made:
            self._made[name] = ComplexModel.produce(self._namespace, name, TypeInfo(members))
        return self._made[name]


def spyne_service(contract: Contract) -> Any:
    """Declare the contract as a spyne service class; its methods are never run by spyne itself."""
    types = SpyneTypes(contract.namespace)
    members = {name: _method(operation, types) for name, operation in contract.operations.items()}
    return type(ServiceBase)(contract.name, (ServiceBase,), members)


def _method(operation: Operation, types: SpyneTypes) -> Any:
    def declared(ctx: Any, *parameters: Any) -> None:
        raise NotImplementedError(f"{operation.name} is answered by the transport, never by spyne")

    declared.__name__ = operation.name
    return rpc(
        *[types.of(field) for field in operation.parameters],
        _args=[field.name for field in operation.parameters],
        _returns=types.of(operation.result),
        _out_variable_name=operation.result.name,
        _no_ctx=False,
    )(declared)
