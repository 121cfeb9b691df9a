"""SQLite behind the queries: for each tenant and time zone a database in memory with the views' rows.

Only rewritten text gets here, and the authorizer allows it only to read those tables and call our functions. A view's
rows are written again only where its families changed: equal rows stay, changed ones are replaced, new ones appended.
"""

# ruff: noqa: S608 - the text is ours: names are generated, literals quoted, values bound

from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from typing import Any

import apsw

from obsim.answers import Value, column_of_type
from obsim.catalog.catalog import Catalog
from obsim.catalog.model import Scope, ViewDef
from obsim.catalog.part import GrowingMap, Part
from obsim.cluster import ClusterState
from obsim.errors import ServerError
from obsim.query.collation import key_of, order
from obsim.query.functions.aggregates import AGGREGATES, join_group
from obsim.query.functions.function import Form, converted, sqlite_name
from obsim.query.functions.helpers import HELPERS
from obsim.query.functions.registry import FUNCTIONS
from obsim.query.kinds import INT64_MAX, Kind, kind_of_column
from obsim.query.refusals import (
    group_function_misused,
    out_of_range,
    query_too_large,
    result_too_large,
    statement_too_costly,
)
from obsim.query.rewriting.sources import is_keyed, table_name
from obsim.query.values import BUDGET, TEXT_BYTES_MAX, TRUNCATIONS, Budget

__all__ = ["NATIVE_FUNCTIONS", "Tables", "connect"]

STEPS_PER_TICK = 10_000
TICKS_MAX = 2_000
"""A statement may take 20 million steps of the machine of SQLite, about a second; the count, not the time, ends it."""
CALL_COST = 512
STEP_COST = 256
"""Characters that a call of a function, and a row for an aggregate, take from the budget beside those of its texts."""
UNCOUNTED = 1 << 62
CELLS_MAX = 4_000_000
"""Values of a result, all rows together."""
RESULT_CHARACTERS_MAX = 64 << 20

NATIVE_FUNCTIONS = frozenset(
    {
        "coalesce",
        "count",
        "max",
        "min",
        "row_number",
        "rank",
        "dense_rank",
        "percent_rank",
        "cume_dist",
        "ntile",
        "lag",
        "lead",
        "first_value",
        "last_value",
        "nth_value",
    }
)
"""SQLite's own functions that rewritten text uses."""
_ALLOWED_FUNCTIONS = (
    NATIVE_FUNCTIONS
    | HELPERS.keys()
    | AGGREGATES.keys()
    | {"ob_join_group"}
    | {sqlite_name(f) for f in FUNCTIONS.values() if f.form is Form.SCALAR}
)
_TOO_LARGE = ("too large", "too many", "at most", "stack overflow")
"""What the messages about SQLite's own limits have in them."""
_PLACE_BITS = 40
_PLACE_MASK = (1 << _PLACE_BITS) - 1
"""A row's number in its table: which part it belongs to above these bits, its place in there from 1 in them."""
_DERIVED = ("cte_", "(")
"""What SQLite calls tables that a query defines itself; no table of the database begins so."""
_Row = tuple[Value, ...]
_NONE = Part((), ())


class _Meter:
    """Counts the ticks of the statement that runs."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = TICKS_MAX

    def tick(self) -> bool:
        """Called by SQLite; true stops the statement."""
        self.left -= 1
        return self.left < 0


def connect(meter: _Meter, budget: Budget) -> apsw.Connection:
    """A database in memory with our functions, limits and nothing else; calls are taken from the budget."""
    connection = apsw.Connection(":memory:", statementcachesize=400)
    connection.config(apsw.SQLITE_DBCONFIG_DQS_DML, 0)
    connection.config(apsw.SQLITE_DBCONFIG_DQS_DDL, 0)
    connection.create_collation("GENERAL_CI", order)
    for name, call in HELPERS.items():
        connection.create_scalar_function(name, _counted(call, CALL_COST, budget), -1, deterministic=True)
    connection.create_scalar_function("ob_join_group", _joined, 3, deterministic=True)
    for function in FUNCTIONS.values():
        if function.form is Form.SCALAR:
            call = _counted(converted(function), CALL_COST, budget)
            connection.create_scalar_function(sqlite_name(function), call, -1, deterministic=True)
    for name, factory in AGGREGATES.items():
        counted = {"__slots__": (), "step": _counted(factory.step, STEP_COST, budget)}  # type: ignore[attr-defined]
        connection.create_window_function(name, type(factory.__name__, (factory,), counted))
    connection.execute("PRAGMA journal_mode=off")
    connection.execute("PRAGMA synchronous=off")
    connection.limit(apsw.SQLITE_LIMIT_LENGTH, TEXT_BYTES_MAX)
    connection.limit(apsw.SQLITE_LIMIT_ATTACHED, 0)
    connection.limit(apsw.SQLITE_LIMIT_WORKER_THREADS, 0)
    connection.set_progress_handler(meter.tick, STEPS_PER_TICK)
    return connection


def _counted(call: Callable[..., Any], cost: int, budget: Budget) -> Callable[..., Any]:
    """A function of ours for SQLite, which counts a call as a few steps although it takes as long as a hundred."""

    def counted(*arguments: Any) -> Any:
        budget.left -= cost
        if budget.left < 0:
            raise statement_too_costly()
        return call(*arguments)

    return counted


def _joined(*arguments: Any) -> str | None:
    collected, separator, bytes_max = arguments
    return None if collected is None else join_group(collected, separator, bytes_max)


class _Filled:
    """What a view's table holds."""

    __slots__ = ("_keyed", "canonical", "parts", "replace", "revision", "temporal")

    def __init__(self, kinds: Sequence[Kind], keyed: Sequence[int], name: str) -> None:
        names = [f"c{i}" for i in range(len(kinds))] + [f"k{i}" for i in keyed]
        marks = ", ".join("?" * len(names))
        self.replace = f"REPLACE INTO {name}(rowid, {', '.join(names)}) VALUES (?, {marks})"
        self._keyed = keyed
        self.revision = -1
        self.parts: list[Part] = []
        self.canonical: list[GrowingMap] = []
        """For each part, what brings its times to the form that compares, where the view has such times."""
        self.temporal = [i for i, kind in enumerate(kinds) if kind.is_moment and kind.decimals < 6]

    def bound(self, number: int, row: _Row) -> _Row:
        """What `replace` takes for a row: its number, its values and what its texts compare as."""
        values = _bindable(row)
        return (number, *values, *[key_of(values[i]) for i in self._keyed])


def _declaration(place: int, kind: Kind) -> str:
    if kind.is_whole:
        return f"c{place} INTEGER"
    if kind.is_number:
        return f"c{place} NUMERIC"
    return f"c{place} TEXT COLLATE GENERAL_CI" if kind.is_text else f"c{place} TEXT"


def _indexes(sought: dict[str, int], keyed: Sequence[int]) -> list[tuple[str, str]]:
    """Each index as (name, columns): a number or time alone, a text before each of these, for the newest rows of it."""
    alone = [(name, f"c{i}") for name, i in sought.items() if i not in keyed]
    texts = [(name, f"k{i}") for name, i in sought.items() if i in keyed]
    return alone + [(f"{text}, {name}", f"{key}, {column}") for text, key in texts for name, column in alone]


class Tables:
    """The tables of one tenant and time zone."""

    def __init__(self, state: ClusterState, catalog: Catalog, scope: Scope) -> None:
        self._state, self._catalog, self._scope = state, catalog, scope
        self._meter, self._budget = _Meter(), Budget()
        self._writing = True
        self._connection = connect(self._meter, self._budget)
        self._connection.authorizer = self._authorize
        self._views: dict[int, tuple[ViewDef, _Filled]] = {}
        self._tables: set[str] = set()
        self._writing = False

    def _authorize(self, action: int, first: str | None, second: str | None, *_: str | None) -> int:
        """Reading our tables and calling our functions is all a query may do."""
        if self._writing or action in {apsw.SQLITE_SELECT, apsw.SQLITE_RECURSIVE}:
            return apsw.SQLITE_OK
        if action == apsw.SQLITE_READ and first and (first in self._tables or first.startswith(_DERIVED)):
            return apsw.SQLITE_OK
        if action == apsw.SQLITE_FUNCTION and second in _ALLOWED_FUNCTIONS:
            return apsw.SQLITE_OK
        return apsw.SQLITE_DENY

    # --- filling -------------------------------------------------------------------------------------------------

    def _begin_writing(self) -> None:
        """From here to the end of the writing SQLite may write; the work is obsim's own and counts for no query."""
        self._writing = True
        self._meter.left = UNCOUNTED

    def refresh(self, view: ViewDef) -> None:
        """Bring a view's table up to date."""
        known = self._views.get(id(view))
        if known is None:
            known = self._created(view)
        filled = known[1]
        revision = self._state.revision(view.families)
        if revision == filled.revision:
            return
        self._fill(view, filled, self._catalog.parts(view, self._scope))
        filled.revision = revision

    def fill(self, view: ViewDef, rows: Sequence[_Row]) -> None:
        """Give a view the rows of the session that asks now."""
        known = self._views.get(id(view)) or self._created(view)
        self._fill(view, known[1], [Part((), rows)])

    def _fill(self, view: ViewDef, filled: _Filled, parts: list[Part]) -> None:
        if filled.temporal:
            missing = len(parts) - len(filled.canonical)
            filled.canonical += [GrowingMap(partial(_canonical, places=filled.temporal)) for _ in range(missing)]
            parts = [form.apply(part) for form, part in zip(filled.canonical, parts, strict=False)]
        self._begin_writing()
        try:
            self._write(view, filled, parts)
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            filled.revision, filled.parts = -1, []
            self._connection.execute(f"DELETE FROM {table_name(view)}")
            raise
        finally:
            self._writing = False
        filled.parts = parts

    def _created(self, view: ViewDef) -> tuple[ViewDef, _Filled]:
        columns = self._catalog.columns(view)
        kinds = [kind_of_column(column_of_type(c.name, c.mysql_type)) for c in columns]
        name = table_name(view)
        self._begin_writing()
        try:
            declared = [_declaration(i, kind) for i, kind in enumerate(kinds)]
            keyed = [i for i, kind in enumerate(kinds) if is_keyed(view, kind)]
            declared += [f"k{i} TEXT" for i in keyed]
            self._connection.execute(f"CREATE TABLE {name} ({', '.join(declared)})")
            sought = {column.name: i for i, column in enumerate(columns) if column.name in view.keys}
            for label, listed in _indexes(sought, keyed):
                self._connection.execute(f'CREATE INDEX "{name[1:-1]} {label}" ON {name} ({listed})')
        finally:
            self._writing = False
        self._tables.add(name[1:-1])
        known = self._views[id(view)] = (view, _Filled(kinds, keyed, name))
        return known

    def _write(self, view: ViewDef, filled: _Filled, parts: list[Part]) -> None:
        """Bring the table from the parts it holds to `parts`. A row's number is that of its part and place."""
        old, connection = filled.parts, self._connection
        written: list[_Row] = []
        ends: list[tuple[int, int]] = []
        for number, rows in enumerate(parts):
            before = old[number] if number < len(old) else _NONE
            if rows.all_settled_in(before):
                continue
            first = number << _PLACE_BITS | 1
            written += [filled.bound(first + place, row) for place, row in rows.changed_since(before)]
            if len(before) > len(rows):
                ends.append((first + len(rows), (number + 1) << _PLACE_BITS))
        if len(old) > len(parts):
            ends.append((len(parts) << _PLACE_BITS, len(old) << _PLACE_BITS))
        many = len(written) + len(ends) > 1
        if many:
            connection.execute("BEGIN")
        if written:
            connection.executemany(filled.replace, written)
        for end in ends:
            connection.execute(f"DELETE FROM {table_name(view)} WHERE rowid >= ? AND rowid < ?", end)
        if many:
            connection.execute("COMMIT")

    def load_rows(self, kinds: Sequence[Kind], rows: Sequence[Sequence[Value]]) -> None:
        """Make `rows` the contents of the table named rows."""
        self._begin_writing()
        try:
            self._connection.execute("DROP TABLE IF EXISTS rows")
            self._connection.execute(
                f"CREATE TABLE rows ({', '.join(_declaration(i, k) for i, k in enumerate(kinds))})"
            )
            self._connection.executemany(
                f"INSERT INTO rows VALUES ({', '.join('?' * len(kinds))})", map(_bindable, map(tuple, rows))
            )
        finally:
            self._writing = False
        self._tables.add("rows")

    # --- asking --------------------------------------------------------------------------------------------------

    def query(self, sql: str, values: Sequence[Value], *, width: int, bulky: bool) -> list[_Row]:
        """The rows of a rewritten query of `width` columns. Raises 3024 for too much work, 4019 for a large result."""
        self._meter.left = TICKS_MAX
        BUDGET.begin(self._budget)
        TRUNCATIONS.messages.clear()
        cursor = self._connection.cursor()
        try:
            cursor.execute(sql, values)
            rows = _measured(cursor) if bulky else list(islice(cursor, CELLS_MAX // width + 1))
        except ServerError:
            cursor.close(force=True)
            raise
        except (apsw.Error, OverflowError, RecursionError, ValueError, TypeError, ArithmeticError) as failure:
            cursor.close(force=True)
            raise _translated(failure) from None
        if len(rows) > CELLS_MAX // width:
            cursor.close(force=True)
            raise result_too_large()
        return rows

    def whole_rows(self, view: ViewDef, sql: str, values: Sequence[Value]) -> list[_Row]:
        """Rows of a refreshed view as they were filled in, by a query for their numbers. Raises as `query`."""
        parts = self._views[id(view)][1].parts
        found = self.query(sql, values, width=max(len(view.columns), 1), bulky=False)
        numbers: list[Any] = [number for (number,) in found]
        return [parts[number >> _PLACE_BITS][(number & _PLACE_MASK) - 1] for number in numbers]


def _measured(cursor: apsw.Cursor) -> list[_Row]:
    """The rows of a query whose values may be long."""
    rows: list[_Row] = []
    left = RESULT_CHARACTERS_MAX
    for row in cursor:
        left -= 64 + sum(len(v) for v in row if isinstance(v, str | bytes))
        if left < 0:
            raise result_too_large()
        rows.append(row)
    return rows


def _canonical(row: _Row, places: Sequence[int]) -> _Row:
    """Times with fewer than six digits, in the form that compares."""
    values = list(row)
    for place in places:
        text = values[place]
        if isinstance(text, str):
            values[place] = (text if "." in text else text + ".").ljust(26, "0")
    return tuple(values)


def _bindable(row: _Row) -> _Row:
    """A row as SQLite takes it: integers of 64 bits with a sign, the greatest stands for what is above."""
    for value in row:
        if value.__class__ is int and not -INT64_MAX <= value <= INT64_MAX:
            return tuple(max(-INT64_MAX, min(INT64_MAX, v)) if isinstance(v, int) else v for v in row)
    return row


def _translated(failure: Exception) -> ServerError:
    """An error of SQLite as one of ours; its text never reaches a client."""
    if isinstance(failure, apsw.InterruptError):
        return statement_too_costly()
    if isinstance(failure, apsw.TooBigError | apsw.NoMemError):
        return result_too_large()
    text = str(failure)
    if isinstance(failure, OverflowError) or "integer overflow" in text:
        return out_of_range("BIGINT")
    if "misuse of aggregate" in text:  # its columns are those of an outer query that has no groups there
        return group_function_misused()
    if isinstance(failure, RecursionError) or any(part in text for part in _TOO_LARGE):
        return query_too_large()
    return ServerError(1105, "HY000", "Unknown error", name="ER_UNKNOWN_ERROR")
