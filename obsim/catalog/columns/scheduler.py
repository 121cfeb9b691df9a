"""Columns of the views of DAGs and their schedulers (views.json)."""

from obsim.catalog.model import columns_of

__all__ = ["BACKUP_SCHEDULE_TASK", "DAG", "DAG_SCHEDULER"]

DAG = columns_of("""\
    svr_ip                       varchar(46)
    svr_port                     bigint(20)
    tenant_id                    bigint(20)
    dag_type                     varchar(64)
    dag_key                      varchar(128)
    dag_net_key                  varchar(128)
    dag_id                       varchar(64)
    status                       varchar(64)
    running_task_cnt             bigint(20)
    add_time                     timestamp(6)
    start_time                   timestamp(6)
    indegree                     bigint(20)
    comment                      varchar(512)
""")

DAG_SCHEDULER = columns_of("""\
    svr_ip                       varchar(46)
    svr_port                     bigint(20)
    tenant_id                    bigint(20)
    value_type                   varchar(64)
    key                          varchar(128)
    value                        bigint(20)
""")

BACKUP_SCHEDULE_TASK = columns_of("""\
    tenant_id                    bigint(20)
    job_id                       bigint(20)
    task_id                      bigint(20)
    ls_id                        bigint(20)
    type                         bigint(20)
    trace_id                     varchar(64)         null
    destination                  varchar(64)         null
    is_schedule                  varchar(16)
    generate_ts                  bigint(20)
    schedule_ts                  bigint(20)
    executor_ts                  bigint(20)
""")
