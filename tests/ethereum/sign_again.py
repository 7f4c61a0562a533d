"""Signs transactions with eth-account, an implementation that shares no code with fastness, for comparison.

Reads one JSON object a line on standard input: the fields of a transaction (and for type 4 the delegate of its one
authorisation). Derives the key from the words given as the first argument, at m/44'/60'/0'/0/0, and prints `raw hash` a line.
"""

import json
import sys

from eth_account import Account

Account.enable_unaudited_hdwallet_features()
account = Account.from_mnemonic(sys.argv[1], account_path="m/44'/60'/0'/0/0")

for line in sys.stdin:
    fields = json.loads(line)
    delegate = fields.pop("delegate", None)
    if delegate is not None:
        authorization = {"chainId": fields["chainId"], "address": delegate, "nonce": fields["nonce"] + 1}
        fields["authorizationList"] = [account.sign_authorization(authorization)]
    signed = account.sign_transaction(fields)
    print(signed.raw_transaction.hex().removeprefix("0x"), signed.hash.hex().removeprefix("0x"), flush=True)
