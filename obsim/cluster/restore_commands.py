"""Restores, their sources and standby tenants: every check up to the work itself (statements.md, Restore and recovery).

The work itself is not modelled: what passes all checks answers 1235.
"""

from collections.abc import Iterable
from re import ASCII
from re import compile as re_compile

from obsim.answers import Ok
from obsim.cluster.resolve import named_tenant
from obsim.cluster.state import ClusterState, Principal
from obsim.cluster.tenant import Tenant
from obsim.destination import parse_uri
from obsim.errors import NotModelled, SyntaxRefused, error
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

__all__ = [
    "add_restore_source", "backup_key", "cancel_recover_table", "cancel_restore", "change_external_storage",
    "clear_restore_source", "preview_restore", "recover_standby", "recover_table", "restore_tables", "restore_tenant",
    "switch_role",
]  # fmt: skip

_NO_TENANT_NAMES = frozenset({"all", "all_user", "all_meta"})
_OPTION_NAMES = frozenset({"pool_list", "locality", "primary_zone", "concurrency", "kms_encrypt"})
_MOMENT = re_compile(
    r"\s*([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:[ T]+([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2})(?:\.([0-9]{1,9}))?)?)?\s*",
    ASCII,
)
_MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_EPOCH_DAY = 719_162
"""Days from 0001-01-01 to 1970-01-01."""


def _is_sys(who: Principal) -> bool:
    return who.tenant_id == SYS_TENANT_ID


def _only_sys(who: Principal) -> None:
    if not _is_sys(who):
        raise error("OB_ERR_NO_PRIVILEGE")


def point_scn(until: RestorePoint, offset_s: int) -> int | None:
    """The SCN that UNTIL names, a TIME read at the session's offset; None without the clause.

    Raises 1210 for SCN 0 and 1525 for what is no timestamp.
    """
    if until is None:
        return None
    if isinstance(until, int):
        if until == 0:
            raise error("OB_INVALID_ARGUMENT", "until scn, it should be positive integer")
        return until
    match = _MOMENT.fullmatch(until)
    if match is None:
        raise error("OB_ERR_WRONG_VALUE", "TIMESTAMP", until)
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    date = _day_number(year, month, day)
    if date is None or hour > 23 or minute > 59 or second > 59:
        raise error("OB_ERR_WRONG_VALUE", "TIMESTAMP", until)
    seconds = ((date * 24 + hour) * 60 + minute) * 60 + second - offset_s
    return seconds * 10**9 + int((match.group(7) or "").ljust(9, "0"))


def _day_number(year: int, month: int, day: int) -> int | None:
    """Days since 1970-01-01; None where the calendar has no such day."""
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    months = [days + (leap and place == 1) for place, days in enumerate(_MONTH_DAYS)]
    if year < 1 or not 1 <= month <= 12 or not 1 <= day <= months[month - 1]:
        return None
    before = year - 1
    return before * 365 + before // 4 - before // 100 + before // 400 + sum(months[: month - 1]) + day - 1 - _EPOCH_DAY


def restore_options(text: str) -> dict[str, str]:
    """`name=value&name=value` of WITH; raises 1210 for anything else and where no pool is named."""
    options: dict[str, str] = {}
    for part in text.split("&"):
        name, equals, value = part.partition("=")
        key = name.strip().lower()
        if not equals or key not in _OPTION_NAMES or key in options or not value.strip():
            raise error("OB_INVALID_ARGUMENT")
        options[key] = value.strip()
    concurrency = options.get("concurrency", "1")
    if "pool_list" not in options or not (concurrency.isascii() and concurrency.isdigit() and int(concurrency)):
        raise error("OB_INVALID_ARGUMENT")
    return options


def _check_pools(state: ClusterState, pool_list: str) -> None:
    for name in (word.strip() for word in pool_list.split(",")):
        pool = state.resources.pools.get(name)
        if pool is None:
            raise error("OB_RESOURCE_POOL_NOT_EXIST", name)
        if pool.tenant_id is not None:
            raise error("OB_RESOURCE_POOL_ALREADY_GRANTED", name)


def _covers(tenant: Tenant, paths: Iterable[str], scn: int | None, now_ns: int) -> bool:
    """Whether sets and log of a tenant at these paths reach the point, or any point without one."""
    known = set(paths)
    firsts = [s.min_restore_scn for s in tenant.backup.sets.values() if s.usable and s.path in known]
    upto = [r.checkpoint_at(now_ns) for r in tenant.archive.rounds() if r.start_scn and r.path in known]
    return any(first <= (last if scn is None else scn) <= last for first in firsts for last in upto)


def _check_source(state: ClusterState, uris: str, scn: int | None) -> None:
    """9026 for what is no URI, 4018 where nothing at these places covers the point."""
    paths = [parse_uri(uri.strip()).path for uri in uris.split(",")]
    if not any(_covers(tenant, paths, scn, state.now_ns) for tenant in state.user_tenants()):
        raise error("OB_ENTRY_NOT_EXIST", "no backup set path or log piece can be used to restore")


def restore_tenant(state: ClusterState, who: Principal, statement: RestoreTenant) -> Ok:
    """RESTORE of a tenant; PREVIEW at its end is of the grammar of 4.0 and 4.1 only."""
    if statement.preview and not state.profile.old_restore_grammar:
        raise SyntaxRefused("PREVIEW", 1)
    if statement.tenant.lower() in _NO_TENANT_NAMES:
        raise error("OB_NOT_SUPPORTED")
    scn = point_scn(statement.until, who.offset_s)
    _only_sys(who)
    if state.tenant_named(statement.tenant) is not None:
        raise error("OB_OP_NOT_ALLOW", "restore tenant with existed tenant name is")
    options = restore_options(statement.options)
    _check_pools(state, options["pool_list"])
    if statement.uri is None:
        raise NotModelled("RESTORE without FROM: added restore sources are still to come")
    _check_source(state, statement.uri, scn)
    raise NotModelled("ALTER SYSTEM RESTORE yet")


def restore_tables(state: ClusterState, who: Principal, statement: RestoreTables) -> Ok:
    """RESTORE of a list of tables: of the grammar of 4.0 and 4.1 only."""
    if not state.profile.old_restore_grammar:
        raise SyntaxRefused(statement.sql().removeprefix("ALTER SYSTEM RESTORE "), 1)
    point_scn(statement.until, who.offset_s)
    _only_sys(who)
    raise NotModelled("ALTER SYSTEM RESTORE of tables")


def preview_restore(state: ClusterState, who: Principal, statement: PreviewRestore) -> Ok:
    """RESTORE FROM .. PREVIEW: from 4.2."""
    if state.profile.old_restore_grammar:
        raise SyntaxRefused(statement.sql().removeprefix("ALTER SYSTEM RESTORE "), 1)
    scn = point_scn(statement.until, who.offset_s)
    _only_sys(who)
    _check_source(state, statement.uri, scn)
    raise NotModelled("ALTER SYSTEM RESTORE PREVIEW yet")


def cancel_restore(state: ClusterState, who: Principal, statement: CancelRestore) -> Ok:
    """CANCEL RESTORE: from 4.2.0. What it answers about a tenant that is not being restored is not known."""
    if state.profile.old_restore_grammar:
        raise error("OB_NOT_SUPPORTED", "cancel restore is")
    _only_sys(who)
    raise NotModelled(f"ALTER SYSTEM CANCEL RESTORE yet: no restore of '{statement.tenant}' is running")


def add_restore_source(_state: ClusterState, who: Principal, statement: AddRestoreSource) -> Ok:
    """ADD RESTORE SOURCE: sys only."""
    if not _is_sys(who):
        raise error("OB_NOT_SUPPORTED")
    for uri in statement.uri.split(","):
        parse_uri(uri.strip())
    raise NotModelled("ALTER SYSTEM ADD RESTORE SOURCE yet")


def clear_restore_source(_state: ClusterState, who: Principal, _statement: ClearRestoreSource) -> Ok:
    """CLEAR RESTORE SOURCE: sys only; there never is one to clear."""
    if not _is_sys(who):
        raise error("OB_NOT_SUPPORTED")
    return Ok()


def recover_table(state: ClusterState, who: Principal, statement: RecoverTable) -> Ok:
    """RECOVER TABLE: documented from 4.2.1."""
    if not state.profile.recover_table:
        raise SyntaxRefused(statement.sql().removeprefix("ALTER SYSTEM "), 1)
    if not _is_sys(who):
        raise error("OB_OP_NOT_ALLOW", "user tenant initiate recover table is")
    target = named_tenant(state, statement.tenant)
    if target.kind != "USER":
        raise error("OB_NOT_SUPPORTED")
    scn = point_scn(statement.until, who.offset_s)
    if target.role == "STANDBY":
        raise error("OB_NOT_SUPPORTED", "recover table to standby tenant is")
    options = restore_options(statement.options)
    _check_pools(state, options["pool_list"])
    if statement.uri is not None:
        _check_source(state, statement.uri, scn)
    raise NotModelled("ALTER SYSTEM RECOVER TABLE yet")


def cancel_recover_table(state: ClusterState, who: Principal, statement: CancelRecoverTable) -> Ok:
    """CANCEL RECOVER TABLE: documented from 4.2.1."""
    if not state.profile.recover_table:
        raise SyntaxRefused(statement.sql().removeprefix("ALTER SYSTEM CANCEL "), 1)
    if not _is_sys(who):
        raise error("OB_OP_NOT_ALLOW", "user tenant cancel recover table is")
    named_tenant(state, statement.tenant)
    raise NotModelled("ALTER SYSTEM CANCEL RECOVER TABLE yet")


def _own_or_named(state: ClusterState, who: Principal, name: str | None) -> Tenant:
    """The tenant whose role is meant; a user tenant may name itself alone."""
    own = state.tenants[who.tenant_id]
    if name is None:
        return own
    if not _is_sys(who) and name != own.name:
        raise error("OB_ERR_NO_PRIVILEGE")
    return named_tenant(state, name)


def recover_standby(state: ClusterState, who: Principal, statement: RecoverStandby) -> Ok:
    """RECOVER STANDBY: a point has to be given; no tenant here is a standby."""
    _own_or_named(state, who, statement.tenant)
    if statement.until is None and statement.word is None:
        raise error("OB_INVALID_ARGUMENT", "restore until, should specify restore until point")
    point_scn(statement.until, who.offset_s)
    raise NotModelled("ALTER SYSTEM RECOVER STANDBY: no tenant of it is a standby")


def switch_role(state: ClusterState, who: Principal, statement: SwitchRole) -> Ok:
    """ACTIVATE STANDBY and SWITCHOVER."""
    _own_or_named(state, who, statement.tenant)
    raise NotModelled(f"ALTER SYSTEM {statement.action}: no tenant of it is a standby")


def backup_key(_state: ClusterState, _who: Principal, _statement: BackupKey) -> Ok:
    """BACKUP KEY: the community edition refuses it as it refuses broken syntax."""
    raise error("OB_ERR_PARSE_SQL")


def change_external_storage(state: ClusterState, who: Principal, statement: ChangeExternalStorage) -> Ok:
    """CHANGE EXTERNAL_STORAGE_DEST: from 4.2.1.11 on, sys only."""
    if not state.profile.external_storage_change:
        raise error("OB_NOT_SUPPORTED", "change external storage dest is")
    _only_sys(who)
    parse_uri(statement.path.reveal)
    raise NotModelled("ALTER SYSTEM CHANGE EXTERNAL_STORAGE_DEST yet")
