/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is read of a process that waits in execve(2). The process is this one: what a
 * notification says are addresses of our own.
 */
#include "sandbox/exec_call.h"

#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static BnsExecCall call;

static int
read_execve(const void *path, const void *argv)
{
    const struct seccomp_notif notification = {
        .pid = (uint32_t)getpid(),
        .data = { .nr = SYS_execve, .args = { (uintptr_t)path, (uintptr_t)argv } },
    };

    return bns_exec_call_read(&notification, &call);
}

static int
read_execveat(int dir_fd, const char *path, const void *argv, int flags)
{
    const struct seccomp_notif notification = {
        .pid = (uint32_t)getpid(),
        .data = { .nr = SYS_execveat,
                  .args = { (uint64_t)(int64_t)dir_fd, (uintptr_t)path, (uintptr_t)argv,
                            0, (uint64_t)flags } },
    };

    return bns_exec_call_read(&notification, &call);
}

/* Two pages, the second of which may not be touched. Returns: the second. */
static char *
map_edge(void)
{
    long page = sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, (size_t)(2 * page), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    g_assert_true(pages != MAP_FAILED);
    g_assert_cmpint(mprotect(pages + page, (size_t)page, PROT_NONE), ==, 0);
    return pages + page;
}

static void
test_execve(void)
{
    const char *argv[] = { "sh", "-c", "",
                           "a\x1e"
                           "b",
                           NULL };
    g_autofree char *cwd = g_get_current_dir();
    char joined[BNS_EXEC_ARGV_MAX + 4];

    g_assert_cmpint(read_execve("/bin/sh", argv), ==, 0);
    g_assert_cmpint(call.pid, ==, getpid());
    g_assert_cmpint(call.parent, ==, getppid());
    g_assert_cmpstr(call.cwd, ==, cwd);
    g_assert_cmpstr(call.exe, ==, "/bin/sh");
    g_assert_cmpstr(call.argv, ==,
                    "sh\x1e-c\x1e\x1e"
                    "a\xff"
                    "b\x1e");
    g_assert_cmpuint(bns_exec_call_join(&call, joined), ==, strlen("-c  a.b"));
    g_assert_cmpstr(joined, ==,
                    "-c  a\xff"
                    "b");
}

static void
test_relative(void)
{
    const char *argv[] = { "sh", NULL };
    int bin = open("/bin/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int file = open("/bin/sh", O_PATH | O_CLOEXEC);
    char *cwd = g_get_current_dir();

    g_assert_cmpint(chdir("/bin"), ==, 0);
    g_assert_cmpint(read_execve("./sh", argv), ==, 0);
    g_assert_true(g_str_has_suffix(call.exe, "bin/./sh"));
    g_assert_cmpint(read_execve("nosuch", argv), ==, -ENOENT);
    g_assert_cmpint(chdir("/"), ==, 0);
    g_assert_cmpint(read_execve("bin/sh", argv), ==, 0);
    g_assert_cmpstr(call.exe, ==, "/bin/sh");
    g_assert_cmpint(read_execveat(bin, "sh", argv, 0), ==, 0);
    g_assert_true(g_str_has_suffix(call.exe, "bin/sh"));
    g_assert_cmpint(read_execveat(bin, "nosuch", argv, 0), ==, -ENOENT);
    g_assert_cmpint(read_execveat(AT_FDCWD, "/bin/sh", argv, 0), ==, 0);
    g_assert_cmpint(read_execveat(file, "", argv, AT_EMPTY_PATH), ==, 0);
    g_assert_cmpint(call.exe[0], ==, '/');
    g_assert_cmpint(read_execveat(file, "", argv, 0), ==, -ENOENT);
    g_assert_cmpint(chdir(cwd), ==, 0);
    g_free(cwd);
    close(bin);
    close(file);
}

/* What is ours below /proc is not the other's. */
static void
test_not_there(void)
{
    const char *argv[] = { "x", NULL };

    g_assert_cmpint(read_execve("/nosuch/x", argv), ==, -ENOENT);
    g_assert_cmpint(read_execve("/bin/sh/x", argv), ==, -ENOTDIR);
    g_assert_cmpint(read_execve("/proc/self/fd/999", argv), ==, 0);
    g_assert_cmpint(read_execve("/dev/fd/999", argv), ==, 0);
    g_assert_cmpint(read_execve("", argv), ==, -ENOENT);
}

static void
test_no_arguments(void)
{
    const char *none[] = { NULL };
    char joined[BNS_EXEC_ARGV_MAX + 4];

    g_assert_cmpint(read_execve("/bin/sh", NULL), ==, 0);
    g_assert_cmpstr(call.argv, ==, "");
    g_assert_cmpint(read_execve("/bin/sh", none), ==, 0);
    g_assert_cmpstr(call.argv, ==, "");
    g_assert_cmpuint(bns_exec_call_join(&call, joined), ==, 0);
}

/* Pointers that lead nowhere, or to what may not be read. */
static void
test_wild(void)
{
    char *edge = map_edge();
    const char *wild[] = { "x", (const char *)8, NULL };
    const char *forbidden[] = { "x", edge, NULL };
    const char *const *torn = (const char *const *)(const void *)(edge - 12);
    const char *argv[] = { "x", NULL };

    g_assert_cmpint(read_execve((const void *)8, argv), ==, -EFAULT);
    g_assert_cmpint(read_execve(edge, argv), ==, -EFAULT);
    g_assert_cmpint(read_execve((const void *)UINT64_MAX, argv), ==, -EFAULT);
    g_assert_cmpint(read_execve("/bin/sh", (const void *)8), ==, -EFAULT);
    g_assert_cmpint(read_execve("/bin/sh", (const void *)UINT64_MAX), ==, -EFAULT);
    g_assert_cmpint(read_execve("/bin/sh", edge), ==, -EFAULT);
    g_assert_cmpint(read_execve("/bin/sh", wild), ==, -EFAULT);
    g_assert_cmpint(read_execve("/bin/sh", forbidden), ==, -EFAULT);
    memset(edge - 16, 0x7f, 16);
    g_assert_cmpint(read_execve("/bin/sh", torn), ==, -EFAULT);
    /* A string without end. */
    memset(edge - 100, 'x', 100);
    g_assert_cmpint(read_execve(edge - 100, argv), ==, -EFAULT);
}

/* What ends with its page is whole. */
static void
test_edge(void)
{
    char *edge = map_edge();
    const char *last[] = { "x", edge - 4, NULL };
    const char **array = (const char **)(void *)(edge - 3 * sizeof(char *));

    memcpy(edge - 4, "end", 4);
    g_assert_cmpint(read_execve("/bin/sh", last), ==, 0);
    g_assert_cmpstr(call.argv, ==,
                    "x\x1e"
                    "end\x1e");
    memcpy(edge - 8, "/bin/sh", 8);
    g_assert_cmpint(read_execve(edge - 8, last), ==, 0);
    memcpy(array, (const char *[]){ "a", "b", NULL }, 3 * sizeof(char *));
    g_assert_cmpint(read_execve("/bin/sh", array), ==, 0);
    g_assert_cmpstr(call.argv, ==,
                    "a\x1e"
                    "b\x1e");
}

static void
test_long(void)
{
    g_autofree char *path = g_strnfill(PATH_MAX, '/');
    g_autofree char *longest = g_strnfill(BNS_EXEC_ARGV_MAX - 3, 'a');
    g_autofree char *longer = g_strnfill(BNS_EXEC_ARGV_MAX, 'b');
    const char *fits[] = { "x", longest, NULL };
    const char *cut[] = { "x", longer, "y", NULL };
    g_autofree const char **many = g_new0(const char *, 100001);
    const char *argv[] = { "x", NULL };

    g_assert_cmpint(read_execve(path, argv), ==, -ENAMETOOLONG);
    g_assert_cmpint(read_execve("/bin/sh", fits), ==, 0);
    g_assert_cmpuint(strlen(call.argv), ==, BNS_EXEC_ARGV_MAX);
    g_assert_true(g_str_has_suffix(call.argv, "a\x1e"));
    g_assert_cmpint(read_execve("/bin/sh", cut), ==, 0);
    g_assert_true(g_str_has_suffix(call.argv, "b..."));
    for (int i = 0; i < 100000; i++)
        many[i] = "";
    g_assert_cmpint(read_execve("/bin/sh", many), ==, 0);
    g_assert_cmpuint(strlen(call.argv), ==, BNS_EXEC_ARGV_MAX + 3);
    g_assert_true(g_str_has_suffix(call.argv, "\x1e..."));
}

/* A pid whose process is gone. */
static void
test_gone(void)
{
    const struct seccomp_notif notification = {
        .pid = 0x3fffffff,
        .data = { .nr = SYS_execve, .args = { 8, 8 } },
    };

    g_assert_cmpint(bns_exec_call_read(&notification, &call), ==, -EFAULT);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    bns_test_add("/sandbox/exec-call/a-program-and-its-arguments", test_execve);
    bns_test_add("/sandbox/exec-call/a-path-is-made-absolute", test_relative);
    bns_test_add("/sandbox/exec-call/what-is-not-there-fails", test_not_there);
    bns_test_add("/sandbox/exec-call/there-may-be-no-arguments", test_no_arguments);
    bns_test_add("/sandbox/exec-call/wild-pointers-fail", test_wild);
    bns_test_add("/sandbox/exec-call/nothing-is-read-beyond-a-page", test_edge);
    bns_test_add("/sandbox/exec-call/everything-has-an-end", test_long);
    bns_test_add("/sandbox/exec-call/a-process-may-be-gone", test_gone);
    return g_test_run();
}
