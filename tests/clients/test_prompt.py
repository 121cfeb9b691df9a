"""mycli with its prompt, on a terminal: what it asks for completions while its user types."""

import os
import pty
import select
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.clients.programs import TOOLS

PATIENCE_S = 30


def test_mycli_fills_its_completions(
    serve: Callable[..., Any], require: Callable[[str], None], tmp_path: Path
) -> None:
    require("mycli")
    server = serve("--clock", "step")
    log, settings = tmp_path / "mycli.log", tmp_path / "myclirc"
    settings.write_text(f"[main]\nlog_file = {log}\nlog_level = DEBUG\nenable_pager = False\n")
    place = ["-h", server.host, "-P", str(server.port), "-u", "root@sys", "oceanbase"]
    terminal, inner = pty.openpty()
    environment = os.environ | {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), "TERM": "xterm"}
    process = subprocess.Popen(
        [TOOLS / "mycli", "--myclirc", settings, *place], stdin=inner, stdout=inner, stderr=inner, env=environment
    )
    os.close(inner)
    try:
        shown = seen(terminal, "oceanbase>")
        assert "ERROR" not in shown.upper()
        os.write(terminal, b"SELECT 41 + 1 AS answer;\r")
        assert "42" in seen(terminal, "42")
        text = logged(log, "prefetching schema 'test'")
        os.write(terminal, b"exit\r")
        process.wait(PATIENCE_S)
    finally:
        process.kill()
        process.wait()
        os.close(terminal)
    complaints = [line for line in text.splitlines() if "ERROR" in line]
    # A table of help texts that mycli looks SHOW statements up in, and does without.
    assert all("help_topic" in line for line in complaints), complaints


def seen(terminal: int, wanted: str) -> str:
    """What the terminal shows until it shows `wanted`; questions about the cursor's place are answered."""
    shown = ""
    until = time.monotonic() + PATIENCE_S
    while wanted not in shown:
        assert time.monotonic() < until, shown
        if select.select([terminal], [], [], 0.1)[0]:
            piece = os.read(terminal, 65536).decode(errors="replace")
            shown += piece
            if "\x1b[6n" in piece:
                os.write(terminal, b"\x1b[1;1R")
    return shown


def logged(log: Path, wanted: str) -> str:
    """The log once it tells of `wanted`."""
    until = time.monotonic() + PATIENCE_S
    while wanted not in (text := log.read_text() if log.exists() else ""):
        assert time.monotonic() < until, text
        time.sleep(0.05)
    return text
