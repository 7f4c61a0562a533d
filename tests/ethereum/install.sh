#!/usr/bin/env bash
# Puts what the Ethereum tests run against into target/: anvil (from npm) and eth-account (from PyPI). Idempotent; needs
# npm and python3. Versions are pinned, so that every machine tests against the same.
set -euo pipefail
cd "$(dirname "$0")/../.."
anvil=1.7.1
eth_account=0.14.0
target=${CARGO_TARGET_DIR:-target}
mkdir -p "$target"
need() { command -v "$1" >/dev/null || { echo "the Ethereum tests need $1: please install it" >&2; exit 1; }; }

if [ ! -x "$target/anvil/$anvil/node_modules/.bin/anvil" ]; then
    need npm
    mkdir -p "$target/anvil/$anvil"
    npm install --silent --no-fund --no-audit --prefix "$target/anvil/$anvil" "@foundry-rs/anvil@$anvil"
fi
ln -sfn "$anvil/node_modules/.bin/anvil" "$target/anvil/anvil"

if [ ! -x "$target/eth-account/$eth_account/bin/python" ]; then
    need python3
    python3 -m venv "$target/eth-account/$eth_account"
    "$target/eth-account/$eth_account/bin/python" -m pip install --quiet --disable-pip-version-check "eth-account==$eth_account"
fi
ln -sfn "$eth_account" "$target/eth-account/current"
