"""Destinations as the cluster sees them: whose they are, and what a statement that names one has to find out.

What is written there, and how, loads when the first destination is on a medium.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from obsim.cluster.tenant import Tenant
from obsim.destination.outcome import Intent, Outcome
from obsim.destination.uri import BackupUri
from obsim.errors import error_of

if TYPE_CHECKING:
    from obsim.cluster.state import ClusterState
    from obsim.destination.records import FormatRecord

__all__ = ["INCARNATION", "check_of", "set_destination", "setting_of"]

INCARNATION = 1


def _format(state: "ClusterState", tenant: Tenant, purpose: str, uri: BackupUri, dest_id: int) -> "FormatRecord":
    from obsim.destination.records import FormatRecord  # noqa: PLC0415

    return FormatRecord(
        state.cluster_name, tenant.name, uri.path, state.parameters.get_int("cluster_id"), tenant.tenant_id,
        INCARNATION, dest_id, purpose, state.now_ns,
    )  # fmt: skip


def setting_of(state: "ClusterState", tenant: Tenant, purpose: str, uri: BackupUri) -> Intent:
    """What has to be done where a tenant's new destination lies."""
    from obsim.destination.intents import SetDestination  # noqa: PLC0415
    from obsim.destination.layout import Layout  # noqa: PLC0415

    known = tenant.known_destination(purpose, uri)
    dest_id = tenant.next_dest_id if known is None else known.dest_id
    return SetDestination(
        uri, Layout.of(state.profile), _format(state, tenant, purpose, uri, dest_id), known is not None,
        tenant.next_dest_id,
    )  # fmt: skip


def set_destination(state: "ClusterState", tenant: Tenant, purpose: str, uri: BackupUri) -> Callable[[], int]:
    """Find out whether a tenant may have a destination; what is given back notes it and gives its DEST_ID.

    One in memory has been looked at before. Raises 9070, 9071, 9080, 9081 and 9082 as the medium or its format file has
    it, and OutcomeNeeded.
    """
    if not state.outside.reaches(uri):
        return lambda: state.set_destination(tenant, purpose, uri)
    outcome = state.outside.ask(setting_of(state, tenant, purpose, uri))
    if outcome.code:
        raise error_of(outcome.code)
    return lambda: note_destination(state, tenant, purpose, uri, outcome)


def note_destination(
    state: "ClusterState", tenant: Tenant, purpose: str, uri: BackupUri, outcome: Outcome
) -> int:
    """Note a destination that was set; a known one that was found empty is a new one."""
    if outcome.created:
        tenant.found_empty(purpose, uri)
    return tenant.destination_set(purpose, uri, state.now_ns)


def check_of(state: "ClusterState", tenant: Tenant, dest_id: int) -> Intent:
    """What has to be looked at before work at a destination of a tenant begins."""
    from obsim.destination.intents import CheckFormat  # noqa: PLC0415
    from obsim.destination.layout import Layout  # noqa: PLC0415

    known = next(d for d in tenant.destinations if d.dest_id == dest_id)
    expected = _format(state, tenant, known.purpose, known.uri, dest_id)
    return CheckFormat(known.uri, Layout.of(state.profile), expected)
