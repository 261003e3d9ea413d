# SPDX-License-Identifier: Apache-2.0
"""A gRPC server of bytes, for tests/e2e/grpc.c.

A request is a JSON object, padded with spaces to the size that is wanted:
size (of the answer; a list for more than one), code and message (the status).
The line that it prints are its ports: with TLS, without, and the same two of a server
whose connections have an age.
"""
import concurrent.futures
import json
import threading

import grpc

UNLIMITED = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
)
cancelled = threading.Semaphore(0)


def finish(request, context):
    """Sends the metadata that came, and the status that is asked for."""
    for key, value in context.invocation_metadata():
        if key == "x-echo-initial":
            context.send_initial_metadata([(key, value)])
        if key == "x-echo-trailing-bin":
            context.set_trailing_metadata([(key, value)])
    if request.get("code", 0) != 0:
        code = next(c for c in grpc.StatusCode if c.value[0] == request["code"])
        context.abort(code, request["message"])


def sizes(request):
    wanted = request.get("size", [])
    return wanted if isinstance(wanted, list) else [wanted]


def unary(body, context):
    request = json.loads(body)
    finish(request, context)
    return b"a" * sum(sizes(request))


def input_stream(bodies, context):
    return b"%d" % sum(len(body) for body in bodies)


def output_stream(body, context):
    for size in sizes(json.loads(body)):
        yield b"a" * size


def duplex(bodies, context):
    for body in bodies:
        request = json.loads(body)
        finish(request, context)
        for size in sizes(request):
            yield b"a" * size


def hang(bodies, context):
    """Answers once, then nothing, until the call is over."""
    context.add_callback(cancelled.release)
    yield b"begun"
    for _ in bodies:
        pass


def early(bodies, context):
    """Ends the call while its client could still send."""
    yield b"enough"


def count_cancelled(body, context):
    """Waits until as many calls of hang as it is told are over."""
    for _ in range(json.loads(body)["size"]):
        cancelled.acquire()
    return b""


HANDLERS = {
    "Unary": grpc.unary_unary_rpc_method_handler(unary),
    "Input": grpc.stream_unary_rpc_method_handler(input_stream),
    "Output": grpc.unary_stream_rpc_method_handler(output_stream),
    "Duplex": grpc.stream_stream_rpc_method_handler(duplex),
    "Hang": grpc.stream_stream_rpc_method_handler(hang),
    "Early": grpc.stream_stream_rpc_method_handler(early),
    "CountCancelled": grpc.unary_unary_rpc_method_handler(count_cancelled),
}


def read(name):
    with open(name, "rb") as file:
        return file.read()


def serve(*options):
    """Returns: a server and its ports, with TLS and without."""
    pool = concurrent.futures.ThreadPoolExecutor(max_workers=128)
    server = grpc.server(pool, options=UNLIMITED + options)
    server.add_generic_rpc_handlers(
        [
            grpc.method_handlers_generic_handler(service, HANDLERS)
            for service in ("test.Open", "test.Shut")
        ]
    )
    credentials = grpc.ssl_server_credentials([(read("grpc.key"), read("grpc.pem"))])
    secure = server.add_secure_port("127.0.0.1:0", credentials)
    plain = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, secure, plain


lasting, *lasting_ports = serve()
aging, *aging_ports = serve(
    ("grpc.max_connection_age_ms", 100), ("grpc.max_connection_age_grace_ms", 60000)
)
print(*lasting_ports, *aging_ports, flush=True)
lasting.wait_for_termination()
