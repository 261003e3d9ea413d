# SPDX-License-Identifier: Apache-2.0
"""Reads requests as nginx does, from its access log. It answers from a second server of
its own, so that it reads bodies to their end."""
import grp
import json
import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tempfile

import reading

CONFIG = """
user {user} {group};
daemon off;
worker_processes 1;
pid {dir}/pid;
error_log {dir}/error crit;
events {{ worker_connections 64; }}
http {{
    access_log off;
    lingering_close off;
    client_body_temp_path {dir}/body;
    proxy_temp_path {dir}/proxy;
    fastcgi_temp_path {dir}/fastcgi;
    uwsgi_temp_path {dir}/uwsgi;
    scgi_temp_path {dir}/scgi;
    client_body_buffer_size 64k;
    client_body_in_single_buffer on;
    underscores_in_headers on;
    proxy_ignore_client_abort on;
    log_format reading escape=json
        '{{"method":"$request_method","line":"$request","host":"$http_host",'
        '"body":"$request_body","status":"$status","connection":"$connection"}}';
    server {{
        listen unix:{dir}/front;
        access_log {dir}/log reading;
        location / {{ proxy_pass http://unix:{dir}/back; }}
    }}
    server {{
        listen unix:{dir}/back;
        location / {{ return 204; }}
    }}
}}
"""


def find():
    program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
    return program or reading.skip("nginx is not installed")


class Nginx:
    def __init__(self, directory):
        self.dir = directory
        with open(directory + "/conf", "w") as conf:
            conf.write(CONFIG.format(
                dir=directory, user=pwd.getpwuid(os.getuid()).pw_name,
                group=grp.getgrgid(os.getgid()).gr_name))
        self.process = subprocess.Popen([find(), "-p", directory, "-c", directory + "/conf",
                                         "-e", directory + "/error"])
        self.log = None
        while self.log is None:
            try:
                self.connect().close()
                self.log = open(directory + "/log", "rb")
            except (FileNotFoundError, ConnectionRefusedError):
                if self.process.poll() is not None:
                    sys.exit("nginx did not start")

    def connect(self):
        client = socket.socket(socket.AF_UNIX)
        client.connect(self.dir + "/front")
        return client

    def read_requests(self, data):
        client = self.connect()
        answer = b""
        try:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            while True:
                more = client.recv(65536)
                if not more:
                    break
                answer += more
        except OSError:
            pass
        client.close()
        return self.result(answer)

    def result(self, answer):
        """What was answered was logged before the connection ended."""
        messages = []
        end = "end"
        for line in self.log.read().splitlines():
            entry = parse(line)
            if entry["status"] == b"204":
                messages.append(reading.message(entry["method"],
                                                entry["line"].split(b" ")[1],
                                                entry["host"], None, entry["body"]))
            else:
                end = "more" if entry["status"] in (b"499", b"000") else "bad"
        if end == "end" and re.search(rb"Connection: close", answer):
            end = "stop"
        if end == "bad" and b" 400 " not in answer and not re.search(rb" [45]\d\d ", answer):
            end = "more"
        return end, messages


def parse(line):
    """escape=json leaves bytes above 0x7f as they are."""
    text = json.loads(line.decode("latin-1"))
    return {name: value.encode("latin-1") for name, value in text.items()}


def main():
    with tempfile.TemporaryDirectory() as directory:
        nginx = Nginx(directory)
        try:
            reading.run(nginx.read_requests, lambda data, method: ("stop", []))
        finally:
            nginx.process.terminate()
            nginx.process.wait()


main()
