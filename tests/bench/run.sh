#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# run.sh BUILD: prints the figures of this machine, beside peers where they are installed,
# and writes BUILD/bench-*.json. QUICK=1 takes two minutes instead of fifteen, and leaves
# the slow peers out.
set -eu
build=$(cd "${1:-build}" && pwd)
binary=$build/sandbox/boundary-ns

cd "$build"
npm=${BNS_NPM_DIR:-$build/npm}
PATH=$npm/node_modules/.bin:$PATH:/usr/sbin:/sbin
if ! command -v srt >/dev/null && command -v npm >/dev/null; then
  npm install --silent --prefix "$npm" @anthropic-ai/sandbox-runtime >/dev/null 2>&1 || true
fi

if [ -n "${QUICK:-}" ]; then
  tests/bench/bench-startup "$binary" 10 bench-startup.json
  tests/bench/bench-network --quick --lanes boundary-ns,slirp4netns,squid \
    --json bench-network.json "$binary" tests/bench
else
  tests/bench/bench-startup "$binary" 30 bench-startup.json
  tests/bench/bench-build "$binary" 3 bench-build.json
  tests/bench/bench-decision
  tests/bench/bench-network --json bench-network.json "$binary" tests/bench
fi
