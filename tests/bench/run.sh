#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# run.sh BUILD: prints the figures of this machine, beside peers where they are installed.
set -eu
build=$(cd "${1:-build}" && pwd)
boundary=$build/sandbox/boundary-ns

"$build/tests/bench/bench-startup" "$boundary"
