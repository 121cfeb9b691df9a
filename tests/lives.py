"""What a cluster lives through whose destinations are real: shared by the tests of outcomes that were kept."""


def running(cluster):
    """Runs a statement and lets all that it sets going end."""

    def run(text, tenant="mysql_tenant"):
        cluster.execute(text, tenant=tenant)
        cluster.run_until_idle()

    return run


def back_up_and_follow(cluster, root):
    """A set and an increment of mysql_tenant below `root`, and a tenant `back` that is restored and follows."""
    run = running(cluster)
    run("ALTER SYSTEM ARCHIVELOG")
    cluster.advance(minutes=5)
    for kind in ("", "INCREMENTAL"):
        cluster.write("mysql_tenant", "t1", 5)
        run(f"ALTER SYSTEM BACKUP {kind} DATABASE")
    unit = cluster.query("SELECT NAME FROM oceanbase.DBA_OB_UNIT_CONFIGS")[0][0]
    run(f"CREATE RESOURCE POOL p UNIT = '{unit}', UNIT_NUM = 1", "sys")
    cluster.advance(minutes=5)
    run(f"ALTER SYSTEM RESTORE back FROM 'file://{root}/data,file://{root}/arch' WITH 'pool_list=p'", "sys")
    run("ALTER SYSTEM RECOVER STANDBY TENANT = back UNTIL UNLIMITED", "sys")
    cluster.write("mysql_tenant", "t1", 5)
