"""Ordinary parameters: ALTER SYSTEM SET and RESET, SHOW PARAMETERS, SHOW TENANT."""

from dataclasses import dataclass

from obsim.statements.base import AlterSystem, BackupStatement
from obsim.statements.text import NullValue, number_text, quote_name, quote_text, tenants_clause, text_clause

__all__ = [
    "AlterParameters", "ParameterAction", "ParameterValue", "ResetAction", "ResetParameters", "ShowParameters",
    "ShowTenant",
]

ParameterValue = str | int | float | bool | NullValue
"""A number keeps its sign; a decimal is a float; TRUE and FALSE are bool; a date or time literal is its text."""


@dataclass(frozen=True, slots=True)
class ParameterAction:
    """One `name = value` of ALTER SYSTEM SET with its own clauses; `name` is lower case."""

    name: str
    value: ParameterValue
    comment: str | None = None
    scope: str | None = None
    server: str | None = None
    zone: str | None = None
    tenant: str | None = None

    def sql(self) -> str:
        """The action as SQL."""
        text = f"{_parameter_name(self.name)} = {_parameter_text(self.value)}"
        text += f" COMMENT {quote_text(self.comment)}" if self.comment is not None else ""
        return text + _scope_clauses(self.scope, self.server, self.zone, self.tenant)


def _parameter_name(name: str) -> str:
    """A bare word that begins a clause is not read as a name there."""
    return f"`{name}`" if name in {"comment", "scope", "server", "tenant", "zone"} else quote_name(name)


def _parameter_text(value: ParameterValue) -> str:
    if isinstance(value, NullValue):
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        return quote_text(value)
    return number_text(value)


def _scope_clauses(scope: str | None, server: str | None, zone: str | None, tenant: str | None) -> str:
    text = f" SCOPE = {scope}" if scope is not None else ""
    text += text_clause("SERVER", server)
    text += text_clause("ZONE", zone)
    return text + (tenants_clause((tenant,)) if tenant is not None else "")


@dataclass(frozen=True, slots=True)
class AlterParameters(AlterSystem):
    """ALTER SYSTEM [SET] action {, action}."""

    actions: tuple[ParameterAction, ...]

    def sql(self) -> str:
        """The statement as SQL."""
        return "ALTER SYSTEM SET " + ", ".join(a.sql() for a in self.actions)


@dataclass(frozen=True, slots=True)
class ResetAction:
    """One name of ALTER SYSTEM RESET; `name` is lower case."""

    name: str
    scope: str | None = None
    tenant: str | None = None

    def sql(self) -> str:
        """The action as SQL."""
        return _parameter_name(self.name) + _scope_clauses(self.scope, None, None, self.tenant)


@dataclass(frozen=True, slots=True)
class ResetParameters(AlterSystem):
    """ALTER SYSTEM RESET name [SCOPE = ..] [TENANT [=] name] {, ...}; documented from 4.2.2."""

    actions: tuple[ResetAction, ...]

    def sql(self) -> str:
        """The statement as SQL."""
        return "ALTER SYSTEM RESET " + ", ".join(a.sql() for a in self.actions)


@dataclass(frozen=True, slots=True)
class ShowParameters(BackupStatement):
    """SHOW PARAMETERS [LIKE pattern [ESCAPE c] | WHERE expr] [TENANT [=] name].

    `where` is the text of the condition as written; the evaluator compiles it over the columns of the answer.
    """

    like: str | None = None
    escape: str | None = None
    where: str | None = None
    tenant: str | None = None

    def sql(self) -> str:
        """The statement as SQL."""
        text = "SHOW PARAMETERS"
        if self.like is not None:
            text += f" LIKE {quote_text(self.like)}"
            text += f" ESCAPE {quote_text(self.escape)}" if self.escape is not None else ""
        elif self.where is not None:
            text += f" WHERE {self.where}"
        return text + (tenants_clause((self.tenant,)) if self.tenant is not None else "")


@dataclass(frozen=True, slots=True)
class ShowTenant(BackupStatement):
    """SHOW TENANT [STATUS]."""

    status: bool = False

    def sql(self) -> str:
        """The statement as SQL."""
        return "SHOW TENANT STATUS" if self.status else "SHOW TENANT"
