"""`obsim sql`: statements against a fresh cluster or a running server."""

import sys
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from obsim.commands.files import reading, writing
from obsim.commands.options import BaseOption, ScenarioOption, SeedOption, StrictOption, VersionOption
from obsim.errors import UsageError

__all__ = ["sql"]


class Format(StrEnum):
    """Values of --format."""

    TSV = "tsv"
    JSON = "json"
    TABLE = "table"


def sql(
    statement: Annotated[
        str | None, typer.Argument(help="Statements parted by ';'; '-' or nothing reads standard input.")
    ] = None,
    file: Annotated[Path | None, typer.Option("--file", "-f", help="A script instead.", metavar="FILE")] = None,
    tenant: Annotated[str, typer.Option(help="Tenant to log in to.")] = "sys",
    user: Annotated[str | None, typer.Option(help="User; root, or SYS in an Oracle-mode tenant.")] = None,
    host: Annotated[str | None, typer.Option(help="Ask a running server instead of a fresh cluster.")] = None,
    port: Annotated[int, typer.Option(help="Port of the running server.")] = 2881,
    password: Annotated[
        str, typer.Option(envvar="OBSIM_PASSWORD", help="Password for the running server.", show_default=False)
    ] = "",
    trace: Annotated[
        Path | None,
        typer.Option(help="Write who ran when on the schedulers, for Perfetto (fresh cluster).", metavar="FILE"),
    ] = None,
    output: Annotated[Format, typer.Option("--format", help="How rows are printed.")] = Format.TSV,
    scenario: ScenarioOption = "three-tenants",
    ob_version: VersionOption = None,
    seed: SeedOption = 0,
    incremental_base: BaseOption = None,
    strict_incremental: StrictOption = False,
) -> None:
    """Run statements against a fresh cluster, or with --host against a running one.

    The clock of a fresh cluster stands still between statements: CALL obsim.run_until_idle() lets jobs end. Stops at
    the first error with exit code 1.
    """
    from obsim.shell import local_session, remote_session, run_script

    if trace is not None and host is not None:
        raise UsageError("--trace is of a fresh cluster: leave --host out")
    if file is not None and statement is not None:
        raise UsageError("give either a statement or --file, not both")
    if file is not None:
        with reading(file):
            text = file.read_text("utf-8")
    else:
        text = sys.stdin.read() if statement in {None, "-"} else statement or ""
    if host is None:
        execute = local_session(
            tenant,
            user,
            partial(_keep, trace) if trace is not None else None,
            scenario=scenario,
            version=ob_version,
            seed=seed,
            incremental_base=incremental_base,
            strict_incremental=strict_incremental,
        )
    else:
        execute = remote_session(host, port, user, tenant, password)
    if not run_script(text, execute, output):
        raise typer.Exit(1)


def _keep(file: Path, text: str) -> None:
    with writing(file):
        file.write_text(text, "utf-8")
