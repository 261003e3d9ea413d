/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ready.h"

#include "base/fd.h"
#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static void
test_message_with_descriptor(void)
{
    char text[BNS_READY_TEXT_MAX + 1];
    bns_autofd sent = open("/dev/null", O_RDONLY | O_CLOEXEC);
    bns_autofd received = -1;
    int pair[2];

    g_assert_cmpint(bns_fd_pair(pair), ==, 0);
    g_assert_cmpint(bns_ready_send(pair[0], BNS_READY_TAP, NULL, sent), ==, 0);
    g_assert_cmpint(bns_ready_send(pair[0], BNS_READY_FAILED, "no tap", -1), ==, 0);
    g_assert_cmpint(bns_ready_receive(pair[1], text, &received), ==, BNS_READY_TAP);
    g_assert_cmpint(received, >=, 0);
    g_assert_cmpint(fcntl(received, F_GETFD), ==, FD_CLOEXEC);
    g_assert_cmpstr(text, ==, "");
    g_assert_cmpint(bns_ready_receive(pair[1], text, NULL), ==, BNS_READY_FAILED);
    g_assert_cmpstr(text, ==, "no tap");
    close(pair[0]);
    g_assert_cmpint(bns_ready_receive(pair[1], text, NULL), ==, 0);
    close(pair[1]);
}

/* A process that gives up may have left something unread. */
static void
test_last_words(void)
{
    char text[BNS_READY_TEXT_MAX + 1];
    int pair[2];

    g_assert_cmpint(bns_fd_pair(pair), ==, 0);
    g_assert_cmpint(bns_ready_send(pair[1], BNS_READY_CA, "unread", -1), ==, 0);
    g_assert_cmpint(bns_ready_send(pair[0], BNS_READY_FAILED, "why", -1), ==, 0);
    close(pair[0]);
    g_assert_cmpint(bns_ready_receive(pair[1], text, NULL), ==, BNS_READY_FAILED);
    g_assert_cmpstr(text, ==, "why");
    g_assert_cmpint(bns_ready_receive(pair[1], text, NULL), ==, 0);
    close(pair[1]);
}

static void
test_text_too_long(void)
{
    g_autofree char *text = g_strnfill(BNS_READY_TEXT_MAX + 1, 'x');
    char received[BNS_READY_TEXT_MAX + 1];
    int pair[2];

    g_assert_cmpint(bns_fd_pair(pair), ==, 0);
    g_assert_cmpint(bns_ready_send(pair[0], BNS_READY_FAILED, text, -1), ==, -EMSGSIZE);
    text[BNS_READY_TEXT_MAX] = '\0';
    g_assert_cmpint(bns_ready_send(pair[0], BNS_READY_FAILED, text, -1), ==, 0);
    g_assert_cmpint(bns_ready_receive(pair[1], received, NULL), ==, BNS_READY_FAILED);
    g_assert_cmpstr(received, ==, text);
    close(pair[0]);
    close(pair[1]);
}

static void
test_unwanted_descriptor(void)
{
    bns_autofd sent = open("/dev/null", O_RDONLY | O_CLOEXEC);
    char text[BNS_READY_TEXT_MAX + 1];
    int pair[2], next;

    g_assert_cmpint(bns_fd_pair(pair), ==, 0);
    next = dup(sent);
    close(next);
    g_assert_cmpint(bns_ready_send(pair[0], BNS_READY_READY, NULL, sent), ==, 0);
    g_assert_cmpint(bns_ready_receive(pair[1], text, NULL), ==, BNS_READY_READY);
    /* It was closed: its number is free again. */
    g_assert_cmpint(dup(sent), ==, next);
    close(next);
    close(pair[0]);
    close(pair[1]);
}

static void
test_close_from(void)
{
    int fd = dup(STDOUT_FILENO);

    g_assert_cmpint(fd, >, 2);
    if (g_test_subprocess()) {
        bns_fd_close_from(fd);
        _exit(fcntl(fd, F_GETFD) < 0 && fcntl(STDOUT_FILENO, F_GETFD) >= 0 ? 0 : 1);
    }
    close(fd);
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_passed();
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    bns_test_add("/base/ready/message-carries-text-and-descriptor",
                 test_message_with_descriptor);
    bns_test_add("/base/ready/last-words-are-heard", test_last_words);
    bns_test_add("/base/ready/text-has-a-limit", test_text_too_long);
    bns_test_add("/base/ready/unwanted-descriptor-is-closed", test_unwanted_descriptor);
    bns_test_add("/base/fd/close-from-closes-the-rest-only", test_close_from);
    return g_test_run();
}
