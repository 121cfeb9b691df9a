"""Faults on demand: the rules (`fault_rules`) that stand, what each has met, and whether it acts on an occasion.

    CALL obsim.fault('error=OB_BACKUP_DEVICE_OUT_OF_SPACE stage=BACKUP_DATA_MAJOR tenant=mysql_tenant times=1')
    CALL obsim.fault('disconnect=after statement="BACKUP INCREMENTAL"')

Every occasion that fits is counted. The rule acts from the `nth` one on (default 1), `times` times (default without
end), each time with `probability` percent (default 100), drawn from the seed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from obsim.errors import ObsimError, code_of
from obsim.fault_rules import (
    FAULT_KEYS,
    RESTORE_STAGES,
    RULE_LENGTH_MAX,
    STAGES,
    FaultRule,
    parse_rule,
    refused,
)
from obsim.randomness import stream_key
from obsim.statements.matching import holds, is_like, line_of, words_of

__all__ = [
    "FAULT_KEYS", "RULE_LENGTH_MAX", "STAGES", "ConnectionCut", "ConnectionStalled", "Disturber", "Fault", "FaultRule",
    "Faults", "parse_rule",
]  # fmt: skip

_DESTINATION_FAULTS: dict[str, tuple[str, Callable[[str, bool], bool]]] = {
    "full": ("OB_BACKUP_DEVICE_OUT_OF_SPACE", lambda stage, _: stage.startswith("BACKUP_DATA_")),
    "unreachable": ("OB_IO_ERROR", lambda stage, _: stage.startswith("BACKUP_")),
    "corrupt": ("OB_CHECKSUM_ERROR", lambda stage, incremental: incremental and stage == "BACKUP_DATA_MAJOR"),
}
"""State of a destination -> the error that work on it ends with, and of which stages, in an increment or not."""
_STANDING: dict[str, Callable[[FaultRule], bool]] = {
    "rate": lambda rule: bool(rule.rate_bytes_per_s),
    "rows": lambda rule: bool(rule.rows),
    "skew": lambda rule: bool(rule.skew_ns),
}
"""Kinds of rules that others ask for by name."""
_NOT_MASTER = "OB_NOT_MASTER"
FAULTS_MAX = 1_000


class ConnectionCut(ObsimError):
    """A fault has cut the connection: a client of a server sees it end without an answer."""


class ConnectionStalled(ConnectionCut):
    """A fault keeps an answer back: a client of a server waits for it until it gives up."""


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


class Disturber(Protocol):
    """What does to the cluster what rules about servers, leaders, clocks and widths say."""

    def check(self, rule: FaultRule) -> None:
        """Raises 1210 or 1235 for a rule about what the cluster does not have, or obsim not."""

    def may_act(self, rule: FaultRule, server: str) -> bool:
        """Whether a crash or a change of leaders could be done now; `server` is where the work is that wakes it."""

    def act(self, fault: Fault, server: str) -> None:
        """Do it, once whoever asks has done."""


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
    disturber: Disturber | None = None
    check_rows: Callable[[FaultRule], None] | None = None
    """Raises 1210 for a rule about rows of a view or a column that is not there; it is whose the views are, no copy has
    it."""
    of_statements: bool = False
    """Whether a rule is about statements, or may cut clients off: then no kept answer may be given."""
    _given_count: int = 0

    def add(self, rule: FaultRule) -> int:
        """Let a rule act from now on; its number.

        Raises 1210 when there are too many, else as `Disturber.check` and `check_rows`.
        """
        if len(self.rules) >= FAULTS_MAX:
            raise refused(f"there are {FAULTS_MAX} faults, call obsim.clear_faults() first;")
        if self.disturber is not None:
            self.disturber.check(rule)
        if self.check_rows is not None:
            self.check_rows(rule)
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
        self.of_statements = any(fault.rule.of_statements or fault.rule.crash for fault in self.rules)
        self.on_change()
        self.on_rules()

    def clear(self) -> None:
        """Forget all rules; their numbers do not come again."""
        self.rules.clear()
        self._changed()

    def may_fail(self, work: str) -> bool:
        """Whether a rule may still act on that work: archive or cleanup."""
        return any(f.rule.work == work and (f.rule.times is None or f.hit_count < f.rule.times) for f in self.rules)

    def work_code(self, work: str, tenant: str, log_stream_id: int, path: str) -> int:
        """What a log stream's part of that work at a destination ends with: a negative code, or 0."""
        for fault in self._fitting(tenant, path):
            if fault.rule.work != work or fault.rule.log_stream not in {None, log_stream_id}:
                continue
            if self._hits(fault):
                return code_of(fault.rule.error)
        return 0

    def stage_code(
        self, tenant: str, stage: str, log_stream_id: int, server: str, *paths: str, incremental: bool = False
    ) -> int:
        """What an attempt of a log stream's task in a stage ends with: a negative code, 0 where nothing is wrong.

        `paths` are the destinations that it writes to or reads.
        """
        for fault in self._fitting(tenant, *paths):
            rule = fault.rule
            if rule.destination in _DESTINATION_FAULTS:
                symbol, meets = _DESTINATION_FAULTS[rule.destination]
                if meets(stage, incremental) and self._hits(fault):
                    return code_of(symbol)
                continue
            if rule.stage != stage or rule.server not in {"", server} or rule.log_stream not in {None, log_stream_id}:
                continue
            if rule.crash or rule.leader:
                if log_stream_id and self._disturbs(fault, server) and rule.leader and stage not in RESTORE_STAGES:
                    return code_of(_NOT_MASTER)  # what a restore has left to do is begun anew by itself
                continue
            if self._hits(fault):
                return code_of(rule.error)
        return 0

    def _disturbs(self, fault: Fault, server: str) -> bool:
        """Whether a crash or a change of leaders comes of an occasion; one that is impossible now is none."""
        disturber = self.disturber
        if disturber is None or not disturber.may_act(fault.rule, server) or not self._hits(fault):
            return False
        disturber.act(fault, server)
        return True

    def block_arrives_damaged(self, tenant: str, log_stream_id: int, path: str) -> bool:
        """Whether what an attempt at a log stream's major data copies to a destination has a damaged block in it."""
        for fault in self._fitting(tenant, path):
            rule = fault.rule
            if rule.block and rule.log_stream in {None, log_stream_id} and self._hits(fault):
                return True
        return False

    def of_statement(self, tenant: str, text: str) -> FaultRule | None:
        """The rule that hits a statement, given as it prints; what a crash or a change of leaders does happens next."""
        line = line_of(text)
        for fault in self._fitting(tenant):
            rule = fault.rule
            if not rule.of_statements or not holds(line, fault.words):
                continue
            if self._disturbs(fault, "") if rule.crash or rule.leader else self._hits(fault):
                return rule
        return None

    def of_view(self, name: str) -> Iterator[FaultRule]:
        """The rules about a view's rows, in order. A view is filled when somebody looks: nothing is counted."""
        return (fault.rule for fault in self.rules if fault.rule.rows and fault.rule.view in {name.upper(), "*"})

    def standing(self, kind: str) -> Iterator[Fault]:
        """The rules of a kind that lasts: rate, rows or skew."""
        return filter(lambda fault: _STANDING[kind](fault.rule), self.rules)

    def rates(self, tenant: str, path: str) -> list[int]:
        """The widths, in bytes a second, that rules give a tenant's backup destination."""
        return [fault.rule.rate_bytes_per_s for fault in self._fitting(tenant, path) if fault.rule.rate_bytes_per_s]

    @property
    def of_rows(self) -> bool:
        """Whether a rule is about rows of views."""
        return any(self.standing("rows"))

    def _hits(self, fault: Fault) -> bool:
        hit = fault.meets(self.seed)
        self.on_change()
        return hit

    def _fitting(self, tenant: str, *paths: str) -> Iterator[Fault]:
        """The rules about that tenant and, of those about a destination, the ones about one of these."""
        for fault in self.rules:
            rule = fault.rule
            if rule.tenant in {"", tenant} and (not rule.path or any(_is_at(path, rule) for path in paths)):
                yield fault


def _is_at(path: str, rule: FaultRule) -> bool:
    """Whether a destination is the one that a rule names: as a whole, or without what follows `?`."""
    return is_like(path, rule.path) or is_like(path.partition("?")[0], rule.path)
