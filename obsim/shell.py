"""`obsim sql`: statements one after the other, against a cluster in this process or a running server."""

import json
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any, TextIO

import typer

from obsim.answers import ResultSet, Value
from obsim.errors import ServerError, UsageError
from obsim.sql.reader import loggable, split_statements

_CONNECT = re.compile(r"(?:\s*--[^\n]*\n)*\s*CONNECT\s+`?([^\s`;]+)`?\s*", re.IGNORECASE)
"""CONNECT tenant: what follows runs in a session of that tenant's administrator."""

__all__ = ["Execute", "local_session", "remote_session", "run_script"]

Rows = Sequence[Sequence[Value]]
Execute = Callable[[str], tuple[tuple[str, ...], Rows] | None]
"""Runs one statement: labels and rows, or None for a statement without rows. Raises ServerError."""


def local_session(
    tenant: str, user: str | None, trace: Callable[[str], None] | None = None, **options: Any
) -> Execute:
    """A session of a fresh cluster. Raises UsageError for a tenant or user that the scenario lacks.

    `trace` is given who ran when, in the Trace Event Format, after each statement.
    """
    from obsim.cluster.trace import trace_of  # noqa: PLC0415
    from obsim.hosts import make_host  # noqa: PLC0415 - a remote session needs no engine
    from obsim.session import Pending, Session  # noqa: PLC0415

    host = make_host(**options)

    def connect(name: str, user: str | None) -> Session:
        owner = host.state.tenant_named(name)
        account = owner.find_user(user or owner.administrator) if owner else None
        if owner is None or account is None:
            what = f"tenant {name}" if owner is None else f"user {user}"
            raise UsageError(f"the scenario has no {what} to log in as")
        return host.open(account.name, owner)

    session = connect(tenant, user)

    def execute(text: str) -> tuple[tuple[str, ...], Rows] | None:
        nonlocal session
        other = _CONNECT.fullmatch(text)
        if other is not None:
            session = connect(other[1], None)
            return None
        try:
            answer = session.execute(text)
            if isinstance(answer, Pending):
                answer = answer.run()
        finally:
            if trace is not None:
                trace(json.dumps(trace_of(host.state)))
        return (tuple(c.name for c in answer.columns), answer.rows) if isinstance(answer, ResultSet) else None

    return execute


def remote_session(host: str, port: int, user: str | None, tenant: str, password: str) -> Execute:
    """A session of a running server, through PyMySQL."""
    import pymysql  # noqa: PLC0415 - a local session needs no driver


    def connect(tenant: str, name: str) -> "pymysql.Connection[pymysql.cursors.Cursor]":
        try:
            return pymysql.connect(host=host, port=port, user=f"{name}@{tenant}", password=password)
        except pymysql.err.OperationalError as failure:
            raise UsageError(f"cannot log in to {host}:{port} as {name}@{tenant}: {failure.args[-1]}") from None

    connection = connect(tenant, user or "root")

    def execute(text: str) -> tuple[tuple[str, ...], Rows] | None:
        nonlocal connection
        other = _CONNECT.fullmatch(text)
        if other is not None:
            connection.close()
            connection = connect(other[1], "root")
            return None
        try:
            with connection.cursor() as cursor:
                cursor.execute(text)
                if not cursor.description:
                    return None
                return tuple(column[0] for column in cursor.description), cursor.fetchall()
        except pymysql.err.MySQLError as failure:
            raise ServerError(int(failure.args[0]), "HY000", str(failure.args[-1])) from None

    return execute


def run_script(text: str, execute: Execute, form: str, out: TextIO = sys.stdout) -> bool:
    """Run statements parted by `;` and print their rows as `tsv`, `json` (an object a row) or `table`.

    Stops at the first error, which goes to standard error; returns whether there was none.
    """
    for number, statement in enumerate(split_statements(text), 1):
        if not statement.strip():
            continue
        try:
            answer = execute(statement)
        except ServerError as refused:
            typer.echo(f"{refused}\n  in statement {number}: {loggable(statement.strip())}", err=True)
            return False
        if answer is not None:
            _PRINTERS[form](*answer, out)
    return True


def _plain(value: Value) -> object:
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return value if value is None or isinstance(value, int | float | str) else str(value)


def _print_tsv(labels: tuple[str, ...], rows: Rows, out: TextIO) -> None:
    """As `mysql --batch` does: tab, newline and backslash in values are escaped, NULL is the word."""
    print(*labels, sep="\t", file=out)
    for row in rows:
        cells = ("NULL" if v is None else str(_plain(v)) for v in row)
        print(*(c.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n") for c in cells), sep="\t", file=out)


def _print_json(labels: tuple[str, ...], rows: Rows, out: TextIO) -> None:
    for row in rows:
        print(json.dumps(dict(zip(labels, map(_plain, row), strict=True)), ensure_ascii=False), file=out)


def _print_table(labels: tuple[str, ...], rows: Rows, out: TextIO) -> None:
    from rich.console import Console  # noqa: PLC0415 - only for people
    from rich.table import Table  # noqa: PLC0415

    table = Table(*labels)
    for row in rows:
        table.add_row(*("NULL" if v is None else str(_plain(v)) for v in row))
    Console(file=out).print(table)


_PRINTERS = {"tsv": _print_tsv, "json": _print_json, "table": _print_table}
