"""The support matrix: every cell by a run, and the page in docs/ as current as the tables it is printed from."""

from pathlib import Path

import pytest

from obsim.errors import ServerError
from obsim.support.examples import EXAMPLES, Depth, Example
from obsim.support.matrix import VERSIONS, outcome_of, statement_rows
from obsim.support.page import page, read_clients

ROOT = Path(__file__).parents[2]


def test_the_page_in_docs_is_current() -> None:
    clients = read_clients((ROOT / "fixtures" / "clients" / "versions.tsv").read_text("utf-8"))
    assert (ROOT / "docs" / "support.md").read_text("utf-8") == page(clients), (
        "print it anew: obsim support --clients fixtures/clients/versions.tsv > docs/support.md"
    )


@pytest.mark.parametrize(
    ("sql", "version", "outcome"),
    [
        ("ALTER SYSTEM BACKUP DATABASE PLUS ARCHIVELOG", "4.0.0", "refused (1235)"),
        ("ALTER SYSTEM BACKUP DATABASE PLUS ARCHIVELOG", "4.1.0", "acts"),
        ("ALTER SYSTEM RESET ha_low_thread_score", "4.1.0", "refused (1064)"),
        ("ALTER SYSTEM BACKUP TENANT = nobody", "4.2.1", "refused (5160)"),
        ("SELECT JSON_OBJECT()", "4.2.1", "not yet"),
    ],
)
def test_a_cell_is_what_a_run_says(sql: str, version: str, outcome: str) -> None:
    assert outcome_of(Example("form", sql), version) == outcome


def test_an_example_that_answers_says_so() -> None:
    assert outcome_of(Example("form", "SELECT 1", Depth.ANSWERS), "4.2.1") == "answers"


def test_a_setup_that_fails_is_no_outcome() -> None:
    with pytest.raises(ServerError, match="No tenant name specified"):
        outcome_of(Example("form", "SELECT 1", setup=("ALTER SYSTEM BACKUP",)), "4.2.1")


def test_every_example_has_a_row_with_a_cell_for_each_version() -> None:
    rows = statement_rows()
    assert len(rows) == sum(map(len, EXAMPLES.values()))
    assert {len(cells) for _, _, cells in rows} == {len(VERSIONS)}


def test_clients_are_read_from_lines() -> None:
    assert read_clients("# name\tlanguage\tversion\tTLS\nPyMySQL\tPython\t1.1\tyes\n") == [
        ("PyMySQL", "Python", "1.1", "yes")
    ]
