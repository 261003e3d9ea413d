# SPDX-License-Identifier: Apache-2.0
"""Reads as Python's http.server and http.client do."""
import http.client
import http.server
import io

import reading


def pairs_of(headers):
    """Python keeps white space behind a value; where it could matter we refuse it."""
    pairs = [(n.encode("latin-1"), v.encode("latin-1")) for n, v in headers.raw_items()]
    return [(n, v if n.lower() == b"host" else v.rstrip(b" \t")) for n, v in pairs]


class Handler(http.server.BaseHTTPRequestHandler):
    """A handler as people write them: Content-Length bytes are the body. It knows no
    chunks, so that what follows such a head is beyond it."""

    protocol_version = "HTTP/1.1"

    def __init__(self, data):
        self.rfile = io.BytesIO(data)
        self.wfile = io.BytesIO()
        self.end = "end"
        self.messages = []
        self.client_address = ("192.0.2.1", 1)
        self.close_connection = False
        while self.end == "end" and not self.close_connection:
            self.handle_one_request()
        if self.end == "end" and self.close_connection and self.rfile.tell() < len(data):
            self.end = "stop"

    def __getattr__(self, name):
        if name.startswith("do_"):
            return self.take
        raise AttributeError(name)

    def take(self):
        pairs = [(n.encode("latin-1", "replace"), v.encode("latin-1", "replace"))
                 for n, v in self.headers.raw_items()]
        target = self.requestline.split()[1].encode("latin-1")
        # Python keeps white space behind a value; where it could matter we refuse it.
        pairs = [(n, v.rstrip(b" \t") if n.lower() != b"host" else v) for n, v in pairs]
        hosts = [v for n, v in pairs if n.lower() == b"host"]
        body = b""
        if "Transfer-Encoding" in self.headers:
            body = None
            self.end = "stop"
        else:
            try:
                length = int(self.headers.get("Content-Length", "0"))
            except ValueError:
                self.end = "bad"
                return
            if length < 0:
                self.end = "bad"
                return
            body = self.rfile.read(min(length, len(self.rfile.getvalue())))
            if len(body) < length:
                self.end = "more"
                return
        self.messages.append(
            reading.message(self.command.encode("latin-1"), target, b",".join(hosts),
                            pairs, body))
        self.send_response(200)
        self.end_headers()

    def send_error(self, code, message=None, explain=None):
        self.end = "bad"
        self.close_connection = True

    def log_message(self, *args):
        pass


def read_requests(data):
    handler = Handler(data)
    return handler.end, handler.messages


class Socket:
    """The end of a connection that has said DATA."""

    def __init__(self, data):
        self.data = data

    def makefile(self, mode):
        return io.BytesIO(self.data)


def read_response(data, method):
    response = http.client.HTTPResponse(Socket(data), method=method)
    try:
        response.begin()
        # It takes every interim answer but 100 for the final one, whoever sends it.
        if response.status < 200:
            return "stop", []
        # It reads a body of 304 if there is a Transfer-Encoding. We send none on.
        if response.status == 304 and response.chunked:
            return "stop", []
        body = response.read()
    except (http.client.IncompleteRead, OverflowError):
        return "more", []
    except (http.client.HTTPException, ValueError):
        return "bad", []
    message = reading.message(str(response.status).encode(),
                              None, b"", pairs_of(response.headers), body)
    return "stop", [message]


reading.run(read_requests, read_response)
