"""A fixed list of actions that takes every path on which a mutant sits (`mutants`)."""

from obsim.statements import CallProcedure
from obsim.testing.simulated_trial import SimulatedTrial

__all__ = ["tour"]

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def tour(trial: SimulatedTrial) -> None:
    """About a hundred actions on two tenants; each looks at the cluster and checks it. Raises AssertionError."""
    tenant, other = "mysql_tenant", "oracle_tenant"
    trial.write(tenant, "t2", 2, "random")
    trial.backup_own(tenant, incremental=True)
    trial.backup_own(tenant, incremental=True)
    trial.advance(4_000)
    trial.advance_two_ways(8_000, 5)
    trial.read(everything=True)
    trial.run_until_idle()
    trial.read(everything=True)
    _change(trial, tenant)
    trial.write(tenant, "t1", 40, "clustered")
    trial.freeze(tenant, major=False)
    trial.backup_own(tenant, incremental=True)
    for _ in range(40):
        trial.advance(200)
    trial.run_until_idle()
    _rows(trial, tenant)
    _both_initiators(trial, tenant)
    _fail_in_every_way(trial, tenant)
    _faults(trial, tenant)
    _change(trial, tenant)
    _under_a_backup(trial, tenant, other)
    _elsewhere(trial, tenant, other)
    _broken_sets(trial, tenant)
    _rounds(trial, tenant, other)
    _turn_the_score(trial, other)
    _clean_up(trial, tenant, other)
    trial.read(everything=True)


def _change(trial: SimulatedTrial, tenant: str) -> None:
    """Two compactions: scattered and neighbouring blocks, then appended ones."""
    trial.write(tenant, "t1", 37, "random")
    trial.write(tenant, "wide", 3, "clustered")
    trial.freeze(tenant, major=True)
    trial.write(tenant, "t2", 4, "append")
    trial.freeze(tenant, major=True, by_sys=False)


def _rows(trial: SimulatedTrial, tenant: str) -> None:
    """Rows are updated, added and deleted, each before a compaction of its own."""
    for table, count, kind in (
        ("t1", 9, "rows_uniform"), ("t2", 30_000, "rows_append"), ("t1", 20, "rows_delete"),
        ("t2", 100_000, "rows_delete_clustered"),
    ):  # fmt: skip
        trial.write(tenant, table, count, kind)
        trial.freeze(tenant, major=True)


def _both_initiators(trial: SimulatedTrial, tenant: str) -> None:
    """Jobs of sys and of the tenant at once; afterwards two increments with nothing between them."""
    trial.backup_from_sys(None, incremental=True)
    trial.advance(300)
    trial.backup_own(tenant, incremental=True)
    trial.run_until_idle()
    trial.backup_own(tenant, incremental=True)
    trial.run_until_idle()


def _fail_in_every_way(trial: SimulatedTrial, tenant: str) -> None:
    """Cancel in INIT and at work; stop archiving under a job; then, elsewhere, look for a base among those."""
    trial.set_dest(tenant, "file:///failures")
    trial.backup_own(tenant, incremental=False)
    trial.cancel(by_tenant=tenant)
    trial.run_until_idle()
    trial.backup_own(tenant, incremental=False)
    trial.advance(4_000)
    trial.cancel()
    trial.run_until_idle()
    trial.backup_from_sys((tenant,), incremental=False)
    trial.advance(2_000)
    trial.set_archive(tenant, enabled=False)
    trial.run_until_idle()
    trial.set_archive(tenant, enabled=True)
    trial.run_until_idle()
    trial.backup_own(tenant, incremental=True)
    trial.run_until_idle()


def _faults(trial: SimulatedTrial, tenant: str) -> None:
    """Work of log streams fails: once and is tried again, for good, and more often than it may."""
    for code, stage, times in (
        ("OB_EAGAIN", "BACKUP_DATA_MAJOR", 1), ("OB_BACKUP_DEVICE_OUT_OF_SPACE", "BACKUP_DATA_MINOR", 1),
        ("OB_TIMEOUT", "BACKUP_USER_META", 4),
    ):  # fmt: skip
        rule = f"error={code} stage={stage} tenant={tenant} log_stream=1001 times={times}"
        plan = [("sys", CallProcedure("obsim", "fault", (rule,)))]
        trial.order_faults(plan)
        trial.backup_own(tenant, incremental=True)
        for _ in range(60):
            trial.advance(200)
        trial.run_until_idle()
        trial.clear_faults()


def _under_a_backup(trial: SimulatedTrial, tenant: str, other: str) -> None:
    """Blocks change while an increment is at work, after its snapshot."""
    trial.backup_from_sys((tenant, other), incremental=True)
    trial.advance(4_500)
    _change(trial, tenant)
    trial.run_until_idle()
    trial.backup_own(tenant, incremental=True)
    trial.run_until_idle()


def _elsewhere(trial: SimulatedTrial, tenant: str, other: str) -> None:
    """To another path, where there is no set yet, and on from there."""
    trial.set_dest(tenant, "file:///elsewhere")
    trial.set_dest(other, "file:///elsewhere")  # refused: it is the first one's
    trial.backup_own(tenant, incremental=True)
    trial.run_until_idle()
    trial.write(tenant, "t1", 9, "random")
    trial.freeze(tenant, major=True)
    for _ in range(3):
        trial.backup_own(tenant, incremental=True)
        trial.run_until_idle()


def _broken_sets(trial: SimulatedTrial, tenant: str) -> None:
    """The newest set breaks; then the base of an increment that is at work."""
    trial.break_set(tenant, 0)
    trial.backup_own(tenant, incremental=True)
    trial.advance(1_000)
    trial.break_set(tenant, 0)
    trial.run_until_idle()
    trial.backup_own(tenant, incremental=False)
    trial.run_until_idle()


def _rounds(trial: SimulatedTrial, tenant: str, other: str) -> None:
    """Days go by, a round is suspended and goes on, another one begins."""
    trial.advance(2 * DAY_MS)
    trial.set_deferred(tenant, deferred=True)
    trial.advance(3_000)
    trial.set_deferred(tenant, deferred=False)
    trial.run_until_idle()
    trial.set_archive(other, enabled=False)
    trial.run_until_idle()
    trial.set_archive(other, enabled=True)
    trial.run_until_idle()


def _turn_the_score(trial: SimulatedTrial, tenant: str) -> None:
    """Lower and raise while long copies run, and right before they start."""
    trial.write(tenant, "T1", 1_700, "append")
    trial.freeze(tenant, major=True)
    trial.set_score(tenant, 4)
    trial.backup_own(tenant, incremental=False)
    trial.advance(6_500)
    trial.set_score(tenant, 1)
    trial.advance(3_500)
    trial.set_score(tenant, 20)
    trial.advance(500)
    trial.set_score(tenant, 0)
    trial.set_score(tenant, 5, "ha_high_thread_score")
    trial.run_until_idle()
    trial.set_score(tenant, 100)
    trial.backup_own(tenant, incremental=False)
    trial.simulated.run_to_stage(tenant, "BACKUP_DATA_MAJOR")
    trial.set_score(tenant, 2)
    for _ in range(20):
        trial.advance(2_500)
    trial.run_until_idle()
    trial.set_score(tenant, 50)
    trial.backup_own(tenant, incremental=False)
    trial.simulated.run_to_stage(tenant, "BACKUP_DATA_MAJOR")
    trial.advance(200)
    trial.set_score(tenant, 1)
    for _ in range(4):
        trial.advance(1_000)
    trial.set_score(tenant, 0)
    trial.run_until_idle()


def _until_night_ms(trial: SimulatedTrial) -> int:
    """To one at night: the log of the last day is in another piece, and its daily freeze is still to come."""
    return (17 * HOUR_MS - trial.seen.now_ns // 1_000_000) % DAY_MS


def _clean_up(trial: SimulatedTrial, tenant: str, other: str) -> None:
    """Policies of one tenant with two chains and a failed set, and of one with a single full set."""
    trial.set_dest(tenant, "file:///kept")
    for incremental in (False, True):
        trial.backup_own(tenant, incremental=incremental)
        trial.run_until_idle()
    trial.advance(DAY_MS + _until_night_ms(trial))
    for incremental in (False, True):
        trial.backup_own(tenant, incremental=incremental)
        trial.run_until_idle()
    trial.backup_own(tenant, incremental=False)
    trial.advance(3_000)
    trial.cancel(by_tenant=tenant)
    trial.run_until_idle()
    trial.backup_own(tenant, incremental=False)
    trial.advance(4_000)  # what expires in an hour lies in the middle of this set
    trial.set_policy(tenant, "1h")
    trial.set_policy(other, "1h")
    trial.run_until_idle()
    trial.set_dest(other, "file:///only")
    trial.backup_own(other, incremental=False)
    trial.run_until_idle()
    for _ in range(2):
        trial.advance(HOUR_MS)
        trial.run_until_idle()
    trial.set_policy(tenant, None)
    trial.set_policy(other, None)
