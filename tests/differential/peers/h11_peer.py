# SPDX-License-Identifier: Apache-2.0
"""Reads as h11 does."""
import reading

try:
    import h11
except ImportError:
    reading.skip("python3-h11 is not installed")


def answer(connection):
    """What is asked for is answered, so that the next request may come."""
    if connection.our_state is h11.SEND_RESPONSE:
        connection.send(h11.Response(status_code=200, headers=[("Content-Length", "0")]))
        if connection.our_state is h11.SEND_BODY:
            connection.send(h11.EndOfMessage())


def read_requests(data):
    connection = h11.Connection(h11.SERVER)
    messages = []
    head, body = None, b""
    connection.receive_data(data)
    connection.receive_data(b"")
    try:
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Request):
                head, body = event, b""
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                hosts = [v for n, v in head.headers if n == b"host"]
                messages.append(reading.message(head.method, head.target,
                                                b",".join(hosts), list(head.headers), body))
                answer(connection)
                if connection.our_state is not h11.DONE:
                    return "stop", messages
                connection.start_next_cycle()
            elif isinstance(event, h11.ConnectionClosed):
                return "end", messages
            elif event is h11.PAUSED:
                return "stop", messages
    except h11.RemoteProtocolError as error:
        is_cut = "peer unexpectedly closed" in str(error) or "without sending complete" in str(error)
        return "more" if is_cut else "bad", messages


def read_response(data, method):
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method=method, target="/", headers=[("Host", "h.test")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(data)
    connection.receive_data(b"")
    head, body = None, b""
    try:
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Response):
                head, body = event, b""
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return "stop", [reading.message(str(head.status_code).encode(),
                                                bytes(head.reason), b"",
                                                list(head.headers), body)]
            elif isinstance(event, h11.ConnectionClosed) or event is h11.PAUSED:
                return "bad", []
    except h11.RemoteProtocolError as error:
        is_cut = "peer unexpectedly closed" in str(error) or "without sending complete" in str(error)
        return "more" if is_cut else "bad", []


reading.run(read_requests, read_response)
