/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/command.h"

#include "base/fd.h"
#include "base/ready.h"
#include "sandbox/landlock.h"
#include "sandbox/leave.h"
#include "sandbox/namespaces.h"
#include "sandbox/rlimits.h"
#include "sandbox/seccomp.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static bool
enter_workdir(const char *path, BnsFault *fault)
{
    if (chdir(path) == 0)
        return true;
    return bns_fault_set(
        fault, "Could not enter the working directory \"%s\" inside the sandbox: %s",
        path, strerror(errno));
}

/* A directory would lead around all mounts: it lies in the caller's mount namespace, and
 * so does everything that openat(2) finds below and above it. */
static bool
check_streams(BnsFault *fault)
{
    static const char *const names[] = { "input", "output", "error" };

    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        struct stat info = { 0 };

        if (fstat(fd, &info) < 0 && errno != EBADF)
            return bns_fault_set(fault, "Could not look at standard %s: %s", names[fd],
                                 strerror(errno));
        if (S_ISDIR(info.st_mode))
            return bns_fault_set(fault,
                                 "Standard %s is a directory, which the sandbox cannot "
                                 "confine",
                                 names[fd]);
    }
    return true;
}

/* A core would be written by a program of the host that reads what is hostile (a pipe
 * in core_pattern), or into the project. 1 is less than any core, and the one value that
 * a pipe is not told of either. */
static bool
forbid_core(BnsFault *fault)
{
    const struct rlimit none = { 1, 1 };
    struct rlimit limit;

    if (getrlimit(RLIMIT_CORE, &limit) == 0 &&
        (limit.rlim_max == 0 || setrlimit(RLIMIT_CORE, &none) == 0))
        return true;
    return bns_fault_set(fault, "Could not forbid core dumps: %s", strerror(errno));
}

/* On a terminal of its own it is a job of its own, which init, who leads the session, can
 * put into the foreground. */
static bool
lead_group(const BnsInitConfig *config, BnsFault *fault)
{
    if (!config->streams.has_terminal || setpgid(0, 0) == 0)
        return true;
    return bns_fault_set(fault, "Could not make the command's process group: %s",
                         strerror(errno));
}

/* After the capabilities are gone: what the filter must not allow is not needed. */
static bool
lock(const BnsInitConfig *config, BnsFault *fault)
{
    int r;

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return bns_fault_set(fault, "Could not set no_new_privs: %s", strerror(errno));
    if (!bns_landlock_enter(config, fault))
        return false;
    r = bns_seccomp_enter(config->nested);
    if (r < 0)
        return bns_fault_set(
            fault, "Could not install the command's seccomp filter: %s", strerror(-r));
    r = config->allowed.is_on ? bns_seccomp_forbid_memory_programs() : 0;
    if (r < 0)
        return bns_fault_set(fault, "Could not forbid programs in memory: %s",
                             strerror(-r));
    return true;
}

/* -1: nothing is watched. */
static bool
listen_to_exec(const BnsInitConfig *config, int *out_listener, BnsFault *fault)
{
    if (!config->exec.is_on)
        return true;
    *out_listener = bns_seccomp_listen();
    if (*out_listener == -EBUSY)
        return bns_fault_set(fault, "commands.exec: record needs the one seccomp "
                                    "listener, which a program around boundary-ns has");
    return *out_listener >= 0
               ? true
               : bns_fault_set(fault, "Could not watch what the command executes: %s",
                               strerror(-*out_listener));
}

/* The namespace hides what is above: our limits are in the directory above the one that we
 * are in. */
static bool
enter_cgroups(const BnsInitConfig *config, BnsFault *fault)
{
    for (unsigned i = 0; i < config->n_cgroups; i++)
        if (write(config->cgroup_fds[i], "0", 1) != 1)
            return bns_fault_set(fault, "Could not enter the command's cgroup: %s",
                                 strerror(errno));
    if (config->n_cgroups > 0 && unshare(CLONE_NEWCGROUP) < 0)
        return bns_fault_set(fault, "Could not make the command's cgroup namespace: %s",
                             strerror(errno));
    return true;
}

static bool
prepare(const BnsInitConfig *config, int *out_listener, BnsFault *fault)
{
    return enter_cgroups(config, fault) && check_streams(fault) &&
           lead_group(config, fault) &&
           bns_namespaces_enter_inner(config->uid, config->gid, fault) &&
           enter_workdir(config->workdir, fault) &&
           bns_rlimits_apply(&config->limits, fault) && forbid_core(fault) &&
           lock(config, fault) && listen_to_exec(config, out_listener, fault);
}

/* Handlers do not survive exec, what is ignored does: the supervisor and init ignore
 * signals for themselves, @ignored says which the user had ignored (nohup). The mask
 * comes last: what arrived meanwhile is meant for the command. */
static void
restore_signals(const sigset_t *ignored)
{
    sigset_t none;

    for (int number = 1; number < NSIG; number++) {
        bool is_ignored = ignored != NULL && sigismember(ignored, number) == 1;

        signal(number, is_ignored ? SIG_IGN : SIG_DFL);
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void
print_line(const BnsFault *fault)
{
    char line[BNS_FAULT_MAX + 32];
    int len = snprintf(line, sizeof(line), "boundary-ns: %s\n", fault->text);

    (void)bns_fd_write_all(STDERR_FILENO, line, (size_t)len);
}

/* A directory of PATH that may not be entered makes execvp(3) say EACCES of a name that
 * is nowhere; a shell says that it was not found. */
static bool
is_in_path(const char *name)
{
    const char *path = getenv("PATH");
    char file[PATH_MAX];

    for (const char *end; path != NULL; path = *end == ':' ? end + 1 : NULL) {
        end = strchrnul(path, ':');
        snprintf(file, sizeof(file), "%.*s/%s", (int)(end - path), path, name);
        if (access(file, F_OK) == 0)
            return true;
    }
    return false;
}

static int
fail_exec(const char *name, int error_number)
{
    BnsFault fault;

    if (error_number == EACCES && strchr(name, '/') == NULL && !is_in_path(name))
        error_number = ENOENT;
    if (error_number == ENOENT && strchr(name, '/') == NULL)
        bns_fault_set(&fault, "%s: command not found", name);
    else
        bns_fault_set(&fault, "%s: %s", name, strerror(error_number));
    print_line(&fault);
    return error_number == ENOENT ? BNS_EXIT_NOT_FOUND : BNS_EXIT_NOT_EXECUTABLE;
}

/* execvp(3) looks along the PATH of our own environment, and knows about scripts
 * without an interpreter line. */
static int
execute(const BnsInitConfig *config)
{
    environ = (char **)(uintptr_t)config->envp;
    execvp(config->argv[0], config->argv);
    return fail_exec(config->argv[0], errno);
}

/* Init reads why when it sees that we are gone. */
static void
await_go(int gate_fd)
{
    char text[BNS_READY_TEXT_MAX + 1];
    int type = bns_ready_receive(gate_fd, text, NULL);
    BnsFault fault;

    if (type == BNS_READY_GO)
        return;
    if (type < 0) {
        bns_fault_set(&fault, "Could not start the command: %s", strerror(-type));
        bns_ready_send(gate_fd, BNS_READY_FAILED, fault.text, -1);
    }
    bns_leave(BNS_EXIT_FAILED);
}

void
bns_command_main(const BnsCommandStart *command)
{
    bns_autofd listener = -1;
    BnsFault fault;

    if (!prepare(command->config, &listener, &fault)) {
        bns_ready_send(command->gate_fd, BNS_READY_FAILED, fault.text, -1);
        bns_leave(BNS_EXIT_FAILED);
    }
    if (bns_ready_send(command->gate_fd, BNS_READY_READY, NULL, listener) < 0)
        bns_leave(BNS_EXIT_FAILED);
    await_go(command->gate_fd);
    bns_fd_close_from(STDERR_FILENO + 1);
    /* Init reads what is executed; until then our memory is not of its namespace. */
    if (command->config->exec.is_on)
        prctl(PR_SET_DUMPABLE, 1);
    umask(command->config->umask);
    restore_signals(command->config->ignored);
    bns_leave(execute(command->config));
}
