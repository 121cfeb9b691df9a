"""Faults on demand: what a rule may say, what it meets, what it does to statements and to backups."""

import pytest

import obsim
from obsim.faults import FAULTS_MAX, parse_rule

JOB = (
    "SELECT j.STATUS, j.RESULT, j.COMMENT FROM oceanbase.CDB_OB_BACKUP_JOB_HISTORY j JOIN oceanbase.DBA_OB_TENANTS t "
    "ON t.TENANT_ID = j.TENANT_ID WHERE TENANT_NAME = '{}' ORDER BY JOB_ID DESC LIMIT 1"
)
SET = "SELECT STATUS, FILE_STATUS FROM oceanbase.DBA_OB_BACKUP_SET_FILES ORDER BY BACKUP_SET_ID DESC LIMIT 1"
FAULTS = "SELECT * FROM obsim.faults"
TENANT = "mysql_tenant"


@pytest.fixture
def cluster():
    return obsim.Cluster("three-tenants", seed=3)


def backup(cluster, tenant=TENANT):
    cluster.execute("ALTER SYSTEM BACKUP DATABASE", tenant=tenant)
    cluster.run_until_idle()
    (job,) = cluster.query(JOB.format(tenant))
    return job


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "say one of error=..., disconnect=..., latency=..."),
        ("error=9082 disconnect=after", "say one of error=..., disconnect=..., latency=..."),
        ("error=NO_SUCH", "'NO_SUCH' is no error"),
        ("eror=9082", "'eror' is no key, write key=value with error, disconnect"),
        ("error", "'error' is no key"),
        ("error=9082 error=9071", "error needs one value"),
        ("error=", "error needs one value"),
        ("disconnect=sometimes", "disconnect is before or after"),
        ("disconnect=before stage=BACKUP_LOG", "stage does not go with disconnect"),
        ("error=9082 stage=BACKUP_LOG statement=x", "stage goes with error"),
        ("error=9082 server=127.0.0.1:2882", "server, log_stream and path go with stage"),
        ("error=9082 stage=NO_STAGE", "'NO_STAGE' is no stage"),
        ("error=1040 stage=BACKUP_LOG", "no job ends with it"),
        ("error=9082 nth=0", "nth is a whole number from 1"),
        ("error=9082 times=x", "times is a whole number"),
        ("error=9082 probability=101", "probability is a whole number from 1 to 100"),
        ("error=9082 statement='x", "a quote is not closed"),
        ("x" * 1001, "at most 1000 characters"),
    ],
)
def test_a_rule_that_says_nothing_is_refused(cluster, text, says):
    with pytest.raises(obsim.ServerError) as refused:
        cluster.fault(text)
    assert refused.value.errno == 1210
    assert says in refused.value.message
    assert cluster.query(FAULTS) == []


@pytest.mark.parametrize("name", ["OB_BACKUP_DEVICE_OUT_OF_SPACE", "ob_backup_device_out_of_space", "9082", "-9082"])
def test_an_error_by_name_or_number(name):
    assert parse_rule(f"error={name}").error == "OB_BACKUP_DEVICE_OUT_OF_SPACE"


def test_a_full_destination_fails_the_backup_of_one_tenant(cluster):
    cluster.execute(
        "CALL obsim.fault('error=OB_BACKUP_DEVICE_OUT_OF_SPACE stage=BACKUP_DATA_MAJOR tenant=mysql_tenant times=1')"
    )
    job = backup(cluster)
    assert (job["STATUS"], job["RESULT"]) == ("FAILED", -9082)
    assert "result: -9082(" in job["COMMENT"]
    assert cluster.query(SET, tenant=TENANT)[0] == {"STATUS": "FAILED", "FILE_STATUS": "INCOMPLETE"}
    assert backup(cluster, "oracle_tenant")["STATUS"] == "COMPLETED", "it is about one tenant"
    assert [(row["SEEN_COUNT"], row["HIT_COUNT"]) for row in cluster.query(FAULTS)] == [(1, 1)]
    assert backup(cluster)["STATUS"] == "COMPLETED", "once, it said"


def test_an_error_that_is_tried_again_costs_time(cluster):
    cluster.fault("error=OB_TIMEOUT stage=BACKUP_DATA_MAJOR times=2")
    job = backup(cluster)
    assert job["STATUS"] == "COMPLETED"
    assert cluster.query(FAULTS)[0]["HIT_COUNT"] == 2


def test_the_log_stream_counts(cluster):
    cluster.fault("error=9071 stage=BACKUP_DATA_MINOR log_stream=77")
    assert backup(cluster)["STATUS"] == "COMPLETED"
    assert cluster.query(FAULTS)[0]["SEEN_COUNT"] == 0


def test_a_statement_is_refused_before_it_changes_anything(cluster):
    cluster.fault('error=OB_EAGAIN statement="backup  incremental"')
    cluster.execute("ALTER SYSTEM MINOR FREEZE", tenant=TENANT)
    with pytest.raises(obsim.ServerError) as refused:
        cluster.execute("alter /* x */ system BACKUP\nINCREMENTAL DATABASE", tenant=TENANT)
    assert (refused.value.errno, refused.value.sqlstate, refused.value.message) == (4023, "HY000", "Try again")
    assert cluster.query("SELECT COUNT(*) n FROM oceanbase.DBA_OB_BACKUP_JOBS", tenant=TENANT)[0]["n"] == 0
    backup(cluster)
    cluster.clear_faults()
    cluster.execute("ALTER SYSTEM BACKUP INCREMENTAL DATABASE", tenant=TENANT)


def test_words_with_anything_between_them(cluster):
    cluster.fault("error=4023 statement='SELECT*DBA_OB_BACKUP_JOBS'")
    with pytest.raises(obsim.ServerError):
        cluster.query("SELECT * FROM oceanbase.DBA_OB_BACKUP_JOBS")
    assert cluster.query("SELECT 1 AS a") == [{"a": 1}]


def test_cut_before_and_after(cluster):
    cluster.fault("disconnect=before statement=ARCHIVELOG times=1")
    cluster.fault("disconnect=after statement=BACKUP times=1")
    with pytest.raises(obsim.ConnectionCut):
        cluster.execute("ALTER SYSTEM NOARCHIVELOG", tenant=TENANT)
    assert cluster.query("SELECT LOG_MODE FROM oceanbase.DBA_OB_TENANTS WHERE TENANT_ID = 1002")[0]["LOG_MODE"] == (
        "ARCHIVELOG"
    )
    with pytest.raises(obsim.ConnectionCut):
        cluster.execute("ALTER SYSTEM BACKUP DATABASE", tenant=TENANT)
    assert cluster.query("SELECT COUNT(*) n FROM oceanbase.DBA_OB_BACKUP_JOBS", tenant=TENANT)[0]["n"] == 1


def test_nth_times_and_several_rules(cluster):
    cluster.fault("error=4012 statement='SELECT 1' nth=2 times=2")
    cluster.fault("error=4023 statement='SELECT 1' nth=4")

    def answer():
        try:
            return cluster.query("SELECT 1 AS a")[0]["a"]
        except obsim.ServerError as refused:
            return refused.errno

    assert [answer() for _ in range(7)] == [1, 4012, 4012, 1, 1, 4023, 4023]
    assert [(row["SEEN_COUNT"], row["HIT_COUNT"]) for row in cluster.query(FAULTS)] == [(7, 2), (5, 2)]


def test_probability_is_drawn_from_the_seed():
    def hits(seed):
        made = obsim.Cluster("blank", seed=seed)
        made.fault("error=4023 statement='SELECT 1' probability=30")
        found = []
        for _ in range(200):
            try:
                made.query("SELECT 1")
                found.append(0)
            except obsim.ServerError:
                found.append(1)
        return found

    first = hits(1)
    assert hits(1) == first
    assert hits(2) != first
    assert 35 <= sum(first) <= 85


def test_reset_forgets_them_and_there_is_an_end(cluster):
    for _ in range(FAULTS_MAX):
        cluster.fault("error=4023 stage=BACKUP_LOG")
    with pytest.raises(obsim.ServerError, match="clear_faults"):
        cluster.fault("error=4023")
    cluster.reset()
    assert cluster.query(FAULTS) == []


def test_only_those_with_control_may(cluster):
    with pytest.raises(obsim.ServerError) as refused:
        cluster.execute("CALL obsim.fault('error=4023')", tenant=TENANT)
    assert refused.value.errno == 1305


def test_control_never_fails(cluster):
    cluster.fault("error=4023")
    with pytest.raises(obsim.ServerError):
        cluster.query("SELECT 1")
    cluster.execute("CALL obsim.clear_faults()")
    assert cluster.query("SELECT 1 AS a") == [{"a": 1}]


@pytest.mark.parametrize("arguments", ["", "'error=9082', 'error=9082'"])
def test_a_wrong_number_of_arguments_is_no_defect(arguments):
    cluster = obsim.Cluster("blank", record=True)
    with pytest.raises(obsim.ServerError, match=r"obsim\.fault\(rule\)") as refused:
        cluster.execute(f"CALL obsim.fault({arguments})")
    assert refused.value.errno == 1210
    assert "defect" not in cluster.recorded()


def test_a_scenario_may_begin_with_faults(tmp_path):
    path = tmp_path / "full.toml"
    path.write_text('about = "x"\nfaults = ["error=9082 statement=FREEZE"]\n')
    with pytest.raises(obsim.ServerError) as refused:
        obsim.Cluster(str(path)).execute("ALTER SYSTEM MAJOR FREEZE")
    assert refused.value.errno == 9082
    path.write_text('about = "x"\nfaults = ["eror=9082"]\n')
    with pytest.raises(obsim.ScenarioError, match="'eror' is no key"):
        obsim.Cluster(str(path))
