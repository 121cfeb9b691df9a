"""Where the blocks of a set lie, against a naive reading of what its jobs copied (engine.md 2.1, 2.6: 8 to 13)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obsim.backup.content import Location, pack, unpack
from obsim.backup.files import BLOCK_BYTES, FileCut, blocks_in_file
from obsim.backup.index import locations, stored_counts
from obsim.versions import IncrementalBase

from .conftest import Bench

COUNTS = st.integers(0, 400)


def naive_sizes(block_count: int, task_count: int, blocks_max: int) -> list[int]:
    """Deal blocks out one by one; where a share would not fit into a file, fill file after file."""
    if not block_count:
        return []
    shares = [0] * min(max(1, task_count), block_count)
    for number in range(block_count):
        shares[number % len(shares)] += 1
    if max(shares) <= blocks_max:
        return sorted(shares, reverse=True)
    files = [0]
    for _ in range(block_count):
        if files[-1] == blocks_max:
            files.append(0)
        files[-1] += 1
    return files


@settings(deadline=None)
@given(COUNTS, st.integers(0, 130), st.integers(1, 300), st.data())
def test_a_cut_is_what_dealing_out_gives(block_count, task_count, blocks_max, data):
    cut = FileCut.of(block_count, task_count, blocks_max)
    sizes = naive_sizes(block_count, task_count, blocks_max)
    assert [cut.size(n) for n in range(cut.file_count)] == cut.sizes() == sizes
    in_file = [n for n, size in enumerate(sizes) for _ in range(size)]
    assert [cut.file_of(number) for number in range(block_count)] == in_file
    file_count = data.draw(st.integers(0, cut.file_count))
    first = cut.first_files(file_count)
    assert [first.size(n) for n in range(first.file_count)] == sizes[:file_count]
    assert [first.file_of(n) for n in range(first.block_count)] == in_file[: first.block_count]


def test_how_many_blocks_a_file_holds():
    assert [blocks_in_file(mib << 20) for mib in (1, 512, 1024, 4096)] == [1, 260, 520, 2080]
    assert blocks_in_file(512 << 20) * BLOCK_BYTES + 4096 <= 512 << 20


PLACES = st.builds(
    Location, st.integers(1, (1 << 24) - 1), st.integers(0, (1 << 63) - 1), st.integers(1, 1023), st.integers(0, 1023),
    st.integers(0, (1 << 22) - 1), st.integers(0, (1 << 26) - 1).map(lambda n: n * 4096),
    st.integers(1, (1 << 14) - 1).map(lambda n: n * 4096),
)  # fmt: skip


@given(PLACES)
def test_a_place_fits_into_three_words(place):
    words = pack(place)
    assert unpack(words) == place
    assert all(0 <= word < 1 << 64 for word in words)


def test_the_words_are_laid_out_as_the_engine_lays_them_out():
    """The log stream; type 0, turn, retry, file; set, offset and length in aligned units (engine.md 2.1)."""
    words = pack(Location(5, 1001, 2, 3, 4, 6 * 4096, 7 * 4096))
    assert words == (1001, 2 << 12 | 3 << 22 | 4 << 32, 5 | 6 << 24 | 7 << 50)


@pytest.mark.parametrize(
    "wrong", [{"turn_id": 1024}, {"retry_id": 1024}, {"backup_set_id": 1 << 24}, {"offset": 100}, {"length": 1 << 26}]
)
def test_what_does_not_fit_is_refused(wrong):
    fields = {
        "backup_set_id": 1, "log_stream_id": 1001, "turn_id": 1, "retry_id": 0, "file_id": 0, "offset": 4096,
        "length": BLOCK_BYTES,
    }  # fmt: skip
    with pytest.raises(ValueError, match="Location"):
        pack(Location(**fields | wrong))


class Naive:
    """Sets of identities: what each set copied, and what could be looked up through it."""

    def __init__(self, rule: IncrementalBase) -> None:
        self.rule = rule
        self.copied: dict[int, set] = {}
        self.live: dict[int, set] = {}
        self.index: dict[int, dict] = {}

    def backed_up(self, number: int, base: int, live: set) -> None:
        known = self.index.get(base, {})
        self.live[number] = live
        self.copied[number] = live - set(known)
        self.index[number] = known | dict.fromkeys(self.copied[number], number)


KINDS = st.sampled_from(["random", "clustered", "append"])
ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.sampled_from(["t1", "t2"]), st.integers(0, 40), KINDS),
        st.just(("freeze",)), st.just(("minor",)), st.just(("full",)), st.just(("inc",)), st.just(("fail",)),
        st.tuples(st.just("score"), st.integers(0, 12)), st.tuples(st.just("size"), st.sampled_from(["512M", "4G"])),
    ),
    max_size=14,
)  # fmt: skip


def act(bench: Bench, action) -> None:
    name, *rest = action
    if name == "write":
        table, count, kind = rest
        bench.tenant().storage.write(table, count, kind, seed=3)
    elif name == "freeze":
        bench.major_freeze()
    elif name == "minor":
        bench.tenant().storage.minor_freeze(bench.state.now_ns, 2)
    elif name == "score":
        assert bench.set("ha_low_thread_score", rest[0], "mysql_tenant") == ""
    elif name == "size":
        assert bench.set("backup_data_file_size", rest[0]) == ""
    elif name == "fail":
        left = iter([-4012, -4012])
        bench.state.backup_outcomes.decide = (
            lambda _job, stage, ls, *_: next(left, None) if stage == "BACKUP_DATA_MAJOR" and ls else None
        )


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(IncrementalBase), ACTIONS)
def test_every_described_block_has_one_place(rule, actions):
    bench = Bench(base=rule)
    naive = Naive(rule)
    storage = bench.tenant().storage
    for action in [*actions, ("inc",), ("inc",)]:
        if action[0] not in {"full", "inc"}:
            act(bench, action)
            continue
        found = bench.full_cycle(incremental=action[0] == "inc")
        sets = bench.tenant().backup.sets
        live = storage.identities(storage.blocks.live, storage.blocks.epoch)
        naive.backed_up(found.backup_set_id, found.base_id, set(live.values()))
        names = storage.identities(found.content.live, found.epoch)
        places = locations(sets, found)
        number = found.backup_set_id
        assert set(names.values()) == naive.live[number]
        assert {names[p] for p in found.copied} == naive.copied[number]
        assert {names[p]: place.backup_set_id for p, place in places.items()} == {
            block: naive.index[number][block] for block in naive.live[number]
        }
        assert len(set(places.values())) == len(places)
        counts = stored_counts(sets, found)
        assert counts == {s: n for s in sets if (n := sum(place.backup_set_id == s for place in places.values()))}
        ends = {}
        for place in sorted(places.values()):
            file = (place.backup_set_id, place.log_stream_id, place.turn_id, place.retry_id, place.file_id)
            assert ends.get(file, 4096) <= place.offset
            ends[file] = place.offset + place.length
            assert ends[file] <= 4 << 30
        assert [unpack(pack(place)) for place in places.values()] == list(places.values())
        own = [f for f in found.content.files if f.data_type == "major"]
        assert sum(f.cut.block_count for f in own) == len(found.copied)
        minor = [f for f in found.content.files if f.data_type == "minor"]
        assert sum(f.cut.block_count for f in minor) == found.delta_block_count
