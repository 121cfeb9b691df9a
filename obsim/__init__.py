"""obsim: a test double for OceanBase's backup world.

>>> import obsim
>>> cluster = obsim.Cluster("three-tenants", seed=7)
>>> cluster.execute("ALTER SYSTEM BACKUP DATABASE", tenant="sys")
>>> cluster.run_until_idle()
>>> [row["STATUS"] for row in cluster.query("SELECT STATUS FROM oceanbase.CDB_OB_BACKUP_JOB_HISTORY")]
['COMPLETED', 'COMPLETED', 'COMPLETED']
"""
