/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/e2e/fault_injector.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/* The call by which the filter's descriptor is handed over passes it: nobody answers
 * yet. No program uses these flags together. */
#define HANDOVER_FLAGS (MSG_NOSIGNAL | MSG_DONTROUTE | MSG_EOR)

#define CALL(name)                                                                     \
    {                                                                                  \
        SYS_##name, #name                                                              \
    }

static const struct {
    int number;
    const char *name;
} calls[] = {
    /* processes */
    CALL(clone),
    CALL(unshare),
    CALL(execve),
    CALL(prctl),
    CALL(seccomp),
    CALL(capset),
    CALL(setsid),
    CALL(prlimit64),
    CALL(chdir),
    CALL(getcwd),
    /* mounts */
    CALL(mount),
    CALL(umount2),
    CALL(pivot_root),
    CALL(open_tree),
    CALL(move_mount),
    CALL(mount_setattr),
    CALL(fsopen),
    CALL(fsconfig),
    CALL(fsmount),
    /* files */
    CALL(openat),
    CALL(openat2),
    CALL(getdents64),
    CALL(newfstatat),
    CALL(fstat),
    CALL(statx),
    CALL(statfs),
    CALL(fstatfs),
    CALL(readlinkat),
    CALL(faccessat),
    CALL(faccessat2),
    CALL(mkdirat),
    CALL(mknodat),
    CALL(symlinkat),
    CALL(linkat),
    CALL(unlinkat),
    CALL(fchmod),
    CALL(fsetxattr),
    CALL(fremovexattr),
    CALL(read),
    CALL(pread64),
    CALL(write),
    CALL(pwrite64),
    CALL(ftruncate),
    CALL(fsync),
    CALL(fdatasync),
    CALL(flock),
#ifdef SYS_open
    CALL(open),
    CALL(stat),
    CALL(lstat),
    CALL(access),
    CALL(readlink),
    CALL(mkdir),
    CALL(symlink),
    CALL(link),
    CALL(unlink),
    CALL(fork),
    CALL(vfork),
    CALL(dup2),
    CALL(pipe),
    CALL(epoll_create),
#endif
    /* descriptors */
    CALL(fcntl),
    CALL(dup),
    CALL(dup3),
    CALL(pipe2),
    CALL(close_range),
    CALL(ioctl),
    CALL(epoll_create1),
    CALL(epoll_ctl),
    CALL(signalfd4),
    CALL(eventfd2),
    CALL(timerfd_create),
    CALL(timerfd_settime),
    CALL(memfd_create),
    /* sockets */
    CALL(socket),
    CALL(socketpair),
    CALL(bind),
    CALL(connect),
    CALL(listen),
    CALL(getsockname),
    CALL(getsockopt),
    CALL(setsockopt),
    CALL(sendto),
    CALL(sendmsg),
    CALL(recvfrom),
    CALL(recvmsg),
};

typedef struct {
    int listener;
    const FaultStart *start;
    FaultRun *run;
    GHashTable *processes; /* owned: pid -> owned Process */
} Watch;

typedef struct {
    unsigned path;
    bool has_new_image; /* since it called execve(2) */
    bool is_command;
    guint64 loader_begin, loader_end;
    unsigned counts[G_N_ELEMENTS(calls)];
} Process;

/* --- in the program's process, before it is executed --- */

/* One comparison for each call: the distance to the last instruction is below 256. */
static int
install_filter(void)
{
    enum {
        N = G_N_ELEMENTS(calls),
        HEAD = 5
    };
    struct sock_filter code[HEAD + N + 2] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sendmsg, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, HANDOVER_FLAGS, N + 1, 0),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    };
    struct sock_fprog program = { G_N_ELEMENTS(code), code };

    G_STATIC_ASSERT(N + HEAD < 250);
    for (size_t i = 0; i < N; i++)
        code[HEAD + i] = (struct sock_filter)BPF_JUMP(
            BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i].number, (uint8_t)(N - i), 0);
    code[HEAD + N] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    code[HEAD + N + 1] =
        (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                        SECCOMP_FILTER_FLAG_NEW_LISTENER |
                            SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
                        &program);
}

static void
hand_over(int sock, int fd)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = { .header = { .cmsg_level = SOL_SOCKET,
                              .cmsg_type = SCM_RIGHTS,
                              .cmsg_len = CMSG_LEN(sizeof(int)) } };
    struct iovec iov = { .iov_base = &control, .iov_len = 1 };
    struct msghdr message = { .msg_iov = &iov,
                              .msg_iovlen = 1,
                              .msg_control = control.bytes,
                              .msg_controllen = sizeof(control.bytes) };

    memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
    syscall(SYS_sendmsg, sock, &message, HANDOVER_FLAGS);
}

static void G_GNUC_NORETURN
become(const FaultStart *start, int sock, int out, int err)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0 ||
        chdir(start->workdir) < 0)
        _exit(99);
    hand_over(sock, install_filter());
    execve(start->argv[0], (char *const *)(uintptr_t)start->argv,
           (char *const *)(uintptr_t)start->envp);
    _exit(99);
}

/* --- who calls --- */

/* The value of "key:\t" of /proc/PID/status. */
static pid_t
read_status(pid_t pid, const char *key)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/status", pid);
    g_autofree char *text = NULL;
    const char *line;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        return -1;
    line = strstr(text, key);
    return line == NULL ? -1 : (pid_t)strtol(line + strlen(key), NULL, 10);
}

/* As which of the children that its parent has: they stand there by age. */
static unsigned
find_rank(pid_t parent, pid_t pid)
{
    g_autofree char *path =
        g_strdup_printf("/proc/%d/task/%d/children", parent, parent);
    g_autofree char *text = NULL;
    g_auto(GStrv) words = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        return 9;
    words = g_strsplit(text, " ", -1);
    for (unsigned i = 0; words[i] != NULL; i++)
        if (strtol(words[i], NULL, 10) == pid)
            return i + 1;
    return 9;
}

static Process *
find_process(Watch *watch, pid_t pid)
{
    Process *process = g_hash_table_lookup(watch->processes, GINT_TO_POINTER(pid));
    Process *parent;
    pid_t parent_pid;

    if (process != NULL)
        return process;
    process = g_new0(Process, 1);
    g_hash_table_insert(watch->processes, GINT_TO_POINTER(pid), process);
    if (read_status(pid, "\nTgid:\t") != pid)
        return process; /* a thread: 0 */
    parent_pid = read_status(pid, "\nPPid:\t");
    parent = g_hash_table_lookup(watch->processes, GINT_TO_POINTER(parent_pid));
    if (parent == NULL) {
        process->path = g_hash_table_size(watch->processes) == 1;
        return process;
    }
    process->path = parent->path * 10 + find_rank(parent_pid, pid);
    process->loader_begin = parent->loader_begin;
    process->loader_end = parent->loader_end;
    process->is_command = parent->is_command;
    return process;
}

/* Where the loader's own code lies. */
static void
find_loader(Process *process, pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/maps", pid);
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    process->has_new_image = false;
    process->loader_begin = process->loader_end = 0;
    if (!g_file_get_contents(path, &text, NULL, NULL))
        return;
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        char *end;
        guint64 begin = g_ascii_strtoull(*line, &end, 16);

        if (strstr(*line, "/ld-") == NULL && strstr(*line, "/ld.so") == NULL)
            continue;
        if (process->loader_begin == 0)
            process->loader_begin = begin;
        process->loader_end = g_ascii_strtoull(end + 1, NULL, 16);
    }
}

/* --- what becomes of a call --- */

static bool
may_fail(const Process *process, const struct seccomp_data *data)
{
    if (process->path == 0 || process->is_command)
        return false;
    if (data->instruction_pointer >= process->loader_begin &&
        data->instruction_pointer < process->loader_end)
        return false;
    /* Our own, of the program. */
    if (process->path == 1 && data->nr == SYS_execve)
        return false;
    return data->nr != SYS_write || data->args[0] != STDERR_FILENO;
}

static size_t
find_call(int number)
{
    size_t i = 0;

    while (i < G_N_ELEMENTS(calls) && calls[i].number != number)
        i++;
    g_assert(i < G_N_ELEMENTS(calls));
    return i;
}

static bool
is_same(const FaultCall *a, const FaultCall *b)
{
    return a->process == b->process && a->number == b->number && a->nth == b->nth;
}

/* Returns: the error to answer with, or 0. */
static int
judge(Watch *watch, pid_t pid, const struct seccomp_data *data)
{
    Process *process = find_process(watch, pid);
    FaultCall call = { process->path, data->nr, 0 };
    int error = 0;

    if (process->has_new_image)
        find_loader(process, pid);
    if (!watch->run->has_executed && may_fail(process, data)) {
        call.nth = ++process->counts[find_call(data->nr)];
        g_array_append_val(watch->run->calls, call);
        if (watch->start->has_fault && is_same(&call, &watch->start->fault))
            error = watch->start->error;
    }
    watch->run->was_injected |= error != 0;
    if (data->nr == SYS_execve && error == 0) {
        process->has_new_image = true;
        process->is_command |= process->path == watch->start->command;
        watch->run->has_executed |= process->is_command;
    }
    return error;
}

static void
answer(Watch *watch)
{
    struct seccomp_notif notice = { 0 };
    struct seccomp_notif_resp response = { 0 };
    int error;

    if (ioctl(watch->listener, SECCOMP_IOCTL_NOTIF_RECV, &notice) < 0)
        return;
    error = judge(watch, (pid_t)notice.pid, &notice.data);
    response.id = notice.id;
    response.error = -error;
    response.flags = error == 0 ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0;
    ioctl(watch->listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

/* --- the run --- */

/* Returns: whether more may come. */
static bool
take_text(int fd, GString *text)
{
    char block[4096];
    ssize_t n = read(fd, block, sizeof(block));

    if (n > 0)
        g_string_append_len(text, block, n);
    return n > 0;
}

/* Until all processes have ended, or @deadline_us. */
static void
serve(Watch *watch, int out, int err, int64_t deadline_us)
{
    g_autoptr(GString) out_text = g_string_new(NULL);
    g_autoptr(GString) err_text = g_string_new(NULL);
    struct pollfd fds[] = { { .fd = watch->listener, .events = POLLIN },
                            { .fd = out, .events = POLLIN },
                            { .fd = err, .events = POLLIN } };

    while (fds[0].fd >= 0 || fds[1].fd >= 0 || fds[2].fd >= 0) {
        int64_t left_ms = (deadline_us - g_get_monotonic_time()) / 1000;

        if (left_ms <= 0 || poll(fds, G_N_ELEMENTS(fds), (int)left_ms) <= 0)
            break;
        if (fds[0].revents & POLLIN)
            answer(watch);
        else if (fds[0].revents & POLLHUP)
            fds[0].fd = -1;
        if (fds[1].revents != 0 && !take_text(out, out_text))
            fds[1].fd = -1;
        if (fds[2].revents != 0 && !take_text(err, err_text))
            fds[2].fd = -1;
    }
    watch->run->is_over = fds[0].fd < 0;
    watch->run->out = g_strdup(out_text->str);
    watch->run->err = g_strdup(err_text->str);
}

FaultRun *
fault_run(const FaultStart *start, unsigned timeout_s)
{
    FaultRun *run = g_new0(FaultRun, 1);
    Watch watch = { .listener = -1, .start = start, .run = run };
    int sock[2], out[2], err[2];
    char byte;
    pid_t pid;

    g_assert_cmpint(bns_fd_pair(sock), ==, 0);
    g_assert_true(pipe2(out, O_CLOEXEC) == 0 && pipe2(err, O_CLOEXEC) == 0);
    run->calls = g_array_new(FALSE, FALSE, sizeof(FaultCall));
    watch.processes = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    pid = fork();
    g_assert_cmpint(pid, >=, 0);
    if (pid == 0)
        become(start, sock[1], out[1], err[1]);
    close(sock[1]);
    close(out[1]);
    close(err[1]);
    if (bns_fd_receive(sock[0], &byte, 1, &watch.listener) == 1 && watch.listener >= 0)
        serve(&watch, out[0], err[0],
              g_get_monotonic_time() + timeout_s * G_USEC_PER_SEC);
    kill(pid, SIGKILL);
    waitpid(pid, &run->status, 0);
    bns_fd_clear(&watch.listener);
    close(sock[0]);
    close(out[0]);
    close(err[0]);
    g_hash_table_unref(watch.processes);
    return run;
}

void
fault_run_free(FaultRun *run)
{
    if (run == NULL)
        return;
    g_free(run->out);
    g_free(run->err);
    g_array_unref(run->calls);
    g_free(run);
}

bool
fault_is_possible(void)
{
    static const char *const argv[] = { "/bin/true", NULL };
    const FaultStart start = { .argv = argv, .envp = argv + 1, .workdir = "/" };
    g_autoptr(FaultRun) run = fault_run(&start, 30);

    return run->is_over && WIFEXITED(run->status) && WEXITSTATUS(run->status) == 0;
}

void
fault_call_print(const FaultCall *call, char *text, size_t size)
{
    snprintf(text, size, "%u %s#%u", call->process, calls[find_call(call->number)].name,
             call->nth);
}
