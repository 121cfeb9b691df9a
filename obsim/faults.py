"""Faults on demand: rules that say where something goes wrong, how often, and what.

    CALL obsim.fault('error=OB_BACKUP_DEVICE_OUT_OF_SPACE stage=BACKUP_DATA_MAJOR tenant=mysql_tenant times=1')
    CALL obsim.fault('disconnect=after statement="BACKUP INCREMENTAL"')

A rule is words `key=value`. With `stage` it is about backups and restores: work of that stage ends with the error, as
if a server had reported it; whether it is tried again is the engine's own affair. `log_stream` says whose work: 0 is
the pass that enters the stage, and where data is copied the building of the index; without it whatever comes first.
With `archive=write` it is about the log archive: what a log stream writes to its destination ends with the error, which
holds the checkpoint back until a write succeeds or, by the kind of error, interrupts the round. With `cleanup=delete`
it is about clean-ups: what deletes a log stream's part of a set or piece ends with the error. With none of these a rule
is about statements: one whose text holds the words of `statement` (`*` stands for anything, letter case does not count,
no `statement` means every one) is refused with the error, or the line is cut before it runs or after it ran, without an
answer. `tenant` is who runs the statement, or whose backup it is. Control statements (CALL obsim...) never fail.

A statement may also be answered late (`latency=2s`, real time), not at all although the line stays open
(`stall=before` it runs or `after`), or with an answer that breaks off after so many bytes (`truncate=20`, then the
line is cut); only a server does these three. `rows=missing`, `doubled` or `wrong` is about a view: its rows are not
there, are there twice, or all have `value` in `column`. `destination=full`, `unreachable` or `corrupt` is about
data_backup_dest: data does not fit (9082), nothing can be read or written (4009, tried again), or the indexes of
earlier sets cannot be read (4103).

A rule with `for=10m` goes by itself when so much virtual time has passed since it was ordered.

Every occasion that fits is counted. The rule acts from the `nth` one on (default 1), `times` times (default without
end), each time with `probability` percent (default 100), drawn from the seed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from shlex import split as split_words
from typing import Literal, cast

from obsim.error_table import ERROR_ROWS
from obsim.errors import ObsimError, ServerError, error
from obsim.randomness import stream_key
from obsim.statements import masked
from obsim.statements.matching import holds, line_of, words_of
from obsim.versions import PROFILES

__all__ = ["FAULT_KEYS", "ConnectionCut", "ConnectionStalled", "Fault", "FaultRule", "Faults", "parse_rule"]

_SYMBOLS = {row[0]: row[0] for row in ERROR_ROWS}
_CODES = {str(-row[1]): row[0] for row in reversed(ERROR_ROWS) if row[1]}
_ERRNOS = {str(row[2]): row[0] for row in reversed(ERROR_ROWS)}
_ERRORS = {**_ERRNOS, **_CODES, **_SYMBOLS}
"""Symbol, OceanBase code or MySQL errno -> symbol; the first row of the table wins where numbers meet."""
_CODE_OF = {row[0]: row[1] for row in ERROR_ROWS}
_ACTIONS: dict[str, frozenset[str]] = {
    "error": frozenset({"statement", "stage", "archive", "cleanup", "server", "log_stream"}),
    "disconnect": frozenset({"statement"}),
    "latency": frozenset({"statement"}),
    "stall": frozenset({"statement"}),
    "truncate": frozenset({"statement"}),
    "rows": frozenset({"view", "column", "value"}),
    "destination": frozenset(),
}
"""What goes wrong -> the keys that say where, beside those that every rule may have."""
_EVERY = ("tenant", "nth", "times", "probability", "for")
FAULT_KEYS = (*dict.fromkeys([*_ACTIONS, *(key for keys in _ACTIONS.values() for key in sorted(keys))]), *_EVERY)
_CHOICES = {
    "disconnect": ("before", "after"),
    "stall": ("before", "after"),
    "rows": ("missing", "doubled", "wrong"),
    "destination": ("full", "unreachable", "corrupt"),
}
_WORK = {"archive": "write", "cleanup": "delete"}
"""What can fail besides backups, and the word that says what of it does."""
_UNIT_NS = {"ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9, "d": 86_400 * 10**9}
TRUNCATE_MAX = 1 << 24
_RESTORE_STAGES = ("RESTORE_TABLETS_META", "RESTORE_MAJOR_DATA")
STAGES = (*dict.fromkeys(stage for profile in PROFILES.values() for stage in profile.task_stages), *_RESTORE_STAGES)
"""Of backups in all versions, and of restores; a stage that a version has not just never comes."""
_DESTINATION_FAULTS: dict[str, tuple[str, Callable[[str, bool], bool]]] = {
    "full": ("OB_BACKUP_DEVICE_OUT_OF_SPACE", lambda stage, _: stage.startswith("BACKUP_DATA_")),
    "unreachable": ("OB_IO_ERROR", lambda stage, _: stage.startswith("BACKUP_")),
    "corrupt": ("OB_CHECKSUM_ERROR", lambda stage, incremental: incremental and stage == "BACKUP_DATA_MAJOR"),
}
"""State of a destination -> the error that work on it ends with, and of which stages, in an increment or not."""
RULE_LENGTH_MAX = 1_000
FAULTS_MAX = 1_000


class ConnectionCut(ObsimError):
    """A fault has cut the connection: a client of a server sees it end without an answer."""


class ConnectionStalled(ConnectionCut):
    """A fault keeps an answer back: a client of a server waits for it until it gives up."""


@dataclass(frozen=True, slots=True)
class FaultRule:
    """One rule. Exactly one of the keys of `_ACTIONS` is set, `error` as a symbol; '' and None stand for "any"."""

    text: str
    """As it was given."""
    error: str = ""
    disconnect: Literal["", "before", "after"] = ""
    statement: str = ""
    stage: str = ""
    work: str = ""
    """Work besides backups that fails: archive or cleanup."""
    tenant: str = ""
    server: str = ""
    log_stream: int | None = None
    nth: int = 1
    times: int | None = None
    probability: int = 100
    """Percent."""
    latency_ns: int = 0
    stall: Literal["", "before", "after"] = ""
    truncate: int | None = None
    """Bytes of the answer that still arrive."""
    rows: str = ""
    view: str = ""
    column: str = ""
    value: str = ""
    destination: str = ""
    for_ns: int | None = None

    @property
    def of_statements(self) -> bool:
        """Whether statements fail by it, and neither work nor views."""
        return not (self.stage or self.work or self.rows or self.destination)


def _refused(why: str) -> ServerError:
    return error("OB_INVALID_ARGUMENT", f"obsim.fault: {why}")


def _number(key: str, value: str, low: int, high: int) -> int:
    if not (value.isascii() and value.isdigit() and low <= int(value[:18]) <= high):
        raise _refused(f"{key} is a whole number from {low} to {high}, not '{value}';")
    return int(value)


def parse_rule(text: str) -> FaultRule:
    """Read `key=value key="two words"`. Raises 1210 that names the key, the rule it broke and what is allowed."""
    if len(text) > RULE_LENGTH_MAX:
        raise _refused(f"a rule has at most {RULE_LENGTH_MAX} characters;")
    try:
        words = split_words(text)
    except ValueError:
        raise _refused("a quote is not closed;") from None
    values: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        key = key.lower()
        if not equals or key not in FAULT_KEYS:
            raise _refused(f"'{key}' is no key, write key=value with {', '.join(FAULT_KEYS)};")
        if key in values or not value:
            raise _refused(f"{key} needs one value;")
        values[key] = value
    return _rule(*_without_secrets(text, values))


def _without_secrets(text: str, values: dict[str, str]) -> tuple[str, dict[str, str]]:
    """Statements are compared as they are shown, with '***' for secrets: a rule that quotes one must not keep it."""
    asked = values.get("statement", "")
    shown = masked(asked)
    if shown == asked:
        return text, values
    values = values | {"statement": shown}
    quoted = {key: value.replace("\\", "\\\\").replace('"', '\\"') for key, value in values.items()}
    return " ".join(f'{key}="{value}"' for key, value in quoted.items()), values


def _rule(text: str, values: dict[str, str]) -> FaultRule:
    actions = [key for key in _ACTIONS if key in values]
    if len(actions) != 1:
        raise _refused(f"say one of {', '.join(f'{key}=...' for key in _ACTIONS)};")
    for key, choices in _CHOICES.items():
        if values.get(key, choices[0]) not in choices:
            raise _refused(f"{key} is {', '.join(choices[:-1])} or {choices[-1]};")
    if actions != ["error"] and (strange := set(values) - _ACTIONS[actions[0]] - {*actions, *_EVERY}):
        own = ", ".join(sorted(_ACTIONS[actions[0]])) or "nothing more"
        raise _refused(f"{min(strange)} does not go with {actions[0]}, which takes {own}, and {', '.join(_EVERY)};")
    if actions == ["rows"] and {"tenant", "nth", "times", "probability"} & set(values):
        raise _refused("rows are wrong for everybody and as long as the rule is there: say for=..., not how often;")
    if actions == ["rows"] and ("view" not in values or ("column" in values) != (values["rows"] == "wrong")):
        raise _refused("rows=missing and rows=doubled go with view=..., rows=wrong with column=... and value=... too;")
    symbol = _error_of(values)
    return FaultRule(
        text, symbol, cast(Literal["", "before", "after"], values.get("disconnect", "")), values.get("statement", ""),
        values.get("stage", "").upper(), next((key for key in _WORK if key in values), ""), values.get("tenant", ""),
        values.get("server", ""),
        _number("log_stream", values["log_stream"], 0, 1 << 40) if "log_stream" in values else None,
        _number("nth", values.get("nth", "1"), 1, 1 << 40),
        _number("times", values["times"], 1, 1 << 40) if "times" in values else None,
        _number("probability", values.get("probability", "100"), 1, 100),
        _span("latency", values["latency"]) if "latency" in values else 0,
        cast(Literal["", "before", "after"], values.get("stall", "")),
        _number("truncate", values["truncate"], 0, TRUNCATE_MAX) if "truncate" in values else None,
        values.get("rows", ""), values.get("view", "").upper(), values.get("column", "").upper(),
        values.get("value", ""), values.get("destination", ""),
        _span("for", values["for"]) if "for" in values else None,
    )  # fmt: skip


def _span(key: str, text: str) -> int:
    """Nanoseconds of '500ms', '2s', '10m'."""
    digits = text.rstrip("abcdefghijklmnopqrstuvwxyz")
    unit = _UNIT_NS.get(text[len(digits) :])
    if unit is None or not digits.isascii() or not digits.isdigit() or len(digits) > 9:
        raise _refused(f"{key} is a span such as 500ms, 2s, 10m or 1h, not '{text}';")
    return int(digits) * unit


def _error_of(values: dict[str, str]) -> str:
    """The symbol of `error`, '' without one; the rules of where errors happen."""
    if "error" not in values:
        return ""
    symbol = _ERRORS.get(values["error"].upper().lstrip("-"), "")
    if not symbol:
        raise _refused(f"'{values['error']}' is no error, give a name, code or errno of OceanBase;")
    of_work = [key for key in ("stage", *_WORK) if key in values]
    if of_work and "statement" in values:
        raise _refused(f"{of_work[0]} goes with error and without statement;")
    if len(of_work) > 1:
        raise _refused(f"say either {of_work[0]}=... or {of_work[1]}=...;")
    for key, word in _WORK.items():
        if values.get(key, word).lower() != word:
            raise _refused(f"{key} is {word}, not '{values[key]}';")
    if values.get("stage", "BACKUP_LOG").upper() not in STAGES:
        raise _refused(f"'{values['stage']}' is no stage, they are {', '.join(STAGES)};")
    if ("server" in values and "stage" not in values) or ("log_stream" in values and not of_work):
        raise _refused("server and log_stream go with stage, log_stream with archive and cleanup too;")
    if {"view", "column", "value"} & set(values):
        raise _refused("view, column and value go with rows;")
    if of_work and not _CODE_OF[symbol]:
        raise _refused(f"'{symbol}' is an error of the protocol, no job ends with it;")
    return symbol


@dataclass(slots=True, eq=False)
class Fault:
    """A rule at work, with what it has met and done so far."""

    fault_id: int
    rule: FaultRule
    words: tuple[str, ...]
    """What the text of a statement has to hold, in this order."""
    seen_count: int = 0
    """Occasions that fitted."""
    hit_count: int = 0

    def meets(self, seed: int) -> bool:
        """Count an occasion that fits; whether the fault happens on it."""
        rule = self.rule
        self.seen_count += 1
        if self.seen_count < rule.nth or (rule.times is not None and self.hit_count >= rule.times):
            return False
        drawn = stream_key(seed, "fault", self.fault_id, self.seen_count) % 100 if rule.probability < 100 else 0
        if drawn >= rule.probability:
            return False
        self.hit_count += 1
        return True


@dataclass(slots=True, eq=False)
class Faults:
    """The rules of a cluster, in order: the first one that hits an occasion decides, and later ones do not see it."""

    seed: int
    rules: list[Fault] = field(default_factory=list)
    on_change: Callable[[], None] = field(default=lambda: None)
    """Told when a rule came, went or counted."""
    on_rules: Callable[[], None] = field(default=lambda: None)
    """Told when a rule came or went."""
    on_order: Callable[["Fault"], None] = field(default=lambda _fault: None)
    """Told of a rule that came."""
    of_statements: bool = False
    """Whether a rule is about statements: then no kept answer may be given."""
    _given_count: int = 0

    def add(self, rule: FaultRule) -> int:
        """Let a rule act from now on; its number. Raises 1210 when there are too many."""
        if len(self.rules) >= FAULTS_MAX:
            raise _refused(f"there are {FAULTS_MAX} faults, call obsim.clear_faults() first;")
        self._given_count += 1
        fault = Fault(self._given_count, rule, words_of(rule.statement))
        self.rules.append(fault)
        self._changed()
        self.on_order(fault)
        return self._given_count

    def end(self, fault_id: int) -> None:
        """A rule's time is over; one that has gone already is no error."""
        self.rules = [fault for fault in self.rules if fault.fault_id != fault_id]
        self._changed()

    def _changed(self) -> None:
        self.of_statements = any(fault.rule.of_statements for fault in self.rules)
        self.on_change()
        self.on_rules()

    def clear(self) -> None:
        """Forget all rules; their numbers do not come again."""
        self.rules.clear()
        self._changed()

    def may_fail(self, work: str) -> bool:
        """Whether a rule may still act on that work: archive or cleanup."""
        return any(f.rule.work == work and (f.rule.times is None or f.hit_count < f.rule.times) for f in self.rules)

    def work_code(self, work: str, tenant: str, log_stream_id: int) -> int:
        """What a log stream's part of that work ends with: a negative code, 0 where nothing is wrong."""
        for fault in self._fitting(tenant):
            if fault.rule.work != work or fault.rule.log_stream not in {None, log_stream_id}:
                continue
            if self._hits(fault):
                return _CODE_OF[fault.rule.error]
        return 0

    def stage_code(
        self, tenant: str, stage: str, log_stream_id: int, server: str, *, incremental: bool = False
    ) -> int:
        """What an attempt of a log stream's task in a stage ends with: a negative code, 0 where nothing is wrong."""
        for fault in self._fitting(tenant):
            rule = fault.rule
            if rule.destination:
                symbol, meets = _DESTINATION_FAULTS[rule.destination]
                if meets(stage, incremental) and self._hits(fault):
                    return _CODE_OF[symbol]
                continue
            if rule.stage != stage or rule.server not in {"", server} or rule.log_stream not in {None, log_stream_id}:
                continue
            if self._hits(fault):
                return _CODE_OF[rule.error]
        return 0

    def of_statement(self, tenant: str, text: str) -> FaultRule | None:
        """The rule that hits a statement, given as it prints."""
        line = line_of(text)
        for fault in self._fitting(tenant):
            if not fault.rule.of_statements or not holds(line, fault.words):
                continue
            if self._hits(fault):
                return fault.rule
        return None

    def of_view(self, name: str) -> Iterator[FaultRule]:
        """The rules about a view's rows, in order. A view is filled when somebody looks: nothing is counted."""
        return (fault.rule for fault in self.rules if fault.rule.rows and fault.rule.view in {name.upper(), "*"})

    @property
    def of_rows(self) -> bool:
        """Whether a rule is about rows of views."""
        return any(fault.rule.rows for fault in self.rules)

    def _hits(self, fault: Fault) -> bool:
        hit = fault.meets(self.seed)
        self.on_change()
        return hit

    def _fitting(self, tenant: str) -> Iterator[Fault]:
        return (fault for fault in self.rules if fault.rule.tenant in {"", tenant})
