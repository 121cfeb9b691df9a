"""What agents and consoles do with their drivers' options: variables in the address, several statements in a packet."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from tests.clients.common import Address, Refused
from tests.clients.programs import ConnectorJ, GoDriver, LineDriver

TIMEOUT = "SHOW VARIABLES LIKE 'ob_query_timeout'"
LONG_US = 100_000_000_000
"""Far above 32 bits, as operators set it before every statement."""
DRIVERS: dict[str, tuple[type[LineDriver], str, str]] = {
    "go-sql-driver": (GoDriver, f"ob_query_timeout={LONG_US}", "multiStatements=true"),
    "connector-j": (ConnectorJ, f"sessionVariables=ob_query_timeout={LONG_US}", "allowMultiQueries=true"),
}
"""The driver, how its address sets a variable, how it allows several statements."""


@pytest.fixture(scope="module", params=DRIVERS)
def driver(
    request: pytest.FixtureRequest, serve: Callable[..., Any], require: Callable[[str], None]
) -> tuple[str, Address]:
    """The name of a driver, and a server for it alone."""
    require(request.param)
    server = serve("--clock", "step")
    return request.param, Address(server.host, server.port, "root@sys", "oceanbase")


@contextmanager
def opened(driver: tuple[str, Address], *options: str) -> Iterator[LineDriver]:
    name, address = driver
    with closing(DRIVERS[name][0](address, "&".join(options))) as connection:
        yield connection


def test_a_variable_in_the_address(driver: tuple[str, Address]) -> None:
    _, variable, _ = DRIVERS[driver[0]]
    with opened(driver, variable) as session:
        assert session.rows(TIMEOUT) == [{"Variable_name": "ob_query_timeout", "Value": str(LONG_US)}]


def test_a_variable_set_by_a_prepared_statement(driver: tuple[str, Address]) -> None:
    with opened(driver) as session:
        session.prepared("SET SESSION ob_query_timeout = ?", LONG_US + 1)
        assert session.rows(TIMEOUT)[0]["Value"] == str(LONG_US + 1)


def test_two_statements_in_one_packet(driver: tuple[str, Address]) -> None:
    """A password for the sets, and the backup it is for; without the option the second is refused."""
    both = "SET ENCRYPTION ON IDENTIFIED BY 'secret' ONLY; ALTER SYSTEM BACKUP TENANT = mysql_tenant"
    sets = "SELECT ENCRYPTION_MODE FROM CDB_OB_BACKUP_SET_FILES WHERE TENANT_ID = 1002"
    with opened(driver) as session:
        with pytest.raises(Refused) as raised:
            session.rows(both)
        assert raised.value.errno == 1149
    with opened(driver, DRIVERS[driver[0]][2]) as session:
        session.rows(both)
        session.rows("CALL obsim.run_until_idle()")
        assert session.rows(sets) == [{"ENCRYPTION_MODE": "PASSWORD"}]


def test_a_backup_that_fails_behind_another_statement(driver: tuple[str, Address]) -> None:
    with opened(driver, DRIVERS[driver[0]][2]) as session:
        with pytest.raises(Refused) as raised:
            session.rows("ALTER SYSTEM BACKUP TENANT = nobody; SELECT 1")
        assert raised.value.errno == 5160
        assert session.rows("SELECT 1 AS one") == [{"one": "1"}]
