"""Random histories: a restore succeeds exactly where the naive plan says so, and brings back what the diary says."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obsim.testing.restore_trial import RestoreBroken, RestoreTrial, restore_tour
from obsim.versions import IncrementalBase

ACTIONS = {
    "write": lambda trial, n: trial.write(n % 5 + 1),
    "append": lambda trial, n: trial.write(n % 3 + 1, "append"),
    "rows": lambda trial, n: trial.write(4000 + n, "rows_uniform"),
    "delete": lambda trial, n: trial.write(2000 + n, "rows_delete_clustered"),
    "major": lambda trial, _: trial.freeze(),
    "minor": lambda trial, _: trial.freeze("MINOR"),
    "full": lambda trial, _: trial.backup(""),
    "increment": lambda trial, _: trial.backup(),
    "gap": lambda trial, n: trial.gap(write=bool(n % 2)),
    "break": lambda trial, n: trial.break_set(n % 3),
    "advance": lambda trial, n: trial.advance(n % 7 + 0.5),
}
STEPS = st.lists(st.tuples(st.sampled_from(sorted(ACTIONS)), st.integers(0, 1000)), min_size=3, max_size=12)


@settings(max_examples=8, deadline=None)
@given(STEPS, st.integers(0, 5), st.sampled_from(IncrementalBase), st.data())
def test_random_histories(steps, seed: int, base: IncrementalBase, data) -> None:
    trial = RestoreTrial(seed, "4.2.5", base)
    trial.backup("")
    for name, number in steps:
        ACTIONS[name](trial, number)
    trial.advance(2)
    targets = trial.targets()
    trial.probe_all(data.draw(st.lists(st.sampled_from(targets), min_size=2, max_size=6, unique=True)))
    first, then = sorted(data.draw(st.tuples(st.sampled_from(targets), st.sampled_from(targets))))
    trial.follow(first, then)


@pytest.mark.parametrize("base", IncrementalBase)
def test_the_tour(base: IncrementalBase) -> None:
    trial = RestoreTrial(base=base)
    restore_tour(trial)
    assert trial.probe_count > 40


def test_a_wrong_diary_is_noticed() -> None:
    trial = RestoreTrial()
    trial.backup("")
    trial.write(3)
    trial.advance(2)
    trial.probe(trial.diary[-1][0] // 1000 * 1000)
    del trial.diary[-1]
    with pytest.raises(RestoreBroken, match="differs from the source then"):
        trial.probe(trial.state.now_ns // 1_000_000_000 * 1_000_000_000)
