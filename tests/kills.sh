#!/usr/bin/env bash
# Kill -9 at the system calls of `broadcast` and `send` on the practice chain, then the same command again: never two payments.
#   tests/kills.sh          60 points, about a minute
#   tests/kills.sh --long   every call of both, two at a time: half an hour or more
# Needs Rust, Linux and strace. The last lines say "N points, paid twice: 0".
set -euo pipefail
cd "$(dirname "$0")/.."
cargo test --locked --quiet --test kills -- "$@"
