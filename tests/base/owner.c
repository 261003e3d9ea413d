/* SPDX-License-Identifier: Apache-2.0 */
#include "base/owner.h"

#include "base/fd.h"
#include "tests/support/test.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

static BnsOwnerAnswer
make_answer(const char *exe, const char *argv, size_t argv_len)
{
    BnsOwnerAnswer answer = { .flow = 7, .pid = 12 };

    answer.exe_len = (uint16_t)(strlen(exe) + 1);
    answer.argv_len = (uint16_t)argv_len;
    memcpy(answer.text, exe, answer.exe_len);
    memcpy(answer.text + answer.exe_len, argv, argv_len);
    return answer;
}

static void
test_both_ways(void)
{
    const BnsOwnerQuestion question = { 7, 1, 0x01020304, 443, 50000 };
    const BnsOwnerAnswer answer = make_answer("/bin/a", "a\0b\0", 4);
    static BnsOwnerAnswer heard;
    BnsOwnerQuestion read;
    int pair[2];

    g_assert_cmpint(bns_fd_pair(pair), ==, 0);
    g_assert_cmpint(bns_owner_ask(pair[0], &question), ==, 0);
    g_assert_cmpint(bns_owner_receive_question(pair[1], &read), ==, 1);
    g_assert_cmpuint(read.flow, ==, 7);
    g_assert_cmpuint(read.guest_port, ==, 50000);
    g_assert_cmpint(bns_owner_answer(pair[1], &answer), ==, 0);
    g_assert_cmpint(bns_owner_receive_answer(pair[0], &heard), ==, 1);
    g_assert_cmpuint(heard.pid, ==, 12);
    g_assert_cmpmem(heard.text, heard.exe_len + heard.argv_len, "/bin/a\0a\0b\0", 11);
    bns_fd_clear(&pair[1]);
    g_assert_cmpint(bns_owner_receive_answer(pair[0], &heard), ==, 0);
    bns_fd_clear(&pair[0]);
}

/* @len: of the message, beside what it says itself. */
static void
assert_bad(const BnsOwnerAnswer *answer, int more)
{
    static BnsOwnerAnswer heard;
    int pair[2];

    g_assert_cmpint(bns_fd_pair(pair), ==, 0);
    g_assert_cmpint(bns_fd_send(pair[1], answer,
                                (size_t)((int)offsetof(BnsOwnerAnswer, text) +
                                         answer->exe_len + answer->argv_len + more),
                                -1),
                    ==, 0);
    g_assert_cmpint(bns_owner_receive_answer(pair[0], &heard), ==, -EBADMSG);
    bns_fd_clear(&pair[0]);
    bns_fd_clear(&pair[1]);
}

static void
test_malformed(void)
{
    BnsOwnerAnswer answer = make_answer("/bin/a", "a\0b\0", 4);

    assert_bad(&answer, -1);
    assert_bad(&answer, 1);
    assert_bad(&answer, -12);
    answer.pid = 0; /* nobody, but with a name */
    assert_bad(&answer, 0);
    answer = make_answer("/bin/a", "a\0b", 3); /* half a word */
    assert_bad(&answer, 0);
    answer = make_answer("/bin/a", "", 0);
    answer.text[2] = '\0'; /* a string and something */
    assert_bad(&answer, 0);
    answer = make_answer("/bin/a", "", 0);
    answer.text[6] = 'x'; /* no end */
    assert_bad(&answer, 0);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    bns_test_add("/base/owner/question-and-answer", test_both_ways);
    bns_test_add("/base/owner/malformed-answers", test_malformed);
    return g_test_run();
}
