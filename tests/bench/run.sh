#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# run.sh BUILD [MIB]: prints the figures of this machine, beside peers where they are
# installed. MIB is the size of the bulk transfers, 2048 unless given.
set -eu
build=$(cd "${1:-build}" && pwd)
BNS_BINARY=$build/sandbox/boundary-ns
export BNS_BINARY

cd "$build"
tests/bench/bench-startup "$BNS_BINARY"
tests/bench/bench-build "$BNS_BINARY"
tests/bench/bench-decision
tests/bench/bench-transfer "${2:-2048}"
