#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""usage: schema_examples.py SOURCE

Examples of policies are valid by data/boundary.schema.json, and what the loader refuses
is not. TAP on standard output."""
import json
import os
import re
import sys

try:
    import jsonschema
    import yaml
except ImportError as missing:
    if os.environ.get("BNS_MUST_WORK") == "1":
        sys.exit(f"{missing}: data/install-deps test installs it")
    print(f"1..0 # SKIP {missing}")
    sys.exit(0)

source = sys.argv[1]


def read(name):
    with open(os.path.join(source, name), encoding="utf-8") as file:
        return file.read()


def blocks_of_readme():
    return re.findall(r"```yaml\n(.*?)```", read("README.md"), re.S)


def blocks_of_manual():
    """Literal blocks that begin with a key of a policy."""
    for block in re.findall(r"\n\.Bd [^\n]*\n(.*?)\n\.Ed", read("boundary.1"), re.S):
        if re.match(r"[a-z]+:( |$)", block, re.M):
            yield block.replace("\\-", "-").replace("\\e", "\\")


good = {
    "everything": read("tests/policy/valid/everything.yaml"),
    "the-demo": read("data/demo/boundary.yaml"),
    "the-system's-sample": read("data/system-policy.yaml"),
    "nothing": "",
    "keys-without-values": "allow:\ndeny:\nfiles:\n  write:\n",
}
good.update({f"readme-{i}": text for i, text in enumerate(blocks_of_readme())})
good.update({f"manual-{i}": text for i, text in enumerate(blocks_of_manual())})
assert any(name.startswith("readme") for name in good)
assert any(name.startswith("manual") for name in good)

bad = {
    "an-unknown-key": "alow: []",
    "an-unknown-key-of-a-rule": "allow: [{domain: a.org, secret: 1}]",
    "an-unknown-key-below": "files: {reed_only: []}",
    "another-version": "version: 2",
    "no-list": "allow: a.org",
    "a-number-as-rule": "allow: [5]",
    "an-empty-rule": "allow: ['']",
    "neither-domain-nor-cidr": "allow: [{path: /a}]",
    "both-domain-and-cidr": "allow: [{domain: a.org, cidr: 10.0.0.0/8}]",
    "both-port-and-ports": "allow: [{domain: a.org, port: 1, ports: [2]}]",
    "an-empty-list": "allow: [{domain: []}]",
    "port-0": "allow: [{domain: a.org, port: 0}]",
    "a-port-in-quotes": "allow: [{domain: a.org, port: '80'}]",
    "a-lower-case-method": "allow: [{domain: a.org, methods: get}]",
    "a-path-without-slash": "allow: [{domain: a.org, path: a}]",
    "a-query-without-names": "allow: [{domain: a.org, query: {}}]",
    "other-parameters-with-a-value": "allow: [{domain: a.org, query: {'*': a}}]",
    "an-upper-case-field": "allow: [{domain: a.org, headers: {X-A: true}}]",
    "half-a-media-type": "allow: [{domain: a.org, content_type: json}]",
    "a-negative-size": "allow: [{domain: a.org, max_request_bytes: -1}]",
    "no-byte-for-a-session": "allow: [{domain: a.org, max_session_bytes: 0}]",
    "an-unknown-protocol": "allow: [{domain: a.org, protocol: udp}]",
    "a-switch-that-is-a-word": "enabled: 'no'",
    "a-list-as-policy": "- a.org",
    "an-unknown-mode": "files: {mode: all}",
    "a-limit-beyond": "limits: {names: 131057}",
    "an-unknown-unit": "limits: {memory: 1Mi}",
    "a-command-without-name": "commands: {deny: [{reason: x}]}",
}

schema = json.loads(read("data/boundary.schema.json"))
jsonschema.Draft7Validator.check_schema(schema)
validator = jsonschema.Draft7Validator(schema)
print(f"1..{len(good) + len(bad)}")
number = 0
failed = False
for table, is_good in ((good, True), (bad, False)):
    for name, text in table.items():
        number += 1
        errors = [error.message for error in validator.iter_errors(yaml.safe_load(text))]
        passed = (not errors) == is_good
        failed |= not passed
        print(f"{'ok' if passed else 'not ok'} {number} - {name}")
        for error in errors if not passed else []:
            print(f"# {error}")
sys.exit(failed)
