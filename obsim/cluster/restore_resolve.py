"""Restores and standby tenants: what is checked before anyone asks who runs them (statements.md, Order of stages).

Nothing here changes anything; the checks of the services are in `restore_commands`.
"""

from re import ASCII
from re import compile as re_compile
from typing import NoReturn

from obsim.cluster.resolve import named_tenant
from obsim.cluster.state import ClusterState, Principal
from obsim.cluster.tenant import Tenant
from obsim.errors import error
from obsim.ids import SYS_TENANT_ID
from obsim.statements import (
    AddRestoreSource,
    BackupKey,
    CancelRecoverTable,
    CancelRestore,
    ChangeExternalStorage,
    ClearRestoreSource,
    PreviewRestore,
    RecoverStandby,
    RecoverTable,
    RestorePoint,
    RestoreTables,
    RestoreTenant,
    SwitchRole,
)
from obsim.units import SECOND_NS

__all__ = [
    "own_or_named", "point_scn", "resolve_backup_key", "resolve_cancel_recover", "resolve_cancel_restore",
    "resolve_external_storage", "resolve_preview", "resolve_recover_table", "resolve_restore", "resolve_restore_source",
    "resolve_standby", "resolve_switch", "resolve_tables",
]  # fmt: skip

_NO_TENANT_NAMES = frozenset({"all", "all_user", "all_meta"})
_LOWEST_SCN = 2
_SCN_LIMIT = 2**63
_MOMENT = re_compile(
    r"\s*([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:[ T]+([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2})(?:\.([0-9]{1,9}))?)?)?\s*",
    ASCII,
)
_MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_EPOCH_DAY = 719_162
"""Days from 0001-01-01 to 1970-01-01."""


def _check_scn(until: RestorePoint) -> None:
    """1210 for an SCN of 0 and 1, which stand for no moment, and for what a signed number does not hold."""
    if isinstance(until, int) and not _LOWEST_SCN <= until < _SCN_LIMIT:
        raise error("OB_INVALID_ARGUMENT", "until scn, it should be positive integer")


def point_scn(until: RestorePoint, offset_s: int) -> int | None:
    """The SCN that UNTIL names, a TIME read at the session's offset; None without the clause.

    Raises 1525 for what is no timestamp.
    """
    if until is None or isinstance(until, int):
        return until
    match = _MOMENT.fullmatch(until)
    if match is None:
        raise error("OB_ERR_WRONG_VALUE", "TIMESTAMP", until)
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    date = _day_number(year, month, day)
    if date is None or hour > 23 or minute > 59 or second > 59:
        raise error("OB_ERR_WRONG_VALUE", "TIMESTAMP", until)
    seconds = ((date * 24 + hour) * 60 + minute) * 60 + second - offset_s
    return seconds * SECOND_NS + int((match.group(7) or "").ljust(9, "0"))


def _day_number(year: int, month: int, day: int) -> int | None:
    """Days since 1970-01-01; None where the calendar has no such day."""
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    months = [days + (leap and place == 1) for place, days in enumerate(_MONTH_DAYS)]
    if year < 1 or not 1 <= month <= 12 or not 1 <= day <= months[month - 1]:
        return None
    before = year - 1
    return before * 365 + before // 4 - before // 100 + before // 400 + sum(months[: month - 1]) + day - 1 - _EPOCH_DAY


def _is_sys(who: Principal) -> bool:
    return who.tenant_id == SYS_TENANT_ID


def _only_sys(who: Principal) -> None:
    """What the check of privileges says to a user tenant: it comes last."""
    if not _is_sys(who):
        raise error("OB_ERR_NO_PRIVILEGE")


def resolve_restore(_: ClusterState, who: Principal, statement: RestoreTenant) -> None:
    """RESTORE of a tenant: a name that is none, two sources, the point."""
    if statement.tenant.lower() in _NO_TENANT_NAMES:
        raise error("OB_NOT_SUPPORTED")
    _check_origin(who, statement.uri)
    _check_scn(statement.until)
    _only_sys(who)


def _check_origin(who: Principal, uri: str | None) -> None:
    if uri is not None and who.restore_source:
        raise error("OB_NOT_SUPPORTED", "should not have backup_dest and restore_source at the same time")


def resolve_tables(_: ClusterState, who: Principal, statement: RestoreTables) -> None:
    """RESTORE of a list of tables (4.0 and 4.1): two sources, the point."""
    _check_origin(who, statement.uri)
    _check_scn(statement.until)
    _only_sys(who)


def resolve_preview(_: ClusterState, who: Principal, statement: PreviewRestore) -> None:
    """RESTORE FROM .. PREVIEW: the grammar lets UNTIL be left out and the resolver does not."""
    if statement.until is None:
        raise error("OB_OP_NOT_ALLOW", "restore preview must have a scn or timestamp, otherwise")
    _check_scn(statement.until)
    _only_sys(who)


def resolve_cancel_restore(state: ClusterState, who: Principal, _: CancelRestore) -> None:
    """CANCEL RESTORE: from 4.2.0."""
    if state.profile.old_restore_grammar:
        raise error("OB_NOT_SUPPORTED", "cancel restore is")
    _only_sys(who)


def resolve_restore_source(_: ClusterState, who: Principal, statement: AddRestoreSource | ClearRestoreSource) -> None:
    """ADD and CLEAR RESTORE SOURCE: sys only."""
    if _is_sys(who):
        return
    if isinstance(statement, AddRestoreSource):
        raise error("OB_NOT_SUPPORTED", "non-sys tenant set add restore source is")
    raise error("OB_NOT_SUPPORTED")


def resolve_recover_table(state: ClusterState, who: Principal, statement: RecoverTable) -> None:
    """RECOVER TABLE: sys only, into a tenant that is there and no standby."""
    if not _is_sys(who):
        raise error("OB_OP_NOT_ALLOW", "user tenant initiate recover table is")
    target = named_tenant(state, statement.tenant)
    if target.kind != "USER":
        raise error("OB_NOT_SUPPORTED")
    if target.role == "STANDBY":
        raise error("OB_NOT_SUPPORTED", "recover table to standby tenant is")
    _check_scn(statement.until)
    if any(len(item) > 1 for item in statement.tables):
        raise error("OB_NOT_SUPPORTED", "recover partition")
    kinds = [remap.kind for remap in statement.remaps]
    for place, remap in enumerate(statement.remaps):
        if remap.kind in kinds[:place]:
            raise error("OB_OP_NOT_ALLOW", f"duplicate REMAP {remap.kind} is")
        if any(len(item) > 2 for item in remap.items):
            raise error("OB_NOT_SUPPORTED", "remap partition")


def resolve_cancel_recover(state: ClusterState, who: Principal, statement: CancelRecoverTable) -> None:
    """CANCEL RECOVER TABLE: sys only, of a tenant that is there."""
    if not _is_sys(who):
        raise error("OB_OP_NOT_ALLOW", "user tenant cancel recover table is")
    named_tenant(state, statement.tenant)


def own_or_named(state: ClusterState, who: Principal, name: str | None) -> Tenant:
    """The tenant whose role is meant; a user tenant may name itself alone."""
    own = state.tenants[who.tenant_id]
    if name is None:
        return own
    if not _is_sys(who) and name != own.name:
        raise error("OB_ERR_NO_PRIVILEGE")
    return named_tenant(state, name)


def resolve_standby(state: ClusterState, who: Principal, statement: RecoverStandby) -> None:
    """RECOVER STANDBY: whom, then up to which point, which has to be given."""
    own_or_named(state, who, statement.tenant)
    if statement.until is None and statement.word is None:
        raise error("OB_INVALID_ARGUMENT", "restore until, should specify restore until point")
    _check_scn(statement.until)
    point_scn(statement.until, who.offset_s)


def resolve_switch(state: ClusterState, who: Principal, statement: SwitchRole) -> None:
    """ACTIVATE STANDBY and SWITCHOVER: whom."""
    own_or_named(state, who, statement.tenant)


def resolve_backup_key(_state: ClusterState, _who: Principal, _statement: BackupKey) -> NoReturn:
    """BACKUP KEY: the community edition refuses it as it refuses broken syntax, whoever asks."""
    raise error("OB_ERR_PARSE_SQL")


def resolve_external_storage(state: ClusterState, who: Principal, _: ChangeExternalStorage) -> None:
    """CHANGE EXTERNAL_STORAGE_DEST: from 4.2.1.11 on."""
    if not state.profile.external_storage_change:
        raise error("OB_NOT_SUPPORTED", "change external storage dest is")
    _only_sys(who)
