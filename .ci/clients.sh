#!/usr/bin/env bash
# What the tests drive and pip does not bring: the mariadb command line, the library that mysqlclient is built against,
# Node and mysql2.
# `.ci/clients.sh server` also brings MariaDB's server, which the benchmarks compare with.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH="$PATH:/usr/sbin"

packages=()
has() { command -v "$1" >/dev/null; }
has mariadb || packages+=(mariadb-client)
{ has pkg-config && pkg-config --exists libmariadb && has cc; } || packages+=(libmariadb-dev pkg-config gcc python3-dev)
{ has node && has npm; } || packages+=(nodejs npm)
if [ "${1:-}" = server ]; then
  { has mariadbd && has mariadb-install-db; } || packages+=(mariadb-server)
fi
if [ "${#packages[@]}" -gt 0 ]; then
  become=()
  [ "$(id -u)" = 0 ] || become=(sudo)
  export DEBIAN_FRONTEND=noninteractive
  "${become[@]}" apt-get update -qq
  "${become[@]}" apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
fi
npm ci --prefix tests/clients/node --silent --no-audit --no-fund
