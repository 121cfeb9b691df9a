"""Where MariaDB and OceanBase differ by design, and how their answers compare all the same.

Each rule holds for every query; no query has an exception of its own. `RULES` lists them with their reasons.
"""

import re
from collections import Counter
from collections.abc import Iterator
from math import isclose

from tests.conformance.mariadb.client import Answer, Value

__all__ = ["FUNCTIONS", "RULES", "difference", "for_mariadb"]

RULES = (
    ("errors compare by number", "the servers word them differently"),
    ("a derived table without a name is given one", "OceanBase needs none, MariaDB does"),
    ("MINUS is EXCEPT", "MariaDB has the word in Oracle mode only"),
    ("SCN_TO_TIMESTAMP and its like are stored functions", "MariaDB has none of them"),
    ("labels compare to 250 bytes", "MariaDB cuts them a little later"),
    ("decimals compare to 15 digits", "a known difference of obsim: docs/differences.md"),
    ("rows compare as a multiset", "equal sort keys have no order"),
    (
        "letter case does not count where rows are merged",
        "which of several equal texts stands for a group is not defined",
    ),
    ("BIGINT may be DECIMAL(n, 0)", "MariaDB widens by the display widths of what it computes with"),
    ("NULL is of any type", "the servers disagree on the type of a column that has no other value"),
    ("doubles compare to the digits shown, or to 12", "VAR and STD print few digits in MariaDB; sums differ by order"),
    ("zero digits of a second do not count in a column of moments", "OceanBase shows six where INTERVAL is in seconds"),
    ("MariaDB rounds moments", "its own mode cuts them, MySQL and OceanBase round"),
    ("MariaDB's tables are MyISAM, TIMESTAMP is DATETIME there", "its TIMESTAMP begins a second after the epoch"),
)
"""What is compared otherwise than value by value, and why.

The generator stays away from what the servers answer differently without a rule: INTERSECT behind another set operator
(OceanBase reads from left to right, checked on a recorded engine), ROUND to more digits than there are (OceanBase keeps
those there are), UNIX_TIMESTAMP before the epoch (0 or NULL), sums of quotients (MariaDB rounds them on the way into a
temporary table), LIMIT with an offset over DISTINCT constants and comparisons of rows beside an outer join (errors of
MariaDB), FIELD of NULL (MariaDB takes the row of an outer join for lost), YEARWEEK and DISTINCT ASCII as decimals
(MariaDB keeps a digit too few), windows over an outer join with constants of a derived table (MariaDB sees them where
the row is missing), TRUE in parentheses (MariaDB's label has none), NOT (NOT (x > ALL (...))) (MariaDB turns it over
once), INTERVAL in seconds (six digits in OceanBase), fractions that need more digits than a double has (obsim).
"""

LABEL_BYTES = 250

FUNCTIONS = (
    "SCN_TO_TIMESTAMP(scn BIGINT UNSIGNED) RETURNS DATETIME(6) RETURN USEC_TO_TIME(scn DIV 1000)",
    "USEC_TO_TIME(usec BIGINT) RETURNS DATETIME(6) RETURN '1970-01-01 08:00:00' + INTERVAL usec MICROSECOND",
    "TIME_TO_USEC(moment DATETIME(6)) RETURNS BIGINT RETURN TIMESTAMPDIFF(MICROSECOND, '1970-01-01 08:00:00', moment)",
    "TIMESTAMP_TO_SCN(moment DATETIME(6)) RETURNS BIGINT UNSIGNED RETURN TIME_TO_USEC(moment) * 1000",
)
"""Functions of OceanBase that MariaDB lacks, as stored functions; the session's zone is +08:00."""

_TOKEN = re.compile(r"'(?:[^'\\]|\\.|'')*'|\"[^\"]*\"|`[^`]*`|/\*.*?\*/|--\s[^\n]*|[\w.$@]+|\S", re.DOTALL)
_CLAUSES = frozenset(
    ("SELECT", "FROM", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "ON", "UNION", "EXCEPT", "INTERSECT", "MINUS")
)
_NO_ALIAS = _CLAUSES | {"JOIN", "LEFT", "RIGHT", "INNER", "CROSS", "NATURAL", "USING", "FOR", "WINDOW"}
_SAME_TEXT = re.compile(r"\b(GROUP BY|DISTINCT|UNION|EXCEPT|INTERSECT|MAX|MIN)\b", re.IGNORECASE)


def for_mariadb(sql: str) -> str:
    """A query as MariaDB takes it: derived tables get an alias, MINUS is EXCEPT there."""
    out: list[str] = []
    end = serial = 0
    open_derived: list[bool] = []
    clauses = [""]
    tokens = list(_TOKEN.finditer(sql))
    for place, match in enumerate(tokens):
        word = match.group().upper()
        out.append(sql[end : match.start()])
        end = match.end()
        out.append("EXCEPT" if word == "MINUS" else match.group())
        if word == "(":
            before = tokens[place - 1].group().upper() if place else ""
            opens = clauses[-1] == "FROM" and (before in {"FROM", "JOIN", ","}) and _is_select(tokens, place + 1)
            open_derived.append(opens)
            clauses.append("")
        elif word == ")" and open_derived:
            clauses.pop()
            following = tokens[place + 1].group().upper() if place + 1 < len(tokens) else ""
            if open_derived.pop() and (not re.match(r"[\w`\"]", following) or following in _NO_ALIAS):
                serial += 1
                out.append(f" AS unnamed{serial}")
        elif word in _CLAUSES:
            clauses[-1] = word
    return "".join(out) + sql[end:]


def _is_select(tokens: list["re.Match[str]"], place: int) -> bool:
    while place < len(tokens) and (tokens[place].group() == "(" or tokens[place].group().startswith("/*")):
        place += 1
    return place < len(tokens) and tokens[place].group().upper() in {"SELECT", "WITH"}


def difference(sql: str, obsim: Answer, mariadb: Answer) -> str:
    """How the answers differ, empty if they do not."""
    if obsim.errno != mariadb.errno:
        return f"error {obsim.errno} {obsim.message!r}, MariaDB {mariadb.errno} {mariadb.message!r}"
    if obsim.errno:
        return ""
    ours, theirs = ([label.encode()[:LABEL_BYTES] for label in a.labels] for a in (obsim, mariadb))
    if ours != theirs:
        return f"labels {obsim.labels}, MariaDB {mariadb.labels}"
    for text in _families(obsim, mariadb):
        return text
    if len(obsim.rows) != len(mariadb.rows):
        return f"{len(obsim.rows)} rows, MariaDB {len(mariadb.rows)}"
    folded = bool(_SAME_TEXT.search(sql))
    left_rows, right_rows = (_keyed(a, folded=folded) for a in (obsim, mariadb))
    if left_rows == right_rows:
        return ""
    close = [_CLOSENESS.get(family) for family in obsim.families]
    only = [sorted((a - b).elements(), key=repr) for a, b in ((left_rows, right_rows), (right_rows, left_rows))]
    for left, right in zip(*only, strict=True):
        if not all(_close(a, b, digits) if digits else a == b for a, b, digits in zip(left, right, close, strict=True)):
            return f"row {left}, MariaDB {right}"
    return ""


def _families(obsim: Answer, mariadb: Answer) -> Iterator[str]:
    for place, (ours, theirs) in enumerate(zip(obsim.families, mariadb.families, strict=True)):
        if ours != theirs and "null" not in {ours, theirs} and (ours, theirs) != ("integer", "decimal"):
            yield f"column {place + 1} {obsim.labels[place]!r} is {ours}, MariaDB {theirs}"


def _keyed(answer: Answer, *, folded: bool) -> "Counter[tuple[Value, ...]]":
    return Counter(
        tuple(_same(v, family, folded=folded) for v, family in zip(row, answer.families, strict=True))
        for row in answer.rows
    )


def _same(value: Value, family: str, *, folded: bool) -> Value:
    """A value in the form that compares: digits of a second that are zero do not show in a point in time."""
    if value is None:
        return None
    if family == "moment" and "." in value:
        return value.rstrip("0").rstrip(".")
    return value.casefold() if folded else value


_CLOSENESS = {"double": 12, "decimal": 15}
"""Digits that count where values are doubles, in one of the servers or both."""


def _close(left: Value, right: Value, digits: int) -> bool:
    if left is None or right is None:
        return left is right
    shown = len(right.partition(".")[2]) if digits == _CLOSENESS["double"] and "." in right and "e" not in right else 30
    return isclose(float(left), float(right), rel_tol=10.0**-digits, abs_tol=max(0.51 * 10.0**-shown, 10.0**-digits))
