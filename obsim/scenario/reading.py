"""Finding scenario files and reading them strictly.

Whatever is wrong is a ScenarioError of the form `FILE:LINE: key: rule`, with the words that are allowed there.
"""

import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from re import compile as re_compile
from types import UnionType
from typing import Any, TypeVar, get_args, get_type_hints

import msgspec

from obsim.clock import moment_ns
from obsim.control import parse_interval
from obsim.errors import ScenarioError, ServerError, UsageError
from obsim.ids import MACROBLOCK_BYTES
from obsim.scenario.lines import Place, line_of, place_of, place_text
from obsim.scenario.resources import check_choice, check_resources
from obsim.scenario.specs import ClockSpec, HistorySpec, LoadSpec, Scenario, TableSpec, TenantSpec, WorkloadSpec
from obsim.storage.layout import ROW_BYTES_MAX, ROW_BYTES_MIN, RowLayout
from obsim.storage.tablet import ROWS_MAX, TABLET_BLOCKS_MAX, TABLETS_MAX, TENANT_BLOCKS_MAX
from obsim.versions import profile_for

__all__ = [
    "FIRST_LOG_STREAM", "ScenarioFile", "load_scenario", "names_file", "read_file", "read_scenario", "read_struct",
    "read_toml", "scenario_file", "scenario_names",
]  # fmt: skip

_Struct = TypeVar("_Struct", bound=msgspec.Struct)
SIZE_MAX_BYTES = 64 << 20
FIRST_LOG_STREAM = 1001
_LOG_STREAM_END = 1 << 31
_LOG_STREAMS_MAX = 100
_COMPRESSION_MAX = 1000
_TIMES_MAX = 10_000
_CLOCKS = ("wall", "manual", "autojump", "step")
_MODES = ("mysql", "oracle")
_KEY = re_compile(r"[a-z_]+(?:\[\d+\])?(?:\.[a-zA-Z_0-9]+(?:\[\d+\])?)*")
_MSGSPEC_PLACE = re_compile(r" - at `\$\.?([^`]*)`")
_NO_LOGIN = re_compile(r"[@#:\x00-\x1f]")
_TOML_LINE = re_compile(r"\(at line (\d+)")
_MSGSPEC_FIELD = re_compile(r"field `([^`]+)`")


@dataclass(frozen=True, slots=True)
class ScenarioFile:
    """A file and its text: what an error needs to say where it is."""

    path: Path
    text: str
    under: Place = ()
    """The table that holds the scenario, where the file has more than that."""

    def wrong(self, what: str, place: Place = ()) -> ScenarioError:
        """An error at a key, by default at the one that `what` begins with."""
        if not place and (key := _KEY.match(what)) is not None:
            place = place_of(key[0])
        return ScenarioError(f"{self.path}:{line_of(self.text, (*self.under, *place))}: {what}")

    @contextmanager
    def at(self, key: str) -> Iterator[None]:
        """Whatever is refused inside is wrong at that key."""
        try:
            yield
        except ScenarioError as refused:
            text = str(refused)
            raise (refused if text.startswith(f"{self.path}:") else self.wrong(text)) from None
        except ServerError as refused:
            raise self.wrong(f"{key}: {refused.message}") from None
        except UsageError as refused:
            raise self.wrong(f"{key}: {refused}") from None


def _folder() -> Path:
    package = Path(__file__).parent.parent
    packed = package / "_scenarios"
    return packed if packed.is_dir() else package.parent / "fixtures" / "scenarios"


def scenario_names() -> list[str]:
    """The built-in scenarios."""
    return sorted(path.stem for path in _folder().glob("*.toml"))


def names_file(name_or_file: str) -> bool:
    """Whether a file is meant, not something built in: anything with a slash or ending in .toml."""
    return "/" in name_or_file or name_or_file.endswith(".toml")


def scenario_file(name_or_file: str) -> ScenarioFile:
    """A built-in scenario by name, or a file by its path (`names_file`).

    Raises ScenarioError for one that is not there or cannot be read.
    """
    is_file = names_file(name_or_file)
    path = Path(name_or_file) if is_file else _folder() / f"{name_or_file}.toml"
    if not path.is_file():
        raise ScenarioError(f"no scenario '{name_or_file}': give a file or one of {', '.join(scenario_names())}")
    return read_file(path)


def read_file(path: Path) -> ScenarioFile:
    """A file that is there. Raises ScenarioError for one that is too large or no text."""
    if path.stat().st_size > SIZE_MAX_BYTES:
        raise ScenarioError(f"{path}: larger than {SIZE_MAX_BYTES} bytes")
    try:
        return ScenarioFile(path, path.read_text("utf-8-sig"))  # editors of Windows begin a file with a mark
    except UnicodeDecodeError as caught:
        line = caught.object.count(b"\n", 0, caught.start) + 1
        raise ScenarioError(f"{path}:{line}: it is not UTF-8: {caught.reason}") from None


def load_scenario(name_or_file: str) -> Scenario:
    """Read a scenario and check it. Raises ScenarioError with file, line, key and what is allowed there."""
    file = scenario_file(name_or_file)
    return read_scenario(file, read_toml(file))


def read_toml(file: ScenarioFile) -> dict[str, Any]:
    """What a file says, unchecked. Raises ScenarioError for one that is no TOML."""
    try:
        return tomllib.loads(file.text)
    except (tomllib.TOMLDecodeError, RecursionError) as caught:
        line = _TOML_LINE.search(str(caught))
        raise ScenarioError(f"{file.path}:{line[1] if line else 1}: {caught}") from None


def read_scenario(file: ScenarioFile, data: dict[str, Any]) -> Scenario:
    """Check what a scenario says. Raises ScenarioError as `load_scenario`."""
    scenario = read_struct(file, data, Scenario)
    with file.at("about"):
        _check(scenario)
    return scenario


def read_struct(file: ScenarioFile, data: dict[str, Any], kind: type[_Struct]) -> _Struct:
    """What a file says as a struct, its keys and the types of its values checked. Raises ScenarioError."""
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as caught:
        raise _refused(file, str(caught), kind) from None


def _refused(file: ScenarioFile, what: str, kind: Any) -> ScenarioError:
    """What msgspec says, with the line, and for a key that is unknown or missing what the table may have."""
    found = _MSGSPEC_PLACE.search(what)
    place = place_of(found[1]) if found else ()
    field = _MSGSPEC_FIELD.search(what)
    if field is not None:
        what += f": allowed are {', '.join(_allowed(kind, place))}"
        place = (*place, field[1])
    key = f"{place_text(place)}: " if place else ""
    return file.wrong(f"{key}{what}", place)


def _allowed(kind: Any, place: Place) -> Sequence[str]:
    """The keys that the table at a place may have."""
    for step in place:
        if isinstance(step, str) and hasattr(kind, "__struct_fields__"):
            kind = get_type_hints(kind).get(step, kind)
        elif not isinstance(step, str):
            kind = get_args(kind)[0]
        if isinstance(kind, UnionType):
            kind = get_args(kind)[0]
    return getattr(kind, "__struct_fields__", ())


# Rules beyond types. Each error begins with the key that is wrong.


def _check(scenario: Scenario) -> None:
    check_resources(scenario.zone, scenario.server, scenario.unit_config, scenario.pool)
    if scenario.version:
        try:
            profile_for(scenario.version)
        except UsageError as refused:
            raise ScenarioError(f"version: {refused}") from None
    _check_clock(scenario.clock)
    for at, tenant in enumerate(scenario.tenant):
        _check_tenant(scenario, tenant, f"tenant[{at}]")
    for at, load in enumerate(scenario.load):
        _check_load(load, f"load[{at}]")
    for at, past in enumerate(scenario.history):
        _check_history(past, f"history[{at}]")
    for at, future in enumerate(scenario.workload):
        _check_workload(future, f"workload[{at}]")


def _check_span(key: str, text: str) -> int:
    """Nanoseconds of a span."""
    try:
        return parse_interval(text)
    except ServerError:
        raise ScenarioError(f"{key} is '{text}': write a span as '10m', '1h30m' or '500ms'") from None


def _check_clock(clock: ClockSpec) -> None:
    if clock.start:
        try:
            moment_ns(clock.start)
        except UsageError as refused:
            raise ScenarioError(f"clock.start: {refused}") from None
    if clock.mode:
        check_choice("clock.mode", clock.mode, _CLOCKS)
    if clock.autojump_after < 1:
        raise ScenarioError(f"clock.autojump_after is {clock.autojump_after}: allowed is 1 or more")


def _check_tenant(scenario: Scenario, tenant: TenantSpec, where: str) -> None:
    names = [t.name for t in scenario.tenant]
    check_choice(f"{where}.mode", tenant.mode, _MODES)
    if not tenant.name or tenant.name == "sys" or names.count(tenant.name) > 1:
        raise ScenarioError(f"{where}.name is '{tenant.name}': names are not empty, not sys and not given twice")
    if _NO_LOGIN.search(tenant.name):
        raise ScenarioError(f"{where}.name is '{tenant.name}': nobody could log in to a name with @, # or :")
    known = [pool.name for pool in scenario.pool]
    for name in tenant.pools:
        if name not in known:
            allowed = ", ".join(known) or "none, there is no [[pool]]"
            raise ScenarioError(f"{where}.pools has '{name}': allowed are {allowed}")
    if not 1 <= tenant.log_streams <= _LOG_STREAMS_MAX:
        raise ScenarioError(f"{where}.log_streams is {tenant.log_streams}: allowed are 1 to {_LOG_STREAMS_MAX}")
    block_counts = [_check_table(table, f"{where}.table[{at}]") for at, table in enumerate(tenant.table)]
    if sum(block_counts) > TENANT_BLOCKS_MAX:
        raise ScenarioError(f"{where}.table have {sum(block_counts)} macroblocks: allowed are {TENANT_BLOCKS_MAX}")
    if tenant.archivelog and not tenant.log_archive_dest:
        raise ScenarioError(f"{where}.archivelog needs log_archive_dest")


def _check_table(table: TableSpec, where: str) -> int:
    """Its macroblocks."""
    if not table.name or bool(table.blocks) == (table.rows is not None):
        raise ScenarioError(f"{where} '{table.name}': a table has a name and either blocks or rows")
    if any(not 0 <= n <= TABLET_BLOCKS_MAX for n in table.blocks):
        raise ScenarioError(f"{where}.blocks are numbers from 0 to {TABLET_BLOCKS_MAX}, one a tablet")
    if not 1 <= table.tablets <= TABLETS_MAX:
        raise ScenarioError(f"{where}.tablets is {table.tablets}: allowed are 1 to {TABLETS_MAX}")
    if not 0 <= (table.rows or 0) <= ROWS_MAX:
        raise ScenarioError(f"{where}.rows is {table.rows}: allowed are 0 to {ROWS_MAX}")
    if table.log_stream is not None and not FIRST_LOG_STREAM <= table.log_stream < _LOG_STREAM_END:
        raise ScenarioError(f"{where}.log_stream is a number from {FIRST_LOG_STREAM} on")
    if not ROW_BYTES_MIN <= table.row_bytes <= ROW_BYTES_MAX:
        raise ScenarioError(
            f"{where}.row_bytes is {table.row_bytes}: allowed are {ROW_BYTES_MIN} to {ROW_BYTES_MAX}"
        )
    if not 1 <= table.compression <= _COMPRESSION_MAX:
        raise ScenarioError(f"{where}.compression is {table.compression}: allowed are 1 to {_COMPRESSION_MAX}")
    if not 0 < table.fill <= 1:
        raise ScenarioError(f"{where}.fill is {table.fill}: it is above 0, and 1 for full blocks")
    if table.tablet_size < MACROBLOCK_BYTES:
        raise ScenarioError(f"{where}.tablet_size is {table.tablet_size}: at least a macroblock, {MACROBLOCK_BYTES}")
    if table.rows is None:
        return sum(table.blocks)
    each = RowLayout(table.row_bytes, fill=table.fill).blocks_of(-(-table.rows // table.tablets))
    if each > TABLET_BLOCKS_MAX:
        raise ScenarioError(f"{where}.rows make {each} macroblocks a tablet: allowed are {TABLET_BLOCKS_MAX}")
    return each * table.tablets


def _check_load(load: LoadSpec, where: str) -> None:
    _check_span(f"{where}.length", load.length)
    _check_span(f"{where}.after", load.after)
    if load.every:
        _check_span(f"{where}.every", load.every)


def _check_history(past: HistorySpec, where: str) -> None:
    before_ns = _check_span(f"{where}.before", past.before)
    every_ns = _check_span(f"{where}.every", past.every) if past.every else 0
    if not 1 <= past.times <= _TIMES_MAX:
        raise ScenarioError(f"{where}.times is {past.times}: allowed are 1 to {_TIMES_MAX}")
    if past.times > 1 and not every_ns:
        raise ScenarioError(f"{where}.times is {past.times}: say how often with every")
    if (past.times - 1) * every_ns > before_ns:
        raise ScenarioError(f"{where}.times is {past.times}: the last of them would come after the start")
    if not past.run:
        raise ScenarioError(f"{where}.run is empty: it has one statement or more")


def _check_workload(future: WorkloadSpec, where: str) -> None:
    if not future.run:
        raise ScenarioError(f"{where}.run is empty: it has one statement or more")
    if not future.after and not future.every:
        raise ScenarioError(f"{where}.after says when, or every how often: give one of them")
    if future.after:
        _check_span(f"{where}.after", future.after)
    if future.every and not _check_span(f"{where}.every", future.every):
        raise ScenarioError(f"{where}.every is '{future.every}': an interval is above zero")
