"""Every view as a client sees it in three versions: names, order and types of a result's columns, and what DESC prints.

`fixtures/catalog/columns.tsv` states them; the types of the wire are those of the recorded engine for the same texts.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pymysql
import pytest

from obsim.server import Server

FIXTURE = Path(__file__).parents[2] / "fixtures" / "catalog" / "columns.tsv"
VERSIONS = ("4.2.1", "4.2.5", "4.3.3")
CODES = {
    "tinyint": 1, "double": 5, "timestamp": 7, "bigint": 8, "datetime": 12, "decimal": 246, "longtext": 252,
    "varchar": 253,
}  # fmt: skip
NOT_NULL, UNSIGNED = 1, 32
SCHEMAS = {"user": "mysql"}
"""Of views that are not in `oceanbase`."""


@dataclass(frozen=True)
class Expected:
    name: str
    mysql_type: str
    null: str
    versions: tuple[str, ...]

    def on_the_wire(self) -> tuple[str, int, int, int]:
        """Name, type, digits after the point, and the flags NOT NULL and UNSIGNED."""
        match = re.fullmatch(r"([a-z]+)(?:\((\d+)(?:,(\d+))?\))?( unsigned)?", self.mysql_type)
        assert match is not None
        word, size, scale, unsigned = match.groups()
        digits = {"decimal": int(scale or 0), "timestamp": int(size or 0), "datetime": int(size or 0), "double": 31}
        flags = (NOT_NULL if self.null == "no" else 0) | (UNSIGNED if unsigned else 0)
        return self.name, CODES[word], digits.get(word, 0), flags


def views() -> dict[str, list[Expected]]:
    found: dict[str, list[Expected]] = {}
    for line in FIXTURE.read_text("utf-8").splitlines()[1:]:
        view, name, mysql_type, null, versions = line.split("\t")
        found.setdefault(view, []).append(Expected(name, mysql_type, null, tuple(versions.split())))
    return found


VIEWS = views()


@pytest.fixture(scope="module", params=VERSIONS)
def cursor(request: pytest.FixtureRequest) -> Iterator[tuple[str, pymysql.cursors.Cursor]]:
    with Server("three-tenants", clock="manual", version=request.param) as server:
        connection = pymysql.connect(host=server.host, port=server.port, user="root", ssl_disabled=True)
        with connection, connection.cursor() as one:
            yield request.param, one


def test_there_are_99_entries() -> None:
    assert len(VIEWS) == 99


@pytest.mark.parametrize("view", sorted(VIEWS))
def test_columns_on_the_wire(cursor: tuple[str, pymysql.cursors.Cursor], view: str) -> None:
    version, asking = cursor
    expected = [column for column in VIEWS[view] if version in column.versions]
    asked = view if " " in view else f"SELECT * FROM {SCHEMAS.get(view, 'oceanbase')}.{view}"
    if not expected:
        with pytest.raises(pymysql.err.ProgrammingError) as refused:
            asking.execute(asked)
        assert refused.value.args[0] == 1146
        return
    asking.execute(asked)
    result = asking._result
    assert result is not None
    kept = NOT_NULL | UNSIGNED
    found = [(f.name, f.type_code, f.scale, f.flags & kept) for f in result.fields]
    assert found == [column.on_the_wire() for column in expected]


@pytest.mark.parametrize("view", sorted(view for view in VIEWS if " " not in view))
def test_columns_of_desc(cursor: tuple[str, pymysql.cursors.Cursor], view: str) -> None:
    version, asking = cursor
    expected = [c for c in VIEWS[view] if version in c.versions]
    if expected:
        asking.execute(f"DESC {SCHEMAS.get(view, 'oceanbase')}.{view.lower()}")
        assert [row[:3] for row in asking.fetchall()] == [(c.name, c.mysql_type, c.null.upper()) for c in expected]
