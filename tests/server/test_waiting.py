"""A statement that waits for something outside, and a jump of the clock that comes meanwhile."""

import threading

import pymysql
import pytest

import obsim
from obsim.destination.outcome import Outcome

SET = "ALTER SYSTEM SET data_backup_dest = 'file:///there/data' TENANT = mysql_tenant"


class Slow:
    """Carries nothing out before it is released; then nobody may write there."""

    background = True

    def __init__(self):
        self.asked, self.released = threading.Event(), threading.Event()

    def reaches(self, place):
        return place.path.startswith("file:///there/")

    def allows(self, _place):
        return True

    def perform(self, _intent):
        self.asked.set()

    def outcome(self, *, wait):
        if wait:
            self.released.wait()
        return Outcome(-9071) if self.released.is_set() else None


def asked_by(arguments, sql, answers):
    with pymysql.connect(**arguments) as connection:
        cursor = connection.cursor()
        try:
            cursor.execute(sql)
            cursor.execute("SELECT NOW()")
            answers.append(str(cursor.fetchall()[0][0]))
        except pymysql.err.MySQLError as refused:
            answers.append(refused.args[0])


@pytest.mark.parametrize("jump", ["CALL obsim.advance('1h')", "CALL obsim.run_until('SELECT 1')"])
def test_time_stands_still_until_it_is_answered_and_the_jump_comes_after_it(jump):
    slow, order = Slow(), []
    with obsim.Server(scenario="blank") as server:
        server.cluster.state.outside.attach(slow)
        arguments = server.connect_args()
        threads = [threading.Thread(target=asked_by, args=(arguments, sql, order)) for sql in (SET, jump)]
        threads[0].start()
        assert slow.asked.wait(30)
        threads[1].start()
        for _ in range(3):
            with pymysql.connect(**arguments) as connection:
                connection.ping()  # who asks for nothing of the cluster is served
        assert [thread.is_alive() for thread in threads] == [True, True]
        assert order == []
        slow.released.set()
        for thread in threads:
            thread.join(30)
    assert order == [9071, "2024-01-01 01:00:00" if "advance" in jump else "2024-01-01 00:00:00"]
