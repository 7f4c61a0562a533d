#!/usr/bin/env bash
# Plants every break of tests/breaks/list.toml in a copy of the tree, one after another, and expects its test to turn red. An hour on 2
# cores. An argument such as 34,41 plants the breaks of these numbers alone.
set -euo pipefail
cd "$(dirname "$0")/.."
tests/ethereum/install.sh
FASTNESS_BREAKS="${1:-all}" cargo test --locked --test breaks -- --nocapture
