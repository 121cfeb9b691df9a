import pytest

from obsim.answers import Value
from obsim.charsets import character_set, collation
from obsim.errors import ServerError
from obsim.session.settings import GlobalSettings, SessionSettings
from obsim.variables import (
    VARIABLES,
    ServerFacts,
    accepted,
    check_readable,
    check_settable,
    find_variable,
    shown,
    zone_offset_s,
)

FACTS = ServerFacts("4.2.1.0", "5.7.25-OceanBase_CE-v4.2.1.0")


def refusal(call: object, *arguments: object) -> tuple[int, str, str]:
    assert callable(call)
    with pytest.raises(ServerError) as caught:
        call(*arguments)
    return caught.value.errno, caught.value.sqlstate, caught.value.message


def test_every_row_is_a_variable_under_its_own_lower_case_name() -> None:
    assert len(VARIABLES) > 200
    assert all(name == variable.name == name.lower() for name, variable in VARIABLES.items())


def test_every_default_is_a_value_the_variable_would_accept() -> None:
    settable = [v for v in VARIABLES.values() if not v.computed and v.scope != "fixed"]
    for variable in settable:
        assert accepted(variable, variable.default) == (variable.default, None), variable.name


def test_every_computed_default_has_a_value() -> None:
    globals_ = GlobalSettings(lambda: FACTS, "ORACLE")
    moving = {"warning_count": lambda: 2, "error_count": lambda: 1, "timestamp": lambda: 7}
    settings = SessionSettings(globals_, moving)
    values = {v.name: settings.read(v, "session") for v in VARIABLES.values() if v.computed}
    assert values["version"] == "5.7.25-OceanBase_CE-v4.2.1.0"
    assert str(values["version_comment"]).startswith("OceanBase_CE 4.2.1.0 (r")
    assert values["ob_compatibility_mode"] == "ORACLE"
    assert (values["warning_count"], values["error_count"], values["timestamp"]) == (2, 1, 7)
    assert values["port"] == 2881
    assert None not in values.values()


def test_unknown_variable() -> None:
    assert refusal(find_variable, "Nosuch_Var") == (1193, "HY000", "Unknown system variable 'Nosuch_Var'")


@pytest.mark.parametrize(
    ("name", "given", "kept"),
    [
        ("ob_query_timeout", 3_000_000_000_000, 3_000_000_000_000),
        ("ob_trx_lock_timeout", -1, -1),
        ("autocommit", "oFf", 0),
        ("autocommit", 1, 1),
        ("autocommit", "TRUE", 1),
        ("tx_isolation", "repeatable-read", "REPEATABLE-READ"),
        ("ob_read_consistency", 1, "WEAK"),
        ("character_set_client", "UTF8", "utf8mb4"),
        ("character_set_results", None, None),
        ("collation_connection", "utf8_general_ci", "utf8mb4_general_ci"),
        ("time_zone", "+8:00", "+08:00"),
        ("time_zone", "-05:30", "-05:30"),
        ("time_zone", "system", "SYSTEM"),
        ("sql_mode", "", ""),
        ("sql_mode", "no_zero_in_date,STRICT_TRANS_TABLES,,", "STRICT_TRANS_TABLES,NO_ZERO_IN_DATE"),
        ("sql_mode", 1 << 21, "STRICT_TRANS_TABLES"),
        ("sql_mode", "ANSI", "REAL_AS_FLOAT,PIPES_AS_CONCAT,ANSI_QUOTES,IGNORE_SPACE,ONLY_FULL_GROUP_BY,ANSI"),
        ("init_connect", b"SELECT 1", "SELECT 1"),
    ],
)
def test_accepted(name: str, given: Value, kept: Value) -> None:
    assert accepted(VARIABLES[name], given) == (kept, None)


def test_a_number_out_of_range_is_cut_with_a_warning() -> None:
    assert accepted(VARIABLES["wait_timeout"], 0) == (1, "Truncated incorrect wait_timeout value: '0'")
    assert accepted(VARIABLES["max_allowed_packet"], 2**40)[0] == 1_073_741_824


@pytest.mark.parametrize(
    ("name", "given", "errno", "message"),
    [
        ("ob_query_timeout", "abc", 1232, "Incorrect argument type to variable 'ob_query_timeout'"),
        ("ob_query_timeout", None, 1232, "Incorrect argument type to variable 'ob_query_timeout'"),
        ("wait_timeout", 1.5, 1232, "Incorrect argument type to variable 'wait_timeout'"),
        ("autocommit", 2, 1231, "Variable 'autocommit' can't be set to the value of '2'"),
        ("autocommit", "maybe", 1231, "Variable 'autocommit' can't be set to the value of 'maybe'"),
        ("autocommit", None, 1231, "Variable 'autocommit' can't be set to the value of 'NULL'"),
        ("tx_isolation", "CHAOS", 1231, "Variable 'tx_isolation' can't be set to the value of 'CHAOS'"),
        ("sql_mode", "STRICT", 1231, "Variable 'sql_mode' can't be set to the value of 'STRICT'"),
        ("init_connect", 5, 1232, "Incorrect argument type to variable 'init_connect'"),
        ("character_set_client", "klingon", 1115, "Unknown character set: 'klingon'"),
        ("character_set_client", None, 1231, "Variable 'character_set_client' can't be set to the value of 'NULL'"),
        ("collation_server", "klingon_ci", 1273, "Unknown collation: 'klingon_ci'"),
        ("time_zone", "+15:00", 1298, "Unknown or incorrect time zone: '+15:00'"),
        ("time_zone", "Mars/Olympus", 1298, "Unknown or incorrect time zone: 'Mars/Olympus'"),
        ("time_zone", "+08:61", 1298, "Unknown or incorrect time zone: '+08:61'"),
    ],
)
def test_refused_values(name: str, given: Value, errno: int, message: str) -> None:
    found = refusal(accepted, VARIABLES[name], given)
    assert (found[0], found[2]) == (errno, message)


def test_scopes() -> None:
    assert refusal(check_settable, VARIABLES["version"], "session")[::2] == (
        1238, "Variable 'version' is a read only variable",
    )  # fmt: skip
    assert refusal(check_settable, VARIABLES["read_only"], "session")[0] == 1229
    assert refusal(check_settable, VARIABLES["last_insert_id"], "global")[0] == 1228
    assert refusal(check_settable, VARIABLES["max_allowed_packet"], "session")[0] == 1621
    assert refusal(check_readable, VARIABLES["read_only"], "session")[0] == 1238
    assert refusal(check_readable, VARIABLES["warning_count"], "global")[0] == 1238
    check_settable(VARIABLES["max_allowed_packet"], "global")
    check_readable(VARIABLES["version"], "")


def test_shown() -> None:
    assert shown(VARIABLES["autocommit"], 0) == "OFF"
    assert shown(VARIABLES["character_set_results"], None) == ""
    assert shown(VARIABLES["ob_query_timeout"], 10_000_000) == "10000000"


@pytest.mark.parametrize(("zone", "seconds"), [("+08:00", 28_800), ("-05:30", -19_800), ("SYSTEM", 28_800)])
def test_zone_offset(zone: str, seconds: int) -> None:
    assert zone_offset_s(zone) == seconds


def test_global_values_reach_only_sessions_that_open_later() -> None:
    globals_ = GlobalSettings(lambda: FACTS, "MYSQL")
    before = SessionSettings(globals_, {})
    globals_.assign(VARIABLES["time_zone"], "+00:00")
    after = SessionSettings(globals_, {})
    assert (before.offset_s, after.offset_s) == (28_800, 0)
    assert before.read(VARIABLES["time_zone"], "global") == "+00:00"
    before.assign_default(VARIABLES["time_zone"])
    assert before.offset_s == 0


def test_two_names_of_one_value() -> None:
    settings = SessionSettings(GlobalSettings(lambda: FACTS, "MYSQL"), {})
    settings.assign(VARIABLES["tx_isolation"], "SERIALIZABLE")
    assert settings.get("transaction_isolation") == "SERIALIZABLE"
    assert settings.get("tx_isolation") == "SERIALIZABLE"


def test_character_set_and_collation_follow_each_other() -> None:
    settings = SessionSettings(GlobalSettings(lambda: FACTS, "MYSQL"), {})
    settings.assign(VARIABLES["character_set_connection"], "latin1")
    assert settings.get("collation_connection") == "latin1_swedish_ci"
    settings.assign(VARIABLES["collation_connection"], "gbk_bin")
    assert settings.get("character_set_connection") == "gbk"


def test_results_are_sent_in_the_codec_of_the_character_set() -> None:
    settings = SessionSettings(GlobalSettings(lambda: FACTS, "MYSQL"), {})
    codecs = []
    for name in ("gbk", "latin1", "binary", None):
        settings.assign(VARIABLES["character_set_results"], name)
        codecs.append(settings.codec)
    assert codecs == ["gbk", "cp1252", "utf-8", "utf-8"]


def test_equal_settings_have_equal_keys() -> None:
    globals_ = GlobalSettings(lambda: FACTS, "MYSQL")
    one, other = SessionSettings(globals_, {}), SessionSettings(globals_, {})
    one.assign(VARIABLES["sql_mode"], "")
    one.assign(VARIABLES["time_zone"], "+01:00")
    other.assign(VARIABLES["time_zone"], "+01:00")
    assert one.key != other.key
    other.assign(VARIABLES["sql_mode"], "")
    assert one.key == other.key


def test_character_sets_by_name() -> None:
    assert character_set("UTF8MB3").name == "utf8mb4"
    assert collation("UTF8_bin").name == "utf8mb4_bin"
    assert character_set("gb18030").codec == "gb18030"
