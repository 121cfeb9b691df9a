"""Ready rules for `CALL obsim.fault('...')`: what `obsim fault list` prints, one line a plan."""

__all__ = ["PLANS"]

PLANS: dict[str, tuple[str, str]] = {
    "disk full": ("destination=full", "backups end with 9082 when data is to be written"),
    "storage away": ("destination=unreachable for=2m", "what backups read or write ends with 4009 and is tried again"),
    "index damaged": ("destination=corrupt", "increments end with 4103: the index of their base cannot be read"),
    "server error once": (
        "error=OB_TIMEOUT stage=BACKUP_DATA_MAJOR times=1", "one attempt at data fails, the next one succeeds",
    ),
    "index missing": ("error=OB_BACKUP_FILE_NOT_EXIST stage=BACKUP_DATA_MAJOR", "every job fails with 9011"),
    "archive interrupted": ("archive=write error=OB_LOG_ARCHIVE_INTERRUPTED", "the round goes to INTERRUPTED"),
    "slow storage": ("destination=slow rate=2M for=10m", "backups take longer for ten minutes, then go on as before"),
    "damaged block": ("block=corrupt times=1", "a backup succeeds, the restore that reads the block ends with 4103"),
    "server away": ("crash=root down=2m", "clients are cut off until their server is back after 2 minutes"),
    "worker crashes": (
        "crash=worker stage=BACKUP_DATA_MAJOR times=1 down=2m",
        "a server goes while it copies; the work is tried again elsewhere, or when it is back",
    ),
    "leader moves": (
        "leader=next tenant=mysql_tenant log_stream=1001 stage=BACKUP_DATA_MAJOR times=1",
        "a log stream's leader moves while it is copied; the work is tried again (scenario three-zones)",
    ),
    "crash behind the statement": (
        'crash=root statement="BACKUP" times=1 down=30s', "the backup is accepted, its answer is lost with the server",
    ),
    "lost reply": ('disconnect=after statement="BACKUP" times=1', "the backup starts, its client never hears of it"),
    "refused once": ('error=OB_EAGAIN statement="BACKUP" times=1', "the first backup statement is refused"),
    "flaky polls": ('error=OB_TIMEOUT statement="CDB_OB_" probability=10', "every tenth poll fails"),
    "slow answers": ('latency=2s statement="CDB_OB_"', "polls are answered two seconds late"),
    "hanging poll": ('stall=before statement="CDB_OB_" times=1', "one poll is never answered, the line stays open"),
    "answer breaks off": ('truncate=40 statement="CDB_OB_" times=1', "one answer ends in the middle of a packet"),
    "rows not there yet": ("rows=missing view=CDB_OB_BACKUP_JOBS for=30s", "running jobs cannot be seen for a while"),
    "rows twice": ("rows=doubled view=CDB_OB_BACKUP_SET_FILES for=1m", "every set is there twice for a while"),
    "wrong status": (
        "rows=wrong view=CDB_OB_BACKUP_JOB_HISTORY column=STATUS value=FAILED for=1m", "ended jobs look failed",
    ),
}  # fmt: skip
"""Name -> rule, and what comes of it."""
