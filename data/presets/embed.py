# SPDX-License-Identifier: Apache-2.0
"""embed.py OUTPUT FILE...: the files as a table of policy/preset.h."""
import os
import sys


def literal(line):
    return '"' + line.replace("\\", "\\\\").replace('"', '\\"') + '\\n"'


def row(path):
    name = os.path.splitext(os.path.basename(path))[0]
    with open(path, encoding="ascii") as file:
        text = file.read()
    assert text.endswith("\n"), path
    lines = "\n      ".join(literal(line) for line in text.splitlines())
    return f'    {{ "{name}",\n      {lines},\n      {len(text)} }},\n'


with open(sys.argv[1], "w", encoding="ascii") as out:
    out.write('#include "policy/preset.h"\n\nconst BnsPreset bns_presets[] = {\n')
    for path in sorted(sys.argv[2:], key=lambda path: os.path.splitext(path)[0]):
        out.write(row(path))
    out.write("};\nconst size_t bns_n_presets = G_N_ELEMENTS(bns_presets);\n")
