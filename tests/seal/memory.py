#!/usr/bin/env python3
"""Reads the memory of the program at its last moment, and looks for what must be gone by then: words, entropy, seed, keys, password.

    tests/seal/memory.py PATH-TO-FASTNESS

Root, Linux, x86_64. A debugger stops each process of a command as it ends, its sealed children too, before its memory is
given back. What is looked for is computed here, from the words.
"""

import hashlib
import hmac
import json
import os
import platform
import struct
import sys
import tempfile

from tracing import at_exit, memory_of

WORDS = "develop pool radar lobster dress blind flat grass leaf slim globe border"
PASSWORD = "correct horse battery staple"
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
FIELD = 2**256 - 2**32 - 977
GENERATOR = (
    0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
    0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
)
# What the words stand for: their numbers in the list, and the bytes that those encode (BIP-39).
NUMBERS = [484, 1344, 1413, 1049, 533, 190]
ENTROPY = bytes.fromhex("3c9502c2c1942a2f96232f7eb9798d0c")
DIGEST = "50b2c43fd39106bafbba0da34fc430e1f91e3c96ea2acee2bc34119f92b37750"
SENDER = "0xa9D329B459730dd0043e761D38424452F8B3cDE4"
ETHER = (
    '{"fastness_draft": 1, "network": "eip155:1", "from": "%s", "unsigned": '
    '"0x02eb01800184465330178252089470997970c51812dc3a010c7d01b50e0d17dc79c8880de0b6b3a764000080c0"}' % SENDER
)
HARD = 1 << 31
# Of child seeds (BIP-85): twelve English words, and an extended key, the first of each.
CHILDREN = {"words": [39, 0, 12, 0], "xprv": [32, 0]}


def add(left, right):
    if left is None:
        return right
    if left == right:
        slope = 3 * left[0] * left[0] * pow(2 * left[1], -1, FIELD)
    else:
        slope = (right[1] - left[1]) * pow(right[0] - left[0], -1, FIELD)
    x = (slope * slope - left[0] - right[0]) % FIELD
    return x, (slope * (left[0] - x) - left[1]) % FIELD


def public(key):
    result, step = None, GENERATOR
    while key:
        if key & 1:
            result = add(result, step)
        step, key = add(step, step), key >> 1
    return bytes([2 + (result[1] & 1)]) + result[0].to_bytes(32, "big")


def keys(seed, path):
    """The private keys from the master to the end of a path (BIP-32)."""
    digest = hmac.new(b"Bitcoin seed", seed, hashlib.sha512).digest()
    key, chain = int.from_bytes(digest[:32], "big"), digest[32:]
    yield key
    for level in path:
        start = b"\0" + key.to_bytes(32, "big") if level & HARD else public(key)
        digest = hmac.new(chain, start + struct.pack(">I", level), hashlib.sha512).digest()
        key, chain = (int.from_bytes(digest[:32], "big") + key) % ORDER, digest[32:]
        yield key


def secrets(words):
    """Names and bytes of what must be gone. Numbers are looked for in both orders of their bytes."""
    several = words.split()
    found = {"the words": " ".join(several[:3]).encode(), "the last words": " ".join(several[-3:]).encode()}
    found["the words in JSON"] = json.dumps(several[:2])[1:-1].encode()
    found["the words on lines"] = "\n".join(several[:3]).encode()
    found["a word of a sheet"] = f">{several[0]}</text>".encode()
    if words == WORDS:
        found["the digits of the SeedQR"] = "".join(f"{number:04}" for number in NUMBERS).encode()
        found["the words' numbers"] = struct.pack("<6H", *NUMBERS)
        found["the entropy"] = ENTROPY
    seed = hashlib.pbkdf2_hmac("sha512", words.encode(), b"mnemonic", 2048, 64)
    found["the seed"], found["half of the seed"] = seed[:32], seed[32:]
    paths = {"84": [84 | HARD, HARD, HARD, 0, 0], "60": [44 | HARD, 60 | HARD, HARD, 0, 0]}
    for name, path in paths.items():
        for depth, key in enumerate(keys(seed, path)):
            found[f"the key {depth} of {name}"] = key.to_bytes(32, "big")
            found[f"the key {depth} of {name}, reversed"] = key.to_bytes(32, "little")
    for name, path in CHILDREN.items():
        *_, key = keys(seed, [level | HARD for level in [83696968, *path]])
        entropy = hmac.new(b"bip-entropy-from-k", key.to_bytes(32, "big"), hashlib.sha512).digest()
        found[f"the key of the child {name}"] = key.to_bytes(32, "big")
        found[f"the key of the child {name}, reversed"] = key.to_bytes(32, "little")
        found[f"the entropy of the child {name}"], found[f"the rest of the entropy of the child {name}"] = entropy[:16], entropy[32:]
    found["the password"] = PASSWORD.encode()
    return found


def of_result(text):
    """The same of the words, or the key, that a document of the program has."""
    data = json.loads(text)["data"]
    return secrets(" ".join(data["words"])) if "words" in data else {"the key": data["secret"].encode()}


class Scene:
    def __init__(self, program):
        self.program, self.folder = program, tempfile.mkdtemp()
        for name, text in [("password", PASSWORD), ("words", WORDS), ("ether.draft", ETHER)]:
            with open(os.open(self.path(name), os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
                file.write(text)
        self.out = os.open(self.path("out"), os.O_RDWR | os.O_CREAT, 0o600)
        self.null = os.open("/dev/null", os.O_RDONLY)

    def path(self, name):
        return os.path.join(self.folder, name)

    def run(self, words, look):
        os.ftruncate(self.out, 0)
        os.lseek(self.out, 0, 0)
        command = [self.program, "--home", self.path("home"), *words, "--password-file", self.path("password")]
        code = at_exit(command, look, files={0: self.null, 1: self.out, 2: self.out})
        with open(self.path("out")) as said:
            text = said.read()
        if code != 0:
            sys.exit(f"memory.py: {words} ended with {code}: {text}")
        return text


def kept(process, wanted):
    """Which of the wanted bytes are in a process, and in which region."""
    return {f"{name} in {place.split(None, 5)[5:] or place}" for place, held in process for name, value in wanted.items() if value in held}


def main():
    if platform.machine() != "x86_64" or os.geteuid() != 0:
        print("memory.py: skipped, nothing was looked for: it needs root on x86_64")
        return
    scene = Scene(os.path.abspath(sys.argv[1]))
    draft = scene.path("ether.draft")
    commands = [
        ["restore", "--words-file", scene.path("words"), "--yes"],
        ["backup", "words", "--words-to-stdout"],
        ["backup", "sheet", "--filled", "--words-to-disk", "--yes", "-o", scene.path("sheet.svg")],
        ["backup", "sheet", "--filled", "--words-to-disk", "--yes", "-o", "-"],
        ["new", "--wallet=fresh", "--words-to-stdout", "--json"],
        ["message", "sign", "hello", "--wallet=main", "--network=ethereum", "--approve", DIGEST],
        ["sign", draft, "--wallet=main", "-o", scene.path("signed"), "--yes", "--max-fee", "0.01eth", "--expect-to", "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"],
        ["account", "add", "--wallet=main", "--number=4"],
        ["backup", "verify", "--wallet=main", "--words-file", scene.path("words")],
        ["child", "words", "--wallet=main", "--count=12", "--secret-to-stdout", "--json"],
        ["child", "xprv", "--wallet=main", "--secret-to-stdout", "--json"],
    ]
    wrong, processes = 0, 0
    for words in commands:
        ended = []
        text = scene.run(words, lambda pid: ended.append(list(memory_of(pid))))
        wanted = secrets(WORDS)
        if "--json" in words:
            wanted |= {f"{name} of the result": value for name, value in of_result(text).items()}
        for process in ended:
            processes += 1
            for problem in sorted(kept(process, wanted)):
                wrong += 1
                print(f"memory.py: {words[0]} {words[1]}: still there: {problem}", flush=True)
    print(f"memory.py: {processes} processes of {len(commands)} commands read at their end, {wrong} secrets found")
    sys.exit(1 if wrong else 0)


main()
