"""A standby that was restored from a medium follows what is archived there later, whoever writes it."""

import pytest
from pyroaring import BitMap64

from obsim import Cluster
from obsim.destination_io.reach import make_reach
from tests.destination.outcomes import GivenBack, Kept
from tests.destination.test_restoring import NEW_POOL, Life
from tests.whole import views

RECOVER = "ALTER SYSTEM RECOVER STANDBY TENANT = back "


def blocks(tenant):
    storage = tenant.storage
    live = storage.blocks.live
    return BitMap64(live), BitMap64(storage.blocks.dirty), storage.identities(live, storage.blocks.epoch)


class Follower:
    """Another obsim, with a clock that stands far behind: it restores to a moment and recovers from there."""

    def __init__(self, life: Life, until: int, performer=None) -> None:
        self.cluster = Cluster("blank", seed=99)
        self.cluster.state.outside.attach(performer or make_reach(life.root))
        unit = self.cluster.query("SELECT NAME FROM oceanbase.DBA_OB_UNIT_CONFIGS")[0][0]
        self.cluster.execute(NEW_POOL.format(unit=unit))
        self.cluster.execute(
            f"ALTER SYSTEM RESTORE back FROM '{','.join(life.uris)}' UNTIL SCN = {until} WITH 'pool_list=pool_back'"
        )
        self.cluster.run_until_idle()

    @property
    def tenant(self):
        return self.cluster.state.tenant_named("back")

    @property
    def sync_scn(self) -> int:
        (row,) = self.cluster.query("SELECT SYNC_SCN FROM oceanbase.DBA_OB_TENANTS WHERE TENANT_NAME = 'back'")
        return row["SYNC_SCN"]


@pytest.fixture
def life(tmp_path):
    life = Life(tmp_path)
    life.backup()
    life.cluster.write("mysql_tenant", "t1", 3)
    life.cluster.advance(minutes=5)
    return life



def checkpoint(life) -> int:
    (row,) = life.run("SELECT CHECKPOINT_SCN FROM oceanbase.DBA_OB_ARCHIVELOG")
    return row["CHECKPOINT_SCN"]


def source_of(life):
    return life.cluster.state.tenant_named("mysql_tenant")


def test_to_a_point_that_was_archived_after_the_restore(life):
    first = checkpoint(life)
    follower = Follower(life, first)
    then = blocks(follower.tenant)
    life.change(5)
    scn, wanted = life.cluster.now_ns, blocks(source_of(life))
    life.cluster.advance(days=1)  # the piece it was restored from ends meanwhile
    life.change(7)
    assert (blocks(follower.tenant), follower.sync_scn) == (then, first)
    follower.cluster.execute(f"{RECOVER} UNTIL SCN = {scn}")
    assert (blocks(follower.tenant), follower.sync_scn) == (wanted, scn)
    follower.cluster.advance(hours=8)
    assert (blocks(follower.tenant), follower.sync_scn) == (wanted, scn)


def test_unlimited_it_goes_on_as_long_as_somebody_archives(life):
    follower = Follower(life, checkpoint(life))
    follower.cluster.execute(f"{RECOVER} UNTIL UNLIMITED")
    for count in (5, 7, 9):
        life.change(count)
        follower.cluster.advance(hours=1)
        assert (blocks(follower.tenant), follower.sync_scn) == (blocks(source_of(life)), checkpoint(life))
    reached = follower.sync_scn
    life.run("ALTER SYSTEM NOARCHIVELOG")
    life.cluster.advance(seconds=5)
    life.run("ALTER SYSTEM ARCHIVELOG")
    life.change(5)
    follower.cluster.advance(hours=1)
    assert reached <= follower.sync_scn < life.cluster.state.tenant_named("mysql_tenant").archive.round.start_scn


def test_accounts_that_come_later(life):
    follower = Follower(life, checkpoint(life))
    life.run("CREATE USER reader@'10.%' IDENTIFIED BY 'secret'")
    life.cluster.advance(minutes=5)
    follower.cluster.execute(f"{RECOVER} UNTIL UNLIMITED")
    assert follower.tenant.users == source_of(life).users


def test_where_nobody_answers_it_stands_still_and_tries_again(life):
    follower = Follower(life, checkpoint(life))
    first = follower.sync_scn
    life.change(5)
    (life.root / "arch").rename(life.root / "elsewhere")
    follower.cluster.execute(f"{RECOVER} UNTIL UNLIMITED")
    follower.cluster.advance(minutes=1)
    assert follower.sync_scn == first
    (life.root / "elsewhere").rename(life.root / "arch")
    follower.cluster.advance(minutes=2)
    assert (blocks(follower.tenant), follower.sync_scn) == (blocks(source_of(life)), checkpoint(life))


def test_a_piece_that_cannot_be_read_ends_the_way(life):
    follower = Follower(life, checkpoint(life))
    first, then = follower.sync_scn, blocks(follower.tenant)
    life.change(5)
    (path,) = (life.root / "arch").glob("piece_*/logstream_1001/log/1.obarc")
    path.write_bytes(path.read_bytes()[:-1])
    follower.cluster.execute(f"{RECOVER} UNTIL UNLIMITED")
    follower.cluster.advance(minutes=5)
    assert (blocks(follower.tenant), follower.sync_scn) == (then, first)


def test_activated_it_reads_no_more(life):
    follower = Follower(life, checkpoint(life))
    follower.cluster.execute(f"{RECOVER} UNTIL UNLIMITED")
    follower.cluster.execute("ALTER SYSTEM ACTIVATE STANDBY TENANT = back")
    then = blocks(follower.tenant)
    life.change(5)
    follower.cluster.advance(minutes=30)
    assert blocks(follower.tenant) == then
    follower.cluster.write("back", "t1", 2)
    assert blocks(follower.tenant) != then


def test_log_restore_source_may_be_a_medium(life):
    """A standby that was left alone is told where the log lies now."""
    follower = Follower(life, checkpoint(life))
    follower.cluster.execute("ALTER SYSTEM SET log_restore_source = '' TENANT = back")
    follower.cluster.execute(f"{RECOVER} UNTIL UNLIMITED")
    life.change(5)
    follower.cluster.advance(minutes=5)
    assert blocks(follower.tenant) != blocks(source_of(life))
    follower.cluster.execute(f"ALTER SYSTEM SET log_restore_source = 'LOCATION={life.uris[1]}' TENANT = back")
    assert blocks(follower.tenant) == blocks(source_of(life))
    assert follower.cluster.execute("ALTER SYSTEM SWITCHOVER TO PRIMARY TENANT = back VERIFY") == []


def test_pieces_that_it_has_passed_are_not_read_again(life):
    life.cluster.advance(days=2)
    kept = Kept(make_reach(life.root))
    follower = Follower(life, checkpoint(life), kept)
    life.change(5)
    follower.cluster.execute(f"{RECOVER} UNTIL UNLIMITED")
    assert (blocks(follower.tenant), follower.sync_scn) == (blocks(source_of(life)), checkpoint(life))
    read = {name.partition("/")[0] for intent, _, _, files in kept.outcomes if intent == "ReadLog" for name, _ in files}
    assert read == {"piece_d1004r2p4"}


def test_what_was_read_is_replayed_without_the_medium(life):
    until = checkpoint(life)

    def lived(performer):
        follower = Follower(life, until, performer)
        follower.cluster.execute(f"{RECOVER} UNTIL UNLIMITED")
        follower.cluster.advance(minutes=10)
        return follower

    kept = Kept(make_reach(life.root))
    first = lived(kept)
    life.change(5)
    second = lived(GivenBack(kept.outcomes))
    assert views(second.cluster) == views(first.cluster)
    assert {name for name, *_ in kept.outcomes} == {"ReadDestination", "ReadLog"}
    looks = [name for name, *_ in kept.outcomes].count("ReadLog")
    assert looks == 6, "at once, and where there is nothing new 10, 20, 40, 80, 160 seconds after that"
