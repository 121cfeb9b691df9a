"""Campaigns: the same everywhere, stopped, resumed, on other executors, and failing with a script that repeats it."""

import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from typer.testing import CliRunner

from obsim import shell
from obsim.cli import app
from obsim.errors import UsageError
from obsim.testing.campaign import Campaign, Plan, Seed, run_seed
from obsim.testing.sometimes import SITUATIONS

SHORT = {"versions": ("4.2.5",), "bases": ("previous",), "run_count": 2, "run_steps": 15}
OPTIONS = ["--ob-version", "4.2.5", "--incremental-base", "previous", "--runs", "2", "--run-steps", "15"]


def run(plan: Plan, **options) -> Campaign:
    campaign = Campaign(plan, **options)
    campaign.resume()
    with ThreadPoolExecutor(1) as executor:
        campaign.run(executor, 1)
    return campaign


def invoke(*arguments: str):
    return CliRunner().invoke(app, arguments)


def test_a_seed_is_the_same_each_time():
    first, again = (run_seed(Seed("4.2.1", "last_full", 7, "", 2, 15)) for _ in range(2))
    assert first.situations == again.situations
    assert (first.step_count, first.look_count) == (again.step_count, again.look_count)
    assert not first.failure
    assert first.step_count >= 15
    assert set(first.situations) == set(SITUATIONS)


def test_a_plan_goes_through_versions_and_rules():
    plan = Plan(("4.0.0", "4.3.3"), ("last_full", "previous"), first_seed=5, seeds_max=2)
    seeds = [(s.version, s.base, s.number) for s in plan.seeds()]
    assert len(seeds) == 8
    assert seeds[:3] == [("4.0.0", "last_full", 5), ("4.0.0", "previous", 5), ("4.3.3", "last_full", 5)]


def test_it_stops_at_a_count_and_goes_on_later(tmp_path):
    file = tmp_path / "state.jsonl"
    first = run(Plan(**SHORT, seeds_max=2), state_file=file)
    assert [seed.number for seed in first.results] == [0, 1]
    heard = []
    more = run(Plan(**SHORT, seeds_max=3), state_file=file, on_result=lambda r: heard.append(r.seed.number))
    assert heard == [0, 1, 2]
    assert more.step_count > first.step_count
    assert len(file.read_text().splitlines()) == 3
    assert more.situations["silent conversion"] >= first.situations["silent conversion"]


def test_steps_and_time_stop_it(tmp_path):
    assert run(Plan(**SHORT, steps_max=1)).step_count >= 1
    assert run(Plan(**SHORT, seconds_max=0)).step_count == 0


def test_another_file_is_no_state_file(tmp_path):
    file = tmp_path / "other"
    file.write_text("{}\n")
    with pytest.raises(UsageError, match="other: line 1 is no result of a campaign"):
        Campaign(Plan(), file).resume()


def test_a_result_that_was_not_written_to_its_end_is_cut_off(tmp_path):
    file = tmp_path / "state.jsonl"
    run(Plan(**SHORT, seeds_max=2), state_file=file)
    kept = file.read_bytes()
    first, second = kept.splitlines(keepends=True)
    for torn in (second[:-1], second[:40], second[:9], second[:3]):
        file.write_bytes(first + torn)
        campaign = Campaign(Plan(**SHORT, seeds_max=2), file)
        campaign.resume()
        assert [seed.number for seed in campaign.results] == [0]
        assert file.read_bytes() == first
    file.write_bytes(first + b"a note")
    with pytest.raises(UsageError, match="line 2 is no result of a campaign"):
        Campaign(Plan(), file).resume()
    assert file.read_bytes() == first + b"a note"


def test_a_state_file_that_cannot_be_cut_off_is_left_alone_where_nothing_is_torn():
    campaign = Campaign(Plan(), Path("/dev/null"))
    campaign.resume()
    assert campaign.results == {}


def test_a_state_file_that_cannot_be_kept_is_noticed_before_the_work(tmp_path):
    with pytest.raises(UsageError, match=r"cannot keep the campaign in .*: No such file or directory"):
        Campaign(Plan(), tmp_path / "nowhere" / "state").resume()


def test_a_failure_is_a_line_and_a_script_that_repeats_it(tmp_path):
    """`obsim sql` with the script brings about what was seen: here that an increment is refused."""
    result = invoke(
        "campaign",
        *OPTIONS,
        "--seeds",
        "1",
        "--mutant",
        "conversion_refused",
        "--workers",
        "1",
        "--failures",
        str(tmp_path),
    )
    assert result.exit_code == 1
    fields = result.stdout.splitlines()[0].split("\t")
    assert fields[:4] == ["FAILED", "4.2.5", "previous", "0"]
    assert fields[4].startswith("InvariantBroken: 7 increment_never_fails_for_lack_of_a_full")
    assert fields[5].endswith("--seeds 1 --runs 2 --run-steps 15 --mutant conversion_refused")
    script = (tmp_path / "4.2.5-previous-0.sql").read_text()
    assert script.startswith(f"-- {fields[5]}\n-- InvariantBroken")
    statements = [line for line in script.splitlines() if not line.startswith("--")]
    assert len(statements) < 12
    assert any(line.startswith("-- 9040 for ") and "BACKUP INCREMENTAL" in line for line in script.splitlines())
    execute = shell.local_session("sys", None, scenario="campaign", version="4.2.5")
    assert shell.run_script(script, execute, "tsv", io.StringIO())


def test_a_failure_whose_script_cannot_be_kept_is_told_all_the_same(tmp_path):
    (tmp_path / "file").write_text("")
    wrong = ["--seeds", "1", "--mutant", "conversion_refused", "--workers", "1", "--failures", str(tmp_path / "file")]
    result = invoke("campaign", *OPTIONS, *wrong)
    assert result.exit_code == 1
    assert result.stdout.startswith("FAILED\t4.2.5\tprevious\t0\tInvariantBroken: 7 ")
    assert "file/4.2.5-previous-0.sql: File exists" in result.stderr.replace("\n", "")


def test_scripts_change_the_tenant():
    execute = shell.local_session("sys", None, scenario="campaign")
    out = io.StringIO()
    text = "CONNECT mysql_tenant; SELECT effective_tenant();\n-- note\nCONNECT sys;\nSELECT effective_tenant()"
    assert shell.run_script(text, execute, "tsv", out)
    assert out.getvalue().splitlines()[1::2] == ["mysql_tenant", "sys"]
    with pytest.raises(UsageError, match="the scenario has no tenant nobody to log in as"):
        execute("CONNECT nobody")


def test_the_command_counts_what_came_about(tmp_path):
    state = tmp_path / "state"
    options = [*OPTIONS, "--seeds", "1", "--workers", "1"]
    result = invoke("campaign", *options, "--state-file", str(state))
    assert result.exit_code == 0
    first, *counts = result.stdout.splitlines()
    assert first.endswith("1 seeds, 0 failed")
    assert [line.split("\t")[1] for line in counts] == list(SITUATIONS)
    assert invoke("campaign", *options, "--state-file", str(state), "--strict").exit_code == 1  # no split block so soon


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "say when to stop: --steps, --minutes or --seeds"),
        (["--seeds", "1", "--ob-version", "9.9"], "no version profile '9.9': there are 4.0.0, 4.1.0"),
        (["--seeds", "1", "--mutant", "none"], "no mutant 'none': `obsim mutants list` has the names"),
    ],
)
def test_wrong_use_is_explained(arguments, message):
    result = invoke("campaign", *arguments)
    assert isinstance(result.exception, UsageError)
    assert str(result.exception).startswith(message)


def test_two_workers_of_a_dask_cluster(tmp_path):
    """A scheduler and two worker processes; the results are those of any other executor."""
    from distributed import LocalCluster  # noqa: PLC0415 - half a second that no other test needs

    with LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1", local_directory=str(tmp_path)
    ) as cluster:
        options = [*OPTIONS, "--seeds", "3"]
        result = invoke("campaign", *options, "--scheduler", cluster.scheduler_address, "--state-file", f"{tmp_path}/s")
    assert result.exit_code == 0, result.output
    rows = [json.loads(line) for line in (tmp_path / "s").read_text().splitlines()]
    assert sorted(row["seed"]["number"] for row in rows) == [0, 1, 2]


def test_mutants_are_listed_and_run():
    rows = [json.loads(line) for line in invoke("mutants", "list", "--json").stdout.splitlines()]
    assert len(rows) >= 25
    assert rows[0].keys() == {"name", "killed_by", "about"}
    assert len(invoke("mutants", "list").stdout.splitlines()[0].split("\t")) == 3
    result = invoke("mutants", "run", "path_ignored", "lowering_ignored")
    assert result.exit_code == 0
    assert [line.split("\t")[:2] for line in result.stdout.splitlines()] == [
        ["path_ignored", "died"], ["lowering_ignored", "died"],
    ]  # fmt: skip
    assert "no mutant 'x'" in str(invoke("mutants", "run", "x").exception)
