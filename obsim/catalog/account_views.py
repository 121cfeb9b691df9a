"""Rows of accounts: mysql.user, mysql.db, CDB_OB_USERS and DBA_OB_USERS."""

from collections.abc import Iterable

from obsim.catalog.columns.accounts import MYSQL_DB, MYSQL_USER, USERS
from obsim.catalog.model import Row, Scope
from obsim.cluster import ClusterState, Tenant, User
from obsim.cluster.accounts import ADMINISTRATORS, EVERYWHERE, GRANT_OPTION

__all__ = ["accounts", "schema_grants", "users"]

_MYSQL_NAMES = {
    "grant_priv": GRANT_OPTION, "show_db_priv": "SHOW DB", "repl_slave_priv": "REPLICATION SLAVE",
    "repl_client_priv": "REPLICATION CLIENT",
}  # fmt: skip
"""Columns of mysql.user whose name does not say the privilege."""
_OB_NAMES = {
    "PRIV_GRANT_OPTION": GRANT_OPTION, "PRIV_REPL_SLAVE": "REPLICATION SLAVE", "PRIV_REPL_CLIENT": "REPLICATION CLIENT",
}  # fmt: skip


def _mysql_privilege(column: str) -> str:
    return _MYSQL_NAMES.get(column, column.removesuffix("_priv").replace("_", " ").upper())


_MYSQL_PRIVILEGES = tuple(_mysql_privilege(c.name) for c in MYSQL_USER if c.name.endswith("_priv"))


_SCHEMA_PRIVILEGES = tuple(_mysql_privilege(c.name) for c in MYSQL_DB if c.name.endswith("_priv"))


def _password(user: User) -> str:
    return "*" + user.password_sha1.hex() if user.password_sha1 else ""


def accounts(state: ClusterState, scope: Scope) -> list[Row]:
    """mysql.user: accounts of the tenant; an administrator has also those privileges that obsim has not."""
    rows: list[Row] = []
    for user in state.tenants[scope.tenant_id].users.values():
        digest = _password(user)
        given = user.at(EVERYWHERE)
        everything = user.name in ADMINISTRATORS.values()
        flags = ("Y" if everything or name in given else "N" for name in _MYSQL_PRIVILEGES)
        rows.append((
            user.host, user.name, digest, *flags, user.ssl_type, "", "", "", 0, 0, 0, 0, "mysql_native_password",
            digest, "N", "Y" if user.locked else "N",
        ))  # fmt: skip
    return rows


def schema_grants(state: ClusterState, scope: Scope) -> list[Row]:
    """mysql.db: what accounts may do in a schema where it was granted there."""
    rows: list[Row] = []
    for user in state.tenants[scope.tenant_id].users.values():
        for schema in sorted(schema for schema, table in user.grants if schema and not table):
            given = user.at((schema, ""))
            flags = ("Y" if name in given else "N" for name in _SCHEMA_PRIVILEGES)
            rows.append((user.host, schema, user.name, *flags))
    return rows


def _ob_privilege(column: str) -> str:
    return _OB_NAMES.get(column, column.removeprefix("PRIV_").replace("_", " "))


_SSL_NUMBERS = {"": 1, "ANY": 2, "X509": 3}


def users(_state: ClusterState, tenants: Iterable[Tenant], _offset_s: int) -> list[Row]:
    """OB_USERS: the accounts of each tenant, with YES and NO for its privileges on everything."""
    found = [_values(tenant, user) for tenant in tenants for user in tenant.users.values()]
    return [tuple(values[c.name] for c in USERS) for values in found]


def _values(tenant: Tenant, user: User) -> dict[str, int | str | None]:
    given = user.at(EVERYWHERE)
    values: dict[str, int | str | None] = {
        c.name: "YES" if _ob_privilege(c.name) in given else "NO" for c in USERS if c.name.startswith("PRIV_")
    }
    return values | {
        "TENANT_ID": tenant.tenant_id, "USER_NAME": user.name, "HOST": user.host, "PASSWD": _password(user), "INFO": "",
        "IS_LOCKED": "YES" if user.locked else "NO", "SSL_TYPE": _SSL_NUMBERS[user.ssl_type], "SSL_CIPHER": "",
        "X509_ISSUER": "", "X509_SUBJECT": "", "TYPE": "USER", "PROFILE_ID": -1, "PASSWORD_LAST_CHANGED": None,
        "MAX_CONNECTIONS": 0, "MAX_USER_CONNECTIONS": 0,
    }  # fmt: skip
