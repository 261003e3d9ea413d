/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a command inside a real sandbox, with a small process in the supervisor's place:
 * it sends a CA, says GO, passes on what a test asks for and reports what init says.
 * There is no netstack: the far end of the link is the test's.
 */
#pragma once

#include "policy/nested.h"
#include "sandbox/allowed.h"
#include "sandbox/denied.h"
#include "sandbox/file_view.h"

#include <glib.h>
#include <signal.h>
#include <stdbool.h>

/* Self-signed, made for the tests, and its hash as OpenSSL has it. */
extern const char inside_ca_pem[];
#define INSIDE_CA_HASH "07bdf87d"

/* Borrowed; everything may be zero. */
typedef struct {
    const char *workdir;                /* NULL: the build directory of the probe */
    const char *const *environment;     /* besides PATH and HOME */
    const BnsFileView *view;            /* NULL: the working directory is writable */
    const char *const *protected_paths; /* NULL-terminated */
    const char *const *protected_links; /* NULL-terminated */
    BnsDenied denied;
    BnsAllowed allowed;
    BnsNested nested;
    const sigset_t *ignored;
    int input_fd;       /* standard input; 0: /dev/null */
    bool no_ca;         /* the CA never comes: init stays in its set-up */
    bool old_kernel;    /* see inside_old_kernel() */
    int landlock_error; /* what the kernel says to who asks for Landlock; 0: its own */
} InsideOptions;

typedef struct {
    pid_t supervisor;
    int output_fd; /* what the command writes to standard output and error */
    int event_fd;  /* what init says (base/ready.h), as messages */
    int link_fd;   /* the far end; -1 until inside_wait() saw it */
    bool is_tap;
} Inside;

/* Starts @argv ("@probe" as first word is the probe program). */
Inside *inside_start(const char *const *argv, const InsideOptions *options);

/* Waits for a message of @type; fails the test on FAILED or EXITED before it.
 * Returns: (transfer full): its text. */
char *inside_wait(Inside *inside, int type);

/* The command's wait status, or -1 with @out_failure (transfer full) (nullable): what
 * FAILED said. */
int inside_end(Inside *inside, char **out_failure);

/* Sends to init, as the supervisor would. */
void inside_tell(Inside *inside, int type, const char *text);

/* Returns: (transfer full): all output until its end: nobody holds it open any more. */
char *inside_output(Inside *inside);

void inside_free(Inside *inside);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Inside, inside_free)

/* Runs @argv to its end. Returns: (transfer full): the output without the final newline;
 * *@out_status (nullable): the wait status. */
char *
inside_run(const char *const *argv, const InsideOptions *options, int *out_status);

/* Runs @script with /bin/sh; fails the test unless it ends with 0. As above. */
char *inside_sh(const char *script, const InsideOptions *options);

/* Returns: (transfer full): a new directory below /tmp;
 * for bns_test_remove_tree(). */
char *inside_make_directory(void);
void inside_make_file(const char *dir, const char *name, const char *text, int mode);

/* Whether sandboxes work here; skips the test otherwise. */
bool inside_is_possible(void);

/* Takes the newer calls for mounts from this process, as on Linux before 5.2: ENOSYS. */
void inside_old_kernel(void);

/* Runs @func as root of new user, mount and network namespaces, with a private mount
 * tree; fails the test unless it returns true. */
void inside_namespaces(bool (*func)(void));
