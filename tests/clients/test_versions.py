"""The list of clients in fixtures/ and the clients of these tests are the same, down to the versions."""

import os
from pathlib import Path

import pytest

from obsim.support.page import read_clients
from tests.clients.kinds import CLIENTS, lacking
from tests.clients.versions import COMMAND, lines

ROOT = Path(__file__).parents[2]
LISTED = (ROOT / "fixtures" / "clients" / "versions.tsv").read_text("utf-8")


def release(version: str) -> tuple[int, ...]:
    """The first two numbers."""
    return tuple(int(part) for part in version.split(".")[:2])


def test_every_client_is_listed_with_its_language_and_tls() -> None:
    listed = {name: (language, tls) for name, language, _, tls in read_clients(LISTED)}
    assert listed == {kind.listed: (kind.language, "yes" if kind.tls else "no") for kind in CLIENTS.values()}


@pytest.mark.parametrize("name", CLIENTS)
def test_what_is_installed_is_not_older_than_what_is_listed(name: str) -> None:
    absent = lacking(name)
    if absent:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(absent)
    listed = {name: version for name, _, version, _ in read_clients(LISTED)}[CLIENTS[name].listed]
    assert release(CLIENTS[name].version()) >= release(listed), f"print the list anew: {COMMAND}"


def test_the_command_prints_the_list() -> None:
    if any(map(lacking, CLIENTS)):
        pytest.skip("it takes all clients")
    assert [line.split("\t")[0] for line in lines()] == [line.split("\t")[0] for line in LISTED.splitlines()]
