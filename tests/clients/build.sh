#!/usr/bin/env bash
# Compiles the driver program of one client from Debian's packages alone: `build.sh go` or `build.sh java`.
set -euo pipefail
cd "$(dirname "$0")/$1"

made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
case $1 in
  go) GO111MODULE=off GOPATH=/usr/share/gocode GOFLAGS= go build -o "$made/driver" driver.go ;;
  java) javac -encoding UTF-8 -cp /usr/share/java/gson.jar -d "$made" Driver.java ;;
esac
# The programs of two test processes may be compiled at once: each file appears whole or not at all.
mkdir -p build
mv -f "$made"/* build/
