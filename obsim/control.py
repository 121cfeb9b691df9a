"""The control procedures: CALL obsim.name(...). They move what a real cluster would not let a client move.

Each is one line of `PROCEDURES`. A procedure either changes the state at once and answers OK, or says how the clock is
to move (`Move`), or that everything begins anew (`Reset`); the session carries the last two out.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from re import fullmatch

from obsim.answers import Ok
from obsim.cluster.load import KINDS, Load, order_load
from obsim.cluster.state import ClusterState
from obsim.cluster.tenant import Tenant
from obsim.destination import parse_uri
from obsim.errors import error
from obsim.faults import parse_rule
from obsim.ids import SYS_LOG_STREAM_ID, LogStreamId, Scn, us_floor
from obsim.storage.layout import ROW_BYTES_MAX, ROW_BYTES_MIN, RowLayout
from obsim.storage.tablet import ROWS_MAX, TABLETS_MAX
from obsim.storage.tenant import PROGRESSIVE_ROUNDS, WRITE_KINDS
from obsim.units import DAY_NS, UNIT_NS

__all__ = [
    "JUMPS",
    "PROCEDURES",
    "Argument",
    "Dump",
    "Move",
    "MoveTo",
    "MoveUntil",
    "Procedure",
    "Reset",
    "RestoreSnapshot",
    "Schedule",
    "TakeSnapshot",
    "parse_interval",
]

Argument = str | int | float | None
INTERVAL_MAX_NS = 100 * 366 * DAY_NS
JUMPS = frozenset({"advance", "advance_to", "run_until", "run_until_idle"})
"""Procedures that move the clock."""


@dataclass(frozen=True, slots=True)
class Move:
    """Move the clock: to `target_ns`, or (None) until nothing is unfinished."""

    target_ns: int | None


@dataclass(frozen=True, slots=True)
class MoveTo:
    """Move the clock to a moment, written as a client writes a time."""

    moment: str


@dataclass(frozen=True, slots=True)
class MoveUntil:
    """Move the clock until a query is true."""

    query: str


@dataclass(frozen=True, slots=True)
class Reset:
    """Return the whole cluster, clock included, to the scenario's start, on a new timeline."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Let a statement of a tenant run at every interval from now on."""

    every_ns: int
    tenant: str
    text: str


@dataclass(frozen=True, slots=True)
class Dump:
    """Answer the state as text."""


@dataclass(frozen=True, slots=True)
class TakeSnapshot:
    """Remember the cluster as it is now."""

    name: str


@dataclass(frozen=True, slots=True)
class RestoreSnapshot:
    """Return to what was remembered, on a new timeline."""

    name: str


Outcome = Ok | Move | MoveTo | MoveUntil | Reset | Schedule | Dump | TakeSnapshot | RestoreSnapshot


@dataclass(frozen=True, slots=True)
class Procedure:
    """One procedure: its name, the names of its arguments, what it is for, what it does."""

    name: str
    arguments: tuple[str, ...]
    help: str
    run: Callable[[ClusterState, tuple[Argument, ...]], Outcome]

    def call(self, state: ClusterState, arguments: tuple[Argument, ...]) -> Outcome:
        """Run it. Raises 1210 for a wrong number of arguments or a wrong one, and what the procedure itself refuses."""
        if len(arguments) != len(self.arguments):
            raise error("OB_INVALID_ARGUMENT", f"obsim.{self.name}({', '.join(self.arguments)})")
        outcome = self.run(state, arguments)
        state.log.write()
        return outcome


def parse_interval(value: Argument) -> int:
    """Nanoseconds of '10m', '1.5h', '1h30m' or a number of seconds; units ns us ms s m h d. Raises 1210."""
    if isinstance(value, int | float):
        value = f"{value:f}s"
    parts = (
        None if value is None else fullmatch(r"\s*((?:[0-9]+(?:\.[0-9]+)?\s*(?:ns|us|ms|s|m|h|d)\s*)+)", value.lower())
    )
    total_ns = 0
    if parts is not None:
        rest = parts.group(1).replace(" ", "")
        while rest:
            match = fullmatch(r"([0-9]+)(?:\.([0-9]{1,18}))?(ns|us|ms|s|m|h|d)(.*)", rest)
            if match is None:
                break
            whole, fraction, unit, rest = match.groups()
            total_ns += int(whole) * UNIT_NS[unit]
            total_ns += int(fraction or 0) * UNIT_NS[unit] // 10 ** len(fraction or "")
        else:
            if total_ns <= INTERVAL_MAX_NS:
                return total_ns
    raise error("OB_INVALID_ARGUMENT", "interval, write it as '10m', '1h30m' or '500ms', a hundred years at the most")


def _advance(state: ClusterState, arguments: tuple[Argument, ...]) -> Move:
    return Move(state.now_ns + parse_interval(arguments[0]))


def _run_until_idle(_state: ClusterState, _arguments: tuple[Argument, ...]) -> Move:
    return Move(None)


def _text(arguments: tuple[Argument, ...], form: str) -> str:
    (text,) = arguments
    if not isinstance(text, str):
        raise error("OB_INVALID_ARGUMENT", form)
    return text


def _advance_to(_state: ClusterState, arguments: tuple[Argument, ...]) -> MoveTo:
    return MoveTo(_text(arguments, "obsim.advance_to('2024-01-01 12:00:00')"))


def _run_until(_state: ClusterState, arguments: tuple[Argument, ...]) -> MoveUntil:
    return MoveUntil(_text(arguments, "obsim.run_until('SELECT ...')"))


def _reset(_state: ClusterState, _arguments: tuple[Argument, ...]) -> Reset:
    return Reset()


def _dump(_state: ClusterState, _arguments: tuple[Argument, ...]) -> Dump:
    return Dump()


def _snapshot(_state: ClusterState, arguments: tuple[Argument, ...]) -> TakeSnapshot:
    return TakeSnapshot(_text(arguments, "name of a snapshot, it is a text"))


def _restore_snapshot(_state: ClusterState, arguments: tuple[Argument, ...]) -> RestoreSnapshot:
    return RestoreSnapshot(_text(arguments, "name of a snapshot, it is a text"))


def writable_tenant(state: ClusterState, name: Argument) -> Tenant:
    """The tenant whose data is changed. Raises 5160 for no user tenant, 4688 for a standby, 4038 without a leader."""
    tenant = state.tenant_named(name) if isinstance(name, str) else None
    if tenant is None or tenant.kind != "USER":
        raise error("OB_ERR_INVALID_TENANT_NAME")
    if tenant.role != "PRIMARY":
        raise error("OB_STANDBY_READ_ONLY")
    check_led(state, tenant, (SYS_LOG_STREAM_ID,))
    return tenant


def check_led(state: ClusterState, tenant: Tenant, log_stream_ids: Iterable[LogStreamId]) -> None:
    """Raises 4038 where one of these log streams has no leader that works; they are looked for only if one may not."""
    if state.outages.away and not all(state.outages.led(tenant, stream) for stream in set(log_stream_ids)):
        raise error("OB_NOT_MASTER")


def _table_of(state: ClusterState, tenant_name: Argument, table_name: Argument, form: str) -> tuple[Tenant, str]:
    tenant = writable_tenant(state, tenant_name)
    if not isinstance(table_name, str):
        raise error("OB_INVALID_ARGUMENT", form)
    tablets = tenant.storage.table(table_name)
    if not tablets:
        raise error("OB_TABLE_NOT_EXIST", tenant.name, table_name)
    check_led(state, tenant, (tablet.log_stream_id for tablet in tablets))
    return tenant, table_name


def _write(state: ClusterState, arguments: tuple[Argument, ...]) -> Ok:
    tenant_name, table_name, count, kind = arguments
    tenant = writable_tenant(state, tenant_name)
    form = "obsim.write(tenant, table, count, kind)"
    if not isinstance(count, int) or not isinstance(kind, str):
        raise error("OB_INVALID_ARGUMENT", form)
    _, table = _table_of(state, tenant_name, table_name, form)
    tenant.storage.write(table, count, kind.lower(), state.seed)
    state.note_rows(tenant)
    return Ok()


def _create_table(state: ClusterState, arguments: tuple[Argument, ...]) -> Ok:
    tenant_name, name, rows, row_bytes, tablets = arguments
    tenant = writable_tenant(state, tenant_name)
    if not isinstance(name, str) or not name or not isinstance(rows, int) or not isinstance(tablets, int):
        raise error("OB_INVALID_ARGUMENT", "obsim.create_table(tenant, table, rows, row_bytes, tablets)")
    if not isinstance(row_bytes, int | float) or not ROW_BYTES_MIN <= row_bytes <= ROW_BYTES_MAX:
        raise error("OB_INVALID_ARGUMENT", f"row_bytes, it is a number from {ROW_BYTES_MIN} to {ROW_BYTES_MAX}")
    if not 0 <= rows <= ROWS_MAX or not 1 <= tablets <= TABLETS_MAX:
        raise error("OB_INVALID_ARGUMENT", f"rows or tablets: 0 to {ROWS_MAX} in 1 to {TABLETS_MAX}")
    if tenant.storage.table(name):
        raise error("OB_INVALID_ARGUMENT", f"table, {tenant.name} has a table {name}")
    storage, layout = tenant.storage, RowLayout(float(row_bytes))
    check_led(state, tenant, storage.log_stream_ids)
    storage.check_room([layout.blocks_of(-(-rows // tablets))] * tablets)
    for tablet in storage.load_table(name, [0] * tablets, storage.log_stream_ids[1:], layout):
        storage.append_rows(tablet, rows // tablets + (tablet.slot % tablets < rows % tablets))
    state.note_rows(tenant)
    state.revisions.touch("tenants")
    return Ok()


def _drop_table(state: ClusterState, arguments: tuple[Argument, ...]) -> Ok:
    tenant_name, table_name = arguments
    tenant, table = _table_of(state, tenant_name, table_name, "obsim.drop_table(tenant, table)")
    tenant.storage.drop_table(table, Scn(us_floor(state.now_ns)))
    state.revisions.touch("storage")
    return Ok()


def _truncate_table(state: ClusterState, arguments: tuple[Argument, ...]) -> Ok:
    tenant_name, table_name = arguments
    tenant, table = _table_of(state, tenant_name, table_name, "obsim.truncate_table(tenant, table)")
    tenant.storage.truncate_table(table, Scn(us_floor(state.now_ns)))
    state.revisions.touch("storage")
    return Ok()


def _alter_table(state: ClusterState, arguments: tuple[Argument, ...]) -> Ok:
    tenant_name, table_name, rounds = arguments
    form = "obsim.alter_table(tenant, table, rounds)"
    tenant, table = _table_of(state, tenant_name, table_name, form)
    if not isinstance(rounds, int) or rounds < 0:
        raise error("OB_INVALID_ARGUMENT", form)
    tenant.storage.alter_table(table, rounds or PROGRESSIVE_ROUNDS)
    return Ok()


def _transfer(state: ClusterState, arguments: tuple[Argument, ...]) -> Ok:
    tenant_name, tablet_id, log_stream_id = arguments
    tenant = writable_tenant(state, tenant_name)
    if not isinstance(tablet_id, int) or not isinstance(log_stream_id, int):
        raise error("OB_INVALID_ARGUMENT", "obsim.transfer(tenant, tablet_id, ls_id)")
    check_led(state, tenant, tenant.storage.log_stream_ids)
    tenant.storage.transfer(tablet_id, LogStreamId(log_stream_id))
    state.revisions.touch("storage")
    return Ok()


def _empty_destination(state: ClusterState, arguments: tuple[Argument, ...]) -> Ok:
    """The sets stay on record until the path is set again; until then a backup finds no format file (9080)."""
    (uri,) = arguments
    if not isinstance(uri, str):
        raise error("OB_INVALID_ARGUMENT", "obsim.empty_destination(uri)")
    place = parse_uri(uri)
    had_it = [tenant.empty_destination(place.path) for tenant in state.user_tenants()]
    known = [d.uri for t in state.user_tenants() for d in t.destinations if d.uri.path == place.path]
    if known and state.outside.reaches(known[-1]):
        from obsim.destination.intents import RemoveFiles  # noqa: PLC0415 - few clusters have destinations on media

        state.outside.order(RemoveFiles(known[-1], ("/",)), lambda _outcome: None)
    owner = state.formats.owner(place)
    if owner is not None and owner.purpose == "backup_data":
        state.formats.remove(place.path)  # of a tenant that is gone, perhaps
    elif not any(had_it):
        raise error("OB_INVALID_ARGUMENT", "uri, no tenant ever had that data_backup_dest")
    state.revisions.touch("backup_parameters")
    return Ok()


def _schedule(_state: ClusterState, arguments: tuple[Argument, ...]) -> Schedule:
    every, tenant, text = arguments
    if not isinstance(tenant, str) or not isinstance(text, str):
        raise error("OB_INVALID_ARGUMENT", "obsim.schedule(every, tenant, statement)")
    every_ns = parse_interval(every)
    if not every_ns:
        raise error("OB_INVALID_ARGUMENT", "interval, it must be above zero")
    return Schedule(every_ns, tenant, text)


def _load(state: ClusterState, arguments: tuple[Argument, ...]) -> Ok:
    tenant_name, kind, count, length = arguments
    tenant = state.tenant_named(tenant_name) if isinstance(tenant_name, str) else None
    if tenant is None or tenant.kind != "USER":
        raise error("OB_ERR_INVALID_TENANT_NAME")
    if kind not in KINDS or not isinstance(kind, str):
        raise error("OB_INVALID_ARGUMENT", f"kind, it is one of {', '.join(KINDS)}")
    if not isinstance(count, int) or count < 1:
        raise error("OB_INVALID_ARGUMENT", "tasks, it is one or more")
    order_load(state, tenant, Load(kind, count, parse_interval(length)))
    return Ok()


def _fault(state: ClusterState, arguments: tuple[Argument, ...]) -> Ok:
    (text,) = arguments
    if not isinstance(text, str):
        raise error("OB_INVALID_ARGUMENT", "obsim.fault('error=... stage=... tenant=...')")
    state.faults.add(parse_rule(text))
    return Ok()


def _clear_faults(state: ClusterState, _arguments: tuple[Argument, ...]) -> Ok:
    state.faults.clear()
    return Ok()


_TABLE = (
    Procedure("advance", ("interval",), "move virtual time on, for example by '10m'", _advance),
    Procedure("advance_to", ("moment",), "move virtual time on to a moment, '2024-01-01 12:00:00'", _advance_to),
    Procedure("run_until", ("query",), "move virtual time on until the query's first value is true", _run_until),
    Procedure("run_until_idle", (), "move virtual time on until no job, task or DAG is unfinished", _run_until_idle),
    Procedure("reset", (), "return to the scenario's start, clock included; connections stay open", _reset),
    Procedure("snapshot", ("name",), "remember the whole cluster as it is now, clock included", _snapshot),
    Procedure(
        "restore_snapshot",
        ("name",),
        "return to what was remembered, on a new timeline; connections stay open",
        _restore_snapshot,
    ),
    Procedure("dump", (), "one row: the whole state as TOML, a scenario that starts an equal cluster", _dump),
    Procedure(
        "write",
        ("tenant", "table", "count", "kind"),
        f"touch so many macroblocks or change so many rows: {', '.join(WRITE_KINDS)}",
        _write,
    ),
    Procedure(
        "create_table",
        ("tenant", "table", "rows", "row_bytes", "tablets"),
        "add a table of so many rows, by turns in the log streams; row_bytes are of a row as it is stored, compressed",
        _create_table,
    ),
    Procedure("drop_table", ("tenant", "table"), "take a table away with its tablets", _drop_table),
    Procedure("truncate_table", ("tenant", "table"), "empty a table: it gets new tablets", _truncate_table),
    Procedure(
        "alter_table",
        ("tenant", "table", "rounds"),
        "let so many major compactions rewrite the whole table part by part, as DDL does; 1: all at once, 0: 100",
        _alter_table,
    ),
    Procedure(
        "transfer", ("tenant", "tablet_id", "ls_id"), "move a tablet to another log stream; its blocks stay", _transfer
    ),
    Procedure(
        "load",
        ("tenant", "kind", "tasks", "length"),
        f"order DAGs that compete with backups, each so long: {', '.join(KINDS)}",
        _load,
    ),
    Procedure(
        "schedule", ("every", "tenant", "statement"), "let an ALTER SYSTEM statement run at every interval", _schedule
    ),
    Procedure(
        "empty_destination",
        ("uri",),
        "remove all that backups wrote to a data_backup_dest, format file included",
        _empty_destination,
    ),
    Procedure(
        "fault", ("rule",), "let statements or backups fail, for example 'error=9082 stage=BACKUP_DATA_MAJOR'", _fault
    ),
    Procedure("clear_faults", (), "let nothing fail any more", _clear_faults),
)
PROCEDURES: dict[str, Procedure] = {procedure.name: procedure for procedure in _TABLE}
