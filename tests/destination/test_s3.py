"""Destinations in an object store: an S3 server of moto's on this machine, and servers that lead astray."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
import urllib3
from moto.server import ThreadedMotoServer

from obsim import Cluster, ServerError
from obsim.destination import parse_uri
from obsim.destination.store import StoreFailed
from obsim.destination_io import s3
from obsim.destination_io.s3 import S3Endpoints
from obsim.errors import UsageError
from obsim.inspection import inspect_destinations
from tests.destination.test_restoring import NEW_POOL, blocks


@pytest.fixture(scope="module")
def endpoint():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint, request):
    """A bucket of its own."""
    name = f"bucket-{abs(hash(request.node.name))}"
    assert urllib3.request("PUT", f"{endpoint}/{name}").status == 200
    return name


def uri(endpoint, bucket, path="a/b", more=""):
    host = endpoint.removeprefix("http://")
    return f"s3://{bucket}/{path}?host={host}&access_id=me&access_key=topsecret{more}"


def code(call) -> int:
    with pytest.raises(StoreFailed) as failed:
        call()
    assert "topsecret" not in str(failed.value)
    return failed.value.code


@pytest.mark.parametrize("more", ["", "&checksum_type=crc32&s3_region=eu-west-1"])
def test_objects_there_and_back(endpoint, bucket, more):
    store = S3Endpoints([endpoint]).store(parse_uri(uri(endpoint, bucket, more=more)))
    assert store.empty()
    store.write([("x/y z/1", b"one"), ("x/2", b"two"), ("3", b"three")])
    beside = S3Endpoints([endpoint]).store(parse_uri(uri(endpoint, bucket, "a/beside")))
    beside.write([("4", b"")])
    assert (store.empty(), store.names(), store.names("x")) == (False, ["3", "x/"], ["2", "y z/"])
    assert (store.read("x/y z/1", 100), store.read("3", 1), store.read("none", 100)) == (b"one", b"th", None)
    assert list(store.walk("x", 100)) == [("2", b"two"), ("y z/1", b"one")]
    store.remove(["x/", "none"])
    assert store.names() == ["3"]
    store.remove(["/"])
    assert (store.empty(), beside.names()) == (True, ["4"])


def test_more_objects_than_a_page_has(endpoint, bucket, monkeypatch):
    monkeypatch.setattr(s3, "PAGE_KEYS", 3)
    store = S3Endpoints([endpoint]).store(parse_uri(uri(endpoint, bucket)))
    store.write([(f"d/{n}", b"") for n in range(8)])
    assert store.names("d") == list("01234567")


def test_keys_of_others_are_taken_as_they_stand(endpoint, bucket):
    """A key may have empty parts: it is another object than the one without them."""
    store = S3Endpoints([endpoint]).store(parse_uri(uri(endpoint, bucket)))
    store.write([("d/x", b"ours")])
    for key, data in (("a/b/d//x", b"theirs"), ("a/b/d/y/", b"marker")):
        store._ask("PUT", key, body=data)
    assert list(store.walk("d", 100)) == [("/x", b"theirs"), ("x", b"ours"), ("y/", b"marker")]
    store._ask("PUT", "a/b/d/z", body=b"more")
    store.remove(["d/x"])
    assert [name for name, _ in store.walk("d", 100)] == ["/x", "y/", "z"]
    store.remove(["d/"])
    assert store.empty()


def test_with_tagging_objects_stay_and_carry_a_tag(endpoint, bucket):
    store = S3Endpoints([endpoint]).store(parse_uri(uri(endpoint, bucket, more="&delete_mode=tagging")))
    store.write([("x", b"one")])
    store.remove(["x"])
    assert store.read("x", 100) == b"one"
    assert store._ask("GET", "a/b/x", {"tagging": ""})[1].count(b"<Key>delete_mode</Key>") == 1


@pytest.mark.parametrize(
    "wrong", ["file:///x", "http://", "http://h/path", "https://user@h", "h:9000", "http://h?x=1"]
)
def test_what_is_no_endpoint(wrong):
    with pytest.raises(UsageError, match="endpoint"):
        S3Endpoints([wrong])


def test_an_endpoint_is_a_scheme_and_a_host():
    both = S3Endpoints(["https://store:9000", "http://Store:9000", "http://other"])

    def base(host):
        return both.base_of(parse_uri(f"s3://b/a?host={host}&access_id=i&access_key=k"))

    assert (base("http://store:9000"), base("HTTPS://STORE:9000/")) == ("http://Store:9000", "https://store:9000")
    assert base("store:9000") == "https://store:9000"
    assert (base("https://other"), base("other"), base("store")) == (None, "http://other", None)


def test_what_may_not_be_reached(endpoint, bucket):
    reach = S3Endpoints([endpoint])
    assert code(lambda: reach.store(parse_uri("s3://b/a?host=10.0.0.1&access_id=i&access_key=topsecret"))) == -9070
    scheme = uri(endpoint, bucket).replace("host=", "host=https://")
    assert code(lambda: reach.store(parse_uri(scheme))) == -9070
    assert code(lambda: reach.store(parse_uri(uri(endpoint, "Bad_Name")))) == -9071
    assert code(lambda: reach.store(parse_uri(uri(endpoint, bucket, "../other")))) == -9071
    assert code(lambda: reach.store(parse_uri(uri(endpoint, bucket))).read("../x", 1)) == -9071
    assert code(lambda: reach.store(parse_uri(uri(endpoint, "no-such-bucket"))).names()) == -9070
    assert code(lambda: reach.store(parse_uri(uri(endpoint, "no-such-bucket"))).write([("x", b"")])) == -9070
    nobody = S3Endpoints(["http://127.0.0.1:1"])
    assert code(lambda: nobody.store(parse_uri(uri("http://127.0.0.1:1", bucket))).names()) == -9070


@pytest.fixture
def answering():
    """Servers that answer everything with a status and a body; they note what they are asked."""
    started = []

    def start(status: int, body: bytes = b"", headers: dict[str, str] | None = None):
        asked = []

        class Answer(BaseHTTPRequestHandler):
            def answer(self):
                asked.append((self.path, dict(self.headers)))
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_args):
                pass

        for method in ("GET", "PUT", "DELETE"):
            setattr(Answer, f"do_{method}", Answer.answer)
        server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        started.append(server)
        return f"http://127.0.0.1:{server.server_port}", asked

    yield start
    for server in started:
        server.shutdown()
        server.server_close()


@pytest.fixture
def keeping():
    """A server that keeps connections: the body of every answer, and by which connection it was asked."""
    taken = []

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        body = b""

        def do_GET(self):
            taken.append(self.client_address)
            self.send_response(200)
            self.send_header("Content-Length", str(len(self.body)))
            self.end_headers()
            self.wfile.write(self.body)

        def log_message(self, *_args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.daemon_threads = True
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", Answer, taken
    server.shutdown()
    server.server_close()


def test_a_connection_with_an_answer_half_read_is_not_used_again(keeping):
    url, answer, taken = keeping
    store = S3Endpoints([url]).store(parse_uri(uri(url, "bucket")))
    answer.body = b"0123456789"
    assert [store.read("x", 10) for _ in range(2)] == [b"0123456789"] * 2
    assert (len(taken), len(set(taken))) == (2, 1)
    answer.body = b"<Error/>" * 90  # all of it comes at once, so that nothing is left to be seen at the socket
    assert store.read("x", 3) == b"<Err"
    answer.body = b"short"
    assert store.read("x", 10) == b"short"
    assert (len(taken), len(set(taken))) == (4, 2)


def page(keys: str, token: str) -> bytes:
    found = "".join(f"<Contents><Key>{key}</Key></Contents>" for key in keys)
    more = f"<NextContinuationToken>{token}</NextContinuationToken>" if token else ""
    return f'<ListBucketResult xmlns="{s3._SPACE[1:-1]}">{found}{more}</ListBucketResult>'.encode()


def test_a_listing_without_end_is_a_failure(keeping, monkeypatch):
    monkeypatch.setattr(s3, "_PAGES_MAX", 3)
    url, answer, _ = keeping
    store = S3Endpoints([url]).store(parse_uri(uri(url, "bucket", "")))
    answer.body = page("xy", "again")
    assert code(store.names) == code(lambda: list(store.walk("", 9))) == code(lambda: store.remove(["/"])) == -9070
    assert not store.empty()
    answer.body = page("", "again")
    assert code(store.empty) == -9070
    answer.body = page("xy", "")
    assert store.names() == ["x", "y"]


def test_keys_that_go_up_are_nobody_s(keeping):
    url, answer, _ = keeping
    store = S3Endpoints([url]).store(parse_uri(uri(url, "bucket", "")))
    answer.body = page(["../x", "a/./y", "a/..", "..z"], "")
    assert [name for name, _ in store.walk("", 999)] == ["..z"]
    assert not store.empty()


def xml(word: str) -> bytes:
    return f"<Error><Code>{word}</Code></Error>".encode()


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (403, xml("AccessDenied"), -9071), (403, xml("SignatureDoesNotMatch"), -9071), (401, b"", -9071),
        (507, b"", -9082), (403, xml("QuotaExceeded"), -9082), (500, b"", -9070), (503, xml("SlowDown"), -9070),
        (404, xml("NoSuchBucket"), -9070), (200, b"no listing", -9070),
        (200, b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', -9070),
        (200, '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'.encode("utf-16"), -9070),
        (200, b"<x>" + b" " * (5 << 20), -9070),
    ],
)  # fmt: skip
def test_answers_of_a_server_as_codes(answering, status, body, expected):
    url, _ = answering(status, body)
    store = S3Endpoints([url]).store(parse_uri(uri(url, "bucket")))
    assert code(store.names) == expected


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_redirect_is_followed(answering, status):
    elsewhere, asked = answering(200, b"<ListBucketResult/>")
    url, _ = answering(status, headers={"Location": f"{elsewhere}/bucket", "x-amz-bucket-region": "eu-west-1"})
    store = S3Endpoints([url]).store(parse_uri(uri(url, "bucket")))
    assert code(store.names) == -9070
    assert code(lambda: store.read("x", 1)) == -9070
    assert code(lambda: store.write([("x", b"")])) == -9070
    assert asked == []


def test_nothing_of_the_environment_counts(answering, monkeypatch, tmp_path):
    elsewhere, asked = answering(200)
    (tmp_path / "credentials").write_text("[default]\naws_access_key_id=FROMFILE\naws_secret_access_key=x\n")
    for name, value in {
        "AWS_ACCESS_KEY_ID": "FROMENV", "AWS_SECRET_ACCESS_KEY": "x", "AWS_SESSION_TOKEN": "FROMENV",
        "AWS_ENDPOINT_URL": elsewhere, "AWS_SKIP_SIGNATURE": "true", "http_proxy": elsewhere, "HTTP_PROXY": elsewhere,
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"), "AWS_REGION": "mars-1",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    url, wanted = answering(200, b"<ListBucketResult/>")
    S3Endpoints([url]).store(parse_uri(uri(url, "bucket"))).names()
    assert asked == []
    ((_, headers),) = wanted
    assert headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=me/")
    assert "us-east-1/s3" in headers["Authorization"]
    assert "X-Amz-Security-Token" not in headers


def test_the_whole_life_on_an_object_store(endpoint, bucket):
    cluster = Cluster(s3_endpoints=[endpoint])

    def run(text):
        return cluster.execute(text, tenant="mysql_tenant")

    data, arch = uri(endpoint, bucket, "data"), uri(endpoint, bucket, "arch")
    run("ALTER SYSTEM NOARCHIVELOG")
    cluster.advance(seconds=5)
    run(f"ALTER SYSTEM SET data_backup_dest = '{data}'")
    run(f"ALTER SYSTEM SET log_archive_dest = 'LOCATION={arch}'")
    run("ALTER SYSTEM ARCHIVELOG")
    cluster.advance(minutes=5)
    for words in ("", "INCREMENTAL"):
        run(f"ALTER SYSTEM BACKUP {words} DATABASE")
        cluster.run_until_idle()
        cluster.write("mysql_tenant", "t1", 5)
        run("ALTER SYSTEM MAJOR FREEZE")
        cluster.advance(minutes=5)
    report = inspect_destinations([data, arch], [endpoint])
    assert [(row["BACKUP_TYPE"], row["CHAIN"], row["CHECK"]) for row in report.sets] == [
        ("FULL", "whole", "ok"), ("INC", "whole", "ok"),
    ]  # fmt: skip
    assert "topsecret" not in report.as_json() + report.as_tsv()
    then = blocks(cluster.state.tenant_named("mysql_tenant").storage)
    another = Cluster("blank", s3_endpoints=[endpoint])
    unit = another.query("SELECT NAME FROM oceanbase.DBA_OB_UNIT_CONFIGS")[0][0]
    another.execute(NEW_POOL.format(unit=unit))
    another.execute(f"ALTER SYSTEM RESTORE back FROM '{data},{arch}' WITH 'pool_list=pool_back'")
    another.run_until_idle()
    assert blocks(another.state.tenant_named("back").storage) == then
    with pytest.raises(ServerError, match="9070"):
        run("ALTER SYSTEM SET data_backup_dest = 's3://b/a?host=example.invalid&access_id=i&access_key=k'")
