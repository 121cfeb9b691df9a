"""What one statement gathers while it is rewritten: views, bound values, whether its answer may be kept."""

from collections.abc import Callable
from dataclasses import dataclass, field

from obsim.answers import MysqlType, Value
from obsim.catalog.catalog import Catalog
from obsim.catalog.model import ViewDef
from obsim.query.functions.facts import Binding, Facts, SessionFacts, zone_offset
from obsim.query.kinds import INTEGER, TEXT, UNKNOWN, Kind, text_of_length
from obsim.query.rewriting.comparison import literal_sql
from obsim.query.rewriting.scope import Output, Source, Term

__all__ = ["Draft"]

_INLINE_LENGTH_MAX = 1000


@dataclass(slots=True)
class Draft:
    """The statement under way. Parameters of the client come first, bound values after them."""

    catalog: Catalog
    session: SessionFacts
    parameter_count: int
    item_texts: list[list[str]]
    parameters: tuple[Kind, ...] = ()
    """The kinds of the client's parameters once they have values."""
    views: dict[int, ViewDef] = field(default_factory=dict)
    bindings: list[Binding] = field(default_factory=list)
    volatile: bool = False
    bulky: bool = False
    """Whether values may be much longer than what the views hold."""
    tables: dict[str, tuple[Output, ...]] = field(default_factory=dict)
    """Common table expressions in sight: lower-case name -> columns; inside SQLite the name is `cte_` + its number."""
    table_names: dict[str, str] = field(default_factory=dict)
    rows: Source | None = None
    """The one table of `Evaluator.select_rows`."""
    serial: int = 0
    zone_sql: str = ""

    def name(self, prefix: str) -> str:
        """A name of SQLite that nothing else has."""
        self.serial += 1
        return f"{prefix}{self.serial}"

    def parameter(self, number: int) -> Term:
        """The client's n-th `?`."""
        self.bulky = True
        return Term(f"?{number}", self.parameters[number - 1] if self.parameters else UNKNOWN)

    def bound(self, binding: Binding) -> str:
        """A bound value, the same for the whole statement."""
        self.bindings.append(binding)
        return f"?{self.parameter_count + len(self.bindings)}"

    def constant(self, value: Value) -> str:
        """A value of the statement's text, bound."""
        return self.bound(lambda _facts: value)

    def zone(self) -> str:
        """The session's offset in seconds."""
        if not self.zone_sql:
            self.zone_sql = self.bound(zone_offset)
        return self.zone_sql

    def text(self, text: str) -> Term:
        """A text literal; long ones and those with a NUL are bound."""
        plain = len(text) <= _INLINE_LENGTH_MAX and "\0" not in text
        self.bulky = self.bulky or not plain
        return Term(
            literal_sql(text) if plain else self.constant(text), text_of_length(len(text), nullable=False), literal=text
        )

    def system_variable(self, name: str, scope: str) -> Term:
        """`@@name`: read when the statement runs; its kind is that of the value now. Raises 1193."""
        self.volatile = True
        value = self.session.system_variable(name, scope)
        kind = (
            INTEGER if isinstance(value, int) else Kind(MysqlType.DOUBLE, 23, 31) if isinstance(value, float) else TEXT
        )
        return Term(self.bound(_variable(lambda facts: facts.session.system_variable(name, scope))), kind)

    def user_variable(self, name: str) -> Term:
        """`@name`."""
        self.volatile = True
        return Term(self.bound(lambda facts: facts.session.user_variable(name)), UNKNOWN)


def _variable(read: Callable[[Facts], Value]) -> Binding:
    return read
