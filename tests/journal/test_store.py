"""What goes into a journal's file and comes out of it, and how much of it is held meanwhile."""

import json
from zlib import crc32

import apsw
import pytest

from obsim.api import open_kept
from obsim.journal.directory import DataDirectory
from obsim.journal.export import exported
from obsim.journal.record import Moment, Record
from obsim.journal.store import Batch, Lease, Store, StoreFailed


@pytest.mark.parametrize("text", ["\ud800", "a\udfffz", "\U0001f600", "a\0b", "\u00fc'\""])
def test_every_text_comes_back_as_it_was(tmp_path, text):
    record = Record(1, Moment(0, 0, 0), "execute", {"sql": text}, f"1210 {text}", 0)
    store = Store(tmp_path / "journal.db")
    store.begin({})
    store.commit(Batch([record]))
    (found,) = store.records()
    assert found == record
    store.close()


def test_a_lease_is_read_that_says_more_than_its_reader_asks(tmp_path):
    store = Store(tmp_path / "journal.db")
    store.begin({})
    store.commit(Batch(lease=Lease(1, 2_000, 3_000)))
    assert store.lease == Lease(1, 2_000, 3_000)
    with apsw.Connection(str(tmp_path / "journal.db")) as file:
        file.execute("UPDATE meta SET value = json_set(value, '$.exact', json('true')) WHERE name = 'lease'")
    assert store.lease == Lease(1, 2_000, 3_000)
    store.close()


@pytest.mark.parametrize("text", ["\ud800", "a\0b", "\u00fc'\"\\", "\n\t\u2028"])
def test_a_line_is_compact_json_and_the_sum_is_over_it(text):
    told = {
        "number": 3, "timeline": 1, "at_ns": 10**18, "event_count": 0, "kind": f"k{text}",
        "body": {"sql": text, "who": {"tenant": 1, "rows": [1, None, 2.5]}}, "answer": text, "changes": 7,
    }  # fmt: skip
    record = Record(3, Moment(1, 10**18, 0), f"k{text}", told["body"], text, 7)
    assert record.line() == json.dumps(told, separators=(",", ":"))
    assert record.sum == crc32(record.line().encode())
    assert Record.of(json.loads(record.line())) == record


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 200])
def test_a_batch_is_there_whole_and_in_order(tmp_path, count):
    records = [Record(n, Moment(0, n, n), "execute", {"sql": f"s{n}"}, f"ok {n}", n) for n in range(1, count + 1)]
    store = Store(tmp_path / "journal.db")
    store.begin({})
    store.commit(Batch(records, Lease(0, 5, 6)))
    assert (list(store.records()), store.lease) == (records, Lease(0, 5, 6))
    more = [Record(n, Moment(0, n, n), "rest") for n in range(count + 1, count + 70)]
    with pytest.raises(StoreFailed):
        store.commit(Batch([*more, more[0]], Lease(0, 7, 8)))
    assert (list(store.records()), store.lease) == (records, Lease(0, 5, 6)), "nothing of one that fails is there"
    store.close()


def test_an_export_holds_one_record_at_a_time(tmp_path, monkeypatch):
    kept = open_kept(tmp_path / "d", clock="manual")
    for n in range(5):
        kept.host.snapshot(f"s{n}")
    kept.keeper.close()
    kept = open_kept(tmp_path / "d", clock="manual")
    kept.keeper.close()
    taken = []
    records = Store.records

    def counted(store, after=0):
        taken.append(0)
        for record in records(store, after):
            taken[-1] += 1
            yield record

    monkeypatch.setattr(Store, "records", counted)
    lines = exported(DataDirectory(tmp_path / "d"))
    seen = [taken[-1] for line in lines if '"number":' in line]
    assert seen == list(range(1, 7))
