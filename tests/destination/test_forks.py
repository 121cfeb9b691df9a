"""A fork writes nothing where the cluster writes that it was made of."""

from hypothesis import given, settings
from hypothesis import strategies as st

import obsim
from obsim.destination.store import MemoryStore
from obsim.destination_io.files import FileRoot
from obsim.destination_io.overlay import Changes, OverlaidStore
from tests.lives import back_up_and_follow, running

BYTES_MAX = 100
NAMES = ["a", "b", "d/a", "d/b", "d/e/a", "e/a"]
REMOVED = [*NAMES, "d/", "d/e/", "e/", "/"]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.lists(st.tuples(st.sampled_from(NAMES), st.binary(max_size=3)), max_size=3)),
        st.tuples(st.just("remove"), st.lists(st.sampled_from(REMOVED), max_size=2)),
    ),
    max_size=6,
)


def tree(root):
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


BEFORE = st.dictionaries(st.sampled_from(NAMES), st.binary(max_size=3))


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(before=BEFORE, steps=STEPS, root=st.sampled_from(["r/", "r/s/"]))
def test_it_reads_as_if_it_had_written(before, steps, root):
    below, changes = MemoryStore(dict(before)), Changes()
    store, model = OverlaidStore(below, root, changes), MemoryStore(dict(before))
    for step, what in steps:
        getattr(store, step)(what)
        getattr(model, step)(what)
        changes = changes.copy()
        store = OverlaidStore(below, root, changes)
    assert below.files == before
    for name in NAMES:
        assert store.read(name, BYTES_MAX) == model.read(name, BYTES_MAX)
        assert store.read(name, 1) == model.read(name, 1)
    for directory in ("d", "d/e", "e"):
        assert sorted(store.walk(directory, BYTES_MAX)) == sorted(model.walk(directory, BYTES_MAX))
    for directory in ("", "d", "d/e", "e"):
        found, right = set(store.names(directory)), set(model.names(directory))
        assert found >= right
        assert all(name.endswith("/") for name in found - right)  # a directory may be left without files


def test_directories_that_go_as_a_whole_are_listed_no_more(tmp_path):
    below = FileRoot(tmp_path).store(str(tmp_path / "x"))
    below.write([("d/a", b""), ("e/a", b"")])
    store = OverlaidStore(below, "file/x/", Changes())
    store.remove(["d/"])
    assert (store.names(), store.empty()) == (["e/"], False)
    store.remove(["/"])
    assert (store.names(), store.empty()) == ([], True)
    store.write([("d/b", b"1")])
    assert (store.names(), store.names("d")) == (["d/"], ["b"])
    assert sorted(tree(tmp_path)) == ["x/d/a", "x/e/a"]


def begun(tmp_path):
    cluster = obsim.Cluster(seed=5, file_root=tmp_path, record=True)
    run = running(cluster)
    run("ALTER SYSTEM NOARCHIVELOG")
    run(f"ALTER SYSTEM SET data_backup_dest = 'file://{tmp_path}/data'")
    run(f"ALTER SYSTEM SET log_archive_dest = 'LOCATION=file://{tmp_path}/arch'")
    run("ALTER SYSTEM BACKUP DATABASE", "oracle_tenant")
    return cluster


def test_a_whole_life_of_a_fork_leaves_the_places_alone_and_is_that_of_the_cluster(tmp_path):
    cluster = begun(tmp_path)
    fork, before = cluster.fork(), tree(tmp_path)
    for one in (fork, cluster):
        back_up_and_follow(one, tmp_path)
        one.advance(minutes=9)
        if one is fork:
            assert tree(tmp_path) == before
    assert fork.views_bytes() == cluster.views_bytes()
    assert fork.state.tenant_named("back") is not None
    assert len(tree(tmp_path)) > len(before)


def test_forks_of_a_fork_and_a_reset_keep_to_themselves(tmp_path):
    cluster = begun(tmp_path)
    running(cluster)("ALTER SYSTEM ARCHIVELOG")
    cluster.advance(minutes=5)
    first = cluster.fork()
    running(first)("ALTER SYSTEM BACKUP DATABASE")
    second, before = first.fork(), tree(tmp_path)
    running(second)("ALTER SYSTEM BACKUP INCREMENTAL DATABASE")
    written = [one.host.state.outside.performer._changes.written.files for one in (first, second)]
    assert set(written[0]) < set(written[1])
    second.execute(f"CALL obsim.empty_destination('file://{tmp_path}/data')")
    second.reset()
    assert tree(tmp_path) == before
    assert set(written[0]) == set(first.host.state.outside.performer._changes.written.files)
    running(first)("ALTER SYSTEM BACKUP INCREMENTAL DATABASE")  # its base is still there for it
    assert first.query("SELECT STATUS FROM oceanbase.CDB_OB_BACKUP_JOB_HISTORY")[-1][0] == "COMPLETED"
    assert tree(tmp_path) == before


def test_a_fork_of_a_served_cluster_has_hands_of_its_own(tmp_path):
    with obsim.Server(seed=5, file_root=str(tmp_path)) as server:
        for text in ("NOARCHIVELOG", f"SET data_backup_dest = 'file://{tmp_path}/data'"):
            server.cluster.execute(f"ALTER SYSTEM {text}", tenant="mysql_tenant")
            server.cluster.run_until_idle()
        fork, before = server.cluster.fork(), tree(tmp_path)
        performers = [one.state.outside.performer for one in (server.cluster.host, fork.host)]
        assert performers[0] is not performers[1]
        assert performers[1].background
        fork.execute(f"ALTER SYSTEM SET data_backup_dest = 'file://{tmp_path}/fork'", tenant="mysql_tenant")
        assert tree(tmp_path) == before
