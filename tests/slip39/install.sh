#!/usr/bin/env bash
# Puts the reference implementation of SLIP-0039 (from PyPI) into target/, for tests/slip39.rs. Idempotent; needs python3. The
# version is pinned, so that every machine tests against the same.
set -euo pipefail
cd "$(dirname "$0")/../.."
shamir_mnemonic=0.3.0
target=${CARGO_TARGET_DIR:-target}
mkdir -p "$target"
command -v python3 >/dev/null || { echo "the SLIP-39 tests need python3: please install it" >&2; exit 1; }

if [ ! -x "$target/shamir-mnemonic/$shamir_mnemonic/bin/python" ]; then
    python3 -m venv "$target/shamir-mnemonic/$shamir_mnemonic"
    "$target/shamir-mnemonic/$shamir_mnemonic/bin/python" -m pip install --quiet --disable-pip-version-check "shamir-mnemonic==$shamir_mnemonic"
fi
ln -sfn "$shamir_mnemonic" "$target/shamir-mnemonic/current"
