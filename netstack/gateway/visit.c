/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/visit.h"

#include "base/fd.h"
#include "netstack/gateway/dial.h"
#include "netstack/gateway/engine.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>

/* --- records --- */

static BnsRecord
make_record(const BnsVisit *visit, BnsEvent event)
{
    return (BnsRecord){
        .event = event,
        .addr = visit->addr,
        .port = visit->port,
    };
}

static void
note_error(const BnsVisit *visit, const char *error)
{
    BnsRecord record = make_record(visit, BNS_EVENT_PUBLISH_ERROR);

    record.error = error;
    bns_engine_note(bns_publisher_engine(visit->publisher), &record);
}

/* Whether both sides ended in order. */
static bool
is_complete(const BnsVisit *visit)
{
    return visit->up.is_shut && visit->down.is_shut;
}

static void
note_close(const BnsVisit *visit)
{
    struct BnsEngine *engine = bns_publisher_engine(visit->publisher);
    BnsRecord record = make_record(visit, BNS_EVENT_PUBLISH_CLOSE);

    record.error = visit->error;
    if (record.error == NULL && !is_complete(visit))
        record.error = "the session ended";
    record.bytes_sent = visit->up.n_bytes;
    record.bytes_received = visit->down.n_bytes;
    record.duration_us = (uint64_t)(bns_loop_now_us(engine->loop) - visit->began_us);
    bns_engine_note(engine, &record);
}

/* --- relaying --- */

/* Whether what is still on its way to @stream can reach nobody. */
static bool
is_gone(const BnsStream *stream, const BnsPipe *from, const BnsPipe *to)
{
    return from->state == BNS_PIPE_DONE && !to->is_shut && bns_stream_hung_up(stream);
}

/* Returns: how it broke, or %NULL. */
static const char *
find_break(BnsVisit *visit)
{
    BnsPipe *up = &visit->up;
    BnsPipe *down = &visit->down;

    if (up->state == BNS_PIPE_CUT || down->state == BNS_PIPE_STUCK ||
        is_gone(visit->visitor.stream, up, down) || !bns_pipe_shut(down))
        return "the visitor broke the connection off";
    if (down->state == BNS_PIPE_CUT || up->state == BNS_PIPE_STUCK ||
        is_gone(visit->server.stream, down, up) || !bns_pipe_shut(up))
        return "the server broke the connection off";
    return NULL;
}

static void
relay(BnsVisit *visit)
{
    BnsPipe *up = &visit->up;
    BnsPipe *down = &visit->down;

    if (up->state == BNS_PIPE_FLOWING)
        bns_pipe_run(up);
    if (down->state == BNS_PIPE_FLOWING)
        bns_pipe_run(down);
    visit->error = find_break(visit);
    if (visit->error != NULL || is_complete(visit)) {
        bns_publisher_forget(visit->publisher, visit);
        return;
    }
    bns_channel_release(&visit->visitor);
    bns_channel_release(&visit->server);
    bns_stream_want(visit->visitor.stream, up->wants_read, down->wants_write);
    bns_stream_want(visit->server.stream, down->wants_read, up->wants_write);
}

static void
begin_relay(BnsVisit *visit)
{
    struct BnsEngine *engine = bns_publisher_engine(visit->publisher);
    BnsRecord record = make_record(visit, BNS_EVENT_PUBLISH_OPEN);

    visit->state = BNS_VISIT_RELAYING;
    bns_pipe_init(&visit->up, &visit->visitor, &visit->server, NULL,
                  BNS_HTTP_BODY_UNTIL_CLOSE);
    bns_pipe_init(&visit->down, &visit->server, &visit->visitor, NULL,
                  BNS_HTTP_BODY_UNTIL_CLOSE);
    /* Without the record not a byte passes: the engine has failed, and ends. */
    if (bns_engine_record(engine, &record))
        relay(visit);
}

/* --- connecting --- */

void
bns_visit_refuse(BnsVisit *visit, const char *error)
{
    note_error(visit, error);
    bns_publisher_forget(visit->publisher, visit);
}

static void
ask(BnsVisit *visit, BnsLendFamily family)
{
    visit->state = BNS_VISIT_ASKING;
    visit->family = family;
    bns_publisher_ask(visit->publisher, visit);
}

/* Servers of "localhost" listen on either. */
static void
on_failed(BnsVisit *visit, int error_no)
{
    g_autofree char *error = NULL;

    bns_channel_clear(&visit->server);
    if (visit->family == BNS_LEND_IPV4) {
        ask(visit, BNS_LEND_IPV6);
        return;
    }
    error = error_no == ECONNREFUSED
                ? g_strdup("nothing listens on this port inside")
                : g_strdup_printf("could not connect inside: %s", g_strerror(error_no));
    bns_visit_refuse(visit, error);
}

/* Whether the server's kernel has answered. */
static bool
has_answer(int fd)
{
    struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };

    return poll(&poll_fd, 1, 0) == 1;
}

static void
check_connection(BnsVisit *visit)
{
    int fd = bns_stream_fd(visit->server.stream);
    int error_no = 0;
    socklen_t len = sizeof(error_no);

    if (!has_answer(fd))
        return;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error_no, &len) < 0)
        error_no = errno;
    if (error_no == 0)
        begin_relay(visit);
    else
        on_failed(visit, error_no);
}

static void
on_ready(void *data)
{
    BnsVisit *visit = data;

    if (visit->state == BNS_VISIT_RELAYING)
        relay(visit);
    else if (bns_stream_hung_up(visit->visitor.stream))
        bns_visit_refuse(visit, "the visitor left before it was connected");
    else if (visit->state == BNS_VISIT_CONNECTING)
        check_connection(visit);
}

static int
connect_loopback(int fd, BnsLendFamily family, uint16_t port)
{
    const struct sockaddr_in v4 = { .sin_family = AF_INET,
                                    .sin_port = htons(port),
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    const struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
                                     .sin6_port = htons(port),
                                     .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    int r = family == BNS_LEND_IPV4
                ? connect(fd, (const struct sockaddr *)&v4, sizeof(v4))
                : connect(fd, (const struct sockaddr *)&v6, sizeof(v6));

    return r == 0 || errno == EINPROGRESS ? 0 : errno;
}

static void
send_at_once(int fd)
{
    static const int on = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

void
bns_visit_lend(BnsVisit *visit, int fd)
{
    int error_no;

    if (fd < 0) {
        on_failed(visit, EMFILE);
        return;
    }
    send_at_once(fd);
    error_no = connect_loopback(fd, visit->family, visit->port);
    visit->state = BNS_VISIT_CONNECTING;
    visit->server.stream = bns_stream_new(bns_publisher_engine(visit->publisher)->loop,
                                          fd, on_ready, visit);
    if (error_no != 0)
        on_failed(visit, error_no);
    else
        bns_stream_want(visit->server.stream, false, true);
}

/* --- life --- */

BnsVisit *
bns_visit_new(BnsPublisher *publisher,
              const BnsPublished *place,
              const struct sockaddr_storage *address,
              int fd)
{
    BnsLoop *loop = bns_publisher_engine(publisher)->loop;
    BnsVisit *visit = g_new0(BnsVisit, 1);

    visit->publisher = publisher;
    visit->port = place->port;
    visit->began_us = bns_loop_now_us(loop);
    bns_dial_address_text((const struct sockaddr *)address, visit->addr);
    send_at_once(fd);
    visit->visitor.stream = bns_stream_new(loop, fd, on_ready, visit);
    ask(visit, BNS_LEND_IPV4);
    return visit;
}

void
bns_visit_free(BnsVisit *visit)
{
    if (visit->state == BNS_VISIT_RELAYING) {
        note_close(visit);
        bns_pipe_clear(&visit->up);
        bns_pipe_clear(&visit->down);
    }
    if (!is_complete(visit)) {
        bns_stream_abort(visit->visitor.stream);
        if (visit->server.stream != NULL)
            bns_stream_abort(visit->server.stream);
    }
    bns_channel_clear(&visit->visitor);
    bns_channel_clear(&visit->server);
    g_free(visit);
}

uint64_t
bns_visit_waits(const BnsVisit *visit)
{
    const BnsPipe *down = &visit->down;
    bool has_end = down->state == BNS_PIPE_DONE && !down->is_shut;

    if (visit->state != BNS_VISIT_RELAYING || down->is_shut ||
        bns_pipe_has_failed(down))
        return 0;
    return has_end + bns_buffer_len(&down->from->in) + bns_buffer_len(&down->to->out) +
           bns_stream_has_more(visit->server.stream);
}
