"""The trace of who ran when, against the Trace Event Format: what Perfetto and chrome://tracing need to show it."""

import json
import subprocess
import sys
from collections import defaultdict

import obsim

S = 1_000_000
NEEDED = {
    "M": {"name", "pid", "tid", "args"},
    "X": {"name", "cat", "pid", "tid", "ts", "dur", "args"},
    "C": {"name", "pid", "tid", "ts", "args"},
}
METADATA = {"process_name": "name", "thread_name": "name", "thread_sort_index": "sort_index"}


def checked(trace):
    """The events by phase, after a look at each."""
    trace = json.loads(json.dumps(trace))
    assert set(trace) == {"traceEvents", "displayTimeUnit", "otherData"}
    phases = defaultdict(list)
    for event in trace["traceEvents"]:
        assert set(event) == NEEDED[event["ph"]] | {"ph"}
        assert isinstance(event["pid"], int)
        assert isinstance(event["tid"], int)
        phases[event["ph"]].append(event)
    for event in phases["M"]:
        assert set(event["args"]) == {METADATA[event["name"]]}
    named = {(e["pid"], e["tid"]) for e in phases["M"] if e["name"] == "thread_name"}
    ends = defaultdict(float)
    for event in sorted(phases["X"], key=lambda e: (e["ts"], e["dur"])):
        track = event["pid"], event["tid"]
        assert track in named
        assert event["dur"] >= 0
        assert event["ts"] >= ends[track], "slices of a track overlap"
        ends[track] = event["ts"] + event["dur"]
    for event in phases["C"]:
        assert event["args"]["running"] >= 0
    return phases


def paused_and_slowed():
    """Ten migrations; the score falls to 2 while eight run, four merges begin beside them."""
    cluster = obsim.Cluster()
    cluster.execute("CALL obsim.load('mysql_tenant', 'migration', 10, '8s')")
    cluster.advance(seconds=1)
    cluster.execute("ALTER SYSTEM SET ha_high_thread_score = 2 TENANT = mysql_tenant")
    cluster.write("mysql_tenant", "t1", 40)
    cluster.write("mysql_tenant", "t2", 40)
    cluster.execute("ALTER SYSTEM MAJOR FREEZE", tenant="mysql_tenant")
    return cluster


def test_a_trace_has_the_form_and_the_times():
    cluster = paused_and_slowed()
    cluster.run_until_idle()
    phases = checked(cluster.trace())
    slices = [e for e in phases["X"] if e["name"] == "TABLET_MIGRATION"]
    assert {e["cat"] for e in slices} == {"running", "paused"}
    assert sum(e["dur"] for e in slices if e["cat"] == "running") == 10 * 8 * S
    (process,) = [e["args"]["name"] for e in phases["M"] if e["name"] == "process_name"]
    assert process == "mysql_tenant on 127.0.0.1:2882"
    high = [e["args"]["running"] for e in phases["C"] if e["name"] == "PRIO_HA_HIGH"]
    assert (max(high), high[-1]) == (8, 0)
    merges = [e for e in phases["X"] if e["name"] == "MAJOR_MERGE"]
    assert len(merges) == 5
    assert any(e["dur"] > e["args"]["work_us"] for e in merges), "five threads and eight eighths on two CPUs"
    assert all(e["args"]["done_us"] == e["args"]["work_us"] for e in merges)


def test_what_still_runs_or_is_paused_is_in_it():
    cluster = paused_and_slowed()
    cluster.advance(seconds=4)
    phases = checked(cluster.trace())
    now_us = 5 * S
    assert sum(e["ts"] + e["dur"] == now_us and e["cat"] == "running" for e in phases["X"]) == 2
    assert sum(e["ts"] + e["dur"] == now_us and e["cat"] == "paused" for e in phases["X"]) == 6


def test_a_backup_is_seen_from_the_command_line(tmp_path):
    file = tmp_path / "trace.json"
    script = "ALTER SYSTEM BACKUP DATABASE; CALL obsim.run_until_idle()"
    program = "from obsim.cli import main; main()"
    command = [sys.executable, "-c", program, "sql", "--trace", str(file), script]
    subprocess.run(command, check=True, capture_output=True)
    phases = checked(json.loads(file.read_text()))
    assert {"BACKUP_META", "BACKUP_PREPARE", "BACKUP_DATA"} <= {e["name"] for e in phases["X"]}
    refused = [sys.executable, "-c", program, "sql", "--trace", str(file), "--host", "127.0.0.1", "SELECT 1"]
    assert subprocess.run(refused, check=False, capture_output=True).returncode == 2


def test_a_cluster_at_rest_has_an_empty_trace():
    assert obsim.Cluster().trace()["traceEvents"] == []
