"""Columns and rows on the wire."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obsim.answers import Column, ColumnFlag, MysqlType, ResultSet, Value, column_of_type
from obsim.server.encode import (
    LASTING_ROWS_MAX,
    ROWS_MAX,
    binary_rows,
    codec_of,
    column_definition,
    double_text,
    result_set,
    text_rows,
)
from obsim.server.packets import Inbox
from tests.server.wire import decode_column


def rows_of(packets: bytes) -> list[bytes]:
    inbox = Inbox(1 << 26)
    inbox.feed(packets)
    found = []
    while (body := inbox.next()) is not None:
        found.append(body)
    return found


def text(value: Value, kind: MysqlType = MysqlType.VAR_STRING, codec: str = "utf-8") -> bytes:
    result = ResultSet((Column("c", kind),), ((value,),))
    packets, _ = text_rows(result, 0, codec)
    return rows_of(packets)[0]


def binary(value: Value, kind: MysqlType) -> bytes:
    packets, _ = binary_rows((Column("c", kind),), ((value,),), 0, "utf-8")
    row = rows_of(packets)[0]
    assert row[:2] == b"\x00\x00"
    return row[2:]


def test_a_column_definition_has_every_field() -> None:
    column = column_of_type("STATUS", "varchar(16)", nullable=False)
    found = decode_column(column_definition(column))
    assert found == {
        "catalog": "def", "schema": "", "table": "", "org_table": "", "name": "STATUS", "org_name": "STATUS",
        "charset": 45, "length": 64, "type": 0xFD, "flags": 1, "decimals": 0,
    }  # fmt: skip
    number = Column("n", MysqlType.LONGLONG, 20, 0, ColumnFlag.UNSIGNED | ColumnFlag.BINARY, 63, "id", "t", "tt", "db")
    found = decode_column(column_definition(number, "gbk"))
    assert (found["org_name"], found["table"], found["org_table"], found["schema"]) == ("id", "t", "tt", "db")
    assert (found["charset"], found["flags"]) == (63, 160)


@pytest.mark.parametrize(
    ("codec", "collation"), [("utf-8", 45), ("gbk", 28), ("cp1252", 8), ("gb18030", 248), ("utf-16-be", 54)]
)
def test_text_columns_name_the_character_set_of_the_results(codec: str, collation: int) -> None:
    data = column_definition(Column("é"), codec)
    name = "é".encode(codec)
    assert bytes((len(name),)) + name in data
    assert int.from_bytes(data[-12:-10], "little") == collation


@pytest.mark.parametrize(
    ("value", "wire"),
    [
        (None, b"\xfb"),
        ("", b"\x00"),
        ("abc", b"\x03abc"),
        ("é", b"\x02\xc3\xa9"),
        (b"\x00\xff", b"\x02\x00\xff"),
        (0, b"\x010"),
        (-17, b"\x03-17"),
        (2**64 - 1, b"\x1418446744073709551615"),
        ("x" * 250, b"\xfa" + b"x" * 250),
        ("x" * 251, b"\xfc\xfb\x00" + b"x" * 251),
        ("x" * 70_000, b"\xfd\x70\x11\x01" + b"x" * 70_000),
    ],
)
def test_text_values(value: Value, wire: bytes) -> None:
    assert text(value) == wire
    assert text(value) == wire  # and again, from what was kept


def test_a_kept_value_never_answers_for_an_equal_one_of_another_type() -> None:
    assert text(1) == b"\x011"
    assert text(1.0, MysqlType.DOUBLE) == b"\x011"
    assert text(10**15) == b"\x101000000000000000"
    assert text(1e15, MysqlType.DOUBLE) == b"\x041e15"
    assert text("1") == b"\x011"


@given(
    st.lists(
        st.one_of(st.none(), st.integers(-(2**63), 2**64 - 1), st.text(max_size=80), st.binary(max_size=80)),
        min_size=1,
        max_size=30,
    )
)
def test_any_row_reads_back(values: list[Value]) -> None:
    columns = tuple(Column(f"c{n}") for n in range(len(values)))
    packets, sequence = text_rows(ResultSet(columns, [values] * 3), 250, "utf-8")
    assert sequence == 253
    inbox = Inbox(1 << 24)
    inbox.expected = 250
    inbox.feed(packets)
    expected = b""
    for value in values:
        data = b"" if value is None else value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")
        assert len(data) < 0xFFFF
        size = bytes((len(data),)) if len(data) < 251 else b"\xfc" + len(data).to_bytes(2, "little")
        expected += b"\xfb" if value is None else size + data
    for _ in range(3):
        assert inbox.next() == expected


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (0.0, "0"), (1.0, "1"), (-2.5, "-2.5"), (0.1, "0.1"), (1e14, "100000000000000"), (1e15, "1e15"),
        (-1e15, "-1e15"),
        (1.5e15, "1.5e15"), (123456789012345678.0, "1.2345678901234568e17"), (1e300, "1e300"), (1e-5, "0.00001"),
        (1.5e-7, "0.00000015"), (-1e-15, "-0.000000000000001"), (1e-16, "1e-16"), (0.0001, "0.0001"),
    ],
)  # fmt: skip
def test_doubles_print_as_mysql_prints_them(value: float, printed: str) -> None:
    assert double_text(value) == printed
    assert float(printed) == value


@pytest.mark.parametrize(
    ("value", "kind", "wire"),
    [
        (-1, MysqlType.TINY, b"\xff"),
        (200, MysqlType.TINY, b"\xc8"),
        (-2, MysqlType.LONG, b"\xfe\xff\xff\xff"),
        (2**64 - 1, MysqlType.LONGLONG, b"\xff" * 8),
        (1.5, MysqlType.DOUBLE, b"\x00\x00\x00\x00\x00\x00\xf8\x3f"),
        ("12.340", MysqlType.NEWDECIMAL, b"\x0612.340"),
        ("2024-01-02 03:04:05.000006", MysqlType.DATETIME, b"\x0b\xe8\x07\x01\x02\x03\x04\x05\x06\x00\x00\x00"),
        ("2024-01-02 03:04:05.000000", MysqlType.TIMESTAMP, b"\x07\xe8\x07\x01\x02\x03\x04\x05"),
        ("2024-01-02 00:00:00", MysqlType.DATETIME, b"\x04\xe8\x07\x01\x02"),
        ("2024-01-02", MysqlType.DATE, b"\x04\xe8\x07\x01\x02"),
        ("0000-00-00 00:00:00", MysqlType.DATETIME, b"\x00"),
        ("-26:03:04.5", MysqlType.TIME, b"\x0c\x01\x01\x00\x00\x00\x02\x03\x04\x20\xa1\x07\x00"),
        ("01:02:03", MysqlType.TIME, b"\x08\x00\x00\x00\x00\x00\x01\x02\x03"),
        ("00:00:00", MysqlType.TIME, b"\x00"),
        ("é", MysqlType.VAR_STRING, b"\x02\xc3\xa9"),
        (7, MysqlType.VAR_STRING, b"\x017"),
        (b"\x00", MysqlType.BLOB, b"\x01\x00"),
    ],
)
def test_binary_values(value: Value, kind: MysqlType, wire: bytes) -> None:
    assert binary(value, kind) == wire


def test_nulls_of_a_binary_row_are_bits_from_the_third_on() -> None:
    columns = tuple(Column(f"c{n}", MysqlType.TINY) for n in range(9))
    packets, _ = binary_rows(columns, [(1, None, 1, None, None, None, None, 2, None)], 0, "utf-8")
    assert rows_of(packets) == [b"\x00\xe8\x05\x01\x01\x02"]


def test_sequence_ids_go_round_and_long_rows_count_their_packets() -> None:
    columns = (Column("c"),)
    data, sequence = result_set(ResultSet(columns, [("x",)] * 300), 1, 2, 0, deprecate_eof=True, codec="utf-8")
    inbox = Inbox(1 << 26)
    inbox.expected = 1
    inbox.feed(data)
    count = 0
    while inbox.next() is not None:
        count += 1
    assert (count, inbox.empty, sequence) == (303, True, (1 + 303) & 0xFF)
    long = ResultSet(columns, [("y" * (17 << 20),), ("z",)])
    data, sequence = result_set(long, 1, 2, 0, deprecate_eof=False, codec="utf-8")
    assert sequence == 1 + 1 + 1 + 1 + 2 + 1 + 1


@pytest.mark.parametrize("short", [0, 1, 2])
def test_rows_around_a_packets_greatest_length_are_numbered_packet_by_packet(short: int) -> None:
    length = (1 << 24) - 1 - 4 - short  # of the text: its own length stands in four bytes before it
    rows = [("a",), ("y" * length,), ("b",)]
    for lasting in (False, True):
        packets, sequence = text_rows(ResultSet((Column("c"),), rows, lasting=lasting), 254, "utf-8")
        inbox = Inbox(1 << 26)
        inbox.expected = 254
        inbox.feed(packets)
        bodies = [inbox.next() for _ in rows]
        assert (bodies[0], len(bodies[1] or b""), bodies[2], inbox.empty) == (b"\x01a", length + 4, b"\x01b", True)
        assert (inbox.expected, sequence) == (2 if short == 0 else 1, 2 if short == 0 else 1)


def test_lasting_rows_are_told_apart_by_who_they_are() -> None:
    columns = (Column("a", MysqlType.LONGLONG), Column("b", MysqlType.DOUBLE))
    rows = [(1, 1.0), (1, 2.5), (1, 1.0)]
    wire = [b"\x011\x011", b"\x011\x032.5", b"\x011\x011"]
    for sequence in (0, 250):  # the second time from what was kept
        packets, after = text_rows(ResultSet(columns, rows, lasting=True), sequence, "utf-8")
        assert (packets[3], packets[11], packets[21]) == tuple(n & 0xFF for n in range(sequence, sequence + 3))
        assert (packets[4:8], packets[12:18], packets[22:26], after) == (*wire, sequence + 3 & 0xFF)
    swapped = ResultSet(columns, [rows[1], (2, 1.0), rows[0]], lasting=True)
    assert rows_of(text_rows(swapped, 0, "utf-8")[0]) == [wire[1], b"\x012\x011", wire[0]]
    assert rows_of(text_rows(ResultSet(columns, [("é", 1.0)], lasting=True), 0, "gbk")[0]) == [b"\x02\xa8\xa6\x011"]


def test_more_lasting_rows_than_are_kept_keep_their_bodies() -> None:
    columns = (Column("a"),)
    for begin in range(0, 2 * ROWS_MAX, LASTING_ROWS_MAX):
        rows = [(f"{number}",) for number in range(begin, begin + LASTING_ROWS_MAX)]  # each gone before the next ones
        bodies = rows_of(text_rows(ResultSet(columns, rows, lasting=True), 0, "utf-8")[0])
        assert bodies == [bytes((len(text),)) + text.encode() for (text,) in rows]


def test_unknown_names_fall_back_to_utf8() -> None:
    assert codec_of("utf8mb4") == "utf-8"
    assert codec_of("gbk") == "gbk"
    assert codec_of("klingon") == "utf-8"
