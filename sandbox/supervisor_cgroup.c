/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command's cgroup: init gets the doors to it, and waits for them; what it counted is
 * recorded at the end.
 *
 * Where systemd has to make one, a program asks it for that (scope_main.c) while the
 * others start; the gateway's CA waits here meanwhile, since init expects it after the
 * doors.
 */
#include "sandbox/supervisor_private.h"

#include "audit/client.h"
#include "base/fd.h"
#include "sandbox/cgroup.h"
#include "sandbox/programs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static bool
needs_scope(const BnsSupervisor *supervisor)
{
    return bns_cgroup_plan(supervisor->session->cgroup)->kind == BNS_CGROUP_SCOPE;
}

static void
fail(BnsSupervisor *supervisor, const char *why)
{
    bns_outcome_fail(&supervisor->outcome,
                     "Could not hold the limits of the policy: %s", why);
    bns_supervisor_end(supervisor);
}

/* Then the CA, if it came before. */
static void
open_doors(BnsSupervisor *supervisor)
{
    const BnsCgroup *cgroup = supervisor->session->cgroup;
    int init = supervisor->spawn.controls[BNS_HELPER_INIT];

    for (unsigned i = 0; i < bns_cgroup_n_doors(cgroup); i++)
        if (bns_ready_send(init, BNS_READY_CGROUP, NULL, bns_cgroup_door(cgroup, i)) <
            0)
            return; /* it is dead; how, wait(2) tells */
    supervisor->has_opened_doors = true;
    if (supervisor->ca != NULL)
        bns_ready_send(init, BNS_READY_CA, supervisor->ca, -1);
}

bool
bns_supervisor_give_ca(BnsSupervisor *supervisor, const char *text)
{
    if (supervisor->has_opened_doors)
        return bns_ready_send(supervisor->spawn.controls[BNS_HELPER_INIT], BNS_READY_CA,
                              text, -1) == 0;
    supervisor->ca = g_strdup(text);
    return true;
}

/* --- a scope --- */

static void
forget_scope(BnsSupervisor *supervisor)
{
    g_clear_pointer(&supervisor->scope_watch, bns_watch_free);
    bns_fd_clear(&supervisor->scope_fd);
}

/* What it says is short, and comes at once with its end. */
static void
on_scope(uint32_t events, void *data)
{
    BnsSupervisor *supervisor = data;
    g_autoptr(GError) error = NULL;
    char text[256];
    ssize_t len = read(supervisor->scope_fd, text, sizeof(text) - 1);
    int status = -1;

    forget_scope(supervisor);
    if (supervisor->state >= BNS_SESSION_ENDING)
        return;
    while (waitpid(supervisor->scope_pid, &status, 0) < 0 && errno == EINTR)
        ;
    text[MAX(len, 0)] = '\0';
    if (status != 0)
        fail(supervisor, len > 0 ? g_strchomp(text) : BNS_SCOPE_NAME " died");
    else if (!bns_cgroup_make_in_scope(supervisor->session->cgroup,
                                       supervisor->spawn.pids[BNS_HELPER_INIT], &error))
        fail(supervisor, error->message);
    else
        open_doors(supervisor);
    bns_supervisor_advance(supervisor);
}

static void G_GNUC_NORETURN
scope_main(char *path, int out_fd, pid_t init)
{
    g_autofree char *socket = bns_cgroup_manager_socket();
    g_autofree char *pid = g_strdup_printf("%d", init);
    char *argv[] = { path, socket, pid, NULL };
    sigset_t none;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (dup2(out_fd, STDOUT_FILENO) >= 0) {
        bns_fd_close_from(STDERR_FILENO + 1);
        execv(path, argv);
    }
    _exit(BNS_EXIT_NOT_EXECUTABLE);
}

static bool
ask_for_scope(BnsSupervisor *supervisor)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *path =
        self != NULL ? bns_programs_find(self, BNS_SCOPE_NAME) : NULL;
    int out[2];

    if (path == NULL)
        return errno = ENOENT, false;
    if (pipe2(out, O_CLOEXEC) < 0)
        return false;
    supervisor->scope_pid = fork();
    if (supervisor->scope_pid == 0)
        scope_main(path, out[1], supervisor->spawn.pids[BNS_HELPER_INIT]);
    close(out[1]);
    supervisor->scope_fd = out[0];
    return supervisor->scope_pid > 0;
}

/* --- life --- */

void
bns_supervisor_begin_cgroup(BnsSupervisor *supervisor)
{
    BnsCgroup *cgroup = supervisor->session->cgroup;
    int r;

    if (needs_scope(supervisor)) {
        if (ask_for_scope(supervisor))
            supervisor->scope_watch = bns_loop_watch(
                supervisor->loop, supervisor->scope_fd, EPOLLIN, on_scope, supervisor);
        else
            fail(supervisor, g_strerror(errno));
        return;
    }
    r = bns_cgroup_keep(cgroup);
    if (r < 0)
        fail(supervisor, g_strerror(-r));
    else
        open_doors(supervisor);
}

void
bns_supervisor_count_cgroup(BnsSupervisor *supervisor)
{
    for (BnsCgroupLimit i = 0; i < BNS_N_CGROUP_LIMITS; i++)
        supervisor->met[i] =
            MAX(supervisor->met[i], bns_cgroup_count(supervisor->session->cgroup, i));
}

/* If it cannot be written the recorder says so itself. */
void
bns_supervisor_settle_cgroup(BnsSupervisor *supervisor)
{
    static const char *const names[] = {
        [BNS_CGROUP_MEMORY] = "limits.memory",
        [BNS_CGROUP_PIDS] = "limits.processes",
    };
    G_STATIC_ASSERT(G_N_ELEMENTS(names) == BNS_N_CGROUP_LIMITS);

    bns_supervisor_count_cgroup(supervisor);
    for (BnsCgroupLimit i = 0; i < BNS_N_CGROUP_LIMITS; i++) {
        const BnsRecord record = { .event = BNS_EVENT_LIMIT_REACHED,
                                   .reason = names[i],
                                   .count = supervisor->met[i] };

        if (record.count > 0)
            (void)bns_client_note(supervisor->spawn.records_fd, &record);
    }
}

void
bns_supervisor_leave_cgroup(BnsSupervisor *supervisor)
{
    if (supervisor->scope_fd >= 0)
        kill(supervisor->scope_pid, SIGKILL);
    forget_scope(supervisor);
    g_clear_pointer(&supervisor->ca, g_free);
    bns_cgroup_release(supervisor->session->cgroup);
}
