#!/usr/bin/env bash
# Watches the real program's system calls while it signs: it seals itself before it reads the password, and from then on
# opens no socket, starts no program and no thread.
#   tests/sealed.sh PATH-TO-FASTNESS
# Needs strace and Linux.
set -euo pipefail
fastness=${1:?usage: tests/sealed.sh PATH-TO-FASTNESS}
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
