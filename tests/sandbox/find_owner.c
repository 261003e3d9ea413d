/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/find_owner.h"

#include "base/clock.h"
#include "base/fd.h"
#include "tests/support/test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <glib.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Here nothing else is at stake: a loaded machine has time. */
#define LONG_US (20 * G_USEC_PER_SEC)

typedef struct {
    BnsFind find;
    int listener;
    struct sockaddr_in address;
    BnsOwnerAnswer answer;
} Fixture;

static void
fixture_init(Fixture *f)
{
    socklen_t len = sizeof(f->address);

    f->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    f->address = (struct sockaddr_in){ .sin_family = AF_INET,
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    g_assert_cmpint(bind(f->listener, (struct sockaddr *)&f->address, len), ==, 0);
    g_assert_cmpint(getsockname(f->listener, (struct sockaddr *)&f->address, &len), ==,
                    0);
    g_assert_cmpint(listen(f->listener, 100), ==, 0);
    g_assert_true(bns_find_init(&f->find));
}

static void
fixture_clear(Fixture *f)
{
    bns_find_clear(&f->find);
    bns_fd_clear(&f->listener);
}

/* Returns: connected to the listener. */
static int
call(const Fixture *f)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_assert_cmpint(
        connect(fd, (const struct sockaddr *)&f->address, sizeof(f->address)), ==, 0);
    return fd;
}

static uint16_t
port_of(int fd)
{
    struct sockaddr_in own;
    socklen_t len = sizeof(own);

    g_assert_cmpint(getsockname(fd, (struct sockaddr *)&own, &len), ==, 0);
    return ntohs(own.sin_port);
}

/* Returns: the pid that has the end at @guest_port. */
static uint32_t
find_in(Fixture *f, uint16_t guest_port, int64_t time_us)
{
    const BnsOwnerQuestion question = { .flow = 5,
                                        .addr = f->address.sin_addr.s_addr,
                                        .port = ntohs(f->address.sin_port),
                                        .guest_port = guest_port };

    bns_find_owner(&f->find, &question, f->address.sin_addr.s_addr,
                   bns_clock_us(CLOCK_MONOTONIC) + time_us, &f->answer);
    g_assert_cmpuint(f->answer.flow, ==, 5);
    return f->answer.pid;
}

/* A process that calls, says from where, and waits to be killed. */
static pid_t
start_caller(const Fixture *f, const char *const *argv, uint16_t *out_port)
{
    int says[2];
    pid_t pid;

    g_assert_cmpint(pipe2(says, O_CLOEXEC), ==, 0);
    pid = fork();
    g_assert_cmpint(pid, >=, 0);
    if (pid == 0) {
        int fd = call(f);
        uint16_t port = port_of(fd);

        dup2(fd, 50); /* survives exec */
        if (argv != NULL) {
            dup2(says[1], 51);
            g_assert_cmpint(write(51, &port, sizeof(port)), ==, sizeof(port));
            fcntl(51, F_SETFD, FD_CLOEXEC);
            execvp(argv[0], (char *const *)(uintptr_t)argv);
            _exit(1);
        }
        g_assert_cmpint(write(says[1], &port, sizeof(port)), ==, sizeof(port));
        pause();
        _exit(0);
    }
    close(says[1]);
    g_assert_cmpint(read(says[0], out_port, sizeof(*out_port)), ==, sizeof(*out_port));
    /* The end tells that exec has happened. */
    if (argv != NULL)
        g_assert_cmpint(read(says[0], &(char){ 0 }, 1), ==, 0);
    close(says[0]);
    return pid;
}

static void
stop(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void
test_own(void)
{
    static Fixture f;
    g_autofree char *exe = g_file_read_link("/proc/self/exe", NULL);
    int fd;

    fixture_init(&f);
    fd = call(&f);
    g_assert_cmpuint(find_in(&f, port_of(fd), LONG_US), ==, getpid());
    g_assert_cmpstr(f.answer.text, ==, exe);
    g_assert_cmpuint(f.answer.exe_len, ==, strlen(exe) + 1);
    g_assert_true(f.answer.argv_len > 0);
    /* The second time it is known, and so is its neighbour. */
    g_assert_cmpuint(find_in(&f, port_of(fd), LONG_US), ==, getpid());
    g_assert_cmpint(f.find.seen[0].last_fd, ==, fd);
    close(fd);
    fixture_clear(&f);
}

static void
test_argv(void)
{
    static const char *const argv[] = { "sleep", "1000", NULL };
    static Fixture f;
    uint16_t port;
    pid_t pid;

    fixture_init(&f);
    pid = start_caller(&f, argv, &port);
    g_assert_cmpuint(find_in(&f, port, LONG_US), ==, pid);
    g_assert_cmpmem(f.answer.text + f.answer.exe_len, f.answer.argv_len,
                    "sleep\0001000", 11);
    stop(pid);
    fixture_clear(&f);
}

static void
test_long_argv(void)
{
    static char words[2 * BNS_OWNER_ARGV_MAX];
    const char *argv[] = { "sh", "-c", "kill -STOP $$", words, NULL };
    static Fixture f;
    uint16_t port;
    pid_t pid;

    memset(words, 'x', sizeof(words) - 1);
    fixture_init(&f);
    pid = start_caller(&f, argv, &port);
    g_assert_cmpuint(find_in(&f, port, LONG_US), !=, 0);
    g_assert_cmpuint(f.answer.argv_len, ==, BNS_OWNER_ARGV_MAX);
    g_assert_cmpmem(f.answer.text + f.answer.exe_len + BNS_OWNER_ARGV_MAX - 5, 5,
                    "x...", 5);
    stop(pid);
    fixture_clear(&f);
}

/* Among many descriptors, and many processes. */
static void
test_many(void)
{
    static Fixture f;
    int extra[500], fds[20];
    pid_t pids[12];
    uint16_t ports[12];

    fixture_init(&f);
    for (size_t i = 0; i < G_N_ELEMENTS(extra); i++)
        extra[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    for (size_t i = 0; i < G_N_ELEMENTS(fds); i++)
        fds[i] = call(&f);
    for (size_t i = 0; i < G_N_ELEMENTS(pids); i++)
        pids[i] = start_caller(&f, NULL, &ports[i]);
    for (size_t i = 0; i < G_N_ELEMENTS(fds); i++)
        close(fds[i]);
    /* More than are remembered, in both orders. */
    for (size_t i = 0; i < G_N_ELEMENTS(pids); i++)
        g_assert_cmpuint(find_in(&f, ports[i], LONG_US), ==, pids[i]);
    for (size_t i = G_N_ELEMENTS(pids); i-- > 0;)
        g_assert_cmpuint(find_in(&f, ports[i], LONG_US), ==, pids[i]);
    for (size_t i = 0; i < G_N_ELEMENTS(pids); i++)
        stop(pids[i]);
    for (size_t i = 0; i < G_N_ELEMENTS(extra); i++)
        close(extra[i]);
    fixture_clear(&f);
}

/* The socket is still there, but whoever had it is not; then it is another's. */
static void
test_dead(void)
{
    static Fixture f;
    uint16_t port, other_port;
    pid_t pid, other;

    fixture_init(&f);
    pid = start_caller(&f, NULL, &port);
    g_assert_cmpuint(find_in(&f, port, LONG_US), ==, pid);
    stop(pid);
    g_assert_cmpuint(find_in(&f, port, LONG_US), ==, 0);
    other = start_caller(&f, NULL, &other_port);
    g_assert_cmpuint(find_in(&f, other_port, LONG_US), ==, other);
    stop(other);
    fixture_clear(&f);
}

static void
test_nobody(void)
{
    static Fixture f;
    int fd;

    fixture_init(&f);
    fd = call(&f);
    g_assert_cmpuint(find_in(&f, (uint16_t)(port_of(fd) ^ 1), LONG_US), ==, 0);
    g_assert_cmpuint(f.answer.exe_len + f.answer.argv_len, ==, 0);
    close(fd);
    fixture_clear(&f);
}

/* Time that is over before it begins finds nobody who is not known. */
static void
test_no_time(void)
{
    static Fixture f;
    int fd;

    fixture_init(&f);
    fd = call(&f);
    g_assert_cmpuint(find_in(&f, port_of(fd), -1), ==, 0);
    close(fd);
    fixture_clear(&f);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    bns_test_add("/sandbox/find-owner/who-asks-himself", test_own);
    bns_test_add("/sandbox/find-owner/what-it-was-started-with", test_argv);
    bns_test_add("/sandbox/find-owner/long-arguments-are-cut", test_long_argv);
    bns_test_add("/sandbox/find-owner/among-many", test_many);
    bns_test_add("/sandbox/find-owner/one-that-has-died", test_dead);
    bns_test_add("/sandbox/find-owner/nobody", test_nobody);
    bns_test_add("/sandbox/find-owner/no-time", test_no_time);
    return g_test_run();
}
