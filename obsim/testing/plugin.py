"""The pytest plugin: a simulated cluster for each test, in process or behind a port.

    def test_my_tool(obsim_server):
        my_tool.back_up(**obsim_server.connect_args("mysql_tenant"))

    @pytest.mark.obsim(version="4.3.3", clock="step")
    def test_in_process(obsim_cluster): ...

Both fixtures are fresh for each test and take a port of their own, so they are safe under xdist; with
`unix_socket=True` a server has a socket in the file system too. `server_fixture` and
`cluster_fixture` make fixtures of a wider scope. A failed test's report says what the cluster was made with, where its
clock stands, the command that starts the same one by hand, and the command that replays what it was asked to do.

A server hangs up on its clients when a test has lasted a minute (`timeout` of the marker, else `--obsim-timeout`, else
`timeout` of `server_fixture`): a client that waits for ever fails its test and not the run.
"""

import re
import shlex
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

if TYPE_CHECKING:
    from obsim.api import Cluster
    from obsim.server import Server

__all__ = ["cluster_fixture", "obsim_cluster", "obsim_server", "server_fixture"]

MARKER = "obsim(scenario, seed, version, clock, ...): how obsim_cluster and obsim_server are made for this test"
COMMAND_OPTIONS = {
    "scenario": "--scenario", "seed": "--seed", "version": "--ob-version", "clock": "--clock", "data_dir": "--data-dir",
}  # fmt: skip
"""What of a cluster's making `obsim serve` can be told, in this order."""
TIMEOUT_S = 60.0
HUNG_UP = "it has hung up on all clients, because the test took too long: --obsim-timeout, marker obsim(timeout=...)"
Scope = Literal["function", "class", "module", "package", "session"]


@dataclass(slots=True)
class _InUse:
    """What a test uses, for the report should it fail."""

    fixture: str
    made_with: dict[str, Any]
    cluster: "Cluster"
    address: str = ""
    server: "Server | None" = None
    timeout: Any = None
    """Seconds of the fixture itself, None where it says nothing."""

    def lines(self) -> list[str]:
        """The report: what it was, and how to have it again; of a cluster that was closed what is known without it."""
        from obsim.errors import ObsimError  # noqa: PLC0415

        stated = {}
        try:
            host = self.cluster.host
            stated = {"version": str(host.state.profile.version).removesuffix(".0"), "clock": host.clock.name}
            state = f"its clock stands at {self.cluster.now.isoformat(' ', 'microseconds')}"
        except (ObsimError, OSError) as refused:
            state = f"it cannot be asked any more: {refused}"
        shown = {name: (stated | self.made_with).get(name) for name in COMMAND_OPTIONS}
        others = {name: value for name, value in self.made_with.items() if name not in shown}
        if others.get("control") not in {None, "off"}:
            others["control"] = "'***'"
        command = ["obsim", "serve"]
        for name, option in COMMAND_OPTIONS.items():
            if shown[name] is not None:
                command += [option, str(shown[name])]
        facts = [f"{name} {value}" for name, value in (shown | others).items() if value is not None]
        where = f"cluster at {self.address}" if self.address else "cluster"
        return [
            ", ".join([f"{self.fixture}: {where}", *facts]),
            state,
            f"the same by hand: {shlex.join(command)}",
            *([HUNG_UP] if self.server is not None and self.server.has_hung_up else ()),
        ]

    def replay_line(self, folder: Path, test: str) -> str:
        """Keep what the cluster was asked to do, and say how to replay it; secrets go to a file of its owner's."""
        if "data_dir" in self.made_with:
            return f"what it did is kept: {shlex.join(['obsim', 'record', str(self.made_with['data_dir'])])}"
        name = re.sub(r"[^\w.-]+", "-", f"{test}-{self.fixture}").strip("-")[-150:]
        journal, secrets = folder / f"{name}.journal", folder / f"{name}.secrets"
        journal.write_text(self.cluster.recorded(), "utf-8")
        command = ["obsim", "replay", str(journal)]
        known = self.cluster.recorded_secrets()
        secrets.unlink(missing_ok=True)
        if known:
            secrets.touch(0o600)
            secrets.write_text(known, "utf-8")
            command += ["--secrets", str(secrets)]
        return f"what it did, once more: {shlex.join(command)}"


_IN_USE = pytest.StashKey[dict[str, _InUse]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options that hold for every test whose marker does not say otherwise."""
    group = parser.getgroup("obsim", "obsim: simulated OceanBase clusters")
    group.addoption("--obsim-scenario", metavar="NAME|FILE", help="scenario of the clusters (default: three-tenants)")
    group.addoption("--obsim-seed", type=int, metavar="N", help="seed of every random choice (default: 0)")
    group.addoption("--obsim-version", metavar="VERSION", help="the OceanBase version to be (default: 4.2.1)")
    group.addoption("--obsim-clock", metavar="CLOCK", help="manual, autojump, step or wall (default: the scenario's)")
    told = f"seconds of a test after which servers hang up on their clients, 0 for never (default: {TIMEOUT_S:g})"
    group.addoption("--obsim-timeout", type=float, metavar="SECONDS", help=told)


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", MARKER)
    _leave_engine_unrewritten(config)


def _leave_engine_unrewritten(config: pytest.Config) -> None:
    """Let pytest rewrite the asserts of `obsim.testing` only, not of all that a plugin's package has.

    The engine loads in the thread of a server. Two threads that parse at a time, this one and pytest's own, end with
    a SystemError in Python up to 3.11.8; and a first run is quicker without.
    """
    hook = getattr(config.pluginmanager, "rewrite_hook", None)
    marked, known = getattr(hook, "_must_rewrite", None), getattr(hook, "_marked_for_rewrite_cache", None)
    if isinstance(marked, set) and "obsim" in marked and isinstance(known, dict):
        marked.discard("obsim")
        marked.add("obsim.testing")
        known.clear()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Say of a failed test what its cluster was."""
    report = yield
    if report.when != "teardown" and report.failed:
        for used in _used_by(item):
            report.sections.append(("obsim", "\n".join([*used.lines(), *_replay_lines(item, used)])))
    if report.when == "teardown":  # pytest keeps every item to the end of the run
        item.stash.setdefault(_IN_USE, {}).clear()
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Servers that several tests share: each test has the whole time, and nobody is cut off in between."""
    used = _used_by(item)
    for one in _all_in_use(item):
        if one.server is not None:
            one.server.hang_up_after(_timeout_s(item, one.timeout) if one in used else None)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """The time begins with the test itself, for servers too that its fixtures have just made or asked for by name."""
    for one in _used_by(item):
        if one.server is not None:
            one.server.hang_up_after(_timeout_s(item, one.timeout))


def _all_in_use(item: pytest.Item) -> list[_InUse]:
    """The clusters that are there for a test or for more than one, of a wider scope first."""
    return [used for node in item.listchain() for used in node.stash.get(_IN_USE, {}).values()]


def _used_by(item: pytest.Item) -> list[_InUse]:
    """Those of them that the test has asked for, with `getfixturevalue` too."""
    names = {*getattr(item, "fixturenames", ()), *getattr(getattr(item, "_request", None), "fixturenames", ())}
    return [used for used in _all_in_use(item) if used.fixture in names]


def _timeout_s(node: Any, own: Any = None) -> float | None:
    """How long a test's clients may take, None for any time.

    The nearest marker goes before the command line, that before what the fixture says, its `own`.
    """
    stated = [marker.kwargs["timeout"] for marker in node.iter_markers("obsim") if "timeout" in marker.kwargs]
    others = [seconds for seconds in (node.config.getoption("obsim_timeout"), own) if seconds is not None]
    seconds = (stated or others or [TIMEOUT_S])[0]
    if not isinstance(seconds, int | float) or not 0 <= seconds < float("inf"):
        raise pytest.UsageError(f"obsim's timeout is a number of seconds, 0 for never, not {seconds!r}")
    return seconds or None


def _replay_lines(item: pytest.Item, used: _InUse) -> list[str]:
    """How to replay, where what was done can be kept: a test may leave a cluster that cannot even be asked."""
    from obsim.errors import ObsimError  # noqa: PLC0415

    cache = getattr(item.config, "cache", None)
    try:
        folder = Path(cache.mkdir("obsim") if cache is not None else tempfile.mkdtemp(prefix="obsim-"))
        return [used.replay_line(folder, item.nodeid)]
    except (ObsimError, OSError) as refused:
        return [f"what it did cannot be replayed: {refused}"]


def _known_options(kind: Callable[..., Any]) -> list[str]:
    """The keywords that clusters, and for servers also servers, are made with."""
    from obsim.api import Cluster  # noqa: PLC0415 - the engine loads with the first test that uses it

    names = [*signature(kind).parameters, *signature(Cluster).parameters]
    return [name for name in dict.fromkeys(names) if name not in {"options", "host", "port"}]


def _made_with(request: pytest.FixtureRequest, kind: Callable[..., Any], own: dict[str, Any]) -> dict[str, Any]:
    """The keywords of a cluster: those of the fixture, over them the command line's, over them the marker's."""
    config = request.config
    marked: dict[str, Any] = {}
    for marker in request.node.iter_markers("obsim"):
        if marker.args:
            raise pytest.UsageError(f"the marker obsim takes keywords only, not {marker.args[0]!r}")
        marked = marker.kwargs | marked  # the nearest one comes first
    asked = {name: config.getoption(f"obsim_{name}") for name in ("scenario", "seed", "version", "clock")}
    given = own | {name: value for name, value in asked.items() if value is not None} | marked
    given.pop("timeout", None)
    known = _known_options(kind)
    for name in given:
        if name not in known:
            raise pytest.UsageError(f"obsim does not know the option {name!r}: it takes {', '.join(known)}, timeout")
    if "data_dir" in given and given["data_dir"] is None:  # the fixture's, taken back by a marker
        del given["data_dir"]
    return {"scenario": "three-tenants", "seed": 0} | given


def _recorded(options: dict[str, Any]) -> dict[str, Any]:
    """With what a report needs to say how to replay: a recording, where no directory has one."""
    return {"record": "data_dir" not in options} | options


def _note(request: pytest.FixtureRequest, used: _InUse) -> None:
    """Let reports find it, as long as the fixture is there; what one test alone used goes with its last report."""
    here = request.node.stash.setdefault(_IN_USE, {})
    here[used.fixture] = used
    if request.scope != "function":
        request.addfinalizer(lambda: here.pop(used.fixture, None))


def _cluster(request: pytest.FixtureRequest, own: dict[str, Any]) -> "Iterator[Cluster]":
    from obsim.api import Cluster  # noqa: PLC0415
    from obsim.scenario.templates import TEMPLATES  # noqa: PLC0415

    options = _made_with(request, Cluster, own)
    with TEMPLATES.in_use():
        cluster = Cluster(**_recorded(options))
    with cluster:
        _note(request, _InUse(request.fixturename or "cluster", options, cluster))
        yield cluster


def _server(request: pytest.FixtureRequest, own: dict[str, Any]) -> "Iterator[Server]":
    from obsim.scenario.templates import TEMPLATES  # noqa: PLC0415
    from obsim.server import Server  # noqa: PLC0415

    options, timeout = _made_with(request, Server, own), own.get("timeout")
    test = getattr(request, "_pyfuncitem", request.node)  # of a wider scope: the first test that asks for it
    timeout_s = _timeout_s(test, timeout)
    with ExitStack() as stack:
        if options.get("unix_socket") is True:  # not below tmp_path: a socket's path has at most 107 bytes
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="obsim-"))
            options["unix_socket"] = str(Path(folder) / "sock")
        with TEMPLATES.in_use():
            server = stack.enter_context(Server(**_recorded(options)))
        address = options.get("unix_socket") or f"{server.host}:{server.port}"
        _note(request, _InUse(request.fixturename or "server", options, server.cluster, address, server, timeout))
        server.hang_up_after(timeout_s)
        yield server


def cluster_fixture(scope: Scope = "module", **options: Any) -> Any:
    """A fixture that gives one `obsim.Cluster` to all tests of a scope; `options` are the cluster's keywords.

    >>> my_cluster = cluster_fixture(scope="session", scenario="many.toml")
    """

    @pytest.fixture(scope=scope)
    def cluster(request: pytest.FixtureRequest) -> "Iterator[Cluster]":
        yield from _cluster(request, options)

    return cluster


def server_fixture(scope: Scope = "module", **options: Any) -> Any:
    """A fixture that gives one running `obsim.Server` to all tests of a scope; it stops at the end of the scope.

    `server.cluster.reset()` takes it back to its beginning between tests.
    """

    @pytest.fixture(scope=scope)
    def server(request: pytest.FixtureRequest) -> "Iterator[Server]":
        yield from _server(request, options)

    return server


@pytest.fixture
def obsim_cluster(request: pytest.FixtureRequest) -> "Iterator[Cluster]":
    """A fresh `obsim.Cluster` in this process, for this test alone."""
    yield from _cluster(request, {})


@pytest.fixture
def obsim_server(request: pytest.FixtureRequest) -> "Iterator[Server]":
    """A fresh running `obsim.Server` on a free port of the loopback interface, for this test alone."""
    yield from _server(request, {})
