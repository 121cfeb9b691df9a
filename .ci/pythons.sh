#!/usr/bin/env bash
# The tests on every Python that pyproject.toml names, each in an environment of its own: `.ci/pythons.sh [PYTEST ARGUMENTS]`.
# Fails for a version that is not installed, in PATH or by pyenv: a classifier is a promise.
set -euo pipefail
cd "$(dirname "$0")/.."

find_python() {
  local found
  for found in "python$1" "$(command -v pyenv >/dev/null && pyenv root)/versions/$1".*/bin/python; do
    if "$found" -c '' 2>/dev/null; then echo "$found"; return; fi
  done
  echo "python$1 is not installed" >&2
  return 1
}

for version in $(sed -n 's/.*"Programming Language :: Python :: \(3\.[0-9]*\)".*/\1/p' pyproject.toml); do
  python=$(find_python "$version")
  "$python" -m venv ".venv-$version"
  ".venv-$version/bin/pip" install -q -e '.[test]'
  ".venv-$version/bin/python" --version
  env -u CI ".venv-$version/bin/python" -m pytest -q -n 2 "$@"
done
