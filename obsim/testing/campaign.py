"""A fixed list of actions that takes every path on which a mutant sits (`mutants`)."""

from obsim.testing.trial import Trial

__all__ = ["campaign"]


def campaign(trial: Trial) -> None:
    """About fifty actions on two tenants; every one compares the cluster with the model. Raises AssertionError."""
    tenant, other = "mysql_tenant", "oracle_tenant"
    trial.backup_own(tenant, incremental=True)
    trial.advance(4_000)
    trial.advance_two_ways(8_000, 5)
    trial.read()
    trial.run_until_idle()
    trial.read()
    _change(trial, tenant)
    trial.write(tenant, "t1", 5, "random")
    trial.freeze(tenant, major=False)
    trial.backup_from_sys(None, incremental=True)
    trial.run_until_idle()
    _fail_in_every_way(trial, tenant)
    _change(trial, tenant)
    trial.backup_from_sys((tenant, other), incremental=True)
    trial.advance(4_500)
    _change(trial, tenant)
    trial.run_until_idle()
    trial.backup_own(tenant, incremental=True)
    trial.run_until_idle()
    trial.set_dest(tenant, "file:///elsewhere")
    trial.backup_own(tenant, incremental=True)
    trial.run_until_idle()
    _turn_the_score(trial, other)
    trial.read()


def _change(trial: Trial, tenant: str) -> None:
    """Two compactions: scattered and neighbouring blocks, then appended ones."""
    trial.write(tenant, "t1", 37, "random")
    trial.write(tenant, "wide", 3, "clustered")
    trial.freeze(tenant, major=True)
    trial.write(tenant, "t2", 4, "append")
    trial.freeze(tenant, major=True, by_sys=False)


def _fail_in_every_way(trial: Trial, tenant: str) -> None:
    """Cancel in INIT and at work; stop archiving under a job; then, elsewhere, look for a base among those."""
    trial.set_dest(tenant, "file:///failures")
    trial.backup_own(tenant, incremental=False)
    trial.cancel(by_tenant=tenant)
    trial.run_until_idle()
    trial.backup_own(tenant, incremental=False)
    trial.advance(4_000)
    trial.cancel()
    trial.run_until_idle()
    trial.backup_own(tenant, incremental=False)
    trial.advance(2_000)
    trial.set_archive(tenant, enabled=False)
    trial.run_until_idle()
    trial.set_archive(tenant, enabled=True)
    trial.run_until_idle()
    trial.backup_own(tenant, incremental=True)
    trial.run_until_idle()


def _turn_the_score(trial: Trial, tenant: str) -> None:
    """Lower and raise while long copies run."""
    trial.write(tenant, "T1", 300, "append")
    trial.freeze(tenant, major=True)
    trial.set_score(tenant, 4)
    trial.backup_own(tenant, incremental=False)
    trial.advance(6_500)
    trial.set_score(tenant, 1)
    trial.advance(3_500)
    trial.set_score(tenant, 20)
    trial.advance(500)
    trial.set_score(tenant, 0)
    trial.run_until_idle()
