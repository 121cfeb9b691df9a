"""URIs of destinations and their options (statements.md, Destinations; ob_storage_info.cpp)."""

import pytest

from obsim.destination import BackupUri, parse_uri
from obsim.destination.uri import path_of_shown
from obsim.errors import ServerError

KEYS = "host=h.example&access_id=me&access_key=topsecret"


def refusal(text: str) -> int:
    with pytest.raises(ServerError) as refused:
        parse_uri(text)
    return refused.value.errno


def test_a_file_has_a_path_and_no_options():
    uri = parse_uri("file:///data/nfs/")
    assert (uri.scheme, uri.root, uri.location, uri.path, uri.shown) == (
        "file", "file:///data/nfs", "/data/nfs", "file:///data/nfs", "file:///data/nfs"
    )  # fmt: skip


def test_options_in_the_order_given_without_the_key_where_they_are_shown():
    uri = parse_uri(f"s3://bucket/a/b?{KEYS}&s3_region=eu-1&delete_mode=tagging&checksum_type=crc32")
    assert uri.path == "s3://bucket/a/b?host=h.example"
    assert uri.shown == (
        "s3://bucket/a/b?host=h.example&access_id=me&s3_region=eu-1&delete_mode=tagging&checksum_type=crc32"
    )
    assert (uri.location, uri.option("access_key"), uri.option("nothing")) == ("bucket/a/b", "topsecret", "")


def test_no_key_in_what_python_prints():
    assert "topsecret" not in repr(parse_uri(f"oss://bucket/a?{KEYS}"))


@pytest.mark.parametrize(
    ("text", "errno"),
    [
        ("", 9026),
        ("/data", 9026),
        ("ftp://host/a", 9026),
        ("file:// /a", 9026),
        ("file:///a\0b", 9026),
        ("s3://bucket/a", 9026),
        ("s3://bucket/a?host=h&access_id=i", 9026),
        ("s3://bucket/a?host=h&access_id=&access_key=k", 9026),
        ("oss://bucket/a?access_id=i&access_key=k", 9026),
        (f"cos://bucket/a?{KEYS}", 9026),
        ("file:///a?host=h", 9026),
        ("file:///a?access_key=k", 9026),
        ("file:///a?delete_mode=delete", 9026),
        (f"s3://bucket/a?{KEYS}&x={'y' * 1536}", 9026),
        (f"s3://bucket/a?{KEYS}&delete_mode=burn", 1210),
        (f"s3://bucket/a?{KEYS}&checksum_type=sha1", 1210),
        (f"s3://bucket/a?{KEYS}&checksum_type=no_checksum", 9113),
        (f"oss://bucket/a?{KEYS}&checksum_type=crc32", 9113),
        (f"cos://bucket/a?{KEYS}&appid=1&checksum_type=crc32", 9113),
    ],
)
def test_what_is_no_destination(text, errno):
    assert refusal(text) == errno


@pytest.mark.parametrize(
    "text",
    [
        f"cos://bucket/a?{KEYS}&appid=1",
        f"oss://bucket/a?{KEYS}&checksum_type=no_checksum",
        f"s3://bucket/a?{KEYS}&checksum_type=md5",
        f"obs://bucket/a?{KEYS}",
        f"s3://bucket/a?{KEYS}&something_new=1",
    ],
)
def test_what_is_one(text):
    assert isinstance(parse_uri(text), BackupUri)


@pytest.mark.parametrize(
    "text",
    [
        f"cos://bucket/a?{KEYS}&appid=1", f"s3://bucket/a?{KEYS}&checksum_type=md5", f"s3://bucket/a?{KEYS}&host=other",
        "file:///a/b?host_like=1", "file:///a",
    ],
)
def test_what_is_shown_says_where_it_is(text):
    uri = parse_uri(text)
    assert path_of_shown(uri.shown) == uri.path
