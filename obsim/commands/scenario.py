"""`obsim scenario`: list, check, show and dump what clusters start from."""

from typing import Annotated

import typer

from obsim.commands.options import SeedOption, VersionOption

__all__ = ["scenarios"]

scenarios = typer.Typer(
    help="What clusters start from: built-in scenarios and your own.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
ScenarioArgument = Annotated[str, typer.Argument(help="A built-in scenario or a TOML file.", metavar="NAME|FILE")]


@scenarios.command("list")
def scenario_list() -> None:
    """Print every built-in scenario and what it is for."""
    from obsim.scenario import load_scenario, scenario_names

    for name in scenario_names():
        typer.echo(f"{name}\t{load_scenario(name).about}")


@scenarios.command("check")
def scenario_check(name: ScenarioArgument, ob_version: VersionOption = None) -> None:
    """Read a scenario and start a cluster of it; exit code 2, file, line, key and rule when something is wrong."""
    from obsim.hosts import make_host

    make_host(name, version=ob_version)
    typer.echo(f"{name}: good")


@scenarios.command("show")
def scenario_show(name: ScenarioArgument, ob_version: VersionOption = None) -> None:
    """Print what a cluster of it has at its start: time, servers, tenants, tables, sets, rounds, faults."""
    from obsim.hosts import make_host
    from obsim.scenario import Blueprint
    from obsim.scenario.summary import summary

    for line in summary(Blueprint.of(name).scenario, make_host(name, version=ob_version).state):
        typer.echo(line)


@scenarios.command("dump")
def scenario_dump(
    name: ScenarioArgument = "three-tenants",
    ob_version: VersionOption = None,
    seed: SeedOption = 0,
    host: Annotated[str | None, typer.Option(help="Ask a running server instead: its state now.")] = None,
    port: Annotated[int, typer.Option(help="Port of the running server.")] = 2881,
    password: Annotated[
        str, typer.Option(envvar="OBSIM_PASSWORD", help="Password for the running server.", show_default=False)
    ] = "",
) -> None:
    """Print the whole state of a cluster as a scenario: of a running server, or of what NAME begins with."""
    from obsim.shell import local_session, remote_session

    if host is None:
        execute = local_session("sys", None, scenario=name, version=ob_version, seed=seed)
    else:
        execute = remote_session(host, port, None, "sys", password)
    answer = execute("CALL obsim.dump()")
    assert answer is not None, "the dump is a row"
    typer.echo(answer[1][0][0], nl=False)
