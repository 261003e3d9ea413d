/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Live: a run of a story that a test meets while it goes on.
 */
#pragma once

#include "tests/e2e/story.h"

#include <sys/types.h>

typedef struct {
    Story *story; /* borrowed */
    pid_t pid;    /* the supervisor; 0 once it was waited for */
    int in_fd;    /* owned; -1 once closed */
    int out_fd;   /* owned; -1 after its end */
    int err_fd;   /* owned; -1 after its end */
    GString *out; /* owned; what was read so far */
    GString *err; /* owned */
} Live;

/* Starts what story_run() would run. */
Live *live_start(Story *story, const char *arguments);
/* Kills it if it still runs. */
void live_free(Live *live);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Live, live_free)

/* Reads until @text was printed; fails the test if the output ends before. */
void live_await_out(Live *live, const char *text);
void live_await_err(Live *live, const char *text);
/* To its standard input. */
void live_write(Live *live, const char *text);
void live_close_input(Live *live);

/* What asks for the path of each line that it reads, once it has said "started". */
#define LIVE_ASKS                                                                      \
    "-- sh -c 'echo started; while read path; do curl -s -m 20 -o /dev/null "          \
    "-w \"$path=%{http_code}\\n\" http://api.test/$path; done'"
/* Lets it ask for @path, which must be answered with @code. */
void live_ask(Live *live, const char *path, int code);
/* Ends what reads its input to the end: as live_end(). */
StoryRun *live_finish(Live *live);

/* Waits for the end. Returns: (transfer full): everything, as story_run(). */
StoryRun *live_end(Live *live);

/* --- its processes --- */

typedef struct {
    pid_t pid;
    pid_t parent;
    char name[16]; /* as /proc/PID/comm: "bns-gateway", "boundary-ns" */
    int fd;        /* owned; pidfd */
} LiveProcess;

/* Returns: (transfer full): all descendants of the supervisor and itself, the supervisor
 * first. The element's descriptors are closed with the array. */
GArray *live_processes(const Live *live);
/* The first with that name; fails the test without. */
const LiveProcess *live_find(GArray *processes, const char *name);
/* Waits until all have ended; fails the test after 20 s, naming one that lives. */
void live_await_death(GArray *processes);
/* Memory of a process, its share of what it shares. */
unsigned live_pss_kib(pid_t pid);
