"""A campaign: the state machine on many seeds, over any `concurrent.futures` executor.

Each job is a seed of one version profile and one base rule: a few runs of the machine, drawn from the seed alone, so it
comes out the same in every process. A failure is shrunk and comes back as a script that `obsim sql` runs.
"""

import json
import shlex
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from obsim.errors import UsageError
from obsim.randomness import stream_key
from obsim.session.pending import rare_collections
from obsim.testing.machine import machine_for
from obsim.testing.modelled import ModelledTrial
from obsim.testing.mutants import MUTANTS
from obsim.testing.sometimes import SITUATIONS
from obsim.versions import PROFILES, IncrementalBase

__all__ = ["Campaign", "Plan", "Seed", "SeedResult", "run_seed"]

_TORN_HEAD = b'{"seed": '
"""What a result begins with that was not written to its end."""

RUN_COUNT = 5
STEPS_A_RUN = 100
_JOBS_A_WORKER = 2
"""So many jobs wait or run for each worker: enough to keep it busy, few enough to stop soon."""
ALLOCATIONS_A_COLLECTION = 50_000
"""Nearly all that a run makes lives as long as the run, and not longer."""


@dataclass(frozen=True, slots=True)
class Seed:
    """One job: so many runs of so many steps. `mutant` names a defect to plant, '' for the engine as it is."""

    version: str
    base: str
    number: int
    mutant: str = ""
    run_count: int = RUN_COUNT
    run_steps: int = STEPS_A_RUN

    @property
    def command(self) -> str:
        """The command that runs this seed alone."""
        words = ["obsim", "campaign", "--ob-version", self.version, "--incremental-base", self.base]
        words += ["--first-seed", str(self.number), "--seeds", "1"]
        if (self.run_count, self.run_steps) != (RUN_COUNT, STEPS_A_RUN):
            words += ["--runs", str(self.run_count), "--run-steps", str(self.run_steps)]
        return shlex.join(words + (["--mutant", self.mutant] if self.mutant else []))


@dataclass(frozen=True, slots=True)
class SeedResult:
    """What came of a seed; `failure` and `script` are '' when everything held."""

    seed: Seed
    step_count: int
    look_count: int
    seconds: float
    situations: dict[str, int]
    failure: str = ""
    script: str = ""


def run_seed(one: Seed) -> SeedResult:
    """Run the machine on one seed; shrinks the first failure."""
    counts, situations = Counter[str](), Counter[str]()
    latest: list[ModelledTrial] = []

    def begin(trial: ModelledTrial) -> None:
        _add_up(latest, counts, situations)
        latest[:] = [trial]

    drawn = stream_key(one.number, f"campaign {one.version} {one.base}", 0, 0)  # versions do not all do the same
    machine = seed(drawn)(machine_for(one.version, IncrementalBase(one.base), on_trial=staticmethod(begin)))
    run = settings(
        max_examples=one.run_count, stateful_step_count=one.run_steps, deadline=None, database=None, print_blob=False,
        phases=[Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck), verbosity=Verbosity.quiet,
        report_multiple_bugs=False,
    )  # fmt: skip
    failure = script = ""
    began = time.perf_counter()
    with rare_collections(ALLOCATIONS_A_COLLECTION), MUTANTS[one.mutant].planted() if one.mutant else nullcontext():
        try:
            run_state_machine_as_test(machine, settings=run)
        except Exception as broken:
            failure = f"{type(broken).__name__}: {broken}"
            script = _script(one, failure, latest)
    _add_up(latest, counts, situations)
    seconds = time.perf_counter() - began
    return SeedResult(one, counts["steps"], counts["looks"], seconds, dict(situations), failure, script)


def _add_up(trials: list[ModelledTrial], counts: Counter[str], situations: Counter[str]) -> None:
    for trial in trials:
        counts["steps"] += trial.rule_count
        counts["looks"] += trial.step_count
        situations.update(trial.sometimes.counts)


def _script(one: Seed, failure: str, latest: list[ModelledTrial]) -> str:
    """The last run is the shrunk one: what it did to its cluster, and what was seen then."""
    if not latest:
        return ""
    script = latest[-1].simulated.script
    head = [f"{one.command}", *failure.splitlines(), f"{script.command} THIS_FILE"]
    return "".join(f"-- {line}\n" for line in head) + script.text()


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run: every seed from the first on, of every version and rule, until one of the limits is reached."""

    versions: Sequence[str] = tuple(PROFILES)
    bases: Sequence[str] = tuple(base.value for base in IncrementalBase)
    first_seed: int = 0
    seeds_max: int | None = None
    steps_max: int | None = None
    seconds_max: float | None = None
    mutant: str = ""
    run_count: int = RUN_COUNT
    run_steps: int = STEPS_A_RUN

    def seeds(self) -> Iterator[Seed]:
        """All of them, in the order they are begun."""
        numbers = count(self.first_seed)
        for number in numbers:
            if self.seeds_max is not None and number >= self.first_seed + self.seeds_max:
                return
            for version in self.versions:
                for base in self.bases:
                    yield Seed(version, base, number, self.mutant, self.run_count, self.run_steps)


@dataclass
class Campaign:
    """Runs a plan on an executor. `state_file` keeps what is done, so that a campaign can go on where it stopped.

    `on_result` hears of every seed that has ended, those of an earlier time included, in the order they ended.
    """

    plan: Plan
    state_file: Path | None = None
    on_result: Callable[[SeedResult], None] = lambda _result: None
    results: dict[Seed, SeedResult] = field(default_factory=dict)
    situations: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(SITUATIONS, 0)))
    step_count: int = 0
    look_count: int = 0

    @property
    def failures(self) -> list[SeedResult]:
        """Seeds that did not hold."""
        return [result for result in self.results.values() if result.failure]

    @property
    def missed(self) -> list[str]:
        """Situations that never came about."""
        return [name for name in SITUATIONS if not self.situations[name]]

    def resume(self) -> None:
        """Take over what the state file says is done. Raises UsageError for a file of another kind.

        The result that a killed campaign was writing is cut off: its seed is run again.
        """
        if self.state_file is None:
            return
        try:
            with self.state_file.open("ab+") as file:  # where it could not be kept is noticed before the work
                file.seek(0)
                *whole, torn = file.read().split(b"\n")
                begun = torn.startswith(_TORN_HEAD) or _TORN_HEAD.startswith(torn)
                self._take_all(whole if begun else [*whole, torn])
                if begun and torn:
                    file.truncate(file.tell() - len(torn))
        except OSError as failure:
            raise UsageError(f"cannot keep the campaign in {self.state_file}: {failure.strerror}") from None

    def _take_all(self, lines: Sequence[bytes]) -> None:
        for number, line in enumerate(lines, 1):
            try:
                row = json.loads(line)
                self._take(SeedResult(**row | {"seed": Seed(**row["seed"])}))
            except (ValueError, TypeError, KeyError):
                raise UsageError(f"{self.state_file}: line {number} is no result of a campaign") from None

    def run(self, executor: Executor, worker_count: int) -> None:
        """Run until a limit is reached; what has begun by then is waited for."""
        began = time.monotonic()
        seeds = (one for one in self.plan.seeds() if one not in self.results)
        pending: set[Future[SeedResult]] = set()
        try:
            while not self._over(began):
                while len(pending) < worker_count * _JOBS_A_WORKER:
                    one = next(seeds, None)
                    if one is None:
                        break
                    pending.add(executor.submit(run_seed, one))
                if not pending:
                    break
                pending = self._gather(pending)
        finally:
            for future in pending:
                future.cancel()
        while pending:
            pending = self._gather(pending)

    def _over(self, began: float) -> bool:
        steps_max, seconds_max = self.plan.steps_max, self.plan.seconds_max
        return (steps_max is not None and self.step_count >= steps_max) or (
            seconds_max is not None and time.monotonic() - began >= seconds_max
        )

    def _gather(self, pending: set[Future[SeedResult]]) -> set[Future[SeedResult]]:
        """Wait for the first to end; those that are left."""
        done, left = wait(pending, return_when=FIRST_COMPLETED, timeout=1)
        for future in done:
            try:
                result = future.result()
            except CancelledError:
                continue
            self._take(result)
            self._keep(result)
        return left

    def _take(self, result: SeedResult) -> None:
        self.results[result.seed] = result
        self.situations.update(result.situations)
        self.step_count += result.step_count
        self.look_count += result.look_count
        self.on_result(result)

    def _keep(self, result: SeedResult) -> None:
        if self.state_file is not None:
            with self.state_file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(result)) + "\n")
