"""The naive model beside a cluster: what each of them says of a base that goes."""

import pytest

from obsim.testing.modelled import ModelledTrial
from obsim.testing.naive_tablet import ModelBroken
from obsim.versions import IncrementalBase

TENANT = "oracle_tenant"
BASE_MISSING = -9011


def trial_whose_full_set_is_deleted() -> ModelledTrial:
    """Sets 1 and 2 are full and 2 is broken, so 3 builds on 1, which a clean-up deletes: 2 is its clean point."""
    trial = ModelledTrial("4.1.0", IncrementalBase.LAST_FULL)
    for incremental in (False, False):
        trial.backup_own(TENANT, incremental=incremental)
        trial.run_until_idle()
    trial.break_set(TENANT, 0)
    trial.backup_own(TENANT, incremental=True)
    trial.run_until_idle()
    trial.set_policy(TENANT, "1m")
    trial.advance(3_600_000)
    trial.run_until_idle()
    return trial


def test_increment_fails_whose_full_set_a_clean_up_has_deleted():
    trial = trial_whose_full_set_is_deleted()
    trial.backup_own(TENANT, incremental=True)
    trial.run_until_idle()
    seen = trial.seen.tenants[trial.tenant_id(TENANT)]
    assert [s.file_status for s in seen.sets.values()] == ["DELETED", "BROKEN", "AVAILABLE", "INCOMPLETE"]
    assert [(s.prev_full_id, s.prev_inc_id) for s in seen.sets.values()] == [(0, 0), (0, 0), (1, 1), (1, 3)]
    assert [(job.status, job.result) for job in seen.jobs][-1] == ("FAILED", BASE_MISSING)


def test_model_lets_no_increment_succeed_on_a_deleted_set(monkeypatch):
    monkeypatch.setattr("obsim.backup.flow.blocks_to_store", lambda run: run.set_task.backup_set.copied)
    trial = trial_whose_full_set_is_deleted()
    trial.backup_own(TENANT, incremental=True)
    with pytest.raises(ModelBroken, match="set 4 succeeded although its base was lost"):
        trial.run_until_idle()


def test_model_lets_no_increment_fail_on_a_set_that_is_there(monkeypatch):
    monkeypatch.setattr("obsim.backup.flow.blocks_to_store", lambda _run: None)
    trial = ModelledTrial("4.1.0", IncrementalBase.LAST_FULL)
    trial.backup_own(TENANT, incremental=False)
    with pytest.raises(ModelBroken, match="job 1 failed with -9011 for no reason"):
        trial.run_until_idle()


def test_views_tell_of_a_broken_set_at_once():
    """Not only when something else happens: that would be a change without a new revision."""
    trial = ModelledTrial("4.1.0", IncrementalBase.LAST_FULL)
    trial.backup_own(TENANT, incremental=False)
    trial.run_until_idle()
    trial.break_set(TENANT, 0)
    last = trial.simulated.state.log.rows[-1]
    assert (last.kind, last.name, last.after) == ("BACKUP_SET", "set 1", "SUCCESS BROKEN")
    trial.read(everything=True)
    trial.write(TENANT, "T1", 1, "random")
    trial.read(everything=True)
