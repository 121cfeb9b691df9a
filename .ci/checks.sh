#!/usr/bin/env bash
# Lint, types and the direction of the dependencies, with the versions of the extra `dev`. Expects the environment .venv.
set -euo pipefail
cd "$(dirname "$0")/.."

.venv/bin/pip install -q -e '.[test,clients,dev,speed]'
.venv/bin/ruff check .
.venv/bin/mypy
.venv/bin/lint-imports
