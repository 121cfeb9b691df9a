"""A server with real destinations: it serves others while a medium takes its time, and stands still in virtual time."""

import os
from threading import Event, Thread

import pymysql
import pytest

from obsim import Server

JOBS = "SELECT STATUS, RESULT FROM oceanbase.DBA_OB_BACKUP_JOB_HISTORY"


@pytest.fixture
def server(tmp_path):
    with Server(clock="manual", file_root=tmp_path) as server:
        yield server


def ask(server, text, tenant="mysql_tenant"):
    with pymysql.connect(**server.connect_args(tenant)) as connection, connection.cursor() as cursor:
        cursor.execute(text)
        return cursor.fetchall()


def test_a_backup_over_the_wire(server, tmp_path):
    ask(server, f"ALTER SYSTEM SET data_backup_dest = 'file://{tmp_path}/data'")
    ask(server, "ALTER SYSTEM BACKUP DATABASE")
    ask(server, "CALL obsim.run_until_idle()", "sys")
    assert ask(server, JOBS) == (("COMPLETED", 0),)
    assert (tmp_path / "data/backup_set_1_full/single_backup_set_info.obbak").is_file()
    with pytest.raises(pymysql.MySQLError, match="9071"):
        ask(server, "ALTER SYSTEM SET data_backup_dest = 'file:///etc'")


def test_others_are_served_while_a_medium_takes_its_time(server, tmp_path, monkeypatch):
    ask(server, f"ALTER SYSTEM SET data_backup_dest = 'file://{tmp_path}/data'")
    ask(server, "ALTER SYSTEM BACKUP DATABASE")
    reached, go_on, real = Event(), Event(), os.rename

    def slow(source, *args, **kwargs):
        if source.startswith("single_backup_set_info"):
            reached.set()
            assert go_on.wait(20)
        return real(source, *args, **kwargs)

    monkeypatch.setattr(os, "rename", slow)
    args, rows = server.connect_args("mysql_tenant"), []

    def poll() -> None:
        with pymysql.connect(**args) as connection, connection.cursor() as cursor:
            cursor.execute(JOBS)
            rows.append(cursor.fetchall())

    jump, polling = Thread(target=ask, args=(server, "CALL obsim.run_until_idle()", "sys")), Thread(target=poll)
    with pymysql.connect(**args) as early:
        jump.start()
        try:
            assert reached.wait(20)
            early.ping(reconnect=False)
            with pymysql.connect(**args) as late, late.cursor() as cursor:
                cursor.execute("SET NAMES utf8mb4")
            polling.start()
            polling.join(0.2)
            assert rows == []  # a statement that looks at the cluster comes after the outcome
        finally:
            go_on.set()
        polling.join(20)
        jump.join(20)
        assert rows == [(("COMPLETED", 0),)]


def test_a_reset_begins_with_what_is_there(server, tmp_path):
    ask(server, f"ALTER SYSTEM SET data_backup_dest = 'file://{tmp_path}/data'")
    ask(server, "CALL obsim.reset()", "sys")
    with pytest.raises(pymysql.MySQLError, match="9081"):
        ask(server, f"ALTER SYSTEM SET data_backup_dest = 'file://{tmp_path}/data'")
    ask(server, f"ALTER SYSTEM SET data_backup_dest = 'file://{tmp_path}/other'")


def test_the_command_line(serve, tmp_path):
    server = serve("--clock", "manual", "--file-root", str(tmp_path))
    with pymysql.connect(host=server.host, port=server.port, user="root@mysql_tenant") as connection:
        connection.cursor().execute(f"ALTER SYSTEM SET data_backup_dest = 'file://{tmp_path}/data'")
    assert (tmp_path / "data/format.obbak").is_file()
