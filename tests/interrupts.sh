#!/usr/bin/env bash
# SIGINT, SIGTERM and SIGHUP at moments of every command that sends while its explorer holds the answer for 1.5 s, then the same
# command again after a block: true exit codes, one document, and never two payments.
#   tests/interrupts.sh          a sample, about a minute
#   tests/interrupts.sh --long   45 moments of each command of both families: half an hour or more
# Needs Rust and anvil (tests/ethereum/install.sh). The lines end with "false or twice: 0".
set -euo pipefail
cd "$(dirname "$0")/.."
cargo test --locked --quiet --test interrupts -- "$@"
