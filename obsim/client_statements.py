"""What clients say to any MySQL server - queries, session settings, SHOW, transactions - as frozen dataclasses.

They stand beside the statements of `obsim.statements` and keep the same law: reading `s.sql()` gives `s` again.
Forms: `clients.md`, sections 3 and 4, and MySQL 5.7's manual, which OceanBase follows.
"""

from dataclasses import dataclass, field
from typing import Literal

from obsim.answers import Value
from obsim.statements import quote_name, quote_text

__all__ = [
    "Assignment", "ClientStatement", "DefaultValue", "Describe", "DoExpressions", "DropPrepared", "Empty",
    "ExecutePrepared", "Expression", "Kill", "LockTables", "PrepareStatement", "Query", "SetNames", "SetVariables",
    "Show", "TableLock", "Transaction", "UnlockTables", "UseDatabase", "VariableValue",
]


@dataclass(frozen=True, slots=True)
class Query:
    """A SELECT, WITH, VALUES or TABLE, parenthesised or not: `text` as it came, without the `;` at its end."""

    text: str

    def sql(self) -> str:
        """The statement as it came."""
        return self.text


@dataclass(frozen=True, slots=True)
class Empty:
    """Nothing but comments: answered with OK."""

    def sql(self) -> str:
        """A comment."""
        return "/* */"


@dataclass(frozen=True, slots=True)
class UseDatabase:
    """USE name."""

    name: str

    def sql(self) -> str:
        """The statement as SQL."""
        return f"USE {quote_name(self.name)}"


@dataclass(frozen=True, slots=True)
class DefaultValue:
    """The word DEFAULT as the value of a variable."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A value to be computed: `text` stands where a SELECT list has an expression; `parameters` are for its `?`."""

    text: str
    parameters: tuple[Value, ...] = ()


VariableValue = None | int | float | str | DefaultValue | Expression
"""TRUE and FALSE are 1 and 0; a bare word given to a system variable (ON, OFF, utf8mb4) is its text as written."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """One `name = value` of SET. `name` is lower case, without `@`; scope 'user' is a variable `@name`."""

    scope: Literal["session", "global", "user"]
    name: str
    value: VariableValue

    def sql(self) -> str:
        """The assignment as SQL."""
        if self.scope == "user":
            return f"@{quote_name(self.name)} := {_value_text(self.value)}"
        return f"{self.scope.upper()} {quote_name(self.name)} = {_value_text(self.value)}"


def _value_text(value: VariableValue) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, DefaultValue):
        return "DEFAULT"
    if isinstance(value, Expression):
        return value.text
    return quote_text(value) if isinstance(value, str) else repr(value).replace("inf", "1e999")


@dataclass(frozen=True, slots=True)
class SetVariables:
    """SET a = v, GLOBAL b = v, @@session.c = v, @user := v. A scope word reaches only to the next comma."""

    assignments: tuple[Assignment, ...]

    def sql(self) -> str:
        """The statement as SQL."""
        return "SET " + ", ".join(a.sql() for a in self.assignments)


@dataclass(frozen=True, slots=True)
class SetNames:
    """SET NAMES charset [COLLATE collation] and SET CHARACTER SET charset; None is DEFAULT, or no collation named."""

    charset: str | None
    collation: str | None = None

    def sql(self) -> str:
        """The statement as SQL."""
        charset = "DEFAULT" if self.charset is None else quote_text(self.charset)
        return f"SET NAMES {charset}" + ("" if self.collation is None else f" COLLATE {quote_text(self.collation)}")


@dataclass(frozen=True, slots=True)
class Show:
    """One of the SHOW family.

    `kind` is upper case with one blank between words, synonyms joined: DATABASES, TABLES, COLUMNS, INDEX, VARIABLES,
    STATUS, WARNINGS, ERRORS, COUNT WARNINGS, COUNT ERRORS, PROCESSLIST, CHARACTER SET, CREATE TABLE, GRANTS and so on
    (`obsim.sql.grammar.show` has the table). `table` is the object that is named (a table, view, database, user);
    `schema` what FROM, IN or a dot names; `where` the text of the condition; `limit` is (offset, rows), of WARNINGS
    and ERRORS alone.
    """

    kind: str
    schema: str | None = None
    table: str | None = None
    like: str | None = None
    where: str | None = None
    full: bool = False
    scope: Literal["session", "global"] = "session"
    limit: tuple[int, int] | None = None

    def sql(self) -> str:
        """The statement as SQL."""
        words = self.kind
        if words.startswith("COUNT "):
            return f"SHOW COUNT(*) {words[6:]}"
        prefix = ("FULL " if self.full else "") + ("GLOBAL " if self.scope == "global" else "")
        text = f"SHOW {prefix}{words}{self._object()}"
        text += f" LIKE {quote_text(self.like)}" if self.like is not None else ""
        text += f" WHERE {self.where}" if self.where is not None else ""
        return text + (f" LIMIT {self.limit[0]}, {self.limit[1]}" if self.limit is not None else "")

    def _object(self) -> str:
        if self.kind == "GRANTS":
            return "" if self.table is None else f" FOR {quote_name(self.table)}"
        if self.kind.startswith("CREATE "):
            schema = "" if self.schema is None else f"{quote_name(self.schema)}."
            return f" {schema}{quote_name(self.table or '')}"
        table = "" if self.table is None else f" FROM {quote_name(self.table)}"
        return table + ("" if self.schema is None else f" FROM {quote_name(self.schema)}")


@dataclass(frozen=True, slots=True)
class Describe:
    """DESC, DESCRIBE or EXPLAIN of a table; `column` is the name or pattern of columns to show."""

    schema: str | None
    table: str
    column: str | None = None

    def sql(self) -> str:
        """The statement as SQL."""
        schema = "" if self.schema is None else f"{quote_name(self.schema)}."
        return f"DESC {schema}{quote_name(self.table)}" + ("" if self.column is None else f" {quote_text(self.column)}")


@dataclass(frozen=True, slots=True)
class Kill:
    """KILL [CONNECTION | QUERY] id."""

    connection_id: int
    query_only: bool = False

    def sql(self) -> str:
        """The statement as SQL."""
        return f"KILL {'QUERY ' if self.query_only else ''}{self.connection_id}"


@dataclass(frozen=True, slots=True)
class Transaction:
    """BEGIN, COMMIT, ROLLBACK, SAVEPOINT, ROLLBACK TO, RELEASE SAVEPOINT or SET TRANSACTION (the `kind`).

    `name` is the savepoint; `characteristics` the words behind START TRANSACTION, COMMIT, ROLLBACK or SET TRANSACTION,
    upper case, one item for each (`READ ONLY`, `ISOLATION LEVEL READ COMMITTED`, `AND CHAIN`); START TRANSACTION is
    BEGIN. `scope` counts only for SET TRANSACTION: None is the next transaction alone.
    """

    kind: str
    name: str | None = None
    characteristics: tuple[str, ...] = ()
    scope: Literal["session", "global"] | None = None

    def sql(self) -> str:
        """The statement as SQL."""
        if self.kind == "BEGIN":
            return "START TRANSACTION" + (f" {', '.join(self.characteristics)}" if self.characteristics else "")
        if self.kind == "SET TRANSACTION":
            scope = "" if self.scope is None else f"{self.scope.upper()} "
            return f"SET {scope}TRANSACTION {', '.join(self.characteristics)}"
        # A savepoint may itself be called SAVEPOINT, so the word stands before its name.
        kind = "ROLLBACK TO SAVEPOINT" if self.kind == "ROLLBACK TO" else self.kind
        name = "" if self.name is None else f" {quote_name(self.name)}"
        return " ".join((kind + name, *self.characteristics))


@dataclass(frozen=True, slots=True)
class PrepareStatement:
    """PREPARE name FROM 'text' or FROM @variable: one of `text` and `variable` (lower case) is None."""

    name: str
    text: str | None = field(default=None, repr=False)  # may hold a password
    variable: str | None = None

    def sql(self) -> str:
        """The statement as SQL."""
        source = f"@{quote_name(self.variable or '')}" if self.text is None else quote_text(self.text)
        return f"PREPARE {quote_name(self.name)} FROM {source}"


@dataclass(frozen=True, slots=True)
class ExecutePrepared:
    """EXECUTE name [USING @a, @b]; `variables` are lower case, without `@`."""

    name: str
    variables: tuple[str, ...] = ()

    def sql(self) -> str:
        """The statement as SQL."""
        using = ", ".join(f"@{quote_name(variable)}" for variable in self.variables)
        return f"EXECUTE {quote_name(self.name)}" + (f" USING {using}" if using else "")


@dataclass(frozen=True, slots=True)
class DropPrepared:
    """DEALLOCATE PREPARE name, and its other form DROP PREPARE name."""

    name: str

    def sql(self) -> str:
        """The statement as SQL."""
        return f"DEALLOCATE PREPARE {quote_name(self.name)}"


@dataclass(frozen=True, slots=True)
class DoExpressions:
    """DO expression {, expression}: `text` stands where a SELECT has its list."""

    text: str
    parameters: tuple[Value, ...] = ()

    def sql(self) -> str:
        """The statement as SQL."""
        return f"DO {self.text}"


@dataclass(frozen=True, slots=True)
class TableLock:
    """One table of LOCK TABLES; `mode` is READ, READ LOCAL, WRITE or LOW_PRIORITY WRITE."""

    table: str
    schema: str | None = None
    alias: str | None = None
    mode: Literal["READ", "READ LOCAL", "WRITE", "LOW_PRIORITY WRITE"] = "READ"

    def sql(self) -> str:
        """The lock as SQL."""
        schema = "" if self.schema is None else f"{quote_name(self.schema)}."
        alias = "" if self.alias is None else f" AS {quote_name(self.alias)}"
        return f"{schema}{quote_name(self.table)}{alias} {self.mode}"


@dataclass(frozen=True, slots=True)
class LockTables:
    """LOCK TABLES table mode {, table mode}."""

    locks: tuple[TableLock, ...]

    def sql(self) -> str:
        """The statement as SQL."""
        return "LOCK TABLES " + ", ".join(lock.sql() for lock in self.locks)


@dataclass(frozen=True, slots=True)
class UnlockTables:
    """UNLOCK TABLES."""

    def sql(self) -> str:
        """The statement as SQL."""
        return "UNLOCK TABLES"


ClientStatement = (
    Query | Empty | UseDatabase | SetVariables | SetNames | Show | Describe | Kill | Transaction | PrepareStatement
    | ExecutePrepared | DropPrepared | DoExpressions | LockTables | UnlockTables
)
