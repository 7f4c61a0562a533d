#!/usr/bin/env bash
# Runs every test of fastness: unit, architecture, vectors, hostile, edges, spends, kills, explorers, stories and docs. Needs Rust and a C
# compiler, and strace on Linux; the Ethereum tests run against anvil and eth-account, those of SLIP-39 against
# shamir-mnemonic, which are put into target/ (npm and python3).
#   tests/run.sh          the usual forms, a few minutes
#   tests/run.sh --long   with 100,000 random spends in place of 10,000, and ten thousand fault schedules
set -euo pipefail
cd "$(dirname "$0")/.."
if [ "${1:-}" = "--long" ]; then
    export FASTNESS_REVIEWS=10000 FASTNESS_SPENDS=100000 FASTNESS_SCHEDULES=10000 FASTNESS_BEHAVIOURS=all FASTNESS_KILLS=all
fi
if [ "$(uname)" = Linux ] && ! command -v strace >/dev/null; then
    apt-get update >/dev/null && apt-get install -y strace >/dev/null
fi
tests/ethereum/install.sh
tests/slip39/install.sh
cargo test --locked --lib --bins --tests
cargo test --locked --doc
