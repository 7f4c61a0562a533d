"""Splits and joins with shamir-mnemonic, the reference implementation of SLIP-0039, for comparison with fastness.

Reads one JSON object a line on standard input and answers each with one. An object with `shares` (and `passphrase`) is joined:
the answer is `{"secret": hex}` or `{"refused": reason}`. Any other is a secret to split: the answer is `{"groups": [[share]]}`.
"""

import json
import sys

from shamir_mnemonic import MnemonicError, combine_mnemonics, generate_mnemonics


def joined(case):
    try:
        return {"secret": combine_mnemonics(case["shares"], case["passphrase"].encode()).hex()}
    except MnemonicError as error:
        return {"refused": str(error)}


def split(case):
    groups = generate_mnemonics(
        group_threshold=case["threshold"],
        groups=[tuple(group) for group in case["groups"]],
        master_secret=bytes.fromhex(case["secret"]),
        passphrase=case["passphrase"].encode(),
        extendable=case["extendable"],
        iteration_exponent=case["exponent"],
    )
    return {"groups": groups}


for line in sys.stdin:
    case = json.loads(line)
    print(json.dumps(joined(case) if "shares" in case else split(case)), flush=True)
