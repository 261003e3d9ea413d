/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/log.h"

#include "base/debug.h"
#include "base/fd.h"
#include "base/ready.h"
#include "tests/support/test.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
    int saved;
    int pipe[2];
} Capture;

static void
capture_begin(Capture *capture)
{
    g_assert_cmpint(pipe2(capture->pipe, O_CLOEXEC), ==, 0);
    capture->saved = dup(STDERR_FILENO);
    dup2(capture->pipe[1], STDERR_FILENO);
    close(capture->pipe[1]);
}

/* Returns: (transfer full): what was written to standard error. */
static char *
capture_end(Capture *capture)
{
    char *text = g_malloc0(4096);
    ssize_t n;

    dup2(capture->saved, STDERR_FILENO);
    close(capture->saved);
    n = read(capture->pipe[0], text, 4095);
    g_assert_cmpint(n, >=, 0);
    close(capture->pipe[0]);
    return text;
}

static void
test_print(void)
{
    g_autofree char *text = NULL;
    Capture capture;

    capture_begin(&capture);
    bns_log_print("a %s", "\033[2J\nb\xff \\x1b");
    text = capture_end(&capture);
    g_assert_cmpstr(text, ==, "boundary-ns: a \\x1b[2J\\x0ab\\xff \\x1b\n");
}

static void
test_levels(void)
{
    static const struct {
        BnsLogLevel level;
        const char *text;
    } cases[] = {
        { BNS_LOG_ERROR, "boundary-ns: critical\n" },
        { BNS_LOG_WARN, "boundary-ns: critical\nboundary-ns: warning\n" },
        { BNS_LOG_INFO,
          "boundary-ns: critical\nboundary-ns: warning\nboundary-ns: info\n" },
        { BNS_LOG_DEBUG,
          "boundary-ns: critical\nboundary-ns: warning\nboundary-ns: info\n"
          "boundary-ns: debug\nboundary-ns: made when it is shown\n" },
    };

    unsigned n_made = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = NULL;
        Capture capture;

        bns_log_set_level(cases[i].level);
        capture_begin(&capture);
        g_critical("critical");
        g_warning("warning");
        g_info("info");
        g_debug("debug");
        bns_debug("%s", (n_made++, "made when it is shown"));
        text = capture_end(&capture);
        g_assert_cmpstr(text, ==, cases[i].text);
        g_assert_cmpuint(n_made, ==, cases[i].level == BNS_LOG_DEBUG);
    }
}

static void
test_process(void)
{
    g_autofree char *text = NULL;
    Capture capture;

    bns_log_set_level(BNS_LOG_WARN);
    bns_log_set_process("gateway", -1);
    capture_begin(&capture);
    g_warning("a line\nand another");
    text = capture_end(&capture);
    bns_log_set_process(NULL, -1);
    g_assert_cmpstr(text, ==, "boundary-ns: gateway: a line\\x0aand another\n");
}

/* The last line of a process is told once, by whom the person listens to. */
static void
test_fatal(void)
{
    char text[BNS_READY_TEXT_MAX + 1];
    int pair[2];
    int status = 0;
    pid_t pid;

    g_assert_cmpint(bns_fd_pair(pair), ==, 0);
    pid = fork();
    if (pid == 0) {
        /* Or GLib's harness would tell everybody. */
        close(STDOUT_FILENO);
        bns_log_set_process("gateway", pair[1]);
        g_error("out of %s", "everything");
    }
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 125);
    g_assert_cmpint(bns_ready_receive(pair[0], text, NULL), ==, BNS_READY_FAILED);
    g_assert_cmpstr(text, ==, "out of everything");
    close(pair[0]);
    close(pair[1]);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    g_log_set_always_fatal(G_LOG_FATAL_MASK);
    bns_log_init(BNS_LOG_WARN);
    bns_test_add("/sandbox/log/no-byte-moves-a-cursor", test_print);
    bns_test_add("/sandbox/log/levels", test_levels);
    bns_test_add("/sandbox/log/a-helper-is-named", test_process);
    bns_test_add("/sandbox/log/the-last-line-of-a-helper", test_fatal);
    return g_test_run();
}
