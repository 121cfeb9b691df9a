"""Names in the place of passwords and keys."""

import errno
import os

import pytest

from obsim.api import open_kept
from obsim.errors import UsageError
from obsim.journal.directory import DataDirectory
from obsim.journal.secrets import SecretMissing, Secrets, append_secrets, read_secrets


def test_names_take_their_places_and_come_back():
    secrets = Secrets()
    text = "ALTER SYSTEM SET x = 's3://b?host=h&access_id=me&access_key=k1' COMMENT 'k1'"
    told = secrets.conceal(text)
    assert told == {
        "text": "ALTER SYSTEM SET x = 's3://b?host=h&access_id=***key-1***&access_key=***key-2***' COMMENT 'k1'",
        "fence": "***",
    }
    assert secrets.reveal(told) == text
    assert secrets.conceal("CREATE USER u IDENTIFIED BY 'k1'")["text"] == "CREATE USER u IDENTIFIED BY '***key-2***'"
    assert secrets.fresh == [("key-1", "me"), ("key-2", "k1")]


def test_a_text_without_secrets_is_itself():
    assert Secrets().conceal("ALTER SYSTEM BACKUP DATABASE") == "ALTER SYSTEM BACKUP DATABASE"


def test_names_that_a_client_writes_mean_nothing():
    secrets = Secrets({"key-1": "s3cret"})
    text = "ALTER SYSTEM BACKUP DATABASE DESCRIPTION '***key-1***' PASSWORD 'x'"
    told = secrets.conceal(text)
    assert told["fence"] == "****"
    assert secrets.reveal(told) == text


def test_a_name_without_a_value():
    with pytest.raises(SecretMissing, match="the value of key-7 is needed"):
        Secrets().reveal({"text": "***key-7***", "fence": "***"})


def test_the_file_is_the_owners_alone_and_may_be_cut_off(tmp_path):
    path = tmp_path / "secrets"
    secrets = Secrets()
    first = secrets.name_of("a'b", "password")
    append_secrets(path, secrets.take_fresh())
    second = secrets.name_of("\u00fc", "key")
    append_secrets(path, secrets.take_fresh())
    append_secrets(path, secrets.take_fresh())
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(path.read_text().splitlines()) == 2
    assert read_secrets(path).value_of(first) == "a'b"
    path.write_bytes(path.read_bytes()[:-2])
    assert read_secrets(path).value_of(first) == "a'b"
    with pytest.raises(SecretMissing):
        read_secrets(path).value_of(second)
    path.write_text("what\n" + path.read_text())
    with pytest.raises(UsageError, match="secrets:1: a secret is a line"):
        read_secrets(path)


def test_a_link_in_the_place_of_the_file_is_refused(tmp_path):
    (tmp_path / "elsewhere").write_text("")
    (tmp_path / "secrets").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="secrets") as refused:
        append_secrets(tmp_path / "secrets", [("key-1", "x")])
    assert refused.value.errno == errno.ELOOP
    assert (tmp_path / "elsewhere").read_text() == ""


def test_what_is_no_plain_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "secrets")
    with pytest.raises(OSError, match="no plain file"):
        append_secrets(tmp_path / "secrets", [("key-1", "x")])


def test_files_that_others_may_read_are_the_owners_alone_from_then_on(tmp_path):
    directory = DataDirectory(tmp_path)
    for name in ("secrets", "lock", "journal.db"):
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(0o644)
    append_secrets(directory.secrets, [("key-1", "x")])
    directory.take()
    directory.touch()
    directory.release()
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


@pytest.mark.parametrize("name", ["lock", "journal.db"])
def test_a_directory_with_a_link_in_it_is_not_used(tmp_path, name):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match=f"cannot use the data directory {tmp_path / 'd'}"):
        open_kept(tmp_path / "d", clock="manual")
    assert not (tmp_path / "elsewhere").exists()
