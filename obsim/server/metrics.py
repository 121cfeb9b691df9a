"""What a running server counts, in Prometheus' text format: `GET /metrics` of `obsim serve --http`.

Every name, with its labels, is a line of `FAMILIES`. No label holds what a client could put a secret into: statements
are counted by kind, rules of faults are masked.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from obsim._version import __version__
from obsim.server.engine import Host
from obsim.statements import masked

__all__ = ["CONTENT_TYPE", "FAMILIES", "Family", "exposition", "kind_of"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Sample = tuple[tuple[str, ...], float]
_QUERY_WORDS = frozenset({"SELECT", "WITH", "VALUES", "TABLE"})


@lru_cache(maxsize=10_000)
def kind_of(words: str) -> str:
    """The kind of a statement by its first words in capitals, as the tables of the grammar name it; else OTHER.

    An increment is a kind of its own, BACKUP INCREMENTAL; parameters are SET, whether or not SET is said.
    """
    from obsim.sql.reader import ALTER_SYSTEM, STATEMENTS  # noqa: PLC0415 - sqlglot loads with the first statement

    first, *rest = [word.strip("();,") for word in words.split()] or [""]
    if first in _QUERY_WORDS or words.startswith("("):
        return "SELECT"
    if first == "ALTER" and rest[:1] == ["SYSTEM"]:
        if rest[1:3] == ["BACKUP", "INCREMENTAL"]:
            return "BACKUP INCREMENTAL"
        two, one = " ".join(rest[1:3]), " ".join(rest[1:2])
        return two if two in ALTER_SYSTEM else one if one in ALTER_SYSTEM else "SET"
    return first if first in STATEMENTS else "OTHER"


def _statements(host: Any, _connections: int) -> Iterator[Sample]:
    found: Counter[tuple[str, str]] = Counter()
    for (words, errno), count in host.journal.tallies().items():
        found[kind_of(words), "error" if errno else "ok"] += count
    return iter(sorted(found.items()))


def _errors(host: Any, _connections: int) -> Iterator[Sample]:
    found: Counter[int] = Counter()
    for (_, errno), count in host.journal.tallies().items():
        found[errno] += count
    return (((str(errno),), count) for errno, count in sorted(found.items()) if errno)


def _of_tenants(counted: Callable[[Any, Any], Iterable[tuple[str, ...]]]) -> Callable[[Any, int], Iterator[Sample]]:
    """Counts what a function names, a label each, of every tenant."""

    def samples(host: Any, _connections: int) -> Iterator[Sample]:
        for tenant in list(host.state.tenants.values()):
            for labels, count in sorted(Counter(counted(host.state, tenant)).items()):
                yield (tenant.name, *labels), count

    return samples


def _sessions(host: Any, _connections: int) -> Iterator[Sample]:
    names = {tenant.tenant_id: tenant.name for tenant in host.state.tenants.values()}
    found = Counter(names.get(session.tenant_id, "") for session in host.sessions.values())
    return (((name,), count) for name, count in sorted(found.items()))


def _jobs(_state: Any, tenant: Any) -> Iterator[tuple[str, ...]]:
    for job in (*tenant.backup.jobs, *tenant.backup.job_history):
        yield "backup", str(job.status)
    for job in (*tenant.cleanup.jobs, *tenant.cleanup.job_history):
        yield "delete", str(job.status)


def _sets(_state: Any, tenant: Any) -> Iterator[tuple[str, ...]]:
    return ((str(s.backup_type.value), str(s.file_status)) for s in tenant.backup.sets.values())


def _set_bytes(name: str) -> Callable[[Any, int], Iterator[Sample]]:
    def samples(host: Any, _connections: int) -> Iterator[Sample]:
        for tenant in list(host.state.tenants.values()):
            if tenant.backup.sets:
                yield (tenant.name,), sum(getattr(s.counters, name) for s in tenant.backup.sets.values())

    return samples


def _faults(count: str) -> Callable[[Any, int], Iterator[Sample]]:
    return lambda host, _: (
        ((str(f.fault_id), masked(f.rule.text)), getattr(f, count)) for f in host.state.faults.rules
    )  # fmt: skip


class Family(NamedTuple):
    """One metric: its name without the `_total` of counters, its type, help, labels, and who knows its values."""

    name: str
    kind: str
    about: str
    labels: tuple[str, ...]
    samples: Callable[[Any, int], Iterable[Sample]]


FAMILIES = (
    Family("obsim_build", "gauge", "1, with the versions of obsim and of the OceanBase it is.",
           ("version", "ob_version"), lambda host, _: [((__version__, str(host.state.profile.version)), 1)]),
    Family("obsim_statements", "counter", "Statements answered, by kind and outcome (ok, error), without CALL obsim.",
           ("kind", "outcome"), _statements),
    Family("obsim_statement_errors", "counter", "Statements that ended with an error, by errno.", ("errno",), _errors),
    Family("obsim_connections", "gauge", "Connections, logins under way included.", (), lambda _, n: [((), n)]),
    Family("obsim_sessions", "gauge", "Sessions, by tenant.", ("tenant",), _sessions),
    Family("obsim_jobs", "gauge", "Jobs, history included, by tenant, kind (backup, delete) and status.",
           ("tenant", "kind", "status"), _of_tenants(_jobs)),
    Family("obsim_backup_sets", "gauge", "Backup sets, by tenant, type and FILE_STATUS.",
           ("tenant", "type", "file_status"), _of_tenants(_sets)),
    Family("obsim_backup_input_bytes", "gauge", "INPUT_BYTES of all backup sets, by tenant.", ("tenant",),
           _set_bytes("input_bytes")),
    Family("obsim_backup_output_bytes", "gauge", "OUTPUT_BYTES of all backup sets, by tenant.", ("tenant",),
           _set_bytes("output_bytes")),
    Family("obsim_virtual_time_seconds", "gauge", "Virtual time since 1970.", (),
           lambda host, _: [((), host.state.now_ns / 1e9)]),
    Family("obsim_timeline", "gauge", "Number of the timeline: resets and restored snapshots begin new ones.", (),
           lambda host, _: [((), host.state.timeline)]),
    Family("obsim_events", "gauge", "Changes of state on this timeline, as obsim.events numbers them.", (),
           lambda host, _: [((), host.state.log.count)]),
    Family("obsim_fault_seen", "gauge", "Occasions that fitted a fault, by its number and rule.", ("fault", "rule"),
           _faults("seen_count")),
    Family("obsim_fault_hits", "gauge", "How often a fault happened, by its number and rule.", ("fault", "rule"),
           _faults("hit_count")),
)  # fmt: skip


class _Collector:
    """What prometheus_client asks for families."""

    def __init__(self, host: Host, connections: int) -> None:
        self._host = host
        self._connections = connections

    def collect(self) -> Iterator[Any]:
        """Every family with its samples of this moment."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily  # noqa: PLC0415 - see `exposition`

        makers: dict[str, Any] = {"counter": CounterMetricFamily, "gauge": GaugeMetricFamily}
        for family in FAMILIES:
            made = makers[family.kind](family.name, family.about, labels=family.labels)
            for labels, value in family.samples(self._host, self._connections):
                made.add_metric(labels, value)
            yield made


def exposition(host: Host, connections: int) -> bytes:
    """All metrics as text. Loads prometheus_client, 40 ms, which no server without --http pays."""
    from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(host, connections))
    return generate_latest(registry)
