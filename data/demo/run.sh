#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# run.sh BUILD: real tools behind a policy, against an origin on loopback that this
# script starts. Leaves nothing behind.
set -eu

demo=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${1:-build}" && pwd)
boundary=$build/sandbox/boundary-ns
work=$(mktemp -d "$build/demo-XXXXXX")
origin=
trap '[ -z "$origin" ] || kill "$origin" 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# A certificate authority that only this run trusts, and one leaf for all names.
make_certificates() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 \
    -subj "/CN=demo origin CA" -keyout "$work/ca.key" -out "$work/ca.pem"
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -subj "/CN=demo origin" -keyout "$work/leaf.key" -out "$work/leaf.csr"
  printf 'subjectAltName=DNS:api.demo.example,DNS:git.demo.example\n' >"$work/leaf.ext"
  openssl x509 -req -in "$work/leaf.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" \
    -CAcreateserial -days 1 -extfile "$work/leaf.ext" -out "$work/leaf.pem"
}

make_repository() {
  git init -q "$work/src"
  echo "hello from git" >"$work/src/hello.txt"
  git -C "$work/src" add hello.txt
  git -C "$work/src" -c user.name=demo -c user.email=demo@demo.example commit -q -m hello
  mkdir "$work/www"
  git clone -q --bare "$work/src" "$work/www/hello.git"
  git -C "$work/www/hello.git" update-server-info
}

start_origin() {
  mkfifo "$work/port"
  python3 "$demo/origin.py" "$work/leaf.pem" "$work/leaf.key" "$work/www" >"$work/port" &
  origin=$!
  read -r port <"$work/port"
}

make_certificates >/dev/null 2>&1
make_repository
start_origin

mkdir "$work/here"
echo "The policy:"
grep -v '^#' "$demo/boundary.yaml" | sed 's/^/  /'
echo "boundary-ns --config boundary.yaml -- sh inside.sh"
(cd "$work/here" && "$boundary" --config "$demo/boundary.yaml" \
  --upstream-ca "$work/ca.pem" --audit-log "$work/audit.jsonl" \
  --resolve "api.demo.example:443:127.0.0.1:$port" \
  --resolve "git.demo.example:443:127.0.0.1:$port" \
  -- sh "$demo/inside.sh")
echo "What the audit says (boundary-ns log --decision deny):"
"$boundary" log --decision deny "$work/audit.jsonl" | sed 's/^/  /; s/^\(.\{108\}\)..*/\1.../'
"$boundary" log verify "$work/audit.jsonl" | sed 's/^/  /'
