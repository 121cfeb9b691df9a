"""What an object mapper finds out about a schema by itself: SQLAlchemy's inspector and its reflected tables."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy.dialects import mysql

DIALECTS = {
    "mysql+pymysql": "sqlalchemy",
    "mysql+mysqldb": "mysqlclient",
    "mysql+mysqlconnector": "mysql-connector",
    "oceanbase+pyoceanbase": "pyoceanbase",
}
"""Name of the dialect and driver: the client it needs."""


@pytest.fixture(scope="module", params=DIALECTS)
def engine(request: pytest.FixtureRequest, serve: Callable[..., Any], require: Callable[[str], None]):
    require(DIALECTS[request.param])
    server = serve("--clock", "step")
    address = sqlalchemy.URL.create(
        request.param, username="root@sys", host=server.host, port=server.port, database="oceanbase"
    )
    engine = sqlalchemy.create_engine(address)
    yield engine
    engine.dispose()


def test_schemas_and_views_are_listed(engine):
    inspector = sqlalchemy.inspect(engine)
    assert inspector.get_schema_names() == ["information_schema", "mysql", "oceanbase", "test"]
    views = inspector.get_view_names()
    assert {"CDB_OB_BACKUP_JOBS", "DBA_OB_TENANTS", "GV$OB_PARAMETERS"} <= set(views)
    assert inspector.has_table("DBA_OB_TENANTS")
    assert not inspector.has_table("no_such_view")


def test_columns_come_with_their_types(engine):
    columns = {c["name"]: c for c in sqlalchemy.inspect(engine).get_columns("CDB_OB_BACKUP_JOBS")}
    assert list(columns)[:3] == ["TENANT_ID", "JOB_ID", "INCARNATION"]
    assert isinstance(columns["JOB_ID"]["type"], mysql.BIGINT)
    assert isinstance(columns["START_TIMESTAMP"]["type"], mysql.TIMESTAMP)
    assert columns["STATUS"]["type"].length == 4096
    assert columns["COMMENT"]["nullable"]


def test_views_have_neither_keys_nor_comments(engine):
    inspector = sqlalchemy.inspect(engine)
    assert inspector.get_pk_constraint("DBA_OB_TENANTS")["constrained_columns"] == []
    assert inspector.get_foreign_keys("DBA_OB_TENANTS") == inspector.get_indexes("DBA_OB_TENANTS") == []
    assert inspector.get_unique_constraints("DBA_OB_TENANTS") == []
    assert inspector.get_table_comment("DBA_OB_TENANTS") == {"text": None}
    assert inspector.get_view_definition("DBA_OB_TENANTS").startswith("CREATE VIEW")


def test_a_reflected_table_can_be_asked(engine):
    tenants = sqlalchemy.Table("DBA_OB_TENANTS", sqlalchemy.MetaData(), autoload_with=engine)
    wanted = sqlalchemy.select(tenants.c.TENANT_NAME).where(tenants.c.TENANT_TYPE == "user").order_by("TENANT_ID")
    with engine.connect() as connection:
        assert connection.execute(wanted).scalars().all() == ["mysql_tenant", "oracle_tenant"]
