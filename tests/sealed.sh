#!/usr/bin/env bash
# Watches the real program's system calls while it signs: it seals itself before it reads the password, and from then on
# opens no socket, starts no program and no thread.
#   tests/sealed.sh PATH-TO-FASTNESS [PATH-TO-AIR-GAPPED-FASTNESS]
# With the second, an air-gapped build signs the same draft with nothing but the wallet file, and must make the same bytes.
# Needs strace and Linux.
set -euo pipefail
fastness=${1:?usage: tests/sealed.sh PATH-TO-FASTNESS [PATH-TO-AIR-GAPPED-FASTNESS]}
airgapped=${2:-}
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
fail() { echo "sealed.sh: $1" >&2; exit 1; }

"$fastness" --home "$home" practice --yes >/dev/null </dev/null
tour=$(echo "$home"/practice/tour-*)
cd "$tour"

strace -f -o "$home/sign" -e trace=openat,seccomp,socket,connect,sendto,sendmsg,execve,execveat,fork,vfork,clone,clone3,ptrace \
    "$fastness" --home "$tour" sign first.draft -o again.signed --wallet practice --password-file "$tour/password" --yes --max-fee 2000sat >/dev/null
sealed=$(grep -n 'seccomp(SECCOMP_SET_MODE_FILTER' "$home/sign" | head -n 1 | cut -d: -f1)
secret=$(grep -n 'openat.*password' "$home/sign" | head -n 1 | cut -d: -f1)
[ -n "$sealed" ] || fail "sign never installs its filter"
[ -n "$secret" ] || fail "sign never reads the password"
[ "$sealed" -lt "$secret" ] || fail "sign reads the password before it is sealed"
after=$(tail -n +"$secret" "$home/sign" | grep -E '(socket|connect|sendto|sendmsg|execve|execveat|fork|vfork|clone|clone3|ptrace)\(' || true)
[ -z "$after" ] || fail "after the password was read: $after"
echo "sign: sealed at call $sealed, password read at call $secret, then none of the forbidden calls"

if [ -n "$airgapped" ]; then
    mkdir -m 700 "$home/offline" "$home/offline/wallets"
    cp "$tour/wallets/practice.keystore" "$home/offline/wallets/"
    cp first.draft "$home/carried.draft"
    "$airgapped" --home "$home/offline" sign "$home/carried.draft" -o "$home/carried.signed" --password-file "$tour/password" \
        --yes --max-fee 2000sat >/dev/null
    cmp "$home/carried.signed" again.signed || fail "the air-gapped build signs something else"
    if "$airgapped" --home "$home/offline" --network regtest explorers --test | grep -q 'answers'; then
        fail "the air-gapped build reached an explorer"
    fi
    echo "air gap: the build without a network signed the same draft to the same bytes"
fi
