/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/keeper.h"

#include "base/fd.h"
#include "sandbox/leave.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Until the kernel has ended the last process, which takes milliseconds for each
 * thousand; what it does not end in a minute is not ending. */
#define STEP_NS 5000000
#define N_STEPS (60 * 200)

static bool
is_kept(int fd, const BnsKept *kept, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (fd == kept[i].parent_fd || fd == kept[i].lock_fd)
            return true;
    return false;
}

static void
close_others(int life_fd, const BnsKept *kept, size_t n)
{
    int last = life_fd;

    for (size_t i = 0; i < n; i++) {
        last = kept[i].parent_fd > last ? kept[i].parent_fd : last;
        last = kept[i].lock_fd > last ? kept[i].lock_fd : last;
    }
    for (int fd = 0; fd < last; fd++)
        if (fd != life_fd && !is_kept(fd, kept, n))
            close(fd);
    bns_fd_close_from(last + 1);
}

/* Without the supervisor nothing tells when init's last process is gone. */
static void
remove_when_unused(const BnsKept *kept)
{
    const struct timespec step = { .tv_nsec = STEP_NS };

    for (int i = 0; i < N_STEPS; i++) {
        if (kept->remove(kept->parent_fd, kept->name) != -EBUSY)
            return;
        clock_nanosleep(CLOCK_MONOTONIC, 0, &step, NULL);
    }
}

static void __attribute__((noreturn))
keeper_main(int life_fd, const char *title, const BnsKept *kept, size_t n)
{
    sigset_t all;
    char byte;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    setsid(); /* what is sent to the job's group is not meant for us */
    prctl(PR_SET_NAME, title);
    prctl(PR_SET_PDEATHSIG, 0);
    close_others(life_fd, kept, n);
    while (read(life_fd, &byte, 1) < 0 && errno == EINTR)
        ;
    for (size_t i = 0; i < n; i++)
        remove_when_unused(&kept[i]);
    bns_leave(0);
}

int
bns_keeper_start(BnsKeeper *keeper, const char *title, const BnsKept *kept, size_t n)
{
    int life[2];

    if (pipe2(life, O_CLOEXEC) < 0)
        return -errno;
    keeper->pid = fork();
    if (keeper->pid == 0)
        keeper_main(life[0], title, kept, n);
    close(life[0]);
    if (keeper->pid < 0) {
        int r = -errno;

        close(life[1]);
        keeper->pid = 0;
        return r;
    }
    keeper->life_fd = life[1];
    return 0;
}

void
bns_keeper_end(BnsKeeper *keeper, bool is_gone)
{
    bns_fd_clear(&keeper->life_fd);
    while (is_gone && keeper->pid > 0 && waitpid(keeper->pid, NULL, 0) < 0 &&
           errno == EINTR)
        ;
    keeper->pid = 0;
}
