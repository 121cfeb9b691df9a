"""The command line: `obsim serve`, `sql`, `demo`, `lab`, `scenario`, `fault`, `record`, `replay`, `fsck` and more.

Only `ready HOST PORT` and results go to standard output; everything else goes to standard error. Exit codes: 0 done,
1 a statement or the procedure failed, 2 the command was used wrongly.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from obsim._version import __version__
from obsim.commands.directories import fsck, inspect, record, replay
from obsim.commands.files import reading
from obsim.commands.options import VERSION_HELP, SeedOption
from obsim.commands.serve import serve
from obsim.commands.sql import sql
from obsim.errors import ScenarioError, UsageError

__all__ = ["app", "main"]

app = typer.Typer(
    help="A test double for OceanBase's backup world.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        import apsw

        of = ", ".join(f"{name} {version(name)}" for name in ("sqlglot", "mysql-mimic"))
        typer.echo(f"obsim {__version__} ({of}, SQLite {apsw.sqlite_lib_version()})")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the versions and leave.")
    ] = False,
) -> None:
    """Options of every command."""


app.command()(serve)
app.command()(inspect)
app.command()(record)
app.command()(fsck)
app.command()(replay)


@app.command()
def demo(ob_version: Annotated[str, typer.Option(help=f"{VERSION_HELP}.")] = "4.2.1", seed: SeedOption = 0) -> None:
    """Run the whole incremental-backup procedure over real MySQL connections; exit 0 when it held."""
    from rich.console import Console

    from obsim.demo import DemoFailed, run_demo

    try:
        run_demo(Console(), ob_version=ob_version, seed=seed)
    except DemoFailed as failure:
        typer.echo(f"the procedure did not hold: {failure}", err=True)
        raise typer.Exit(1) from None


app.command()(sql)


@app.command()
def support(
    clients: Annotated[
        Path | None,
        typer.Option(help="Clients to list too: name, language, version and TLS, tab-separated.", metavar="FILE"),
    ] = None,
    limits: Annotated[bool, typer.Option("--limits", help="Print the limits of everything instead.")] = False,
) -> None:
    """Print what is supported in which version, as Markdown: statements, views, parameters, functions."""
    if limits:
        from obsim.support.limits import limits_page

        typer.echo(limits_page(), nl=False)
        return
    from obsim.support.page import page, read_clients

    if clients is None:
        typer.echo(page(), nl=False)
        return
    with reading(clients):
        text = page(read_clients(clients.read_text("utf-8")))
    typer.echo(text, nl=False)


# Command lines of their own: no start of a server waits for them.
_PASSED_ON: dict[str, Any] = {
    "add_help_option": False, "context_settings": {"allow_extra_args": True, "ignore_unknown_options": True}
}  # fmt: skip


@app.command(**_PASSED_ON)
def lab(context: typer.Context) -> None:
    """Exercises of 10 to 20 minutes, in English and Chinese: list, start, check, hint, reset."""
    from obsim.labs.commands import labs

    labs(args=context.args, prog_name="obsim lab")


@app.command(**_PASSED_ON)
def campaign(context: typer.Context) -> None:
    """Run the state machine of obsim.testing on many seeds, on all versions and base rules."""
    from obsim.commands.testing import campaigns

    campaigns(args=context.args, prog_name="obsim campaign")


@app.command(**_PASSED_ON)
def scenario(context: typer.Context) -> None:
    """What clusters start from: built-in scenarios and your own."""
    from obsim.commands.scenario import scenarios

    scenarios(args=context.args, prog_name="obsim scenario")


faults = typer.Typer(help="What can go wrong on purpose.", no_args_is_help=True)
app.add_typer(faults, name="fault")


@faults.command("list")
def fault_list() -> None:
    """Print ready rules for CALL obsim.fault('...'), cluster.fault("...") and `faults` of a scenario."""
    from obsim.fault_plans import PLANS

    for name, (rule, effect) in PLANS.items():
        typer.echo(f"{name}\t{rule}\t{effect}")


@app.command(**_PASSED_ON)
def mutants(context: typer.Context) -> None:
    """Wrong engines to order, and which check notices which."""
    from obsim.commands.testing import mutants

    mutants(args=context.args, prog_name="obsim mutants")


def main() -> None:
    """Entry point: errors of use are one line on standard error and exit code 2."""
    try:
        app()
    except (UsageError, ScenarioError) as wrong:
        typer.echo(f"obsim: {wrong}", err=True)
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
