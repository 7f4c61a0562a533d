#!/usr/bin/env bash
# Runs every test of fastness: unit, house, vectors, spends, stories and docs. Needs only Rust and a C compiler.
#   tests/run.sh          the usual forms, a few minutes
#   tests/run.sh --long   also the long forms of the random tests
set -euo pipefail
cd "$(dirname "$0")/.."
if [ "${1:-}" = "--long" ]; then
    export FASTNESS_LONG=1
fi
cargo test --locked --all-targets
cargo test --locked --doc
