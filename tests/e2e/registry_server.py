# SPDX-License-Identifier: Apache-2.0
"""A stand-in of a registry that holds one package, "thing", for tests/e2e/registries.c.

    registry_server.py KIND HOST HOST2

HOST has the index, HOST2 the files. The line that it prints are its ports: with TLS (the
certificate and key are registry.pem and registry.key), without.
"""
import base64
import gzip
import hashlib
import http.server
import io
import json
import os
import ssl
import subprocess
import sys
import tarfile
import threading
import zipfile

KIND, HOST, HOST2 = sys.argv[1:]


def tgz(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
    return out.getvalue()


def zipped(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return out.getvalue()


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def npm():
    package = {"name": "thing", "version": "1.0.0", "main": "index.js"}
    data = tgz({"package/package.json": json.dumps(package),
                "package/index.js": "module.exports = 'thing is here';\n"})
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()
    package["dist"] = {"tarball": f"https://{HOST}/thing/-/thing-1.0.0.tgz",
                       "integrity": integrity}
    index = {"name": "thing", "dist-tags": {"latest": "1.0.0"},
             "versions": {"1.0.0": package}}
    return {"/thing": ("application/json", json.dumps(index).encode()),
            "/thing/-/thing-1.0.0.tgz": ("application/octet-stream", data)}


def pypi():
    name = "thing-1.0-py3-none-any.whl"
    info = "thing-1.0.dist-info/"
    data = zipped({"thing.py": "print('thing is here')\n",
                   info + "METADATA": "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n",
                   info + "WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n"
                                   "Tag: py3-none-any\n",
                   info + "RECORD": f"thing.py,,\n{info}METADATA,,\n{info}WHEEL,,\n"
                                    f"{info}RECORD,,\n"})
    link = f'<!DOCTYPE html><a href="https://{HOST2}/f/{name}#sha256={sha256(data)}">{name}</a>'
    return {"/simple/thing/": ("text/html", link.encode()),
            f"/f/{name}": ("application/octet-stream", data)}


def crates():
    data = tgz({"thing-1.0.0/Cargo.toml": '[package]\nname = "thing"\nversion = "1.0.0"\n'
                                          'edition = "2021"\n',
                "thing-1.0.0/src/lib.rs": 'pub const SAY: &str = "thing is here";\n'})
    line = {"name": "thing", "vers": "1.0.0", "deps": [], "cksum": sha256(data),
            "features": {}, "yanked": False}
    config = {"dl": f"https://{HOST2}/crates/{{crate}}/{{version}}/download"}
    return {"/index/config.json": ("application/json", json.dumps(config).encode()),
            "/index/th/in/thing": ("text/plain", json.dumps(line).encode() + b"\n"),
            "/crates/thing/1.0.0/download": ("application/gzip", data)}


def go():
    mod = "module a.example/thing\n"
    top = "a.example/thing@v1.0.0/"
    data = zipped({top + "go.mod": mod,
                   top + "thing.go": 'package thing\n\nconst Say = "thing is here"\n'})
    at = "/a.example/thing/@v/"
    info = {"Version": "v1.0.0", "Time": "2026-01-01T00:00:00Z"}
    return {at + "list": ("text/plain", b"v1.0.0\n"),
            at + "v1.0.0.info": ("application/json", json.dumps(info).encode()),
            at + "v1.0.0.mod": ("text/plain", mod.encode()),
            at + "v1.0.0.zip": ("application/zip", data)}


def debian():
    os.makedirs("deb/DEBIAN", exist_ok=True)
    os.makedirs("deb/usr/share/thing", exist_ok=True)
    control = ("Package: thing\nVersion: 1.0\nArchitecture: all\n"
               "Maintainer: nobody <a@a.example>\nDescription: thing is here\n")
    with open("deb/DEBIAN/control", "w") as file:
        file.write(control)
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", "deb", "thing.deb"], check=True,
                   stdout=subprocess.DEVNULL)
    with open("thing.deb", "rb") as file:
        data = file.read()
    entry = control + (f"Filename: ./thing.deb\nSize: {len(data)}\n"
                       f"SHA256: {sha256(data)}\n\n")
    index = gzip.compress(entry.encode())
    return {"/debian/Packages.gz": ("application/gzip", index),
            "/debian/thing.deb": ("application/octet-stream", data)}


def docker():
    layer = tgz({"thing": "thing is here\n"})
    config = json.dumps({"architecture": "amd64", "os": "linux", "config": {},
                         "rootfs": {"type": "layers", "diff_ids": [
                             "sha256:" + sha256(gzip.decompress(layer))]}}).encode()
    kind = "application/vnd.oci.image."
    manifest = json.dumps({
        "schemaVersion": 2, "mediaType": kind + "manifest.v1+json",
        "config": {"mediaType": kind + "config.v1+json", "size": len(config),
                   "digest": "sha256:" + sha256(config)},
        "layers": [{"mediaType": kind + "layer.v1.tar+gzip", "size": len(layer),
                    "digest": "sha256:" + sha256(layer)}]}).encode()
    blob = "/v2/team/thing/blobs/sha256:"
    return {"/v2/": ("application/json", b"{}"),
            "/v2/team/thing/manifests/1": (kind + "manifest.v1+json", manifest),
            blob + sha256(config): ("application/octet-stream", config),
            blob + sha256(layer): ("application/octet-stream", layer)}


def git():
    script = ("git init -q -b main src && cd src && echo thing is here >thing && git add . && "
              "git -c user.name=a -c user.email=a@a.example commit -qm a && "
              "git clone -q --bare . ../repos/o/r.git && "
              "git -C ../repos/o/r.git config http.receivepack true")
    os.makedirs("repos/o", exist_ok=True)
    subprocess.run(["sh", "-c", script], check=True)
    return {}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, kind, data):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def body(self):
        if self.headers.get("Transfer-Encoding", "") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        data = b""
        while size := int(self.rfile.readline(), 16):
            data += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return data

    def backend(self):
        path, _, query = self.path.partition("?")
        env = dict(os.environ, GIT_PROJECT_ROOT=os.path.abspath("repos"), PATH_INFO=path,
                   GIT_HTTP_EXPORT_ALL="1", REQUEST_METHOD=self.command, QUERY_STRING=query,
                   CONTENT_TYPE=self.headers.get("Content-Type", ""),
                   HTTP_CONTENT_ENCODING=self.headers.get("Content-Encoding", ""),
                   GIT_PROTOCOL=self.headers.get("Git-Protocol", ""), REMOTE_USER="a")
        out = subprocess.run(["git", "http-backend"], env=env, input=self.body(),
                             stdout=subprocess.PIPE, check=False).stdout
        head, _, data = out.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self.answer(int(fields.get("Status", "200").split()[0]),
                    fields.get("Content-Type", "text/plain"), data)

    def serve(self):
        if KIND == "git":
            return self.backend()
        self.body()
        path = self.path.split("?")[0].replace("/./", "/")
        kind, data = FILES.get(path, ("text/plain", None))
        return self.answer(404 if data is None else 200, kind, data or b"")

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = serve

    def log_message(self, *args):
        pass


def start(context):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True,
                                            do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


FILES = globals()[KIND]()
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain("registry.pem", "registry.key")
print(start(tls), start(None), flush=True)
sys.stdin.read()
