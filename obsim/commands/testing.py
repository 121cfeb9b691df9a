"""`obsim mutants` and `obsim campaign`: the command line of `obsim.testing`."""

from pathlib import Path
from typing import Annotated

import typer

from obsim.commands.options import BaseName
from obsim.errors import UsageError

__all__ = ["campaigns", "mutants"]

mutants = typer.Typer(
    help="Wrong engines to order, and which check notices which.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
JsonOption = Annotated[bool, typer.Option("--json", help="An object a line instead of tab-separated fields.")]


@mutants.command("list")
def mutants_list(as_json: JsonOption = False) -> None:
    """Print every mutant: its name, the check that must notice it, what is wrong with it."""
    from obsim.testing.commands import list_mutants

    list_mutants(typer.echo, as_json=as_json)


@mutants.command("run")
def mutants_run(
    names: Annotated[list[str] | None, typer.Argument(help="Mutants; without any all of them.", metavar="NAME")] = None,
    as_json: JsonOption = False,
) -> None:
    """Plant mutants and print what noticed each of them.

    Exit code 1 when one survives, when the check that must notice it does not, or (all run) when a check notices none.
    """
    from obsim.testing.commands import run_mutants

    if not run_mutants(names or (), typer.echo, as_json=as_json):
        raise typer.Exit(1)


campaigns = typer.Typer(add_completion=False, rich_markup_mode=None)


@campaigns.command()
def campaign(
    steps: Annotated[int | None, typer.Option(min=1, help="Stop after so many steps of the state machine.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Stop after so many minutes.")] = None,
    seeds: Annotated[int | None, typer.Option(min=1, help="Stop after so many seeds of each version and rule.")] = None,
    first_seed: Annotated[int, typer.Option(help="The seed to begin with.")] = 0,
    ob_version: Annotated[
        list[str] | None, typer.Option(help="Versions to go through; by default every profile.")
    ] = None,
    incremental_base: Annotated[
        list[BaseName] | None, typer.Option(help="Base rules to go through; by default both.")
    ] = None,
    workers: Annotated[int, typer.Option(min=0, help="Processes; 0 takes one for each CPU.")] = 0,
    scheduler: Annotated[
        str, typer.Option(help="A Dask cluster instead of processes here, e.g. tcp://10.0.0.1:8786.", metavar="ADDRESS")
    ] = "",
    state_file: Annotated[
        Path | None, typer.Option(help="Keeps what is done; a later run goes on from there.", metavar="FILE")
    ] = None,
    failures: Annotated[Path, typer.Option(help="Where a script of each failure goes.", metavar="DIR")] = Path(
        "campaign-failures"
    ),
    runs: Annotated[int, typer.Option(min=1, help="Runs of a seed.")] = 5,
    run_steps: Annotated[int, typer.Option(min=1, help="Steps of a run.")] = 100,
    mutant: Annotated[str, typer.Option(help="A mutant to plant: the campaign should fail.")] = "",
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit code 1 also when a rare situation never came about.")
    ] = False,
) -> None:
    """Run the state machine of obsim.testing on many seeds, on all versions and base rules.

    Prints a line for each failure, with the command that repeats it and a script for `obsim sql`, and at the end how
    often each rare situation came about. Exit code 0 when everything held, 1 when not.
    """
    from obsim.testing.campaign import Plan
    from obsim.testing.commands import run_campaign
    from obsim.versions import PROFILES, IncrementalBase

    if steps is None and minutes is None and seeds is None:
        raise UsageError("say when to stop: --steps, --minutes or --seeds")
    plan = Plan(
        versions=tuple(ob_version or PROFILES),
        bases=tuple(base.value for base in incremental_base or IncrementalBase),
        first_seed=first_seed,
        seeds_max=seeds,
        steps_max=steps,
        seconds_max=minutes * 60 if minutes is not None else None,
        mutant=mutant,
        run_count=runs,
        run_steps=run_steps,
    )
    held = run_campaign(
        plan, typer.echo, workers=workers, scheduler=scheduler, state_file=state_file, failures=failures, strict=strict
    )
    if not held:
        raise typer.Exit(1)
