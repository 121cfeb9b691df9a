"""Columns of the views of the clean-up of backups: delete jobs, tasks and policies (views.json)."""

from obsim.catalog.model import columns_of

__all__ = ["BACKUP_DELETE_JOBS", "BACKUP_DELETE_POLICY", "BACKUP_DELETE_TASKS"]

BACKUP_DELETE_JOBS = columns_of("""\
    TENANT_ID                    bigint(20)
    JOB_ID                       bigint(20)
    INCARNATION                  bigint(20)
    INITIATOR_TENANT_ID          bigint(20)
    INITIATOR_JOB_ID             bigint(20)
    EXECUTOR_TENANT_ID           varchar(65536)
    TYPE                         varchar(64)
    PARAMETER                    timestamp(6)
    JOB_LEVEL                    varchar(64)
    START_TIMESTAMP              timestamp(6)
    END_TIMESTAMP                timestamp(6)        late
    STATUS                       varchar(64)
    TASK_COUNT                   bigint(20)          null
    SUCCESS_TASK_COUNT           bigint(20)          null
    RESULT                       bigint(20)
    COMMENT                      varchar(4096)       null
""")

BACKUP_DELETE_TASKS = columns_of("""\
    TENANT_ID                    bigint(20)
    TASK_ID                      bigint(20)
    INCARNATION                  bigint(20)
    JOB_ID                       bigint(20)
    TASK_TYPE                    varchar(64)
    ID                           bigint(20)
    ROUND_ID                     bigint(20)
    DEST_ID                      bigint(20)
    START_TIMESTAMP              timestamp(6)
    END_TIMESTAMP                timestamp(6)        late
    STATUS                       varchar(64)
    TOTAL_LS_COUNT               bigint(20)          null
    FINISH_LS_COUNT              bigint(20)          null
    RESULT                       bigint(20)          null
    COMMENT                      varchar(4096)       null
    PATH                         varchar(1024)
""")

BACKUP_DELETE_POLICY = columns_of("""\
    TENANT_ID                    bigint(20)
    POLICY_NAME                  varchar(256)
    RECOVERY_WINDOW              varchar(64)
""")
