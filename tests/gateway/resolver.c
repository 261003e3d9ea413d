/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/resolver.h"

#include "base/fd.h"
#include "tests/support/test.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

static void
make_pair(int pair[2])
{
    g_assert_cmpint(bns_fd_pair(pair), ==, 0);
    g_assert_cmpint(bns_fd_set_nonblocking(pair[0], true), ==, 0);
    g_assert_cmpint(bns_fd_set_nonblocking(pair[1], true), ==, 0);
}

static void
close_pair(int pair[2])
{
    bns_fd_clear(&pair[0]);
    bns_fd_clear(&pair[1]);
}

static void
test_question(void)
{
    BnsResolverQuestion question;
    char longest[BNS_HOST_MAX + 1];
    int pair[2];

    make_pair(pair);
    memset(longest, 'a', BNS_HOST_MAX);
    longest[BNS_HOST_MAX] = '\0';
    g_assert_cmpint(bns_resolver_receive_question(pair[1], &question), ==, -EAGAIN);
    g_assert_cmpint(bns_resolver_ask(pair[0], 7, "a.example"), ==, 0);
    g_assert_cmpint(bns_resolver_ask(pair[0], UINT64_MAX, longest), ==, 0);
    g_assert_cmpint(bns_resolver_receive_question(pair[1], &question), ==, 1);
    g_assert_cmpuint(question.id, ==, 7);
    g_assert_cmpstr(question.name, ==, "a.example");
    g_assert_cmpint(bns_resolver_receive_question(pair[1], &question), ==, 1);
    g_assert_cmpuint(question.id, ==, UINT64_MAX);
    g_assert_cmpstr(question.name, ==, longest);
    bns_fd_clear(&pair[0]);
    g_assert_cmpint(bns_resolver_receive_question(pair[1], &question), ==, 0);
    close_pair(pair);
}

static void
test_bad_question(void)
{
    static const struct {
        const char *what;
        const char *bytes;
        size_t len;
    } cases[] = {
        { "too short", "1234567", 7 },
        { "no name", "12345678", 8 },
        { "NUL in the name", "12345678a\0b", 11 },
        { "NUL at the end", "12345678ab\0", 11 },
    };
    char huge[8 + BNS_HOST_MAX + 1];
    BnsResolverQuestion question;
    int pair[2];

    make_pair(pair);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i].what);
        g_assert_cmpint(bns_fd_send(pair[0], cases[i].bytes, cases[i].len, -1), ==, 0);
        g_assert_cmpint(bns_resolver_receive_question(pair[1], &question), ==,
                        -EBADMSG);
    }
    memset(huge, 'a', sizeof(huge));
    g_assert_cmpint(bns_fd_send(pair[0], huge, sizeof(huge), -1), ==, 0);
    g_assert_cmpint(bns_resolver_receive_question(pair[1], &question), ==, -EBADMSG);
    close_pair(pair);
}

static void
test_answer(void)
{
    BnsResolverAnswer answer = { .id = 3, .n_addresses = 2 };
    BnsResolverAnswer got;
    int pair[2];

    make_pair(pair);
    answer.addresses[0].family = AF_INET6;
    memset(answer.addresses[0].bytes, 0x11, 16);
    answer.addresses[1].family = AF_INET;
    memset(answer.addresses[1].bytes, 0x22, 4);
    g_assert_cmpint(bns_resolver_receive(pair[1], &got), ==, -EAGAIN);
    g_assert_cmpint(bns_resolver_answer(pair[0], &answer), ==, 0);
    g_assert_cmpint(bns_resolver_receive(pair[1], &got), ==, 1);
    g_assert_cmpmem(&got, sizeof(got), &answer, sizeof(answer));

    answer = (BnsResolverAnswer){ .id = 4, .error = EAI_NONAME };
    g_assert_cmpint(bns_resolver_answer(pair[0], &answer), ==, 0);
    g_assert_cmpint(bns_resolver_receive(pair[1], &got), ==, 1);
    g_assert_cmpint(got.error, ==, EAI_NONAME);
    bns_fd_clear(&pair[0]);
    g_assert_cmpint(bns_resolver_receive(pair[1], &got), ==, 0);
    close_pair(pair);
}

/* Sends @answer with @n_sent addresses in the message, whatever it says itself. */
static int
receive_forged(const BnsResolverAnswer *answer, size_t len)
{
    BnsResolverAnswer got;
    int pair[2];
    int result;

    make_pair(pair);
    g_assert_cmpint(bns_fd_send(pair[0], answer, len, -1), ==, 0);
    result = bns_resolver_receive(pair[1], &got);
    close_pair(pair);
    return result;
}

static void
test_bad_answer(void)
{
    const size_t head = offsetof(BnsResolverAnswer, addresses);
    const size_t each = sizeof(BnsResolverAddress);
    BnsResolverAnswer answer = { .id = 1, .n_addresses = 1 };
    char huge[sizeof(BnsResolverAnswer) + 1] = { 0 };

    answer.addresses[0].family = AF_INET;
    g_assert_cmpint(receive_forged(&answer, head + each), ==, 1);
    g_assert_cmpint(receive_forged(&answer, head), ==, -EBADMSG);
    g_assert_cmpint(receive_forged(&answer, head + each - 1), ==, -EBADMSG);
    g_assert_cmpint(receive_forged(&answer, head + 2 * each), ==, -EBADMSG);
    g_assert_cmpint(receive_forged(&answer, head - 1), ==, -EBADMSG);
    answer.addresses[0].family = AF_UNIX;
    g_assert_cmpint(receive_forged(&answer, head + each), ==, -EBADMSG);
    answer.addresses[0].family = AF_INET;
    answer.error = EAI_AGAIN;
    g_assert_cmpint(receive_forged(&answer, head + each), ==, -EBADMSG);
    answer = (BnsResolverAnswer){ .id = 1, .n_addresses = 0 };
    g_assert_cmpint(receive_forged(&answer, head), ==, -EBADMSG);
    answer.n_addresses = BNS_RESOLVER_ADDRESSES_MAX + 1;
    g_assert_cmpint(receive_forged(&answer, sizeof(answer)), ==, -EBADMSG);
    answer = (BnsResolverAnswer){ .id = 1, .kind = BNS_RESOLVER_LIFETIME };
    g_assert_cmpint(receive_forged(&answer, head), ==, 1);
    answer.error = EAI_AGAIN;
    g_assert_cmpint(receive_forged(&answer, head), ==, -EBADMSG);
    answer = (BnsResolverAnswer){ .id = 1, .kind = BNS_RESOLVER_LIFETIME };
    answer.n_addresses = 1;
    answer.addresses[0].family = AF_INET;
    g_assert_cmpint(receive_forged(&answer, head + each), ==, -EBADMSG);
    answer = (BnsResolverAnswer){ .id = 1, .kind = BNS_N_RESOLVER_KINDS };
    answer.error = EAI_AGAIN;
    g_assert_cmpint(receive_forged(&answer, head), ==, -EBADMSG);
    answer = (BnsResolverAnswer){ .id = 1 };
    answer.n_addresses = UINT32_MAX;
    g_assert_cmpint(receive_forged(&answer, head), ==, -EBADMSG);
    g_assert_cmpint(receive_forged((const void *)huge, sizeof(huge)), ==, -EBADMSG);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 30);
    bns_test_add("/gateway/resolver/question-arrives-whole", test_question);
    bns_test_add("/gateway/resolver/malformed-question-is-refused", test_bad_question);
    bns_test_add("/gateway/resolver/answer-arrives-whole", test_answer);
    bns_test_add("/gateway/resolver/malformed-answer-is-refused", test_bad_answer);
    return g_test_run();
}
