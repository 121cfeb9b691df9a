"""Orders of sys to a state without sessions."""

from obsim.cluster import ClusterState, Principal
from obsim.errors import ServerError
from obsim.ids import SYS_TENANT_ID
from obsim.sql.reader import read_statement
from obsim.statements import BackupStatement

__all__ = ["run_as_sys"]


def run_as_sys(state: ClusterState, sql: str) -> int:
    """A statement that root of sys gives; errno, 0 for OK."""
    statement = read_statement(sql, profile=state.profile)
    assert isinstance(statement, BackupStatement), sql
    try:
        state.execute(Principal(SYS_TENANT_ID, "root"), statement)
    except ServerError as refused:
        return refused.errno
    return 0
