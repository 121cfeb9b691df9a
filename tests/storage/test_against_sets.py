"""The storage of a tenant against plain sets of tuples: any mix of writes, freezes, DDL and transfers."""

from array import array
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from obsim.ids import Bytes, LogStreamId, Scn
from obsim.storage import compaction
from obsim.storage.layout import RowLayout
from obsim.storage.macroblocks import BaselineBlocks
from obsim.storage.tablet import Tablet
from obsim.storage.tenant import TenantStorage
from obsim.storage.workload import WRITE_KINDS

STREAMS = [LogStreamId(1), LogStreamId(1001), LogStreamId(1002)]
TABLET_SIZE = Bytes(8 << 20)
"""Four blocks, so that small tables have seams."""

Identity = tuple[int, int, int]


def identities(storage: TenantStorage) -> dict[int, Identity]:
    """Identity by position of all live blocks."""
    found = storage.identities(storage.blocks.live, storage.blocks.epoch)
    return {p: (b.tablet_id, b.logic_version, b.data_seq) for p, b in found.items()}


@dataclass
class Naive:
    """What must hold, in sets."""

    rows: dict[str, int] = field(default_factory=dict)
    """Rows of each table, those not yet compacted included."""
    ever: set[Identity] = field(default_factory=set)
    live: list[frozenset[Identity]] = field(default_factory=list)
    """The blocks after so many compactions and drops."""
    places: list[frozenset[int]] = field(default_factory=list)

    def note(self, storage: TenantStorage) -> None:
        """Remember the blocks of this epoch; what is new never was before."""
        now = identities(storage)
        fresh = set(now.values()) - (self.live[-1] if self.live else frozenset())
        assert not fresh & self.ever, "an identity came back"
        assert len(set(now.values())) == len(now), "two blocks share an identity"
        self.ever |= fresh
        self.live.append(frozenset(now.values()))
        self.places.append(frozenset(now))

    def check(self, storage: TenantStorage) -> None:
        """Blocks, rows and the decision over every base there was."""
        blocks = storage.blocks
        assert set(blocks.dirty) <= set(blocks.live)
        held: set[int] = set()
        for tablet in storage.tablets:
            count = 0
            for stretch in tablet.stretches:
                span = {p for p in blocks.live if stretch.first <= p - tablet.first_position < stretch.end}
                assert not span & held
                held |= span
                count += len(span)
                assert 0 <= stretch.row_count <= len(span) * tablet.layout.rows_per_block
            assert count == tablet.major_block_count
            assert tablet.next_place >= max((s.end for s in tablet.stretches), default=0)
        assert held == set(blocks.live)
        for name, rows in self.rows.items():
            pending = sum(t.pending.appended_row_count for t in storage.table(name))
            full = sum(t.appended_block_count * t.layout.rows_per_block for t in storage.table(name))
            assert sum(t.row_count for t in storage.table(name)) + pending + full == rows
        now = identities(storage)
        for epoch in range(1, blocks.epoch + 1):
            assert frozenset(blocks.live_at(epoch)) == self.places[epoch - 1]
            copied = {now[p] for p in blocks.to_copy(epoch, blocks.epoch)}
            assert copied == self.live[-1] - self.live[epoch - 1]


def expected_seams(count: int) -> set[int]:
    """Blocks that the tasks but the first begin with, of a tablet in order of key."""
    tasks = max(-(-count * (2 << 20) // TABLET_SIZE), 1)
    width = -(-count // tasks)
    return {n for n in range(1, count) if n % width == 0}


@dataclass
class Play:
    """A storage and its naive double, and the operations on both."""

    storage: TenantStorage = field(default_factory=lambda: TenantStorage(list(STREAMS)))
    naive: Naive = field(default_factory=Naive)
    version: int = 1_000

    def create(self, name: str, rows: list[int], row_bytes: float) -> None:
        """A table that is there already stays as it is."""
        if not self.storage.table(name):
            self.storage.load_table(name, rows, STREAMS[1:], RowLayout(row_bytes), TABLET_SIZE)
            self.naive.rows[name] = sum(rows)

    def write(self, name: str, kind: str, amount: int, seed: int) -> None:
        """As much as there is at the most."""
        tablets = self.storage.table(name)
        if not tablets:
            return
        by_rows = kind.startswith("rows")
        there = sum(t.row_count if by_rows else t.major_block_count for t in tablets)
        count = amount if "append" in kind else min(amount, there)
        dirty = set(self.storage.blocks.dirty)
        self.storage.write(name, count, kind, seed)
        touched = set(self.storage.blocks.dirty) - dirty
        assert {p >> 32 for p in touched} <= {t.slot for t in tablets}
        if by_rows:
            assert len(touched) <= count
        elif kind in {"random", "clustered"}:
            assert len(touched) <= count <= len(touched) + len(dirty)
        full = tablets[0].layout.rows_per_block
        change = {"append": count * full, "rows_append": count}.get(kind, -count if "delete" in kind else 0)
        self.naive.rows[name] += change

    def change(self, picks: list[int]) -> None:
        """Positions picked anywhere, in any order, some of them twice."""
        live = list(self.storage.blocks.live)
        if live:
            chosen = [live[pick % len(live)] for pick in picks]
            before = set(self.storage.blocks.dirty)
            fresh = self.storage.change_blocks(array("Q", chosen))
            assert set(self.storage.blocks.dirty) == before | set(chosen)
            assert fresh == len(set(chosen) - before)

    def major(self) -> None:
        """All that is dirty or on a seam is new, all else as it was."""
        storage, before = self.storage, identities(self.storage)
        must = set(storage.blocks.dirty)
        for tablet in storage.tablets:
            order = [
                p for s in tablet.stretches for p in sorted(before) if s.first <= p - tablet.first_position < s.end
            ]
            must |= {order[n] for n in expected_seams(tablet.major_block_count)}
            rounds = tablet.progressive_rounds
            if rounds:
                first, end = (len(order) * n // rounds for n in (tablet.progress, tablet.progress + 1))
                must |= set(order[first:end])
        self.version += 1_000
        storage.major_freeze(Scn(self.version))
        after = identities(storage)
        assert all(after.get(p) == identity for p, identity in before.items() if p not in must)
        assert all(after[p][1] == self.version for p in after if p in must or p not in before)
        assert not storage.blocks.dirty
        self.naive.note(storage)

    def minor(self) -> None:
        """No block changes."""
        before = identities(self.storage)
        self.version += 1_000
        self.storage.minor_freeze(Scn(self.version), 2)
        assert identities(self.storage) == before

    def drop(self, name: str, *, truncate: bool) -> None:
        """All blocks of a table go; what comes instead has other ids."""
        if not self.storage.table(name):
            return
        gone = [t.tablet_id for t in self.storage.table(name)]
        (self.storage.truncate_table if truncate else self.storage.drop_table)(name, Scn(self.version))
        assert not {i for i in identities(self.storage).values() if i[0] in gone}
        assert not {t.tablet_id for t in self.storage.tablets} & set(gone)
        self.naive.rows.pop(name)
        if truncate:
            self.naive.rows[name] = 0
        for tablet_id in gone:
            self.naive.live.append(frozenset(i for i in self.naive.live[-1] if i[0] != tablet_id))
            self.naive.places.append(frozenset(p for p in self.naive.places[-1] if p >> 32 != tablet_id - 200_001))

    def transfer(self, pick: int, stream: int) -> None:
        """Nothing of a tablet changes but its log stream."""
        if self.storage.tablets:
            tablet = self.storage.tablets[pick % len(self.storage.tablets)]
            before = identities(self.storage)
            self.storage.transfer(tablet.tablet_id, LogStreamId(stream))
            assert tablet.log_stream_id == stream
            assert identities(self.storage) == before


NAMES = st.sampled_from("ab")
KINDS = st.sampled_from([*WRITE_KINDS, "rows_clustered:3", "rows_delete_clustered:3"])
OPERATIONS = st.one_of(
    st.tuples(
        st.just("create"), NAMES, st.lists(st.integers(0, 60), min_size=1, max_size=3),
        st.sampled_from([147.1, 100_000.0, 700_000.0, 3e6]),
    ),
    st.tuples(st.just("write"), NAMES, KINDS, st.integers(0, 40), st.integers(0, 1 << 32)),
    st.tuples(st.just("write"), NAMES, KINDS, st.integers(0, 40), st.integers(0, 1 << 32)),
    st.tuples(st.just("change"), st.lists(st.integers(0, 1000), max_size=10)),
    st.tuples(st.just("major")),
    st.tuples(st.just("major")),
    st.tuples(st.just("minor")),
    st.tuples(st.just("drop"), NAMES),
    st.tuples(st.just("truncate"), NAMES),
    st.tuples(st.just("alter"), NAMES, st.integers(1, 4)),
    st.tuples(st.just("transfer"), st.integers(0, 10), st.sampled_from([1001, 1002])),
)  # fmt: skip


def play(operations: list[tuple]) -> None:
    """Do all of it and check after each step."""
    game = Play()
    for name, *arguments in [("create", "a", [40, 9], 700_000.0), ("major",), *operations, ("major",), ("major",)]:
        if name in {"drop", "truncate"}:
            game.drop(*arguments, truncate=name == "truncate")
        elif name == "alter":
            if game.storage.table(arguments[0]):
                game.storage.alter_table(*arguments)
        else:
            getattr(game, name)(*arguments)
        game.naive.check(game.storage)


@given(st.lists(OPERATIONS, max_size=12))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_storage_agrees_with_sets(operations):
    play(operations)


DEFECTS = {
    "the decision forgets what was removed": (
        BaselineBlocks, "to_copy", lambda self, base, epoch: self.written_between(base, epoch)
    ),
    "no seam": (Tablet, "seams", property(lambda _tablet: [])),
    "appended rows are lost": (compaction, "_append", lambda *_: None),
}  # fmt: skip
SCRIPT = [
    ("write", "a", "rows_delete_clustered", 21, 5), ("major",), ("write", "a", "rows_append", 7, 1), ("major",),
    ("drop", "a"), ("create", "a", [30, 9], 700_000.0), ("major",), ("write", "a", "random", 3, 2), ("major",),
]  # fmt: skip


def test_script_holds():
    play(SCRIPT)


@pytest.mark.parametrize("defect", DEFECTS)
def test_defects_are_found(defect, monkeypatch):
    monkeypatch.setattr(*DEFECTS[defect])
    with pytest.raises((AssertionError, KeyError)):
        play(SCRIPT)
