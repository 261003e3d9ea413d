# SPDX-License-Identifier: Apache-2.0
"""Reads responses as curl does: one curl asks for all of them, one after the other."""
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

import reading

PER_CURL = 400


def read_head(client):
    head = b""
    while b"\r\n\r\n" not in head:
        more = client.recv(4096)
        if not more:
            break
        head += more
    return head


def serve(listener, inputs):
    """Answers /N by the Nth, until the listener is shut."""
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        with client:
            try:
                index = int(read_head(client).split()[1][1:])
                client.sendall(inputs[index][0])
                client.shutdown(socket.SHUT_WR)
                while client.recv(4096):
                    pass
            except (OSError, IndexError):
                pass


def ask(directory, inputs):
    listener = socket.socket(socket.AF_UNIX)
    path = directory + "/socket"
    listener.bind(path)
    listener.listen(8)
    server = threading.Thread(target=serve, args=(listener, inputs), daemon=True)
    server.start()
    config = []
    for index, (_, method) in enumerate(inputs):
        config.append(f'url = "http://h.test/{index}"')
        config.append(f'output = "{directory}/body{index}"')
        config.append(f'unix-socket = "{path}"')
        config.append('silent\nno-keepalive\nmax-time = 10')
        if method == "HEAD":
            config.append("head")
        config.append(f'dump-header = "{directory}/head{index}"')
        config.append(r'write-out = "%{exitcode} %{http_code}\n"')
        config.append("next")
    config.pop()
    result = subprocess.run(["curl", "-q", "-K", "-"], input="\n".join(config).encode(),
                            stdout=subprocess.PIPE, check=False)
    listener.shutdown(socket.SHUT_RDWR)
    server.join()
    listener.close()
    # Some answers end the whole run: what follows is asked for anew.
    return [tuple(line.split()) for line in result.stdout.decode().splitlines()]


def content(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""


def judge(directory, index, method, exit_code, status):
    if exit_code in ("18", "56"):
        return "more", []
    if exit_code != "0" or status == "000" or int(status) < 200:
        return "bad", []
    body = b"" if method == "HEAD" else content(f"{directory}/body{index}")
    return "stop", [reading.message(status.encode(), None, b"", None, body)]


def main():
    if shutil.which("curl") is None:
        reading.skip("curl is not installed")
    mode, file = sys.argv[1:]
    if mode != "responses":
        reading.skip("curl reads no requests")
    with open(file, encoding="ascii") as lines:
        inputs = [(bytes.fromhex(words[1]), words[0]) for words in map(str.split, lines)]
    start = 0
    while start < len(inputs):
        some = inputs[start:start + PER_CURL]
        with tempfile.TemporaryDirectory() as directory:
            answers = ask(directory, some) or sys.exit("curl says nothing")
            for index, (exit_code, status) in enumerate(answers):
                print(reading.line(*judge(directory, index, some[index][1], exit_code,
                                          status)))
        start += len(answers)


main()
