"""A password is planted in every statement that takes one; afterwards nothing that can be read holds it."""

import json
import logging
from collections.abc import Iterator
from hashlib import sha1
from io import StringIO
from pathlib import Path
from urllib.request import urlopen

import pymysql
import pytest

import obsim
from obsim.api import ClusterSession
from obsim.catalog.registry import VIEWS
from obsim.server.logs import log_statement, start_log

MARKER = "s3cretMARKER"
STORE = f"host=h.example&access_id=id&access_key={MARKER}"
KEYS = f"ENCRYPTED BY '{MARKER}' WITH KEY FROM 's3://b/keys?{STORE}' ENCRYPTED BY '{MARKER}'"
BY_SYS = [
    f"SET ENCRYPTION ON IDENTIFIED BY '{MARKER}' ONLY",
    f"SET DECRYPTION IDENTIFIED BY '{MARKER}', 'x{MARKER}'",
    f"ALTER SYSTEM BACKUP KEY TENANT = mysql_tenant TO 'file:///keys' ENCRYPTED BY '{MARKER}'",
    f"ALTER SYSTEM RESTORE back FROM 's3://b/data?{STORE},s3://b/log?{STORE}' WITH 'pool_list=p' {KEYS}",
    f"ALTER SYSTEM RESTORE FROM 's3://b/data?{STORE}' PREVIEW",
    "SHOW RESTORE PREVIEW",
    f"ALTER SYSTEM ADD RESTORE SOURCE 's3://b/data?{STORE}'",
    f"ALTER SYSTEM RECOVER TABLE d.t TO TENANT = mysql_tenant FROM 's3://b/data?{STORE}' WITH 'pool_list=p' {KEYS}",
    f"ALTER SYSTEM SET data_backup_dest = 's3://b/data?{STORE}' TENANT = mysql_tenant",
    f"ALTER SYSTEM SET log_archive_dest = 'LOCATION=s3://b/log?{STORE}' TENANT = mysql_tenant",
    f"ALTER SYSTEM SET log_restore_source = 'LOCATION=s3://b/log?{STORE}' TENANT = mysql_tenant",
    f"ALTER SYSTEM SET log_restore_source = 'SERVICE=h:1 USER=u PASSWORD={MARKER}' TENANT = mysql_tenant",
    f"ALTER SYSTEM CHANGE EXTERNAL_STORAGE_DEST PATH 's3://b/data' SET ATTRIBUTE 'access_id=a&access_key={MARKER}'",
]
BY_TENANT = [
    f"SET ENCRYPTION ON IDENTIFIED BY '{MARKER}' ONLY",
    "ALTER SYSTEM BACKUP DATABASE",
    f"SET DECRYPTION IDENTIFIED BY '{MARKER}'",
    f"CREATE USER u IDENTIFIED BY '{MARKER}'",
    f"ALTER USER u IDENTIFIED BY 'x{MARKER}'",
    f"GRANT ALL ON *.* TO u IDENTIFIED BY '{MARKER}'",
    f"SET PASSWORD FOR u = PASSWORD('{MARKER}')",
    f"PREPARE p FROM 'SET ENCRYPTION ON IDENTIFIED BY ''{MARKER}'' ONLY'",
    "EXECUTE p",
    f"SET @kms_encrypt_info = '{MARKER}'",
    f"SET ENCRYPTION ON IDENTIFIED BY '{MARKER}' OOPS",
    f"CREATE USER v IDENTIFIED BY '{MARKER}' )",
]
SHOWS = [
    "SHOW WARNINGS", "SHOW ERRORS", "SHOW PROCESSLIST", "SHOW FULL PROCESSLIST", "SHOW PARAMETERS", "SHOW VARIABLES",
    "SHOW GLOBAL VARIABLES", "SHOW GRANTS", "SHOW TENANT",
]  # fmt: skip


def say(session: ClusterSession, statement: str) -> Iterator[str]:
    """Run a statement; all that its answer says, the error of its answer if it is one."""
    try:
        yield from map(str, session.query(statement))
    except obsim.ServerError as refused:
        yield f"{refused} {refused!r}"
    except Exception as other:  # whatever is raised, it must not hold the marker either
        yield f"{other} {other!r}"


def read_all(session: ClusterSession) -> Iterator[str]:
    for view in VIEWS.values():
        yield from say(session, f"SELECT * FROM {view.schema}.`{view.name}`")
    for statement in SHOWS:
        yield from say(session, statement)


@pytest.mark.parametrize("version", ["4.1.0", "4.2.5", "4.3.3"])
def test_nothing_holds_a_secret(version: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    cluster = obsim.Cluster("three-tenants", version=version)
    sessions = [cluster.session("root", tenant, database="oceanbase") for tenant in ("sys", "mysql_tenant")]
    seen: list[str] = []
    for session, statements in zip(sessions, (BY_SYS, BY_TENANT), strict=True):
        for statement in statements:
            seen += say(session, statement)
            seen += say(session, "SHOW WARNINGS")
        seen += read_all(session)
    cluster.run_until_idle()
    for session in sessions:
        seen += read_all(session)
    seen += say(sessions[0], "CALL obsim.dump()")
    seen += [repr(record) for record in cluster.journal.records()]
    seen += [json.dumps(cluster.trace()), repr(cluster), *map(repr, sessions), caplog.text]
    assert len(seen) > 1_000
    assert [text for text in seen if MARKER in text] == []


def written(server: obsim.Server, folder: Path) -> Iterator[str]:
    """What a server's clients, its pages and its files say."""
    with pymysql.connect(**server.connect_args()) as connection:
        cursor = connection.cursor()
        for view in VIEWS.values():
            if view.schema == "obsim":
                try:
                    cursor.execute(f"SELECT * FROM obsim.`{view.name}`")
                except pymysql.MySQLError as refused:
                    yield str(refused)
                else:
                    yield str(cursor.fetchall())
    for page in ("metrics", "health", "ready"):
        with urlopen(f"http://{server.http_address}/{page}", timeout=10) as answer:
            yield answer.read().decode()
    for file in folder.rglob("*"):
        if file.is_file():
            yield file.read_bytes().decode("latin-1")


@pytest.mark.parametrize("form", ["text", "json"])
def test_neither_log_nor_metrics_nor_files_hold_one(form: str, tmp_path: Path) -> None:
    """The same over the wire, with the log at its loudest, a fault that quotes a statement, and real destinations."""
    log = StringIO()
    kept = logging.getLogger().handlers[:], logging.getLogger().level
    start_log(log, "debug", form)
    try:
        with obsim.Server(http="0", file_root=str(tmp_path), clock="manual") as server:
            server.call(lambda: setattr(server.listener.engine.journal, "on_record", log_statement))
            seen: list[str] = []
            server.cluster.fault(f"error=OB_EAGAIN statement=\"IDENTIFIED BY '{MARKER}' WITH KEY\"")
            for tenant, statements in (("sys", BY_SYS), ("mysql_tenant", BY_TENANT)):
                with pymysql.connect(**server.connect_args(tenant)) as connection:
                    for statement in statements:
                        try:
                            connection.cursor().execute(statement)
                        except pymysql.MySQLError as refused:
                            seen.append(str(refused))
            with pytest.raises(pymysql.MySQLError), pymysql.connect(**server.connect_args("sys", "u", MARKER)):
                pass
            server.cluster.run_until_idle()
            seen += written(server, tmp_path)
            seen.append(server.cluster.dump())
            assert "IDENTIFIED BY '***' WITH KEY" in seen[-1]
            logging.getLogger("elsewhere").error("failed: %s", BY_SYS[1], extra={"uri": f"s3://b/x?{STORE}"})
            try:
                raise ValueError(BY_TENANT[3])
            except ValueError:
                logging.getLogger("elsewhere").exception("with a trace")
    finally:
        logging.getLogger().handlers[:], level = kept
        logging.getLogger().setLevel(level)
    lines = log.getvalue().splitlines()
    assert sum("SET ENCRYPTION ON IDENTIFIED BY" in line for line in lines) >= 2
    assert sum("with a trace" in line for line in lines) == 1
    assert len(lines) > len(BY_SYS) + len(BY_TENANT)
    assert [text for text in (*seen, *lines) if MARKER in text] == []


def test_the_set_keeps_a_digest_and_no_more() -> None:
    cluster = obsim.Cluster("three-tenants")
    session = cluster.session("root", "mysql_tenant")
    for password in ("sesame", "sesame", "other"):
        session.execute(f"SET ENCRYPTION ON IDENTIFIED BY '{password}' ONLY")
        session.execute("ALTER SYSTEM BACKUP DATABASE")
        cluster.run_until_idle()
    cluster.execute("ALTER SYSTEM BACKUP DATABASE", tenant="mysql_tenant")  # a session of its own
    cluster.run_until_idle()
    query = "SELECT ENCRYPTION_MODE, PASSWD FROM oceanbase.DBA_OB_BACKUP_SET_FILES ORDER BY BACKUP_SET_ID"
    modes, digests = zip(*map(tuple, session.query(query)), strict=True)
    assert modes == ("PASSWORD", "PASSWORD", "PASSWORD", "NONE")
    assert digests[0] == digests[1] != digests[2]
    assert digests[3] == ""
    assert digests[0] == "*" + sha1(sha1(b"sesame").digest()).hexdigest(), "as accounts keep theirs"


def test_no_journal_holds_a_secret() -> None:
    cluster = obsim.Cluster("three-tenants", record=True)
    cluster.execute("CALL obsim.fault('error=OB_EAGAIN statement=\"*\" nth=9999')")  # so every statement is an input
    sessions = [cluster.session("root", tenant, database="oceanbase") for tenant in ("sys", "mysql_tenant")]
    for session, statements in zip(sessions, (BY_SYS, BY_TENANT), strict=True):
        for statement in statements:
            list(say(session, statement))
    cluster.run_until_idle()
    journal = cluster.recorded()
    assert journal.count('"kind":"meet"') > 20
    assert MARKER not in journal
    assert "***password-" in journal
    assert "***key-" in journal
