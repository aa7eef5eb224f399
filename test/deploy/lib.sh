# What the scripts of this folder share. Source it from the root of the checkout.
# shellcheck shell=bash

checkout=$PWD

say() { printf 'test/deploy/%s: %s\n' "${0##*/}" "$*"; }

fail() {
  say "$*" >&2
  exit 1
}

# need PROGRAM WHAT ends the script if a program is missing.
need() {
  command -v "$1" >/dev/null || fail "$1 is missing: install $2"
}

# quiet runs a command and shows what it says only if it fails.
quiet() {
  local log code=0
  log=$(mktemp)
  "$@" >"$log" 2>&1 || code=$?
  [ $code = 0 ] || cat "$log" >&2
  rm -f "$log"
  return $code
}

# build_programs builds the programs as releases are built and sets $bin.
build_programs() {
  bin=${bin-}
  [ -z "$bin" ] || return 0
  bin=$checkout/.cache/deploy/bin
  (cd "$checkout" && CGO_ENABLED=0 ${GO:-go} build -trimpath -ldflags='-s -w' -o "$bin/" ./cmd/...)
}

# start_moto starts moto on a free port, until the script ends, and sets
# $endpoint.
start_moto() {
  local log i
  log=$(mktemp)
  moto_server -H 127.0.0.1 -p 0 </dev/null >"$log" 2>&1 &
  moto=$!
  trap 'kill $moto 2>/dev/null || true; rm -rf "${work-}"' EXIT
  for ((i = 0; i < 600; i++)); do
    endpoint=$(sed -n 's#.*\(http://127\.0\.0\.1:[0-9]*\).*#\1#p' "$log" | head -n 1)
    [ -z "$endpoint" ] || return 0
    kill -0 $moto 2>/dev/null || break
    sleep 0.1
  done
  cat "$log" >&2
  fail 'moto does not start'
}

# go_tool NAME PACKAGE@VERSION installs a program into $tools, once.
tools=$checkout/.cache/deploy/tools
go_tool() {
  local stamp=$tools/.${1}-${2##*@}
  [ ! -e "$stamp" ] || return 0
  CGO_ENABLED=0 GOFLAGS=-trimpath GOBIN=$tools ${GO:-go} install "$2"
  touch "$stamp"
}

# module_dir MODULE@VERSION downloads a Go module and sets $dir to its folder.
module_dir() {
  dir=$(cd / && GOFLAGS=-mod=mod ${GO:-go} mod download -json "$1" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
  [ -n "$dir" ] || fail "the module $1 cannot be had"
}
