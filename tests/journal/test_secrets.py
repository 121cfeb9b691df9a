"""Names in the place of passwords and keys."""

import pytest

from obsim.errors import UsageError
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
