#!/usr/bin/env bash
# The tests on every Python that pyproject.toml names, each in an environment of its own: `.ci/pythons.sh [PYTEST ARGUMENTS]`.
# Fails for a version that is not installed: a classifier is a promise.
set -euo pipefail
cd "$(dirname "$0")/.."

versions=$(sed -n 's/.*"Programming Language :: Python :: \(3\.[0-9]*\)".*/\1/p' pyproject.toml)
for version in $versions; do
  python=$(command -v "python$version") || { echo "python$version is not installed" >&2; exit 1; }
  "$python" -m venv ".venv-$version"
  ".venv-$version/bin/pip" install -q -e '.[test]'
  echo "Python $version"
  env -u CI ".venv-$version/bin/python" -m pytest -q -n 2 "$@"
done
