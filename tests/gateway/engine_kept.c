/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections that serve more than one request, and what becomes of a request whose kept
 * connection had died.
 */
#include "base/fd.h"
#include "tests/gateway/engine_front.h"
#include "tests/support/test.h"

#include <string.h>
#include <unistd.h>

#define GET   "GET /x HTTP/1.1\r\nHost: origin.test\r\n\r\n"
#define EMPTY "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

static void
answer_first(Front *f, const char *response)
{
    g_free(front_pass(f, GET));
    rig_say(&f->origin, response);
    g_free(rig_hear_response(&f->flow, false));
    rig_record(f->rig, BNS_EVENT_HTTP_REQUEST);
}

/* --- retries --- */

typedef struct {
    const char *name;
    const char *request;
    const char *answered; /* by the dying connection */
    bool is_retried;
} Retry;

#define HEAD(method, fields)                                                           \
    method " /x HTTP/1.1\r\nHost: origin.test\r\n" fields "\r\n"

static const Retry retries[] = {
    { "get", GET, "", true },
    { "head", HEAD("HEAD", ""), "", true },
    { "options", HEAD("OPTIONS", ""), "", true },
    { "trace", HEAD("TRACE", ""), "", true },
    { "delete", HEAD("DELETE", ""), "", true },
    { "put-without-a-body", HEAD("PUT", "Content-Length: 0\r\n"), "", true },
    { "put-with-a-body", HEAD("PUT", "Content-Length: 1\r\n") "x", "", false },
    { "get-with-a-body", HEAD("GET", "Content-Length: 1\r\n") "x", "", false },
    { "chunked-put", HEAD("PUT", "Transfer-Encoding: chunked\r\n") "0\r\n\r\n", "",
      false },
    { "post", HEAD("POST", "Content-Length: 0\r\n"), "", false },
    { "patch", HEAD("PATCH", "Content-Length: 0\r\n"), "", false },
    { "unknown-method", HEAD("PURGE", ""), "", false },
    { "get-that-was-partly-answered", GET, "HTTP/1.1 2", false },
    { "get-that-was-answered-100", GET, "HTTP/1.1 102 Processing\r\n\r\n", false },
};

/* The connection dies after it has the request. What may have been done once is not done
 * twice; what is, is one request for the audit. */
static void
test_retry(gconstpointer data)
{
    const Retry *row = data;
    Front f;
    g_autofree char *lost = NULL;
    g_autofree char *response = NULL;

    front_init(&f, NULL);
    answer_first(&f, EMPTY);
    lost = front_pass(&f, row->request);
    if (row->answered[0] != '\0')
        rig_say(&f.origin, row->answered);
    front_end_origin(&f, false);
    if (row->is_retried) {
        g_autofree char *again = NULL;

        f.origin = rig_accept(f.listener);
        again = rig_hear(&f.origin, "\r\n\r\n");
        g_assert_cmpstr(again, ==, lost);
        rig_say(&f.origin, EMPTY);
    }
    response = rig_hear(&f.flow, row->is_retried ? "200 OK" : "502 ");
    rig_sync(f.rig);
    g_assert_true(rig_nobody_came(f.listener));
    g_assert_cmpuint(rig_count(f.rig, BNS_EVENT_HTTP_REQUEST, 2), ==, 2);
    front_clear(&f);
}

static void
test_retried_once(void)
{
    Front f;
    g_autofree char *response = NULL;

    front_init(&f, NULL);
    answer_first(&f, EMPTY);
    g_free(front_pass(&f, GET));
    front_end_origin(&f, false);
    f.origin = rig_accept(f.listener);
    g_free(rig_hear(&f.origin, "\r\n\r\n"));
    front_end_origin(&f, false);
    response = rig_hear_response(&f.flow, false);
    g_assert_true(g_str_has_prefix(response, "HTTP/1.1 502 "));
    g_assert_true(rig_nobody_came(f.listener));
    front_clear(&f);
}

/* --- reuse --- */

typedef struct {
    const char *name;
    const char *response;
} Unkept;

static const Unkept unkept[] = {
    { "that-says-close",
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" },
    { "of-http-1.0", "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n" },
    { "with-more-behind",
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n"
      "Content-Length: 4\r\n\r\nfake" },
};

static void
test_unkept(gconstpointer data)
{
    const Unkept *row = data;
    Front f;
    g_autofree char *response = NULL;

    front_init(&f, NULL);
    answer_first(&f, row->response);
    rig_say(&f.flow, GET);
    bns_fd_clear(&f.origin.fd);
    f.origin = rig_accept(f.listener);
    g_free(rig_hear(&f.origin, "\r\n\r\n"));
    rig_say(&f.origin, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntrue");
    response = rig_hear_response(&f.flow, false);
    g_assert_true(g_str_has_suffix(response, "true"));
    front_clear(&f);
}

/* --- timings --- */

/* A connection's making is told once, with the request that it was made for. */
static void
test_timings(void)
{
    Front f;
    const BnsRecord *record;

    front_init(&f, NULL);
    for (int i = 0; i < 2; i++) {
        g_free(front_pass(&f, GET));
        rig_say(&f.origin, EMPTY);
        g_free(rig_hear_response(&f.flow, false));
        record = rig_record(f.rig, BNS_EVENT_HTTP_RESPONSE);
        g_assert_cmpuint(record->dns_us, ==, 0); /* --resolve */
        g_assert_cmpint(record->connect_us > 0, ==, i == 0);
        g_assert_cmpuint(record->tls_us, ==, 0);
        g_assert_cmpuint(record->first_byte_us, >, 0);
        g_assert_cmpuint(record->first_byte_us, <=, MAX(1, record->duration_us));
    }
    front_clear(&f);
}

/* A name is not asked twice for the next connection. */
static void
test_known_name(void)
{
    static const char close_it[] =
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    uint16_t port;
    int listener = rig_listen(&port);
    g_autofree char *yaml = g_strdup_printf(
        "allow: [{ domain: loop.test, private: true, port: %u }]\n", port);
    g_autofree char *request =
        g_strdup_printf("GET /x HTTP/1.1\r\nHost: loop.test:%u\r\n\r\n", port);
    Rig *rig = rig_new(yaml, NULL, NULL);
    g_autofree char *refused = NULL;
    RigFlow flow;

    for (int i = 0; i < 4; i++) {
        const BnsRecord *record;
        RigFlow origin;

        flow = rig_open(rig, "loop.test", port);
        rig_say(&flow, request);
        origin = rig_accept(listener);
        g_free(rig_hear(&origin, "\r\n\r\n"));
        rig_say(&origin, close_it);
        g_free(rig_hear_response(&flow, false));
        record = rig_record(rig, BNS_EVENT_HTTP_RESPONSE);
        /* asked at first, and when it lasts no longer */
        g_assert_cmpint(record->dns_us > 0, ==, i == 0 || i == 3);
        g_assert_cmpuint(record->connect_us, >, 0);
        close(origin.fd);
        rig_close(rig, &flow);
        if (i == 2)
            rig_advance(rig, 11);
    }
    rig_stop_listening(&listener);
    flow = rig_open(rig, "loop.test", port);
    refused = rig_ask(&flow, request);
    g_assert_true(g_str_has_prefix(refused, "HTTP/1.1 502 "));
    rig_close(rig, &flow);
    rig_free(rig);
    close(listener);
}

static void
add_rows(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(retries); i++) {
        g_autofree char *path =
            g_strdup_printf("/gateway/kept/retry/%s", retries[i].name);

        bns_test_add_data(path, &retries[i], test_retry);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(unkept); i++) {
        g_autofree char *path = g_strdup_printf(
            "/gateway/kept/connection-is-not-reused/%s", unkept[i].name);

        bns_test_add_data(path, &unkept[i], test_unkept);
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    bns_test_add("/gateway/kept/retried-once-only", test_retried_once);
    bns_test_add("/gateway/kept/timings-are-of-the-first-request", test_timings);
    bns_test_add("/gateway/kept/name-is-known-for-a-while", test_known_name);
    add_rows();
    return g_test_run();
}
