/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The session's end: what the gateway waits for when the command is gone, and that what
 * it has given to an origin's socket is not taken back.
 */
#include "base/ready.h"
#include "tests/gateway/engine_rig_private.h"
#include "tests/support/test.h"

#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

static const char policy[] =
    "allow: [origin.test, silent.test, 'tcp://origin.test:5432']\n";

/* --- asked by the supervisor --- */

static void
ask(Rig *rig)
{
    g_assert_cmpint(bns_ready_send(rig->control_pair[0], BNS_READY_DRAIN, NULL, -1), ==,
                    0);
}

/* Whether the gateway, which has seen all that was said so far, has something to say but
 * that it gets on. */
static bool
is_drained(Rig *rig)
{
    struct pollfd control = { .fd = rig->control_pair[0], .events = POLLIN };
    char text[BNS_READY_TEXT_MAX + 1];

    rig_sync(rig);
    while (poll(&control, 1, 0) == 1) {
        int type = bns_ready_receive(control.fd, text, NULL);

        if (type == BNS_READY_DRAINED)
            return true;
        g_assert_cmpint(type, ==, BNS_READY_DRAINING);
    }
    return false;
}

static void
await_drained(Rig *rig)
{
    while (!is_drained(rig))
        ;
}

static void
test_idle(void)
{
    Rig *rig = rig_new_process(policy, NULL, NULL);

    ask(rig);
    await_drained(rig);
    rig_free(rig);
}

/* Of half a head, and of a connection that said nothing, nothing will come. */
static void
test_half(void)
{
    Rig *rig = rig_new_process(policy, NULL, NULL);
    RigFlow silent = rig_open(rig, "origin.test", 80);
    RigFlow half = rig_open(rig, "origin.test", 80);

    rig_say(&half, "GET /half HTTP/1.1\r\nHo");
    ask(rig);
    await_drained(rig);
    rig_close(rig, &silent);
    rig_close(rig, &half);
    rig_free(rig);
}

/* A request that waits for its origin does, whether its client has ended or not. */
static void
test_request(void)
{
    Rig *rig = rig_new_process(policy, NULL, NULL);
    RigFlow flow = rig_open(rig, "silent.test", 80);

    rig_say(&flow, "GET /n HTTP/1.1\r\nHost: silent.test\r\n\r\n");
    rig_say_end(&flow);
    rig_sync(rig);
    ask(rig);
    g_assert_false(is_drained(rig));
    rig_reset(rig, flow.id);
    await_drained(rig);
    rig_close(rig, &flow);
    rig_free(rig);
}

/* --- a narrow origin --- */

/* More than its receive queue takes, less than our send queue does. */
#define SAID_BYTES 20000

typedef struct {
    Rig *rig;
    int listener;
    RigFlow flow;
    RigFlow origin;
} Narrow;

static int
listen_narrow(uint16_t *out_port)
{
    const int receive_bytes = 2048;
    const int segment_bytes = 536;
    int fd = rig_listen(out_port);

    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof(receive_bytes));
    setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment_bytes, sizeof(segment_bytes));
    return fd;
}

static void
narrow_init(Narrow *f,
            Rig *(*new)(const char *, const char *, const char *),
            uint16_t port)
{
    uint16_t own_port;
    g_autofree char *resolves = NULL;

    f->listener = listen_narrow(&own_port);
    resolves = g_strdup_printf("origin.test:%u:%u", (unsigned)port, (unsigned)own_port);
    f->rig = new (policy, resolves, NULL);
    f->flow = rig_open(f->rig, "origin.test", port);
}

static void
say_much(RigFlow *flow, size_t len)
{
    g_autofree char *bytes = g_malloc(len);

    memset(bytes, 'x', len);
    rig_say_bytes(flow, bytes, len);
}

/* Everything that the origin has got, to a clean end. */
static void
expect_said(Narrow *f, size_t len)
{
    bool is_broken;
    g_autofree char *heard = rig_hear_end(&f->origin, &is_broken);
    size_t n = 0;

    for (const char *byte = heard; *byte != '\0'; byte++)
        n += *byte == 'x';
    g_assert_false(is_broken);
    g_assert_cmpuint(n, ==, len);
}

static void
narrow_clear(Narrow *f)
{
    close(f->listener);
    close(f->flow.fd);
    close(f->origin.fd);
}

/* What the origin's socket does not take waits with us; its end does, too. */
static void
test_narrow(void)
{
    const size_t len = 192 * 1024; /* our socket and the next take it */
    Narrow f;

    narrow_init(&f, rig_new_process, 5432);
    f.origin = rig_accept(f.listener);
    say_much(&f.flow, len / 2);
    ask(f.rig);
    g_assert_false(is_drained(f.rig));
    say_much(&f.flow, len / 2);
    rig_say_end(&f.flow);
    expect_said(&f, len);
    await_drained(f.rig);
    close(f.origin.fd);
    rig_close(f.rig, &f.flow);
    rig_free(f.rig);
    close(f.listener);
}

/* --- at the end --- */

static void
post(Narrow *f)
{
    rig_say(&f->flow, "POST / HTTP/1.1\r\nHost: origin.test\r\n"
                      "Content-Length: " G_STRINGIFY(SAID_BYTES) "\r\n\r\n");
    say_much(&f->flow, SAID_BYTES);
    f->origin = rig_accept(f->listener);
}

/* A request that has gone, and has no response yet. */
static void
test_unanswered(void)
{
    Narrow f;

    narrow_init(&f, rig_new, 80);
    post(&f);
    rig_record(f.rig, BNS_EVENT_HTTP_REQUEST);
    /* Its answer, and then what the engine does about it. */
    for (int i = 0; i < 2; i++)
        rig_sync(f.rig);
    rig_free_early(f.rig);
    expect_said(&f, SAID_BYTES);
    narrow_clear(&f);
}

/* netstack ends at the same time, and its streams with it: that is no RST. */
static void
test_netstack_first(void)
{
    Narrow f;

    narrow_init(&f, rig_new_process, 80);
    post(&f);
    ask(f.rig);
    await_drained(f.rig);
    rig_reset(f.rig, f.flow.id);
    expect_said(&f, SAID_BYTES);
    rig_close(f.rig, &f.flow);
    rig_free(f.rig);
    close(f.listener);
    close(f.origin.fd);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    bns_test_add("/gateway/drain/nothing-waits", test_idle);
    bns_test_add("/gateway/drain/half-a-request-waits-for-nothing", test_half);
    bns_test_add("/gateway/drain/a-request-without-an-origin", test_request);
    bns_test_add("/gateway/drain/an-origin-that-takes-little", test_narrow);
    bns_test_add("/gateway/drain/a-request-is-not-taken-back", test_unanswered);
    bns_test_add("/gateway/drain/netstack-may-end-first", test_netstack_first);
    return g_test_run();
}
