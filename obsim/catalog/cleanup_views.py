"""Rows of the policies of clean-up (statements.md, Deleting backups)."""

from collections.abc import Iterable

from obsim.catalog.model import Row
from obsim.cluster import ClusterState, Tenant

__all__ = ["delete_policies"]


def delete_policies(_state: ClusterState, tenants: Iterable[Tenant], _offset_s: int) -> list[Row]:
    """OB_BACKUP_DELETE_POLICY: one row for each tenant that has a policy; without a window its text is empty."""
    return [(t.tenant_id, "default", t.delete_policy) for t in tenants if t.delete_policy is not None]
