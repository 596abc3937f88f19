"""Build the steps that check and never change: schema, rules, named checks, node tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import Field, model_validator

from engine.channels.building import Misfit, Run, Site, StepKind, document_of
from engine.channels.language import INTERACTIVE
from engine.documents.checks import CHECKS, Check
from engine.documents.hl7.nodes import check_nodes
from engine.documents.hl7.services import services_of
from engine.errors import Issue, SenderError, Severity
from engine.message import Message
from engine.yamlfile import Sheet, did_you_mean


class SchemaStep(Sheet):
    """校验文档结构 · hold the document against a schema."""

    schema_: str = Field(
        description="catalogue 取目录里各类型自己的结构，clinical 等取目录里的一种结构，或 .xsd 的路径 · "
        "each type's own schema, a schema of the catalogue by name, or the path of an .xsd"
    )


class RulesStep(Sheet):
    """校验平台规则 · hold the document against rules."""

    rules: str = Field(description="catalogue 取目录里该类型的规则，或 .sch 的路径 · the type's own rules, or the path of a .sch")


class Named(Sheet):
    """Name one check, and whether its finding refuses the document or only warns."""

    warn: str = Field("", description="发现问题只提醒 · the check whose findings are warnings")
    refuse: str = Field("", description="发现问题即退回 · the check whose findings refuse the document")

    @model_validator(mode="after")
    def _one_of_both(self) -> Named:
        if bool(self.warn) == bool(self.refuse):
            raise ValueError("write exactly one of warn, refuse: for example { warn: resident-id }")
        return self


class IdentityStep(Sheet):
    """做一项命名校验 · run one named check."""

    identity: Named = Field(description="校验名称与处理方式 · name of the check, and what its findings do")


class NodesStep(Sheet):
    """按交互服务的节点表校验 · hold the message against the node table of its interaction."""

    nodes: Literal["message"] = Field(
        description="message：每个交互用自己的节点表，必填节点缺失即退回 · each interaction's own table; a required node that is missing refuses"
    )


def _judged(message: Message, issues: Iterable[Issue]) -> Message:
    found = tuple(issues)
    errors = tuple(issue for issue in found if issue.severity == "error")
    warnings = tuple(issue for issue in found if issue.severity != "error")
    if errors:
        raise SenderError(*errors, *warnings)
    return message.evolve(warnings=(*message.warnings, *warnings)) if warnings else message


def _build_schema(site: Site, step: SchemaStep) -> Run:
    name = step.schema_
    known = site.press.catalogue.schemas
    if name == "catalogue":
        types = site.press.catalogue.types
        own = {code: site.press.schema(types[code].schema) for code in site.types if code in types}
        return lambda message: _judged(message, own[message.document_type].check(document_of(message)))
    if name not in known and not name.endswith(".xsd"):
        raise Misfit("CFG-011", f'no schema "{name}" in the catalogue{did_you_mean(name, known)}', "schema")
    schema = site.press.schema(name if name in known else site.find(name, "schema"))
    return lambda message: _judged(message, schema.check(document_of(message)))


def _build_rules(site: Site, step: RulesStep) -> Run:
    if step.rules.endswith(".sch"):
        own = site.press.rules(site.find(step.rules, "rules"))
        return lambda message: _judged(message, own.check(document_of(message)))
    if step.rules != "catalogue":
        raise Misfit("CFG-011", f'"{step.rules}" is neither "catalogue" nor the path of a .sch file', "rules")
    if site.by_action:
        raise Misfit("CFG-011", "the route names no types, so the catalogue has no rules for it; name a .sch file", "rules")
    press = site.press
    for code in site.types:
        press.know_rules(code)
    return lambda message: _judged(message, press.rules(message.document_type).check(document_of(message)))


def _build_identity(site: Site, step: IdentityStep) -> Run:
    key = "warn" if step.identity.warn else "refuse"
    name = step.identity.warn or step.identity.refuse
    if name not in CHECKS:
        raise Misfit("CFG-032", f'no check "{name}"{did_you_mean(name, CHECKS)}', "identity", key)
    check: Check = CHECKS[name]
    severity: Severity = "warning" if key == "warn" else "error"
    del site
    return lambda message: _judged(message, check(document_of(message), message, severity))


def _build_nodes(site: Site, step: NodesStep) -> Run:
    del step
    if site.service not in INTERACTIVE:
        raise Misfit("CFG-011", "only messages of hip and regional have a node table; remove nodes", "nodes")
    known = services_of(site.service)
    return lambda message: _judged(message, check_nodes(known[message.document_type], document_of(message)))


CHECK_STEPS = (
    StepKind(
        "schema",
        "check",
        SchemaStep,
        _build_schema,
        {"zh": lambda s: f"按结构 {s.schema_} 校验", "en": lambda s: f"hold it against the schema {s.schema_}"},
    ),
    StepKind(
        "rules",
        "check",
        RulesStep,
        _build_rules,
        {
            "zh": lambda s: "按目录中该类型的规则校验" if s.rules == "catalogue" else f"按规则 {s.rules} 校验",
            "en": lambda s: (
                "hold it against its type's own rules" if s.rules == "catalogue" else f"hold it against the rules {s.rules}"
            ),
        },
    ),
    StepKind(
        "identity",
        "check",
        IdentityStep,
        _build_identity,
        {
            "zh": lambda s: (
                f"做校验 {s.identity.warn or s.identity.refuse}，{'发现问题只提醒' if s.identity.warn else '发现问题即退回'}"
            ),
            "en": lambda s: (
                f"run the check {s.identity.warn or s.identity.refuse}; a finding {'warns' if s.identity.warn else 'refuses'}"
            ),
        },
    ),
    StepKind(
        "nodes",
        "check",
        NodesStep,
        _build_nodes,
        {
            "zh": lambda _: "按该交互的节点表校验必填节点、次数与固定值",
            "en": lambda _: "hold it against the node table of its interaction",
        },
    ),
)
