/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/terminal.h"

#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* What of ours ends the process without an end of the session. */
static const int crashes[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS };

/* For the handler of those. */
static const BnsTerminal *raw_terminal;

static void
on_crash(int number)
{
    const BnsTerminal *terminal = raw_terminal;

    if (terminal != NULL)
        tcsetattr(terminal->fd, TCSANOW, &terminal->found);
    /* SA_RESETHAND: the default action now. */
    raise(number);
}

/* A sanitizer's handlers stay. */
static void
watch_crashes(void)
{
    struct sigaction action = { .sa_handler = on_crash, .sa_flags = SA_RESETHAND };

    for (size_t i = 0; i < G_N_ELEMENTS(crashes); i++) {
        struct sigaction before;

        if (sigaction(crashes[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL)
            sigaction(crashes[i], &action, NULL);
    }
}

bool
bns_terminal_is_ours(const BnsTerminal *terminal)
{
    pid_t group = tcgetpgrp(terminal->fd);

    return group < 0 ? errno == ENOTTY : group == getpgrp();
}

bool
bns_terminal_is_gone(const BnsTerminal *terminal)
{
    return tcgetpgrp(terminal->fd) < 0 && errno == EIO;
}

bool
bns_terminal_modes_equal(const struct termios *a, const struct termios *b)
{
    return a->c_iflag == b->c_iflag && a->c_oflag == b->c_oflag &&
           a->c_lflag == b->c_lflag && memcmp(a->c_cc, b->c_cc, sizeof(a->c_cc)) == 0;
}

static void
tell_guard(const BnsTerminal *terminal, const struct termios *raw)
{
    const BnsTerminalModes modes = { .is_raw = raw != NULL,
                                     .found = terminal->found,
                                     .raw = raw != NULL ? *raw : terminal->raw };

    bns_terminal_guard_tell(&terminal->guard, &modes);
}

void
bns_terminal_make_raw(BnsTerminal *terminal, tcflag_t output)
{
    struct termios modes;

    if (terminal->is_raw && terminal->raw.c_oflag == output)
        return;
    if (tcgetattr(terminal->fd, &modes) < 0)
        return;
    if (raw_terminal == NULL)
        watch_crashes();
    if (!terminal->is_raw)
        terminal->found = modes;
    raw_terminal = terminal;
    cfmakeraw(&modes);
    modes.c_oflag = output;
    /* Before they are set: we could be killed right after. */
    bns_terminal_guard_start(&terminal->guard, terminal->fd);
    tell_guard(terminal, &modes);
    tcsetattr(terminal->fd, TCSANOW, &modes);
    tcgetattr(terminal->fd, &terminal->raw);
    tell_guard(terminal, &terminal->raw);
    terminal->is_raw = true;
}

/* What output is waiting was processed when it was written: nothing is to be drained. */
void
bns_terminal_restore(BnsTerminal *terminal)
{
    struct termios modes;

    if (!terminal->is_raw)
        return;
    terminal->is_raw = false;
    if (bns_terminal_is_ours(terminal) && tcgetattr(terminal->fd, &modes) == 0 &&
        bns_terminal_modes_equal(&modes, &terminal->raw))
        tcsetattr(terminal->fd, TCSANOW, &terminal->found);
    tell_guard(terminal, NULL);
}

void
bns_terminal_leave(BnsTerminal *terminal)
{
    bns_terminal_restore(terminal);
    bns_terminal_guard_end(&terminal->guard);
}

void
bns_terminal_adopt(BnsTerminal *terminal, const struct termios *modes)
{
    struct termios adopted;

    if (!bns_terminal_is_ours(terminal) || tcgetattr(terminal->fd, &adopted) < 0)
        return;
    adopted.c_iflag = modes->c_iflag;
    adopted.c_oflag = modes->c_oflag;
    adopted.c_lflag = modes->c_lflag;
    memcpy(adopted.c_cc, modes->c_cc, sizeof(adopted.c_cc));
    tcsetattr(terminal->fd, TCSANOW, &adopted);
}

void
bns_terminal_copy_size(const BnsTerminal *terminal, int master)
{
    struct winsize size;

    if (ioctl(terminal->fd, TIOCGWINSZ, &size) == 0)
        ioctl(master, TIOCSWINSZ, &size);
}
