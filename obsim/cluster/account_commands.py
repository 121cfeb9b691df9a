"""CREATE, ALTER, DROP, RENAME USER, SET PASSWORD, GRANT and REVOKE: every check, then one replacement of accounts.

Errors: errors.json, the recorded groups `extra` and `unprivileged user`, and OceanBase's source
(ob_user_executor.cpp for 1396 and its list of names, ob_privilege_check.cpp for who may).
"""

from collections.abc import Iterable
from dataclasses import replace
from string import hexdigits

from obsim.answers import Ok
from obsim.cluster.accounts import (
    ADMINISTRATORS,
    EVERYWHERE,
    GRANT_OPTION,
    PRIVILEGES,
    Level,
    User,
    level_privileges,
    password_digest,
)
from obsim.cluster.authority import Rule, account_of, check_definitions, check_privilege, guarded, lacking
from obsim.cluster.state import ClusterState, Command, Principal
from obsim.cluster.tenant import Tenant
from obsim.errors import NotModelled, ServerError, error
from obsim.statements import Secret
from obsim.statements.accounts import (
    AccountName,
    AccountSpec,
    AlterUser,
    CreateUser,
    DropUser,
    Grant,
    RenameUser,
    Revoke,
    SetPassword,
)

__all__ = ["COMMANDS"]

Accounts = dict[str, User]
_SHORT = {long: short for short, long in PRIVILEGES.items()}
_SSL_TYPES = {"NONE": "", "SSL": "ANY", "X509": "X509"}
_HASH_LENGTH = 41


def _tenant(state: ClusterState, who: Principal) -> Tenant:
    """The tenant whose accounts they are. Raises 4688 for a standby: its accounts come with the log."""
    tenant = state.tenants[who.tenant_id]
    if tenant.role != "PRIMARY":
        raise error("OB_STANDBY_READ_ONLY")
    return tenant


def _name(tenant: Tenant, name: AccountName) -> AccountName:
    """The name as the tenant keeps it: upper case in Oracle mode."""
    return AccountName(name.user.upper(), name.host) if tenant.mode == "ORACLE" else name


def _keep(state: ClusterState, tenant: Tenant, accounts: Accounts) -> Ok:
    tenant.users = accounts
    state.revisions.touch("accounts", "tenants")
    return Ok()


def _failed(operation: str, names: Iterable[AccountName]) -> ServerError:
    listed = ",".join(f"'{n.user}'@'{n.host}'" for n in names)
    return error("OB_CANNOT_USER", operation, listed)


def _digest(password: Secret | None, *, hashed: bool) -> bytes:
    """The stored form. Raises 1372 for a hash that is none."""
    if password is None:
        return b""
    text = password.reveal
    if not hashed or not text:
        return password_digest(text)
    if len(text) != _HASH_LENGTH or text[0] != "*" or not set(text[1:]) <= set(hexdigits):
        raise error("OB_INVALID_PASSWORD_HASH")
    return bytes.fromhex(text[1:])


def _made(tenant: Tenant, spec: AccountSpec, require: str | None = None) -> User:
    name = _name(tenant, spec.name)
    digest = _digest(spec.password, hashed=spec.hashed)
    return User(name.user, digest, name.host, {}, ssl_type=_SSL_TYPES[require or "NONE"])


def check_internal(_state: ClusterState, _who: Principal, statement: DropUser | RenameUser) -> None:
    """1227 for dropping or renaming an administrator, whoever asks (recorded: DROP USER root)."""
    names = statement.accounts if isinstance(statement, DropUser) else [old for old, _ in statement.pairs]
    if any(name.user.lower() == who_is.lower() for name in names for who_is in ADMINISTRATORS.values()):
        raise error("OB_ERR_NO_PRIVILEGE")


def create_user(state: ClusterState, who: Principal, statement: CreateUser) -> Ok:
    """CREATE USER: 1396 names every account that is there already, and then none is made."""
    tenant = _tenant(state, who)
    accounts = dict(tenant.users)
    taken = []
    for spec in statement.accounts:
        if not spec.name.user:
            raise _failed("CREATE USER", [spec.name])
        user = _made(tenant, spec, statement.require)
        if user.key in accounts:
            taken.append(_name(tenant, spec.name))
        else:
            accounts[user.key] = user
    if taken and not statement.if_not_exists:
        raise _failed("CREATE USER", taken)
    return _keep(state, tenant, accounts)


def alter_user(state: ClusterState, who: Principal, statement: AlterUser) -> Ok:
    """ALTER USER: a new password, REQUIRE, ACCOUNT LOCK or UNLOCK; 1396 for an account that is not there."""
    tenant = _tenant(state, who)
    accounts = dict(tenant.users)
    operation = "ALTER USER" if statement.locked is None else "LOCK USER"
    missing = []
    for spec in statement.accounts:
        name = _name(tenant, spec.name)
        user = tenant.account(name.user, name.host)
        if user is None:
            missing.append(name)
            continue
        if spec.password is not None:
            user = replace(user, password_sha1=_digest(spec.password, hashed=spec.hashed))
        if statement.locked is not None:
            user = replace(user, locked=statement.locked)
        if statement.require is not None:
            user = replace(user, ssl_type=_SSL_TYPES[statement.require])
        accounts[user.key] = user
    if missing:
        raise _failed(operation, missing)
    return _keep(state, tenant, accounts)


def drop_user(state: ClusterState, who: Principal, statement: DropUser) -> Ok:
    """DROP USER: 1227 for an administrator (recorded); 1396 names the missing ones, and then none is dropped."""
    check_internal(state, who, statement)
    tenant = _tenant(state, who)
    names = [_name(tenant, name) for name in statement.accounts]
    missing = [name for name in names if tenant.account(name.user, name.host) is None]
    if missing:
        raise _failed("DROP USER", missing)
    gone = {User(name.user, b"", name.host).key for name in names}
    return _keep(state, tenant, {key: user for key, user in tenant.users.items() if key not in gone})


def rename_user(state: ClusterState, who: Principal, statement: RenameUser) -> Ok:
    """RENAME USER in order; 1396 for a name that is not there and for one that is taken."""
    check_internal(state, who, statement)
    tenant = _tenant(state, who)
    accounts = dict(tenant.users)
    failed = []
    for before, after in statement.pairs:
        old, new = _name(tenant, before), _name(tenant, after)
        user = accounts.get(User(old.user, b"", old.host).key)
        if user is None or User(new.user, b"", new.host).key in accounts:
            failed.append(old)
            continue
        del accounts[user.key]
        renamed = replace(user, name=new.user, host=new.host)
        accounts[renamed.key] = renamed
    if failed:
        raise _failed("RENAME USER", failed)
    return _keep(state, tenant, accounts)


def set_password(state: ClusterState, who: Principal, statement: SetPassword) -> Ok:
    """SET PASSWORD: everybody's own, another's with CREATE USER; 1133 for an account that is not there."""
    tenant = _tenant(state, who)
    name = AccountName(who.user, who.host) if statement.account is None else _name(tenant, statement.account)
    if (name.user, name.host) != (who.user, who.host):
        check_privilege(state, who, "CREATE USER")
    user = tenant.account(name.user, name.host)
    if user is None:
        raise error("OB_USER_NOT_EXIST")
    check_definitions(state)
    changed = replace(user, password_sha1=_digest(statement.password, hashed=statement.hashed))
    return _keep(state, tenant, tenant.users | {changed.key: changed})


# Privileges.


def _resolved(tenant: Tenant, statement: Grant | Revoke) -> tuple[Level, frozenset[str]]:
    """The level and the privileges in their short names. Raises 1046 without a schema in use, 1044, 1144, 1221."""
    if tenant.mode == "ORACLE":
        raise NotModelled("GRANT and REVOKE in Oracle mode")
    asked = statement.level
    if asked is not None and asked.current:
        raise error("OB_ERR_NO_DB_SELECTED")
    if asked is None or (asked.schema is None and asked.table is None):
        level = EVERYWHERE
    else:
        level = ((asked.schema or "").lower(), (asked.table or "").lower())
    names: set[str] = set()
    for word in statement.privileges:
        if word == "ALL PRIVILEGES":
            names |= level_privileges(level)
        elif word == "GRANT OPTION":
            names.add(GRANT_OPTION)
        elif word != "USAGE":
            names.add(_SHORT[word])
    if names - level_privileges(level) - {GRANT_OPTION}:
        if level[1]:
            raise error("OB_ILLEGAL_GRANT_FOR_TABLE")
        raise error("OB_ERR_WRONG_PRIVILEGE_LEVEL", "DB GRANT", "GLOBAL PRIVILEGES")
    return level, frozenset(names)


def _check_giver(state: ClusterState, who: Principal, level: Level, names: frozenset[str]) -> None:
    """Who gives or takes must have all of it there, and the grant option; the administrators may anyway."""
    if who.user in ADMINISTRATORS.values():
        return
    account = account_of(state, who)
    needed = sorted(names | {GRANT_OPTION}, key=_shown_order)
    missing = [name for name in needed if account is None or not account.may(name, *level)]
    if not missing:
        return
    if level == EVERYWHERE:
        raise lacking(state, who, missing[0]) or error("OB_ERR_NO_PRIVILEGE")
    if level[1]:
        raise error("OB_ERR_NO_TABLE_PRIVILEGE", missing[0], who.user, who.host, level[1])
    raise error("OB_ERR_NO_DB_PRIVILEGE", who.user, who.host, level[0])


_ORDER = ["ALTER", "CREATE", "CREATE USER", "DELETE", "DROP", GRANT_OPTION]


def _shown_order(name: str) -> tuple[int, int]:
    """The order of OceanBase's own table, in which the first missing privilege is the one that is named."""
    return (0, _ORDER.index(name)) if name in _ORDER else (1, list(PRIVILEGES).index(name))


def grant(state: ClusterState, who: Principal, statement: Grant) -> Ok:
    """GRANT; an account that is not there is made, for which the giver needs CREATE USER (1410 without it)."""
    tenant = _tenant(state, who)
    level, names = _resolved(tenant, statement)
    if level[0] == "information_schema":
        raise error("OB_ERR_NO_DB_PRIVILEGE", who.user, who.host, "information_schema")
    accounts = dict(tenant.users)
    made = [s for s in statement.accounts if tenant.account(s.name.user, s.name.host) is None]
    if made and lacking(state, who, "CREATE USER") is not None:
        raise error("OB_ERR_CREATE_USER_WITH_GRANT")
    _check_giver(state, who, level, names)
    check_definitions(state)
    if statement.grant_option:
        names |= {GRANT_OPTION}
    for spec in statement.accounts:
        user = tenant.account(spec.name.user, spec.name.host) or _made(tenant, spec)
        if spec.password is not None:
            user = replace(user, password_sha1=_digest(spec.password, hashed=spec.hashed))
        given = {**user.grants, level: user.at(level) | names}
        accounts[user.key] = replace(user, grants={key: value for key, value in given.items() if value})
    return _keep(state, tenant, accounts)


def revoke(state: ClusterState, who: Principal, statement: Revoke) -> Ok:
    """REVOKE; 1133 for an account that is not there, 1141 where nothing is granted on that schema or table."""
    tenant = _tenant(state, who)
    level, names = _resolved(tenant, statement)
    accounts = dict(tenant.users)
    for name in statement.accounts:
        user = tenant.account(name.user, name.host)
        if user is None:
            raise error("OB_USER_NOT_EXIST")
        if statement.level is not None and level != EVERYWHERE and level not in user.grants:
            text = f"There is no such grant defined for user '{name.user}' on host '{name.host}'"
            raise ServerError(1141, "42000", text)
        left = {} if statement.level is None else {**user.grants, level: user.at(level) - names}
        accounts[user.key] = replace(user, grants={key: value for key, value in left.items() if value})
    _check_giver(state, who, level, names)
    check_definitions(state)
    return _keep(state, tenant, accounts)


_DEFINES = Rule("CREATE USER", defines=lambda _: True)
_NO_INTERNAL = Rule("CREATE USER", check_internal, defines=lambda _: True)
COMMANDS: dict[type, Command] = {
    AlterUser: guarded(alter_user, _DEFINES),
    CreateUser: guarded(create_user, _DEFINES),
    DropUser: guarded(drop_user, _NO_INTERNAL),
    RenameUser: guarded(rename_user, _NO_INTERNAL),
    Grant: grant,
    Revoke: revoke,
    SetPassword: set_password,
}
"""The last three look at what they name."""
