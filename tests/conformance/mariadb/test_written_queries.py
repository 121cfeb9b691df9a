"""Queries as tools send them get from obsim what a MariaDB with the same rows answers."""

import pytest

from tests.conformance.mariadb.loading import Pair
from tests.conformance.mariadb.rules import difference, for_mariadb
from tests.conformance.mariadb.written import Written, written

QUERIES = list(written())


def test_there_are_two_hundred_of_them() -> None:
    assert len({query.sql for query in QUERIES}) == len(QUERIES) >= 200


@pytest.mark.parametrize("query", QUERIES, ids=[f"{n} {q.sql[:40]}" for n, q in enumerate(QUERIES)])
def test_a_written_query_answers_as_mariadb_does(pair: Pair, query: Written) -> None:
    ours = pair.obsim.ask(query.sql, query.parameters)
    theirs = pair.mariadb.ask(for_mariadb(query.sql), query.parameters)
    assert difference(query.sql, ours, theirs) == "", query.sql
