"""Servers that crash and come back, leaders that move, destinations that are slow, clocks that differ: what faults do.

A server that crashes is silent at once: its clients lose their lines, its DAGs lose what they have done, its log
streams have no leader. The root service finds out when the lease of its heartbeat is over (`lease_time`): then the
server is INACTIVE, leaders and the root service move where a majority is left, and what the server worked at for a
backup has failed and is tried again as after any other failure. When it is back it is ACTIVE at once. Wherever a leader
moves, by a rule, a crash or a statement, what runs on the old one for its log stream is broken off and begun elsewhere.
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from obsim.cluster.replicas import (
    full_replica_servers,
    replica_servers,
    replicas_of_each,
    schedulers_of,
    voters,
)
from obsim.cluster.resources import Server, ServerStatus
from obsim.cluster.shares import apply_shares
from obsim.error_codes import OB_NOT_MASTER, OB_TIMEOUT
from obsim.errors import NotModelled, ServerError, error
from obsim.fault_rules import FaultRule
from obsim.ids import SYS_LOG_STREAM_ID, LogStreamId, Nanoseconds, TenantId

if TYPE_CHECKING:
    from obsim.cluster.state import ClusterState
    from obsim.cluster.tenant import Tenant
    from obsim.faults import Fault

__all__ = ["Outage", "Outages"]

_Leaders = Mapping[TenantId, Mapping[LogStreamId, str]]
"""By tenant and log stream the address of the server that leads it."""


@dataclass(slots=True, eq=False)
class Outage:
    """A server that is away, and the fault that took it."""

    address: str
    fault_id: int
    noticed: bool = False
    """Whether the root service knows."""


@dataclass(frozen=True, slots=True)
class _Move:
    """Leaders of a tenant that go to a server."""

    tenant: "Tenant"
    target: str
    """Its address."""
    now: dict[LogStreamId, str]
    """By log stream, where the leader is now."""


@dataclass(slots=True, eq=False)
class Outages:
    """What faults do to servers, leaders, destinations and clocks, as long as they stand."""

    state: "ClusterState"
    away: dict[str, Outage] = field(default_factory=dict)
    """By address."""
    _was_slow: bool = False
    """Whether a fault slowed a destination when the rules changed last."""

    # What others ask.

    def is_up(self, server: Server) -> bool:
        """Whether a server has not crashed."""
        return server.address not in self.away

    @property
    def clients_cut(self) -> bool:
        """Whether the server that clients are with, the one with the root service, is away."""
        return bool(self.away) and not self.is_up(self.state.resources.root_server)

    def led(self, tenant: "Tenant", log_stream_id: LogStreamId = SYS_LOG_STREAM_ID) -> bool:
        """Whether a log stream of a tenant has a leader that works."""
        if not self.away:
            return True
        leader = replica_servers(self.state, tenant, log_stream_id)[0]
        return self.is_up(leader) and self._has_majority(tenant, self.away)

    @contextmanager
    def leaders_may_move(self, now_ns: Nanoseconds) -> Iterator[None]:
        """Servers or replicas change: at the end whoever waits for a leader looks again, and who has lost one is told.

        The family "tenants" is touched then. An error means that nothing has changed.
        """
        before = self._leaders()
        yield
        self._leaders_changed(before, now_ns)

    def _leaders(self) -> _Leaders:
        """Who leads each log stream that has a leader which works: to be asked before anything may move them."""
        found = {}
        for tenant in self.state.tenants.values():
            if not self.away or self._has_majority(tenant, self.away):
                each = replicas_of_each(self.state, tenant, tenant.storage.log_stream_ids)
                works = {stream: servers[0] for stream, servers in each.items() if self.is_up(servers[0])}
                found[tenant.tenant_id] = {stream: server.address for stream, server in works.items()}
        return found

    def skew_ns(self, address: str) -> int:
        """How far the clock of a server is ahead."""
        return sum(fault.rule.skew_ns for fault in self.state.faults.standing("skew") if fault.rule.server == address)

    def slowest_bytes_per_s(self, tenant: "Tenant") -> int | None:
        """What faults let a tenant's backup destination take, None without one."""
        return min(self.state.faults.rates(tenant.name, tenant.backup.path), default=None)

    def _has_majority(self, tenant: "Tenant", away: "dict[str, Outage] | set[str]") -> bool:
        voting = voters(tenant, replica_servers(self.state, tenant))
        return sum(server.address not in away for server in voting) * 2 > len(voting)

    # Rules.

    def check(self, rule: FaultRule) -> None:
        """Raises 1210 or 1235 for a rule about what the cluster does not have, or obsim not."""
        if rule.skew_ns:
            self._check_skew(self._server(rule.server))
        if rule.crash and rule.crash not in {"root", "worker"}:
            self._server(rule.crash)
        if rule.crash and not rule.triggered:
            self._check_crash(self._crashing(rule, ""))
        if rule.leader and rule.leader != "next":
            self._server(rule.leader)
        if rule.leader and not rule.triggered:
            self._new_leader(rule)
        if rule.server:
            self._server(rule.server)
        if rule.tenant and not rule.stage.startswith("RESTORE_") and self.state.tenant_named(rule.tenant) is None:
            known = ", ".join(tenant.name for tenant in self.state.tenants.values() if tenant.kind != "META")
            raise error("OB_INVALID_ARGUMENT", f"obsim.fault: '{rule.tenant}' is no tenant, they are {known};")

    def may_act(self, rule: FaultRule, server: str) -> bool:
        """Whether a rule can do now what it says; `server` is where the work is that it waits for."""
        try:
            if rule.crash:
                self._check_crash(self._crashing(rule, server))
            else:
                self._new_leader(rule)
        except ServerError:
            return False
        return not (":" in rule.crash and server and rule.crash != server)

    def act(self, fault: "Fault", server: str) -> None:
        """Do it, once whoever asks has done."""
        if fault.rule.crash:
            self.state.events.push(self.state.now_ns, partial(self._crash, fault, self._crashing(fault.rule, server)))
        else:
            self.state.events.push(self.state.now_ns, partial(self._lead, fault.rule))

    def ordered(self, fault: "Fault") -> None:
        """A rule came: what waits for nothing happens now."""
        rule = fault.rule
        at_once = (rule.crash or rule.leader) and not rule.triggered
        if at_once or rule.skew_ns or rule.rate_bytes_per_s:
            fault.seen_count = fault.hit_count = 1
        if at_once and rule.crash:
            self._crash(fault, self._crashing(rule, ""), self.state.now_ns)
        elif at_once:
            self._lead(rule, self.state.now_ns)

    def rules_changed(self) -> None:
        """A rule came or went: servers whose rule is gone come back, destinations get another width."""
        standing = {fault.fault_id for fault in self.state.faults.rules}
        for outage in list(self.away.values()):
            if outage.fault_id not in standing:
                self._come_back(outage, self.state.now_ns)
        slow = any(self.state.faults.standing("rate"))
        if slow or self._was_slow:
            self._was_slow = slow
            apply_shares(self.state)

    def _server(self, address: str) -> Server:
        server = self.state.resources.servers.get(address)
        if server is None:
            known = ", ".join(self.state.resources.servers)
            raise error("OB_INVALID_ARGUMENT", f"obsim.fault: '{address}' is no server, they are {known};")
        return server

    # Crashes.

    def _crashing(self, rule: FaultRule, server: str) -> Server:
        if rule.crash == "root":
            return self.state.resources.root_server
        return self._server(server if rule.crash == "worker" else rule.crash)

    def _check_crash(self, server: Server) -> None:
        """Raises 1210 for a server that is away, 1235 for one being deleted, and where sys loses its majority.

        That no server is left is another matter: then nobody answers.
        """
        if not self.is_up(server):
            raise error("OB_INVALID_ARGUMENT", f"obsim.fault: {server.address} is away already;")
        if server.status is not ServerStatus.ACTIVE:
            raise NotModelled(f"the crash of {server.address}, which is {server.status}")
        away = {*self.away, server.address}
        left = [s for s in self.state.resources.servers.values() if s.address not in away]
        if left and not self._has_majority(self.state.sys, away):
            raise NotModelled(f"the crash of {server.address}: servers would be left, but no majority of sys")

    def _crash(self, fault: "Fault", server: Server, now_ns: Nanoseconds) -> None:
        state = self.state
        if not self.is_up(server) or fault not in state.faults.rules:
            return
        outage = self.away[server.address] = Outage(server.address, fault.fault_id)
        for tenant in state.tenants.values():
            dispatcher = schedulers_of(state, tenant).get(server.address)
            if dispatcher is not None:
                dispatcher.halt(now_ns)
        lease_ns = state.parameters.get_int("lease_time")
        state.events.push(now_ns + lease_ns, partial(self._notice, outage), background=True)
        if fault.rule.down_ns is not None:
            state.events.push(now_ns + fault.rule.down_ns, partial(self._come_back, outage))
        state.on_server_lost.tell(server)
        self._changed({}, now_ns)

    def _notice(self, outage: Outage, now_ns: Nanoseconds) -> None:
        """The lease is over."""
        server = self.state.resources.servers.get(outage.address)
        if self.away.get(outage.address) is not outage or server is None:
            return
        outage.noticed, before = True, self._leaders()
        server.status = ServerStatus.INACTIVE
        server.offline_ns = server.modified_ns = now_ns
        self._changed(before, now_ns)
        self._work_lost(outage.address, now_ns)

    def _come_back(self, outage: Outage, now_ns: Nanoseconds) -> None:
        state = self.state
        server = state.resources.servers.get(outage.address)
        if self.away.get(outage.address) is not outage:
            return
        before = self._leaders()
        del self.away[outage.address]
        if server is not None:
            server.start_ns = server.modified_ns = now_ns
            server.offline_ns = Nanoseconds(0)
            if server.status is ServerStatus.INACTIVE:
                server.status = ServerStatus.ACTIVE
        if not outage.noticed:
            self._work_lost(outage.address, now_ns)
        self._changed(before, now_ns)

    def _work_lost(self, address: str, now_ns: Nanoseconds) -> None:
        for tenant in self.state.tenants.values():
            self._tell_lost(tenant, address, OB_TIMEOUT, None, now_ns)

    def _tell_lost(
        self, tenant: "Tenant", address: str, code: int, led: AbstractSet[LogStreamId] | None, now_ns: Nanoseconds
    ) -> None:
        """What a server works at for a tenant has failed: all, or that for log streams which it leads no more."""
        tenant.backup.server_lost(address, code, now_ns, led)
        tenant.cleanup.server_lost(address, code, now_ns, led)
        if tenant.status == "RESTORE":
            self.state.restores.server_lost(tenant.tenant_id, address, led)

    def _changed(self, before: _Leaders, now_ns: Nanoseconds) -> None:
        """Other servers work than before, when leaders were where that says."""
        state = self.state
        state.resources.move_root_service()
        for tenant in state.tenants.values():
            for address, dispatcher in schedulers_of(state, tenant).items():
                if dispatcher.halted and address not in self.away:
                    dispatcher.go_on(now_ns)
        state.revisions.touch("tenants", "storage", "parameters")
        apply_shares(state)
        self._leaders_changed(before, now_ns)

    # Leaders.

    def _leaders_changed(self, before: _Leaders, now_ns: Nanoseconds) -> None:
        """Other servers take part or lead than `before`: what waits for one looks again.

        Where a leader has moved, what runs on the old one for its log stream has failed, and so has a pass of a job on
        that of log stream 1.
        """
        moved: list[tuple[Tenant, dict[LogStreamId, str]]] = []
        for tenant_id, was in before.items():
            tenant = self.state.tenants[tenant_id]
            now = replicas_of_each(self.state, tenant, was)
            moved.append((tenant, {s: address for s, address in was.items() if now[s][0].address != address}))
        for tenant, old in moved:
            if SYS_LOG_STREAM_ID in old:
                tenant.backup.leader_changed()
        self.state.servers_changed()
        for tenant, old in moved:
            for address in sorted(set(old.values())):
                led = {stream for stream, was_at in old.items() if was_at == address}
                self._tell_lost(tenant, address, OB_NOT_MASTER, led, now_ns)

    def _new_leader(self, rule: FaultRule) -> "_Move":
        """Whose leaders move, and where to. Raises 1210 where they cannot, 1235 for a server with another clock."""
        tenant = self.state.tenant_named(rule.tenant)
        if tenant is None or tenant.kind == "META":
            raise error("OB_INVALID_ARGUMENT", f"obsim.fault: '{rule.tenant}' is no tenant whose leaders could move;")
        streams = tenant.storage.log_stream_ids
        if rule.log_stream is not None:
            streams = [stream for stream in streams if stream == rule.log_stream]
        if not streams:
            raise error("OB_INVALID_ARGUMENT", f"obsim.fault: {tenant.name} has no log stream {rule.log_stream};")
        each = replicas_of_each(self.state, tenant, streams)
        now = {stream: servers[0].address for stream, servers in each.items()}
        fit = [s.address for s in full_replica_servers(self.state, tenant, streams[0]) if self.is_up(s)]
        others = [address for address in fit if set(now.values()) != {address}]
        after = [address for address in fit if address != now[streams[0]]]
        target = (after or [""])[0] if rule.leader == "next" else rule.leader
        if target not in others:
            known = ", ".join(others) or "none"
            raise error("OB_INVALID_ARGUMENT", f"obsim.fault: leaders of {tenant.name} can move to {known};")
        if self.skew_ns(target):
            raise NotModelled(f"a leader on {target}, whose clock is set apart: NOW() and SCNs would follow it")
        return _Move(tenant, target, now)

    def _lead(self, rule: FaultRule, now_ns: Nanoseconds) -> None:
        try:
            move = self._new_leader(rule)
        except ServerError:
            return
        tenant, target = move.tenant, move.target
        tenant.leaders |= dict.fromkeys(move.now, target)
        meta = self.state.tenants.get(TenantId(tenant.tenant_id - 1))
        if rule.log_stream is None and meta is not None:
            meta.leaders[SYS_LOG_STREAM_ID] = target
        self._changed({tenant.tenant_id: move.now}, now_ns)

    # Clocks.

    def _check_skew(self, server: Server) -> None:
        """What a server stamps with its own clock is certain; what follows from it elsewhere is not."""
        leads = [tenant.name for tenant in self.state.tenants.values() if self._leads_any(server, tenant)]
        if server.with_rootserver or leads:
            what = f"leads {leads[0]}" if leads else "has the root service"
            raise NotModelled(f"another clock on {server.address}, which {what}: NOW() and SCNs would follow it")

    def _leads_any(self, server: Server, tenant: "Tenant") -> bool:
        each = replicas_of_each(self.state, tenant, tenant.storage.log_stream_ids)
        return any(servers[0] is server for servers in each.values())
