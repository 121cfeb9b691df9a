"""Archives brought to media, where a cluster has destinations there."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from obsim.archive.writer import ArchiveWriter
    from obsim.cluster.state import ClusterState
    from obsim.cluster.tenant import Tenant

__all__ = ["archive_writer_of", "write_archives"]


def write_archives(state: "ClusterState") -> None:
    """Write the archives of all tenants, those that are gone too.

    On another timeline everything anew: what lies there is of a time that is no more.
    """
    if state.timeline != state.written_timeline:
        for tenant_id in state.tenants.keys() & state.archive_writers.keys():
            del state.archive_writers[tenant_id]
        state.written_timeline = state.timeline
    for tenant in state.user_tenants():
        archive_writer_of(state, tenant)
    for tenant_id, writer in list(state.archive_writers.items()):
        writer.flush(state.now_ns)
        if tenant_id not in state.tenants and writer.finished:
            del state.archive_writers[tenant_id]


def archive_writer_of(state: "ClusterState", tenant: "Tenant") -> "ArchiveWriter":
    """What writes a tenant's archive to media."""
    from obsim.archive.writer import ArchiveWriter  # noqa: PLC0415 - for destinations on media alone
    from obsim.destination.layout import Layout  # noqa: PLC0415

    known = state.archive_writers.get(tenant.tenant_id)
    if known is None:
        layout = Layout.of(state.profile)
        known = ArchiveWriter(tenant.archive, state.outside, layout, tenant.uri_of)
        state.archive_writers[tenant.tenant_id] = known
    return known
