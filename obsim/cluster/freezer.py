"""Freezes that a tenant starts by itself: every day at its duty time, and when its rows in memory grow too many.

Facts: engine.md 1.3, and the sources of OceanBase. The daily freeze is looked for every five seconds during the minute
of `major_freeze_duty_time`, by the clock of the server, whatever the tenant's time_zone says; it happens once a minute
at most (ob_daily_major_freeze_launcher.cpp). Memory is looked at every two seconds: above `freeze_trigger_percentage`
of the memstore a minor freeze follows, or a major one after `major_compact_trigger` of these (ob_tenant_freezer.cpp).
"""

from typing import TYPE_CHECKING

from obsim.cluster.merges import Merges
from obsim.ids import Nanoseconds, Scn, us_floor
from obsim.units import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS

if TYPE_CHECKING:
    from obsim.cluster.state import ClusterState
    from obsim.cluster.tenant import Tenant
    from obsim.scheduler.events import Event

__all__ = ["Freezer"]

_SERVER_OFFSET_NS = 8 * HOUR_NS
"""The server's own clock shows +08:00, the zone of every time that names none."""
_DUTY_LOOK_NS = 5 * SECOND_NS
_MEMORY_LOOK_NS = 2 * SECOND_NS

_GIB = 1 << 30
_META_PERCENT = 10
_META_MIN_BYTES = 512 << 20
_META_SAFE_BYTES = _GIB
_ADAPTIVE_ABOVE_BYTES = 8 * _GIB
_ADAPTIVE_PERCENT_SMALL, _ADAPTIVE_PERCENT_LARGE = 40, 50


class Freezer:
    """What freezes one tenant. Its events are periodic timers: they keep no cluster busy."""

    __slots__ = (
        "_duty", "_duty_text", "_launched_ns", "_memory_freezes", "_memory_look", "_state", "_tenant", "merges",
    )  # fmt: skip

    def __init__(self, state: "ClusterState", tenant: "Tenant") -> None:
        self._state, self._tenant = state, tenant
        self.merges = Merges(state, tenant)
        self._duty: Event | None = None
        self._duty_text = ""
        self._launched_ns = -DAY_NS
        self._memory_look: Event | None = None
        self._memory_freezes = 0
        self.parameters_changed()

    # Freezes.

    def major_freeze(self) -> bool:
        """A major freeze now; its merges follow. False, and none, while the last one waits."""
        storage = self._tenant.storage
        if storage.freezes.waiting:
            return False
        epoch = storage.blocks.epoch
        storage.major_freeze(self._next_scn())
        self.merges.follow_major(epoch)
        self._memory_freezes = 0
        self._state.revisions.touch("storage")
        return True

    def suspend_merge(self, *, suspended: bool) -> None:
        """Keep major freezes from being compacted, or compact the one that waits and those to come."""
        storage = self._tenant.storage
        if suspended:
            storage.suspend_merge()
        else:
            epoch = storage.blocks.epoch
            storage.resume_merge(self._state.now_ns)
            self.merges.follow_major(epoch)
        self._state.revisions.touch("storage")

    def minor_freeze(self, log_stream_id: int | None = None, tablet_id: int | None = None) -> None:
        """A minor freeze now, of all, one log stream or one tablet."""
        trigger = self._state.parameters.get_int("minor_compact_trigger", self._tenant.tenant_id)
        before = self.merges.deltas()
        self._tenant.storage.minor_freeze(self._next_scn(), trigger, log_stream_id, tablet_id)
        self.merges.follow_minor(before)
        self._state.revisions.touch("storage")

    def _next_scn(self) -> Scn:
        return Scn(max(us_floor(self._state.now_ns), self._tenant.storage.checkpoint_scn + 1000))

    # What may start one.

    def parameters_changed(self) -> None:
        """A parameter of the tenant or the cluster has another value."""
        text = self._state.parameters.get("major_freeze_duty_time", self._tenant.tenant_id)
        if text != self._duty_text:
            self._duty_text = text
            self._order_duty()
        self.memory_changed()

    def memory_changed(self) -> None:
        """Rows came into memory, or more or less of it may be used: order the next look if it would find too many."""
        if self._memory_look is None and self._tenant.storage.memory_bytes > self._memory_limit_bytes():
            at_ns = (self._state.now_ns // _MEMORY_LOOK_NS + 1) * _MEMORY_LOOK_NS
            self._memory_look = self._state.events.push(at_ns, self._look_at_memory, background=True)

    def stop(self) -> None:
        """The tenant is gone: nothing is looked at any more."""
        for event in (self._duty, self._memory_look):
            if event is not None:
                self._state.events.cancel(event)
        self._duty = self._memory_look = None
        self.merges.stop()

    # The daily freeze.

    def _order_duty(self) -> None:
        state = self._state
        if self._duty is not None:
            state.events.cancel(self._duty)
            self._duty = None
        if self._duty_text.lower() == "disable":
            return
        minute = state.parameters.get_int("major_freeze_duty_time", self._tenant.tenant_id)
        at_ns = _next_duty_ns(state.now_ns, minute, self._launched_ns)
        self._duty = state.events.push(at_ns, self._launch, background=True)

    def _launch(self, now_ns: Nanoseconds) -> None:
        """The minute has come. What may not start is tried again until it is over; a standby follows its primary."""
        if self._gone():
            return
        if self._may_start_major() and self._tenant.role == "PRIMARY":
            self._launched_ns = now_ns
            self.major_freeze()
        self._order_duty()

    def _gone(self) -> bool:
        """Whether the tenant has been dropped."""
        return self._state.tenants.get(self._tenant.tenant_id) is not self._tenant

    def _may_start_major(self) -> bool:
        return bool(self._state.parameters.get_int("enable_major_freeze"))

    # Memory.

    def _look_at_memory(self, _now_ns: Nanoseconds) -> None:
        self._memory_look = None
        if self._gone() or self._tenant.storage.memory_bytes <= self._memory_limit_bytes():
            return
        often = self._state.parameters.get_int("major_compact_trigger", self._tenant.tenant_id)
        major = bool(often) and self._memory_freezes >= often and self._may_start_major()
        if not (major and self.major_freeze()):
            self._memory_freezes += 1
            self.minor_freeze()

    def _memory_limit_bytes(self) -> int:
        """Rows in memory above this start a freeze; a tenant without a unit has no limit but the SCN's own range."""
        total = self._memory_bytes()
        if not total:
            return 1 << 62
        parameters = self._state.parameters
        percent = parameters.get_int("memstore_limit_percentage")
        if not percent:
            percent = _ADAPTIVE_PERCENT_LARGE if total > _ADAPTIVE_ABOVE_BYTES else _ADAPTIVE_PERCENT_SMALL
        trigger = parameters.get_int("freeze_trigger_percentage", self._tenant.tenant_id)
        return total * percent // 100 * trigger // 100

    def _memory_bytes(self) -> int:
        """Memory of one unit without what its META tenant takes of it; 0 for a tenant without a unit."""
        pools = self._state.resources.pools_of(self._tenant.tenant_id)
        unit = sum(pool.config.size.memory_bytes for pool in pools[:1])
        least = _META_SAFE_BYTES if unit >= 2 * _META_SAFE_BYTES else _META_MIN_BYTES
        return max(unit - max(unit * _META_PERCENT // 100, least), 0)


def _next_duty_ns(now_ns: int, minute_of_day: int, launched_ns: int) -> int:
    """The next look that finds the duty minute: the first one of the next day's, or of the one that goes on."""
    local_ns = now_ns + _SERVER_OFFSET_NS
    start_ns = local_ns - local_ns % DAY_NS + minute_of_day * MINUTE_NS - _SERVER_OFFSET_NS
    if now_ns < start_ns:
        return start_ns
    look_ns = (now_ns // _DUTY_LOOK_NS + 1) * _DUTY_LOOK_NS
    if look_ns < start_ns + MINUTE_NS and launched_ns < start_ns:
        return look_ns
    return start_ns + DAY_NS
