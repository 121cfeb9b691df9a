"""What a fault may say: words `key=value` that name what goes wrong, where, and how often.

    error=OB_BACKUP_DEVICE_OUT_OF_SPACE stage=BACKUP_DATA_MAJOR tenant=mysql_tenant times=1
    crash=10.0.1.1:2882 down=2m

With `stage` an error is about backups and restores: work of that stage ends with it, as if a server had reported it;
whether it is tried again is the engine's own affair. `log_stream` says whose work: 0 is the pass that enters the
stage, and where data is copied the building of the index; without it whatever comes first. With `archive=write` it is
about the log archive: what a log stream writes to its destination ends with the error, which holds the checkpoint back
until a write succeeds or, by the kind of error, interrupts the round. With `cleanup=delete` it is about clean-ups:
what deletes a log stream's part of a set or piece ends with the error. With none of these a rule is about statements:
one whose text holds the words of `statement` (`*` stands for anything, letter case does not count, no `statement`
means every one) is refused with the error, or the line is cut before it runs or after it ran, without an answer.
`tenant` is who runs the statement, or whose backup it is. Control statements (CALL obsim...) never fail.

A statement may also be answered late (`latency=2s`, real time), not at all although the line stays open
(`stall=before` it runs or `after`), or with an answer that breaks off after so many bytes (`truncate=20`, then the
line is cut); only a server does these three. `rows=missing`, `doubled` or `wrong` is about a view: its rows are not
there, are there twice, or all have `value` in `column`. `destination=full`, `unreachable`, `corrupt` or `slow` is about
data_backup_dest: data does not fit (9082), nothing can be read or written (4009, tried again), the indexes of earlier
sets cannot be read (4103), or no more than `rate` bytes a second get there. `block=corrupt`: a block of the major data
arrives damaged, which nobody notices before a restore reads it (4103). `path` says of which destination a rule is
that has to do with one, as views print it (`*` stands for anything).

`crash` takes a server away, by its address, the one with the root service (`root`) or the one at work (`worker`), for
`down` or as long as the rule stands. `leader` moves the leaders of a tenant, or that of one `log_stream`, to a server
or to the `next` one. Both happen when the rule is given, or with `stage` when work of that stage begins, in a restore
when it ends (of that log stream, where one is named), with `statement` when such a one has run.
`skew=-250ms` sets the clock of a server apart from the others' as long as the rule stands.

A rule with `for=10m` goes by itself when so much virtual time has passed since it was ordered.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from shlex import split as split_words
from typing import Literal, cast

from obsim.error_table import ERROR_ROWS
from obsim.errors import ServerError, code_of, error
from obsim.parameters import CAPACITY_UNITS
from obsim.statements import masked
from obsim.units import HOUR_NS, UNIT_NS
from obsim.versions import PROFILES

__all__ = ["FAULT_KEYS", "RESTORE_STAGES", "STAGES", "FaultRule", "parse_rule", "refused"]

_SYMBOLS = {row[0]: row[0] for row in ERROR_ROWS}
_CODES = {str(-row[1]): row[0] for row in reversed(ERROR_ROWS) if row[1]}
_ERRNOS = {str(row[2]): row[0] for row in reversed(ERROR_ROWS)}
_ERRORS = {**_ERRNOS, **_CODES, **_SYMBOLS}
"""Symbol, OceanBase code or MySQL errno -> symbol; the first row of the table wins where numbers meet."""
_ACTIONS: dict[str, frozenset[str]] = {
    "error": frozenset({"statement", "stage", "archive", "cleanup", "server", "log_stream", "path"}),
    "disconnect": frozenset({"statement"}),
    "latency": frozenset({"statement"}),
    "stall": frozenset({"statement"}),
    "truncate": frozenset({"statement"}),
    "rows": frozenset({"view", "column", "value"}),
    "destination": frozenset({"rate", "path"}),
    "block": frozenset({"log_stream", "path"}),
    "crash": frozenset({"statement", "stage", "down"}),
    "leader": frozenset({"statement", "stage", "log_stream"}),
    "skew": frozenset({"server"}),
}
"""What goes wrong -> the keys that say where, beside those that every rule may have."""
_EVERY = ("tenant", "nth", "times", "probability", "for")
_HOW_OFTEN = frozenset({"nth", "times", "probability"})
FAULT_KEYS = (*dict.fromkeys([*_ACTIONS, *(key for keys in _ACTIONS.values() for key in sorted(keys))]), *_EVERY)
_CHOICES = {
    "disconnect": ("before", "after"),
    "stall": ("before", "after"),
    "rows": ("missing", "doubled", "wrong"),
    "destination": ("full", "unreachable", "corrupt", "slow"),
    "block": ("corrupt",),
}
_WORK = {"archive": "write", "cleanup": "delete"}
"""What can fail besides backups, and the word that says what of it does."""
_SPANS_NS = {unit: UNIT_NS[unit] for unit in ("ms", "s", "m", "h", "d")}
TRUNCATE_MAX = 1 << 24
RESTORE_STAGES = ("RESTORE_TABLETS_META", "RESTORE_MAJOR_DATA")
STAGES = (*dict.fromkeys(stage for profile in PROFILES.values() for stage in profile.task_stages), *RESTORE_STAGES)
"""Of backups in all versions, and of restores; a stage that a version has not just never comes."""
RULE_LENGTH_MAX = 1_000


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
    rate_bytes_per_s: int = 0
    block: str = ""
    crash: str = ""
    """Address of a server, `root` or `worker`."""
    down_ns: int | None = None
    leader: str = ""
    """Address of a server, or `next`."""
    skew_ns: int = 0
    path: str = ""
    """PATH of a destination, with `?host=` or without; `*` stands for anything."""

    @property
    def triggered(self) -> bool:
        """Whether it waits for work of a stage or for a statement."""
        return bool(self.stage or self.statement)

    @property
    def of_statements(self) -> bool:
        """Whether statements fail by it, or wake it."""
        if self.crash or self.leader:
            return bool(self.statement)
        return not (self.stage or self.work or self.rows or self.destination or self.block or self.skew_ns)


def refused(why: str) -> ServerError:
    """1210 for a rule."""
    return error("OB_INVALID_ARGUMENT", f"obsim.fault: {why}")


def _number(key: str, value: str, low: int, high: int) -> int:
    if not (value.isascii() and value.isdigit() and low <= int(value[:18]) <= high):
        raise refused(f"{key} is a whole number from {low} to {high}, not '{value}';")
    return int(value)


def parse_rule(text: str) -> FaultRule:
    """Read `key=value key="two words"`. Raises 1210 that names the key, the rule it broke and what is allowed."""
    if len(text) > RULE_LENGTH_MAX:
        raise refused(f"a rule has at most {RULE_LENGTH_MAX} characters;")
    try:
        words = split_words(text)
    except ValueError:
        raise refused("a quote is not closed;") from None
    values: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        key = key.lower()
        if not equals or key not in FAULT_KEYS:
            raise refused(f"'{key}' is no key, write key=value with {', '.join(FAULT_KEYS)};")
        if key in values or not value:
            raise refused(f"{key} needs one value;")
        values[key] = value
    _check_keys(values)
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


def _check_keys(values: Mapping[str, str]) -> None:
    """Which keys go together."""
    actions = [key for key in _ACTIONS if key in values]
    if len(actions) != 1:
        raise refused(f"say one of {', '.join(f'{key}=...' for key in _ACTIONS)};")
    for key, choices in _CHOICES.items():
        if values.get(key, choices[0]) not in choices:
            raise refused(f"{key} is {' or '.join(filter(None, (', '.join(choices[:-1]), choices[-1])))};")
    (action,) = actions
    if action != "error" and (strange := set(values) - _ACTIONS[action] - {action, *_EVERY}):
        own = ", ".join(sorted(_ACTIONS[action])) or "nothing more"
        raise refused(f"{min(strange)} does not go with {action}, which takes {own}, and {', '.join(_EVERY)};")
    if values.get("stage", "BACKUP_LOG").upper() not in STAGES:
        raise refused(f"'{values['stage']}' is no stage, they are {', '.join(STAGES)};")
    if action == "rows" and (_HOW_OFTEN | {"tenant"}) & set(values):
        raise refused("rows are wrong for everybody and as long as the rule is there: say for=..., not how often;")
    wrong = values.get("rows") == "wrong"
    if action == "rows" and ("view" not in values or any((key in values) != wrong for key in ("column", "value"))):
        raise refused("rows=missing and rows=doubled go with view=..., rows=wrong with column=... and value=... too;")
    if "access_" in values.get("path", "").partition("?")[2].lower():
        raise refused("path is a destination as views print it, without keys;")
    _check_standing(action, values)


def _check_standing(action: str, values: Mapping[str, str]) -> None:
    """The rules that act as long as they stand, or when they are given."""
    slow = values.get("destination") == "slow"
    if action == "destination" and slow != ("rate" in values):
        raise refused("destination=slow goes with rate=..., bytes a second as 2M, and no other destination does;")
    if action == "skew" and ("server" not in values or "tenant" in values):
        raise refused("skew goes with server=..., and is of no tenant;")
    if action != "error" and {"stage", "statement"} <= set(values):
        raise refused("say either stage=... or statement=...;")
    if values.get("crash") == "worker" and "stage" not in values:
        raise refused("crash=worker goes with stage=...: the server that works at it;")
    if action == "leader" and "tenant" not in values:
        raise refused("leader goes with tenant=...: whose leaders move;")
    if action == "leader" and values.get("log_stream", "1").strip("0") == "":
        raise refused("log_stream is the number of a log stream that has a leader, not 0;")
    at_once = action in {"crash", "leader"} and not {"stage", "statement"} & set(values)
    if (slow or at_once or action == "skew") and _HOW_OFTEN & set(values):
        raise refused(f"{action} happens once and lasts: say for=..., not how often;")
    if at_once and action == "crash" and "tenant" in values:
        raise refused("tenant goes with a crash that waits for a stage or a statement;")


def _rule(text: str, values: Mapping[str, str]) -> FaultRule:
    get = values.get
    return FaultRule(
        text, _error_of(values), cast(Literal["", "before", "after"], get("disconnect", "")), get("statement", ""),
        get("stage", "").upper(), next((key for key in _WORK if key in values), ""), get("tenant", ""),
        get("server", ""),
        _number("log_stream", values["log_stream"], 0, 1 << 40) if "log_stream" in values else None,
        _number("nth", get("nth", "1"), 1, 1 << 40),
        _number("times", values["times"], 1, 1 << 40) if "times" in values else None,
        _number("probability", get("probability", "100"), 1, 100),
        _span("latency", values["latency"]) if "latency" in values else 0,
        cast(Literal["", "before", "after"], get("stall", "")),
        _number("truncate", values["truncate"], 0, TRUNCATE_MAX) if "truncate" in values else None,
        get("rows", ""), get("view", "").upper().rpartition(".")[2], get("column", "").upper(), get("value", ""),
        get("destination", ""),
        _span("for", values["for"]) if "for" in values else None,
        _rate(values["rate"]) if "rate" in values else 0, get("block", ""), _server("crash", get("crash", "")),
        _span("down", values["down"]) if "down" in values else None, _server("leader", get("leader", "")),
        _skew(values["skew"]) if "skew" in values else 0, get("path", ""),
    )  # fmt: skip


def _span(key: str, text: str) -> int:
    """Nanoseconds of '500ms', '2s', '10m'."""
    digits = text.rstrip("abcdefghijklmnopqrstuvwxyz")
    unit = _SPANS_NS.get(text[len(digits) :])
    if unit is None or not digits.isascii() or not digits.isdigit() or len(digits) > 9:
        raise refused(f"{key} is a span such as 500ms, 2s, 10m or 1h, not '{text}';")
    return int(digits) * unit


def _skew(text: str) -> int:
    """Nanoseconds of '250ms' or '-2s'."""
    sign = -1 if text.startswith("-") else 1
    skew_ns = sign * _span("skew", text.removeprefix("-").removeprefix("+"))
    if not 0 < abs(skew_ns) <= HOUR_NS:
        raise refused(f"skew is more than nothing and at most 1h, not '{text}';")
    return skew_ns


def _rate(text: str) -> int:
    """Bytes a second of '2M'."""
    digits = text.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    unit = CAPACITY_UNITS.get(text[len(digits) :].lower())
    if unit is None or not (digits.isascii() and digits.isdigit()) or len(digits) > 12 or not int(digits):
        raise refused(f"rate is bytes a second such as 500K, 2M or 1G, not '{text}';")
    return int(digits) * unit


def _server(key: str, text: str) -> str:
    """The address of a server as `ip:port`, or a word that stands for one."""
    words = {"crash": ("root", "worker"), "leader": ("next",)}[key]
    if text and ":" not in text and text.lower() not in words:
        raise refused(f"{key} is the address of a server as ip:port, or {' or '.join(words)}, not '{text}';")
    return text if ":" in text else text.lower()


def _error_of(values: Mapping[str, str]) -> str:
    """The symbol of `error`, '' without one; the rules of where errors happen."""
    if "error" not in values:
        return ""
    symbol = _ERRORS.get(values["error"].upper().lstrip("-"), "")
    if not symbol:
        raise refused(f"'{values['error']}' is no error, give a name, code or errno of OceanBase;")
    of_work = [key for key in ("stage", *_WORK) if key in values]
    if of_work and "statement" in values:
        raise refused(f"{of_work[0]} goes with error and without statement;")
    if len(of_work) > 1:
        raise refused(f"say either {of_work[0]}=... or {of_work[1]}=...;")
    for key, word in _WORK.items():
        if values.get(key, word).lower() != word:
            raise refused(f"{key} is {word}, not '{values[key]}';")
    if ("server" in values and "stage" not in values) or ({"log_stream", "path"} & set(values) and not of_work):
        raise refused("server, log_stream and path go with stage, the last two with archive and cleanup too;")
    if {"view", "column", "value"} & set(values):
        raise refused("view, column and value go with rows;")
    if {"rate", "down"} & set(values):
        raise refused("rate goes with destination=slow, down with crash;")
    if of_work and not code_of(symbol):
        raise refused(f"'{symbol}' is an error of the protocol, no job ends with it;")
    return symbol
