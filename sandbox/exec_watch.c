/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/exec_watch.h"

#include "audit/client.h"
#include "base/fd.h"
#include "base/star.h"
#include "sandbox/exec_call.h"
#include "sandbox/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A kernel may have made its structures longer than ours; it fills what it knows. */
typedef union {
    struct seccomp_notif call;
    uint8_t room[1024];
} Notification;

typedef union {
    struct seccomp_notif_resp answer;
    uint8_t room[1024];
} Answer;

static bool
is_program(const BnsExecRule *rule, const char *exe)
{
    struct stat asked, named;

    if (stat(exe, &asked) < 0)
        return false;
    for (const char *const *path = rule->paths; *path != NULL; path++)
        if (stat(*path, &named) == 0 && named.st_dev == asked.st_dev &&
            named.st_ino == asked.st_ino)
            return true;
    return false;
}

const BnsExecRule *
bns_exec_policy_find(const BnsExecPolicy *policy,
                     const char *program,
                     const char *arguments,
                     size_t len)
{
    for (size_t i = policy->n_rules; i > 0; i--) {
        const BnsExecRule *rule = &policy->rules[i - 1];

        if (bns_star_matches(rule->pattern, strlen(rule->pattern), arguments, len,
                             false) &&
            is_program(rule, program))
            return rule;
    }
    return NULL;
}

static const BnsExecRule *
find_rule(const BnsExecPolicy *policy, const BnsExecCall *call)
{
    static char arguments[BNS_EXEC_ARGV_MAX + 4];
    char exe[sizeof(call->exe) + 64];

    if (policy->n_rules == 0)
        return NULL;
    /* It may have another root than ours. */
    snprintf(exe, sizeof(exe), "/proc/%d/root%s", (int)call->pid, call->exe);
    return bns_exec_policy_find(policy, exe, arguments,
                                bns_exec_call_join(call, arguments));
}

/* What cannot be looked at is the kernel's affair. */
static bool
is_allowed(const BnsExecPolicy *policy, const BnsExecCall *call)
{
    char asked[sizeof(call->exe) + 64], path[PATH_MAX];
    bns_autofd fd = -1;

    if (policy->allowed == NULL || !policy->allowed->is_on)
        return true;
    snprintf(asked, sizeof(asked), "/proc/%d/root%s", (int)call->pid, call->exe);
    fd = open(asked, O_PATH | O_CLOEXEC);
    return fd < 0 || bns_tree_path_of(fd, path, sizeof(path)) < 0 ||
           bns_allowed_contains(policy->allowed, fd, path) ||
           (policy->denied != NULL && bns_denied_find(policy->denied, path) != NULL);
}

/* As a rule that it broke; valid until the next call. */
static const BnsExecRule *
name_unlisted(const BnsExecCall *call)
{
    static char text[1024];
    static const BnsExecRule rule = { .reason = "not among commands.allow",
                                      .text = text };

    snprintf(text, sizeof(text) - 1,
             "boundary-ns: %.512s is not among what policy permits to execute",
             call->exe);
    for (char *byte = text; *byte != '\0'; byte++)
        if (*byte < 0x20 || *byte > 0x7e)
            *byte = '?';
    strcat(text, "\n");
    return &rule;
}

static bool
record(int recorder_fd, const BnsExecCall *call, const BnsExecRule *rule)
{
    const BnsRecord what = {
        .event = BNS_EVENT_EXEC,
        .decision = rule != NULL ? BNS_DECIDED_DENY : BNS_DECIDED_ALLOW,
        .reason = rule != NULL ? rule->reason : NULL,
        .rule = rule != NULL ? rule->origin : NULL,
        .pid = (uint64_t)call->pid,
        .exe = call->exe,
        .argv = call->argv,
        .cwd = call->cwd,
        .parent = (uint64_t)call->parent,
    };

    return bns_client_record(recorder_fd, &what);
}

/* (transfer full): its standard error, or -1. */
static int
open_standard_error(pid_t pid)
{
    bns_autofd pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

    return pidfd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, STDERR_FILENO, 0);
}

/* On its standard error, if that takes it at once. A pipe or a terminal of its own could
 * keep us waiting: those are opened once more. */
static void
tell(pid_t pid, const char *text)
{
    bns_autofd fd = open_standard_error(pid);
    bns_autofd again = -1;
    char path[64];
    struct stat info;

    if (fd < 0 || fstat(fd, &info) < 0)
        return;
    if (S_ISSOCK(info.st_mode)) {
        (void)send(fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL);
        return;
    }
    if (S_ISREG(info.st_mode)) {
        (void)!write(fd, text, strlen(text));
        return;
    }
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    again = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (again >= 0)
        (void)!write(again, text, strlen(text));
}

/* Returns: false: whoever asked is gone; his pid may be another's. */
static bool
is_standing(int listener_fd, uint64_t id)
{
    return ioctl(listener_fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

/* @error_number: 0: the call goes on */
static void
answer(int listener_fd, uint64_t id, int error_number)
{
    Answer out = { .room = { 0 } };

    out.answer.id = id;
    out.answer.error = -error_number;
    if (error_number == 0)
        out.answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    /* ENOENT: it is gone. */
    (void)ioctl(listener_fd, SECCOMP_IOCTL_NOTIF_SEND, &out.answer);
}

bool
bns_exec_watch_answer(int listener_fd,
                      int recorder_fd,
                      const BnsExecPolicy *policy,
                      BnsFault *fault)
{
    static BnsExecCall call;
    Notification in = { .room = { 0 } };
    const BnsExecRule *rule;
    int r;

    /* ENOENT: it was killed meanwhile; EINTR: try again. */
    if (ioctl(listener_fd, SECCOMP_IOCTL_NOTIF_RECV, &in.call) < 0)
        return true;
    r = bns_exec_call_read(&in.call, &call);
    if (!is_standing(listener_fd, in.call.id))
        return true;
    if (r < 0) {
        answer(listener_fd, in.call.id, -r);
        return true;
    }
    rule = find_rule(policy, &call);
    if (rule == NULL && !is_allowed(policy, &call))
        rule = name_unlisted(&call);
    if (!record(recorder_fd, &call, rule))
        return bns_fault_set(fault, "What the command executes cannot be recorded any "
                                    "more");
    if (rule != NULL)
        tell(call.pid, rule->text);
    answer(listener_fd, in.call.id, rule != NULL ? EACCES : 0);
    return true;
}
