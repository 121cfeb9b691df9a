"""What `obsim mutants` and `obsim campaign` print: results on standard output, progress on standard error."""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from obsim.errors import UsageError
from obsim.testing.campaign import Campaign, Plan, SeedResult
from obsim.testing.invariants import INVARIANTS
from obsim.testing.mutants import MUTANTS, OWN_TOURS, Killing, observable, survey
from obsim.versions import PROFILES

__all__ = ["list_mutants", "run_campaign", "run_mutants"]

Echo = Callable[[str], None]


def list_mutants(echo: Echo, *, as_json: bool) -> None:
    """Name, what must notice it, what it does; tab-separated, or an object a line."""
    for mutant in MUTANTS.values():
        row = {"name": mutant.name, "killed_by": mutant.killed_by, "about": mutant.about}
        echo(json.dumps(row) if as_json else "\t".join(row.values()))


def run_mutants(names: Sequence[str], echo: Echo, *, as_json: bool) -> bool:
    """Take the tour with each mutant planted; whether all died of what must notice them.

    Without names all are run, and the checks that noticed none of them are listed too.
    """
    unknown = sorted(set(names) - set(MUTANTS))
    if unknown:
        raise UsageError(f"no mutant '{unknown[0]}': `obsim mutants list` has the names")
    killings = []
    for name in names or MUTANTS:
        killings.append(survey(MUTANTS[name]))
        _print_killing(killings[-1], echo, as_json=as_json)
    held = all(MUTANTS[killing.mutant].killed_by in killing.killers for killing in killings)
    if not names:
        killers = {killer for killing in killings for killer in killing.killers}
        idle = [number for number in (*observable(), "model", "views", *OWN_TOURS) if number not in killers]
        for number in idle:
            name = INVARIANTS[number].name if number in INVARIANTS else number
            echo(json.dumps({"check": number, "name": name}) if as_json else f"{number}\t{name}\tnoticed no mutant")
        held = held and not idle
    return held


def _print_killing(killing: Killing, echo: Echo, *, as_json: bool) -> None:
    expected = MUTANTS[killing.mutant].killed_by
    if as_json:
        row = {"name": killing.mutant, "killed_by": expected, "died": bool(killing.killers), "killers": killing.killers}
        echo(json.dumps(row))
        return
    verdict = "survived" if not killing.killers else "died" if expected in killing.killers else f"missed by {expected}"
    echo(f"{killing.mutant}\t{verdict}\t{' '.join(killing.killers) or '-'}")


def run_campaign(
    plan: Plan, echo: Echo, *, workers: int, scheduler: str, state_file: Path | None, failures: Path, strict: bool
) -> bool:
    """Run a plan with a progress bar, print failures as they come and the counts at the end; whether it held.

    `strict`: it has not held either while a situation never came about.
    """
    for version in plan.versions:
        if version not in PROFILES:
            raise UsageError(f"no version profile '{version}': there are {', '.join(PROFILES)}")
    if plan.mutant and plan.mutant not in MUTANTS:
        raise UsageError(f"no mutant '{plan.mutant}': `obsim mutants list` has the names")
    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[rate]}"), TimeElapsedColumn()
    with Progress(*columns, console=console) as progress:
        progress.add_task("campaign", total=plan.steps_max, rate="")
        campaign = Campaign(plan, state_file, lambda result: _show(result, campaign, progress, echo, failures))
        campaign.resume()
        with _executor(workers, scheduler) as (executor, count):
            campaign.run(executor, count)
    _summary(campaign, echo)
    return not campaign.failures and not (strict and campaign.missed)


def _show(result: SeedResult, campaign: Campaign, progress: Progress, echo: Echo, failures: Path) -> None:
    elapsed = progress.tasks[0].elapsed or 0
    rate = f"{campaign.step_count:,} steps, {campaign.step_count / elapsed:,.0f}/s" if elapsed else ""
    lost = len(campaign.failures)
    progress.update(
        progress.task_ids[0], completed=campaign.step_count, rate=rate,
        description=f"campaign, {lost} failed" if lost else "campaign",
    )  # fmt: skip
    if result.failure:
        seed = result.seed
        file = failures / f"{seed.version}-{seed.base}-{seed.number}.sql"
        try:
            failures.mkdir(parents=True, exist_ok=True)
            file.write_text(result.script, "utf-8")
        except OSError as failure:  # the failure itself is what counts, and the command brings the script back
            progress.console.print(f"cannot write {file}: {failure.strerror}", markup=False)
        first = result.failure.splitlines()[0]
        echo(f"FAILED\t{seed.version}\t{seed.base}\t{seed.number}\t{first}\t{seed.command}\t{file}")


@contextmanager
def _executor(workers: int, scheduler: str) -> Iterator[tuple[Executor, int]]:
    """An executor and how many work for it: processes here, or the workers of a Dask cluster."""
    if not scheduler:
        count = workers or os.cpu_count() or 1
        with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
            yield pool, count
        return
    try:
        from distributed import Client  # noqa: PLC0415 - the extra `campaign`
    except ImportError:
        raise UsageError("--scheduler needs Dask: pip install 'obsim[campaign]'") from None
    try:
        client = Client(scheduler, timeout=30, set_as_default=False)
    except (OSError, ValueError) as failure:
        raise UsageError(f"cannot reach a Dask scheduler at {scheduler}: {failure}") from None
    with client, client.get_executor(pure=False) as executor:
        yield executor, workers or sum(client.nthreads().values()) or 1


def _summary(campaign: Campaign, echo: Echo) -> None:
    echo(
        f"{campaign.step_count} steps, {campaign.look_count} observations, {len(campaign.results)} seeds, "
        f"{len(campaign.failures)} failed"
    )
    for name, count in campaign.situations.items():
        echo(f"{count}\t{name}")
