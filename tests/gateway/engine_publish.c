/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Published ports: the test is the visitor, the server inside, and init, which lends
 * sockets. Here "inside" is the same network.
 */
#include "base/fd.h"
#include "base/lend.h"
#include "netstack/gateway/gateway.h"
#include "tests/gateway/engine_rig.h"
#include "tests/support/test.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define POLICY "limits: { flows: 4 }\n"

typedef struct {
    GPtrArray *published; /* owned, of one BnsPublished on the stack */
    BnsPublished place;
    uint16_t port; /* of the host */
    int lend_fd;   /* owned: init's end */
    int engine_fd; /* owned */
    int server;    /* owned: listens inside; -1: nobody does */
    Rig *rig;
} Stage;

static void
stage_init(Stage *stage)
{
    int pair[2];

    *stage = (Stage){ 0 };
    g_assert_cmpint(bns_fd_pair(pair), ==, 0);
    stage->engine_fd = pair[0];
    stage->lend_fd = pair[1];
    stage->server = rig_listen(&stage->place.port);
    stage->place.fd = rig_listen(&stage->port);
    bns_fd_set_nonblocking(stage->place.fd, true);
    stage->published = g_ptr_array_new();
    g_ptr_array_add(stage->published, &stage->place);
    stage->rig = rig_new_published(POLICY, stage->published, stage->engine_fd);
}

static void
stage_clear(Stage *stage)
{
    rig_free(stage->rig);
    bns_fd_clear(&stage->engine_fd);
    bns_fd_clear(&stage->lend_fd);
    bns_fd_clear(&stage->server);
    bns_fd_clear(&stage->place.fd);
    g_ptr_array_unref(stage->published);
}

/* A visitor, in the flow's place. */
static RigFlow
visit(const Stage *stage)
{
    const struct sockaddr_in address = { .sin_family = AF_INET,
                                         .sin_port = htons(stage->port),
                                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_assert_cmpint(connect(fd, (const struct sockaddr *)&address, sizeof(address)), ==,
                    0);
    return (RigFlow){ .fd = fd };
}

/* Answers the next question. */
static void
lend(const Stage *stage)
{
    struct pollfd question = { .fd = stage->lend_fd, .events = POLLIN };

    g_assert_cmpint(poll(&question, 1, -1), ==, 1);
    g_assert_true(bns_lend_answer(stage->lend_fd));
}

static void
leave(RigFlow *flow)
{
    bns_fd_clear(&flow->fd);
}

static void
assert_words(RigFlow *flow, const char *expected, bool is_broken)
{
    bool was_broken = false;
    g_autofree char *heard = rig_hear_end(flow, &was_broken);

    g_assert_cmpstr(heard, ==, expected);
    g_assert_true(was_broken == is_broken);
}

static void
assert_closed(Stage *stage, uint64_t sent, uint64_t received, const char *error)
{
    const BnsRecord *open = rig_record(stage->rig, BNS_EVENT_PUBLISH_OPEN);
    const BnsRecord *close = rig_record(stage->rig, BNS_EVENT_PUBLISH_CLOSE);

    g_assert_cmpstr(open->addr, ==, "127.0.0.1");
    g_assert_cmpuint(open->port, ==, stage->place.port);
    g_assert_cmpuint(close->bytes_sent, ==, sent);
    g_assert_cmpuint(close->bytes_received, ==, received);
    g_assert_cmpstr(close->error, ==, error);
}

/* Each direction ends by itself. */
static void
test_half_close(void)
{
    Stage stage;
    RigFlow visitor, server;

    stage_init(&stage);
    visitor = visit(&stage);
    rig_say(&visitor, "question");
    rig_say_end(&visitor);
    lend(&stage);
    server = rig_accept(stage.server);
    assert_words(&server, "question", false);
    rig_say(&server, "the answer");
    leave(&server);
    assert_words(&visitor, "the answer", false);
    leave(&visitor);
    assert_closed(&stage, 8, 10, NULL);
    stage_clear(&stage);
}

static void
test_server_speaks_first(void)
{
    Stage stage;
    RigFlow visitor, server;

    stage_init(&stage);
    visitor = visit(&stage);
    lend(&stage);
    server = rig_accept(stage.server);
    rig_say(&server, "220 hello");
    g_free(rig_hear(&visitor, "220 hello"));
    rig_say(&visitor, "quit");
    g_free(rig_hear(&server, "quit"));
    leave(&server);
    assert_words(&visitor, "", false);
    leave(&visitor);
    assert_closed(&stage, 4, 9, NULL);
    stage_clear(&stage);
}

/* The server's port becomes one that is bound, by us alone, and not listened on. */
static void
stop_listening(Stage *stage)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(address);

    bns_fd_clear(&stage->server);
    stage->server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(stage->server, (const struct sockaddr *)&address, len), ==, 0);
    g_assert_cmpint(getsockname(stage->server, (struct sockaddr *)&address, &len), ==,
                    0);
    stage->place.port = ntohs(address.sin_port);
}

/* The same port of the other loopback, or -1. */
static int
listen_on_ipv6(uint16_t port)
{
    const struct sockaddr_in6 address = { .sin6_family = AF_INET6,
                                          .sin6_port = htons(port),
                                          .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    bns_autofd fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(fd, 1) < 0)
        return -1;
    return g_steal_fd(&fd);
}

/* Both loopbacks are tried. */
static void
test_nobody_listens(void)
{
    Stage stage;
    RigFlow visitor;

    stage_init(&stage);
    stop_listening(&stage);
    visitor = visit(&stage);
    lend(&stage);
    lend(&stage);
    assert_words(&visitor, "", true);
    leave(&visitor);
    g_assert_cmpstr(rig_record(stage.rig, BNS_EVENT_PUBLISH_ERROR)->error, ==,
                    "nothing listens on this port inside");
    stage_clear(&stage);
}

static void
test_ipv6(void)
{
    Stage stage;
    RigFlow visitor, server;
    bns_autofd listener = -1;

    stage_init(&stage);
    /* Somebody else may have that port there. */
    do {
        stop_listening(&stage);
        listener = listen_on_ipv6(stage.place.port);
    } while (listener < 0 && errno == EADDRINUSE);
    if (listener < 0) {
        bns_test_skip("there is no ::1 here");
        stage_clear(&stage);
        return;
    }
    visitor = visit(&stage);
    lend(&stage);
    lend(&stage);
    server = rig_accept(listener);
    rig_say(&server, "six");
    leave(&server);
    g_free(rig_hear(&visitor, "six"));
    leave(&visitor);
    assert_closed(&stage, 0, 3, NULL);
    stage_clear(&stage);
}

static void
lend_nothing(const Stage *stage)
{
    char question;

    g_assert_cmpint(bns_fd_receive(stage->lend_fd, &question, 1, NULL), ==, 1);
    g_assert_cmpint(bns_fd_send(stage->lend_fd, &question, 1, -1), ==, 0);
}

static void
test_no_socket(void)
{
    Stage stage;
    RigFlow visitor;

    stage_init(&stage);
    visitor = visit(&stage);
    lend_nothing(&stage);
    lend_nothing(&stage);
    assert_words(&visitor, "", true);
    leave(&visitor);
    rig_record(stage.rig, BNS_EVENT_PUBLISH_ERROR);
    stage_clear(&stage);
}

/* More answers than questions: nothing is lent any more. */
static void
test_unasked(void)
{
    static const char answer = BNS_LEND_IPV4;
    Stage stage;
    RigFlow visitor;

    stage_init(&stage);
    visitor = visit(&stage);
    lend_nothing(&stage);
    g_assert_cmpint(bns_fd_send(stage.lend_fd, &answer, 1, -1), ==, 0);
    g_assert_cmpint(bns_fd_send(stage.lend_fd, &answer, 1, -1), ==, 0);
    assert_words(&visitor, "", true);
    leave(&visitor);
    stage_clear(&stage);
}

/* What breaks off on one side breaks off on the other. */
static void
break_off(RigFlow *flow)
{
    static const struct linger reset = { .l_onoff = 1, .l_linger = 0 };

    setsockopt(flow->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    bns_fd_clear(&flow->fd);
}

static void
test_breaks(gconstpointer by_server)
{
    Stage stage;
    RigFlow visitor, server;

    stage_init(&stage);
    visitor = visit(&stage);
    lend(&stage);
    server = rig_accept(stage.server);
    rig_say(&visitor, "hello");
    g_free(rig_hear(&server, "hello"));
    break_off(by_server != NULL ? &server : &visitor);
    assert_words(by_server != NULL ? &visitor : &server, "", true);
    leave(by_server != NULL ? &visitor : &server);
    assert_closed(&stage, 5, 0,
                  by_server != NULL ? "the server broke the connection off"
                                    : "the visitor broke the connection off");
    stage_clear(&stage);
}

static void
test_visitor_leaves_early(void)
{
    Stage stage;
    RigFlow visitor, second, server;

    stage_init(&stage);
    visitor = visit(&stage);
    break_off(&visitor);
    rig_record(stage.rig, BNS_EVENT_PUBLISH_ERROR);
    /* The socket that was asked for comes all the same, and is not the next one's. */
    second = visit(&stage);
    rig_say(&second, "second");
    lend(&stage);
    lend(&stage);
    server = rig_accept(stage.server);
    g_free(rig_hear(&server, "second"));
    g_assert_true(rig_nobody_came(stage.server));
    leave(&second);
    leave(&server);
    stage_clear(&stage);
}

/* Beyond limits.flows they wait. */
static void
test_crowd(void)
{
    Stage stage;
    RigFlow visitors[6], servers[6];

    stage_init(&stage);
    for (size_t i = 0; i < G_N_ELEMENTS(visitors); i++)
        visitors[i] = visit(&stage);
    for (size_t i = 0; i < 4; i++) {
        lend(&stage);
        servers[i] = rig_accept(stage.server);
    }
    rig_sync(stage.rig);
    g_assert_true(rig_nobody_came(stage.server));
    for (size_t i = 0; i < 2; i++) {
        leave(&visitors[i]);
        assert_words(&servers[i], "", false);
        leave(&servers[i]);
        lend(&stage);
        servers[4 + i] = rig_accept(stage.server);
    }
    for (size_t i = 2; i < 6; i++) {
        leave(&servers[i]);
        leave(&visitors[i]);
    }
    rig_count(stage.rig, BNS_EVENT_PUBLISH_CLOSE, 6);
    stage_clear(&stage);
}

/* The session ends: init goes first. */
static void
test_init_goes(void)
{
    Stage stage;
    RigFlow open, server, waits;

    stage_init(&stage);
    open = visit(&stage);
    lend(&stage);
    server = rig_accept(stage.server);
    waits = visit(&stage);
    rig_sync(stage.rig);
    bns_fd_clear(&stage.lend_fd);
    assert_words(&waits, "", true);
    leave(&waits);
    rig_record(stage.rig, BNS_EVENT_PUBLISH_ERROR);
    /* What is on its way arrives. */
    rig_say(&server, "last words");
    g_free(rig_hear(&open, "last words"));
    stage_clear(&stage);
    assert_words(&open, "", true);
    leave(&open);
    leave(&server);
}

/* Megabytes one way, to a reader who waits. */
static gpointer
write_all(gpointer data)
{
    static const char block[64 * 1024];
    const int *fd = data;

    for (int i = 0; i < 128; i++)
        g_assert_cmpint(bns_fd_write_all(*fd, block, sizeof(block)), ==, 0);
    shutdown(*fd, SHUT_WR);
    return NULL;
}

static void
test_bulk(void)
{
    static char block[64 * 1024];
    Stage stage;
    RigFlow visitor, server;
    GThread *writer;
    uint64_t n_read = 0;
    ssize_t n;

    stage_init(&stage);
    visitor = visit(&stage);
    lend(&stage);
    server = rig_accept(stage.server);
    writer = g_thread_new("writer", write_all, &server.fd);
    while ((n = read(visitor.fd, block, sizeof(block))) > 0)
        n_read += (uint64_t)n;
    g_thread_join(writer);
    g_assert_cmpuint(n_read, ==, 128 * sizeof(block));
    leave(&visitor);
    leave(&server);
    assert_closed(&stage, 0, n_read, NULL);
    stage_clear(&stage);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 30);
    bns_test_add("/gateway/publish/each-direction-ends-by-itself", test_half_close);
    bns_test_add("/gateway/publish/a-server-speaks-first", test_server_speaks_first);
    bns_test_add("/gateway/publish/nobody-listens-inside", test_nobody_listens);
    bns_test_add("/gateway/publish/a-server-on-ipv6", test_ipv6);
    bns_test_add("/gateway/publish/no-socket-can-be-lent", test_no_socket);
    bns_test_add("/gateway/publish/answers-that-nobody-asked-for", test_unasked);
    bns_test_add_data("/gateway/publish/the-server-breaks-off", "server", test_breaks);
    bns_test_add_data("/gateway/publish/the-visitor-breaks-off", NULL, test_breaks);
    bns_test_add("/gateway/publish/a-visitor-leaves-early", test_visitor_leaves_early);
    bns_test_add("/gateway/publish/a-crowd-waits", test_crowd);
    bns_test_add("/gateway/publish/init-goes-first", test_init_goes);
    bns_test_add("/gateway/publish/bulk", test_bulk);
    return g_test_run();
}
