"""The pytest plugin as its user has it: in a run of pytest of its own."""

import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import mysql.connector
import pymysql
import pytest
from typer.testing import CliRunner

import obsim
from obsim.cli import app
from obsim.server.drivers import DRIVERS
from obsim.testing.plugin import pytest_configure

pytest_plugins = ["pytester"]


ROOT = Path(__file__).parents[2]
Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def run(text: str, *options: str) -> pytest.RunResult:
        pytester.makepyfile(text)
        return pytester.runpytest_subprocess("-p", "obsim.testing.plugin", "--strict-markers", "-W", "error", *options)

    return run


def test_a_server_and_a_cluster_for_each_test(run: Run) -> None:
    run(
        """
        import pymysql

        ports = set()

        def version(server):
            with pymysql.connect(**server.connect_args("mysql_tenant")) as connection:
                cursor = connection.cursor()
                cursor.execute("ALTER SYSTEM BACKUP DATABASE")
                cursor.execute("SELECT JOB_ID, ob_version() FROM oceanbase.DBA_OB_BACKUP_JOBS")
                return cursor.fetchall()

        def test_one(obsim_server):
            assert version(obsim_server) == ((1, "4.2.1.0"),)

        def test_two(obsim_server):
            assert version(obsim_server) == ((1, "4.2.1.0"),)

        def test_in_process(obsim_cluster):
            obsim_cluster.execute("ALTER SYSTEM BACKUP DATABASE")
            obsim_cluster.run_until_idle()
            rows = obsim_cluster.query("SELECT STATUS FROM oceanbase.CDB_OB_BACKUP_JOB_HISTORY")
            assert [row["STATUS"] for row in rows] == ["COMPLETED"] * 3
        """
    ).assert_outcomes(passed=3)


def test_the_marker_goes_before_the_command_line(run: Run) -> None:
    text = """
        import pytest

        def version(cluster):
            return cluster.query("SELECT ob_version() v")[0]["v"]

        def test_option(obsim_cluster):
            assert version(obsim_cluster) == "4.3.3.0"

        @pytest.mark.obsim(version="4.2.5", scenario="blank")
        class TestMarked:
            def test_class(self, obsim_cluster):
                assert version(obsim_cluster) == "4.2.5.0"

            @pytest.mark.obsim(version="4.1.0")
            def test_nearest(self, obsim_cluster):
                assert version(obsim_cluster) == "4.1.0.0"
        """
    run(text, "--obsim-version", "4.3.3").assert_outcomes(passed=3)


def test_fixtures_of_a_wider_scope(run: Run) -> None:
    run(
        """
        from obsim.testing.plugin import cluster_fixture, server_fixture

        shared = server_fixture(version="4.2.5")
        world = cluster_fixture(scope="session", scenario="blank")
        ports = set()

        def test_one(shared, world):
            ports.add(shared.port)

        def test_two(shared, world):
            assert ports == {shared.port}
            assert world.query("SELECT count(*) n FROM oceanbase.CDB_OB_BACKUP_PARAMETER")[0]["n"] == 0
        """
    ).assert_outcomes(passed=2)


def test_a_failure_says_how_to_have_the_same_cluster_again(run: Run) -> None:
    result = run(
        """
        import pytest

        @pytest.mark.obsim(seed=7, clock="step", strict_incremental=True)
        def test_fails(obsim_server):
            obsim_server.cluster.advance(minutes=10)
            obsim_server.cluster.execute("ALTER SYSTEM BACKUP DATABASE")
            assert False
        """
    )
    result.assert_outcomes(failed=1)
    result.stdout.re_match_lines(
        [
            r"-+ obsim -+",
            r"obsim_server: cluster at 127\.0\.0\.1:\d+, scenario three-tenants, seed 7, .*, strict_incremental True",
            r"its clock stands at 20\d\d-.*:10:01\.000000\+08:00",
            r"the same by hand: obsim serve --scenario three-tenants --seed 7 --ob-version 4\.2\.1 --clock step",
            r"what it did, once more: obsim replay \S+/test_a_failure\S+-test_fails-obsim_server\.journal",
        ]
    )
    command = next(line for line in result.outlines if line.startswith("what it did"))
    replay = CliRunner().invoke(app, command.partition(": obsim ")[2].split())
    assert (replay.exit_code, replay.output[:7]) == (0, "equal: ")


def test_a_report_shows_no_password(run: Run) -> None:
    result = run(
        """
        import pymysql, pytest

        SECRET = "".join(["s3cret", "MARKER"])

        @pytest.mark.obsim(control=SECRET)
        def test_fails(obsim_server):
            with pymysql.connect(**obsim_server.connect_args("mysql_tenant"), autocommit=None) as connection:
                connection.cursor().execute("CREATE USER u IDENTIFIED BY '%s'" % SECRET)
            obsim_server.journal.expect("CREATE USER v IDENTIFIED BY")
        """,
        "--tb=line",
    )
    result.assert_outcomes(failed=1)
    nearest = r".*nearest: root@mysql_tenant: CREATE USER.*'\*\*\*'"
    result.stdout.re_match_lines([nearest, r"obsim_server: .*control '\*\*\*'"])
    assert "s3cretMARKER" not in result.stdout.str() + result.stderr.str()


def test_an_unknown_keyword_is_named_with_those_that_are_known(run: Run) -> None:
    result = run(
        """
        import pytest

        @pytest.mark.obsim(versoin="4.2.5")
        def test_misspelt(obsim_cluster):
            pass

        @pytest.mark.obsim("blank")
        def test_in_place(obsim_cluster):
            pass
        """
    )
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(
        [
            "*obsim does not know the option 'versoin': it takes scenario, seed, version, clock,*",
            "*keywords only, not 'blank'",
        ]
    )


def test_a_test_that_leaves_a_client_hanging_does_not_hang_the_run(run: Run) -> None:
    result = run(
        """
        import socket

        def test_leaves(obsim_server):
            global left
            left = socket.create_connection((obsim_server.host, obsim_server.port))

        def test_next(obsim_server):
            assert obsim_server.port != left.getpeername()[1]
            left.close()
        """
    )
    result.assert_outcomes(passed=2)
    assert result.duration < 20


def test_whatever_clients_do_the_run_goes_on(run: Run) -> None:
    result = run(
        """
        import gc, socket, struct, threading, time, weakref
        import pymysql, pytest

        left = []

        def raw(server):
            left.append(socket.create_connection((server.host, server.port)))
            return left[-1]

        def test_a_login_fails(obsim_server):
            with pytest.raises(pymysql.OperationalError, match="Access denied"):
                pymysql.connect(**obsim_server.connect_args("sys", "nobody", "wrong"))

        def test_a_login_fails_and_so_does_the_test(obsim_server):
            pymysql.connect(**obsim_server.connect_args("sys", "nobody", "wrong"))

        def test_half_a_packet(obsim_server):
            raw(obsim_server).sendall(b"\\x50\\x00")

        def test_a_statement_that_never_ends(obsim_server):
            connection = pymysql.connect(**obsim_server.connect_args())
            left.append(connection)
            connection._execute_command(3, "SELECT SLEEP(100000)")

        def test_an_answer_that_never_comes(obsim_server):
            obsim_server.cluster.fault("stall=before statement=CDB_OB_")
            connection = pymysql.connect(**obsim_server.connect_args())
            left.append(connection)
            connection._execute_command(3, "SELECT * FROM oceanbase.CDB_OB_BACKUP_JOBS")

        def test_an_answer_that_nobody_reads(obsim_server):
            connection = pymysql.connect(**obsim_server.connect_args())
            left.append(connection)
            connection._execute_command(3, "SELECT repeat('x', 16000000)")

        def test_a_client_in_a_thread_of_its_own(obsim_server):
            def poll():
                with pytest.raises(pymysql.MySQLError):
                    connection = pymysql.connect(**obsim_server.connect_args())
                    while True:
                        connection.cursor().execute("SELECT 1")
            left.append(threading.Thread(target=poll))
            left[-1].start()
            time.sleep(0.1)

        def test_all_of_them_are_gone():
            left[-1].join(20)
            assert not left[-1].is_alive()
            assert not [t for t in threading.enumerate() if t.name == "obsim-server"]
            for one in left:
                getattr(one, "close", lambda: None)()

        seen = []

        def test_a_cluster_is_used(obsim_server):
            seen.append(weakref.ref(obsim_server.listener.engine))
            assert seen[0]() is not None

        def test_and_not_kept():
            gc.collect()
            assert seen[0]() is None
        """
    )
    result.assert_outcomes(passed=9, failed=1)
    result.stdout.fnmatch_lines(["FAILED *test_a_login_fails_and_so_does_the_test*"])
    assert result.duration < 60


def test_a_client_that_waits_for_ever_fails_its_test_and_not_the_run(run: Run) -> None:
    result = run(
        """
        import pymysql, pytest
        from obsim.testing.plugin import server_fixture

        shared = server_fixture(scope="module", timeout=90)
        BACKUP = "ALTER SYSTEM BACKUP DATABASE"

        def ask(server, statement):
            with pymysql.connect(**server.connect_args()) as connection:
                return connection.cursor().execute(statement)

        def test_it_hangs(obsim_server):
            obsim_server.cluster.fault("stall=before statement=BACKUP")
            ask(obsim_server, BACKUP)

        def test_it_polls_for_ever(obsim_server):
            ask(obsim_server, BACKUP)
            with pymysql.connect(**obsim_server.connect_args()) as connection:
                while connection.cursor().execute("SELECT STATUS FROM oceanbase.CDB_OB_BACKUP_JOBS"):
                    pass

        def test_it_comes_again(obsim_server):
            for n in range(2):
                with pytest.raises(pymysql.MySQLError):
                    while True:
                        ask(obsim_server, "SELECT 1")

        def test_shared_and_hangs(shared):
            shared.cluster.fault("stall=before statement=BACKUP times=1")
            ask(shared, BACKUP)

        def test_shared_once_more(shared):
            assert ask(shared, BACKUP) == 0
            assert not shared.has_hung_up

        @pytest.fixture
        def prepared(shared):
            ask(shared, "ALTER SYSTEM BACKUP NOTHING")

        def test_an_error_of_a_fixture(prepared):
            pass

        @pytest.mark.obsim(timeout="soon")
        def test_it_is_a_number(obsim_server):
            pass

        @pytest.mark.obsim(timeout=0)
        def test_and_may_be_none(obsim_server):
            assert ask(obsim_server, "SELECT 1") == 1
        """,
        "--obsim-timeout=0.8",
    )
    result.assert_outcomes(passed=3, failed=3, errors=2)
    output = result.stdout.str()
    assert output.count("it has hung up on all clients, because the test took too long: --obsim-timeout") == 3
    assert output.count("shared: cluster at 127.0.0.1") == 2
    assert output.count("what it did, once more: obsim replay ") == 4
    assert "obsim's timeout is a number of seconds, 0 for never, not 'soon'" in output


def test_the_engine_is_not_rewritten(pytestconfig: pytest.Config) -> None:
    marked, known = {"obsim", "other"}, {"obsim.api": True}
    hook = SimpleNamespace(_must_rewrite=marked, _marked_for_rewrite_cache=known)
    config = SimpleNamespace(addinivalue_line=pytestconfig.addinivalue_line)
    config.pluginmanager = SimpleNamespace(rewrite_hook=hook)
    pytest_configure(cast(pytest.Config, config))
    assert (marked, known) == ({"obsim.testing", "other"}, {})
    assert isinstance(pytestconfig.pluginmanager.rewrite_hook._must_rewrite, set)  # pytest still has it


def test_sockets_clocks_and_copies_of_scenarios(run: Run) -> None:
    result = run(
        """
        import os
        import pymysql, pytest

        seen = {}

        @pytest.mark.obsim(unix_socket=True)
        def test_a_socket_in_the_file_system(obsim_server):
            arguments = obsim_server.connect_args("mysql_tenant", unix_socket=True, driver="mysqlclient")
            assert set(arguments) == {"unix_socket", "user", "password"}
            with pymysql.connect(**arguments) as connection:
                assert connection.cursor().execute("SELECT 1") == 1
            seen["path"] = arguments["unix_socket"]
            assert len(seen["path"]) < 100

        def test_it_is_gone(obsim_server):
            assert not os.path.exists(os.path.dirname(seen["path"]))
            with pytest.raises(Exception, match="has no unix socket"):
                obsim_server.connect_args(unix_socket=True)

        def test_the_clock_of_the_command_line(obsim_cluster):
            assert obsim_cluster.host.clock.name == "step"

        @pytest.mark.obsim(scenario="broken-chain")
        @pytest.mark.parametrize("n", range(4))
        def test_copies_are_as_the_first_was(obsim_cluster, n):
            views = obsim_cluster.views_bytes()
            assert seen.setdefault("views", views) == views
            obsim_cluster.execute("ALTER SYSTEM BACKUP DATABASE")
            obsim_cluster.run_until_idle()
            views = obsim_cluster.views_bytes()
            assert seen.setdefault("later", views) == views != seen["views"]

        @pytest.mark.obsim(scenario="broken-chain", seed=8)
        def test_another_seed_is_another_cluster(obsim_cluster):
            assert obsim_cluster.state.seed == 8
        """,
        "--obsim-clock",
        "step",
    )
    result.assert_outcomes(passed=8)


@pytest.mark.parametrize("driver", sorted(DRIVERS))
def test_every_driver_is_told_what_it_takes(driver: str) -> None:
    known = {"host", "port", "user", "password"}
    with obsim.Server() as server:
        assert set(server.connect_args(driver=driver)) - {"ssl_disabled"} == known
        assert set(server.connect_args()) == known
        assert server.url("mysql_tenant", password="a/b@c") == (
            f"mysql+pymysql://root%40mysql_tenant:a%2Fb%40c@127.0.0.1:{server.port}/oceanbase"
        )
        with pytest.raises(obsim.UsageError, match="choose aiomysql"):
            server.connect_args(driver="odbc")
        connect = {"pymysql": pymysql.connect, "mysql-connector": mysql.connector.connect}.get(driver)
        if connect is not None:
            connect(**server.connect_args("mysql_tenant", driver=driver)).close()


def test_the_cost_in_short() -> None:
    command = [sys.executable, "benchmarks/fixture.py", "--tests", "16"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    left = [line.split()[4] for line in ended.stdout.splitlines() if " left " in line]
    assert left == ["0"] * 4, ended.stdout


def test_it_is_installed_with_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"obsim": "obsim.testing.plugin"}


def test_a_cluster_of_a_directory_goes_on_in_the_next_test_and_its_report_says_where_it_is(run: Run) -> None:
    result = run(
        """
        import pytest

        kept = pytest.mark.obsim(data_dir="kept dir")

        @kept
        def test_first(obsim_cluster):
            obsim_cluster.execute("ALTER SYSTEM BACKUP DATABASE")
            obsim_cluster.run_until_idle()

        @kept
        def test_second(obsim_server):
            rows = obsim_server.cluster.query("SELECT STATUS FROM oceanbase.CDB_OB_BACKUP_JOB_HISTORY")
            assert len(rows) == 4
        """,
        "-p", "no:randomly", "-p", "no:xdist",
    )
    result.assert_outcomes(passed=1, failed=1)
    told = "what it did is kept: obsim record 'kept dir'"
    result.stdout.fnmatch_lines(["*assert 3 == 4*", "*--data-dir 'kept dir'", told])


def test_a_marker_without_a_directory_takes_back_that_of_its_class(run: Run) -> None:
    result = run(
        """
        import pytest

        @pytest.mark.obsim(data_dir="kept")
        class TestKept:
            @pytest.mark.obsim(data_dir=None)
            def test_it(self, obsim_cluster):
                assert obsim_cluster.recorded() == 3
        """,
        "-p", "no:randomly", "-p", "no:xdist",
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*assert '{\"obsim\":*", "what it did, once more: obsim replay *"])
    result.stdout.no_fnmatch_line("*data_dir None*")


def test_a_cluster_that_the_test_has_closed_is_reported_too(run: Run) -> None:
    result = run(
        """
        import pytest

        @pytest.mark.obsim(data_dir="kept")
        def test_closed(obsim_cluster):
            obsim_cluster.close()
            raise AssertionError("first")

        def test_stopped(obsim_server):
            obsim_server.stop()
            raise AssertionError("second")

        def test_next(obsim_cluster):
            assert obsim_cluster.query("SELECT 1") == [(1,)]
        """,
        "-p", "no:randomly", "-p", "no:xdist",
    )
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(
        [
            "*AssertionError: first",
            "obsim_cluster: cluster, scenario three-tenants, seed 0, data_dir kept",
            "it cannot be asked any more: this cluster was closed: make it again with its data_dir",
            "the same by hand: obsim serve --scenario three-tenants --seed 0 --data-dir kept",
            "*AssertionError: second",
            "it cannot be asked any more: the server does not run: *",
        ]
    )


def test_each_test_has_its_own_time_with_servers_of_any_kind(run: Run) -> None:
    result = run(
        """
        import pytest
        from obsim.server import Server
        from obsim.testing.plugin import server_fixture

        class Times(dict):
            def note(self, server, seconds):
                self[server] = seconds

        times, really = Times(), Server.hang_up_after

        def hang_up_after(server, seconds):
            times.note(server, seconds)
            really(server, seconds)

        Server.hang_up_after = hang_up_after
        plain, patient, late = server_fixture(), server_fixture(timeout=70), server_fixture(scope="class", timeout=0)

        @pytest.fixture
        def by_name(request):
            return request.getfixturevalue("patient")

        @pytest.mark.obsim(timeout=50)
        def test_that_makes_them(plain, patient):
            assert (times[plain], times[patient]) == (50, 50)

        def test_that_says_nothing(plain, patient):
            assert (times[plain], times[patient]) == (60, 70)

        def test_that_uses_one(plain, request):
            assert times[request.getfixturevalue("patient")] is None

        def test_of_a_fixture_that_asks_by_name(by_name):
            assert times[by_name] == 70

        @pytest.mark.obsim(timeout=50)
        class TestInTheMiddle:
            def test_it_is_made(self, request):
                assert times[request.getfixturevalue("late")] == 50

            @pytest.mark.obsim(timeout=0)
            def test_for_ever(self, late):
                assert times[late] is None
        """,
        "-p", "no:randomly", "-p", "no:xdist",
    )
    result.assert_outcomes(passed=6)
