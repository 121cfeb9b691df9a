"""Ordinary parameters: what exists in a version, which values it takes, and what is set.

A value is kept as the text that was typed, as the recorded engine keeps it: '010' stays '010' and counts as octal 8,
' 5' keeps its blank (seekdb-observations.jsonl, groups "alter system set ..." and "extra"). Table of definitions:
`parameter_table.py`; rules of the statement round a value: `statements.md`, "Ordinary parameters".
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from functools import lru_cache
from re import compile as re_compile

from obsim.errors import error
from obsim.ids import TenantId
from obsim.parameter_table import OLDER_ROWS, PARAMETER_ROWS, Row
from obsim.statements import NullValue, ParameterValue
from obsim.units import SECOND_NS, UNIT_NS
from obsim.versions import Version

__all__ = [
    "CAPACITY_UNITS", "PARAMETERS", "Level", "ParameterDef", "ParameterStore", "ParameterView", "check_value",
    "definitions_of", "number_of", "read_time",
]


class Level(Enum):
    """Who a value belongs to: the cluster or one tenant."""

    CLUSTER = "CLUSTER"
    TENANT = "TENANT"


@dataclass(frozen=True, slots=True)
class ParameterDef:
    """One parameter. Bounds and `allowed` are texts in the notation of `kind`; `allowed` holds beside the range."""

    name: str
    level: Level
    kind: str
    """int, time, capacity, bool, string, string list, enum, double, moment or version."""
    default: str
    low: str | None
    high: str | None
    allowed: tuple[str, ...]
    section: str
    info: str
    edit_level: str
    """DYNAMIC_EFFECTIVE, STATIC_EFFECTIVE or READONLY."""
    since: str
    acts: bool
    """Whether obsim behaves otherwise when the value changes; the rest is only kept and shown."""

    @property
    def data_type(self) -> str:
        """The word in the DATA_TYPE column."""
        return _DATA_TYPES.get(self.kind, self.kind.upper())


_DATA_TYPES = {"enum": "STRING", "string list": "STR_LIST"}


def _definition(row: Row) -> ParameterDef:
    name, level, kind, default, low, high, allowed, section, edit_level, since, acts, info = row
    return ParameterDef(name, Level(level), kind, default, low, high, allowed, section, info, edit_level, since, acts)


PARAMETERS: dict[str, ParameterDef] = {row[0]: _definition(row) for row in PARAMETER_ROWS}
"""Every parameter of any version, by name, in the order of SHOW PARAMETERS, as the newest version defines it."""


@lru_cache(maxsize=16)
def definitions_of(version: Version) -> Mapping[str, ParameterDef]:
    """The parameters that `version` has, with the defaults and bounds it has them with."""
    present = {name: d for name, d in PARAMETERS.items() if version.has(d.since)}
    for name, mark, level, default, low, high in OLDER_ROWS:
        if name in present and not version.has(mark):
            present[name] = replace(present[name], level=Level(level), default=default, low=low, high=high)
    for name, definition in present.items():
        if definition.default == "(build)":
            present[name] = replace(definition, default=str(version))
    return present


_SPACE = " \t\n\v\f\r"
_INTEGER = re_compile(r"[+-]?(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)")
_LONG_MAX = 2**63 - 1
_TIME_UNITS = {"": SECOND_NS, **{unit: UNIT_NS[unit] for unit in ("us", "ms", "s", "m", "h", "d")}}
CAPACITY_UNITS = {
    "": 1 << 20, "b": 1, "k": 1 << 10, "kb": 1 << 10, "m": 1 << 20, "mb": 1 << 20, "g": 1 << 30, "gb": 1 << 30,
    "t": 1 << 40, "tb": 1 << 40, "p": 1 << 50, "pb": 1 << 50,
}  # fmt: skip
_TRUE = {"true", "t", "1", "yes", "on"}
_FALSE = {"false", "f", "0", "no", "off"}
_MOMENT = re_compile(r"([0-9]{1,2}):([0-9]{1,2})")
_DOUBLE = re_compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_VERSION = re_compile(r"[0-9]{1,4}(?:\.[0-9]{1,4}){1,3}")


def _leading_integer(text: str) -> tuple[int, str] | None:
    """The integer a text starts with and the rest, by the rules of C's strtol with base 0; None without one."""
    body = text.lstrip(_SPACE)
    match = _INTEGER.match(body)
    if match is None:
        return None
    digits = match.group()
    sign, bare = (-1, digits[1:]) if digits[0] == "-" else (1, digits.removeprefix("+"))
    base = 16 if bare[:2] in {"0x", "0X"} else 8 if bare[0] == "0" else 10
    return sign * min(int(bare, base), _LONG_MAX) if len(bare) < 80 else sign * _LONG_MAX, body[match.end() :]


def _read_int(text: str) -> int | None:
    found = _leading_integer(text)
    return found[0] if found and not found[1] else None


def _read_measure(text: str, units: Mapping[str, int]) -> int | None:
    found = _leading_integer(text)
    if found is None or found[0] < 0:
        return None
    unit = units.get(found[1].lower())
    return None if unit is None else found[0] * unit


def read_time(text: str) -> int | None:
    """Nanoseconds of a time such as `5m` (seconds without a unit), None for what is none."""
    return _read_measure(text, _TIME_UNITS)


def _read_bool(text: str) -> int | None:
    word = text.lower()
    return 1 if word in _TRUE else 0 if word in _FALSE else None


def _read_moment(text: str) -> int | None:
    match = _MOMENT.fullmatch(text)
    if match is None or int(match[1]) > 23 or int(match[2]) > 59:
        return None
    return int(match[1]) * 60 + int(match[2])


# A reader turns text into a number that bounds can be compared with; None means the text is not of the kind.
_READERS: dict[str, Callable[[str], int | float | None]] = {
    "int": _read_int,
    "time": read_time,
    "capacity": lambda text: _read_measure(text, CAPACITY_UNITS),
    "bool": _read_bool,
    "moment": _read_moment,
    "double": lambda text: float(text) if _DOUBLE.fullmatch(text) else None,
    "enum": lambda _text: None,
    "version": lambda text: 0 if _VERSION.fullmatch(text) else None,
    "string": lambda _text: 0,
    "string list": lambda _text: 0,
}


def number_of(definition: ParameterDef, text: str) -> int | float | None:
    """What a text means for its kind; None when it is not of the kind.

    An int as it is, a time in nanoseconds, a capacity in bytes, a bool as 0 or 1, a moment in minutes of the day, any
    text as 0. A time without a unit is in seconds, a capacity without one in MB.
    """
    return _number(definition.kind, text)


@lru_cache(maxsize=1024)
def _number(kind: str, text: str) -> int | float | None:
    return _READERS[kind](text)


def _text_of(value: ParameterValue) -> str:
    """The text a literal is kept as: 5.0 keeps its point, 1e1 arrives as the int it equals."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, NullValue):
        raise error("OB_INVALID_CONFIG")
    return str(value)


def check_value(definition: ParameterDef, value: ParameterValue) -> str:
    """The text under which `value` is stored.

    Raises 4147 for a value that is not of the kind, lies outside the range or belongs to a read-only parameter, and
    4179 for an `archive_lag_target` that is no time, which a checker of its own finds first.
    """
    text = _text_of(value)
    if definition.edit_level == "READONLY":
        raise error("OB_INVALID_CONFIG")
    if definition.allowed and text.lower() in map(str.lower, definition.allowed):
        return text
    number = number_of(definition, text)
    if number is None:
        raise error("OB_OP_NOT_ALLOW" if definition.name == "archive_lag_target" else "OB_INVALID_CONFIG")
    if definition.allowed and any(number == number_of(definition, word) for word in definition.allowed):
        return text
    low = number_of(definition, definition.low) if definition.low is not None else None
    high = number_of(definition, definition.high) if definition.high is not None else None
    if (low is not None and number < low) or (high is not None and number > high):
        raise error("OB_INVALID_CONFIG")
    return text


@dataclass(frozen=True, slots=True)
class ParameterView:
    """One parameter as one tenant sees it; `tenant_id` is None for a parameter of the cluster."""

    definition: ParameterDef
    tenant_id: TenantId | None
    value: str
    is_default: bool


class ParameterStore:
    """Values set in one cluster; what is not set is at its default.

    `tenant_id` None stands for the cluster; a cluster parameter ignores the tenant it is asked for. A name that the
    version does not have raises 5099, a tenant parameter without a tenant ValueError.
    """

    def __init__(self, version: Version, deployed: Mapping[str, str] | None = None) -> None:
        """`deployed`: values the deployment gives, such as zone; they count as defaults, as recorded."""
        present = dict(definitions_of(version))
        for name, text in (deployed or {}).items():
            present[name] = replace(present[name], default=text)
        self.definitions: Mapping[str, ParameterDef] = present
        self._values: dict[tuple[TenantId | None, str], str] = {}
        self._on_servers: dict[tuple[str, TenantId | None, str], str] = {}
        """Server, owner and name -> a text that holds there only."""
        self._numbers: dict[tuple[TenantId | None, str], int] = {}
        """What `get_int` found last, by the tenant asked for and the name."""
        self._changed: dict[tuple[TenantId | None, str], str | None] = {}
        """What was set before, None for nothing, where something else was set or forgotten since `take_changed`."""

    def find(self, name: str) -> ParameterDef:
        """The definition of a name in any letter case; raises 5099."""
        definition = self.definitions.get(name.lower())
        if definition is None:
            raise error("OB_ERR_SYS_CONFIG_UNKNOWN")
        return definition

    def _key(self, definition: ParameterDef, tenant_id: TenantId | None) -> tuple[TenantId | None, str]:
        if definition.level is Level.CLUSTER:
            return None, definition.name
        if tenant_id is None:
            raise ValueError(f"{definition.name} belongs to a tenant: say which")
        return tenant_id, definition.name

    def get(self, name: str, tenant_id: TenantId | None = None) -> str:
        """The text that holds for a tenant."""
        definition = self.find(name)
        return self._values.get(self._key(definition, tenant_id), definition.default)

    def texts_at(self, keys: Iterable[tuple[TenantId | None, str]]) -> list[str | None]:
        """The texts that are set for every server under these keys; None where the default holds."""
        return list(map(self._values.get, keys))

    def get_int(self, name: str, tenant_id: TenantId | None = None) -> int:
        """The number that holds for a tenant: an int, nanoseconds, bytes, or 0 and 1 (`number_of`)."""
        number = self._numbers.get((tenant_id, name))
        if number is None:
            definition = self.find(name)
            found = number_of(definition, self.get(name, tenant_id))
            if found is None:
                raise ValueError(f"{name} has no number")
            number = self._numbers[tenant_id, definition.name] = int(found)
        return number

    def set(self, name: str, tenant_id: TenantId | None, text: str) -> None:
        """Keep a text that `check_value` gave, for every server."""
        key = self._key(self.find(name), tenant_id)
        self._changed.setdefault(key, self._values.get(key))
        self._values[key] = text
        self._forget_number(*key)
        self._forget_servers(*key)

    def set_on(self, servers: Collection[str], name: str, tenant_id: TenantId | None, text: str) -> None:
        """Keep a text for some servers: it is shown there, and nothing acts by it."""
        owner, known = self._key(self.find(name), tenant_id)
        for server in servers:
            self._on_servers[server, owner, known] = text

    def get_on(self, server: str, name: str, tenant_id: TenantId | None = None) -> str:
        """The text that one server shows."""
        owner, known = self._key(self.find(name), tenant_id)
        return self._on_servers.get((server, owner, known), self.get(name, tenant_id))

    def _forget_servers(self, owner: TenantId | None, name: str) -> None:
        if self._on_servers:
            self._on_servers = {k: text for k, text in self._on_servers.items() if k[1:] != (owner, name)}

    def _forget_number(self, owner: TenantId | None, name: str) -> None:
        asked_for = [owner] if owner is not None else [tenant for tenant, known in self._numbers if known == name]
        for tenant_id in asked_for:
            self._numbers.pop((tenant_id, name), None)

    def reset(self, name: str, tenant_id: TenantId | None = None) -> None:
        """Return to the default."""
        key = self._key(self.find(name), tenant_id)
        self._changed.setdefault(key, self._values.pop(key, None))
        self._forget_number(*key)
        self._forget_servers(*key)

    def forget(self, tenant_id: TenantId) -> None:
        """The tenant is gone, and with it all that was set in it."""
        for key in [key for key in self._values if key[0] == tenant_id]:
            self._changed.setdefault(key, self._values.pop(key))
        self._on_servers = {key: text for key, text in self._on_servers.items() if key[1] != tenant_id}
        self._numbers = {key: number for key, number in self._numbers.items() if key[0] != tenant_id}

    def is_default(self, name: str, tenant_id: TenantId | None = None) -> bool:
        """Whether the text equals the default, as ISDEFAULT says: set to the default counts as default."""
        return self.get(name, tenant_id) == self.find(name).default

    def rows(self, tenant_id: TenantId, server: str = "") -> Iterator[ParameterView]:
        """Every parameter as one tenant sees it: its own and those of the cluster, in the order of the table.

        With `server` as it holds there.
        """
        for definition in self.definitions.values():
            owner, name = self._key(definition, tenant_id)
            value = self._values.get((owner, name), definition.default)
            if self._on_servers:
                value = self._on_servers.get((server, owner, name), value)
            yield ParameterView(definition, owner, value, value == definition.default)

    def dump(self) -> list[tuple[TenantId | None, str, str]]:
        """All that is set for every server, in a fixed order: tenant, name, text."""
        return sorted(((t, n, v) for (t, n), v in self._values.items()), key=lambda row: (row[0] or 0, row[1]))

    def take_changed(self) -> dict[tuple[TenantId | None, str], str | None]:
        """Owners and names of what was set or forgotten since the last call, with what was set before, if anything."""
        taken, self._changed = self._changed, {}
        return taken

    def text_set(self, owner: TenantId | None, name: str) -> str | None:
        """What is set for every server, None for nothing."""
        return self._values.get((owner, name))

    def copy(self) -> "ParameterStore":
        """A store with the same values that changes on its own."""
        twin = object.__new__(ParameterStore)
        twin.definitions = self.definitions
        twin._values, twin._on_servers, twin._numbers = dict(self._values), dict(self._on_servers), {}
        twin._changed = dict(self._changed)
        return twin
