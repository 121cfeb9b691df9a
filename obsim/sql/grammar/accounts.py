"""CREATE, ALTER, DROP, RENAME USER, SET PASSWORD, GRANT and REVOKE as OceanBase's MySQL mode reads them."""

from obsim.cluster.accounts import PRIVILEGES
from obsim.errors import SyntaxRefused
from obsim.sql.grammar.cursor import Cursor
from obsim.statements import NotModelledStatement, Secret
from obsim.statements.accounts import (
    AccountName,
    AccountSpec,
    AlterUser,
    CreateUser,
    DropUser,
    Grant,
    PrivilegeLevel,
    RenameUser,
    Revoke,
    SetPassword,
)

__all__ = ["account_name", "alter_user", "create_user", "drop_user", "grant", "rename_user", "revoke", "set_password"]

_REQUIRED = frozenset({"NONE", "SSL", "X509"})
_UNMODELLED = frozenset(
    {
        "ALTER ROUTINE", "CREATE ROLE", "CREATE ROUTINE", "CREATE TABLESPACE", "CREATE TEMPORARY TABLES", "DROP ROLE",
        "EVENT", "EXECUTE", "LOCK TABLES", "REFERENCES", "RELOAD", "SHUTDOWN", "TRIGGER",
    }
)  # fmt: skip
"""Privileges of later builds, about objects that no simulated tenant has."""
_BY_LENGTH = sorted((*PRIVILEGES.values(), "GRANT OPTION", "USAGE", *_UNMODELLED), key=lambda w: -len(w.split()))


def account_name(cursor: Cursor) -> AccountName:
    """user[@host], each a string or a name."""
    user = cursor.text_or_name()
    return AccountName(user, cursor.text_or_name()) if cursor.take("@") else AccountName(user)


def _spec(cursor: Cursor) -> AccountSpec:
    name = account_name(cursor)
    if not cursor.take("IDENTIFIED"):
        return AccountSpec(name)
    cursor.expect("BY")
    hashed = cursor.take("PASSWORD")
    return AccountSpec(name, Secret(cursor.string()), hashed)


def _require(cursor: Cursor) -> str | None:
    return cursor.one_of(_REQUIRED) if cursor.take("REQUIRE") else None


def create_user(cursor: Cursor) -> CreateUser:
    """CREATE USER [IF NOT EXISTS] account [IDENTIFIED BY [PASSWORD] 'p'] {, ...} [REQUIRE word]."""
    cursor.expect("CREATE", "USER")
    known = cursor.take("IF", "NOT", "EXISTS")
    return CreateUser(tuple(cursor.listed(lambda: _spec(cursor))), known, _require(cursor))


def alter_user(cursor: Cursor) -> AlterUser:
    """ALTER USER account IDENTIFIED BY 'p' | REQUIRE word, or accounts ACCOUNT LOCK | UNLOCK."""
    cursor.expect("ALTER", "USER")
    first = _spec(cursor)
    if first.password is not None:
        return AlterUser((first,))
    if cursor.word == "REQUIRE":
        return AlterUser((first,), require=_require(cursor))
    accounts = [first]
    while cursor.take(","):
        accounts.append(AccountSpec(account_name(cursor)))
    cursor.expect("ACCOUNT")
    return AlterUser(tuple(accounts), cursor.one_of(frozenset({"LOCK", "UNLOCK"})) == "LOCK")


def drop_user(cursor: Cursor) -> DropUser:
    """DROP USER accounts."""
    cursor.expect("DROP", "USER")
    return DropUser(tuple(cursor.listed(lambda: account_name(cursor))))


def rename_user(cursor: Cursor) -> RenameUser:
    """RENAME USER old TO new {, ...}."""
    cursor.expect("RENAME", "USER")
    return RenameUser(tuple(cursor.listed(lambda: _pair(cursor))))


def _pair(cursor: Cursor) -> tuple[AccountName, AccountName]:
    old = account_name(cursor)
    cursor.expect("TO")
    return old, account_name(cursor)


def set_password(cursor: Cursor) -> SetPassword:
    """SET PASSWORD [FOR account] = '*hex' | PASSWORD('plain')."""
    cursor.expect("SET", "PASSWORD")
    account = account_name(cursor) if cursor.take("FOR") else None
    cursor.expect("=")
    if not cursor.take("PASSWORD"):
        return SetPassword(Secret(cursor.string()), account, hashed=True)
    cursor.expect("(")
    password = Secret(cursor.string())
    cursor.expect(")")
    return SetPassword(password, account)


def _privilege(cursor: Cursor) -> str:
    if cursor.take("ALL"):
        cursor.take("PRIVILEGES")
        return "ALL PRIVILEGES"
    for words in _BY_LENGTH:
        if cursor.take(*words.split()):
            return words
    raise cursor.refused()


def _level(cursor: Cursor) -> PrivilegeLevel:
    if cursor.take("*"):
        if not cursor.take("."):
            return PrivilegeLevel(current=True)
        cursor.expect("*")
        return PrivilegeLevel()
    name = cursor.name()
    if not cursor.take("."):
        return PrivilegeLevel(None, name, current=True)
    return PrivilegeLevel(name) if cursor.take("*") else PrivilegeLevel(name, cursor.member())


def grant(cursor: Cursor) -> Grant | NotModelledStatement:
    """GRANT privileges ON level TO accounts [WITH GRANT OPTION]; roles and column lists are not modelled."""
    cursor.expect("GRANT")
    privileges = _listed_privileges(cursor)
    if privileges is None or cursor.word != "ON":
        return _whole(cursor, "GRANT of roles, columns or routines")
    cursor.expect("ON")
    level = _level(cursor)
    cursor.expect("TO")
    accounts = tuple(cursor.listed(lambda: _spec(cursor)))
    return Grant(privileges, level, accounts, cursor.take("WITH", "GRANT", "OPTION"))


def revoke(cursor: Cursor) -> Revoke | NotModelledStatement:
    """REVOKE privileges ON level FROM accounts, or REVOKE ALL PRIVILEGES, GRANT OPTION FROM accounts."""
    cursor.expect("REVOKE")
    privileges = _listed_privileges(cursor)
    everything = privileges == ("ALL PRIVILEGES", "GRANT OPTION")
    if privileges is None or (cursor.word != "ON" and not everything):
        return _whole(cursor, "REVOKE of roles, columns or routines")
    level = _level(cursor) if cursor.take("ON") else None
    cursor.expect("FROM")
    return Revoke(privileges, level, tuple(cursor.listed(lambda: account_name(cursor))))


def _listed_privileges(cursor: Cursor) -> tuple[str, ...] | None:
    """The list of privileges; None where a role, a column list or a privilege obsim does not model stands."""
    start = cursor.index
    found = []
    while True:
        if not cursor.word and cursor.token is not None:
            return None  # a quoted name: a role
        try:
            found.append(_privilege(cursor))
        except SyntaxRefused:
            if cursor.index == start and cursor.following in {"TO", "FROM", ",", "@"}:
                return None
            raise
        if cursor.word == "(" or found[-1] in _UNMODELLED:
            return None
        if not cursor.take(","):
            return tuple(found)


def _whole(cursor: Cursor, what: str) -> NotModelledStatement:
    cursor.index = len(cursor.tokens)
    return NotModelledStatement(what, cursor.text)
