"""The registry of SQL functions: what is not in this table does not exist, and what is not marked stable is volatile.

A row: name, letters of its arguments (`function`), what kind it gives (`results`), how it is computed. `stable` means
that equal arguments, session zone, tenant and world give an equal result: only then may an answer be cached.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from obsim.query.functions import facts
from obsim.query.functions import number as num
from obsim.query.functions import text as txt
from obsim.query.functions import time as tim
from obsim.query.functions import time_formats as fmt
from obsim.query.functions.function import Form, Function, Rule
from obsim.query.functions.results import (
    average_kind,
    fixed,
    joined_text,
    maybe,
    never,
    number_like_first,
    seconds_kind,
    sum_kind,
    text_like_first,
    time_kind,
    whole_like_first,
)
from obsim.query.kinds import (
    BOOLEAN,
    DATE,
    DATETIME6,
    DOUBLE,
    INTEGER,
    TEXT,
    TIME,
    datetime_of,
    merged,
    text_of_length,
)

__all__ = ["FUNCTIONS", "GRAMMATICAL", "ORACLE_MODE", "ORACLE_ONLY", "SPECIAL_SYNTAX", "WORDS"]

UNSIGNED = replace(INTEGER, unsigned=True)
BYTES = replace(TEXT, binary=True)


def _row(
    name: str, arguments: str, result: Rule, call: Callable[..., Any], *, zone: bool = False, sees_null: bool = False
) -> Function:
    """A stable scalar function."""
    return Function(name, arguments, result, call, stable=True, zone=zone, sees_null=sees_null)


def _shape(name: str, arguments: str, result: Rule = merged, *, stable: bool = True) -> Function:
    return Function(name, arguments, result, None, stable=stable, form=Form.SHAPE)


def _fact(name: str, arguments: str, result: Rule, call: Callable[..., Any], *, stable: bool = False) -> Function:
    return Function(name, arguments, result, call, stable=stable, form=Form.FACT)


def _group(name: str, arguments: str, result: Rule) -> Function:
    return Function(name, arguments, result, None, stable=True, form=Form.AGGREGATE)


def _window(name: str, arguments: str, result: Rule) -> Function:
    return Function(name, arguments, result, None, stable=True, form=Form.WINDOW)


def _refused(name: str) -> Function:
    return Function(name, "?v*", never(INTEGER), form=Form.REFUSED)


_TEXT_ROWS = (
    _row("ASCII", "t", fixed(INTEGER), txt.ascii_),
    _row("BIN", "i", fixed(text_of_length(64)), txt.bin_),
    _row("BIT_LENGTH", "b", fixed(INTEGER), txt.bit_length),
    _row("CHAR", "v*", fixed(BYTES), txt.char_, sees_null=True),
    _row("CHAR_LENGTH", "t", fixed(INTEGER), txt.char_length),
    _row("CHARACTER_LENGTH", "t", fixed(INTEGER), txt.char_length),
    _row("CONCAT", "t*", joined_text, txt.concat),
    _row(
        "CONCAT_WS",
        "tt*",
        lambda kinds: joined_text(kinds).as_nullable(kinds[0].nullable),
        txt.concat_ws,
        sees_null=True,
    ),
    _row("CONV", "tii", maybe(text_of_length(64)), txt.conv),
    _row("ELT", "vt*", maybe(TEXT), txt.elt, sees_null=True),
    _row("FIELD", "vv*", never(INTEGER), txt.field, sees_null=True),
    _row("FIND_IN_SET", "tt", fixed(INTEGER), txt.find_in_set),
    _row("FORMAT", "ni", fixed(text_of_length(64)), txt.format_),
    _row("HEX", "v", fixed(TEXT), txt.hex_),
    _row("INSERT", "tiit", joined_text, txt.insert),
    _row("INSTR", "tt", fixed(INTEGER), txt.instr),
    _row("LCASE", "t", text_like_first, txt.lower),
    _row("LEFT", "ti", text_like_first, txt.left),
    _row("LENGTH", "b", fixed(INTEGER), txt.length),
    _row("LENGTHB", "b", fixed(INTEGER), txt.length),
    _row("LOCATE", "tt?i", fixed(INTEGER), txt.locate),
    _row("LOWER", "t", text_like_first, txt.lower),
    _row("LPAD", "ti?t", maybe(TEXT), lambda text, size, pad=" ": txt.lpad(text, size, pad)),
    _row("LTRIM", "t", text_like_first, txt.ltrim),
    _row("MD5", "b", fixed(text_of_length(32)), txt.md5_),
    _row("MID", "ti?i", text_like_first, txt.substring),
    _row("OCTET_LENGTH", "b", fixed(INTEGER), txt.length),
    _row("ORD", "t", fixed(INTEGER), txt.ord_),
    _row("QUOTE", "t", never(TEXT), txt.quote, sees_null=True),
    _row("REGEXP_LIKE", "tt", fixed(BOOLEAN), txt.regexp),
    _row("REPEAT", "ti", fixed(TEXT), txt.repeat),
    _row("REPLACE", "ttt", fixed(TEXT), txt.replace),
    _row("REVERSE", "t", text_like_first, txt.reverse),
    _row("RIGHT", "ti", text_like_first, txt.right),
    _row("RPAD", "ti?t", maybe(TEXT), lambda text, size, pad=" ": txt.rpad(text, size, pad)),
    _row("RTRIM", "t", text_like_first, txt.rtrim),
    _row("SHA", "b", fixed(text_of_length(40)), txt.sha1_),
    _row("SHA1", "b", fixed(text_of_length(40)), txt.sha1_),
    _row("SPACE", "i", fixed(TEXT), txt.space),
    _row("STRCMP", "tt", fixed(INTEGER), txt.strcmp),
    _row("SUBSTR", "ti?i", text_like_first, txt.substring),
    _row("SUBSTRING", "ti?i", text_like_first, txt.substring),
    _row("SUBSTRING_INDEX", "tti", text_like_first, txt.substring_index),
    _row("TRIM", "t?tt", text_like_first, txt.trim),
    _row("UCASE", "t", text_like_first, txt.upper),
    _row("UNHEX", "t", maybe(BYTES), txt.unhex),
    _row("UPPER", "t", text_like_first, txt.upper),
)

_NUMBER_ROWS = (
    _row("ABS", "n", number_like_first, abs),
    _row("CEIL", "n", whole_like_first, num.ceiling),
    _row("CEILING", "n", whole_like_first, num.ceiling),
    _row("CRC32", "b", fixed(UNSIGNED), num.crc32_),
    _row("EXP", "n", maybe(DOUBLE), num.exponential),
    _row("FLOOR", "n", whole_like_first, num.floor),
    _row("LN", "n", maybe(DOUBLE), num.logarithm),
    _row("LOG", "n?n", maybe(DOUBLE), num.logarithm),
    _row("LOG10", "n", maybe(DOUBLE), lambda number: num.logarithm(10, number)),
    _row("LOG2", "n", maybe(DOUBLE), lambda number: num.logarithm(2, number)),
    _row("PI", "", never(DOUBLE), lambda: 3.141592653589793),
    _row("POW", "nn", maybe(DOUBLE), num.power),
    _row("POWER", "nn", maybe(DOUBLE), num.power),
    _row("SIGN", "n", fixed(INTEGER), num.sign),
    _row("SQRT", "n", maybe(DOUBLE), num.square_root),
    _shape("MOD", "nn"),
    _shape("ROUND", "n?i"),
    _shape("TRUNCATE", "ni"),
)

_TIME_ROWS = (
    _row("ADDTIME", "mm", maybe(text_of_length(26)), tim.add_time),
    _row("CONVERT_TZ", "mtt", maybe(DATETIME6), tim.convert_tz),
    _row("DATE", "m", maybe(DATE), tim.date_of),
    _row("DATEDIFF", "mm", maybe(INTEGER), tim.date_diff),
    _row("DATE_FORMAT", "mt", maybe(TEXT), fmt.date_format),
    _row("DAY", "m", maybe(INTEGER), tim.day_of_month),
    _row("DAYNAME", "m", maybe(text_of_length(9)), tim.day_name),
    _row("DAYOFMONTH", "m", maybe(INTEGER), tim.day_of_month),
    _row("DAYOFWEEK", "m", maybe(INTEGER), tim.day_of_week),
    _row("DAYOFYEAR", "m", maybe(INTEGER), tim.day_of_year),
    _row("FROM_DAYS", "i", maybe(DATE), tim.from_days),
    _row("HOUR", "m", maybe(INTEGER), tim.hour),
    _row("LAST_DAY", "m", maybe(DATE), tim.last_day),
    _row("MAKEDATE", "ii", maybe(DATE), tim.make_date),
    _row("MAKETIME", "iii", maybe(TIME), tim.make_time),
    _row("MICROSECOND", "m", maybe(INTEGER), tim.microsecond),
    _row("MINUTE", "m", maybe(INTEGER), tim.minute),
    _row("MONTH", "m", maybe(INTEGER), tim.month),
    _row("MONTHNAME", "m", maybe(text_of_length(9)), tim.month_name),
    _row("QUARTER", "m", maybe(INTEGER), tim.quarter),
    _row("SCN_TO_TIMESTAMP", "i", maybe(DATETIME6), tim.scn_to_timestamp, zone=True),
    _row("SECOND", "m", maybe(INTEGER), tim.second),
    _row("SEC_TO_TIME", "i", maybe(TIME), tim.sec_to_time),
    _row("SUBTIME", "mm", maybe(text_of_length(26)), tim.sub_time),
    _row("TIME", "m", time_kind, tim.time_of),
    _row("TIMEDIFF", "mm", time_kind, tim.time_diff),
    _row("TIMESTAMP_TO_SCN", "m", maybe(UNSIGNED), tim.timestamp_to_scn, zone=True),
    _row("TIME_FORMAT", "mt", maybe(TEXT), fmt.time_format),
    _row("TIME_TO_SEC", "m", maybe(INTEGER), tim.time_to_sec),
    _row("TIME_TO_USEC", "m", maybe(INTEGER), tim.time_to_usec, zone=True),
    _row("TO_DAYS", "m", maybe(INTEGER), tim.to_days),
    _row("TO_SECONDS", "m", maybe(INTEGER), tim.to_seconds),
    _row("USEC_TO_TIME", "i", maybe(DATETIME6), tim.usec_to_time, zone=True),
    _row("WEEK", "m?i", maybe(INTEGER), tim.week),
    _row("WEEKDAY", "m", maybe(INTEGER), tim.weekday),
    _row("WEEKOFYEAR", "m", maybe(INTEGER), tim.week_of_year),
    _row("YEAR", "m", maybe(INTEGER), tim.year),
    _row("YEARWEEK", "m?i", maybe(INTEGER), tim.year_week),
    _shape("ADDDATE", "mv"),
    _shape("DATE_ADD", "mv"),
    _shape("DATE_SUB", "mv"),
    _shape("FROM_UNIXTIME", "n?t"),
    _shape("STR_TO_DATE", "tt"),
    _shape("SUBDATE", "mv"),
    _shape("TIMESTAMP", "m?m"),
    _shape("TIMESTAMPADD", "uvm"),
    _shape("TIMESTAMPDIFF", "umm"),
)

_BRANCH_ROWS = (
    _shape("BINARY", "v"),
    _shape("COALESCE", "v*"),
    _shape("GREATEST", "vv*"),
    _shape("IF", "vvv"),
    _shape("IFNULL", "vv"),
    _shape("ISNULL", "v"),
    _shape("LEAST", "vv*"),
    _shape("NULLIF", "vv"),
    _shape("NVL", "vv"),
    _shape("NVL2", "vvv"),
    _shape("ROW", "vv*"),
)

_FACT_ROWS = (
    _fact("CONNECTION_ID", "", never(UNSIGNED), facts.connection_id),
    _fact("CURDATE", "", maybe(DATE), facts.current_date),
    _fact("CURRENT_DATE", "", maybe(DATE), facts.current_date),
    _fact("CURRENT_TIME", "?i", maybe(TIME), facts.current_time),
    _fact("CURRENT_TIMESTAMP", "?i", maybe(datetime_of(0)), facts.moment_now),
    _fact("CURRENT_USER", "", maybe(text_of_length(193)), facts.current_user, stable=True),
    _fact("CURTIME", "?i", maybe(TIME), facts.current_time),
    _fact("DATABASE", "", maybe(text_of_length(128)), facts.database, stable=True),
    _fact("EFFECTIVE_TENANT", "", maybe(text_of_length(128)), facts.effective_tenant, stable=True),
    _fact("EFFECTIVE_TENANT_ID", "", never(UNSIGNED), facts.tenant_id, stable=True),
    _fact("FOUND_ROWS", "", never(INTEGER), facts.found_rows),
    _fact("LAST_INSERT_ID", "", never(UNSIGNED), facts.last_insert_id),
    _fact("LOCALTIME", "?i", maybe(datetime_of(0)), facts.moment_now),
    _fact("LOCALTIMESTAMP", "?i", maybe(datetime_of(0)), facts.moment_now),
    _fact("NOW", "?i", maybe(datetime_of(0)), facts.moment_now),
    _fact("OB_VERSION", "", maybe(text_of_length(7)), facts.ob_version, stable=True),
    _fact("ROW_COUNT", "", never(INTEGER), facts.row_count),
    _fact("SCHEMA", "", maybe(text_of_length(128)), facts.database, stable=True),
    _fact("SESSION_USER", "", maybe(text_of_length(193)), facts.session_user),
    _fact("SLEEP", "v", maybe(INTEGER), facts.sleep),
    _fact("SYSDATE", "?i", maybe(datetime_of(0)), facts.moment_now),
    _fact("SYSTEM_USER", "", maybe(text_of_length(193)), facts.session_user),
    _fact("TENANT_ID", "", never(UNSIGNED), facts.tenant_id, stable=True),
    _fact("USER", "", maybe(text_of_length(193)), facts.session_user),
    _fact("UTC_DATE", "", never(DATE), facts.utc_date),
    _fact("UTC_TIME", "?i", never(TIME), facts.utc_time),
    _fact("UTC_TIMESTAMP", "?i", never(datetime_of(0)), facts.utc_now),
    _fact("VERSION", "", maybe(TEXT), facts.version, stable=True),
    _shape("UNIX_TIMESTAMP", "?m", seconds_kind, stable=True),
)

_GROUP_ROWS = (
    _group("AVG", "n", average_kind),
    _group("BIT_AND", "n", never(UNSIGNED)),
    _group("BIT_OR", "n", never(UNSIGNED)),
    _group("BIT_XOR", "n", never(UNSIGNED)),
    _group("COUNT", "v*", maybe(INTEGER)),
    _group("GROUP_CONCAT", "t*", maybe(TEXT)),
    _group("MAX", "v", lambda kinds: kinds[0].as_nullable()),
    _group("MIN", "v", lambda kinds: kinds[0].as_nullable()),
    _group("STD", "n", maybe(DOUBLE)),
    _group("STDDEV", "n", maybe(DOUBLE)),
    _group("STDDEV_POP", "n", maybe(DOUBLE)),
    _group("STDDEV_SAMP", "n", maybe(DOUBLE)),
    _group("SUM", "n", sum_kind),
    _group("VARIANCE", "n", maybe(DOUBLE)),
    _group("VAR_POP", "n", maybe(DOUBLE)),
    _group("VAR_SAMP", "n", maybe(DOUBLE)),
)

_WINDOW_ROWS = (
    _window("CUME_DIST", "", never(DOUBLE)),
    _window("DENSE_RANK", "", never(INTEGER)),
    _window("FIRST_VALUE", "v", lambda kinds: kinds[0].as_nullable()),
    _window("LAG", "v?iv", lambda kinds: merged((kinds[0], *kinds[2:])).as_nullable()),
    _window("LAST_VALUE", "v", lambda kinds: kinds[0].as_nullable()),
    _window("LEAD", "v?iv", lambda kinds: merged((kinds[0], *kinds[2:])).as_nullable()),
    _window("NTH_VALUE", "vi", lambda kinds: kinds[0].as_nullable()),
    _window("NTILE", "i", never(INTEGER)),
    _window("PERCENT_RANK", "", never(DOUBLE)),
    _window("RANK", "", never(INTEGER)),
    _window("ROW_NUMBER", "", never(INTEGER)),
)

_REFUSED_NAMES = """
    ACOS AES_DECRYPT AES_ENCRYPT ANY_VALUE APPROX_COUNT_DISTINCT ASIN ATAN ATAN2 BENCHMARK BIN_TO_UUID BIT_COUNT
    CHARSET COERCIBILITY COLLATION COMPRESS COS COT DEGREES EXPORT_SET EXTRACTVALUE FROM_BASE64 GET_FORMAT GET_LOCK
    GROUPING HOST_IP INET6_ATON INET6_NTOA INET_ATON INET_NTOA IS_FREE_LOCK IS_IPV4 IS_IPV6 IS_USED_LOCK IS_UUID
    JSON_ARRAY JSON_ARRAYAGG JSON_CONTAINS JSON_DEPTH JSON_EXTRACT JSON_INSERT JSON_KEYS JSON_LENGTH JSON_MERGE_PATCH
    JSON_OBJECT JSON_OBJECTAGG JSON_PRETTY JSON_QUOTE JSON_REMOVE JSON_REPLACE JSON_SEARCH JSON_SET JSON_TYPE
    JSON_UNQUOTE JSON_VALID JSON_VALUE LOAD_FILE MAKE_SET MYSQL_PORT NAME_CONST PERIOD_ADD PERIOD_DIFF RADIANS RAND
    RANDSTR REGEXP_INSTR REGEXP_REPLACE REGEXP_SUBSTR RELEASE_LOCK RPC_PORT SHA2 SIN SOUNDEX STATEMENT_DIGEST TAN
    TO_BASE64 UNCOMPRESS UNCOMPRESSED_LENGTH UPDATEXML UUID UUID_SHORT UUID_TO_BIN VALIDATE_PASSWORD_STRENGTH
    WEIGHT_STRING
"""
_REFUSED_ROWS = tuple(_refused(name) for name in _REFUSED_NAMES.split())

ORACLE_MODE = frozenset({"LENGTHB", "NVL2"})
"""Functions of the table that a tenant of MySQL mode lacks."""

_ORACLE_NAMES = """
    ADD_MONTHS CHR COSH DECODE DUMP HEXTORAW INITCAP INSTRB LISTAGG LNNVL MEDIAN MONTHS_BETWEEN NANVL NEXT_DAY
    ORA_HASH RAWTOHEX REGEXP_COUNT SINH SUBSTRB SYS_CONTEXT SYS_GUID TANH TO_CHAR TO_DATE TO_NUMBER TO_TIMESTAMP
    TRANSLATE TRUNC USERENV WM_CONCAT
"""
ORACLE_ONLY = frozenset(_ORACLE_NAMES.split())
"""Functions that only a tenant of Oracle mode has, and obsim refuses."""

FUNCTIONS: dict[str, Function] = {
    row.name: row
    for rows in (
        _TEXT_ROWS,
        _NUMBER_ROWS,
        _TIME_ROWS,
        _BRANCH_ROWS,
        _FACT_ROWS,
        _GROUP_ROWS,
        _WINDOW_ROWS,
        _REFUSED_ROWS,
    )
    for row in rows
}
"""Every function a statement may name, by upper-case name."""

WORDS = frozenset(
    {
        "CURRENT_DATE",
        "CURRENT_TIME",
        "CURRENT_TIMESTAMP",
        "CURRENT_USER",
        "LOCALTIME",
        "LOCALTIMESTAMP",
        "UTC_DATE",
        "UTC_TIME",
        "UTC_TIMESTAMP",
    }
)
"""Functions that may stand without parentheses."""

SPECIAL_SYNTAX = frozenset({"CAST", "CONVERT", "EXTRACT", "GROUP_CONCAT", "POSITION", "SUBSTR", "SUBSTRING", "TRIM"})
"""Calls with words inside the parentheses; the parser knows them."""

_GRAMMATICAL_NAMES = """
    ADDDATE ASCII AVG BIT_AND BIT_OR BIT_XOR CHAR COUNT CURDATE CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER
    CURTIME DATE DATE_ADD DATE_SUB DAY HOUR IF INSERT ISNULL LEFT LN LOCALTIME LOCALTIMESTAMP LOG MAX MICROSECOND MIN
    MINUTE MOD MONTH NOW QUARTER SECOND STD STDDEV STDDEV_POP STDDEV_SAMP SUBDATE SUBSTR SUBSTRING SUM SYSDATE TENANT_ID
    TIME TIMESTAMP TIMESTAMPADD TIMESTAMPDIFF UTC_DATE UTC_TIME UTC_TIMESTAMP VARIANCE VAR_POP VAR_SAMP WEEK YEAR
"""
GRAMMATICAL = frozenset(_GRAMMATICAL_NAMES.split())
"""Functions with rules of their own in the grammar: a wrong number of arguments is 1064, not 1582."""
