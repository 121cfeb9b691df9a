"""The page of limits: every bound of obsim as the code has it, what it is of, and what comes of going beyond it."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from inspect import cleandoc, getsource

from obsim import control, faults
from obsim.cluster import agents, event_log, moments
from obsim.destination import envelope
from obsim.destination.uri import OPTIONS_LENGTH_MAX
from obsim.query import tables, values
from obsim.query.functions import facts, patterns
from obsim.scenario import reading
from obsim.server.limits import Limits
from obsim.session import assignments, host, journal, login, named, transactions
from obsim.sql import tokens
from obsim.storage import layout, tablet
from obsim.units import DAY_NS

__all__ = ["BOUNDS", "SERVER_OPTIONS", "Bound", "limits_page", "server_bounds"]

YEAR_NS = 366 * DAY_NS

SERVER_OPTIONS = {
    "connections_max": "--max-connections",
    "connections_per_address_max": "--max-connections-per-address",
}
"""Field of `Limits` -> what `obsim serve` calls it; the others are set in Python only."""


@dataclass(frozen=True, slots=True)
class Bound:
    """One limit that is no field of `Limits`. `errno` is what a client gets, 0 where it gets no error."""

    name: str
    what: str
    value: int
    unit: str
    beyond: str
    errno: int = 0


def _statements() -> Iterator[Bound]:
    yield Bound("length", "a text of statements", tokens.LENGTH_MAX, "characters", "refused unread", 1235)
    yield Bound("tokens", "a statement", tokens.TOKENS_MAX, "tokens", "refused before it is parsed", 1235)
    yield Bound(
        "nesting",
        "parentheses, CASEs or prefix operators within each other",
        tokens.DEPTH_MAX,
        "levels",
        "refused before it is parsed",
        1235,
    )
    yield Bound(
        "joins", "joins without ON, limits and types within each other", tokens.RETRIES_MAX, "", "refused", 1235
    )
    yield Bound(
        "steps",
        "work of a query, in steps of the machine of SQLite",
        tables.TICKS_MAX * tables.STEPS_PER_TICK,
        "steps",
        "the query ends, about a second after it began, at the same step on every machine",
        3024,
    )
    yield Bound(
        "function work",
        f"texts that the functions of a query read and write, {tables.CALL_COST} for each call besides",
        values.Budget.START,
        "characters",
        "the same",
        3024,
    )
    yield Bound("values", "a result, rows times columns", tables.CELLS_MAX, "values", "no row is sent", 4019)
    yield Bound("result", "texts of a result", tables.RESULT_CHARACTERS_MAX, "characters", "no row is sent", 4019)
    yield Bound("text", "one text that a query makes", values.TEXT_BYTES_MAX, "bytes", "the query ends", 4019)
    yield Bound("pattern", "a pattern of LIKE or REGEXP", patterns.PATTERN_LENGTH_MAX, "characters", "refused", 1139)
    yield Bound("states", "a REGEXP once it is compiled", patterns.STATES_MAX, "states", "refused", 1139)
    yield Bound("matching", "one REGEXP match, states times characters", patterns.WORK_MAX, "", "the query ends", 3699)
    yield Bound(
        "group_concat",
        "GROUP_CONCAT, by group_concat_max_len",
        facts.GROUP_CONCAT_BYTES,
        "bytes",
        "it is cut; the variable changes it",
    )


def _sessions() -> Iterator[Bound]:
    yield Bound("prepared", "statements of PREPARE", named.STATEMENTS_MAX, "", "refused", 1461)
    yield Bound("prepared text", "their names and texts together", named.TEXT_BYTES_MAX, "bytes", "refused", 1461)
    yield Bound("variables", "user variables", assignments.USER_VARIABLES_MAX, "", "refused", 1235)
    yield Bound(
        "variable bytes",
        "their names and values together",
        assignments.USER_VARIABLES_BYTES_MAX,
        "bytes",
        "refused",
        4013,
    )
    yield Bound("savepoints", "savepoints of a transaction", transactions.SAVEPOINTS_MAX, "", "refused", 1235)
    yield Bound(
        "savepoint names", "their names together", transactions.SAVEPOINT_CHARACTERS_MAX, "characters", "refused", 4013
    )
    yield Bound("sources", "ADD RESTORE SOURCE, all of them", agents.RESTORE_SOURCE_MAX, "characters", "refused", 4013)
    yield Bound("warnings", "warnings of a statement", login.WARNINGS_MAX, "", "further ones are not kept")


def _cluster() -> Iterator[Bound]:
    yield Bound("snapshot name", "the name of a snapshot", host.SNAPSHOT_NAME_MAX, "characters", "refused", 1210)
    yield Bound("snapshots", "CALL obsim.snapshot", host.SNAPSHOTS_MAX, "names", "refused", 1210)
    yield Bound("tablet", "macroblocks of a tablet", tablet.TABLET_BLOCKS_MAX, "", "refused", 1210)
    yield Bound("tenant", "macroblocks of a tenant's tables", tablet.TENANT_BLOCKS_MAX, "", "refused", 1210)
    yield Bound("rows", "rows of a table, and of one write", tablet.ROWS_MAX, "", "refused", 1210)
    yield Bound("row", "a row as it is stored", layout.ROW_BYTES_MAX, "bytes", "refused", 1210)
    yield Bound("faults", "CALL obsim.fault", faults.FAULTS_MAX, "rules", "refused", 1210)
    yield Bound("rule", "the text of a rule", faults.RULE_LENGTH_MAX, "characters", "refused", 1210)
    yield Bound(
        "interval", "CALL obsim.advance", control.INTERVAL_MAX_NS // YEAR_NS, "years of 366 days", "refused", 1210
    )
    yield Bound(
        "idle",
        "CALL obsim.run_until_idle and run_until",
        moments.IDLE_LIMIT_NS // DAY_NS,
        "virtual days",
        "they end and name what still runs; time has passed",
        4012,
    )
    yield Bound(
        "statements", "obsim.statements", journal.KEPT_MAX, "statements",
        "the oldest go; it begins anew with each process, with a data directory too",
    )  # fmt: skip
    yield Bound("statement text", "a text in there", journal.TEXT_LENGTH_MAX, "characters", "it is cut")
    yield Bound("events", "obsim.events", event_log.KEPT_MAX, "events at least", "the oldest go")


def _files() -> Iterator[Bound]:
    yield Bound("scenario", "a scenario, dump or lab", reading.SIZE_MAX_BYTES, "bytes", "nothing starts: exit code 2")
    yield Bound("uri", "the options of a destination's URI", OPTIONS_LENGTH_MAX - 1, "characters", "refused", 9026)
    yield Bound(
        "file",
        "a file of records read back from a destination",
        envelope.FILE_BYTES_MAX,
        "bytes",
        "it counts as damaged: its set or piece is not used",
    )
    yield Bound("unpacked", "the same, unpacked", envelope.RAW_BYTES_MAX, "bytes", "the same")


BOUNDS = {
    "Statements and results": tuple(_statements()),
    "Sessions": tuple(_sessions()),
    "Control and what is kept": tuple(_cluster()),
    "Files and destinations": tuple(_files()),
}
"""Heading -> its limits."""


def server_bounds() -> list[tuple[str, int | float, str]]:
    """Every field of `Limits`: name, default, what it says about itself."""
    (definition,) = ast.parse(getsource(Limits)).body
    assert isinstance(definition, ast.ClassDef), "the source of a class is one"
    said: dict[str, str] = {}
    for statement, after in zip(definition.body, definition.body[1:], strict=False):
        text = after.value if isinstance(after, ast.Expr) else None
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            assert isinstance(text, ast.Constant), f"{statement.target.id} says nothing about itself"
            said[statement.target.id] = " ".join(cleandoc(str(text.value)).split())
    return [(field.name, getattr(Limits(), field.name), said[field.name]) for field in fields(Limits)]


HEAD = """\
# Limits

Every bound of obsim, as the code has it: this page is printed by `obsim support --limits`. A client that goes beyond
one gets an error and keeps its session where nothing else is said; nobody else notices.

There is no limit in seconds on a statement, because equal statements shall end equally on every machine: what bounds a
query is the number of its steps. A runaway query ends with MySQL's 3024 (HY000), "Query execution was interrupted,
maximum statement execution time exceeded": no variable of OceanBase has stopped it. KILL QUERY ends a statement that
waits or moves the clock with 1317 (70100). `ob_query_timeout`, whose error would be 4012, and `max_execution_time` are
kept and shown, and do nothing: no virtual time passes while a query runs. So 4012 comes from a [fault](faults.md)
(`error=OB_TIMEOUT`), and from `run_until` and `run_until_idle`.
A jump of the clock may take as long as it needs; others log in, ping and kill meanwhile.

## Server

The defaults of `obsim serve` and `obsim.Server`; in Python all can be set:
`obsim.Server(limits=obsim.server.limits.Limits(connections_max=50))`.
"""
MEMORY = """\
What one client can make the server hold is bounded by these together: one command and those that wait behind it, texts
of prepared statements, parameters sent ahead, rows of open cursors, user variables, and the one answer that is on its
way.
"""
TAIL = """\
Destinations have no size: one in memory takes what the simulated backups count, a real one what the medium takes. A
[fault](faults.md) makes one full (`destination=full`, or `error=9082 stage=...`; jobs end with 9082), and
`data_backup_bandwidth` of a [scenario](scenarios.md) makes it slow. What a medium itself answers when it is full is
9082 too.
"""


def limits_page() -> str:
    """The whole page, as Markdown."""
    return "".join(f"{line}\n" for line in _lines()).rstrip("\n") + "\n"


def _lines() -> Iterator[str]:
    yield HEAD
    yield from _table(
        ("limit", "default", "option", "what"),
        (
            (f"`{name}`", _number(value), f"`{SERVER_OPTIONS[name]}`" if name in SERVER_OPTIONS else "", text)
            for name, value, text in server_bounds()
        ),
    )
    for heading, bounds in BOUNDS.items():
        yield f"\n## {heading}\n"
        if heading == "Sessions":
            yield MEMORY
        yield from _table(
            ("of what", "limit", "beyond it", "error"),
            ((b.what, f"{_number(b.value)} {b.unit}".strip(), b.beyond, str(b.errno or "")) for b in bounds),
        )
    yield f"\n{TAIL}"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    heads = tuple(head)
    for row in (heads, ("---",) * len(heads), *rows):
        yield f"| {' | '.join(row)} |"


def _number(value: float) -> str:
    return f"{value:,}"
