#!/usr/bin/env bash
# Plants every break of tests/breaks/list.toml in a copy of the tree, one after another, and expects its test to turn red. An hour on 2
# cores; the first argument is the number of the break to begin with.
set -euo pipefail
cd "$(dirname "$0")/.."
tests/ethereum/install.sh
FASTNESS_BREAKS="${1:-all}" cargo test --locked --test breaks -- --nocapture
