"""Outcomes that were kept lead to the same state again, with nothing there that they came from."""

import shutil
from collections import Counter
from dataclasses import replace

import pytest

from obsim import Cluster, ServerError
from obsim.destination_io.reach import make_reach
from tests.destination.outcomes import Differs, GivenBack, Kept
from tests.lives import back_up_and_follow, running
from tests.whole import views


class Full:
    """Another performer, but for one destination that takes nothing for a while: `code` says how it refuses."""

    background = False
    code = 0

    def __init__(self, performer, path) -> None:
        self.performer, self.path = performer, path

    def reaches(self, place):
        return self.performer.reaches(place)

    def allows(self, place):
        return self.performer.allows(place)

    def perform(self, intent):
        outcome = self.performer.perform(intent)
        refuses = self.code and intent.place.path == self.path and type(intent).__name__ == "WriteFiles"
        return replace(outcome, code=self.code) if refuses else outcome


def lived(performer, root, full=None):
    """Two destinations, a set and an increment, a setting that is refused, a standby from media that follows."""
    cluster = Cluster(seed=5)
    cluster.state.outside.attach(performer)
    for tenant in cluster.state.user_tenants():
        for known in tenant.destinations:
            cluster.state.outside.keep(known.uri)
    run = running(cluster)
    run("ALTER SYSTEM NOARCHIVELOG")
    run(f"ALTER SYSTEM SET data_backup_dest = 'file://{root}/data'")
    run(f"ALTER SYSTEM SET log_archive_dest = 'LOCATION=file://{root}/arch'")
    with pytest.raises(ServerError, match="does not match"):
        run(f"ALTER SYSTEM SET data_backup_dest = 'file://{root}/arch'")
    back_up_and_follow(cluster, root)
    cluster.advance(minutes=5)
    for code in (-9082, 0):
        if full is not None:
            full.code = code
        for _ in range(3):
            cluster.advance(minutes=3)
    return cluster


def test_a_life_is_replayed_without_its_destinations(tmp_path):
    full = Full(make_reach(tmp_path), f"file://{tmp_path}/arch")
    kept = Kept(full)
    first = lived(kept, tmp_path, full)
    for directory in ("data", "arch"):
        shutil.rmtree(tmp_path / directory)
    given_back = GivenBack(kept.outcomes)
    second = lived(given_back, tmp_path)
    assert not given_back.outcomes
    assert views(second) == views(first)
    assert first.views_bytes() == second.views_bytes()
    assert not (tmp_path / "data").exists()
    back = second.state.tenant_named("back")
    assert back.standby.synced_scn > back.created_ns
    counts = Counter((name, outcome.code) for name, _, outcome, _ in kept.outcomes)
    assert counts["SetDestination", -9081] == 1
    assert counts["WriteFiles", -9082] == 3
    assert counts["ReadDestination", 0] == 2
    assert counts["ReadLog", 0] > 3


def test_another_outcome_leads_elsewhere(tmp_path):
    kept = Kept(make_reach(tmp_path))
    lived(kept, tmp_path)
    at = next(n for n, (name, *_) in enumerate(kept.outcomes) if name == "CheckFormat")
    name, path, outcome, files = kept.outcomes[at]
    kept.outcomes[at] = (name, path, replace(outcome, code=-9080), files)
    with pytest.raises(Differs, match=r"arch.* where WriteFiles at .*/data was kept"):
        lived(GivenBack(kept.outcomes), tmp_path)
