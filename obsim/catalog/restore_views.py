"""Rows of the sources that standby tenants follow (views.json, statements.md)."""

from collections.abc import Iterable

from obsim.catalog.model import Row
from obsim.cluster import ClusterState, Tenant

__all__ = ["log_restore_sources"]

UNLIMITED_SCN = (1 << 62) - 1
"""RECOVERY_UNTIL_SCN where no point was named."""


def log_restore_sources(_state: ClusterState, tenants: Iterable[Tenant], _offset_s: int) -> list[Row]:
    """OB_LOG_RESTORE_SOURCE: one row for each tenant whose log_restore_source is a location."""
    return [(t.tenant_id, 1, "LOCATION", t.log_restore_source, UNLIMITED_SCN) for t in tenants if t.log_restore_source]
