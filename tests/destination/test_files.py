"""Destinations in directories: what leads out of the root is refused, failures have the codes of a backup."""

import errno
import os

import pytest

from obsim.destination.store import StoreFailed
from obsim.destination_io import files
from obsim.destination_io.files import FileRoot


@pytest.fixture
def root(tmp_path):
    (tmp_path / "root").mkdir()
    return FileRoot(tmp_path / "root")


@pytest.fixture
def store(root):
    return root.store(f"{root.directory}/a/b")


def code(call) -> int:
    with pytest.raises(StoreFailed) as failed:
        call()
    return failed.value.code


def test_files_there_and_back(root, store):
    assert store.empty()
    assert store.names("x") == []
    store.write([("x/y/1", b"one"), ("x/2", b"two"), ("3", b"three")])
    assert not store.empty()
    assert (store.names(), store.names("x"), store.names("x/y")) == (["3", "x/"], ["2", "y/"], ["1"])
    assert store.read("x/y/1", 100) == b"one"
    assert store.read("x/y/1", 1) == b"on"
    assert store.read("x/none", 100) is None
    assert list(store.walk("x", 100)) == [("2", b"two"), ("y/1", b"one")]
    assert (root.directory / "a/b/x/y/1").read_bytes() == b"one"
    store.write([("3", b"anew")])
    assert store.read("3", 100) == b"anew"


def test_a_tree_of_any_depth_is_removed_and_nothing_that_its_links_lead_to(root, store, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "kept").write_text("")
    store.write([("d/a", b""), ("kept", b"")])
    here = os.open(root.directory / "a/b/d", os.O_RDONLY)
    for _ in range(1100):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.symlink(tmp_path / "other", "link", dir_fd=here)
    os.mkdir("sibling", dir_fd=here)
    os.close(here)
    store.remove(["d/"])
    assert store.names() == ["kept"]
    assert (tmp_path / "other" / "kept").exists()


def test_what_is_removed(root, store):
    store.write([("x/y/1", b"one"), ("x/2", b"two"), ("3", b"three"), ("4", b"four")])
    store.remove(["x/", "3", "none", "none/"])
    assert store.names() == ["4"]
    store.remove(["/"])
    assert store.empty()
    assert (root.directory / "a/b").is_dir()


def test_a_file_that_was_not_finished_is_none(root, store):
    store.write([("1", b"one")])
    (root.directory / "a/b/2.obsim-part").write_bytes(b"half")
    assert store.names() == ["1"]
    assert list(store.walk("", 100)) == [("1", b"one")]
    store.write([("2", b"two")])
    assert store.names() == ["1", "2"]


def test_what_lies_deeper_than_anything_of_ours_is_not_read(root, store):
    store.write([("x/" + "d/" * 14 + "near", b"near"), ("x/a", b"")])
    (root.directory / "a/b/x" / "/".join("e" * 40)).mkdir(parents=True)
    (root.directory / "a/b/x" / "/".join("e" * 16) / "far").write_bytes(b"far")
    assert list(store.walk("x", 100)) == [("a", b""), ("d/" * 14 + "near", b"near")]


@pytest.mark.parametrize("path", ["/etc/x", "/", "{root}x/a", "{root}/../a", "{root}/a/../../b", "{root}/./a"])
def test_paths_that_are_not_below_the_root(root, path):
    assert code(lambda: root.store(path.format(root=root.directory))) == -9071


@pytest.mark.parametrize("name", ["../x", "a/../../x", "./x"])
def test_names_do_not_go_up(store, name):
    assert code(lambda: store.write([(name, b"")])) == -9071
    assert code(lambda: store.read(name, 1)) == -9071
    assert code(lambda: store.remove([name])) == -9071


def test_links_are_not_followed(tmp_path, root, store):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    (root.directory / "a").symlink_to(outside)
    assert code(lambda: store.write([("x", b"")])) == -9071
    assert code(store.names) == -9071
    (root.directory / "a").unlink()
    store.write([("x", b"")])
    (root.directory / "a/b/leak").symlink_to(outside / "secret")
    (root.directory / "a/b/dir").symlink_to(outside)
    assert code(lambda: store.read("leak", 100)) == -9071
    assert code(lambda: store.read("dir/secret", 100)) == -9071
    assert code(lambda: store.write([("dir/new", b"")])) == -9071
    store.write([("leak", b"over")])
    store.remove(["dir/", "/"])
    assert sorted(p.name for p in outside.iterdir()) == ["secret"]
    assert (outside / "secret").read_bytes() == b"secret"


def test_a_link_put_there_in_between(tmp_path, root, monkeypatch):
    """The directory is swapped for a link after it was opened: what was opened is written to."""
    outside = tmp_path / "outside"
    outside.mkdir()
    store = root.store(f"{root.directory}/a")
    store.write([("d/1", b"")])
    real = os.rename

    def swap(*args, **kwargs):
        monkeypatch.setattr(os, "rename", real)
        (root.directory / "a/d").rename(root.directory / "a/moved")
        (root.directory / "a/d").symlink_to(outside)
        return real(*args, **kwargs)

    monkeypatch.setattr(os, "rename", swap)
    store.write([("d/2", b"two")])
    assert list(outside.iterdir()) == []
    assert (root.directory / "a/moved/2").read_bytes() == b"two"


def test_a_special_file_is_not_read(root, store):
    store.write([("x", b"")])
    os.mkfifo(root.directory / "a/b/pipe")
    assert code(lambda: store.read("pipe", 100)) == -9071


def test_a_root_that_is_gone_cannot_be_reached(root, store):
    store.write([("x", b"")])
    store.remove(["/"])
    (root.directory / "a/b").rmdir()
    (root.directory / "a").rmdir()
    root.directory.rmdir()
    assert code(lambda: store.write([("x", b"")])) == -9070
    assert code(lambda: store.read("x", 100)) == -9070
    assert code(store.empty) == -9070
    assert code(lambda: store.remove(["x"])) == -9070


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.EACCES, -9071), (errno.EROFS, -9071), (errno.ENOSPC, -9082), (errno.EDQUOT, -9082),
        (errno.EIO, -9070), (errno.ESTALE, -9070), (errno.ETIMEDOUT, -9070),
    ],
)  # fmt: skip
def test_what_the_system_says_as_a_code(store, monkeypatch, number, expected):
    def refuse(*_args, **_kwargs):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(files.os, "rename", refuse)
    assert code(lambda: store.write([("x", b"")])) == expected


def test_a_root_that_is_none(tmp_path):
    assert code(lambda: FileRoot(tmp_path / "none")) == -9070
    (tmp_path / "file").write_bytes(b"")
    assert code(lambda: FileRoot(tmp_path / "file")) == -9071
