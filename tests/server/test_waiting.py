"""A statement that waits for something outside, and a jump of the clock that comes meanwhile."""

import threading
import time
from contextlib import contextmanager

import pymysql
import pytest

import obsim
from obsim.destination import parse_uri
from obsim.destination.intents import RemoveFiles
from obsim.destination.outcome import Outcome
from obsim.session.pending import Pending, ToTime, UntilKnown

SET = "ALTER SYSTEM SET data_backup_dest = 'file:///there/data' TENANT = mysql_tenant"
LOG = "ALTER SYSTEM SET log_archive_dest = 'LOCATION=file:///there/log' TENANT = mysql_tenant"
NOW = "SELECT NOW()"


class Slow:
    """Carries nothing out before it is released; then nobody may write there, or everything succeeds."""

    background = True

    def __init__(self, code=-9071):
        self.asked, self.released, self.outcome_then = threading.Event(), threading.Event(), Outcome(code)

    def reaches(self, place):
        return place.path.startswith("file:///there/")

    def allows(self, _place):
        return True

    def perform(self, _intent):
        self.asked.set()

    def outcome(self, *, wait):
        if wait:
            self.released.wait()
        return self.outcome_then if self.released.is_set() else None


class Client:
    """A connection with a thread for a statement that takes long."""

    def __init__(self, server):
        self.connection = pymysql.connect(**server.connect_args())
        self.number = self.connection.thread_id()
        self.answer = None
        self.thread = None

    def ask(self, sql):
        """The first value of the answer, or the number of the error."""
        try:
            with self.connection.cursor() as cursor:
                cursor.execute(sql)
                row = cursor.fetchone()
        except pymysql.err.MySQLError as refused:
            return refused.args[0]
        return row and str(row[0])

    def begin(self, sql):
        def go():
            self.answer = self.ask(sql)

        self.thread = threading.Thread(target=go)
        self.thread.start()

    def end(self):
        self.thread.join(30)
        assert not self.thread.is_alive()
        return self.answer


@contextmanager
def served(code=-9071, **options):
    slow = Slow(code)
    with obsim.Server(scenario="blank", **options) as server:
        server.cluster.state.outside.attach(slow)
        try:
            yield server, slow
        finally:
            slow.released.set()


def settled(holds):
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def held(server):
    """How many statements stand in line."""
    return len(server.listener.shared.gate._waiting)


JUMPS = [
    "CALL obsim.advance('1h')", "CALL obsim.advance_to('2024-01-02')", "CALL obsim.run_until('SELECT 1')",
    "CALL obsim.run_until_idle()",
]  # fmt: skip


def test_a_jump_is_refused_with_the_session_that_waits():
    with served() as (server, slow):
        asker, mover = Client(server), Client(server)
        asker.begin(SET)
        assert slow.asked.wait(30)
        for jump in JUMPS:
            with pytest.raises(pymysql.err.MySQLError) as refused:
                mover.connection.cursor().execute(jump)
            assert refused.value.args[0] == 1235
            assert refused.value.args[1] == (
                f"obsim does not model a jump of the clock while session {asker.number} waits for a destination "
                "outside: ask again when it is answered"
            )
        mover.connection.ping()
        assert asker.thread.is_alive()
        slow.released.set()
        assert asker.end() == 9071
        assert mover.ask(NOW) == "2024-01-01 00:00:00"
        assert mover.ask(JUMPS[0]) is None
        assert mover.ask(NOW) == "2024-01-01 01:00:00"


def test_in_every_form_it_is_refused():
    with served() as (server, slow):
        asker, mover = Client(server), Client(server)
        mover.ask("PREPARE jump FROM 'CALL obsim.advance(?)'")
        mover.ask("SET @span = '1h'")
        asker.begin(SET)
        assert slow.asked.wait(30)
        assert mover.ask("EXECUTE jump USING @span") == 1235
        for move in (
            lambda: server.cluster.advance(hours=1), lambda: server.cluster.advance_to("2024-01-02"),
            lambda: server.cluster.run_until("SELECT 1"), server.cluster.run_until_idle,
        ):  # fmt: skip
            with pytest.raises(obsim.ServerError, match=f"while session {asker.number} waits"):
                move()
        slow.released.set()
        assert asker.end() == 9071
        assert mover.ask("EXECUTE jump USING @span") is None
        assert mover.ask(NOW) == "2024-01-01 01:00:00"


def test_as_a_prepared_statement_of_the_protocol_too():
    import mysql.connector  # noqa: PLC0415 - takes long to load

    with served() as (server, slow):
        asker = Client(server)
        with mysql.connector.connect(**server.connect_args(driver="mysql-connector"), use_pure=True) as connection:
            cursor = connection.cursor(prepared=True)
            cursor.execute("CALL obsim.advance(%s)", ("1s",))
            asker.begin(SET)
            assert slow.asked.wait(30)
            with pytest.raises(mysql.connector.Error) as refused:
                cursor.execute("CALL obsim.advance(%s)", ("1s",))
            assert refused.value.errno == 1235
            slow.released.set()
            assert asker.end() == 9071


def test_who_may_not_move_the_clock_is_told_so_as_always():
    with served() as (server, slow):
        asker = Client(server)
        other = pymysql.connect(**server.connect_args("mysql_tenant"))
        asker.begin(SET)
        assert slow.asked.wait(30)
        with pytest.raises(pymysql.err.MySQLError) as refused:
            other.cursor().execute(JUMPS[0])
        assert refused.value.args[0] == 1305


def test_a_jump_that_stands_in_line_is_refused_as_soon_as_another_waits():
    with served() as (server, slow):
        first, asker, mover, reader = (Client(server) for _ in range(4))
        first.begin(SET)
        assert slow.asked.wait(30)
        slow.asked.clear()
        asker.begin(SET.replace("data'", "other'"))
        settled(lambda: held(server) == 1)
        reader.begin(NOW)
        settled(lambda: held(server) == 2)
        slow.outcome_then = Outcome()
        assert mover.ask(JUMPS[0]) == 1235
        slow.released.set()
        assert (first.end(), asker.end(), reader.end()) == (None, None, "2024-01-01 00:00:00")


def test_what_nobodys_statement_waits_for_is_waited_for():
    """The client that asked is gone; what it began outside is not over."""
    with served() as (server, slow):
        asker, mover, arguments = Client(server), Client(server), server.connect_args()
        asker.begin(SET)
        assert slow.asked.wait(30)
        assert mover.ask(f"KILL QUERY {asker.number}") is None
        assert asker.end() == 1317
        mover.begin(JUMPS[0])
        settled(lambda: server.listener.shared.gate.held)
        for _ in range(3):
            with pymysql.connect(**arguments) as connection:
                connection.ping()  # who asks for nothing of the cluster is served
        assert mover.thread.is_alive()
        slow.released.set()
        assert mover.end() is None
        assert mover.ask(NOW) == "2024-01-01 01:00:00"


def test_a_jump_waits_for_what_it_comes_to_and_refuses_others():
    with served(0) as (server, slow):
        first, second = Client(server), Client(server)
        slow.released.set()
        assert first.ask(SET) is None
        assert first.ask(LOG) is None
        assert first.ask("ALTER SYSTEM ARCHIVELOG TENANT = mysql_tenant") is None
        slow.released.clear()
        slow.asked.clear()
        first.begin(JUMPS[0])
        assert slow.asked.wait(30)
        assert second.ask(JUMPS[0]) == 1235
        assert first.thread.is_alive()
        slow.released.set()
        assert first.end() is None
        assert second.ask(NOW) == "2024-01-01 01:00:00"


def test_an_ordinary_statement_that_waits_behind_the_clusters_own_work_holds_no_clock():
    with served(0) as (server, slow):
        reader, mover = Client(server), Client(server)
        slow.released.set()
        assert mover.ask(SET) is None
        slow.released.clear()
        slow.asked.clear()
        assert mover.ask("CALL obsim.empty_destination('file:///there/data')") is None
        assert slow.asked.wait(30)
        reader.begin(NOW)
        settled(lambda: server.listener.shared.gate.held)
        mover.begin(JUMPS[0])
        settled(lambda: held(server) >= 1)
        assert (reader.thread.is_alive(), mover.thread.is_alive()) == (True, True)
        slow.released.set()
        assert (reader.end(), mover.end()) == ("2024-01-01 00:00:00", None)


def test_a_statement_that_goes_on_as_one_that_asks_the_outside_holds_the_clock_from_then_on():
    state = obsim.Cluster("blank").state
    state.outside.attach(Slow())

    def ask():
        asking = Pending(UntilKnown(state, RemoveFiles(parse_uri("file:///there/data"), ())), state)
        asking.own = True
        return asking

    under_way = Pending(ToTime(state, state.now_ns), state, ask)
    assert not under_way.holds_clock
    assert under_way.step(lambda: True) is None
    assert under_way.holds_clock


def test_a_refused_jump_is_no_input():
    with obsim.Server(scenario="blank", record=True) as server:
        slow = Slow()
        server.cluster.state.outside.attach(slow)
        asker, mover = Client(server), Client(server)
        asker.begin(SET)
        assert slow.asked.wait(30)
        assert mover.ask(JUMPS[0]) == 1235
        slow.released.set()
        asker.end()
        assert "advance" not in server.cluster.recorded()


def test_autojump_stands_still_while_a_statement_is_stalled():
    history = "SELECT COUNT(*) FROM oceanbase.CDB_OB_BACKUP_JOB_HISTORY"
    with obsim.Server(scenario="three-tenants", clock="autojump") as server:
        stalled, reader = Client(server), Client(server)
        assert reader.ask("ALTER SYSTEM BACKUP DATABASE") is None
        server.cluster.fault('stall=before statement="MINOR FREEZE" times=1')
        stalled.begin("ALTER SYSTEM MINOR FREEZE")
        settled(lambda: any(s.stalled for s in server.listener.engine.sessions.values()))
        assert [reader.ask(history) for _ in range(3)] == ["0"] * 3
        assert reader.ask(NOW) == "2024-01-01 00:00:00"
        assert reader.ask(f"KILL {stalled.number}") is None
        stalled.end()
        assert reader.ask(history) == "1"
        assert reader.ask(NOW) > "2024-01-01 00:00:00"
