"""What goes into a journal's file and comes out of it, and how much of it is held meanwhile."""

import apsw
import pytest

from obsim.api import open_kept
from obsim.journal.directory import DataDirectory
from obsim.journal.export import exported
from obsim.journal.record import Moment, Record
from obsim.journal.store import Batch, Lease, Store


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
