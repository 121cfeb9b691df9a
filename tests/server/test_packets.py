"""Framing, bounded reading, and the short answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obsim.errors import ServerError, error
from obsim.server.packets import (
    BODY_BYTES_MAX,
    Inbox,
    MalformedError,
    Reader,
    error_packet,
    frame,
    frames,
    ok_packet,
    terminator,
)


def packets_of(data: bytes, bound: int = 1 << 26) -> list[bytes]:
    inbox = Inbox(bound)
    inbox.feed(data)
    found = []
    while (body := inbox.next()) is not None:
        found.append(body)
    assert inbox.empty
    return found


@given(st.lists(st.binary(max_size=300), max_size=300), st.lists(st.integers(1, 700), max_size=40))
def test_packets_come_out_as_they_went_in_however_they_are_cut(bodies: list[bytes], cuts: list[int]) -> None:
    data, sequence = frames(bodies, 0)
    assert sequence == len(bodies) & 0xFF
    inbox, found, at = Inbox(1 << 20), [], 0
    for cut in [*cuts, len(data)]:
        inbox.feed(data[at : at + cut])
        at += cut
        while (body := inbox.next()) is not None:
            found.append(body)
    assert found == bodies
    assert inbox.empty


@pytest.mark.parametrize("size", [0, 1, BODY_BYTES_MAX - 1, BODY_BYTES_MAX, BODY_BYTES_MAX + 1, 2 * BODY_BYTES_MAX])
def test_long_bodies_take_several_packets(size: int) -> None:
    body = b"z" * size
    data = frame(body, 0)
    assert len(data) == size + 4 * (size // BODY_BYTES_MAX + 1)
    assert packets_of(data) == [body]
    both, sequence = frames([body, b"end"], 0)
    assert sequence == size // BODY_BYTES_MAX + 2
    assert both.endswith(frame(b"end", sequence - 1))


def test_a_packet_over_the_bound_is_refused_before_it_arrives() -> None:
    inbox = Inbox(100)
    inbox.feed((101).to_bytes(3, "little") + b"\x00")
    with pytest.raises(ServerError) as caught:
        inbox.next()
    assert caught.value.errno == 1153
    assert inbox.expected == 1  # the answer goes on counting


def test_missing_bytes_lead_packet_by_packet() -> None:
    inbox = Inbox(100)
    assert inbox.missing_bytes == 4
    inbox.feed(b"\x05\x00")
    assert inbox.missing_bytes == 2
    inbox.feed(b"\x00\x00ab")
    assert inbox.missing_bytes == 3
    inbox.feed(b"cde")
    assert inbox.next() == b"abcde"
    assert inbox.missing_bytes == 4


@given(st.binary(max_size=40), st.lists(st.integers(0, 5), max_size=12))
def test_reading_never_passes_the_end(data: bytes, steps: list[int]) -> None:
    reader = Reader(data)
    for step in steps:
        before = reader.position
        try:
            (
                reader.length,
                reader.counted,
                reader.null_terminated,
                reader.rest,
                lambda: reader.take(3),
                lambda: reader.integer(4),
            )[step]()
        except MalformedError:
            assert reader.position <= len(data)
            return
        assert before <= reader.position <= len(data)


def test_ok_and_end_packets() -> None:
    assert ok_packet(2) == b"\x00\x00\x00\x02\x00\x00\x00"
    assert (
        ok_packet(0x22, affected_rows=300, warnings=1, info="done") == b"\x00\xfc\x2c\x01\x00\x22\x00\x01\x00\x04done"
    )
    assert terminator(2, 1, deprecate_eof=True) == b"\xfe\x00\x00\x02\x00\x01\x00"
    assert terminator(2, 1, deprecate_eof=False) == b"\xfe\x01\x00\x02\x00"


def test_an_error_carries_its_state_and_text_in_the_client_s_character_set() -> None:
    refused = ServerError(1064, "42000", "near 'é'")
    assert error_packet(refused) == b"\xff\x28\x04#42000near '\xc3\xa9'"
    assert error_packet(refused, "cp1252") == b"\xff\x28\x04#42000near '\xe9'"
    assert error_packet(error("ER_CON_COUNT_ERROR"), with_state=False) == b"\xff\x10\x04Too many connections"
