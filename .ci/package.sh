#!/usr/bin/env bash
# Builds sdist and wheel twice, of two copies that differ in all that must not matter (place, times, rights, time zone, order
# of hashes), and compares them bit by bit; then the wheel is installed and says what it is. Needs the environment .venv, or
# another one that is named: `.ci/package.sh PYTHON`.
set -euo pipefail
cd "$(dirname "$0")/.."
python=$(realpath -s "${1:-.venv/bin/python}")
export SOURCE_DATE_EPOCH=1704067200 # 2024-01-01; any will do

"$python" -m pip install -q build
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

build() { # NAME UMASK TIMEZONE SEED
  (
    umask "$2"
    mkdir -p "$work/$1/copy"
    git ls-files -z | tar --null --files-from=- -c | tar -x --no-same-permissions -m -C "$work/$1/copy"
    cd "$work/$1/copy"
    TZ="$3" PYTHONHASHSEED="$4" "$python" -m build -q --outdir "$work/$1/dist" .
  ) >/dev/null
}
build one 022 UTC 1
sleep 2 # seconds are what archives count in
build two 077 Asia/Shanghai 2

diff <(cd "$work/one/dist" && sha256sum ./*) <(cd "$work/two/dist" && sha256sum ./*)
(cd "$work/one/dist" && sha256sum ./*)

"$python" -m venv "$work/venv"
"$work/venv/bin/pip" install -q "$work"/one/dist/*.whl
"$work/venv/bin/obsim" --version
"$work/venv/bin/python" -c '
from importlib.metadata import files
names = {str(file) for file in files("obsim")}
missing = {"obsim/py.typed", "obsim/_scenarios/long-chain.toml"} - names
strange = sorted(name for name in names if not name.startswith(("obsim/", "obsim-", "../../../bin/obsim")))
assert not missing and not strange, (missing, strange)'
