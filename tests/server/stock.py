"""mysql-mimic's server as it is shipped, in a process of its own that can be killed: what obsim's is compared with."""

import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

PROGRAM = """
import asyncio, logging, sys
from mysql_mimic import IdentityProvider, MysqlServer, NativePasswordAuthPlugin, Session, User

logging.disable(logging.CRITICAL)

class OneUser(IdentityProvider):
    async def get_user(self, username):
        if username == "pw":
            digest = NativePasswordAuthPlugin.create_auth_string("secret")
            return User(name="pw", auth_string=digest, auth_plugin="mysql_native_password")
        return User(name=username, auth_plugin="mysql_native_password")

class Told(Session):
    async def handle_query(self, sql, attrs):
        print("RAN", sql, flush=True)
        if sql.startswith("WIDE"):
            return [("x" * int(sql.split()[1]),)], ["t"]
        return await super().handle_query(sql, attrs)

async def main():
    ssl = None
    if len(sys.argv) > 1:
        import ssl as module
        ssl = module.SSLContext(module.PROTOCOL_TLS_SERVER)
        ssl.load_cert_chain(sys.argv[1], sys.argv[2])
    server = MysqlServer(session_factory=Told, identity_provider=OneUser(), ssl=ssl)
    await server.start_server(host="127.0.0.1", port=0)
    print("PORT", server.sockets()[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"""


class StockServer:
    """A running stock server; `with` starts and kills it. `arguments` are certificate and key for TLS."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        self.out = self.process.stdout
        word, port = self.out.readline().split()
        assert word == "PORT"
        self.port = int(port)

    def ran(self) -> str:
        """The next statement it ran; waits for one."""
        return self.out.readline().removeprefix("RAN ").rstrip()

    def rss_kib(self) -> int:
        """Memory it holds."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        self.out.close()
