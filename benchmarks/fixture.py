"""What the pytest fixtures cost, and whether they leave anything behind: `python benchmarks/fixture.py [--check]`.

A thousand tests that use nothing, the fixture `obsim_cluster`, the fixture `obsim_server`, and that with a login and a
query, one kind after the other in one process: the median time of a whole test, set-up and tear-down included. Then the
same number in random order on two workers of xdist; each test looks what threads and sockets there are, and at the end
every worker says how many are left and how much larger it has become.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from harness import ROOT, Figure, machine, print_figures

COST_MS_MAX = 15.0
GROWTH_MIB_MAX = 10.0
LOGIN_QUERY = "SELECT JOB_ID FROM oceanbase.CDB_OB_BACKUP_JOBS"
KINDS = {
    "empty": "def test_empty(n):\n    pass",
    "cluster": "def test_cluster(n, obsim_cluster):\n    pass",
    "server": "def test_server(n, obsim_server):\n    pass",
    "past": '@pytest.mark.obsim(scenario="long-chain")\ndef test_past(n, obsim_server):\n    pass',
    "login": f"""\
def test_login(n, obsim_server):
    with pymysql.connect(**obsim_server.connect_args("sys", driver="pymysql")) as connection:
        assert connection.cursor().execute("{LOGIN_QUERY}") == 0""",
}
HEAD = "import pymysql, pytest\npytestmark = pytest.mark.parametrize('n', range({count}))\n\n\n"
CONFTEST = '''\
import gc, json, os, random, threading, time
import pytest

FIGURES = {figures!r}
spent = {{}}
sizes = []


def here():
    sockets = 0
    for fd in os.listdir("/proc/self/fd"):
        try:
            sockets += os.readlink(f"/proc/self/fd/{{fd}}").startswith("socket:")
        except OSError:
            pass
    return threading.active_count(), sockets


def resident_kib():
    gc.collect()
    text = open("/proc/self/status").read()
    return int(text.split("VmRSS:")[1].split()[0])


def pytest_collection_modifyitems(items):
    if {shuffle}:
        random.Random(20240101).shuffle(items)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    global at_start
    if not sizes:
        at_start = here()
    wall, cpu = time.perf_counter(), time.process_time()
    answer = yield
    kind = item.originalname
    spent.setdefault(kind, []).append((time.perf_counter() - wall, time.process_time() - cpu))
    count = sum(map(len, spent.values()))
    if count % 50 == 0 or not sizes:
        sizes.append(resident_kib())
    return answer


def pytest_sessionfinish(session):
    if spent:
        worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        with open(f"{{FIGURES}}-{{worker}}.json", "w") as file:
            json.dump({{"spent": spent, "before": at_start, "after": here(), "sizes": sizes}}, file)
'''


def run(folder: Path, kinds: list[str], count: int, *, shuffle: bool, options: list[str]) -> list[dict[str, object]]:
    """Run tests of these kinds; the figures of each process."""
    figures = folder / "figures"
    (folder / "conftest.py").write_text(CONFTEST.format(figures=str(figures), shuffle=shuffle))
    (folder / "test_cost.py").write_text(HEAD.format(count=count) + "\n\n\n".join(KINDS[kind] for kind in kinds) + "\n")
    for old in folder.glob("figures-*.json"):
        old.unlink()
    plugins = ["-p", "no:randomly", "-p", "no:cacheprovider", "-p", "obsim.testing.plugin", *options]
    environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "pytest", "-q", *plugins, str(folder)]
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise SystemExit(f"the tests failed:\n{ended.stdout}{ended.stderr}")
    return [json.loads(file.read_text()) for file in sorted(folder.glob("figures-*.json"))]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="exit with 1 when a required figure is missed")
    parser.add_argument("--tests", type=int, default=1000, help="in each part")
    options = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        each = max(options.tests // len(KINDS), 2)
        (alone,) = run(Path(folder), list(KINDS), each, shuffle=False, options=[])
        workers = run(Path(folder), ["cluster", "server", "past", "login"], max(options.tests // 4, 2), shuffle=True,
                      options=["-p", "xdist", "-n", "2"])  # fmt: skip
    spent = {kind: alone["spent"][f"test_{kind}"] for kind in KINDS}
    wall_ms = {kind: statistics.median(w for w, _ in times) * 1e3 for kind, times in spent.items()}
    cpu_ms = {kind: statistics.median(c for _, c in times) * 1e3 for kind, times in spent.items()}
    titles = {
        "cluster": "a cluster in process", "server": "a server", "past": "a server with a past (long-chain)",
        "login": "a server, a login and a query",
    }  # fmt: skip
    held = print_figures(f"A test with a fresh cluster costs more than an empty one ({each} of each)", [
        Figure(title, cpu_ms[kind] - cpu_ms["empty"], "ms", COST_MS_MAX, at_most=True,
               detail=f"of CPU; {wall_ms[kind] - wall_ms['empty']:.1f} ms by the clock")
        for kind, title in titles.items()
    ])  # fmt: skip
    left = []
    for number, worker in enumerate(workers):
        before, after, sizes = worker["before"], worker["after"], worker["sizes"]
        warm = sizes[len(sizes) // 4]
        left += [
            Figure(f"worker {number}: threads left", after[0] - before[0], "", 0, at_most=True),
            Figure(f"worker {number}: sockets left", after[1] - before[1], "", 0, at_most=True),
            Figure(f"worker {number}: growth", (sizes[-1] - warm) / 1024, "MiB", GROWTH_MIB_MAX, at_most=True,
                   detail=f"{warm / 1024:.0f} to {sizes[-1] / 1024:.0f} MiB after the first quarter"),
        ]  # fmt: skip
    count = sum(len(times) for worker in workers for times in worker["spent"].values())
    held &= print_figures(f"{count} tests in random order on {len(workers)} workers", left)
    return 1 if options.check and not held else 0


if __name__ == "__main__":
    sys.exit(main())
