#!/usr/bin/env bash
# Runs the first or the second `sh` block of the README exactly as a reader would copy it: `.ci/readme.sh 1`.
set -euo pipefail
cd "$(dirname "$0")/.."

block=$(awk -v wanted="$1" '/^```sh$/ { count++; inside = (count == wanted); next } /^```/ { inside = 0 } inside' README.md)
[ -n "$block" ] || { echo "README.md has no sh block $1" >&2; exit 1; }
echo "\$ $block"
exec bash -euo pipefail -c "$block"
