"""The work that has not ended, for the error of a clock that gave up waiting."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from obsim.cluster.restores import Restores
    from obsim.cluster.state import ClusterState

__all__ = ["unfinished"]


def unfinished(state: "ClusterState", restores: "Restores | None") -> list[str]:
    """What still runs, one line each; `restores` is None where there were none."""
    lines = [
        f"backup job {job.job_id} of tenant {tenant.name} is {job.status}"
        for tenant in state.tenants.values()
        for job in tenant.backup.jobs
    ]
    lines += [
        f"delete job {job.job_id} of tenant {tenant.name} is {job.status}"
        for tenant in state.tenants.values()
        for job in tenant.cleanup.jobs
    ]
    lines += [
        f"archive round {tenant.archive.round.round_id} of tenant {tenant.name} is {tenant.archive.round.status}"
        for tenant in state.tenants.values()
        if tenant.archive.round is not None and tenant.archive.round.status not in {"DOING", "STOP", "SUSPEND"}
    ]
    lines += [
        f"restore job {run.job.job_id} of tenant {run.job.request.tenant_name} is {run.job.status}"
        for run in (restores.runs if restores is not None else ())
        if not run.job.ended
    ]
    lines += [f"tenant {t.name} is DROPPING" for t in state.tenants.values() if t.status == "DROPPING"]
    lines += [f"job {j.job_id} of the root service, {j.kind}" for j in state.root_jobs.jobs if j.result is None]
    return lines
