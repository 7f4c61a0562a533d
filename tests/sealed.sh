#!/usr/bin/env bash
# Watches the real program's system calls while it signs: it seals itself before it reads the password, and from then on
# opens no socket, starts no program and no thread.
#   tests/sealed.sh PATH-TO-FASTNESS [PATH-TO-AIR-GAPPED-FASTNESS]
# With the second, an air-gapped build signs the same draft with nothing but the wallet file, and must make the same bytes.
# A debugger then makes the calls of a thief from inside each sealed command (tests/seal/inside.py), reads the memory of each at
# its end (memory.py), and errors are injected into a sample of the file calls of the commands that write (faults.py).
# Needs strace, python3 and Linux.
set -euo pipefail
tests=$(cd "$(dirname "$0")" && pwd)
fastness=$(realpath "${1:?usage: tests/sealed.sh PATH-TO-FASTNESS [PATH-TO-AIR-GAPPED-FASTNESS]}")
airgapped=${2:-}
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
fail() { echo "sealed.sh: $1" >&2; exit 1; }

"$fastness" --home "$home" practice --yes >/dev/null </dev/null
tour=$(echo "$home"/practice/tour-*)
cd "$tour"
# The option that agrees to exactly this draft, whoever it pays.
approve() { echo "--approve=$("$fastness" --home "$tour" inspect "$1" --json | sed -n 's/.*"digest": "\([0-9a-f]*\)".*/\1/p' | head -n 1)"; }
first=$(approve first.draft)

strace -f -o "$home/sign" -e trace='?open',openat,seccomp,socket,connect,sendto,sendmsg,execve,execveat,fork,vfork,clone,clone3,ptrace \
    "$fastness" --home "$tour" sign first.draft -o again.signed --wallet practice --password-file "$tour/password" --yes --max-fee 2000sat "$first" >/dev/null
sealed=$(grep -n 'seccomp(SECCOMP_SET_MODE_FILTER' "$home/sign" | head -n 1 | cut -d: -f1)
# A descriptor of O_PATH names the file in a rule and cannot read it.
secret=$(grep -nE 'open(at)?\(.*password' "$home/sign" | grep -v O_PATH | head -n 1 | cut -d: -f1)
[ -n "$sealed" ] || fail "sign never installs its filter"
[ -n "$secret" ] || fail "sign never reads the password"
[ "$sealed" -lt "$secret" ] || fail "sign reads the password before it is sealed"
after=$(tail -n +"$secret" "$home/sign" | grep -E '(socket|connect|sendto|sendmsg|execve|execveat|fork|vfork|clone|clone3|ptrace)\(' || true)
[ -z "$after" ] || fail "after the password was read: $after"
echo "sign: sealed at call $sealed, password read at call $secret, then none of the forbidden calls"

python3 -B "$tests/seal/inside.py" "$fastness" || fail "something got out of a sealed process, or changed a file"
python3 -B "$tests/seal/memory.py" "$fastness" || fail "a secret is left in memory when a command ends"
python3 -B "$tests/seal/faults.py" "$fastness" || fail "what is said after a failed file call is not true"

if [ -n "$airgapped" ]; then
    mkdir -m 700 "$home/offline" "$home/offline/wallets"
    cp "$tour/wallets/practice.keystore" "$home/offline/wallets/"
    cp first.draft "$home/carried.draft"
    "$airgapped" --home "$home/offline" sign "$home/carried.draft" -o "$home/carried.signed" --password-file "$tour/password" \
        --yes --max-fee 2000sat "$first" >/dev/null
    cmp "$home/carried.signed" again.signed || fail "the air-gapped build signs something else"
    if "$airgapped" --home "$home/offline" --network regtest explorers --test | grep -q 'answers'; then
        fail "the air-gapped build reached an explorer"
    fi
    echo "air gap: the build without a network signed the same draft to the same bytes"
fi

if [ -n "$airgapped" ]; then
    address=$("$fastness" --home "$tour" --network local --wallet practice receive --json | sed -n 's/.*"address": "\(0x[0-9A-Fa-f]*\)".*/\1/p')
    # One ether on chain 31337 with nonce 0, as `plan` writes it.
    cat >"$home/ether.draft" <<DRAFT
{"fastness_draft": 1, "network": "eip155:31337", "from": "$address",
 "unsigned": "0x02ed827a69800184465330178252089470997970c51812dc3a010c7d01b50e0d17dc79c8880de0b6b3a764000080c0"}
DRAFT
    "$airgapped" --home "$home/offline" inspect "$home/ether.draft" >"$home/review"
    for part in 'Send 1 ETH to 0x70997970C51812dc3A010C7d01b50e0d17dc79C8' 'chain 31337' 'Nonce     0' '0.000 024 776 995 299 ETH'; do
        grep -qF "$part" "$home/review" || { cat "$home/review"; fail "the air-gapped review does not say: $part"; }
    done
    "$fastness" --home "$tour" sign "$home/ether.draft" -o "$home/ether.signed" --wallet practice --password-file "$tour/password" \
        --yes --max-fee 0.01eth --expect-to 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 >/dev/null
    "$airgapped" --home "$home/offline" sign "$home/ether.draft" -o "$home/ether-offline.signed" --password-file "$tour/password" \
        --yes --max-fee 0.01eth --expect-to 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 >/dev/null
    cmp "$home/ether.signed" "$home/ether-offline.signed" || fail "the air-gapped build signs another Ethereum transaction"
    echo "air gap: an Ethereum draft has the complete review there, and is signed to the same bytes"
fi
