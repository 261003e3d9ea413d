/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many bytes: whole, in bounded memory, and both ways at once.
 */
#include "base/fd.h"
#include "tests/gateway/engine_front.h"
#include "tests/support/origin.h"
#include "tests/support/test.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BODY_BYTES (64 * 1024 * 1024)
/* The kernel's socket buffers on both sides and the engine's own. */
#define HELD_BYTES_MAX (16 * 1024 * 1024)

/* --- whole bodies --- */

static void
hear_sum(RigFlow *flow, uint64_t len, char **out_sum)
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autofree uint8_t *buffer = g_malloc(256 * 1024);

    while (len > 0) {
        ssize_t n = recv(flow->fd, buffer, MIN(len, 256 * 1024), 0);

        g_assert_cmpint(n, >, 0);
        g_checksum_update(checksum, buffer, n);
        len -= (uint64_t)n;
    }
    *out_sum = g_strdup(g_checksum_get_string(checksum));
}

static void
test_download(void)
{
    g_autoptr(BnsOrigin) origin = bns_origin_new(NULL);
    g_autofree char *resolves =
        g_strdup_printf("origin.test:80:%u", bns_origin_port(origin));
    g_autofree char *expected = bns_origin_sum(BODY_BYTES);
    g_autofree char *sum = NULL;
    Rig *rig = rig_new("allow: [origin.test]\n", resolves, NULL);
    RigFlow flow = rig_open(rig, "origin.test", 80);
    g_autofree char *request = g_strdup_printf(
        "GET /bytes/%d HTTP/1.1\r\nHost: origin.test\r\n\r\n", BODY_BYTES);

    rig_say(&flow, request);
    g_free(rig_hear(&flow, "\r\n\r\n"));
    hear_sum(&flow, BODY_BYTES, &sum);
    g_assert_cmpstr(sum, ==, expected);
    g_assert_cmpuint(rig_record(rig, BNS_EVENT_HTTP_RESPONSE)->bytes_received, ==,
                     BODY_BYTES);
    rig_close(rig, &flow);
    rig_free(rig);
}

/* In chunks of all sizes, so that every cut of the framing happens. */
static void
say_chunks(RigFlow *flow, uint64_t len)
{
    g_autofree uint8_t *body = g_malloc(70000);
    uint64_t done = 0;

    for (size_t size = 1; done < len; size = size * 7 % 65521) {
        size_t part = MIN(len - done, size);
        g_autofree char *line = g_strdup_printf("%zx\r\n", part);

        for (size_t i = 0; i < part; i++)
            body[i] = (uint8_t)((done + i) % 251);
        rig_say(flow, line);
        rig_say_bytes(flow, body, part);
        rig_say(flow, "\r\n");
        done += part;
    }
    rig_say(flow, "0\r\n\r\n");
}

static void
test_upload(void)
{
    const uint64_t len = BODY_BYTES / 4;
    g_autoptr(BnsOrigin) origin = bns_origin_new(NULL);
    g_autofree char *resolves =
        g_strdup_printf("origin.test:80:%u", bns_origin_port(origin));
    g_autofree char *sum = bns_origin_sum(len);
    g_autofree char *expected = g_strdup_printf("%" G_GUINT64_FORMAT " %s\n", len, sum);
    g_autofree char *response = NULL;
    Rig *rig = rig_new("allow: [origin.test]\n", resolves, NULL);
    RigFlow flow = rig_open(rig, "origin.test", 80);

    rig_say(&flow, "POST /upload HTTP/1.1\r\nHost: origin.test\r\n"
                   "Transfer-Encoding: chunked\r\n\r\n");
    say_chunks(&flow, len);
    response = rig_hear_response(&flow, false);
    g_assert_true(g_str_has_suffix(response, expected));
    rig_close(rig, &flow);
    rig_free(rig);
}

/* --- back-pressure --- */

/* Says as much as goes in; what does not is held back by the other side. Returns: how
 * much went. */
static size_t
say_until_full(RigFlow *flow)
{
    static const char zeros[64 * 1024];
    size_t total = 0;

    for (;;) {
        struct pollfd poll_fd = { .fd = flow->fd, .events = POLLOUT };
        ssize_t n = send(flow->fd, zeros, sizeof(zeros), MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n > 0)
            total += (size_t)n;
        else if (poll(&poll_fd, 1, 200) == 0)
            return total;
        g_assert_cmpuint(total, <, HELD_BYTES_MAX);
    }
}

static void
hear_count(RigFlow *flow, size_t count)
{
    g_autofree char *sum = NULL;

    hear_sum(flow, count, &sum);
}

static void
test_slow_client(void)
{
    Front f;
    size_t count;

    front_init(&f, NULL);
    g_free(front_pass(&f, "GET / HTTP/1.0\r\nHost: origin.test\r\n\r\n"));
    rig_say(&f.origin, "HTTP/1.1 200 OK\r\n\r\n");
    g_free(rig_hear(&f.flow, "\r\n\r\n"));
    count = say_until_full(&f.origin);
    hear_count(&f.flow, count);
    front_clear(&f);
}

static void
test_slow_origin(void)
{
    Front f;
    size_t count;

    front_init(&f, NULL);
    g_free(front_pass(&f, "POST / HTTP/1.1\r\nHost: origin.test\r\n"
                          "Content-Length: 99999999999\r\n\r\n"));
    count = say_until_full(&f.flow);
    hear_count(&f.origin, count);
    front_clear(&f);
}

/* One flow that is full does not hold up another. */
static void
test_slow_beside_quick(void)
{
    Front f;
    RigFlow quick;
    g_autofree char *refusal = NULL;

    front_init(&f, NULL);
    g_free(front_pass(&f, "GET / HTTP/1.0\r\nHost: origin.test\r\n\r\n"));
    rig_say(&f.origin, "HTTP/1.1 200 OK\r\n\r\n");
    say_until_full(&f.origin);
    quick = rig_open(f.rig, "origin.test", 80);
    refusal = rig_ask(&quick, "GET / HTTP/1.1\r\nHost: other.test\r\n\r\n");
    g_assert_true(g_str_has_prefix(refusal, "HTTP/1.1 403 "));
    rig_close(f.rig, &quick);
    front_clear(&f);
}

/* The origin resets while its bytes wait for a client that does not read: nothing spins,
 * and the client hears that it was cut. */
static void
test_reset_behind_full(void)
{
    Front f;
    bool is_broken;

    front_init(&f, NULL);
    g_free(front_pass(&f, "GET / HTTP/1.1\r\nHost: origin.test\r\n\r\n"));
    rig_say(&f.origin, "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n");
    say_until_full(&f.origin);
    front_end_origin(&f, true);
    rig_sync(f.rig);
    g_assert_cmpuint(rig_turns(f.rig, 50), <, 20);
    g_free(rig_hear_end(&f.flow, &is_broken));
    g_assert_true(is_broken);
    front_clear(&f);
}

/* --- many --- */

static void
test_many_flows(void)
{
    g_autoptr(BnsOrigin) origin = bns_origin_new(NULL);
    g_autofree char *resolves =
        g_strdup_printf("origin.test:80:%u", bns_origin_port(origin));
    Rig *rig = rig_new("allow: [origin.test]\n", resolves, NULL);
    RigFlow flows[200];

    for (size_t i = 0; i < G_N_ELEMENTS(flows); i++)
        flows[i] = rig_open(rig, "origin.test", 80);
    for (size_t i = 0; i < G_N_ELEMENTS(flows); i++)
        rig_say(&flows[i], "GET /hello HTTP/1.1\r\nHost: origin.test\r\n\r\n");
    for (size_t i = 0; i < G_N_ELEMENTS(flows); i++) {
        g_autofree char *response = rig_hear_response(&flows[i], false);

        g_assert_true(g_str_has_suffix(response, "hello\n"));
    }
    for (size_t i = 0; i < G_N_ELEMENTS(flows); i++)
        rig_close(rig, &flows[i]);
    rig_free(rig);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 120);
    bns_test_add("/gateway/bulk/download-arrives-whole", test_download);
    bns_test_add("/gateway/bulk/chunked-upload-arrives-whole", test_upload);
    bns_test_add("/gateway/bulk/slow-client-holds-the-origin-back", test_slow_client);
    bns_test_add("/gateway/bulk/slow-origin-holds-the-client-back", test_slow_origin);
    bns_test_add("/gateway/bulk/full-flow-does-not-hold-another",
                 test_slow_beside_quick);
    bns_test_add("/gateway/bulk/reset-behind-a-full-client", test_reset_behind_full);
    bns_test_add("/gateway/bulk/two-hundred-at-once", test_many_flows);
    return g_test_run();
}
