#!/usr/bin/env python3
"""Writes descriptors.json: 300 random descriptors and their addresses, derived by embit 0.8.0 (pip install embit).

    python3 tests/vectors/descriptors.py > tests/vectors/descriptors.json

The generator is seeded, so that the file can be made again and compared.
"""
import json
import random

from embit import bip32
from embit.descriptor import Descriptor
from embit.networks import NETWORKS

DICE = random.Random(13)
UNSPENDABLE = "50929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0"
PLACES = [(branch, index) for branch in (0, 1) for index in (0, 7, 1000)]


def key(purpose):
    """An extended key with its origin, ending in two chains."""
    master = bip32.HDKey.from_seed(DICE.randbytes(32))
    path = f"{purpose}h/0h/{DICE.randrange(3)}h"
    account = master.derive("m/" + path).to_public()
    fingerprint = master.my_fingerprint.hex()
    return f"[{fingerprint}/{path}]{account.to_base58()}/<0;1>/*"


def keys(count):
    return [key(48) for _ in range(count)]


def sortedmulti(most):
    count = DICE.randint(2, most)
    return f"sortedmulti({DICE.randint(1, count)},{','.join(keys(count))})"


def older():
    return f"older({DICE.choice([1, 144, 4032, 52560, 65535, 4194304 + DICE.randint(1, 65535)])})"


def after():
    return f"after({DICE.choice([1, 500_000, 499_999_999, 1_700_000_000])})"


def miniscript():
    a, b, c, d = keys(4)
    return DICE.choice([
        lambda: f"and_v(v:pk({a}),{older()})",
        lambda: f"and_v(v:pkh({a}),{after()})",
        lambda: f"or_d(pk({a}),and_v(v:pkh({b}),{older()}))",
        lambda: f"or_i(and_v(v:pkh({a}),{after()}),pk({b}))",
        lambda: f"andor(pk({a}),older(144),pk({b}))",
        lambda: f"or_d(multi(2,{a},{b}),and_v(v:multi(1,{c},{d}),{older()}))",
        lambda: f"thresh(2,pk({a}),s:pk({b}),s:pk({c}))",
        lambda: f"thresh(3,pk({a}),s:pk({b}),s:pk({c}),sln:older(52560))",
        lambda: f"or_d(multi(2,{a},{b},{c}),and_v(v:pkh({d}),older(52560)))",
        lambda: f"and_v(v:pk({a}),or_d(pk({b}),older(12960)))",
    ])()


def leaf():
    a, b, c = keys(3)
    return DICE.choice([
        lambda: f"pk({a})",
        lambda: f"and_v(v:pk({a}),{older()})",
        lambda: f"and_v(v:pk({a}),{after()})",
        lambda: f"multi_a({DICE.randint(1, 3)},{a},{b},{c})",
        lambda: f"and_v(v:multi_a(2,{a},{b}),older(144))",
    ])()


def tree(depth):
    if depth == 0 or DICE.random() < 0.3:
        return leaf()
    return f"{{{tree(depth - 1)},{tree(depth - 1)}}}"


def taproot():
    internal = UNSPENDABLE if DICE.random() < 0.3 else key(48)
    return f"tr({internal},{tree(DICE.randint(0, 3))})"


KINDS = [
    (25, lambda: f"pkh({key(44)})"),
    (25, lambda: f"sh(wpkh({key(49)}))"),
    (25, lambda: f"wpkh({key(84)})"),
    (25, lambda: f"tr({key(86)})"),
    (30, lambda: f"sh({sortedmulti(15)})"),
    (30, lambda: f"sh(wsh({sortedmulti(15)}))"),
    (35, lambda: f"wsh({sortedmulti(15)})"),
    (35, lambda: f"wsh({miniscript()})"),
    (20, lambda: f"sh(wsh({miniscript()}))"),
    (50, taproot),
]


def row(text):
    parsed = Descriptor.from_string(text)
    address = lambda branch, index: parsed.derive(index, branch_index=branch).address(NETWORKS["main"])
    return {"descriptor": text, "addresses": [address(*place) for place in PLACES]}


def main():
    rows = [row(make()) for count, make in KINDS for _ in range(count)]
    print("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]")


if __name__ == "__main__":
    main()
