"""`obsim demo`: the whole incremental-backup procedure over real MySQL connections, shown and checked.

A server is started in this process; everything else goes through PyMySQL, as a tool of somebody else would do it. The
clock moves a quarter of a second with every poll, so the demo shows the same times on every machine.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pymysql
import pymysql.cursors
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Table

from obsim.server import Server

__all__ = ["DemoFailed", "run_demo"]

STEP_S = 0.25
POLLS_MAX = 2_000
PAUSE_S = 0.02
"""Real time between two polls, so that a person can follow the bars."""
_ADMINISTRATORS = {"sys": "root", "mysql_tenant": "root", "oracle_tenant": "SYS"}


class DemoFailed(Exception):
    """The procedure did not hold; the text says what was expected and what was found."""


Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Tenant:
    """One administrator's connection, and how its views are called."""

    name: str
    connection: "pymysql.connections.Connection[pymysql.cursors.DictCursor]"

    @property
    def views(self) -> str:
        """Prefix of the backup views."""
        return {"sys": "oceanbase.CDB_OB", "oracle_tenant": "SYS.DBA_OB"}.get(self.name, "oceanbase.DBA_OB")

    @property
    def tenants(self) -> str:
        """Name of the view of tenants."""
        return "SYS.DBA_OB_TENANTS" if self.name == "oracle_tenant" else "oceanbase.DBA_OB_TENANTS"

    def execute(self, statement: str, *values: object) -> Rows:
        """Rows of a statement, [] without any."""
        with self.connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return list(cursor.fetchall())

    def one(self, statement: str, *values: object) -> dict[str, Any]:
        """The first row."""
        return self.execute(statement, *values)[0]


@contextmanager
def _login(server: Server, name: str) -> Iterator[_Tenant]:
    arguments: dict[str, Any] = server.connect_args(name, user=_ADMINISTRATORS[name])
    connection = pymysql.connect(**arguments, cursorclass=pymysql.cursors.DictCursor)
    try:
        yield _Tenant(name, connection)
    finally:
        connection.close()


def _label(tenant_name: str, status: str) -> str:
    return f"{tenant_name:>14} {status:<18}"


class _Demo:
    """The procedure; every step prints the statements it sends and raises DemoFailed when something does not hold."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def say(self, tenant: _Tenant, statement: str) -> Rows:
        """Send a statement and show it."""
        self.console.print(f"[dim]{tenant.name:>13}>[/] {statement}", highlight=False)
        return tenant.execute(statement)

    def check(self, what: str, found: object, expected: object) -> None:
        """Show one condition and whether it holds."""
        if found != expected:
            raise DemoFailed(f"{what}: expected {expected!r}, found {found!r}")
        self.console.print(f"[green]{'ok':>14}[/] {what}: {found}", highlight=False)

    def headline(self, text: str) -> None:
        """Begin a step."""
        self.console.print(f"\n[bold]{text}[/]", highlight=False)

    def watch(self, tenant: _Tenant) -> None:
        """Poll until no backup job is left, with a bar for each running set task."""
        names = {row["TENANT_ID"]: row["TENANT_NAME"] for row in tenant.execute(f"SELECT * FROM {tenant.tenants}")}
        count = TextColumn("{task.completed:.0f}/{task.total:.0f} macroblocks")
        with Progress(TextColumn("{task.description}"), BarColumn(), count, console=self.console) as progress:
            bars: dict[tuple[str, int], TaskID] = {}
            for _ in range(POLLS_MAX):
                for row in tenant.execute(f"SELECT * FROM {tenant.views}_BACKUP_TASKS"):
                    name = names.get(row.get("TENANT_ID"), tenant.name)
                    key = (name, row["TASK_ID"])
                    if key not in bars:
                        bars[key] = progress.add_task("", total=0)
                    done, total = row["FINISH_MACRO_BLOCK_COUNT"], row["MACRO_BLOCK_COUNT"]
                    progress.update(bars[key], description=_label(name, row["STATUS"]), completed=done, total=total)
                if not tenant.one(f"SELECT COUNT(*) AS N FROM {tenant.views}_BACKUP_JOBS")["N"]:
                    for (name, _), bar in bars.items():
                        total = progress.tasks[bar].total or 0
                        progress.update(bar, description=_label(name, "COMPLETED"), completed=total)
                    return
                time.sleep(PAUSE_S)
        raise DemoFailed(f"a backup job was not over after {POLLS_MAX} polls")

    def to_store(self, sys: _Tenant, tenant_name: str) -> int:
        """How many macroblocks an increment started now must store: those its base does not have."""
        found = sys.one(
            "SELECT COUNT(*) AS N FROM obsim.macroblocks m JOIN oceanbase.DBA_OB_TENANTS t USING (TENANT_ID) "
            "WHERE t.TENANT_NAME = %s AND m.IN_BASE = 0",
            tenant_name,
        )
        return int(found["N"])

    def newest(self, sys: _Tenant, tenant_name: str) -> dict[str, Any]:
        """The newest good set of a tenant."""
        return sys.one(
            "SELECT s.* FROM oceanbase.CDB_OB_BACKUP_SET_FILES s "
            "JOIN oceanbase.DBA_OB_TENANTS t ON t.TENANT_ID = s.TENANT_ID "
            "WHERE t.TENANT_NAME = %s AND s.STATUS = 'SUCCESS' ORDER BY s.BACKUP_SET_ID DESC LIMIT 1",
            tenant_name,
        )

    def run(self, server: Server) -> None:
        """All steps, in order."""
        with _login(server, "sys") as sys:
            self.speed(sys)
            self.full(sys)
            self.incremental(sys)
            self.one_tenant(sys)
            for name in ("mysql_tenant", "oracle_tenant"):
                with _login(server, name) as tenant:
                    self.by_itself(sys, tenant)
            self.chain(sys)

    def speed(self, sys: _Tenant) -> None:
        """Steps 1 and 2: log in, raise the thread score of all user tenants."""
        self.headline("1. Log in as root of sys")
        version = self.say(sys, "SELECT VERSION() AS V, OB_VERSION() AS OB")[0]
        self.check("the server says it is OceanBase", "OceanBase" in version["V"], True)
        self.headline("2. Give the low-priority queue of every user tenant ten threads")
        self.say(sys, "ALTER SYSTEM SET ha_low_thread_score = 10 TENANT = all_user")
        rows = self.say(sys, "SHOW PARAMETERS LIKE 'ha_low_thread_score' TENANT = mysql_tenant")
        self.check("ha_low_thread_score of mysql_tenant", [row["value"] for row in rows], ["10"])

    def full(self, sys: _Tenant) -> None:
        """Step 3: a full backup of all user tenants."""
        self.headline("3. Back up everything")
        self.say(sys, "ALTER SYSTEM BACKUP DATABASE")
        self.watch(sys)
        for name in ("mysql_tenant", "oracle_tenant"):
            newest = self.newest(sys, name)
            self.check(f"type of set {newest['BACKUP_SET_ID']} of {name}", newest["BACKUP_TYPE"], "FULL")

    def incremental(self, sys: _Tenant) -> None:
        """Steps 4 and 5: change known numbers of macroblocks and back up just those."""
        self.headline("4. Change 37 macroblocks of one tenant and 11 of the other")
        self.say(sys, "CALL obsim.write('mysql_tenant', 't1', 37, 'random')")
        self.say(sys, "CALL obsim.write('oracle_tenant', 'T1', 11, 'clustered')")
        self.say(sys, "ALTER SYSTEM MAJOR FREEZE TENANT = all_user")
        self.headline("5. Back up what changed")
        self.say(sys, "ALTER SYSTEM BACKUP INCREMENTAL DATABASE")
        self.watch(sys)
        for name, count in (("mysql_tenant", 37), ("oracle_tenant", 11)):
            newest = self.newest(sys, name)
            self.check(f"type of set {newest['BACKUP_SET_ID']} of {name}", newest["BACKUP_TYPE"], "INC")
            self.check("macroblocks it stores", newest["MACRO_BLOCK_COUNT"], count)

    def one_tenant(self, sys: _Tenant) -> None:
        """Step 5, second half: one tenant by name, the other one left alone."""
        self.headline("   The same for one tenant alone")
        self.say(sys, "CALL obsim.write('mysql_tenant', 't2', 5, 'random')")
        self.say(sys, "ALTER SYSTEM MAJOR FREEZE TENANT = mysql_tenant")
        expected = self.to_store(sys, "mysql_tenant")
        other = self.newest(sys, "oracle_tenant")["BACKUP_SET_ID"]
        self.say(sys, "ALTER SYSTEM BACKUP INCREMENTAL TENANT = mysql_tenant")
        self.watch(sys)
        self.check(
            "macroblocks stored for mysql_tenant", self.newest(sys, "mysql_tenant")["MACRO_BLOCK_COUNT"], expected
        )
        self.check("newest set of oracle_tenant", self.newest(sys, "oracle_tenant")["BACKUP_SET_ID"], other)

    def by_itself(self, sys: _Tenant, tenant: _Tenant) -> None:
        """Steps 6 and 7: a tenant's administrator does it for itself and watches its own views."""
        self.headline(f"6. The administrator of {tenant.name} does the same")
        table = "T1" if tenant.name == "oracle_tenant" else "t1"
        self.say(sys, f"CALL obsim.write('{tenant.name}', '{table}', 3, 'append')")
        self.say(tenant, "ALTER SYSTEM SET ha_low_thread_score = 10")
        self.say(tenant, "ALTER SYSTEM MAJOR FREEZE")
        expected = self.to_store(sys, tenant.name)
        self.say(tenant, "ALTER SYSTEM BACKUP INCREMENTAL DATABASE")
        self.watch(tenant)
        job = self.say(tenant, f"SELECT * FROM {tenant.views}_BACKUP_JOB_HISTORY ORDER BY JOB_ID DESC LIMIT 1")[0]
        self.check(
            "its job", (job["STATUS"], job["BACKUP_TYPE"], job["JOB_LEVEL"]), ("COMPLETED", "INC", "USER_TENANT")
        )
        self.check("macroblocks stored", self.newest(sys, tenant.name)["MACRO_BLOCK_COUNT"], expected)

    def chain(self, sys: _Tenant) -> None:
        """The end: every set with its ancestors and what it stores."""
        self.headline("7. The chain")
        rows = sys.execute(
            "SELECT t.TENANT_NAME, s.* FROM oceanbase.CDB_OB_BACKUP_SET_FILES s JOIN oceanbase.DBA_OB_TENANTS t "
            "ON t.TENANT_ID = s.TENANT_ID ORDER BY s.TENANT_ID, s.BACKUP_SET_ID"
        )
        table = Table(box=None, header_style="bold")
        table.add_column("tenant", no_wrap=True)
        for name in ("set", "type", "full", "prev", "macroblocks", "MiB read", "seconds"):
            table.add_column(name, justify="left" if name == "type" else "right", no_wrap=True)
        table.add_column("state", no_wrap=True, min_width=9)
        for row in rows:
            cells = (
                row["TENANT_NAME"],
                row["BACKUP_SET_ID"],
                row["BACKUP_TYPE"],
                row["PREV_FULL_BACKUP_SET_ID"] or "-",
                row["PREV_INC_BACKUP_SET_ID"] or "-",
                row["MACRO_BLOCK_COUNT"],
                row["INPUT_BYTES"] >> 20,
                row["ELAPSED_SECONDES"],
                row["FILE_STATUS"],
            )
            table.add_row(*map(str, cells))
        self.console.print(table)


def run_demo(console: Console, *, ob_version: str = "4.2.1", seed: int = 0) -> None:
    """Run the procedure against a server of its own; raises DemoFailed, or returns when everything held."""
    with Server(scenario="three-tenants", clock="step", step_s=STEP_S, version=ob_version, seed=seed) as server:
        console.print(f"obsim as OceanBase {ob_version} on {server.host}:{server.port}", highlight=False)
        _Demo(console).run(server)
    console.print("\n[bold green]The procedure held.[/]")
