/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals of the supervisor: all that a person, a shell or timeout(1) sends are blocked
 * and read from a descriptor. No disposition is changed, so the command inherits what
 * the caller set (nohup).
 *
 * A command without a terminal is in our process group. A signal that a process sent is
 * passed on to it; if it was sent to the whole group, the command has it already, and init,
 * which is in the group as well, knows (sandbox/group_signals.h). One with a terminal has a session
 * of its own, and gets what the user's terminal sends to us, too.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <sys/signalfd.h>
#include <sys/types.h>

/* Those that the caller of this program had set to be ignored. */
void bns_signals_read_ignored(sigset_t *out_ignored);

/* Blocks them. Returns: (transfer full): a signalfd, non-blocking, or -errno. */
int bns_signals_open(void);

/* Whether kill(2) and its like sent it, not the kernel. */
bool bns_signals_is_from_process(const struct signalfd_siginfo *info);

/* Whether SIGCONT is waiting to be read. */
bool bns_signals_is_continued(void);

/* Stops this process, or its whole group (@with_group), by @signal_number's default action,
 * as the shell would see of the command. Returns: whether it was stopped and continued (an orphaned group is not
 * stopped by a terminal's signals). */
bool bns_signals_stop(int signal_number, bool with_group);

/* Ends this process by @signal_number (with its whole group: as a key would have), without a
 * core. Returns only if that is not
 * possible (pid 1 of a container). */
void bns_signals_die(int signal_number, bool with_group);
