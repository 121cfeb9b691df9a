"""Functions and operators: values as MySQL gives them (checked once against MariaDB 10.11), and the registry's own rules."""

# ruff: noqa: E501 - one group of expressions a line

import pytest

from obsim.errors import ServerError
from obsim.query.functions.function import Form, argument_range
from obsim.query.functions.registry import FUNCTIONS, GRAMMATICAL, ORACLE_MODE
from tests.query.fakes import World

VALUES: list[tuple[str, list[object]]] = [
    ("concat('a', NULL), concat(1, 2.50, 'x'), concat(1/3), concat_ws(',', 'a', NULL, 'b'), concat_ws(NULL, 'a')", [None, "12.50x", "0.3333", "a,b", None]),
    ("substring('abcdef', -3, 2), substring('abc', 0), substr('abc', 5), substring('abcdef' FROM 2 FOR 2), mid('abcdef', 2, 2)", ["de", "", "", "bc", "bc"]),
    ("left('abc', 2), left('abc', -1), right('abc', 2), right('abc', 0)", ["ab", "", "bc", ""]),
    ("lpad('abc', 2, 'x'), lpad('abc', 6, 'xy'), rpad('abc', 6, 'xy'), lpad('a', 3, ''), rpad('abc', -1, 'x')", ["ab", "xyxabc", "abcxyx", None, None]),
    ("trim('  a '), trim(LEADING 'x' FROM 'xxa'), trim(TRAILING 'x' FROM 'axx'), trim(BOTH 'ab' FROM 'ababcab'), ltrim(' a '), rtrim(' a ')", ["a", "a", "a", "c", "a ", " a"]),
    ("locate('b', 'abcb'), locate('b', 'abcb', 3), locate('B', 'abc'), instr('abc', ''), position('c' IN 'abc')", [2, 4, 2, 1, 3]),
    ("substring_index('a.b.c', '.', 2), substring_index('a.b.c', '.', -2), substring_index('a.b.c', '', 1), substring_index('abc', '.', 1)", ["a.b", "b.c", "", "abc"]),
    ("replace('www.a.com', 'w', 'Ww'), replace('ABC', 'b', 'x'), reverse('abc'), repeat('ab', 3), space(2), insert('Quadratic', 3, 4, 'What')", ["WwWwWw.a.com", "ABC", "cba", "ababab", "  ", "QuWhattic"]),
    ("field('x', 'a', 'X'), field(2, 1, 2), field(NULL, 1), find_in_set('b', 'a,b,c'), find_in_set('', ''), elt(2, 'a', 'b'), elt(3, 'a')", [2, 2, 0, 2, 0, "b", None]),
    ("upper('aé'), lower('AÉ'), length('é'), char_length('é'), ascii('a'), ord('é'), hex('é'), hex(255), hex(-1)", ["AÉ", "aé", 2, 1, 97, 50089, "C3A9", "FF", "F" * 16]),
    ("unhex('4D'), unhex('zz'), hex(unhex('ff')), bin(5), conv('ff', 16, 10), conv('-17', 10, -18), char(77, 121)", ["M", None, "FF", "101", "255", "-H", "My"]),
    ("md5('x'), sha1(''), crc32('x'), quote('a\\'b'), strcmp('a', 'B'), strcmp('a', 'A')", ["9dd4e461268c8034f5c8564e155c67a6", "da39a3ee5e6b4b0d3255bfef95601890afd80709", 2363233923, "'a\\'b'", -1, 0]),
    ("sha1(unhex(sha1('sesame'))), md5(unhex('ff')), crc32(unhex('ff')), length(unhex('ff00')), bit_length(unhex('ff')), length(12.50)", ["ee33294c97c42fff14ea73ab81e428a6fc7b9a8b", "00594fd4f42ba43fc1ca0427a0576295", 4278190080, 2, 8, 5]),
    ("format(12345.678, 2), format(1.5, 0), format(-1234567.891, 1)", ["12,345.68", "2", "-1,234,567.9"]),
    ("1 = '1', '1' = '1.0', 1 = '1.0', 'a' = 'A', 'a' = 'a ', '10' < '9', 10 < '9', 'abc' = 0, '5abc' + 1, ' 7' + 0", [1, 0, 1, 1, 1, 1, 0, 1, 6.0, 7.0]),
    ("NULL = NULL, NULL AND 0, NULL AND 1, NULL OR 1, NOT NULL, NULL IN (1), 1 IN (2, NULL), 1 NOT IN (2, NULL), 1 <=> NULL, NULL <=> NULL", [None, 0, None, 1, None, None, None, None, 0, 1]),
    ("7 / 2, 1 / 0, 7 DIV 2, -7 DIV 2, 7 DIV 0, -7 % 3, 7 % -3, 7.5 % 2, mod(5, 0), 5 MOD 3", ["3.5000", None, 3, -3, None, -1, 1, "1.5", None, 2]),
    ("ROUND(1006 / 1001 + 0.00000, 2), ROUND(MOD(1006 / 1001, 7) + 0.00000, 2), ROUND(-(1006 / 1001) + 0.00000, 2), ROUND(IF(1, 1006 / 1001, 1) + 0.00000, 2), ROUND((SELECT 1006 / 1001) + 0.00000, 2)", ["1.00", "1.00", "-1.00", "1.00", "1.00"]),
    ("1.1 + 2.2, 1.10 * 2.0, 10 / 4.0, 1.0 / 3, 2 / 3 * 3, 0.1 + 0.2 = 0.3, 1.1 * 1.1, 1e3 + 1, -(-3), - 5 + 2", ["3.3", "2.200", "2.5000", "0.33333", "2.0000", 1, "1.21", 1001.0, 3, -3]),
    ("5 & 3, 5 | 3, 5 ^ 3, 1 << 4, 16 >> 2, 5 & NULL, '5' & 3", [1, 7, 6, 16, 4, None, 1]),
    ("1 || 0, 1 && 0, !1, NOT 0, 1 XOR 1, 2 > 1 > 0, NOT 1 = 2, 2 BETWEEN 1 AND 3 AND 1", [1, 0, 0, 1, 0, 1, 1, 1]),
    ("round(1.005, 2), round(2.5), round(-2.5), round(1234.567, -2), round(15, -1), truncate(1.999, 1), truncate(-1.999, 1), truncate(122, -2)", ["1.01", "3", "-3", "1200", 20, "1.9", "-1.9", 100]),
    ("ceil(1.2), ceiling(-1.2), floor(-1.2), abs(-3.5), sign(-2.5), pow(2, 3), sqrt(2), sqrt(-1), log10(1000), log2(8), log(3, 9)", [2, -1, -2, "3.5", -1, 8.0, 1.4142135623730951, None, 3.0, 3.0, 2.0]),
    ("greatest(1, 2.5), least('b', 'A'), greatest(1, NULL), greatest('10', '9'), greatest(10, '9')", ["2.5", "A", None, "9", 10.0]),
    ("if(NULL, 1, 2), if('abc', 1, 2), ifnull(NULL, 'x'), nvl(1, 2), nullif('a', 'A'), coalesce(NULL, 1.5), isnull(NULL)", [2, 2, "x", 1, None, "1.5", 1]),
    ("CASE WHEN NULL THEN 1 ELSE 2 END, CASE 1 WHEN '1' THEN 'y' END, CASE WHEN 1 THEN 1 ELSE 1.5 END, CASE WHEN 0 THEN 1 END", [2, "y", "1.0", None]),
    ("CAST(1.5 AS SIGNED), CAST('12.7' AS SIGNED), CAST('abc' AS SIGNED), CAST(1.567 AS DECIMAL(10,2)), CAST(99999 AS DECIMAL(3,1)), CAST('abc' AS CHAR(2))", [2, 12, 0, "1.57", "99.9", "ab"]),
    ("CAST('2024-1-5' AS DATE), CAST('2024-01-02 03:04:05.678' AS DATETIME(3)), CAST('10:11:12' AS TIME), CAST(20240102030405 AS DATETIME), CONVERT('123', SIGNED), CAST(NULL AS CHAR)", ["2024-01-05", "2024-01-02 03:04:05.678", "10:11:12", "2024-01-02 03:04:05", 123, None]),
    ("date('2024-01-02 03:04:05'), date('2024-13-01'), year('2024-01-02'), dayofyear('2024-12-31'), last_day('2023-02-10'), quarter('2024-05-01'), weekday('2024-01-07'), dayofweek('2024-01-07')", ["2024-01-02", None, 2024, 366, "2023-02-28", 2, 6, 1]),
    ("week('2024-12-31'), week('2024-12-31', 1), week('2025-01-01', 3), yearweek('2024-12-31', 1), weekofyear('2024-01-01'), to_days('2024-01-01'), from_days(739251), makedate(2024, 60)", [52, 53, 1, 202501, 1, 739251, "2024-01-01", "2024-02-29"]),
    ("datediff('2024-01-10 23:59:59', '2024-01-09'), timestampdiff(MONTH, '2024-01-31', '2024-02-29'), timestampdiff(DAY, '2024-01-02', '2024-01-01 12:00:00'), timestampdiff(MINUTE, '2024-01-01', '2023-12-31 23:58:30')", [1, 0, 0, -1]),
    ("timestampadd(MONTH, 1, '2024-01-31'), timediff('10:00:00', '08:30:15'), addtime('2024-01-01 10:00:00', '01:30:00'), sec_to_time(3661), time_to_sec('01:01:01'), maketime(10, 11, 12)", ["2024-02-29", "01:29:45", "2024-01-01 11:30:00", "01:01:01", 3661, "10:11:12"]),
    ("date_add('2024-02-29', INTERVAL 1 YEAR), date_add('2024-01-01', INTERVAL '1-2' YEAR_MONTH), date_sub('2024-03-31', INTERVAL 1 MONTH), date_add('2024-01-01 00:00:00', INTERVAL '1 10' DAY_HOUR)", ["2025-02-28", "2025-03-01", "2024-02-29", "2024-01-02 10:00:00"]),
    ("date_add(NULL, INTERVAL 1 DAY), date_add('2024-01-01', INTERVAL NULL DAY), date_add('x', INTERVAL 1 DAY), subdate('2024-01-10', 5), INTERVAL 1 DAY + '2024-01-01', date('2024-01-31') + INTERVAL 1 HOUR", [None, None, None, "2024-01-05", "2024-01-02", "2024-01-31 01:00:00"]),
    ("date_format('2024-01-07 15:04:05.000006', '%a %b %c %D %d %e %f %H %h %i %j %k %l %M %p %r %s %T %U %u %V %W %w %X %Y %y %%')", ["Sun Jan 1 7th 07 7 000006 15 03 04 007 15 3 January PM 03:04:05 PM 05 15:04:05 01 01 01 Sunday 0 2024 2024 24 %"]),
    ("date_format('2024-12-31', '%x-%v %X-%V'), date_format('x', '%Y'), time_format('10:11:12', '%H-%i'), str_to_date('May 1, 2013', '%M %d,%Y'), str_to_date('01:02', '%Y')", ["2025-01 2024-52", None, "10-11", "2013-05-01", None]),
    ("str_to_date('2013-05-01 9:30:17.5', '%Y-%m-%d %H:%i:%s.%f'), extract(YEAR_MONTH FROM '2024-01-02'), extract(MINUTE_SECOND FROM '2024-01-02 03:04:05')", ["2013-05-01 09:30:17.500000", 202401, 405]),
    ("unix_timestamp('2024-01-01 00:00:00'), unix_timestamp('2024-01-01 00:00:00.5'), from_unixtime(0), from_unixtime(1704038400.5), from_unixtime(1704038400, '%H:%i')", [1704038400, "1704038400.5", "1970-01-01 08:00:00", "2024-01-01 00:00:00.5", "00:00"]),
    ("time_to_usec('2024-01-01 00:00:00.000001'), usec_to_time(1704038400000001), timestamp_to_scn('2024-01-01'), scn_to_timestamp(1704038400000001999)", [1704038400000001, "2024-01-01 00:00:00.000001", 1704038400000000000, "2024-01-01 00:00:00.000001"]),
    ("now() + 0, curdate() + INTERVAL 1 DAY, now() - INTERVAL 1 SECOND, convert_tz('2024-01-01', '+00:00', '+08:00')", [20240102010101, "2024-01-03", "2024-01-02 01:01:00.000000", "2024-01-01 08:00:00.000000"]),
    ("'abc' LIKE 'A_C', 'a%c' LIKE 'a\\%c', 'abc' LIKE 'a\\%c', 'a_c' LIKE 'a|_c' ESCAPE '|', '' LIKE '%', 'a\\\\b' LIKE 'a\\\\\\\\b', 1.50 LIKE '%0', 'abc' NOT LIKE 'x%', NULL LIKE 'a'", [1, 1, 0, 1, 1, 1, 1, 1, None]),
    ("'abc' REGEXP '^B', 'abc' REGEXP 'x|C$', '' REGEXP '^$', 'ab12' REGEXP '[[:digit:]]{2}$', 'a.c' RLIKE 'a\\\\.c', 'abc' NOT REGEXP 'z', 'a]' REGEXP '[]]', 'b' REGEXP '[^a-c]', NULL REGEXP 'a'", [0, 1, 1, 1, 1, 1, 1, 0, None]),
    ("x'4142', 0x41, 0x41 + 0, b'1000001' + 0, _utf8'abc', n'abc', 'a' 'b', \"d\"\"q\", 'it''s', 'q\\'q', 'pct\\%', TRUE, FALSE, -9223372036854775808, 18446744073709551615", ["AB", "A", 65, 65, "abc", "abc", "ab", 'd"q', "it's", "q'q", "pct\\%", 1, 0, -(2**63), "18446744073709551615"]),
    ("(1, 2) = (1, 2), (1, 2) < (1, 3), (1, 'a') IN ((1, 'A')), row(1, 2) <> row(1, 2), (1, NULL) = (1, 2), (2, NULL) = (1, 2)", [1, 1, 1, 0, None, 0]),
    ("-1 | 0, -1 & 3, ~5, 1 << 64, -3 >> 1, 2.5 << 1, bit_and(NULL)", [2**64 - 1, 3, 2**64 - 6, 0, 2**63 - 2, 6, 2**64 - 1]),
    ("1/3*1000000000, 2/3*1000000000, 1717986/1024/1024/1024, 1/3 = 0.333333333, avg(4)/3, -(0.001/1000000), format(-0.001, 1)", ["333333333.0000", "666666666.0000", "0.001599999145", 1, "1.33333333", "0.0000000", "0.0"]),
    ("truncate(10.0, 3), round(0.001, 4), round(2.5e0), round(3.5e0), round(-2.5), truncate(-1.999, 1)", ["10.000", "0.001", 2.0, 4.0, "-3", "-1.9"]),
    ("date_add('2024-01-01', INTERVAL '1 2:3:4' DAY_MINUTE), date_add('2024-01-01', INTERVAL '1 2:3' DAY_MINUTE), timestamp('2024-01-02'), timestampadd(SECOND, 1, now())", [None, "2024-01-02 02:03:00", "2024-01-02 00:00:00.000000", "2024-01-02 01:01:02"]),
    ("CAST(~0 AS SIGNED), CAST(1 << 63 AS SIGNED), CAST(CAST(-5 AS UNSIGNED) AS SIGNED), find_in_set('a ', 'a,b'), field('a', 'a ')", [-1, -(2**63), -5, 0, 1]),
    ("1 < ANY (SELECT NULL), 1 > ALL (SELECT 2 FROM dual WHERE 0), 1 = ANY (SELECT 1 UNION SELECT NULL), 1 <> ALL (SELECT 2 UNION SELECT NULL), NULL < ANY (SELECT 1 FROM dual WHERE 0)", [None, 1, 1, None, 0]),
    ("unhex('6d') = 'M', char(77) = 'm', BINARY ('a') = 'A', concat(unhex('6d'), '') = 'M', hex('m') = '6D', md5('a') LIKE '0CC%'", [0, 0, 0, 0, 1, 1]),
    ("str_to_date('01:02:03', '%H:%i:%s'), str_to_date('1', '%s'), std(2), var_samp(2), if(1, CAST(1 AS UNSIGNED), -1), 5 - CAST(5 AS UNSIGNED)", ["01:02:03", "00:00:01", 0.0, None, "1", 0]),
    ("1 FROM dual GROUP BY isnull(10.0), now(), 'a' ORDER BY isnull(2.5), now(), 7 IN (7)", [1]),
    ("'INC' = 'inc' COLLATE utf8mb4_bin, BINARY 'a' = 'A', 'a' IS NOT TRUE, NULL IS UNKNOWN, 2 IS TRUE", [0, 0, 1, 1, 1]),
]  # fmt: skip


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.mark.parametrize(("expressions", "values"), VALUES, ids=[e[:30] for e, _ in VALUES])
def test_values(world: World, expressions: str, values: list[object]) -> None:
    (row,) = world.rows(f"SELECT {expressions}")
    assert list(row) == values


@pytest.mark.parametrize("function", list(FUNCTIONS.values()), ids=list(FUNCTIONS))
def test_a_wrong_number_of_arguments_is_refused(world: World, function: object) -> None:
    row = FUNCTIONS[function.name]  # type: ignore[attr-defined]
    if row.form in {Form.REFUSED, Form.WINDOW} or row.name in ORACLE_MODE | {"GROUP_CONCAT", "TRIM", "BINARY"}:
        return
    low, high = argument_range(row.arguments)
    for count in {low - 1, high + 1} - {-1, 1001}:
        with pytest.raises(ServerError) as caught:
            world.ask(f"SELECT {row.name}({', '.join(['1'] * count)})")
        assert caught.value.errno == (1064 if row.name in GRAMMATICAL else 1582)


SCALARS = [f for f in FUNCTIONS.values() if f.form is Form.SCALAR and f.name not in ORACLE_MODE]


@pytest.mark.parametrize("name", [f.name for f in SCALARS if not f.sees_null and f.arguments])
def test_null_in_null_out(world: World, name: str) -> None:
    low, _ = argument_range(FUNCTIONS[name].arguments)
    text = ", ".join(["NULL"] * low)
    assert world.value("trim(NULL)" if name == "TRIM" else f"{name}({text})") is None


@pytest.mark.parametrize("name", [f.name for f in SCALARS])
@pytest.mark.parametrize("argument", ["''", "'x'", "-1", "9e99", "'2024-01-01'", "1.5", "x'ff'", "9223372036854775807"])
def test_odd_arguments_give_a_value_or_a_clean_error(world: World, name: str, argument: str) -> None:
    low, _ = argument_range(FUNCTIONS[name].arguments)
    errno = 0
    try:
        world.value(f"{name}({', '.join([argument] * low)})")
    except ServerError as refused:
        errno = refused.errno
    assert errno in {0, 1064, 1139, 1210, 1690, 3024, 4019}


def test_only_marked_functions_are_stable() -> None:
    volatile = {name for name, row in FUNCTIONS.items() if not row.stable and row.form is not Form.REFUSED}
    assert volatile == {
        "CONNECTION_ID", "CURDATE", "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "CURTIME", "FOUND_ROWS", "LAST_INSERT_ID",
        "LOCALTIME", "LOCALTIMESTAMP", "NOW", "ROW_COUNT", "SESSION_USER", "SLEEP", "SYSDATE", "SYSTEM_USER", "USER", "UTC_DATE",
        "UTC_TIME", "UTC_TIMESTAMP",
    }
