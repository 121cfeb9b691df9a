"""What the TENANT clause of each statement understands: the table of `statements.md`, one function a row."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from obsim.cluster.state import ClusterState, Principal
from obsim.cluster.tenant import Tenant
from obsim.errors import error
from obsim.ids import SYS_TENANT_ID

if TYPE_CHECKING:
    from obsim.statements import BackupDatabase

__all__ = [
    "archive_tenants", "backup_tenants", "freeze_tenants", "named_tenant", "parameter_tenants", "resolve_backup",
]  # fmt: skip

_WORDS = frozenset({"all", "all_user", "all_meta"})
_SEED = "seed"


def named_tenant(state: ClusterState, name: str) -> Tenant:
    """The tenant called `name`; an empty name is 1210, an unknown one 5160, a locked one 5260."""
    if not name:
        raise error("OB_INVALID_ARGUMENT")
    tenant = state.tenant_named(name)
    if tenant is None:
        raise error("OB_ERR_INVALID_TENANT_NAME")
    if tenant.locked:
        raise error("OB_ERR_TENANT_IS_LOCKED", name)
    return tenant


def backup_tenants(state: ClusterState, who: Principal, names: Iterable[str], refusal: str | None) -> list[Tenant]:
    """BACKUP and CANCEL BACKUP: names only, in order, duplicates dropped; sys and META names are 4016.

    `refusal` is the reason a user tenant is given for naming tenants at all; None stands for the plain text.
    """
    if who.tenant_id != SYS_TENANT_ID:
        raise error("OB_NOT_SUPPORTED", *([refusal] if refusal else []))
    tenants: dict[str, Tenant] = {}
    for name in names:
        tenant = named_tenant(state, name)
        if tenant.kind != "USER":
            raise error("OB_ERR_UNEXPECTED")
        tenants[name] = tenant
    return list(tenants.values())


def resolve_backup(state: ClusterState, who: Principal, statement: "BackupDatabase") -> list[Tenant] | None:
    """The tenants of BACKUP by name, None for DATABASE; names are checked first, then the path, which may not be."""
    named: list[Tenant] | None = None
    if statement.tenants is not None:
        named = backup_tenants(state, who, statement.tenants, "user tenant cannot specify tenant names")
        if not named:
            raise error("OB_NOT_SUPPORTED", "No tenant name specified")
    if statement.path is not None:
        raise error("OB_NOT_SUPPORTED", "backup do not support using specify path")
    return named


def _listed(state: ClusterState, names: tuple[str, ...]) -> list[Tenant]:
    """Names without words; a name given twice is refused, words among names too."""
    if len(names) > 1 and any(n.lower() in _WORDS for n in names):
        raise error("OB_NOT_SUPPORTED", "all/all_user/all_meta in combination with other names is")
    tenants: list[Tenant] = []
    for name in names:
        tenant = named_tenant(state, name)
        if tenant in tenants:
            raise error("OB_NOT_SUPPORTED", f"duplicate tenant {name} is")
        tenants.append(tenant)
    return tenants


def archive_tenants(state: ClusterState, who: Principal, names: tuple[str, ...]) -> list[Tenant]:
    """ARCHIVELOG and NOARCHIVELOG: from sys without names, or with `all`, every user tenant in normal state."""
    if who.tenant_id != SYS_TENANT_ID:
        if names:
            raise error("OB_ERR_NO_PRIVILEGE")
        return [state.tenants[who.tenant_id]]
    word = names[0].lower() if len(names) == 1 else ""
    if not names or word == "all":
        return [t for t in state.user_tenants() if t.normal]
    if word in {"all_user", "all_meta"}:
        raise error("OB_NOT_SUPPORTED", "use all_user/all_meta in 'ALTER SYSTEM ARCHIVELOG' syntax is")
    return _listed(state, names)


def freeze_tenants(state: ClusterState, who: Principal, names: tuple[str, ...], *, major: bool) -> list[Tenant]:
    """MAJOR and MINOR FREEZE: the own tenant without names; a user tenant may name itself in MINOR FREEZE alone."""
    own = state.tenants[who.tenant_id]
    if not names:
        return [own]
    if who.tenant_id != SYS_TENANT_ID:
        if major or names != (own.name,):
            raise error("OB_ERR_NO_PRIVILEGE")
        return [own]
    group = _group(state, names[0]) if len(names) == 1 else None
    return _listed(state, names) if group is None else group


def _group(state: ClusterState, name: str) -> list[Tenant] | None:
    """The tenants that a word stands for, None when it is not one of the words."""
    word = name.lower()
    if word not in _WORDS:
        return None
    if not state.profile.tenant_words:
        if word != "all":
            raise error("OB_NOT_SUPPORTED")
        return list(state.tenants.values())
    kind = "META" if word == "all_meta" else "USER"
    return [t for t in state.tenants.values() if t.kind == kind]


def parameter_tenants(state: ClusterState, name: str) -> list[Tenant]:
    """TENANT of SET and RESET: a name or one of the words; tenants not in normal state are left out silently.

    `seed` stands for no tenant that is there: the source takes the word and keeps the value apart.
    """
    if name == _SEED:
        return []
    group = _group(state, name)
    tenants = [named_tenant(state, name)] if group is None else group
    return [t for t in tenants if t.normal]
