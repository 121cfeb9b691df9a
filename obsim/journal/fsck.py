"""Whether a data directory is whole, and whether its journal leads where it says."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from obsim.cluster.moments import Astray, come_to
from obsim.errors import ScenarioError, UsageError
from obsim.journal.directory import DataDirectory
from obsim.journal.export import reaches_of
from obsim.journal.making import Making
from obsim.journal.record import Moment, Record, moment_of_state
from obsim.journal.recovery import rebuilt
from obsim.journal.replay import Differs, view_digests
from obsim.journal.secrets import SecretMissing, Secrets, read_secrets
from obsim.journal.store import Store, StoreDamaged

if TYPE_CHECKING:
    from obsim.session import SessionHost

__all__ = ["Report", "check_directory"]

_CHANGES_TIMELINE = frozenset({"reset", "restore_snapshot"})


@dataclass(slots=True)
class Report:
    """What was found; `wrong` is empty for a directory that is whole."""

    directory: str
    record_count: int = 0
    checkpoints: list[int] = field(default_factory=list)
    timeline: int = 0
    now_ns: int = 0
    lease_ns: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.wrong

    def as_json(self) -> str:
        """An object."""
        return json.dumps({
            "directory": self.directory, "records": self.record_count, "checkpoints": self.checkpoints,
            "timeline": self.timeline, "now_ns": self.now_ns, "lease_ns": self.lease_ns, "wrong": self.wrong,
        }) + "\n"  # fmt: skip

    def as_text(self) -> str:
        """Lines."""
        found = [
            f"{self.record_count} records, checkpoints behind {', '.join(map(str, self.checkpoints)) or 'none'}",
            f"timeline {self.timeline}, virtual time {self.now_ns} ns, shown up to {self.lease_ns} ns at the most",
            *(f"WRONG {line}" for line in self.wrong),
            f"{self.directory}: {'whole' if self.whole else 'damaged'}",
        ]
        return "\n".join(found) + "\n"


def check_directory(directory: DataDirectory) -> Report:
    """Look through a directory that no process uses; nothing in it is changed.

    Files and sums, the order of records, times that never go back on a timeline, and the journal replayed from the
    start and from each checkpoint: all have to lead to the same views. Raises UsageError for one that is in use or is
    none.
    """
    if directory.fresh:
        raise UsageError(f"{directory.path} has no journal: name the directory that --data-dir had")
    directory.take(make=False)
    try:
        report = Report(str(directory.path))
        try:
            store = Store(directory.journal)
        except StoreDamaged as damaged:
            report.wrong.append(str(damaged))
            return report
        try:
            _check(store, directory, report)
        finally:
            store.close()
        return report
    finally:
        directory.release()


def _check(store: Store, directory: DataDirectory, report: Report) -> None:
    try:
        report.wrong += store.wrong()
        report.checkpoints = [checkpoint.number for checkpoint in store.checkpoints()]
        report.wrong += _order(store.records(), report)
        lease = store.lease
        secrets = read_secrets(directory.secrets)
        making = Making.of(store.making, secrets)
    except (StoreDamaged, UsageError, ValueError, TypeError) as damaged:
        report.wrong.append(str(damaged))
        return
    except SecretMissing as missing:
        report.wrong.append(f"{directory.secrets} does not have {missing.name}")
        return
    if lease is not None and lease.timeline == report.timeline:
        report.lease_ns = lease.until_ns
        if lease.until_ns < report.now_ns:
            report.wrong.append(f"the lease ends at {lease.until_ns}, the last record came at {report.now_ns}")
    _replay(store, secrets, making, report)


def _order(records: Iterator[Record], report: Report) -> Iterator[str]:
    last: Moment | None = None
    for record in records:
        moment = record.moment
        if last is None:
            report.timeline = moment.timeline
        elif moment.timeline != report.timeline:
            yield f"{record.shown()} is of timeline {moment.timeline}, not {report.timeline}"
            report.timeline = moment.timeline
        elif (moment.at_ns, moment.event_count) < (last.at_ns, last.event_count):
            yield f"{record.shown()} came at {moment.at_ns} after {moment.event_count} events, before the one before it"
        last = moment
        report.record_count, report.now_ns = record.number, moment.at_ns
        if record.kind in _CHANGES_TIMELINE:
            report.timeline, last, report.now_ns = report.timeline + 1, Moment(report.timeline + 1, 0, 0), 0


def _replay(store: Store, secrets: Secrets, making: Making, report: Report) -> None:
    """From the start and from every checkpoint: the same moment, the same views."""
    ends: dict[str, SessionHost] = {}
    for name, number in [("the start", 0), *((f"checkpoint {number}", number) for number in report.checkpoints)]:
        remembered = reaches_of(making)
        try:
            ends[name] = rebuilt(
                store, secrets, making, remembered, remembered, making.still_clock(), begin_with=number
            ).host  # fmt: skip
        except (Differs, StoreDamaged, ScenarioError) as wrong:
            report.wrong.append(f"from {name}: {wrong}")
        except SecretMissing as missing:
            report.wrong.append(f"from {name}: {missing.name} has no value in the file secrets")
    if not ends:
        return
    furthest = max(moment_of_state(host.state) for host in ends.values())
    digests = {}
    for name, host in ends.items():
        try:
            come_to(host.state, furthest.at_ns, furthest.event_count)
            digests[name] = view_digests(host)
        except Astray as astray:
            report.wrong.append(f"from {name}: {astray}")
    first = next(iter(digests), "")
    for name, views in digests.items():
        differing = sorted(view for view in views if views[view] != digests[first].get(view))
        if differing:
            report.wrong.append(f"from {name} these views differ from those from {first}: {', '.join(differing)}")
