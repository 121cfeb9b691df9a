"""Generated queries get from obsim what a MariaDB with the same rows answers; any seed has to pass."""

import os

import pytest

from tests.conformance.mariadb.generator import generated
from tests.conformance.mariadb.loading import Pair
from tests.conformance.mariadb.rules import difference, for_mariadb

QUERIES = int(os.environ.get("OBSIM_QUERY_SEEDS", "200"))
FIRST = int(os.environ.get("OBSIM_QUERY_FIRST_SEED", "0"))
BATCH = 50


@pytest.mark.parametrize("first", range(FIRST, FIRST + QUERIES, BATCH))
def test_generated_queries_answer_as_mariadb_does(pair: Pair, first: int) -> None:
    wrong = []
    for seed in range(first, min(first + BATCH, FIRST + QUERIES)):
        query = generated(seed, pair.tables)
        ours = pair.obsim.ask(query.sql, query.parameters)
        theirs = pair.mariadb.ask(for_mariadb(query.sql), query.parameters)
        found = difference(query.sql, ours, theirs)
        if found:
            wrong.append(f"seed {seed}: {found}\n  {query.sql}\n  {query.parameters}")
    assert not wrong, "\n".join(wrong)
