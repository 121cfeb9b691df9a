"""The files by which other terminals find a running lab."""

import os
import stat

import pytest

from obsim.errors import UsageError
from obsim.labs.places import RunningLab, forget, read_place, remember, running_names, state_folder

LAB = RunningLab("first-backup", "", 2881, 4711, "en", {"archive": 1})


def test_the_file_is_the_users_alone(tmp_path):
    folder = tmp_path / "state" / "labs"
    old = os.umask(0)
    try:
        remember(folder, LAB)
    finally:
        os.umask(old)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "first-backup.json").stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == ["first-backup.json"]
    assert read_place(folder, "first-backup") == LAB
    assert running_names(folder) == ["first-backup"]


def test_only_the_server_that_wrote_it_forgets_it(tmp_path):
    remember(tmp_path, LAB)
    forget(tmp_path, "first-backup", LAB.process_id + 1)
    assert running_names(tmp_path) == ["first-backup"]
    forget(tmp_path, "first-backup", LAB.process_id)
    forget(tmp_path, "first-backup", LAB.process_id)
    assert running_names(tmp_path) == []
    assert read_place(tmp_path, "first-backup") is None


def test_a_link_is_neither_followed_nor_written_through(tmp_path):
    target = tmp_path / "precious"
    target.write_text("keep", "utf-8")
    folder = tmp_path / "labs"
    folder.mkdir()
    link = folder / "first-backup.json"
    link.symlink_to(target)
    with pytest.raises(UsageError, match="cannot be read"):
        read_place(folder, "first-backup")
    (folder / f".first-backup.{os.getpid()}").symlink_to(target)
    remember(folder, LAB)
    assert target.read_text("utf-8") == "keep"
    assert read_place(folder, "first-backup") == LAB


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{", "\ud800", '{"name": "first-backup"}', "x" * (64 << 10) + "x",
        '{"name":"other","source":"","port":2881,"process_id":1,"language":"en"}',
        '{"name":"first-backup","source":"","port":0,"process_id":1,"language":"en"}',
        '{"name":"first-backup","source":"","port":2881,"process_id":1,"language":"../en"}',
        '{"name":"first-backup","source":"","port":2881,"process_id":1,"language":"en","more":1}',
    ],
)  # fmt: skip
def test_what_no_lab_has_written_is_refused(tmp_path, text):
    (tmp_path / "first-backup.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(UsageError, match=r"first-backup\.json: is no file that a lab .*: remove it"):
        read_place(tmp_path, "first-backup")


def test_a_pipe_does_not_hang_it(tmp_path):
    os.mkfifo(tmp_path / "first-backup.json")
    with pytest.raises(UsageError, match="is no file that a lab of yours has written"):
        read_place(tmp_path, "first-backup")


@pytest.mark.parametrize("name", ["../first-backup", "/etc/passwd", "a/../b", ""])
def test_no_name_leads_out_of_the_folder(tmp_path, name):
    with pytest.raises(UsageError, match="is no name of a lab"):
        read_place(tmp_path, name)


def test_a_folder_that_cannot_be_written_says_what_to_do(tmp_path):
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(UsageError, match=r"cannot be written .*; set XDG_STATE_HOME"):
        remember(tmp_path / "file" / "labs", LAB)


def test_the_folder_is_below_the_state_home():
    assert str(state_folder({"XDG_STATE_HOME": "/state"})) == "/state/obsim/labs"
    assert str(state_folder({"XDG_STATE_HOME": "relative"})).endswith("/.local/state/obsim/labs")
    assert state_folder({}) == state_folder({"XDG_STATE_HOME": ""})
