#!/usr/bin/env bash
# What the tests drive and the extra `test` does not bring: the mariadb command line, the library that mysqlclient is
# built against, mysql2 for Node, go-sql-driver, MariaDB Connector/J, and two command lines written in Python, which get
# an environment of their own because mycli holds sqlglot and others to versions that obsim does not share.
# `.ci/clients.sh server` also brings MariaDB's server, which the tests and the benchmarks compare with.
# mysqlclient itself is the extra `clients`: pip install '.[clients]'.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH="$PATH:/usr/sbin"

packages=()
has() { command -v "$1" >/dev/null; }
has mariadb || packages+=(mariadb-client)
{ has pkg-config && pkg-config --exists libmariadb && has cc; } || packages+=(libmariadb-dev pkg-config gcc python3-dev)
{ has node && has npm; } || packages+=(nodejs npm)
python3 -c 'import ensurepip' 2>/dev/null || packages+=(python3-venv)
has go || packages+=(golang-go)
[ -d /usr/share/gocode/src/github.com/go-sql-driver/mysql ] || packages+=(golang-github-go-sql-driver-mysql-dev)
{ has java && has javac; } || packages+=(default-jdk-headless)
[ -e /usr/share/java/mariadb-java-client.jar ] || packages+=(libmariadb-java)
[ -e /usr/share/java/gson.jar ] || packages+=(libgoogle-gson-java)
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
tests/clients/build.sh go
tests/clients/build.sh java
python3 -m venv .venv-clients
.venv-clients/bin/pip install -q 'mycli>=2.30' 'oceanbase-cli>=0.1'
