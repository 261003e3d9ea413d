/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/init.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/lend.h"
#include "base/ready.h"
#include "sandbox/command.h"
#include "sandbox/finder.h"
#include "sandbox/group_signals.h"
#include "sandbox/init_descriptors.h"
#include "sandbox/leave.h"
#include "sandbox/left.h"
#include "sandbox/mounts.h"
#include "sandbox/namespaces.h"
#include "sandbox/pid_limit.h"
#include "sandbox/pins.h"
#include "sandbox/pty.h"
#include "sandbox/socket_masks.h"
#include "sandbox/tap_link.h"
#include "sandbox/tree.h"
#include "sandbox/unsent.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* A tick is 10 ms at most (HZ=100). */
#define TICK_STEP_NS 500000
#define N_TICK_STEPS 20

/* What the host took off, a pin or a stub, is put on again for about a second. */
#define REPAIR_MS 5
#define N_REPAIRS 200
/* Before its changes are told. */
#define N_FIRST_REPAIRS 2

typedef struct {
    BnsInitConfig config; /* its descriptors renumbered, its workdir resolved */
    char workdir[PATH_MAX];
    BnsGroupSignals signals; /* SIGCHLD, and what may come by group */
    int gate_fd;             /* to the command's process, which lets it go with GO */
    int listener_fd;         /* of what it executes; -1: not watched */
    pid_t command;
    BnsPty pty;
    BnsFinder finder;
    bool is_started;
    BnsMounts mounts;
    unsigned n_repairs; /* of mounts, still to be tried */
} Init;

/* The end of init is the end of every process of the sandbox. */
static void G_GNUC_NORETURN
end_session(void)
{
    bns_leave(0);
}

static void G_GNUC_NORETURN
give_up(const Init *init, const BnsFault *fault)
{
    bns_ready_send(init->config.control_fd, BNS_READY_FAILED, fault->text, -1);
    bns_leave(1);
}

/* Waits until @fd can be read or has ended. The life pipe is watched wherever init
 * waits; its end needs no farewell, since nobody is left to hear it. */
static void
wait_for(const Init *init, int fd)
{
    struct pollfd fds[] = { { .fd = init->config.life_fd, .events = POLLIN },
                            { .fd = fd, .events = POLLIN } };

    while (poll(fds, G_N_ELEMENTS(fds), -1) < 0)
        if (errno != EINTR)
            end_session();
    if (fds[0].revents != 0)
        end_session();
}

/* What a terminal sends to its foreground is the command's affair. Everything stays
 * blocked, so that a signal before exec waits for the command; SIGCHLD is read, and what
 * may be sent to our whole group, see sandbox/group_signals.h. */
static bool
take_signals(Init *init, BnsFault *fault)
{
    static const int ignored[] = { SIGHUP,  SIGINT,  SIGQUIT, SIGPIPE, SIGTERM, SIGUSR1,
                                   SIGUSR2, SIGTSTP, SIGTTIN, SIGTTOU, SIGWINCH };
    sigset_t all, read_set;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(ignored); i++)
        signal(ignored[i], SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
    sigemptyset(&read_set);
    sigaddset(&read_set, SIGCHLD);
    sigaddset(&read_set, SIGCONT);
    for (size_t i = 0; i < G_N_ELEMENTS(ignored); i++)
        sigaddset(&read_set, ignored[i]);
    init->signals.fd = signalfd(-1, &read_set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (init->signals.fd < 0)
        return bns_fault_set(fault, "Could not watch the command: %s", strerror(errno));
    return true;
}

/* The command's process enters them by itself (sandbox/command.c). */
static bool
take_cgroups(Init *init, BnsFault *fault)
{
    char text[BNS_READY_TEXT_MAX + 1];

    for (unsigned i = 0; i < init->config.n_cgroups; i++) {
        int *fd = &init->config.cgroup_fds[i];
        int type;

        wait_for(init, init->config.control_fd);
        type = bns_ready_receive(init->config.control_fd, text, fd);
        if (type == 0)
            end_session();
        if (type != BNS_READY_CGROUP || *fd < 0)
            return bns_fault_set(fault, "Init expected a cgroup and got message %d",
                                 type);
    }
    return true;
}

static bool
make_command(Init *init, BnsFault *fault)
{
    int pair[2];
    int r = bns_fd_pair(pair);

    if (r == 0) {
        init->command = fork();
        r = init->command < 0 ? -errno : 0;
    }
    if (r < 0)
        return bns_fault_set(fault, "Could not make the command's process: %s",
                             strerror(-r));
    if (init->command == 0) {
        BnsCommandStart command = { .config = &init->config, .gate_fd = pair[1] };

        close(pair[0]);
        bns_command_main(&command);
    }
    close(pair[1]);
    for (unsigned i = 0; i < init->config.n_cgroups; i++)
        bns_fd_clear(&init->config.cgroup_fds[i]);
    init->gate_fd = pair[0];
    return true;
}

/* The command's process says that it is locked, or why not. */
static bool
await_command(Init *init, BnsFault *fault)
{
    char text[BNS_READY_TEXT_MAX + 1] = "";

    wait_for(init, init->gate_fd);
    switch (bns_ready_receive(init->gate_fd, text, &init->listener_fd)) {
    case BNS_READY_READY:
        return true;
    case BNS_READY_FAILED:
        return bns_fault_set(fault, "%s", text);
    default:
        return bns_fault_set(fault, "The command's process ended before its start");
    }
}

/* The directory as it is now, without links: below /tmp a link may lead nowhere. */
static bool
resolve_workdir(Init *init, BnsFault *fault)
{
    bns_autofd fd = open(init->config.workdir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int r =
        fd < 0 ? -errno : bns_tree_path_of(fd, init->workdir, sizeof(init->workdir));

    if (r < 0)
        return bns_fault_set(fault, "Could not open the working directory \"%s\": %s",
                             init->config.workdir, strerror(-r));
    init->config.workdir = init->workdir;
    return true;
}

static bool
take_ca(Init *init, BnsFault *fault)
{
    g_auto(BnsEtc) etc = init->mounts.etc;
    char text[BNS_READY_TEXT_MAX + 1];
    int type;

    init->mounts.etc = BNS_ETC_NONE;
    wait_for(init, init->config.control_fd);
    type = bns_ready_receive(init->config.control_fd, text, NULL);
    if (type == 0)
        end_session();
    if (type != BNS_READY_CA)
        return bns_fault_set(fault, "Init expected the CA and got message %d", type);
    return bns_etc_files_finish(&etc, &init->config.trust, text, fault);
}

/* A file's ctime is of the last tick (CLOCK_REALTIME_COARSE), or exact where somebody has
 * looked at the file (Linux 6.13): one that the command makes in the tick of our mounts
 * would be as old as they are. Mostly that tick is over. */
static void
await_next_tick(const Init *init)
{
    const struct timespec step = { .tv_nsec = TICK_STEP_NS };

    for (int i = 0; i < N_TICK_STEPS; i++) {
        if (bns_clock_us(CLOCK_REALTIME_COARSE) > init->mounts.rebuilt_us)
            return;
        clock_nanosleep(CLOCK_MONOTONIC, 0, &step, NULL);
    }
}

/* Of root the kernel does not count the processes; the command cannot write to the setting
 * again, since root's /proc/sys is read-only (sandbox/mounts.c). */
static bool
limit_pids(const Init *init, BnsFault *fault)
{
    uint64_t processes = init->config.limits.values[BNS_LIMIT_PROCESSES];

    return processes == 0 || init->config.uid != 0 ||
           bns_pid_limit_set(processes, fault);
}

static bool
set_up(Init *init, BnsFault *fault)
{
    if (!bns_init_take_descriptors(&init->config, fault) ||
        !take_signals(init, fault) ||
        !bns_namespaces_map_root(init->config.uid, init->config.gid, fault))
        return false;
    /* An addition to the life pipe: it loses the race with a parent that is dead. After
     * the map, which may clear it. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        return bns_fault_set(fault, "Could not follow the supervisor: %s",
                             strerror(errno));
    prctl(PR_SET_NAME, "boundary-init");
    umask(0);
    /* The command's process locks itself while the CA is still on its way. */
    return bns_mounts_begin(&init->config, fault) && limit_pids(init, fault) &&
           bns_tap_link_send(init->config.control_fd, fault) &&
           resolve_workdir(init, fault) &&
           bns_mounts_make(&init->config, &init->mounts, fault) &&
           bns_pty_make(&init->pty, &init->config.streams, init->config.control_fd,
                        fault) &&
           take_cgroups(init, fault) && make_command(init, fault) &&
           take_ca(init, fault) && await_command(init, fault);
}

static void
send_number(const Init *init, BnsReadyType type, int number)
{
    char text[16];

    snprintf(text, sizeof(text), "%d", number);
    bns_ready_send(init->config.control_fd, type, text, -1);
}

/* What the person would look for afterwards. */
static void
report_left(const Init *init)
{
    char text[BNS_READY_TEXT_MAX + 1];

    bns_left_list(&init->config.view, init->mounts.rebuilt_us, text, sizeof(text));
    if (text[0] != '\0')
        bns_ready_send(init->config.control_fd, BNS_READY_LEFT, text, -1);
}

/* One that never became the command says why it ended, if it can. */
static void
check_was_started(const Init *init)
{
    char text[BNS_READY_TEXT_MAX + 1] = "The command's process ended before its start";
    BnsFault fault;

    if (bns_ready_receive(init->gate_fd, text, NULL) != BNS_READY_FAILED &&
        init->is_started)
        return;
    bns_fault_set(&fault, "%s", text);
    give_up(init, &fault);
}

/* Reaps all, since pid 1 inherits every orphan; only the command's end is the end. */
static void
on_signals(Init *init)
{
    int status;
    pid_t pid;

    bns_group_signals_read(&init->signals);
    while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
        if (bns_finder_has_changed(&init->finder, pid, status) || pid != init->command)
            continue;
        if (WIFSTOPPED(status)) {
            send_number(init, BNS_READY_STOPPED, WSTOPSIG(status));
            continue;
        }
        check_was_started(init);
        report_left(init);
        bns_unsent_wait(init->config.life_fd, init->config.control_fd);
        bns_left_hand_out(&init->config.view, init->config.control_fd);
        send_number(init, BNS_READY_EXITED, status);
        end_session();
    }
}

static bool
start_command(Init *init, BnsFault *fault)
{
    int r;

    if (init->is_started)
        return bns_fault_set(fault, "Init was told to start twice");
    init->is_started = true;
    if (init->config.view.rebuilt != NULL && init->config.view.rebuilt[0] != NULL)
        await_next_tick(init);
    /* A process that ended meanwhile is reported by on_signals(). */
    r = bns_ready_send(init->gate_fd, BNS_READY_GO, NULL, -1);
    if (r < 0 && r != -EPIPE && r != -ECONNRESET)
        return bns_fault_set(fault, "Could not start the command: %s", strerror(-r));
    /* Our copies would keep a pipeline open that the command has left. */
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        close(fd);
    return true;
}

static void
signal_command(Init *init, int number)
{
    if (init->pty.fd >= 0)
        bns_pty_signal(init->command, number);
    else if (!bns_group_signals_has_come(&init->signals, number, init->command))
        kill(init->command, number);
}

static bool
pass_signal(Init *init, const char *text, BnsFault *fault)
{
    char *end;
    long number = strtol(text, &end, 10);

    if (end == text || *end != '\0' || number == 0 || labs(number) >= NSIG ||
        (number < 0 && init->pty.fd < 0))
        return bns_fault_set(fault, "Init was told to pass on the signal \"%s\"", text);
    if (number < 0)
        kill(-bns_pty_group(&init->pty, init->command), (int)-number);
    else
        signal_command(init, (int)number);
    return true;
}

static bool
on_message(Init *init, BnsFault *fault)
{
    char text[BNS_READY_TEXT_MAX + 1];
    int type = bns_ready_receive(init->config.control_fd, text, NULL);

    switch (type) {
    case 0:
        end_session();
    case BNS_READY_GO:
        return start_command(init, fault);
    case BNS_READY_SIGNAL:
        return pass_signal(init, text, fault);
    case BNS_READY_FOREGROUND:
        bns_pty_set_foreground(&init->pty, init->command, strcmp(text, "1") == 0);
        return true;
    case BNS_READY_CONTINUE:
        signal_command(init, SIGCONT);
        return true;
    case BNS_READY_SOCKETS:
        return bns_socket_masks_obey(init->mounts.mask_fd, init->config.control_fd,
                                     text, fault);
    default:
        return bns_fault_set(fault, "Init got the unexpected message %d", type);
    }
}

/* The host saves a file in microseconds; an editor that removes it first takes longer. */
static void
repair_mounts(Init *init, bool has_changed)
{
    bool is_whole;

    if (has_changed)
        init->n_repairs = N_REPAIRS;
    if (init->n_repairs == 0)
        return;
    init->n_repairs--;
    is_whole =
        bns_pins_repair(init->config.protected_paths, init->config.protected_links);
    if (bns_denied_repair(&init->config.denied) && is_whole)
        init->n_repairs = 0;
}

static bool
answer_exec(const Init *init, BnsFault *fault)
{
    return bns_exec_watch_answer(init->listener_fd, init->config.recorder_fd,
                                 &init->config.exec, fault);
}

static void G_GNUC_NORETURN
serve(Init *init)
{
    struct pollfd fds[] = {
        { .fd = init->config.life_fd, .events = POLLIN },
        { .fd = init->config.control_fd, .events = POLLIN },
        { .fd = init->signals.fd, .events = POLLIN },
        /* Tells of every change (proc(5)); -1 is passed over. */
        { .fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC), .events = POLLPRI },
        { .fd = init->config.lend_fd, .events = POLLIN },
        { .fd = init->listener_fd, .events = POLLIN },
        { .events = POLLIN },
    };
    BnsFault fault;

    init->n_repairs = N_FIRST_REPAIRS;
    init->finder.owner_fd = init->config.owner_fd;
    for (;;) {
        fds[6].fd = bns_finder_missing(&init->finder);
        if (poll(fds, G_N_ELEMENTS(fds), init->n_repairs > 0 ? REPAIR_MS : -1) < 0) {
            if (errno == EINTR)
                continue;
            end_session();
        }
        if (fds[0].revents != 0)
            end_session();
        if (fds[1].revents != 0 && !on_message(init, &fault))
            give_up(init, &fault);
        if ((fds[5].revents & POLLIN) != 0 && !answer_exec(init, &fault))
            give_up(init, &fault);
        else if (fds[5].revents != 0 && fds[5].revents != POLLIN)
            fds[5].fd = -1; /* nobody is left who could ask */
        repair_mounts(init, fds[3].revents != 0);
        if (fds[4].revents != 0 && !bns_lend_answer(fds[4].fd))
            fds[4].fd = -1;
        if (fds[6].revents != 0)
            bns_finder_make(&init->finder, fds[6].revents);
        /* After a message, too: whoever passes a signal on reads those that have come, a
         * SIGCHLD among them. */
        on_signals(init);
    }
}

static void G_GNUC_NORETURN
init_main(const BnsInitConfig *config)
{
    Init init = { .config = *config,
                  .signals.fd = -1,
                  .gate_fd = -1,
                  .listener_fd = -1,
                  .command = -1,
                  .pty.fd = -1 };
    BnsFault fault;

    if (!set_up(&init, &fault))
        give_up(&init, &fault);
    if (bns_ready_send(init.config.control_fd, BNS_READY_READY, NULL, -1) < 0)
        end_session();
    serve(&init);
}

pid_t
bns_init_clone(const BnsInitConfig *config)
{
    pid_t pid = bns_namespaces_clone();

    if (pid == 0)
        init_main(config);
    return pid;
}
