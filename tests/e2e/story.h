/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Story: the real binary, started as a person would, against origins on loopback.
 *
 * A story has a home of its own (below the directory that the test was started in, so
 * that it is neither below /tmp nor a person's), a certificate authority that
 * --upstream-ca trusts, and an HTTPS and a plain origin. The binary is $BNS_BINARY.
 *
 * live.h has sessions that a test meets while they run, island.h a network around them.
 */
#pragma once

#include "tests/support/certs.h"
#include "tests/support/origin.h"

#include <glib.h>
#include <stdbool.h>

typedef struct {
    char *binary;           /* owned: what is run */
    char *dir;              /* owned: everything of the story is below it */
    char *home;             /* owned: $HOME of what is run */
    char *work;             /* owned: its working directory */
    BnsTestCert *authority; /* owned: of the origins */
    char *ca_file;          /* owned: its PEM */
    char **env;             /* owned: environment of what is run */
    GPtrArray *options;     /* owned: more options of every run */
    void (*prepare)(void);  /* nullable: runs in the child before exec */
    BnsOrigin *https; /* owned; certificate for api.test, *.wild.test, 127.0.0.1 */
    BnsOrigin *http;  /* owned */
} Story;

/* What a run left. */
typedef struct {
    int status;      /* wait status */
    char *out, *err; /* owned */
    char *audit;     /* owned: the audit file's text; "" if there is none */
} StoryRun;

Story *story_new(void);
/* Stops the origins, removes the directory. */
void story_free(Story *story);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Story, story_free)

void story_setenv(Story *story, const char *name, const char *value);
void story_unsetenv(Story *story, const char *name);
/* Adds options to every later run, split as a shell does. */
void G_GNUC_PRINTF(2, 3) story_option(Story *story, const char *format, ...);
/* Writes a file below work/. Returns: (transfer full): its path. */
char *story_file(Story *story, const char *name, const char *text);
/* The same, for those who do not need the path. */
void story_write(Story *story, const char *name, const char *text);

/**
 * story_run:
 * @arguments: what follows "boundary-ns", split as a shell does (g_shell_parse_argv)
 *
 * --upstream-ca and --resolve for api.test (443, 80), a.wild.test, other.test:443 are
 * added to runs of commands unless @arguments begins with a subcommand other than run.
 * Returns: (transfer full): what came out, after the end of boundary-ns.
 */
StoryRun *story_run(Story *story, const char *arguments);
/* The same, of the words as they are: nothing is added. */
StoryRun *story_run_words(Story *story, const char *const *words);
/* The same, of a whole shell script outside: $BNS is boundary-ns. */
StoryRun *story_shell(Story *story, const char *script);
void story_run_free(StoryRun *run);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StoryRun, story_run_free)

/* Fails the test, showing everything, unless the run ended with @status. */
void story_assert_status(const StoryRun *run, int status);
/* The same unless @text is (is not) in the output. */
void story_assert_out(const StoryRun *run, const char *text);
void story_assert_no_out(const StoryRun *run, const char *text);
void story_assert_err(const StoryRun *run, const char *text);
void story_assert_no_err(const StoryRun *run, const char *text);
/* How many audit lines hold all of @parts (NULL-terminated). */
unsigned
story_count_records(const StoryRun *run, const char *part, ...) G_GNUC_NULL_TERMINATED;
/* The same, and fails the test if there is none. */
#define story_assert_record(run, ...)                                                  \
    do {                                                                               \
        if (story_count_records(run, __VA_ARGS__, NULL) == 0)                          \
            g_error("no record with %s in\n%s", #__VA_ARGS__, (run)->audit);           \
    } while (0)

/* Whether a program is there; skips the test with its name otherwise. */
bool story_needs(const char *program);

/* A test that only says why none of the others is here. */
void story_skip(void);

/* --- for live.c --- */

/* Returns: (transfer full): the whole command line of story_run(). */
GPtrArray *story_argv(Story *story, const char *arguments);
/* Returns: (transfer full): what is in the audit file that was written last, or "". */
char *story_read_audit(const Story *story);
