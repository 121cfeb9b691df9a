"""Names of a query: which tables its FROM gives, which columns they have, and what a name in a clause means."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from obsim.answers import Column, ColumnFlag
from obsim.query.kinds import Kind, kind_of_column
from obsim.query.refusals import ambiguous_column, unknown_column

__all__ = ["Frame", "Output", "Scope", "Source", "Term", "most_kept", "quoted"]


def quoted(name: str) -> str:
    """A name of ours inside SQLite."""
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True, slots=True)
class Term:
    """An expression rewritten for SQLite: its text, its kind, and what a client may learn of it."""

    sql: str
    kind: Kind
    column: Column | None = None
    """The wire form where the expression is a column as it stands."""
    literal: str | int | None = None
    """The value of a literal text or whole number."""
    collated: bool = False
    """Whether SQLite already compares it the right way: a column, or marked with COLLATE."""
    row: tuple["Term", ...] = ()
    """The parts of `(a, b)`."""
    kept: int = 0
    """Digits after the point that a quotient goes on with, where these are more than its kind shows."""
    key: str = ""
    """A column that holds what a text compares as (`sort_key`), for comparing and sorting at SQLite's own speed."""
    numeric: str = ""
    """What stands for it in a numeric context, where that is not what its text says: `0x41` is 65 there."""


def most_kept(terms: Iterable[Term]) -> int:
    """The digits that one of several terms goes on with."""
    return max((term.kept for term in terms), default=0)


@dataclass(frozen=True, slots=True)
class Output:
    """One column of a query: the label and the expression."""

    label: str
    term: Term


@dataclass(frozen=True, slots=True)
class Source:
    """A table of FROM under the name that columns are qualified with."""

    alias: str
    schema: str
    columns: tuple[tuple[str, Term], ...]

    def as_nullable(self) -> "Source":
        """The source on the side of an outer join that may be missing."""
        return replace(self, columns=tuple((name, nullable_term(term)) for name, term in self.columns))


def nullable_term(term: Term) -> Term:
    """A column that an outer join may leave NULL."""
    column = term.column
    if column is not None:
        column = replace(column, flags=column.flags & ~ColumnFlag.NOT_NULL)
    return replace(term, kind=term.kind.as_nullable(), column=column)


@dataclass(slots=True)
class Scope:
    """The tables of one SELECT and the scope around it. `visible` has the columns that bare names and `*` mean."""

    parent: "Scope | None" = None
    sources: list[Source] = field(default_factory=list)
    visible: list[tuple[str, Term]] = field(default_factory=list)

    def matches(self, parts: Sequence[str]) -> list[Term]:
        """The columns a name could mean here: `column`, `table.column` or `schema.table.column`."""
        name = parts[-1].lower()
        if len(parts) == 1:
            return [term for label, term in self.visible if label.lower() == name]
        sources = self.named(parts[:-1])
        return [term for label, term in chain.from_iterable(s.columns for s in sources) if label.lower() == name]

    def named(self, parts: Sequence[str]) -> list[Source]:
        """The sources that `table` or `schema.table` names."""
        alias, schema = parts[-1].lower(), parts[-2].lower() if len(parts) > 1 else ""
        return [s for s in self.sources if s.alias.lower() == alias and (not schema or s.schema.lower() == schema)]

    def find(self, parts: Sequence[str], clause: str) -> Term | None:
        """The column in this scope or one around it; raises 1052 where two fit."""
        scope: Scope | None = self
        while scope is not None:
            found = scope.matches(parts)
            if len(found) > 1:
                raise ambiguous_column(".".join(parts), clause)
            if found:
                return found[0]
            scope = scope.parent
        return None


@dataclass(slots=True)
class Frame:
    """Where an expression stands: scope, clause, which aliases it may use, whether it may hold aggregates."""

    scope: Scope
    clause: str = "field list"
    aggregates: bool = True
    aliases: dict[str, Term] = field(default_factory=dict)
    aliases_first: bool = False
    windows: dict[str, str] = field(default_factory=dict)
    marks: set[str] = field(default_factory=set)
    """Shared by the frames of one SELECT; holds 'aggregate' once one was seen."""

    def within(self, clause: str, *, aggregates: bool, aliases_first: bool = False) -> "Frame":
        """The frame of another clause of the same SELECT."""
        return replace(self, clause=clause, aggregates=aggregates, aliases_first=aliases_first)

    def find(self, parts: Sequence[str]) -> Term:
        """What a name means; raises 1054 or 1052."""
        alias = self.aliases.get(parts[0].lower()) if len(parts) == 1 else None
        if alias is not None and self.aliases_first:
            return alias
        found = self.scope.find(parts, self.clause) or alias
        if found is None:
            raise unknown_column(".".join(parts), self.clause)
        return found


def column_term(sql: str, column: Column) -> Term:
    """A column of a table."""
    return Term(sql, kind_of_column(column), column, collated=True)
