"""Files are read back with distrust: whatever is not as obsim wrote it is damage, and costs little to find out."""

from struct import pack
from zlib import compress, crc32

import pytest
from pyroaring import BitMap64

from obsim.archive.written import log_entries
from obsim.destination.blocks import POSITIONS_MAX, decode_positions, encode_positions, runs_of
from obsim.destination.envelope import Damaged, Kind, open_sealed, seal, sealed_kind
from obsim.destination.records import FormatRecord, IndexRecord, read_record, seal_record
from obsim.destination.uri import DATA

FORMAT = FormatRecord("c", "t", "file:///a", 1, 1002, 1, 1001, DATA, 5)


def test_there_and_back():
    assert open_sealed(Kind.DATA, seal(Kind.DATA, b"blocks")) == b"blocks"
    assert sealed_kind(seal(Kind.INDEX, b"")) is Kind.INDEX
    assert read_record(Kind.FORMAT, FormatRecord, seal_record(Kind.FORMAT, FORMAT)) == FORMAT


def test_every_changed_bit_and_every_cut_is_noticed():
    data = seal_record(Kind.FORMAT, FORMAT)
    for place in range(len(data)):
        for bit in (1, 0x80):
            with pytest.raises(Damaged):
                sealed_kind(data[:place] + bytes([data[place] ^ bit]) + data[place + 1 :])
        with pytest.raises(Damaged):
            sealed_kind(data[:place])
    with pytest.raises(Damaged, match="checksum"):
        sealed_kind(data + b"\0")


def test_a_file_of_another_kind_or_with_other_fields():
    with pytest.raises(Damaged, match="it holds FORMAT, not DATA"):
        open_sealed(Kind.DATA, seal_record(Kind.FORMAT, FORMAT))
    with pytest.raises(Damaged, match="does not say"):
        read_record(Kind.FORMAT, FormatRecord, seal_record(Kind.FORMAT, IndexRecord(())))


def forged(raw_length: int, stored: bytes, version: int = 1) -> bytes:
    head = pack(">8sHHQQ", b"obsimbk\n", version, Kind.DATA, raw_length, len(stored))
    return head + pack(">I", crc32(stored, crc32(head))) + stored


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (forged(10, compress(b"x" * (1 << 22))), "not as long"),
        (forged(1 << 62, compress(b"x")), "lengths"),
        (forged(5, b"no zlib"), "decompress"),
        (forged(1, compress(b"x") + b"more"), "not as long"),
        (forged(1, compress(b"x"), version=2), "format 2"),
    ],
)
def test_a_right_checksum_over_wrong_things(data, text):
    with pytest.raises(Damaged, match=text):
        open_sealed(Kind.DATA, data)


def entry(argument: bytes) -> bytes:
    """A log file of one write with an argument, as MessagePack."""
    return b"\x81\xa7entries\x91\x94\x01\x02\x93\xa5write\x91" + argument + b"\x80\xc4\x00"


@pytest.mark.parametrize(
    "payload",
    [
        b"", b"\x81\xa7entr\xffes\x90", b"\x81\xa7entries\xc7\x01\x05a", entry(b"\x91" * 100_000 + b"\xc0"),
        entry(b"\x81\xa1a" * 50_000 + b"\xc0"), entry(b"\xa1\xff"), entry(b"\xd6\xff\x00\x00\x00\x00"),
        entry(b"\xc7\x01\x05a"), entry(b"\x81\x91\x81\x01\x02\x03"), entry(b"\x91" * 10 + b"\xc0"),
        entry(b"\x81\xa9positions\xc4\x05\x00\xff\xff\xff\xff"),
    ],
)  # fmt: skip
def test_a_right_checksum_over_what_is_no_log(payload):
    with pytest.raises(Damaged):
        list(log_entries(seal(Kind.LOG, payload)))
    with pytest.raises(Damaged):
        read_record(Kind.LOG, IndexRecord, seal(Kind.LOG, payload))


def test_an_entry_of_the_log():
    (read,) = log_entries(seal(Kind.LOG, entry(b"\x93\xc0\x05\xa1x")))
    assert (read.scn, read.number, read.change.arguments) == (1, 2, ((None, 5, "x"),))


@pytest.mark.parametrize(
    ("positions", "runs"),
    [
        ([], []),
        ([0], [(0, 1)]),
        ([3, 4, 5, 9, 1 << 40, (1 << 40) + 1], [(3, 3), (9, 1), (1 << 40, 2)]),
        (range(1000), [(0, 1000)]),
        ([*range(7), *range(8, 71)], [(0, 7), (8, 63)]),
    ],
)
def test_positions_are_kept_as_runs(positions, runs):
    positions = BitMap64(positions)
    assert list(runs_of(positions)) == runs
    assert decode_positions(encode_positions(positions)) == positions


def test_a_tebibyte_of_neighbours_takes_a_few_bytes():
    assert len(encode_positions(BitMap64(range(1 << 19)))) == 4


@pytest.mark.parametrize(
    "data", [b"\x80", b"\x01", b"\xff" * 12, bytes([0, *[0xFF] * 5, 0x7F]), b"\0" + b"\xff" * 9 + b"\1"]
)
def test_what_are_no_positions(data):
    with pytest.raises(Damaged):
        decode_positions(data)


def test_more_blocks_than_there_can_be_cost_nothing():
    huge = bytearray(b"\0")
    number = POSITIONS_MAX
    while number > 0x7F:
        huge.append(number & 0x7F | 0x80)
        number >>= 7
    huge.append(number)
    with pytest.raises(Damaged, match="more blocks"):
        decode_positions(bytes(huge))
