# SPDX-License-Identifier: Apache-2.0
"""Calls of tests/e2e/grpc.c, named as in gRPC's interop tests where they are of them.

Arguments: tls or plain, host:port, and the names of cases. Prints what each came to.
"""
import itertools
import json
import sys
import threading

import grpc

TIMEOUT = 100
STREAM_SIZES = [31415, 9, 2653, 58979]


def connect(kind, target, *options):
    options += (
        ("grpc.max_receive_message_length", -1),
        ("grpc.max_send_message_length", -1),
        # A channel with connections of its own.
        ("grpc.use_local_subchannel_pool", 1),
    )
    if kind == "tls":
        return grpc.secure_channel(target, grpc.ssl_channel_credentials(), options)
    return grpc.insecure_channel(target, options)


def message(padded=0, **fields):
    return json.dumps(fields).encode().ljust(padded)


class Stub:
    def __init__(self, channel, service="test.Open"):
        path = "/%s/" % service
        self.channel = channel
        self.unary = channel.unary_unary(path + "Unary")
        self.input = channel.stream_unary(path + "Input")
        self.output = channel.unary_stream(path + "Output")
        self.duplex = channel.stream_stream(path + "Duplex")
        self.hang = channel.stream_stream(path + "Hang")
        self.early = channel.stream_stream(path + "Early")
        self.count_cancelled = channel.unary_unary(path + "CountCancelled")
        self.unknown = channel.unary_unary(path + "Unknown")


class Requests:
    """What a streaming call sends: put() by put(), until end()."""

    def __init__(self, *first):
        self.items = list(first)
        self.changed = threading.Condition()

    def put(self, item):
        with self.changed:
            self.items.append(item)
            self.changed.notify()

    def end(self):
        self.put(None)

    def __iter__(self):
        return self

    def __next__(self):
        with self.changed:
            self.changed.wait_for(lambda: self.items)
            item = self.items.pop(0)
        if item is None:
            raise StopIteration
        return item


def status(call):
    """The status of a call that must fail."""
    try:
        result = call()
        if hasattr(result, "__next__"):
            list(result)
    except grpc.RpcError as error:
        return "%s: %s" % (error.code().name, error.details())
    return "OK, which it should not be"


def empty_unary(stub):
    return len(stub.unary(message(), timeout=TIMEOUT))


def large_unary(stub):
    return len(stub.unary(message(271828, size=314159), timeout=TIMEOUT))


def huge_unary(stub):
    return len(stub.unary(message(20 << 20, size=20 << 20), timeout=TIMEOUT))


def client_streaming(stub):
    sizes = [27182, 8, 1828, 45904]
    return int(stub.input(iter([b"x" * n for n in sizes]), timeout=TIMEOUT))


def server_streaming(stub):
    answers = stub.output(message(size=STREAM_SIZES), timeout=TIMEOUT)
    return [len(answer) for answer in answers]


def ping_pong(stub):
    requests = Requests()
    call = stub.duplex(requests, timeout=TIMEOUT)
    got = []
    for size in STREAM_SIZES:
        requests.put(message(27182, size=size))
        got.append(len(next(call)))
    requests.end()
    return got, list(call)


def empty_stream(stub):
    return list(stub.duplex(iter([]), timeout=TIMEOUT))


def cancel_after_begin(stub):
    call = stub.input.future(Requests(), timeout=TIMEOUT)
    call.cancel()
    return call.code().name


def cancel_after_first_response(stub):
    call = stub.hang(Requests(b"begin"), timeout=TIMEOUT)
    first = next(call)
    call.cancel()
    # The server has heard of it.
    stub.count_cancelled(message(size=1), timeout=TIMEOUT)
    return first.decode(), call.code().name


def timeout_on_sleeping_server(stub):
    call = stub.hang(Requests(b"begin"), timeout=1)
    result = status(lambda: call)
    stub.count_cancelled(message(size=1), timeout=TIMEOUT)
    return result


def status_code_and_message(stub):
    asked = message(code=2, message="test status message")
    return (
        status(lambda: stub.unary(asked, timeout=TIMEOUT)),
        status(lambda: stub.duplex(iter([asked]), timeout=TIMEOUT)),
    )


def special_status_message(stub):
    text = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"
    asked = message(code=2, message=text)
    return status(lambda: stub.unary(asked, timeout=TIMEOUT)) == "UNKNOWN: " + text


def unimplemented_method(stub):
    return status(lambda: stub.unknown(message(), timeout=TIMEOUT))


def custom_metadata(stub):
    sent = [
        ("x-echo-initial", "test_initial_metadata_value"),
        ("x-echo-trailing-bin", b"\xab\xab\xab\x00"),
    ]
    _, call = stub.unary.with_call(message(), metadata=sent, timeout=TIMEOUT)
    stream = stub.duplex(iter([message(size=1)]), metadata=sent, timeout=TIMEOUT)
    list(stream)
    return [
        [value for key, value in of if key.startswith("x-echo")]
        for each in (call, stream)
        for of in (each.initial_metadata(), each.trailing_metadata())
    ]


def concurrent_streams(stub):
    """100 at once, of which each must have been answered before any ends."""
    requests = [Requests() for _ in range(100)]
    calls = [stub.duplex(each, timeout=TIMEOUT) for each in requests]
    for each in requests:
        each.put(message(size=1000))
    got = sum(len(next(call)) for call in calls)
    for each in requests:
        each.end()
    return got, sum(len(list(call)) for call in calls)


def slow_reader(stub):
    """A stream that nobody reads holds up no other."""
    unread = stub.output(message(size=[1 << 20] * 32), timeout=TIMEOUT)
    others = sum(len(stub.unary(message(size=100000), timeout=TIMEOUT)) for _ in range(20))
    return others, sum(len(answer) for answer in unread)


def early_ends(stub):
    """Calls that the server ends while their clients could still send, each a reset."""
    n = 3000
    ended = 0
    for _ in range(n // 50):
        requests = [Requests(b"begin") for _ in range(50)]
        calls = [stub.early(each, timeout=TIMEOUT) for each in requests]
        ended += sum(list(call) == [b"enough"] for call in calls)
        for each in requests:
            each.end()
    return ended


# --- what is refused, and what cannot be reached ---


def refused(stub):
    """Every kind of call to test.Shut, while one of test.Open goes on."""
    shut = Stub(stub.channel, "test.Shut")
    held = Requests(message(size=1))
    call = stub.duplex(held, timeout=TIMEOUT)
    got = [len(next(call))]
    reasons = {
        status(lambda: shut.unary(message(271828), timeout=TIMEOUT)),
        status(lambda: shut.input(itertools.repeat(b"x" * 9999), timeout=TIMEOUT)),
        status(lambda: shut.output(message(size=9), timeout=TIMEOUT)),
        status(lambda: shut.duplex(itertools.repeat(b"x" * 9999), timeout=TIMEOUT)),
        status(lambda: shut.duplex(Requests(), timeout=TIMEOUT)),
    }
    held.put(message(size=2))
    held.end()
    return got + [len(answer) for answer in call], *reasons


def half_refused(stub):
    """100 at once, each second one to test.Shut."""
    shut = Stub(stub.channel, "test.Shut")
    calls = [
        (shut if i % 2 else stub).unary.future(message(1000, size=1000), timeout=TIMEOUT)
        for i in range(100)
    ]
    return [
        sum(call.code() == code for call in calls)
        for code in (grpc.StatusCode.OK, grpc.StatusCode.PERMISSION_DENIED)
    ]


def each_kind(stub):
    """Each kind of call comes to the same."""
    return *{
        status(lambda: stub.unary(message(271828), timeout=TIMEOUT)),
        status(lambda: stub.input(itertools.repeat(b"x" * 9999), timeout=TIMEOUT)),
        status(lambda: stub.output(message(size=9), timeout=TIMEOUT)),
        status(lambda: stub.duplex(itertools.repeat(b"x" * 9999), timeout=TIMEOUT)),
        status(lambda: stub.duplex(Requests(), timeout=TIMEOUT)),
    },


# --- connections ---


def silent_with_pings(stub):
    """A stream in which nothing is said, in a connection that is asked all the time."""
    return status(lambda: stub.hang(Requests(), timeout=4))


def connections_of_an_age(stub):
    """The server says goodbye to each connection soon, in the middle of calls.

    A call may then end with UNAVAILABLE and a reset connection (seen once in some twenty
    runs; why is not known). The channel asks again, and the test bounds how many.
    """
    answered = 0
    for _ in range(100):
        calls = [stub.unary.future(message(1000, size=1000), timeout=TIMEOUT) for _ in range(20)]
        answered += sum(len(call.result()) for call in calls)
    return answered


RETRIES = (
    (
        "grpc.service_config",
        json.dumps(
            {
                "methodConfig": [
                    {
                        "name": [{"service": "test.Open"}],
                        "retryPolicy": {
                            "maxAttempts": 4,
                            "initialBackoff": "0.01s",
                            "maxBackoff": "0.1s",
                            "backoffMultiplier": 2,
                            "retryableStatusCodes": ["UNAVAILABLE"],
                        },
                    }
                ]
            }
        ),
    ),
)
PINGS = (
    ("grpc.keepalive_time_ms", 25),
    ("grpc.keepalive_timeout_ms", TIMEOUT * 1000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
)

CASES = {
    name: value
    for name, value in globals().items()
    if callable(value) and getattr(value, "__code__", None) and
    value.__code__.co_varnames[:1] == ("stub",)
}


def main():
    kind, target, *names = sys.argv[1:]
    options = {"silent_with_pings": PINGS, "connections_of_an_age": RETRIES}
    with connect(kind, target, *options.get(names[0], ())) as channel:
        for name in names:
            try:
                print(name, CASES[name](Stub(channel)), flush=True)
            except grpc.RpcError as error:
                print(name, error.code().name, error.details(), flush=True)


main()
