"""TLS as users set it up: an authority of their own, a server certificate it has signed, and clients that verify it."""

import datetime
import socket
import ssl
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pymysql
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.clients.common import Refused
from tests.clients.conftest import Client
from tests.clients.kinds import CLIENTS

ENCRYPTED = "SHOW STATUS LIKE 'Ssl_cipher'"
LARGE_BYTES = 3_000_000
"""More than a TLS record, a socket buffer and the high-water mark of the server together."""


@dataclass(frozen=True)
class Party:
    """A certificate and its key, in memory."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def key_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


def certified(name: str, authority: Party | None = None) -> Party:
    """A party with a name: an authority that signs itself, or a server at 127.0.0.1 that an authority signs."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer, signer = (authority.certificate.subject, authority.key) if authority else (subject, key)
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.BasicConstraints(ca=authority is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if authority is not None:
        place = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1")), x509.DNSName("localhost")])
        builder = builder.add_extension(place, critical=False)
    return Party(builder.sign(signer, hashes.SHA256()), key)


@dataclass(frozen=True)
class Authorities:
    """Files: the authority that signed the server's certificate, and another one nobody has signed with."""

    own: str
    other: str
    port: int


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory, serve: Callable[..., Any]) -> Authorities:
    """A server with a certificate, and what its clients may trust."""
    folder: Path = tmp_path_factory.mktemp("tls")
    authority = certified("obsim test authority")
    server = certified("127.0.0.1", authority)
    for name, content in {
        "own.pem": authority.pem(), "other.pem": certified("another authority").pem(),
        "server.pem": server.pem() + authority.pem(), "server.key": server.key_pem(),
    }.items():
        (folder / name).write_bytes(content)
    started = serve("--clock", "step", "--tls-cert", folder / "server.pem", "--tls-key", folder / "server.key")
    return Authorities(str(folder / "own.pem"), str(folder / "other.pem"), started.port)


@pytest.fixture(scope="module", params=[name for name, kind in CLIENTS.items() if kind.tls])
def client(request: pytest.FixtureRequest, secured: Authorities, require: Callable[[str], None]) -> Iterator[Client]:
    require(request.param)
    client = Client(request.param, "127.0.0.1", secured.port)
    yield client
    client.close()


def test_a_verified_connection_is_encrypted_and_does_a_backup(client: Client, secured: Authorities) -> None:
    session = client.connect(ca=secured.own)
    (told,) = session.rows(ENCRYPTED)
    assert told["Value"].startswith("TLS_")
    session.rows("CALL obsim.reset()")
    session.rows("ALTER SYSTEM BACKUP INCREMENTAL DATABASE")
    session.rows("CALL obsim.run_until_idle()")
    jobs = "SELECT STATUS FROM CDB_OB_BACKUP_JOB_HISTORY WHERE TENANT_ID = ?"
    assert session.prepared(jobs, 1002) == [{"STATUS": "COMPLETED"}]
    with pytest.raises(Refused) as raised:
        session.rows("SELECT * FROM no_such_view")
    assert raised.value.errno == 1146


def test_a_large_answer_comes_whole(client: Client, secured: Authorities) -> None:
    session = client.connect(ca=secured.own)
    wide = f"SELECT REPEAT('0123456789', {LARGE_BYTES // 10}) AS wide"
    (row,) = session.rows(wide)
    assert row["wide"] == "0123456789" * (LARGE_BYTES // 10)
    long = "SELECT a.COLUMN_NAME FROM information_schema.COLUMNS a WHERE a.TABLE_SCHEMA = 'oceanbase'"
    rows = session.rows(long)
    assert len(rows) > 1000
    assert session.rows(long) == rows
    assert session.rows("SELECT 1 AS one") == [{"one": "1"}]


def test_a_certificate_of_an_unknown_authority_is_not_taken(client: Client, secured: Authorities) -> None:
    """The client hangs up: in whatever words, it is no refusal of the server's."""
    with pytest.raises(Exception) as raised:  # noqa: PT011 - every client has an exception of its own
        client.connect(ca=secured.other).rows("SELECT 1 AS one")
    assert getattr(raised.value, "errno", 0) not in {1045, 1043}
    assert client.connect(ca=secured.own).rows("SELECT 1 AS one") == [{"one": "1"}]


def test_an_account_that_requires_tls(client: Client, secured: Authorities) -> None:
    root = client.connect(ca=secured.own)
    root.rows("CREATE USER IF NOT EXISTS careful REQUIRE SSL")
    root.rows("GRANT ALL ON *.* TO careful")
    (told,) = client.connect("careful", ca=secured.own).rows("SELECT CURRENT_USER() AS who")
    assert told == {"who": "careful@%"}
    root.rows("CREATE USER IF NOT EXISTS certified REQUIRE X509")
    root.rows("GRANT ALL ON *.* TO certified")
    with pytest.raises(Refused) as raised:
        client.connect("certified", ca=secured.own).rows("SELECT 1")
    assert (raised.value.errno, "Access denied for user 'certified'" in raised.value.message) == (1045, True)


@pytest.mark.parametrize(("require", "lets_in"), [("NONE", {"plain", "TLS"}), ("SSL", {"TLS"}), ("X509", set())])
def test_what_an_account_requires(secured: Authorities, require: str, lets_in: set[str]) -> None:
    def open_as(user: str, how: str) -> Any:
        trust = {"ssl": {"ca": secured.own}} if how == "TLS" else {"ssl_disabled": True}
        return pymysql.connect(host="127.0.0.1", port=secured.port, user=user, **trust)

    with open_as("root", "plain") as connection, connection.cursor() as root:
        root.execute(f"CREATE USER {require.lower()}_user REQUIRE {require}")
        for how in ("plain", "TLS"):
            if how in lets_in:
                open_as(f"{require.lower()}_user", how).close()
            else:
                with pytest.raises(pymysql.OperationalError) as raised:
                    open_as(f"{require.lower()}_user", how)
                assert raised.value.args[0] == 1045
                assert f"Access denied for user '{require.lower()}_user'@" in raised.value.args[1]
        root.execute(f"ALTER USER {require.lower()}_user REQUIRE NONE")
        open_as(f"{require.lower()}_user", "plain").close()


def test_a_tls_session_is_taken_up_again(secured: Authorities) -> None:
    """The second handshake is the short one: by ticket, as clients that keep sessions do it."""
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = ssl.create_default_context(cafile=secured.own)
        context.maximum_version = version
        first, reused = one_login(context, secured.port, None)
        assert not reused
        _, reused = one_login(context, secured.port, first)
        assert reused


def one_login(context: ssl.SSLContext, port: int, session: ssl.SSLSession | None) -> tuple[ssl.SSLSession | None, bool]:
    """Log in as root over TLS by hand and hang up; the TLS session, and whether it was an old one."""
    with socket.create_connection(("127.0.0.1", port), 10) as plain:
        greeting = plain.recv(4096)
        assert greeting[4] == 10
        flags = 0x0008_8A01  # long password, TLS, 4.1 protocol, secure connection, authentication by plugin
        start = struct.pack("<IIB23x", flags, 1 << 24, 45)
        plain.sendall(struct.pack("<I", len(start) | 1 << 24) + start)
        with context.wrap_socket(plain, server_hostname="127.0.0.1", session=session) as encrypted:
            body = start + b"root\0\0mysql_native_password\0"
            encrypted.sendall(struct.pack("<I", len(body) | 2 << 24) + body)
            assert encrypted.recv(4096)[4] == 0  # OK; with TLS 1.3 the ticket came before it
            return encrypted.session, bool(encrypted.session_reused)
