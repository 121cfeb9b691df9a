"""The columns of every view in every profile."""

import json
from pathlib import Path

import pytest

from obsim.answers import column_of_type
from obsim.catalog import Catalog, ColumnDef, parameter_columns
from obsim.catalog.registry import VIEWS
from obsim.scenario import build_state
from obsim.versions import PROFILES

ROOT = Path(__file__).parent.parent.parent
REFERENCE = ROOT.parent / "shared" / "reference" / "views.json"
PRINTED = ("4.2.1", "4.2.5", "4.3.3")


def catalog_of(profile: str) -> Catalog:
    return Catalog(build_state("three-tenants", profile=PROFILES[profile]))


def shape(columns: tuple[ColumnDef, ...]) -> list[tuple[str, str, bool]]:
    return [(c.name, c.mysql_type, c.nullable) for c in columns]


def columns_in(profile: str, view: str) -> list[tuple[str, str, bool]]:
    catalog = catalog_of(profile)
    if view == "SHOW PARAMETERS":
        return shape(parameter_columns(catalog.state))
    found = catalog.find("mysql" if view == "user" else "oceanbase", view, catalog.state.sys)
    assert found is not None
    return shape(catalog.columns(found))


def golden() -> dict[str, list[tuple[str, str, bool, tuple[str, ...]]]]:
    views: dict[str, list[tuple[str, str, bool, tuple[str, ...]]]] = {}
    for line in (ROOT / "fixtures" / "catalog" / "columns.tsv").read_text("utf-8").splitlines()[1:]:
        view, name, mysql_type, null, profiles = line.split("\t")
        views.setdefault(view, []).append((name, mysql_type, null == "yes", tuple(profiles.split())))
    return views


GOLDEN = golden()


@pytest.mark.parametrize("profile", PRINTED)
@pytest.mark.parametrize("view", sorted(GOLDEN))
def test_columns_are_those_of_the_profile(profile: str, view: str) -> None:
    assert columns_in(profile, view) == [column[:3] for column in GOLDEN[view] if profile in column[3]]


@pytest.mark.parametrize(
    ("version", "view", "count"),
    [
        ("4.2.1", "CDB_OB_BACKUP_TASKS", 27),
        ("4.2.5", "CDB_OB_BACKUP_TASKS", 30),
        ("4.3.3", "CDB_OB_BACKUP_TASKS", 33),
        ("4.2.1", "SHOW PARAMETERS", 12),
        ("4.3.3", "SHOW PARAMETERS", 14),
        ("4.0.0", "CDB_OB_BACKUP_SET_FILES", 36),
        ("4.1.0", "GV$OB_PARAMETERS", 11),
    ],
)
def test_counts_of_columns(version: str, view: str, count: int) -> None:
    assert len(columns_in(version, view)) == count


OTHER_TYPES = {
    "cdb_ob_backup_set_files", "cdb_ob_archivelog_piece_files", "cdb_ob_restore_progress", "cdb_ob_restore_history",
}  # fmt: skip
WITH_TENANT = {"cdb_ob_backup_storage_info", "cdb_ob_backup_storage_info_history", "cdb_ob_log_restore_source"}


def test_the_pair_differs_by_the_tenant_and_in_some_by_types() -> None:
    for (schema, name), view in VIEWS.items():
        if schema == "oceanbase" and name.startswith("cdb_"):
            twin = VIEWS[schema, name.replace("cdb_", "dba_")]
            columns = tuple(c for c in view.columns if name in WITH_TENANT or c.name != "TENANT_ID")
            assert [c.name for c in twin.columns] == [c.name for c in columns]
            assert shape(VIEWS["sys", name.replace("cdb_", "dba_")].columns) == shape(twin.columns)
            assert (shape(columns) == shape(twin.columns)) == (name not in OTHER_TYPES), name


def test_every_type_has_a_form_on_the_wire() -> None:
    for view in VIEWS.values():
        for column in view.columns:
            assert column_of_type(column.name, column.mysql_type, nullable=column.nullable).name == column.name


if REFERENCE.exists():
    ENTRIES = json.loads(REFERENCE.read_text("utf-8"))

    @pytest.mark.parametrize("profile", PRINTED)
    @pytest.mark.parametrize("view", sorted(GOLDEN))
    def test_columns_equal_the_reference(profile: str, view: str) -> None:
        entry = next(e for e in ENTRIES if e["name"] == view)
        wanted = [
            (c["name"], c["mysql_type"], c["nullable"])
            for c in entry["columns"]
            if profile in c.get("present_in", PRINTED)
        ]
        assert columns_in(profile, view) == wanted

    def test_null_marks_equal_the_reference() -> None:
        for entry in ENTRIES:
            view = VIEWS.get(("oceanbase", entry["name"].lower()))
            if view is not None:
                late = {c["name"] for c in entry["columns"] if "null_at_runtime" in c and not c["nullable"]}
                assert {c.name for c in view.columns if c.runtime_null} == late, entry["name"]

    def test_every_view_of_the_reference_is_there() -> None:
        catalog = catalog_of("4.3.3")
        absent = [e["name"] for e in ENTRIES if catalog.find(e["schema"] or "", e["name"], catalog.state.sys) is None]
        assert absent == ["SHOW PARAMETERS"]
