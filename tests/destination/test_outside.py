"""Whoever carries intents out may fail in any way: an outcome comes, and virtual time goes on."""

import logging

import pytest

from obsim import Cluster, ServerError
from obsim.destination import parse_uri
from obsim.destination.intents import RemoveFiles
from obsim.destination.outcome import Outcome
from obsim.destination.outside import Outside
from obsim.destination_io.reach import Reach, make_reach
from obsim.error_codes import OB_ERR_UNEXPECTED

PLACE = parse_uri("file:///m/data")
JOBS = "SELECT STATUS, RESULT FROM oceanbase.DBA_OB_BACKUP_JOB_HISTORY"


class Held:
    held = False


class Failing:
    """A performer that raises: at once, or when it is asked how what it began has ended."""

    background = False

    def __init__(self, *, late: bool) -> None:
        self.late = late
        self.asked = 0

    def reaches(self, _place):
        return True

    def allows(self, _place):
        return True

    def perform(self, _intent):
        self.asked += 1
        if not self.late:
            raise RuntimeError("no idea")

    def outcome(self, *, wait):
        if wait:
            raise RuntimeError("no idea")


@pytest.mark.parametrize("late", [False, True])
def test_a_performer_that_raises_gives_an_outcome(late):
    events, performer, found = Held(), Failing(late=late), []
    outside = Outside(events)
    outside.attach(performer)
    for _ in range(2):
        outside.order(RemoveFiles(PLACE, ()), found.append)
    outside.wait()
    assert found == [Outcome(OB_ERR_UNEXPECTED)] * 2
    assert (outside.blocked, events.held, performer.asked) == (False, False, 2)


@pytest.mark.parametrize("background", [False, True])
def test_a_defect_in_a_store_is_an_outcome_and_a_line_in_the_log(background, tmp_path, monkeypatch, caplog):
    reach = make_reach(tmp_path)
    reach.background = background
    key = "topsecret"
    monkeypatch.setattr(Reach, "store", lambda *_args: {}[key])
    with caplog.at_level(logging.ERROR):
        outcome = reach.perform(RemoveFiles(PLACE, ())) or reach.outcome(wait=True)
    assert outcome == Outcome(OB_ERR_UNEXPECTED)
    assert "unexpected KeyError at a destination" in caplog.text
    assert "topsecret" not in caplog.text


def test_a_cluster_goes_on_after_a_defect(tmp_path, monkeypatch):
    cluster = Cluster(file_root=tmp_path)
    cluster.execute(f"ALTER SYSTEM SET data_backup_dest = 'file://{tmp_path}/data'", tenant="mysql_tenant")
    with monkeypatch.context() as broken:
        broken.setattr(Reach, "store", lambda *_args: 1 / 0)
        with pytest.raises(ServerError, match="4016"):
            cluster.execute(f"ALTER SYSTEM SET data_backup_dest = 'file://{tmp_path}/x'", tenant="mysql_tenant")
        cluster.execute("ALTER SYSTEM BACKUP DATABASE", tenant="mysql_tenant")
        cluster.run_until_idle()
    cluster.execute("ALTER SYSTEM BACKUP DATABASE", tenant="mysql_tenant")
    cluster.run_until_idle()
    rows = cluster.query(JOBS, tenant="mysql_tenant")
    assert [tuple(row) for row in rows] == [("FAILED", -4016), ("COMPLETED", 0)]
