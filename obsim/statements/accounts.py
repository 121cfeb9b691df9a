"""Statements about accounts: CREATE, ALTER, DROP and RENAME USER, SET PASSWORD, GRANT and REVOKE, in MySQL mode.

Every password is a `Secret`: `.sql()` prints it, a repr does not, and `masked` hides it by the words before it.
"""

from dataclasses import dataclass

from obsim.statements.base import BackupStatement
from obsim.statements.text import Secret, quote_name, quote_text

__all__ = [
    "AccountName", "AccountSpec", "AlterUser", "CreateUser", "DropUser", "Grant", "PrivilegeLevel",
    "RenameUser", "Revoke", "SetPassword",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class AccountName:
    """'user'@'host'; a name without a host means `%`."""

    user: str
    host: str = "%"

    def sql(self) -> str:
        """The account as SQL."""
        return f"{quote_text(self.user)}@{quote_text(self.host)}"


def _accounts(names: tuple[AccountName, ...]) -> str:
    return ", ".join(name.sql() for name in names)


@dataclass(frozen=True, slots=True)
class AccountSpec:
    """An account with what IDENTIFIED BY says; `hashed` is IDENTIFIED BY PASSWORD '*hex'."""

    name: AccountName
    password: Secret | None = None
    hashed: bool = False

    def sql(self) -> str:
        """The specification as SQL."""
        if self.password is None:
            return self.name.sql()
        word = "PASSWORD " if self.hashed else ""
        return f"{self.name.sql()} IDENTIFIED BY {word}{quote_text(self.password.reveal)}"


@dataclass(frozen=True, slots=True)
class CreateUser(BackupStatement):
    """CREATE USER [IF NOT EXISTS] specifications [REQUIRE ...]; `require` is NONE, SSL, X509 or None for no clause."""

    accounts: tuple[AccountSpec, ...]
    if_not_exists: bool = False
    require: str | None = None

    def sql(self) -> str:
        """The statement as SQL."""
        words = "CREATE USER " + ("IF NOT EXISTS " if self.if_not_exists else "")
        return words + ", ".join(a.sql() for a in self.accounts) + _require(self.require)


def _require(word: str | None) -> str:
    return "" if word is None else f" REQUIRE {word}"


@dataclass(frozen=True, slots=True)
class AlterUser(BackupStatement):
    """ALTER USER with one of: IDENTIFIED BY of one account, REQUIRE of one, ACCOUNT LOCK or UNLOCK of several."""

    accounts: tuple[AccountSpec, ...]
    locked: bool | None = None
    require: str | None = None

    def sql(self) -> str:
        """The statement as SQL."""
        text = "ALTER USER " + ", ".join(a.sql() for a in self.accounts) + _require(self.require)
        return text if self.locked is None else text + (" ACCOUNT LOCK" if self.locked else " ACCOUNT UNLOCK")


@dataclass(frozen=True, slots=True)
class DropUser(BackupStatement):
    """DROP USER accounts."""

    accounts: tuple[AccountName, ...]

    def sql(self) -> str:
        """The statement as SQL."""
        return f"DROP USER {_accounts(self.accounts)}"


@dataclass(frozen=True, slots=True)
class RenameUser(BackupStatement):
    """RENAME USER old TO new {, old TO new}."""

    pairs: tuple[tuple[AccountName, AccountName], ...]

    def sql(self) -> str:
        """The statement as SQL."""
        return "RENAME USER " + ", ".join(f"{old.sql()} TO {new.sql()}" for old, new in self.pairs)


@dataclass(frozen=True, slots=True)
class SetPassword(BackupStatement):
    """SET PASSWORD [FOR account] = PASSWORD('plain') | '*hex'; without an account it is the session's own."""

    password: Secret
    account: AccountName | None = None
    hashed: bool = False

    def sql(self) -> str:
        """The statement as SQL."""
        text = quote_text(self.password.reveal)
        whose = "" if self.account is None else f" FOR {self.account.sql()}"
        return f"SET PASSWORD{whose} = {text if self.hashed else f'PASSWORD({text})'}"


@dataclass(frozen=True, slots=True)
class PrivilegeLevel:
    """What a privilege is on: `*.*` without both, `schema.*` without a table; a lone `*` is the schema in use."""

    schema: str | None = None
    table: str | None = None
    current: bool = False
    """The schema is the session's: `*` or a table alone."""

    def sql(self) -> str:
        """The level as SQL."""
        table = "*" if self.table is None else quote_name(self.table)
        if self.current:
            return table
        return f"{'*' if self.schema is None else quote_name(self.schema)}.{table}"


@dataclass(frozen=True, slots=True)
class Grant(BackupStatement):
    """GRANT privileges ON level TO accounts [WITH GRANT OPTION]; `ALL PRIVILEGES` and `USAGE` stand for themselves."""

    privileges: tuple[str, ...]
    level: PrivilegeLevel
    accounts: tuple[AccountSpec, ...]
    grant_option: bool = False

    def sql(self) -> str:
        """The statement as SQL."""
        who = ", ".join(a.sql() for a in self.accounts)
        option = " WITH GRANT OPTION" if self.grant_option else ""
        return f"GRANT {', '.join(self.privileges)} ON {self.level.sql()} TO {who}{option}"


@dataclass(frozen=True, slots=True)
class Revoke(BackupStatement):
    """REVOKE privileges ON level FROM accounts; without a level, REVOKE ALL PRIVILEGES, GRANT OPTION FROM accounts."""

    privileges: tuple[str, ...]
    level: PrivilegeLevel | None
    accounts: tuple[AccountName, ...]

    def sql(self) -> str:
        """The statement as SQL."""
        where = "" if self.level is None else f" ON {self.level.sql()}"
        return f"REVOKE {', '.join(self.privileges)}{where} FROM {_accounts(self.accounts)}"
