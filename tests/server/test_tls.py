"""TLS: with the drivers, with bytes that come early, and with what is no TLS."""

import datetime
import select
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from pathlib import Path

import pymysql
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from mysql import connector

import obsim
from obsim.errors import UsageError
from obsim.server import Limits
from tests.server.conftest import StartFake
from tests.server.stock import StockServer
from tests.server.wire import BASIC, SSL, ServerSaid, Wire

Certificate = tuple[str, str]
TLS_REQUEST_PACKET_BYTES = 36


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A throw-away certificate for 127.0.0.1 and its key."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    cert_file.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return str(cert_file), str(key_file)


class Secured:
    """TLS by hand over a wire, so that its bytes can be sent when a test wants."""

    def __init__(self, wire: Wire, certificate: Certificate) -> None:
        self.wire = wire
        self.inward, self.outward = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = ssl.create_default_context(cafile=certificate[0])
        self.tls = context.wrap_bio(self.inward, self.outward, server_hostname="127.0.0.1")
        with pytest.raises(ssl.SSLWantReadError):
            self.tls.do_handshake()

    def read(self, size: int) -> bytes:
        """The next `size` bytes; the handshake comes first."""
        found = b""
        shaken = False
        while not shaken or len(found) < size:
            try:
                if not shaken:
                    self.tls.do_handshake()
                    shaken = True
                    self.wire.send_raw(self.outward.read())
                if size:
                    found += self.tls.read(size - len(found))
            except ssl.SSLWantReadError:
                data = self.wire.socket.recv(65536)
                if not data:
                    raise ConnectionError("hung up") from None
                self.inward.write(data)
        return found

    def write(self, data: bytes) -> None:
        self.tls.write(data)
        self.wire.send_raw(self.outward.read())


@pytest.fixture(params=["asyncio", "uvloop"])
def tls_port(request: pytest.FixtureRequest, start: StartFake, certificate: Certificate) -> int:
    return start(tls_cert=certificate[0], tls_key=certificate[1], loop=request.param)[1].port


def test_pymysql(tls_port: int, certificate: Certificate) -> None:
    for _ in range(20):
        with (
            pymysql.connect(
                host="127.0.0.1",
                port=tls_port,
                user="pw",
                password="secret",
                ssl={"ca": certificate[0]},
                read_timeout=10,
            ) as connection,
            connection.cursor() as cursor,
        ):
            assert isinstance(vars(connection)["_sock"], ssl.SSLSocket)
            cursor.execute("SELECT user")
            assert cursor.fetchall() == (("pw@sys",),)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_status_names_the_cipher(certificate: Certificate, loop: str) -> None:
    with obsim.Server(tls_cert=certificate[0], tls_key=certificate[1], loop=loop) as server:
        for options in ({"ssl": {"ca": certificate[0]}}, {"ssl_disabled": True}):
            with pymysql.connect(host="127.0.0.1", port=server.port, user="root", **options) as connection:
                socket_of = vars(connection)["_sock"]
                secured = isinstance(socket_of, ssl.SSLSocket)
                expected = (socket_of.cipher()[0], socket_of.version()) if secured else ("", "")
                with connection.cursor() as cursor:
                    cursor.execute("SHOW STATUS LIKE 'Ssl%'")
                    assert cursor.fetchall() == (("Ssl_cipher", expected[0]), ("Ssl_version", expected[1]))
                assert secured == ("ssl" in options)


def test_mysql_connector(tls_port: int, certificate: Certificate) -> None:
    connection = connector.connect(
        host="127.0.0.1",
        port=tls_port,
        user="pw",
        password="secret",
        use_pure=True,
        ssl_ca=certificate[0],
        ssl_verify_cert=True,
    )
    cursor = connection.cursor()
    cursor.execute("SELECT user")
    assert cursor.fetchall() == [("pw@sys",)]
    connection.close()


def test_plain_clients_are_served_as_well(tls_port: int) -> None:
    with Wire(tls_port) as wire:
        assert wire.greeting().capabilities & SSL
        wire.send(wire.response("root", b""))
        wire.answer()
        assert wire.query("SELECT 1").rows == [(b"1",)]
        assert len(wire.query("SELECT repeat 300000").rows[0][0] or b"") == 300_000


@contextmanager
def upgraded_in_one_piece(port: int, certificate: Certificate, timeout_s: float = 10) -> Iterator[Secured]:
    """A connection whose request for TLS and first TLS bytes were sent in one segment, as PyMySQL now and then does."""
    with Wire(port, timeout_s=timeout_s) as wire:
        wire.greeting()
        secured = Secured(wire, certificate)
        request = struct.pack("<IIB23x", BASIC | SSL, 1 << 24, 45)
        wire.send_raw(struct.pack("<I", len(request) | 1 << 24) + request + secured.outward.read())
        secured.read(0)
        yield secured


def test_tls_bytes_right_behind_the_request(tls_port: int, certificate: Certificate) -> None:
    with upgraded_in_one_piece(tls_port, certificate) as secured:
        body = secured.wire.response("root", b"", capabilities=BASIC | SSL)
        secured.write(struct.pack("<I", len(body) | 2 << 24) + body)
        assert secured.read(11) == b"\x07\x00\x00\x03\x00\x00\x00\x02\x00\x00\x00"
        secured.write(b"\x09\x00\x00\x00\x03SELECT 1")
        assert secured.read(5) == b"\x01\x00\x00\x01\x01"


def test_stock_loses_them(certificate: Certificate) -> None:
    with (
        StockServer(*certificate) as stock,
        pytest.raises((TimeoutError, ConnectionError)),
        upgraded_in_one_piece(stock.port, certificate, 1.0),
    ):
        pass


@contextmanager
def joining(port: int, silence_s: float = 10) -> Iterator[int]:
    """A way to a server that holds what a client sends first until more follows: its port.

    A driver sends its request for TLS and, without waiting, the first message of TLS. Whether the server reads them
    together is chance on a real network; here it always does. When both sides are silent, the way is cut.
    """
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(10)

        def relay() -> None:
            server = ("127.0.0.1", port)
            with suppress(OSError), listening.accept()[0] as client, socket.create_connection(server) as far:
                client.sendall(far.recv(65536))
                held = b""
                while len(held) <= TLS_REQUEST_PACKET_BYTES:
                    held += client.recv(65536)
                far.sendall(held)
                other = {client: far, far: client}
                while some := select.select(list(other), [], [], silence_s)[0]:
                    for ready in some:
                        data = ready.recv(65536)
                        if not data:
                            return
                        other[ready].sendall(data)

        thread = threading.Thread(target=relay)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(20)


def pymysql_over_tls(port: int, certificate: Certificate) -> pymysql.Connection:
    return pymysql.connect(
        host="127.0.0.1", port=port, user="pw", password="secret", ssl={"ca": certificate[0]}
    )


def test_pymysql_whose_first_tls_bytes_come_with_the_request(tls_port: int, certificate: Certificate) -> None:
    with joining(tls_port) as port, pymysql_over_tls(port, certificate) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT user")
        assert cursor.fetchall() == (("pw@sys",),)


def test_stock_keeps_pymysql_waiting(certificate: Certificate) -> None:
    """Why PyMySQL over TLS fails with mysql-mimic: what came with the request stays in the buffer of its stream."""
    with (
        StockServer(*certificate) as stock,
        joining(stock.port, silence_s=1) as port,
        pytest.raises(pymysql.OperationalError),
    ):
        pymysql_over_tls(port, certificate)


def test_what_is_no_tls_ends_the_connection(tls_port: int) -> None:
    with Wire(tls_port) as wire:
        wire.greeting()
        request = struct.pack("<IIB23x", BASIC | SSL, 1 << 24, 45)
        wire.send(request)
        wire.send_raw(b"\x00" * 64)
        while True:  # an alert may come first
            try:
                if not wire.socket.recv(1024):
                    break
            except ConnectionError:
                break
    with Wire(tls_port) as wire:
        wire.login()


def test_a_tls_handshake_that_takes_too_long_is_cut(start: StartFake, certificate: Certificate) -> None:
    _, server = start(tls_cert=certificate[0], tls_key=certificate[1], limits=Limits(connect_timeout_s=0.2))
    with Wire(server.port) as wire:
        wire.greeting()
        wire.send(struct.pack("<IIB23x", BASIC | SSL, 1 << 24, 45))
        assert wire.at_end()
    with socket.create_connection(("127.0.0.1", server.port)):
        pass
    with Wire(server.port) as other:
        other.login()
    assert len(server.listener.shared.connections) <= 1


def test_a_second_request_inside_tls_is_a_bad_handshake(tls_port: int, certificate: Certificate) -> None:
    with upgraded_in_one_piece(tls_port, certificate) as secured:
        request = struct.pack("<IIB23x", BASIC | SSL, 1 << 24, 45)
        secured.write(struct.pack("<I", len(request) | 2 << 24) + request)
        assert secured.read(13)[3:] == b"\x03\xff\x13\x04#08S01"


def test_without_a_certificate_tls_is_not_offered(port: int) -> None:
    with Wire(port) as wire:
        assert not wire.greeting().capabilities & SSL
        wire.send(struct.pack("<IIB23x", BASIC | SSL, 1 << 24, 45))
        with pytest.raises(ServerSaid) as caught:
            wire.answer()
        assert caught.value.errno == 1043


def test_certificates_that_cannot_be_used(start: StartFake, certificate: Certificate, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="TLS needs both"):
        start(tls_cert=certificate[0])
    with pytest.raises(UsageError, match="nowhere"):
        start(tls_cert="nowhere.pem", tls_key=certificate[1])
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("no certificate")
    with pytest.raises(UsageError, match="cannot use"):
        start(tls_cert=str(wrong), tls_key=certificate[1])
