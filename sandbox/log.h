/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log: what g_log() says, on standard error, in lines that are safe to show.
 */
#pragma once

#include "sandbox/options.h"

/* Prints "boundary-ns: " and the text on standard error as one line. Every byte outside
 * 0x20-0x7e of the text becomes \xNN; a backslash stays, so text that is escaped already
 * is not escaped twice. */
void bns_log_print(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* Installs the writer; call it once. Levels above @level are dropped. */
void bns_log_init(BnsLogLevel level);
void bns_log_set_level(BnsLogLevel level);
/* Names this process in its lines; static. %NULL: the supervisor. What it cannot go on
 * after (g_error()) is the last line of its own; a helper tells it the supervisor by
 * @control_fd, who prints it. Either then exits with BNS_EXIT_FAILED. */
void bns_log_set_process(const char *name, int control_fd);
