"""What a generated query is made of: for each type of value the expressions that have it, as templates.

A letter in braces stands for another expression: `i` a whole number, `b` a large one (SCN, microseconds), `d` a
decimal, `f` a double, `s` a text, `m` a point in time, `t` a date, `c` a condition, `x` a value of any of these, `n` a
whole number or a decimal; with a digit behind it, the same expression wherever it stands again. Upper-case letters
stand for constants, one of those in `CONSTANTS`, and the names for subqueries.

Left out on purpose is what no two servers agree on, or MariaDB alone does its own way: see `RULES` of `rules.py`.
"""

__all__ = ["AGGREGATES", "CONDITIONS", "CONSTANTS", "EXPRESSIONS", "WINDOWS"]

EXPRESSIONS: dict[str, tuple[str, ...]] = {
    "i": (
        "{i} + {K}", "{i} - {P}", "{K} - {i}", "{i} * {K}", "{i} DIV {P}", "{b} DIV {P}000000000", "{i} % {P}",
        "{i} MOD {P}", "-{i}", "ABS({i})", "ABS({K} - {i})", "SIGN({n})", "CHAR_LENGTH({s})", "LENGTH({s})",
        "LOCATE({W}, {s})", "LOCATE({W}, {s}, {P})", "INSTR({s}, {W})", "POSITION({W} IN {s})", "ASCII({s})",
        "ORD({s})", "FLOOR({d})", "CEIL({d})", "CEILING({d})", "CAST({d} AS SIGNED)", "CAST({D} AS SIGNED)",
        "CONVERT({D}, SIGNED)", "YEAR({m})", "MONTH({m})", "DAY({m})", "DAYOFMONTH({t})", "HOUR({m})", "MINUTE({m})",
        "SECOND({m})", "MICROSECOND({m})", "QUARTER({m})", "DAYOFWEEK({m})", "DAYOFYEAR({t})", "WEEKDAY({m})",
        "WEEK({m})", "WEEK({t}, {Q})", "YEARWEEK({m}) - 200000", "YEARWEEK({m}, {Q}) - 200000",
        "WEEKOFYEAR({m})", "TO_DAYS({m})",
        "TO_SECONDS({m})", "DATEDIFF({m}, {m})", "DATEDIFF({m}, {M})", "TIMESTAMPDIFF({V}, {m}, {m})",
        "TIMESTAMPDIFF({V}, {m}, {M})", "EXTRACT({U} FROM {m})", "EXTRACT({C} FROM {m})", "IF({c}, {i}, {i})",
        "IF({c}, {i}, NULL)", "CASE WHEN {c} THEN {i} ELSE {i} END",
        "CASE {s} WHEN {W} THEN {i} WHEN {W} THEN {K} ELSE {i} END", "CASE {i} WHEN {P} THEN {K} END",
        "COALESCE({i}, {K})", "COALESCE(NULL, {i}, {i})", "IFNULL({i}, {i})", "NVL({i}, {K})", "NULLIF({i}, {K})",
        "GREATEST({i}, {i})", "LEAST({i}, {i}, {K})", "FIELD(IFNULL({s}, '-'), {W}, {W}, {W})",
        "FIELD(IFNULL({i}, 13), {K}, {P})",
        "FIND_IN_SET({W}, {s})", "STRCMP({s}, {s})", "STRCMP({s}, {W})", "CAST(CRC32({s}) AS SIGNED)", "ROUND({i})",
        "ROUND({i}, -1)", "TRUNCATE({i}, -1)", "TRUNCATE(CAST({i} AS SIGNED), 1)", "CAST({i} & {K} AS SIGNED)",
        "CAST({i} | {P} AS SIGNED)", "CAST({i} ^ {K} AS SIGNED)", "CAST({K} << {Q} AS SIGNED)",
        "CAST({i} >> {P} AS SIGNED)", "BIT_LENGTH({s})", "ISNULL({x})", "TIME_TO_SEC(CAST({m} AS DATETIME))",
        "UNIX_TIMESTAMP(DATE(GREATEST({m}, CAST('2000-01-01' AS DATETIME))))", "({c})", "(SELECT {AGG_I})",
        "CHARACTER_LENGTH({s})", "OCTET_LENGTH({s})", "MOD({i}, {P})",
    ),
    "b": (
        "{b} + {P}", "TIME_TO_USEC({m})", "TIMESTAMP_TO_SCN({m})", "IFNULL({b}, {K})", "{b} DIV 1000",
        "CASE WHEN {c} THEN {b} ELSE {K} END",
    ),
    "d": (
        "{i} / {P}", "{i} / {i}", "{n} / {i}", "{b} / 1000000000", "{d} + {d}", "{d} - {i}", "{i} * {E}", "{i} + {E}",
        "ROUND({d} + 0.00000, {H})", "ROUND({d})", "ROUND({d}, -1)", "TRUNCATE({d}, 1)", "TRUNCATE({d}, {Q})",
        "ROUND({i} / {P}, 2)", "CAST({i} AS DECIMAL(20, 2))", "CAST({d} AS DECIMAL(24, 3))",
        "CAST({D} AS DECIMAL(10, 2))", "-{d}", "ABS({d})", "{d} % {P}", "MOD({d}, {P})", "IF({c}, {d}, {i})",
        "COALESCE({d}, {i})", "IFNULL({d}, {E})", "NULLIF({d}, {E})", "CASE WHEN {c} THEN {E} ELSE {i} END",
        "GREATEST({d}, {i})", "LEAST({d}, {E})", "UNIX_TIMESTAMP(GREATEST({m}, CAST('2000-01-01' AS DATETIME)))",
        "100.0 * {i} / NULLIF({i}, 0)", "{i} / 1024 / 1024", "ROUND({i} / 1024 / 1024 / 1024, 2)", "{E}", "{E} * {E}",
    ),
    "f": (
        "{i} + {D}", "{i} * 1e0", "{i} / 2e0", "SQRT({i})", "POW({P}, {Q})", "LN({P})", "LOG2({P})", "LOG10({i})",
        "EXP({Q})", "{D} * {P}", "IF({c}, {f}, {i})", "COALESCE({f}, {i})", "CAST({i} AS DOUBLE)", "ABS({f})",
        "ROUND({f}, 2)", "-{f}",
    ),
    "s": (
        "CONCAT({s}, {s})", "CONCAT({s}, {W})", "CONCAT({x}, '-', {x})", "CONCAT({i}, ':', ROUND({d} + 0.000, 2))",
        "CONCAT_WS('/', {s}, {x}, {s})", "UPPER({s})", "LOWER({s})", "UCASE({s})", "LCASE({s})",
        "SUBSTRING({s}, {P}, {K})", "SUBSTRING({s}, -{P})", "SUBSTR({s} FROM {P} FOR {P})", "MID({s}, {P}, {P})",
        "LEFT({s}, {K})", "RIGHT({s}, {K})", "LPAD({i}, {P}, '0')", "LPAD({s}, {K}, 'ab')", "RPAD({s}, {K}, '.')",
        "TRIM({s})", "LTRIM({s})", "RTRIM({s})", "TRIM(LEADING 'f' FROM {s})", "TRIM(BOTH {W} FROM {s})",
        "REPLACE({s}, {W}, {W})", "REPLACE({s}, 'e', '')", "REVERSE({s})", "REPEAT({s}, {Q})",
        "SUBSTRING_INDEX({s}, '/', {P})", "SUBSTRING_INDEX({s}, '_', -{P})", "HEX({i})", "HEX({s})",
        "CONV({i}, 10, 16)", "BIN({i})", "FORMAT({d}, {Q})", "FORMAT({i}, 2)", "DATE_FORMAT({m}, {F})",
        "DATE_FORMAT({t}, {F})", "DAYNAME({m})", "MONTHNAME({m})", "CAST({x} AS CHAR)", "CAST({i} AS CHAR)",
        "CAST({m} AS CHAR)", "CAST({s} AS CHAR(5))", "CONVERT({i}, CHAR)", "CONVERT({s} USING utf8mb4)",
        "IF({c}, {s}, {s})", "IF({c}, {W}, {i})", "IF({c}, {m}, {W})", "CASE WHEN {c} THEN {s} ELSE {s} END",
        "CASE WHEN {c} THEN {W} WHEN {c} THEN {s} END", "CASE {s} WHEN {W} THEN {W} ELSE {s} END",
        "CASE {i} WHEN {K} THEN {W} WHEN {D} THEN 'd' ELSE {W} END", "COALESCE({s}, {W})", "COALESCE(NULL, {s})",
        "COALESCE({i}, {W})", "IFNULL({x}, {W})", "IFNULL({s}, '')", "NVL({s}, {W})", "NULLIF({s}, {W})",
        "GREATEST({s}, {W})", "LEAST({s}, {s})", "ELT({Q}, {s}, {W}, {s})", "INSERT({s}, {P}, {Q}, {W})", "MD5({s})",
        "SHA1({s})", "QUOTE({s})", "SPACE({Q})", "{s}", "'' ", "CONCAT('a', NULL, {s})",
    ),
    "m": (
        "{m} + INTERVAL {K} {T}", "{m} - INTERVAL {P} {T}", "INTERVAL {P} {T} + {m}",
        "DATE_ADD({m}, INTERVAL {K} {T})", "DATE_SUB({m}, INTERVAL {i} MINUTE)", "DATE_ADD({m}, INTERVAL {I} {C})",
        "TIMESTAMPADD({V}, {K}, {m})", "SCN_TO_TIMESTAMP({b})", "USEC_TO_TIME(TIME_TO_USEC({m}))",
        "FROM_UNIXTIME({i} % 1000000 + 1700000000)",
        "FROM_UNIXTIME(UNIX_TIMESTAMP(GREATEST({m}, CAST('2000-01-01' AS DATETIME))))", "CAST({m} AS DATETIME)",
        "CAST({m} AS DATETIME(6))", "CAST({Z} AS DATETIME(3))", "COALESCE({m}, {m})", "IFNULL({m}, NOW(6))",
        "IF({c}, {m}, {m})", "CASE WHEN {c} THEN {m} END", "NULLIF({m}, {m})",
        "STR_TO_DATE(DATE_FORMAT({m}, '%Y-%m-%d %H:%i:%s'), '%Y-%m-%d %H:%i:%s')", "GREATEST({m}, {m})",
        "LEAST({m}, NOW(6))", "NOW(6)", "NOW()", "CURRENT_TIMESTAMP(3)", "CAST({Z} AS DATETIME(6))", "TIMESTAMP({m})",
        "{t} + INTERVAL {P} HOUR",
    ),
    "t": (
        "DATE({m})", "CURDATE()", "LAST_DAY({m})", "{t} + INTERVAL {P} DAY", "{t} - INTERVAL {K} MONTH",
        "CAST({m} AS DATE)", "DATE({M})", "FROM_DAYS(TO_DAYS({m}) + {K})", "MAKEDATE(2024, {P})",
        "COALESCE({t}, {t})", "ADDDATE({t}, {K})", "STR_TO_DATE(DATE_FORMAT({m}, '%Y/%m/%d'), '%Y/%m/%d')",
        "SUBDATE({t}, INTERVAL {P} WEEK)",
    ),
    "c": (
        "{i} = {K}", "{i} = {i}", "{i} <> {P}", "{i} != {K}", "{i} < {n}", "{i} > {n}", "{b} > {b}", "{i} >= {E}",
        "{i} = {D}", "{i} <=> {i}", "{i} <=> NULL", "{i} = {d}", "{d} > {i}", "{d} <= {d}", "{f} > {i}", "{s} = {W}",
        "{s} = {s}", "{s} <> {W}", "{s} < {s}", "{s} > {W}", "{s} <=> {W}", "{s} = {K}", "{s} LIKE {L}",
        "{s} NOT LIKE {L}", "{i} LIKE {L}", "{m} LIKE '2024-01-%'", "{s} LIKE CONCAT('%', {s}, '%')",
        "{s} REGEXP {R}", "{s} NOT REGEXP {R}", "{s} RLIKE {R}", "{s} IN ({W}, {W}, {W})", "{s} NOT IN ({W}, {W})",
        "{s} IN ({W}, {s}, NULL)", "{i} IN ({K}, {P}, {K})", "{i} NOT IN ({K}, {P})", "{i} IN ({D}, {D})",
        "{i} IN ({i}, NULL)", "{i} BETWEEN {K} AND {i}", "{i} NOT BETWEEN {P} AND {P}00", "{s} BETWEEN {W} AND {W}",
        "{d} BETWEEN {K} AND {d}", "{m} BETWEEN {M} AND {M}", "{m} BETWEEN {m} AND NOW()", "{m} > {M}", "{m} <= {M}",
        "{m} < {m}", "{m} >= NOW() - INTERVAL {P} {U}", "{m} = {m}", "DATE({m}) = {N}", "{t} = {N}", "{t} < {m}",
        "{m} IN ({M}, {M})", "{x} IS NULL", "{x} IS NOT NULL", "NOT ({c})", "{c} AND {c}", "{c} OR {c}",
        "({c} OR {c}) AND {c}", "{c} XOR {c}", "NOT {c}", "!({c})", "({c}) IS TRUE", "({c}) IS NOT TRUE",
        "({c}) IS FALSE", "({c}) IS UNKNOWN", "{i}", "{i} % 2", "ISNULL({x})",
        "(IFNULL({i}, 1), IFNULL({s}, '')) = ({K}, {W})",
        "(IFNULL({i}, 0), IFNULL({i}, 2)) IN (({K}, {P}), ({P}, {P}))",
        "(IFNULL({i}, 3), IFNULL({i}, 1)) < ({P}, {K})", "IF({c}, {c}, {c})", "CASE WHEN {c} THEN {i} ELSE 0 END",
        "{i} IN ({SUB_I})", "{i} NOT IN ({SUB_I})", "{s} IN ({SUB_S})", "EXISTS ({SUB_X})", "NOT EXISTS ({SUB_X})",
        "{i} = (SELECT {AGG_I})", "({i} > ALL ({SUB_I})) IS TRUE", "({i} < ANY ({SUB_I})) IS NOT FALSE",
        "{i} = ANY ({SUB_I})", "{s} <> ALL ({SUB_S})", "(IFNULL({i}, 1), IFNULL({s}, '')) IN ({SUB_IS})",
        "{i} >= (SELECT {AGG_I})", "NOT FALSE", "1 = 1", "{s} = 'a' COLLATE utf8mb4_bin", "BINARY {s} = {W}",
        "FIND_IN_SET({s}, 'alpha,Beta_2') > 0", "{i} BETWEEN {E} AND {E} + {P}",
    ),
}  # fmt: skip

AGGREGATES: dict[str, tuple[str, ...]] = {
    "i": (
        "COUNT(*)", "COUNT({x})", "COUNT(DISTINCT {s})", "COUNT(DISTINCT {i}, {s})", "MAX({i})", "MIN({i})",
        "BIT_OR({i} & 15)", "CAST(BIT_AND({i}) AS SIGNED)", "CAST(BIT_XOR({i}) AS SIGNED)", "MAX({i}) - MIN({i})",
        "COUNT({s}) + {K}", "COUNT(IF({c}, 1, NULL))", "COUNT(CASE WHEN {c} THEN {i} END)",
        "COUNT(DISTINCT CASE WHEN {c} THEN {i} END)", "CHAR_LENGTH(MAX({s}))",
        "TIMESTAMPDIFF(SECOND, MIN({m}), MAX({m}))",
    ),
    "d": (
        "SUM({i})", "SUM(ROUND({d} + 0.00000, {H}))", "SUM(DISTINCT {i} + 100000)", "AVG({i})",
        "AVG(ROUND({d} + 0.000, 3))", "AVG(DISTINCT CAST({i} AS SIGNED) + 100000)", "SUM({c})", "SUM({i}) / COUNT(*)",
        "SUM(CASE WHEN {c} THEN {i} ELSE 0 END)", "SUM(IF({c}, 1, 0))", "ROUND(AVG({i}), 2)", "IFNULL(SUM({i}), 0)",
        "MAX({d})", "MIN({d})", "ROUND(SUM({i}) / 1024 / 1024, 2)", "SUM({i}) * 100 / COUNT(*)",
    ),
    "f": (
        "STD({i})", "STDDEV_POP({i})", "VAR_POP({i})", "VARIANCE(ROUND({d} + 0.000, 3))", "STDDEV_SAMP({i})",
        "VAR_SAMP({i})", "SUM({f})", "AVG({f})",
    ),
    "s": (
        "MAX({s})", "MIN({s})", "GROUP_CONCAT({s1} ORDER BY {s1})",
        "GROUP_CONCAT(DISTINCT {s1} ORDER BY {s1} SEPARATOR ';')",
        "GROUP_CONCAT({i1} ORDER BY {i1} + 0 DESC SEPARATOR '')", "CONCAT(COUNT(*), '/', MAX({i}))",
        "UPPER(MIN({s}))", "GROUP_CONCAT(DISTINCT {i1} + 0 ORDER BY {i1} + 0)", "IFNULL(MAX({s}), '-')",
    ),
    "m": (
        "MAX({m})", "MIN({m})", "MAX({m}) + INTERVAL {P} {T}", "COALESCE(MAX({m}), MIN({m}))",
    ),
    "t": (
        "MAX({t})", "MIN({t})", "DATE(MAX({m}))",
    ),
}  # fmt: skip

CONSTANTS: dict[str, tuple[str, ...]] = {
    "K": tuple(map(str, range(13))),
    "P": tuple(map(str, range(1, 10))),
    "Q": tuple(map(str, range(8))),
    "E": (
        "0.5", "1.25", "10.0", "0.001", "-2.75", "1000.10", "3.14159",
    ),
    "D": (
        "'0'", "'1'", "'7'", "'12'", "'2.5'", "'1002'", "'-3'", "'12abc'", "'abc'", "''", "' 4'", "'1e2'",
    ),
    "W": (
        "'alpha'", "'ALPHA'", "'Beta_2'", "'gamma'", "'FULL'", "'inc'", "'SUCCESS'", "'completed'", "'CANCELED'",
        "'sys'", "'t1'", "'T1'", "'DOING'", "'STOP'", "'user'", "'META'", "'a'", "''", "'/'",
        "'file:///backup/alpha/data'", "'NORMAL'", "'1002'", "'nächtlich über alles'", "'ÜBER'", "'NONE'", "'zone1'",
        "'Root'", "'alpha '", "'0'", "'it''s'",
    ),
    "L": (
        "'%a%'", "'A%'", "'%backup%'", "'_eta\\\\_2'", "'%S'", "'META$%'", "'%\\\\_%'", "'c_mpleted'", "'%ü%'", "''",
        "'1%'", "'%0%'", "'NÄCHT%'", "'%file:///%/data'", "'___'", "'%a%e%'",
    ),
    "R": (
        "'^a'", "'a$'", "'[0-9]+'", "'^(full|inc)$'", "'alpha|gamma'", "'[[:digit:]]{4}'", "'^$'", "'b.t'",
        "'[^a-z]'", "'(a|b)+'", "'^META'", "'s{2}'", "'^.{3}$'",
    ),
    "U": (
        "SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR", "MICROSECOND",
    ),
    "T": (
        "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR", "MICROSECOND",
    ),
    "V": (
        "SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR", "MICROSECOND",
    ),
    "C": (
        "YEAR_MONTH", "DAY_HOUR", "DAY_MINUTE", "DAY_SECOND", "HOUR_MINUTE", "HOUR_SECOND", "MINUTE_SECOND",
    ),
    "I": (
        "'1:2'", "'1-1'", "'2 3'", "'-1:30'", "'1 2:3:4'",
    ),
    "F": (
        "'%Y-%m-%d'", "'%H:%i:%s.%f'", "'%d.%m.%y %T'", "'%W %M %e %Y'", "'%a %b %D'", "'%j %U %u %V %v %X %x'",
        "'%h:%i %p'", "'%r'", "'%Y%m%d%H%i%S'", "'100%%'", "'%c/%k/%l'",
    ),
    "M": (
        "'2024-01-01'", "'2024-01-01 00:00:00'", "'2024-01-02 03:04:05.678901'", "'2024-01-01 01:30:30'",
        "'2023-12-31 23:59:59'", "'2024-01-02'", "'2030-02-28 12:00:00'", "'2024-02-29'",
    ),
    "H": tuple(map(str, range(6))),
    "Z": (
        "'2024-01-01'", "'2024-01-02 03:04:05.678901'", "'2024-02-29 23:59:59.9'",
    ),
    "N": (
        "'2024-01-01'", "'2024-01-02'", "'2023-12-31'", "'2024-1-1'",
    ),
}  # fmt: skip

WINDOWS = (
    "RANK() OVER (ORDER BY {i})", "DENSE_RANK() OVER (PARTITION BY {s} ORDER BY {i} DESC)", "COUNT(*) OVER ()",
    "SUM({i}) OVER (PARTITION BY {s})", "MAX({i}) OVER (PARTITION BY {i})", "AVG({i}) OVER (PARTITION BY {s})",
    "MIN({m}) OVER (PARTITION BY {i})",
)  # fmt: skip

CONDITIONS = (
    "COUNT(*) > {P}", "MAX({i}) >= {K}", "SUM({i}) > {K} AND COUNT(*) < {P}", "MIN({s}) <> {W}", "AVG({i}) > {E}",
)  # fmt: skip
"""What HAVING asks of groups."""
