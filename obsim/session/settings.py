"""The system variables of one session, over the global ones of its tenant."""

from collections.abc import Callable, Hashable

from obsim.answers import Value
from obsim.variables import (
    ALIASES,
    VARIABLES,
    ServerFacts,
    Variable,
    accepted,
    check_settable,
    codec_of,
    with_companion,
    zone_offset_s,
)

__all__ = ["GlobalSettings", "SessionSettings"]


class GlobalSettings:
    """Global values of one tenant: what SET GLOBAL changed, over the table's defaults."""

    def __init__(self, facts: Callable[[], ServerFacts], mode: str, changed: dict[str, Value] | None = None) -> None:
        """`facts` is asked each time: a server knows its port only once it listens. `changed` is the tenant's own."""
        self._facts = facts
        self._mode = mode
        self.changed: dict[str, Value] = {} if changed is None else changed
        self.change_count = 0

    def value(self, variable: Variable) -> Value:
        """The global value, for a variable without one its default."""
        name = ALIASES.get(variable.name, variable.name)
        if name in self.changed:
            return self.changed[name]
        return self.default(variable)

    def default(self, variable: Variable) -> Value:
        """The value before anybody set one."""
        if not variable.computed:
            return variable.default
        if variable.default == "#ob_compatibility_mode":
            return self._mode
        return self._facts().value(str(variable.default))

    def assign(self, variable: Variable, value: Value) -> str | None:
        """SET GLOBAL; gives the text of warning 1292 when the value was cut to its range, raises as `accepted`."""
        check_settable(variable, "global")
        kept, warning = accepted(variable, value)
        self.changed.update(with_companion(variable, kept))
        self.change_count += 1
        return warning

    def restore(self, changed: dict[str, Value]) -> None:
        """Undo a SET that failed half way."""
        self.changed.clear()
        self.changed.update(changed)

    def assign_default(self, variable: Variable) -> None:
        """SET GLOBAL x = DEFAULT: as if nobody had ever set it."""
        check_settable(variable, "global")
        self.changed.pop(ALIASES.get(variable.name, variable.name), None)
        self.change_count += 1


class SessionSettings:
    """Session values: the global ones as they were at the login, and what SET changed since."""

    def __init__(self, globals_: GlobalSettings, moving: dict[str, Callable[[], Value]]) -> None:
        """`moving` answers for the variables whose value the session counts: warnings, the time."""
        self.globals = globals_
        self._moving = moving
        self._values = dict(globals_.changed)
        self._derive()

    def _derive(self) -> None:
        """What the hot path asks for, kept ready."""
        self.key: tuple[Hashable, ...] = tuple((name, self._values[name]) for name in sorted(self._values))
        self.offset_s = zone_offset_s(str(self.get("time_zone")))
        self.codec = codec_of(self.get("character_set_results"))
        self.autocommit = bool(self.get("autocommit"))

    def get(self, name: str) -> Value:
        """The session's value of a variable of the table."""
        variable = VARIABLES[name]
        key = ALIASES.get(name, name)
        if key in self._values:
            return self._values[key]
        if key in self._moving:
            return self._moving[key]()
        return self.globals.default(variable)

    def read(self, variable: Variable, scope: str) -> Value:
        """What a query or SHOW sees: `global`, or the session's value where there is one."""
        if variable.scope == "global" or (scope == "global" and variable.scope != "session"):
            return self.globals.value(variable)
        return self.get(variable.name)

    def snapshot(self) -> dict[str, Value]:
        """The session's values, for `restore`."""
        return dict(self._values)

    def restore(self, values: dict[str, Value]) -> None:
        """Undo a SET that failed half way."""
        self._values = values
        self._derive()

    def assign(self, variable: Variable, value: Value) -> str | None:
        """SET SESSION; gives the text of warning 1292 when the value was cut to its range, raises as `accepted`."""
        check_settable(variable, "session")
        kept, warning = accepted(variable, value)
        self._values.update(with_companion(variable, kept))
        self._derive()
        return warning

    def assign_default(self, variable: Variable) -> None:
        """SET SESSION x = DEFAULT: back to the global value."""
        check_settable(variable, "session")
        name = ALIASES.get(variable.name, variable.name)
        if name in self.globals.changed:
            self._values[name] = self.globals.changed[name]
        else:
            self._values.pop(name, None)
        self._derive()

    def name_character_set(self, name: str, collation_name: str) -> None:
        """What SET NAMES and a greeting do: client, connection and results speak one character set."""
        for part in ("client", "connection", "results"):
            self._values[f"character_set_{part}"] = name
        self._values["collation_connection"] = collation_name
        self._derive()

    def name_database(self) -> None:
        """A change of database: ours are all utf8mb4."""
        self._values.pop("character_set_database", None)
        self._values.pop("collation_database", None)
        self._derive()
