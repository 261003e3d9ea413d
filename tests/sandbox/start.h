/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting $BNS_BINARY as a person would, and seeing how it ends.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/* A wait status of a process that exited with @n. */
#define EXIT(n) ((n) << 8)

typedef struct {
    pid_t pid;
    int err;       /* owned; its standard error, to read */
    int out;       /* owned; its standard output, to read */
    GString *text; /* owned; what was read of standard error */
} Session;

/* Gives all sessions a home of their own and no settings. Call it once. */
void session_init(void);
/* Removes the home. */
void session_clear(void);
const char *session_home(void);

/* Skips the test and returns false where sessions cannot be. */
bool session_can_start(void);

/* @prepare runs in the child before exec; may be NULL. @arguments: NULL-terminated. */
Session session_start_with(void (*prepare)(void), const char *const *arguments);
#define session_start(...)                                                             \
    session_start_with(NULL, (const char *const[]){ __VA_ARGS__, NULL })

/* Reads standard error until @word is there. */
void session_wait_for(Session *session, const char *word);

/* @out_output, @out_errors: (transfer full) (nullable). Returns: the wait status. */
int session_finish(Session *session, char **out_output, char **out_errors);
