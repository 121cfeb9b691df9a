"""System variables: what a name stands for, what a value may be, and where values live.

A tenant has global values, a session copies them when it opens and changes its own. The table itself is
`obsim.variable_table`. Errors: 1193 unknown, 1228, 1229 and 1238 wrong scope or read-only, 1231 wrong value, 1232 wrong
type, 1298 time zone, 1115 and 1273 character sets (clients.md 3; recorded group `identity`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from re import ASCII
from re import compile as re_compile

from obsim.answers import Value
from obsim.charsets import CHARACTER_SETS, character_set, collation
from obsim.errors import ServerError, error
from obsim.variable_table import SQL_MODES, VARIABLE_ROWS, Bounds

__all__ = [
    "ALIASES", "LINKED", "VARIABLES", "ServerFacts", "Variable", "accepted", "check_readable", "check_settable",
    "codec_of", "find_variable", "shown", "with_companion", "zone_offset_s",
]

_ZONE = re_compile(r"([+-])(\d{1,2}):(\d{2})", ASCII)
_ZONE_MINUTES_MIN, _ZONE_MINUTES_MAX = -(12 * 60 + 59), 14 * 60
SYSTEM_ZONE_OFFSET_S = 28_800
_SWITCH = {"ON": 1, "OFF": 0, "TRUE": 1, "FALSE": 0}


@dataclass(frozen=True, slots=True)
class Variable:
    """One system variable; the words are explained in `obsim.variable_table`."""

    name: str
    kind: str
    default: Value
    scope: str
    bounds: Bounds

    @property
    def computed(self) -> bool:
        """Whether the default depends on the server or the session."""
        return isinstance(self.default, str) and self.default.startswith("#")


VARIABLES: dict[str, Variable] = {row[0]: Variable(*row) for row in VARIABLE_ROWS}

ALIASES = {
    "tx_isolation": "transaction_isolation", "tx_read_only": "transaction_read_only", "identity": "last_insert_id",
}
"""Two names of one value."""

LINKED = {
    "character_set_connection": "collation_connection",
    "character_set_database": "collation_database",
    "character_set_server": "collation_server",
}
"""A character set and its collation change together."""
_CHARACTER_SET_OF = {collation_name: charset_name for charset_name, collation_name in LINKED.items()}


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What computed variables say about the server: set by whoever opens a port, plain in process."""

    version: str
    server_version: str
    hostname: str = "localhost"
    port: int = 2881
    max_allowed_packet: int = 16_777_216
    max_connections: int = 1000
    tls: bool = False
    server_uuid: str = "6f627369-6d00-11ee-8000-000000000001"

    def value(self, name: str) -> Value:
        """The computed default `#name`, as far as it is the server's."""
        match name:
            case "#version":
                return self.server_version
            case "#version_comment":
                return f"OceanBase_CE {self.version} (r1-6f6273696d) (Built Jan  1 2024 00:00:00)"
            case "#ob_version":
                return self.version
            case "#have_ssl":
                return "YES" if self.tls else "DISABLED"
            case _:
                value: Value = getattr(self, name[1:])
                return value


def find_variable(name: str) -> Variable:
    """The variable of a name in any letter case; raises 1193 with the name as written."""
    found = VARIABLES.get(name.lower())
    if found is None:
        raise error("OB_ERR_SYS_VARIABLE_UNKNOWN", name)
    return found


def _scope_error(errno: int, text: str) -> ServerError:
    return ServerError(errno, "HY000", text, name="OB_ERR_INCORRECT_GLOBAL_LOCAL_VAR", code=-5103)


def check_readable(variable: Variable, scope: str) -> None:
    """Raise 1238 when a query asks for a scope (`session`, `global` or `''` for either) that the variable has not."""
    if scope == "global" and variable.scope == "session":
        raise _scope_error(1238, f"Variable '{variable.name}' is a SESSION variable")
    if scope == "session" and variable.scope == "global":
        raise _scope_error(1238, f"Variable '{variable.name}' is a GLOBAL variable")


def check_settable(variable: Variable, scope: str) -> None:
    """Raise 1238, 1228, 1229 or 1621 when SET may not change the variable in this scope (`session` or `global`)."""
    if variable.scope == "fixed" or variable.name in {"error_count", "warning_count"}:
        raise _scope_error(1238, f"Variable '{variable.name}' is a read only variable")
    if scope == "global" and variable.scope == "session":
        raise _scope_error(1228, f"Variable '{variable.name}' is a SESSION variable and can't be used with SET GLOBAL")
    if scope == "session" and variable.scope == "global":
        raise _scope_error(1229, f"Variable '{variable.name}' is a GLOBAL variable and should be set with SET GLOBAL")
    if scope == "session" and variable.scope == "global_set":
        raise _scope_error(
            1621, f"SESSION variable '{variable.name}' is read-only. Use SET GLOBAL to assign the value"
        )


def _wrong_value(variable: Variable, value: Value) -> ServerError:
    shown_value = "NULL" if value is None else value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    return error("OB_ERR_WRONG_VALUE_FOR_VAR", variable.name, shown_value)


def accepted(variable: Variable, value: Value) -> tuple[Value, str | None]:
    """The value as kept, and the text of warning 1292 when a number had to be cut to the variable's range.

    Raises 1231 for a value outside the variable's words, 1232 for the wrong type, 1115, 1273 and 1298 for names.
    """
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if variable.kind == "int":
        return _number(variable, value)
    match variable.kind:
        case "bool":
            return _switch(variable, value), None
        case "choice":
            return _choice(variable, value), None
        case "charset" | "charset_null":
            return _character_set_name(variable, value), None
        case "collation":
            return collation(_word(variable, value)).name, None
        case "zone":
            return _zone(value), None
        case "modes":
            return _modes(variable, value), None
        case _:
            return _word(variable, value), None


def with_companion(variable: Variable, kept: Value) -> Iterator[tuple[str, Value]]:
    """The value under its main name, and that of the character set or collation that follows it."""
    yield ALIASES.get(variable.name, variable.name), kept
    if variable.name in LINKED and isinstance(kept, str):
        yield LINKED[variable.name], CHARACTER_SETS[kept].default_collation
    if variable.name in _CHARACTER_SET_OF and isinstance(kept, str):
        yield _CHARACTER_SET_OF[variable.name], collation(kept).character_set


def _word(variable: Variable, value: Value) -> str:
    if value is None:
        raise _wrong_value(variable, value)
    if not isinstance(value, str):
        raise error("OB_ERR_WRONG_TYPE_FOR_VAR", variable.name)
    return value


def _number(variable: Variable, value: Value) -> tuple[int, str | None]:
    if not isinstance(value, int):
        raise error("OB_ERR_WRONG_TYPE_FOR_VAR", variable.name)
    low, high = variable.bounds or (0, 2**63 - 1)
    assert isinstance(low, int)  # numbers are bounded by numbers
    assert isinstance(high, int)
    kept = min(max(value, low), high)
    return kept, None if kept == value else f"Truncated incorrect {variable.name} value: '{value}'"


def _switch(variable: Variable, value: Value) -> int:
    if isinstance(value, str) and value.upper() in _SWITCH:
        return _SWITCH[value.upper()]
    if isinstance(value, float):
        raise error("OB_ERR_WRONG_TYPE_FOR_VAR", variable.name)
    if value in {0, 1} and isinstance(value, int):
        return int(value)
    raise _wrong_value(variable, value)


def _choice(variable: Variable, value: Value) -> str:
    words = tuple(str(word) for word in variable.bounds or ())
    if isinstance(value, int) and 0 <= value < len(words):
        return words[value]
    if isinstance(value, float):
        raise error("OB_ERR_WRONG_TYPE_FOR_VAR", variable.name)
    for word in words:
        if isinstance(value, str) and word.upper() == value.upper():
            return word
    raise _wrong_value(variable, value)


def _character_set_name(variable: Variable, value: Value) -> str | None:
    if value is None and variable.kind == "charset_null":
        return None
    return character_set(_word(variable, value)).name


def _zone(value: Value) -> str:
    if isinstance(value, str):
        if value.upper() == "SYSTEM":
            return "SYSTEM"
        minutes = _zone_minutes(value)
        if minutes is not None:
            return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
    raise error("OB_ERR_UNKNOWN_TIME_ZONE", "NULL" if value is None else value)


def _zone_minutes(text: str) -> int | None:
    match = _ZONE.fullmatch(text.strip())
    if match is None or int(match[3]) >= 60:
        return None
    minutes = int(match[2]) * 60 + int(match[3])
    minutes = -minutes if match[1] == "-" else minutes
    return minutes if _ZONE_MINUTES_MIN <= minutes <= _ZONE_MINUTES_MAX else None


def zone_offset_s(zone: str) -> int:
    """Seconds east of UTC of a kept `time_zone` value; SYSTEM is +08:00, as nothing of the host may reach an answer."""
    minutes = _zone_minutes(zone)
    return SYSTEM_ZONE_OFFSET_S if minutes is None else minutes * 60


_COMBINED_MODES = {
    "ANSI": ("REAL_AS_FLOAT", "PIPES_AS_CONCAT", "ANSI_QUOTES", "IGNORE_SPACE", "ONLY_FULL_GROUP_BY"),
    "TRADITIONAL": (
        "STRICT_TRANS_TABLES", "STRICT_ALL_TABLES", "NO_ZERO_IN_DATE", "NO_ZERO_DATE", "ERROR_FOR_DIVISION_BY_ZERO",
        "NO_AUTO_CREATE_USER", "NO_ENGINE_SUBSTITUTION",
    ),
}


def _modes(variable: Variable, value: Value) -> str:
    if isinstance(value, int):
        if not 0 <= value < 1 << len(SQL_MODES):
            raise _wrong_value(variable, value)
        words = {word for bit, word in enumerate(SQL_MODES) if value >> bit & 1}
    else:
        words = {word.strip().upper() for word in _word(variable, value).split(",")} - {""}
    for word in sorted(words):
        if word not in SQL_MODES:
            raise _wrong_value(variable, word)
        words.update(_COMBINED_MODES.get(word, ()))
    return ",".join(word for word in SQL_MODES if word in words)


def shown(variable: Variable, value: Value) -> str:
    """A value as SHOW VARIABLES prints it: always text, ON and OFF for switches, '' for NULL."""
    if value is None:
        return ""
    if variable.kind == "bool":
        return "ON" if value else "OFF"
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def codec_of(name: Value) -> str:
    """Python's name of the encoding that results in this character set use; utf-8 for NULL and binary."""
    return CHARACTER_SETS[name].codec if isinstance(name, str) else "utf-8"
