"""The log: one event a line, in both forms, and nothing loaded for a server that is quiet."""

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest

from obsim.server.logs import LEVELS, start_log

ROOT = Path(__file__).parents[2]


@pytest.fixture
def log() -> Iterator[StringIO]:
    root, listening = logging.getLogger(), logging.getLogger("obsim.listening")
    handlers, level = root.handlers[:], root.level
    yield StringIO()
    root.handlers[:] = handlers
    root.setLevel(level)
    listening.setLevel(logging.NOTSET)


def test_json(log: StringIO) -> None:
    start_log(log, "info", "json")
    logging.getLogger("obsim.server").info("logged in", extra={"connection": 7, "client": "h", "user": "a\nb"})
    (line,) = log.getvalue().splitlines()
    event = json.loads(line)
    assert event.pop("timestamp").endswith("Z")
    assert event == {
        "event": "logged in", "level": "info", "logger": "obsim.server", "connection": 7, "client": "h", "user": "a\nb",
    }  # fmt: skip


def test_text_is_one_line_whatever_a_client_sent(log: StringIO) -> None:
    start_log(log, "info", "text")
    sent = 'x\r\nlevel=error event="I am root"'
    logging.getLogger("obsim.server").info("no TLS", extra={"client": sent})
    (line,) = log.getvalue().splitlines()
    assert line.split(" ", 1)[1] == (
        'level=info logger=obsim.server event="no TLS" client="x  | level=error event=\\"I am root\\""'
    )


@pytest.mark.parametrize("level", LEVELS)
def test_levels(log: StringIO, level: str) -> None:
    start_log(log, level, "json")
    for name, number in LEVELS.items():
        logging.getLogger("obsim.server").log(number, name)
    said = [json.loads(line)["event"] for line in log.getvalue().splitlines()]
    assert said == list(LEVELS)[list(LEVELS).index(level) :]


def test_where_it_listens_is_said_at_every_level(log: StringIO) -> None:
    start_log(log, "error", "text")
    logging.getLogger("obsim.listening").info("http", extra={"host": "127.0.0.1", "port": 9100})
    assert log.getvalue().endswith("level=info logger=obsim.listening event=http host=127.0.0.1 port=9100\n")


def test_nothing_of_it_is_loaded_before_it_is_needed() -> None:
    heavy = "{'structlog', 'prometheus_client', 'h11', 'obsim.server.http', 'obsim.server.metrics'}"
    program = (
        "import sys, obsim.cli, obsim.api, obsim.server.running, obsim.server.logs as logs;"
        f"logs.start_log(sys.stderr, 'info', 'json'); print(sorted({heavy} & set(sys.modules)));"
        "import logging; logging.getLogger('x').info('e'); print('structlog' in sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines() == ["[]", "True"]
