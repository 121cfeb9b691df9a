"""The merges that follow a freeze, as DAGs of the tenant's schedulers (engine.md 1.3, 5.1).

What a freeze changes it changes at once; its merges are the load that comes after it: mini merges of high compaction
priority, minor merges of middle one, major merges of low one, on each server with a full replica. A tablet that has
something to merge is a DAG; where more than `DAGS_MAX` have, neighbouring tablets of a log stream share one. How long
a macroblock takes is a choice of obsim.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from obsim.cluster.replicas import dispatcher_at, full_replica_servers
from obsim.errors import ServerError
from obsim.ids import MACROBLOCK_BYTES, Bytes, LogStreamId, Nanoseconds, Scn, TabletId
from obsim.scheduler.dag import DagTask
from obsim.scheduler.priorities import PRIORITIES, Priority
from obsim.storage.macroblocks import SLOT_BITS
from obsim.storage.tablet import block_count

if TYPE_CHECKING:
    from obsim.cluster.state import ClusterState
    from obsim.cluster.tenant import Tenant

__all__ = ["MERGE_BLOCK_NS", "MajorMerge", "Merges"]

DAGS_MAX = 8
"""Merge DAGs of a freeze and server."""
MERGE_BLOCK_NS = 20_000_000
"""To read the rows of a macroblock, merge, compress and write them, by one thread: 100 MB/s."""
_MERGE_START_NS = 10_000_000
_MINI, _MINOR, _MAJOR = (PRIORITIES[0], "MINI_MERGE"), (PRIORITIES[2], "MINOR_EXECUTE"), (PRIORITIES[4], "MAJOR_MERGE")
_KEPT_MAX = 64

Part = tuple[LogStreamId, TabletId, int]
"""Log stream, tablet, macroblocks to write."""


@dataclass(slots=True, eq=False)
class MajorMerge:
    """The merges of one major freeze on one server."""

    scn: Scn
    address: str
    start_ns: Nanoseconds
    tasks: list[tuple[DagTask, tuple[Part, ...]]] = field(default_factory=list)
    """Its DAGs with their tablets, until the last of them has ended."""
    left: int = 0
    """How many of them have not ended."""
    end_ns: Nanoseconds | None = None
    """When the last of them ended, None before that."""

    @property
    def unfinished(self) -> list[tuple[DagTask, tuple[Part, ...]]]:
        """The merges that go on or wait, with their tablets."""
        return [(task, parts) for task, parts in self.tasks if not task.finished]

    @property
    def unfinished_tablet_count(self) -> int:
        """Tablets that are not merged yet."""
        return sum(len(parts) for _, parts in self.unfinished)

    @property
    def unfinished_bytes(self) -> Bytes:
        """What of the baseline these have still to write."""
        return Bytes(sum(count for _, parts in self.unfinished for _, _, count in parts) * MACROBLOCK_BYTES)


class Merges:
    """The merges of one tenant."""

    __slots__ = ("_addresses", "_addresses_at", "_state", "_tenant", "majors")

    def __init__(self, state: "ClusterState", tenant: "Tenant") -> None:
        self._state, self._tenant = state, tenant
        self.majors: list[MajorMerge] = []
        """Those of the newest major freezes, oldest first."""
        self._addresses: list[str] = []
        self._addresses_at = -1
        """Revision of tenants and servers that `_addresses` belongs to."""

    # What the views ask.

    def running(self, address: str | None = None) -> list[MajorMerge]:
        """The major merges that have not ended, of one server or of all."""
        return [m for m in self.majors if m.end_ns is None and address in {None, m.address}]

    def of(self, scn: Scn, address: str | None = None) -> list[MajorMerge]:
        """The merges of one freeze."""
        return [m for m in self.majors if m.scn == scn and address in {None, m.address}]

    # Orders.

    def stop(self) -> None:
        """The tenant is gone."""
        for dispatcher in self._tenant.schedulers:
            for task in dispatcher.unfinished():
                dispatcher.cancel(task, self._state.now_ns)

    def deltas(self) -> dict[int, tuple[int, int, int]]:
        """By slot what is in memory, how many mini SSTables there are, and what these hold."""
        tablets = self._tenant.storage.tablets
        return {t.slot: (t.memory_bytes, len(t.mini), sum(m.size_bytes for m in t.mini)) for t in tablets}

    def follow_minor(self, before: dict[int, tuple[int, int, int]]) -> None:
        """A minor freeze is over: memory was written as mini SSTables, and enough of these as a minor one."""
        minis: list[Part] = []
        minors: list[Part] = []
        for tablet in self._tenant.storage.tablets:
            memory_bytes, count, mini_bytes = before.get(tablet.slot, (0, 0, 0))
            if not memory_bytes or tablet.memory_bytes:
                continue
            minis.append((tablet.log_stream_id, tablet.tablet_id, block_count(memory_bytes)))
            if len(tablet.mini) <= count:
                minors.append((tablet.log_stream_id, tablet.tablet_id, block_count(mini_bytes + memory_bytes)))
        for priority_and_kind, parts in ((_MINI, minis), (_MINOR, minors)):
            for server in self._servers(parts):
                self._submit(server, *priority_and_kind, parts)

    def follow_major(self, first_epoch: int) -> None:
        """A major freeze was compacted: what the compactions from `first_epoch` on wrote is merged from now on."""
        storage, now_ns = self._tenant.storage, self._state.now_ns
        parts: list[Part] = []
        for compaction in storage.blocks.compactions[first_epoch:]:
            count_between = compaction.written.range_cardinality
            for tablet in storage.tablets if compaction.written else ():
                first = tablet.slot << SLOT_BITS
                count = count_between(first, first + tablet.next_place)
                if count:
                    parts.append((tablet.log_stream_id, tablet.tablet_id, count))
        for server in self._servers(parts):
            merge = MajorMerge(storage.freezes.newest.scn, server, now_ns)
            self.majors.append(merge)
            merge.tasks = self._submit(server, *_MAJOR, parts, merge)
            merge.left = len(merge.tasks)
            if not merge.tasks:
                merge.end_ns = now_ns
        del self.majors[:-_KEPT_MAX]

    def _servers(self, parts: list[Part]) -> list[str]:
        """Addresses of those that have something to merge."""
        if not parts:
            return []
        revision = self._state.revisions.count("tenants")
        if revision != self._addresses_at:
            self._addresses = [server.address for server in full_replica_servers(self._state, self._tenant)]
            self._addresses_at = revision
        return self._addresses

    def _submit(
        self, address: str, priority: Priority, kind: str, parts: list[Part], merge: MajorMerge | None = None
    ) -> list[tuple[DagTask, tuple[Part, ...]]]:
        """Order the merges; those that a full scheduler refuses are left out, as OceanBase tries them again later."""
        dispatcher = dispatcher_at(self._state, self._tenant, address)
        made: list[tuple[DagTask, tuple[Part, ...]]] = []
        done = None if merge is None else partial(self._ended, merge)
        for group in _groups(parts):
            tablet_id = group[0][1] if len(group) == 1 else None
            work_ns = _MERGE_START_NS + MERGE_BLOCK_NS * sum([count for _, _, count in group])
            task = DagTask(kind, priority, Nanoseconds(work_ns), done, group[0][0], tablet_id=tablet_id)
            made.append((task, group))
        try:
            dispatcher.submit_net([task for task, _ in made], self._state.now_ns)
        except ServerError:
            return []
        return made

    def _ended(self, merge: MajorMerge, now_ns: Nanoseconds) -> None:
        merge.left -= 1
        if not merge.left:
            merge.end_ns, merge.tasks = now_ns, []
        self._state.revisions.touch("storage")


def _groups(parts: Iterable[Part]) -> list[tuple[Part, ...]]:
    """One group a tablet, or at most `DAGS_MAX` of neighbouring tablets of a log stream and about equal work."""
    parts = sorted(parts)
    if len(parts) <= DAGS_MAX:
        return [(part,) for part in parts]
    share = -(-sum([count for _, _, count in parts]) // DAGS_MAX)
    groups: list[tuple[Part, ...]] = []
    group: list[Part] = []
    size = 0
    for part in parts:
        if group and (size >= share or part[0] != group[0][0]):
            groups.append(tuple(group))
            group, size = [], 0
        group.append(part)
        size += part[2]
    return [*groups, tuple(group)]
