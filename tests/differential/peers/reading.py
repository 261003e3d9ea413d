# SPDX-License-Identifier: Apache-2.0
"""What the drivers in Python share: the lines of tests/differential/reading.h."""
import sys

APART = {b"host", b"content-length", b"transfer-encoding", b"trailer",
         b"connection"}


def fields(pairs):
    """pairs: (name, value) in bytes"""
    lines = [name.lower() + b": " + value + b"\n" for name, value in pairs]
    return b"".join(sorted(l for l in lines if l[: l.index(b":")] not in APART))


def message(method, target, host, pairs, body):
    """A part that is None cannot be told."""
    parts = [method, target, host, None if pairs is None else fields(pairs), body]
    return "|".join("*" if part is None else part.hex() for part in parts)


def line(end, messages):
    return " ".join([end] + messages)


def run(read_requests, read_response):
    """usage: PEER.py requests|responses FILE"""
    mode, file = sys.argv[1:]
    out = []
    with open(file, encoding="ascii") as lines:
        for words in map(str.split, lines):
            data = bytes.fromhex(words[-1])
            if mode == "requests":
                out.append(line(*read_requests(data)))
            else:
                out.append(line(*read_response(data, words[0])))
    print("\n".join(out))


def skip(why):
    print(why, file=sys.stderr)
    sys.exit(77)
