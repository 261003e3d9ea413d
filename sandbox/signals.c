/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/signals.h"

#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static const int handled[] = { SIGHUP,  SIGINT,  SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE,
                               SIGALRM, SIGTERM, SIGCHLD, SIGCONT, SIGTSTP, SIGTTIN,
                               SIGTTOU, SIGURG,  SIGXCPU, SIGIO,   SIGWINCH };

void
bns_signals_read_ignored(sigset_t *out_ignored)
{
    sigemptyset(out_ignored);
    for (int number = 1; number < NSIG; number++) {
        struct sigaction action;

        if (sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
            sigaddset(out_ignored, number);
    }
}

int
bns_signals_open(void)
{
    sigset_t set;
    int fd;

    sigemptyset(&set);
    for (size_t i = 0; i < G_N_ELEMENTS(handled); i++)
        sigaddset(&set, handled[i]);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return -errno;
    fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

bool
bns_signals_is_from_process(const struct signalfd_siginfo *info)
{
    return info->ssi_code == SI_USER || info->ssi_code == SI_QUEUE ||
           info->ssi_code == SI_TKILL;
}

bool
bns_signals_is_continued(void)
{
    sigset_t pending;

    return sigpending(&pending) == 0 && sigismember(&pending, SIGCONT) == 1;
}

/* Unblocking delivers the signal once, however often it was sent. */
static void
deliver(int signal_number, bool with_group)
{
    sigset_t one;

    sigemptyset(&one);
    sigaddset(&one, signal_number);
    kill(with_group ? 0 : getpid(), signal_number);
    sigprocmask(SIG_UNBLOCK, &one, NULL);
    sigprocmask(SIG_BLOCK, &one, NULL);
}

bool
bns_signals_stop(int signal_number, bool with_group)
{
    deliver(signal_number, with_group);
    return bns_signals_is_continued();
}

void
bns_signals_die(int signal_number, bool with_group)
{
    const struct rlimit no_core = { 0 };

    setrlimit(RLIMIT_CORE, &no_core);
    prctl(PR_SET_DUMPABLE, 0); /* a core_pattern with a pipe ignores the limit */
    signal(signal_number, SIG_DFL);
    deliver(signal_number, with_group);
}
