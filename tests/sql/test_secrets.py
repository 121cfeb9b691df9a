"""A password never appears in what is raised, logged or represented, whatever became of the statement around it."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
import sqlglot
from sqlglot.errors import SqlglotError

from obsim.errors import ServerError
from obsim.sql.reader import is_own_statement, loggable, read_statement
from obsim.sql.tokens import tokenize
from obsim.statements import NotModelledStatement, RefusedStatement, SetDecryption, SetEncryption
from obsim.statements.text import masked, may_hold_secret, secret_places

MARKER = "s3cretMARKER"
HOLDERS = [
    f"SET ENCRYPTION ON IDENTIFIED BY '{MARKER}' ONLY",
    f'SET DECRYPTION IDENTIFIED BY "{MARKER}", \'x{MARKER}\'',
    f"ALTER SYSTEM BACKUP KEY TENANT = t1 TO 'file:///k' ENCRYPTED BY '{MARKER}'",
    f"ALTER SYSTEM RESTORE t FROM 'a' WITH 'p' ENCRYPTED BY '{MARKER}' WITH KEY FROM 'k' ENCRYPTED BY '{MARKER}'",
    f"CREATE USER u IDENTIFIED BY '{MARKER}'",
    f"CREATE USER u IDENTIFIED BY PASSWORD '{MARKER}'",
    f"ALTER USER u IDENTIFIED BY /* why */ '{MARKER}'",
    f"GRANT ALL ON *.* TO u IDENTIFIED BY '{MARKER}'",
    f"SET PASSWORD FOR u = PASSWORD('{MARKER}')",
    f"PREPARE p FROM 'SET ENCRYPTION ON IDENTIFIED BY ''{MARKER}'' ONLY'",
    f'SET @t = "SET PASSWORD = PASSWORD(\'{MARKER}\')"',
    f"SELECT 1; SET ENCRYPTION ON IDENTIFIED BY '{MARKER}' ONLY",
    f"ALTER SYSTEM SET data_backup_dest = 'oss://b/p?host=h&access_id={MARKER}&access_key={MARKER}' TENANT = t1",
    f"ALTER SYSTEM SET log_restore_source = 'SERVICE=h:1 USER=u PASSWORD={MARKER}'",
]
TEXTS_OF_STATEMENTS = [
    f"SET GLOBAL init_connect = 'SET PASSWORD = ''{MARKER}'''",
    f"SET GLOBAL init_connect = 'SET PASSWORD FOR u = \\'{MARKER}\\''",
    f"SET GLOBAL init_connect = 'SET P\\ASSWORD = \"{MARKER}\"'",
    f"SET GLOBAL init_connect = 'SET @kms_encrypt_info = ''{MARKER}'''",
    f"PREPARE p FROM 'SET GLOBAL init_connect = ''SET PASSWORD = ''''{MARKER}'''''''",
    f"PREPARE p FROM \"SET PASSWORD = '{MARKER}'\"",
]


def outcome(work: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """What `work` returns or raises."""
    try:
        return work(*arguments, **options)
    except (ServerError, SqlglotError) as refused:
        return refused


def broken(text: str) -> list[str]:
    """The text itself, cut after each token, without each token, without each end quote, with a bare password."""
    tokens = tokenize(text)
    cuts = [text[: t.end + 1] for t in tokens] + [text[: t.start] + text[t.end + 1 :] for t in tokens]
    ends = [text[: text.index(MARKER) + len(MARKER)], text.replace("'", ""), text + " x", "x " + text, f"({text})"]
    return [text, *cuts, *ends]


@pytest.mark.parametrize("holder", HOLDERS)
def test_no_secret_leaves_the_reader(holder: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for text in broken(holder):
        assert MARKER not in loggable(text), text
        found = outcome(read_statement, text)
        if isinstance(found, ServerError | SetEncryption | SetDecryption | NotModelledStatement | RefusedStatement):
            assert MARKER not in str(found) + repr(found), text
    assert MARKER not in caplog.text


@pytest.mark.parametrize("holder", TEXTS_OF_STATEMENTS)
def test_the_text_of_a_statement_that_takes_a_secret_is_masked_whole(holder: str) -> None:
    for text in (holder, holder[:-1], f"{holder}; SELECT 1", f"x {holder}", f"/*!40101 {holder} */"):
        assert MARKER not in loggable(text), text
        found = outcome(read_statement, text)
        if isinstance(found, ServerError | NotModelledStatement | RefusedStatement):
            assert MARKER not in str(found) + repr(found), text
    assert any(MARKER in holder[begin:end] for begin, end, _ in secret_places(holder))


@pytest.mark.parametrize("holder", HOLDERS[:4])
def test_no_secret_leaves_the_dialect(holder: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for text in broken(holder):
        own = outcome(is_own_statement, text)
        found = outcome(sqlglot.parse_one, text, dialect="oceanbase") if own is True else own
        assert MARKER not in str(found) + repr(found), text
    assert MARKER not in caplog.text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("SELECT 'a'", "SELECT 'a'"),
        ("alter system backup database", "ALTER SYSTEM BACKUP DATABASE"),
        ("set encryption on identified by 'x' only", "SET ENCRYPTION ON IDENTIFIED BY '***' ONLY"),
        ("SET DECRYPTION IDENTIFIED BY 'x', 'y'; SELECT 'a'", "SET DECRYPTION IDENTIFIED BY '***', '***';  SELECT 'a'"),
        ("CREATE USER u IDENTIFIED BY 'x'", "CREATE USER 'u'@'%' IDENTIFIED BY '***'"),
        ("SET @kms_encrypt_info = 'x'", "SET @kms_encrypt_info = '***'"),
        ("SET GLOBAL init_connect = 'SET PASSWORD = ''x'''", "SET GLOBAL init_connect = '***'"),
        ("SET GLOBAL init_connect = 'SET NAMES ''gbk'''", "SET GLOBAL init_connect = 'SET NAMES ''gbk'''"),
        ("FROB 'x' PASSWORD 'y", "FROB 'x' PASSWORD '***'"),
        ("SET DATA_BACKUP_DEST = 's3://b?access_key=k&host=h'", "SET DATA_BACKUP_DEST = 's3://b?access_key=***&host=h'"),
    ],
)
def test_loggable(text: str, shown: str) -> None:
    assert loggable(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "/*!40101 CREATE USER a IDENTIFIED BY 'MARK' nonsense */",
        "NONSENSE /*!40101 IDENTIFIED BY 'MARK' */",
        "SET DECRYPTION IDENTIFIED BY 'MARK' 'MARK' nonsense",
    ],
)
def test_what_stands_in_a_comment_that_runs_is_masked(text: str) -> None:
    assert "MARK" not in loggable(text)
    with pytest.raises(ServerError) as refused:
        read_statement(text + " nonsense")
    assert "MARK" not in refused.value.message


@pytest.mark.parametrize(
    "word", ["by", "BY", "B\\y", "p\\assWord", "pa\u017f\u017fword", "\u212ams_encrypt_info", "session_token"]
)
def test_a_word_that_announces_a_secret_is_seen_however_it_is_written(word: str) -> None:
    assert may_hold_secret(f"x {word} y")


@pytest.mark.parametrize("text", ["", "standby", "a system byte", "pass\u00e9 word", "ALTER SYSTEM SET a = 'b\\\\c'"])
def test_a_text_without_one_is_left_as_it_is(text: str) -> None:
    assert not may_hold_secret(text)
    assert masked(text) == text
