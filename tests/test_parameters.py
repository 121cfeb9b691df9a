"""Parameters: what exists in a version, which values are taken, and how they are kept."""

import json
import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obsim.cluster import ClusterState, Principal
from obsim.errors import ServerError
from obsim.ids import SYS_TENANT_ID, TenantId
from obsim.parameters import PARAMETERS, Level, ParameterStore, check_value, definitions_of, number_of
from obsim.scenario import build_state
from obsim.scheduler.priorities import PRIORITIES
from obsim.statements import AlterParameters, NullValue, ParameterAction, ParameterValue
from obsim.versions import PROFILES, Version

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT.parent / "shared" / "reference" / "parameters.json"
NEWEST = PROFILES["4.3.3"].version
ROOT_OF_SYS = Principal(SYS_TENANT_ID, "root")


def test_what_acts_is_what_the_cluster_asks_for() -> None:
    """The mark `acts` is printed as documentation: it stands at the parameters that code reads by name, no other."""
    sources = [path.read_text("utf-8") for path in (ROOT / "obsim").rglob("*.py")]
    asked = {name for text in sources for name in re.findall(r'(?:\.get|\.get_int)\(\s*"([a-z_]+)"', text)}
    asked |= {priority.parameter for priority in PRIORITIES if priority.parameter is not None}
    assert {name for name, definition in PARAMETERS.items() if definition.acts} == asked & PARAMETERS.keys()


def literal(text: str) -> ParameterValue:
    """The value of a literal as the grammar reads it: a number with an exponent arrives as the int it equals."""
    if text[0] in "'\"":
        return text[1:-1]
    if text in {"TRUE", "FALSE"}:
        return text == "TRUE"
    if text == "NULL":
        return NullValue()
    if "e" in text:
        return int(float(text))
    return float(text) if "." in text else int(text)


def recorded_values() -> list[tuple[str, str, str]]:
    lines = (ROOT / "fixtures" / "parameters" / "values.tsv").read_text("utf-8").splitlines()[1:]
    return [(name, written, answer) for name, written, answer in (line.split("\t") for line in lines)]


@pytest.fixture(scope="module")
def state() -> ClusterState:
    return build_state("blank", profile=PROFILES["4.3.3"])


@pytest.mark.parametrize(("name", "written", "answer"), recorded_values())
def test_values_are_kept_as_a_real_engine_keeps_them(
    state: ClusterState, name: str, written: str, answer: str
) -> None:
    statement = AlterParameters((ParameterAction(name, literal(written)),))
    before = state.parameters.get(name, SYS_TENANT_ID)
    if answer.startswith("stored"):
        state.execute(ROOT_OF_SYS, statement)
        kept = answer.removeprefix("stored").strip()
        value = literal(written)
        assert state.parameters.get(name, SYS_TENANT_ID) == (json.loads(kept) if kept else str(value))
    else:
        with pytest.raises(ServerError) as caught:
            state.execute(ROOT_OF_SYS, statement)
        assert f"{caught.value.errno} {caught.value.message}" == answer
        assert state.parameters.get(name, SYS_TENANT_ID) == before


def test_an_integer_counts_as_c_reads_it() -> None:
    score = PARAMETERS["ha_low_thread_score"]
    assert [number_of(score, text) for text in ("010", " 5", "+5", "0x10", "-0", "08", "5 ", "", "0x", "1_0")] == [
        8, 5, 5, 16, 0, None, None, None, None, None,
    ]


@pytest.mark.parametrize(
    ("name", "text", "number"),
    [
        ("archive_lag_target", "60", 60 * 10**9),
        ("archive_lag_target", "1500ms", 1_500_000_000),
        ("archive_lag_target", "2H", 7200 * 10**9),
        ("writing_throttling_maximum_duration", "3d", 3 * 86_400 * 10**9),
        ("archive_lag_target", "1w", None),
        ("backup_data_file_size", "1G", 1 << 30),
        ("backup_data_file_size", "1gb", 1 << 30),
        ("backup_data_file_size", "600", 600 << 20),
        ("backup_data_file_size", "1.5G", None),
        ("major_freeze_duty_time", "02:30", 150),
        ("major_freeze_duty_time", "24:00", None),
        ("enable_rebalance", "off", 0),
        ("enable_rebalance", "maybe", None),
        ("cpu_quota_concurrency", "4.5", 4.5),
    ],
)
def test_numbers_behind_texts(name: str, text: str, number: float | None) -> None:
    assert number_of(PARAMETERS[name], text) == number


@pytest.mark.parametrize(
    ("name", "value", "errno"),
    [
        ("devname", "eth0", 4147),
        ("data_dir", "elsewhere", 4147),
        ("memory_limit", "0", None),
        ("memory_limit", "2G", None),
        ("major_freeze_duty_time", "disable", None),
        ("syslog_level", "info", None),
        ("syslog_level", "LOUD", 4147),
        ("freeze_trigger_percentage", 100, 4147),
        ("freeze_trigger_percentage", 0, 4147),
        ("freeze_trigger_percentage", 99, None),
        ("cpu_quota_concurrency", 20.5, 4147),
        ("cpu_quota_concurrency", 20.0, None),
        ("dump_data_dictionary_to_log_interval", "0s", 4147),
        ("external_kms_info", "anything at all", None),
        ("external_kms_info", NullValue(), 4147),
        ("compatible", "4.3.3.0", None),
        ("compatible", "newest", 4147),
        ("archive_lag_target", "", 4179),
        ("enable_rebalance", True, None),
        ("cpu_count", "9" * 100_000, None),
    ],
)
def test_ranges_words_and_kinds(name: str, value: ParameterValue, errno: int | None) -> None:
    if errno is None:
        check_value(PARAMETERS[name], value)
        return
    with pytest.raises(ServerError) as caught:
        check_value(PARAMETERS[name], value)
    assert caught.value.errno == errno


@settings(deadline=None)
@given(st.text(max_size=20), st.sampled_from(sorted(PARAMETERS)))
def test_no_text_breaks_the_check(text: str, name: str) -> None:
    definition = PARAMETERS[name]
    with suppress(ServerError):
        assert check_value(definition, text) == text
        if definition.kind != "enum" and text.lower() != "disable":
            assert number_of(definition, text) is not None


@settings(deadline=None)
@given(st.integers(-(10**30), 10**30))
def test_a_score_is_taken_exactly_from_0_to_100(score: int) -> None:
    if 0 <= score <= 100:
        assert check_value(PARAMETERS["ha_low_thread_score"], score) == str(score)
    else:
        with pytest.raises(ServerError):
            check_value(PARAMETERS["ha_low_thread_score"], score)


def test_every_default_is_a_value_of_its_parameter() -> None:
    for profile in PROFILES.values():
        for definition in definitions_of(profile.version).values():
            if definition.edit_level != "READONLY" and definition.name != "cluster_id":
                assert check_value(definition, definition.default) == definition.default


def test_a_parameter_exists_from_its_version_on() -> None:
    names = {text: set(definitions_of(profile.version)) for text, profile in PROFILES.items()}
    assert "archive_lag_target" not in names["4.1.0"]
    assert "archive_lag_target" in names["4.2.1"]
    assert "data_disk_write_limit_percentage" not in names["4.2.1"]
    assert "data_disk_write_limit_percentage" in names["4.2.5"] & names["4.3.3"]
    assert "recover_table_concurrency" in names["4.2.5"] - names["4.3.3"]
    assert not {"backup_concurrency", "backup_zone", "minor_freeze_times", "data_backup_dest"} & names["4.2.5"]
    assert "ha_low_thread_score" in set.intersection(*names.values())


def test_defaults_that_versions_changed() -> None:
    def of(text: str, name: str) -> tuple[str, str | None, str | None]:
        definition = definitions_of(Version.parse(text))[name]
        return definition.default, definition.low, definition.high

    assert of("4.2.1", "memstore_limit_percentage") == ("50", "1", "99")
    assert of("4.2.5", "memstore_limit_percentage") == of("4.3.3", "memstore_limit_percentage") == ("0", "0", "99")
    assert of("4.1.0", "log_archive_concurrency") == ("1", "1", "100")
    assert of("4.2.1", "ls_gc_delay_time") == of("4.2.0", "ls_gc_delay_time") == ("3600s", "0s", None)
    assert of("4.2.1.1", "ls_gc_delay_time") == of("4.3.3", "ls_gc_delay_time") == ("0s", "0s", None)
    assert of("4.2.0", "log_archive_concurrency") == ("0", "0", "100")
    assert of("4.2.1.10", "compatible")[0] == "4.2.1.10"


@pytest.mark.parametrize(
    ("version", "name", "level"),
    [
        ("4.0.0", "backup_data_file_size", Level.CLUSTER),
        ("4.2.1.1", "backup_data_file_size", Level.CLUSTER),
        ("4.2.1.2", "backup_data_file_size", Level.TENANT),
        ("4.2.5", "backup_data_file_size", Level.TENANT),
        ("4.3.3", "backup_data_file_size", Level.TENANT),
        ("4.0.0", "log_archive_concurrency", Level.CLUSTER),
        ("4.1.0", "log_archive_concurrency", Level.TENANT),
    ],
)
def test_levels_that_versions_changed(version: str, name: str, level: Level) -> None:
    assert definitions_of(Version.parse(version))[name].level is level


def test_a_parameter_that_a_patch_brought_back() -> None:
    versions = ("4.2.1.8", "4.2.1.9", "4.2.2", "4.2.4", "4.2.5", "4.2.6", "4.3.3", "4.3.5")
    having = [text for text in versions if "ob_storage_s3_url_encode_type" in definitions_of(Version.parse(text))]
    assert having == ["4.2.1.9", "4.2.5", "4.2.6", "4.3.5"]


def test_the_store_keeps_tenants_apart_and_forgets_on_reset() -> None:
    store = ParameterStore(NEWEST, {"zone": "z1"})
    first, second = TenantId(1002), TenantId(1004)
    store.set("ha_low_thread_score", first, "010")
    store.set("enable_ddl", None, "False")
    assert (store.get("HA_LOW_THREAD_SCORE", first), store.get_int("ha_low_thread_score", first)) == ("010", 8)
    assert (store.get("ha_low_thread_score", second), store.is_default("ha_low_thread_score", second)) == ("0", True)
    assert (store.get("enable_ddl", second), store.get_int("enable_ddl")) == ("False", 0)
    assert (store.get("zone"), store.is_default("zone")) == ("z1", True)
    assert store.dump() == [(None, "enable_ddl", "False"), (first, "ha_low_thread_score", "010")]
    twin = store.copy()
    store.reset("ha_low_thread_score", first)
    assert store.is_default("ha_low_thread_score", first)
    assert twin.get("ha_low_thread_score", first) == "010"
    store.set("ha_low_thread_score", first, "0")
    assert store.is_default("ha_low_thread_score", first)


def test_a_name_no_version_has_is_unknown() -> None:
    store = ParameterStore(NEWEST)
    for call in (store.get, store.reset, store.is_default, store.get_int):
        with pytest.raises(ServerError) as caught:
            call("backup_dest", TenantId(1))
        assert (caught.value.errno, caught.value.sqlstate) == (5099, "42000")
    with pytest.raises(ValueError, match="belongs to a tenant"):
        store.get("ha_low_thread_score")


def test_a_tenant_sees_its_own_and_the_clusters() -> None:
    store = ParameterStore(NEWEST)
    store.set("ha_low_thread_score", TenantId(1004), "9")
    views = {v.definition.name: v for v in store.rows(TenantId(1004))}
    assert list(views) == list(definitions_of(NEWEST))
    assert (views["ha_low_thread_score"].tenant_id, views["ha_low_thread_score"].value) == (1004, "9")
    assert not views["ha_low_thread_score"].is_default
    assert views["cluster"].tenant_id is None
    assert all((v.tenant_id is None) == (v.definition.level is Level.CLUSTER) for v in views.values())


if REFERENCE.exists():
    # Parameters that 4.x no longer has; bounds that are open there and closed here.
    GONE = {"2.2.x", "2.x"}
    FIRST_OF_4_2_1 = {("4.2.1", "ls_gc_delay_time"): "3600s"}  # the profile is 4.2.1.0; from BP1 on as listed
    OPEN_BOUNDS = {
        "freeze_trigger_percentage", "memstore_limit_percentage", "data_disk_write_limit_percentage",
        "dump_data_dictionary_to_log_interval",
    }  # fmt: skip

    def test_the_table_equals_the_reference() -> None:
        entries = json.loads(REFERENCE.read_text("utf-8"))
        wanted = {e["name"]: e for e in entries if e["kind"] == "parameter" and e["since_version"] not in GONE}
        assert set(PARAMETERS) == set(wanted)
        for name, entry in wanted.items():
            definition = PARAMETERS[name]
            assert definition.level.value.lower() == entry["level"], name
            assert definition.kind == entry["type"], name
            assert definition.edit_level.split("_")[0].lower() == entry["effective"], name
            if not entry["section"].startswith("("):
                assert definition.section == entry["section"], name
            if entry["type"] == "enum":
                assert list(definition.allowed) == entry["allowed"], name
            assert entry["meaning"] not in definition.info, name
            for bound, value in (("min", definition.low), ("max", definition.high)):
                if name not in OPEN_BOUNDS:
                    assert value == (None if entry[bound] is None else str(entry[bound])), (name, bound)

    @pytest.mark.parametrize("profile", ["4.2.1", "4.2.5", "4.3.3"])
    def test_defaults_and_presence_equal_the_reference(profile: str) -> None:
        present = definitions_of(PROFILES[profile].version)
        for entry in json.loads(REFERENCE.read_text("utf-8")):
            if entry["kind"] != "parameter" or entry["since_version"] in GONE:
                continue
            if profile in entry["documented_in"]:
                assert entry["name"] in present
            if entry["name"] in present and entry["default"] != "(build)":
                default = entry.get("default_by_version", {}).get(profile, entry["default"])
                assert present[entry["name"]].default == FIRST_OF_4_2_1.get((profile, entry["name"]), default)
