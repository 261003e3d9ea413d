/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/finder.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/owner.h"
#include "netstack/tap/tap.h"
#include "sandbox/find_owner.h"
#include "sandbox/leave.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a flood of connections may cost: a tenth of a processor. */
#define WINDOW_US     1000000
#define WINDOW_CPU_US 100000

/* A search keeps its time; reading what a process says of itself may hang. */
#define HANG_US 50000

/* The command may kill them, and each costs a fork. */
#define MADE_MAX 1000

/* Whose flow has gone on so long ago that its next record was written without it. */
#define OLD_US 100000

/* The processor time of this second. */
typedef struct {
    int64_t began_us;
    int64_t cpu_us; /* of the process, when it began */
} Window;

static bool
has_time(Window *window)
{
    int64_t now_us = bns_clock_us(CLOCK_MONOTONIC);
    int64_t cpu_us = bns_clock_us(CLOCK_PROCESS_CPUTIME_ID);

    if (now_us - window->began_us >= WINDOW_US)
        *window = (Window){ .began_us = now_us, .cpu_us = cpu_us };
    return cpu_us - window->cpu_us < WINDOW_CPU_US;
}

static void
answer(BnsFind *find, Window *window, int owner_fd, const BnsOwnerQuestion *question)
{
    static BnsOwnerAnswer answer;
    int64_t now_us = bns_clock_us(CLOCK_MONOTONIC);

    if (now_us - question->asked_us < OLD_US && has_time(window)) {
        bns_find_owner(find, question, htonl(BNS_TAP_GUEST_ADDR),
                       now_us + BNS_OWNER_BUDGET_US, &answer);
    } else {
        answer.flow = question->flow;
        answer.pid = 0;
        answer.exe_len = answer.argv_len = 0;
    }
    if (bns_owner_answer(owner_fd, &answer) < 0)
        bns_leave(1);
}

/* The default action of SIGALRM ends us. */
static void
set_alarm(int64_t us)
{
    const struct itimerval timer = { .it_value = { .tv_usec = us } };

    setitimer(ITIMER_REAL, &timer, NULL);
}

static bool
drop_rights(void)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

    data[CAP_TO_INDEX(CAP_SYS_PTRACE)].permitted = CAP_TO_MASK(CAP_SYS_PTRACE);
    data[CAP_TO_INDEX(CAP_SYS_PTRACE)].effective = CAP_TO_MASK(CAP_SYS_PTRACE);
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           syscall(SYS_capset, &header, data) == 0;
}

/* Out of the command's process group, whose signals are not for us. */
static void
take_signals(void)
{
    sigset_t alarm;

    setsid();
    signal(SIGALRM, SIG_DFL);
    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    sigprocmask(SIG_UNBLOCK, &alarm, NULL);
}

static void G_GNUC_NORETURN
finder_main(int owner_fd)
{
    BnsFind find;
    BnsOwnerQuestion question;
    Window window = { 0 };

    prctl(PR_SET_NAME, "boundary-find");
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    take_signals();
    if (dup3(owner_fd, 0, O_CLOEXEC) < 0)
        bns_leave(1);
    bns_fd_close_from(1);
    if (!drop_rights() || !bns_find_init(&find))
        bns_leave(1);
    while (bns_owner_receive_question(0, &question) == 1) {
        set_alarm(HANG_US);
        answer(&find, &window, 0, &question);
        set_alarm(0);
    }
    bns_leave(0);
}

/* --- in init --- */

int
bns_finder_missing(const BnsFinder *finder)
{
    return finder->pid == 0 ? finder->owner_fd : -1;
}

void
bns_finder_make(BnsFinder *finder, short events)
{
    pid_t pid;

    if ((events & POLLHUP) != 0 || finder->n_made++ == MADE_MAX) {
        bns_fd_clear(&finder->owner_fd);
        return;
    }
    pid = fork();
    if (pid == 0)
        finder_main(finder->owner_fd);
    finder->pid = pid > 0 ? pid : 0;
}

bool
bns_finder_has_changed(BnsFinder *finder, pid_t pid, int status)
{
    if (pid != finder->pid)
        return false;
    /* Whoever stops it wants it not to answer; another one will. */
    if (WIFSTOPPED(status))
        kill(pid, SIGKILL);
    else
        finder->pid = 0;
    return true;
}
