#!/usr/bin/env bash
# The tests that meet sqlglot, once more in an environment of their own where sqlglot is compiled (sqlglotc).
set -euo pipefail
cd "$(dirname "$0")/.."

python3 -m venv .venv-compiled
.venv-compiled/bin/pip install -q -e '.[test]' 'sqlglot[c]'
.venv-compiled/bin/python -c '
import sqlglot.parser
assert not sqlglot.parser.__file__.endswith(".py"), "sqlglot is not compiled in this environment"'
# Clients that are no part of this environment have met obsim in the other one.
without="not mysqlclient and not mysqldb and not mysql2 and not go-sql-driver and not connector-j and not obcli and not mycli"
.venv-compiled/bin/python -m pytest -q -n 2 -k "$without" \
  tests/sql tests/query tests/conformance tests/clients tests/test_session.py tests/test_show.py tests/test_api.py
