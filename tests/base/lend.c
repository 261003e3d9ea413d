/* SPDX-License-Identifier: Apache-2.0 */
#include "base/lend.h"

#include "base/fd.h"
#include "tests/support/test.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct {
    int gateway;
    int init;
} Ends;

static Ends
make_ends(void)
{
    int pair[2];

    g_assert_cmpint(bns_fd_pair(pair), ==, 0);
    bns_fd_set_nonblocking(pair[0], true);
    bns_fd_set_nonblocking(pair[1], true);
    return (Ends){ .gateway = pair[0], .init = pair[1] };
}

static void
close_ends(Ends *ends)
{
    bns_fd_clear(&ends->gateway);
    bns_fd_clear(&ends->init);
}

static int
get_option(int fd, int name)
{
    int value = -1;
    socklen_t len = sizeof(value);

    g_assert_cmpint(getsockopt(fd, SOL_SOCKET, name, &value, &len), ==, 0);
    return value;
}

static void
assert_lent(Ends *ends, BnsLendFamily family, int domain)
{
    bns_autofd fd = -1;

    g_assert_cmpint(bns_lend_ask(ends->gateway, family), ==, 0);
    g_assert_true(bns_lend_answer(ends->init));
    g_assert_cmpint(bns_lend_receive(ends->gateway, &fd), ==, 1);
    g_assert_cmpint(get_option(fd, SO_DOMAIN), ==, domain);
    g_assert_cmpint(get_option(fd, SO_TYPE), ==, SOCK_STREAM);
}

static void
test_families(void)
{
    Ends ends = make_ends();

    assert_lent(&ends, BNS_LEND_IPV4, AF_INET);
    assert_lent(&ends, BNS_LEND_IPV6, AF_INET6);
    close_ends(&ends);
}

/* Neither side ever finds its socket full. */
static void
test_ahead(void)
{
    Ends ends = make_ends();

    for (int i = 0; i < BNS_LEND_AHEAD_MAX; i++)
        g_assert_cmpint(bns_lend_ask(ends.gateway, BNS_LEND_IPV4), ==, 0);
    for (int i = 0; i < BNS_LEND_AHEAD_MAX; i++)
        g_assert_true(bns_lend_answer(ends.init));
    for (int i = 0; i < BNS_LEND_AHEAD_MAX; i++) {
        bns_autofd fd = -1;

        g_assert_cmpint(bns_lend_receive(ends.gateway, &fd), ==, 1);
        g_assert_cmpint(fd, >=, 0);
    }
    close_ends(&ends);
}

static void
test_nothing_asked(void)
{
    Ends ends = make_ends();
    int fd;

    g_assert_true(bns_lend_answer(ends.init));
    g_assert_cmpint(bns_lend_receive(ends.gateway, &fd), ==, -EAGAIN);
    close_ends(&ends);
}

static void
test_ends(void)
{
    Ends one = make_ends();
    Ends other = make_ends();
    int fd;

    bns_fd_clear(&one.gateway);
    g_assert_false(bns_lend_answer(one.init));
    bns_fd_clear(&other.init);
    g_assert_cmpint(bns_lend_receive(other.gateway, &fd), ==, 0);
    close_ends(&one);
    close_ends(&other);
}

static void
test_no_question(void)
{
    static const char *const words[] = { "5", "44", "x4" };

    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        Ends ends = make_ends();

        g_assert_cmpint(bns_fd_send(ends.gateway, words[i], strlen(words[i]), -1), ==,
                        0);
        g_assert_false(bns_lend_answer(ends.init));
        close_ends(&ends);
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    bns_test_add("/base/lend/a-socket-of-either-family", test_families);
    bns_test_add("/base/lend/as-many-ahead-as-are-allowed", test_ahead);
    bns_test_add("/base/lend/nothing-was-asked", test_nothing_asked);
    bns_test_add("/base/lend/either-end-is-gone", test_ends);
    bns_test_add("/base/lend/what-is-no-question-ends-it", test_no_question);
    return g_test_run();
}
