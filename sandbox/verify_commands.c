/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the policy says of programs. An attempt executes this program alone, and what stands
 * for a denied one.
 */
#include "sandbox/verify_probes.h"

#include "base/fd.h"
#include "sandbox/exit_status.h"
#include "sandbox/stub.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* What this program ends with when it has no arguments. */
#define WITHOUT_ARGUMENTS 1
#define COPY_SIZE         65536

/* Returns: how @path ended, or -1: it could not be executed. Its output goes nowhere. */
static int
execute(const char *path, const char *argument)
{
    const char *argv[] = { path, argument, NULL };
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

        dup2(fd, STDOUT_FILENO);
        dup2(fd, STDERR_FILENO);
        execv(path, (char **)(uintptr_t)argv);
        _exit(errno == EACCES || errno == EPERM ? 255 : 254);
    }
    if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status))
        return -2;
    return WEXITSTATUS(status) == 255 ? -1 : WEXITSTATUS(status);
}

/* --- what is denied --- */

/* It is the stub, or what it stands for, which is not to be executed. */
static bool
is_stub(const char *path)
{
    static const char said[] = " is not permitted by policy (";
    char text[BNS_STUB_MAX + 1];
    bns_autofd fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text));

    return len > 0 && memmem(text, (size_t)len, said, sizeof(said) - 1) != NULL;
}

static BnsVerified
run_denied(const BnsVerifyRow *row, const BnsVerifyWorld *world)
{
    if (access(row->name, F_OK) < 0)
        return errno == ENOENT || errno == ENOTDIR ? BNS_VERIFIED_UNTESTABLE
                                                   : BNS_VERIFIED_HELD;
    return is_stub(row->name) && execute(row->name, NULL) == BNS_EXIT_NOT_EXECUTABLE
               ? BNS_VERIFIED_HELD
               : BNS_VERIFIED_OPEN;
}

/* --- what is not allowed --- */

static bool
copy_self(int fd)
{
    static char block[COPY_SIZE];
    bns_autofd self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    ssize_t n = -1;

    while (self >= 0 && (n = read(self, block, sizeof(block))) > 0)
        if (bns_fd_write_all(fd, block, (size_t)n) < 0)
            return false;
    return self >= 0 && n == 0;
}

static BnsVerified
judge(int status)
{
    if (status == WITHOUT_ARGUMENTS)
        return BNS_VERIFIED_OPEN;
    return status == -2 ? BNS_VERIFIED_UNTESTABLE : BNS_VERIFIED_HELD;
}

/* (transfer full) (nullable): a copy of this program in the session's /tmp. */
static char *
make_copy(void)
{
    char path[] = "/tmp/boundary-verify-XXXXXX";
    bns_autofd fd = mkostemp(path, O_CLOEXEC);

    if (fd < 0)
        return NULL;
    if (fchmod(fd, 0700) < 0 || !copy_self(fd)) {
        unlink(path);
        return NULL;
    }
    return strdup(path);
}

static int
find_loader(struct dl_phdr_info *info, size_t size, void *out_path)
{
    for (size_t i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_INTERP) {
            *(const char **)out_path =
                (const char *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
            return 1;
        }
    return 0;
}

static BnsVerified
run_copy(const BnsVerifyRow *row, const BnsVerifyWorld *world)
{
    char *path = make_copy();
    const char *loader = NULL;
    BnsVerified verified = BNS_VERIFIED_UNTESTABLE;

    if (path == NULL)
        return verified;
    dl_iterate_phdr(find_loader, &loader);
    if (row->number == 0)
        verified = judge(execute(path, NULL));
    else if (loader != NULL)
        verified = judge(execute(loader, path));
    unlink(path);
    free(path);
    return verified;
}

/* What the kernel refuses is the making. */
static BnsVerified
run_memory(const BnsVerifyRow *row, const BnsVerifyWorld *world)
{
    bns_autofd fd = memfd_create("verify", 0);
    char path[64];

    if (fd < 0)
        return bns_verify_result(fd);
    if (!copy_self(fd))
        return BNS_VERIFIED_UNTESTABLE;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    return judge(execute(path, NULL));
}

static const BnsVerifyRow unlisted[] = {
    { "command", "a copy", run_copy, 0, { 0 }, NULL, false },
    { "command", "a copy, by the loader", run_copy, 1, { 0 }, NULL, false },
    { "command", "a copy in memory", run_memory, 0, { 0 }, NULL, false },
};
#define N_UNLISTED (sizeof(unlisted) / sizeof(*unlisted))

const BnsVerifyRow *
bns_verify_command(const BnsVerifyWorld *world, size_t i)
{
    static BnsVerifyRow denied = { .group = "denied command", .run = run_denied };

    if (world->is_allow_list && i < N_UNLISTED)
        return &unlisted[i];
    i -= world->is_allow_list ? N_UNLISTED : 0;
    for (size_t n = 0; n < i; n++)
        if (world->denied[n] == NULL)
            return NULL;
    denied.name = world->denied[i];
    return denied.name != NULL ? &denied : NULL;
}
