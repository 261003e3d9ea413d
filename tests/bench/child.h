/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Child: a program that is asked in lines and answers in lines.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

typedef struct {
    pid_t pid;
    int in_fd;       /* owned; -1 if it is not asked anything */
    int out_fd;      /* owned */
    GString *unread; /* owned; what it said beyond the last line */
} Child;

/**
 * child_start:
 * @dir: (nullable): its working directory
 * @env: (nullable): its environment
 * @log: (nullable): a file for its standard error, appended to
 *
 * It leads a process group and dies with us. Returns: (transfer full): or %NULL with @error.
 */
Child *child_start(const char *const *argv,
                   const char *dir,
                   char **env,
                   const char *log,
                   GError **error);
/* Closes its input, ends its group, waits for its end, kills it after ten seconds. */
void child_free(Child *child);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Child, child_free)

/* From now on SIGINT, SIGTERM and SIGHUP end all children, remove @dir and end us. */
void child_end_all_on_signal(const char *dir);

/* Returns: (transfer full): its next line, without the end; %NULL if there was none for
 * @timeout_s or it has ended. */
char *child_line(Child *child, unsigned timeout_s);
/* Asks without waiting. Returns: whether it took the line. */
bool child_tell(Child *child, const char *line);
/* Whether it says something within @timeout_s, or has ended. */
bool child_wait(Child *child, unsigned timeout_s);
/* Asks and waits. */
char *child_ask(Child *child, const char *line, unsigned timeout_s);
