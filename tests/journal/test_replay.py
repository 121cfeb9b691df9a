"""A journal acts once more: everything is as it was, or the record is named at which it is not."""

import json
import os
import random
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import obsim
from obsim.cli import app
from obsim.errors import UsageError
from obsim.journal.checkpoint import Checkpoints
from obsim.journal.export import replayed
from obsim.journal.record import Moment
from obsim.journal.replay import Differs, view_digests
from obsim.journal.secrets import SecretMissing, Secrets, read_secrets
from obsim.session.inputs import Call
from tests.journal.conftest import export_of, secrets_of
from tests.journal.families import EVERYTHING
from tests.whole import STEPS, play

EXAMPLES = int(os.environ.get("OBSIM_EXAMPLES", "4"))
PLAIN = settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


@PLAIN
@given(steps=STEPS, version=st.sampled_from(["4.0.0", "4.2.1", "4.3.3"]))
def test_whatever_was_done_is_done_again(steps, version):
    cluster = obsim.Cluster("campaign", version=version, seed=3, record=True)
    play(cluster, steps)
    again = replayed(export_of(cluster.recorded()), secrets_of(cluster))
    assert again.state.now_ns == cluster.state.now_ns
    assert obsim.Cluster._over(again).views_bytes() == cluster.views_bytes()


def test_every_kind_of_input_comes_again(lived):
    export = export_of(lived.recorded())
    kinds = {record.kind for record in export.records}
    assert kinds == {"blocks", "call", "execute", "globals", "meet", "restore_snapshot", "schedule", "snapshot"}
    again = replayed(export, secrets_of(lived))
    assert again.state.timeline == 2
    assert obsim.Cluster._over(again).views_bytes() == lived.views_bytes()


@pytest.mark.parametrize("version", ["4.1.0", "4.3.3"])
def test_statements_of_all_families_come_again(version):
    cluster = obsim.Cluster(version=version, record=True)
    for tenant, sql in EVERYTHING:
        try:
            cluster.execute(sql, tenant=tenant)
        except obsim.ServerError:
            continue
    export = export_of(cluster.recorded())
    assert len(export.records) > 35
    again = replayed(export, secrets_of(cluster))
    assert obsim.Cluster._over(again).views_bytes() == cluster.views_bytes()
    checkpoints = Checkpoints(cluster._recording.secrets)
    state, snapshots = checkpoints.read(checkpoints.of(cluster.host))
    assert list(snapshots) == ["s"]
    assert view_digests(cluster._recording.making.host(state=state)) == view_digests(cluster.host)


def test_a_reset_comes_again():
    cluster = obsim.Cluster(record=True)
    cluster.execute("ALTER SYSTEM BACKUP DATABASE")
    cluster.advance(seconds=5)
    cluster.reset()
    cluster.execute("ALTER SYSTEM MINOR FREEZE")
    assert [r.kind for r in export_of(cluster.recorded()).records] == ["execute", "reset", "execute"]
    assert replayed(export_of(cluster.recorded()), Secrets()).state.timeline == 2


def test_clocks_of_all_kinds_lead_to_the_same_moments():
    for clock in ("step", "autojump", "wall"):
        cluster = obsim.Cluster(clock=clock, record=True)
        cluster.execute("ALTER SYSTEM BACKUP DATABASE")
        for _ in range(8):
            cluster.query("SELECT STATUS FROM oceanbase.CDB_OB_BACKUP_JOBS")
        cluster.execute("ALTER SYSTEM MINOR FREEZE")
        export = export_of(cluster.recorded())
        assert replayed(export, Secrets()).state.event_count == export.end.event_count


def test_in_the_middle_of_a_moment():
    """A jump may end between two events of one moment: so many events, and no other, come before the next input."""
    cluster = obsim.Cluster(record=True)
    cluster.execute("ALTER SYSTEM BACKUP DATABASE")
    order = random.Random(3)
    middles = 0
    while not cluster.state.idle():
        cluster.state.advance_slice(cluster.state.next_event_ns, order.randint(1, 3))
        middles += cluster.state.next_event_ns == cluster.state.now_ns
        cluster.host.carry(Call("write", ("mysql_tenant", "t1", 1, "random")))
    assert middles > 3
    replayed(export_of(cluster.recorded()), Secrets())


def changed(export, number, **fields):
    """The same journal with another record of that number."""
    records = [replace(r, **fields) if r.number == number else r for r in export.records]
    return replace(export, records=tuple(records))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"answer": "ok 7"}, r"record 1, execute ALTER SYSTEM BACKUP .*: it answered 'ok 7', now it answers 'ok 0'"),
        ({"changes": 1}, r"record 1, .*: rows had changed 1 times, now they have changed \d+ times"),
        ({"moment": Moment(1, 1704038400000000000, 5)}, r"before record 1, .*: 5 fewer events happen up to 1704038400"),
        ({"moment": Moment(1, 17, 0)}, r"before record 1, .*: 0 events have happened at 1704038400000000000"),
        ({"moment": Moment(3, 1704038400000000000, 0)}, r"record 1, .*: it is of timeline 3, this is 1"),
        ({"kind": "sing"}, r"record 1, sing .*: there is no input 'sing'"),
        ({"body": {"who": {}, "sql": "SELECT 1"}}, r"record 1, execute SELECT 1: 'tenant'"),
        ({"body": {"who": {"tenant": 1, "user": "root"}, "sql": "ALTER SYSTEM MINOR FREEZE"}}, r"47 fewer events"),
    ],
)
def test_where_it_differs_is_said(lived, fields, message):
    export = export_of(lived.recorded())
    with pytest.raises(Differs, match=message):
        replayed(changed(export, 1, **fields), secrets_of(lived))


def test_views_that_differ_are_named(lived):
    export = export_of(lived.recorded())
    wrong = replace(export, views={**export.views, "oceanbase.CDB_OB_BACKUP_JOBS": "0" * 32})
    with pytest.raises(Differs, match=r"after the last record these views differ: oceanbase\.CDB_OB_BACKUP_JOBS$"):
        replayed(wrong, secrets_of(lived))


def test_an_engine_that_is_another_one_is_noticed(lived, monkeypatch):
    monkeypatch.setattr("obsim.storage.tenant.TenantStorage.write", lambda *_args: None)
    with pytest.raises(Differs, match=r"fewer events|have changed|views differ"):
        replayed(export_of(lived.recorded()), secrets_of(lived))


def test_secrets_stay_out_and_are_asked_for_by_name(lived):
    text = lived.recorded()
    assert "geheim" not in text + lived.recorded_secrets()
    assert "sesame" not in text + lived.recorded_secrets()
    with pytest.raises(SecretMissing, match="the value of password-1 is needed: give it with --secrets FILE"):
        replayed(export_of(text), Secrets())


@pytest.mark.parametrize(
    "secret",
    [
        'password = "geheim-2"', 'password = """\ngeheim-3\n"""', "'password' = 'geheim-4'", '# password = "geheim-5"',
        'mode = "mysql"  # password = "geheim-6"',
        '[[history]]\nbefore = "1h"\nrun = ["""CREATE USER u\nIDENTIFIED BY\n\'geheim-7\'"""]',
    ],
)  # fmt: skip
def test_the_passwords_of_a_scenario_are_kept_by_name(tmp_path, secret):
    text = f'about = "#x"\nsys_password = "geheim#1"\n[[tenant]]\nname = "a"\n{secret}\n'
    (tmp_path / "own.toml").write_text(text)
    cluster = obsim.Cluster(str(tmp_path / "own.toml"), record=True)
    assert "geheim" not in cluster.recorded()
    secrets = tmp_path / "own.secrets"
    secrets.write_text(cluster.recorded_secrets())
    assert replayed(export_of(cluster.recorded()), read_secrets(secrets)).state.tenant_named("a") is not None


def test_the_command(lived, tmp_path):
    journal, secrets = tmp_path / "life.journal", tmp_path / "life.secrets"
    journal.write_text(lived.recorded())
    secrets.write_text(lived.recorded_secrets())
    run = CliRunner().invoke
    equal = run(app, ["replay", str(journal), "--secrets", str(secrets)])
    export = export_of(lived.recorded())
    assert equal.output == f"equal: {len(export.records)} records, {len(export.views)} views\n"
    assert equal.exit_code == 0
    assert isinstance(run(app, ["replay", str(journal)]).exception, UsageError)
    journal.write_text(lived.recorded().replace('"answer":"ok 0"', '"answer":"ok 1"', 1))
    other = run(app, ["replay", str(journal), "--secrets", str(secrets)])
    assert other.exit_code == 1
    assert other.output.startswith("differs at record 1, execute ALTER SYSTEM BACKUP DATABASE: it answered")
    digest = next(iter(export.views.values()))
    journal.write_text(lived.recorded().replace(digest, "0" * 32))
    other = run(app, ["replay", str(journal), "--secrets", str(secrets)])
    assert (other.exit_code, other.output[:45]) == (1, "differs after the last record these views dif")


@pytest.mark.parametrize(
    ("name", "value"),
    [("scenario", 7), ("text", 7), ("text", [7]), ("seed", "x"), ("start_ns", None), ("s3_endpoints", [1])],
)
def test_a_head_that_was_edited_is_refused_in_a_sentence(lived, tmp_path, name, value):
    head, *lines = lived.recorded().splitlines(keepends=True)
    told = json.loads(head)
    told["making"][name] = value
    journal, secrets = tmp_path / "life.journal", tmp_path / "life.secrets"
    journal.write_text("".join([json.dumps(told) + "\n", *lines]))
    secrets.write_text(lived.recorded_secrets())
    refused = CliRunner().invoke(app, ["replay", str(journal), "--secrets", str(secrets)]).exception
    assert isinstance(refused, UsageError)
    assert "it does not say how the cluster was made" in str(refused)


HEAD = '{"format": 1, "making": {}}\n'
END = '{"end": {"timeline": 1, "at_ns": %s, "event_count": 0}, "views": %s}'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "here: it has no end: a journal is cut off here"),
        ("nothing", "here:1: no line of a journal"),
        ('{"format": 9}', "here:1: no line of a journal: this obsim reads journals of format 1"),
        ('{"format": 1, "making": {}}\n{"number": 1}', "here:2: no line of a journal: it has no 'timeline'"),
        ("[]", "here:1: no line of a journal"),
        (HEAD + END % ('"x"', "{}"), "here:2: no line of a journal: Expected `int`, got `str` - at `$.at_ns`"),
        (HEAD + END % ("1", "[]"), "here:2: no line of a journal: Expected `object`, got `array`"),
        (HEAD + END % ("1", '{"a": 1}'), "here:2: no line of a journal: Expected `str`, got `int`"),
        (HEAD + END % ('1, "more": 1', "{}"), "here:2: no line of a journal: Moment.__init__() got an unexpected"),
    ],
)
def test_what_is_no_journal_is_refused_with_its_line(text, message):
    with pytest.raises(UsageError) as refused:
        export_of(text)
    assert str(refused.value).startswith(message)


def test_a_cluster_that_is_not_recorded_says_so():
    with pytest.raises(UsageError, match="make it with record=True"):
        obsim.Cluster().recorded()


def test_a_journal_in_memory_has_an_end(monkeypatch):
    monkeypatch.setattr("obsim.journal.recorder.IN_MEMORY_MAX", 2)
    cluster = obsim.Cluster(record=True)
    for _ in range(2):
        cluster.execute("ALTER SYSTEM MINOR FREEZE")
    assert len(export_of(cluster.recorded()).records) == 2
    cluster.execute("ALTER SYSTEM MINOR FREEZE")
    with pytest.raises(UsageError, match="only the first ones were recorded"):
        cluster.recorded()
