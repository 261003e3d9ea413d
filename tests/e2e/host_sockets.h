/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Host sockets: unix sockets of the test's own process, which the command must not reach,
 * and the command that tries (unix_probe.c).
 */
#pragma once

#include "tests/e2e/live.h"
#include "tests/e2e/story.h"

/* A story, once the sockets of the last one are closed. */
Story *begin(void);
void close_host_sockets(void);

/* Makes a socket of @type at @path, and those of its name as @name in @dir, which can be
 * connected to while the story runs. */
void host_socket(int type, const char *path);
void host_socket_in(int type, const char *dir, const char *name);

/* (transfer full): @name in @dir, whose directory is made. */
char *path_in(const char *dir, const char *name);
void rename_in(const char *dir, const char *from, const char *to);
void unlink_in(const char *dir, const char *name);
void link_in(const char *dir, const char *from, const char *to);

/* Waits for the record: a socket has no other thing that tells when it is out of
 * reach. */
void await_record(Story *story, const char *dir, const char *name);
/* The same, whose record has @part. */
void await_masked(Story *story, const char *part);
/* How many have a path that begins with the story's directory and @end. */
unsigned count_masked(const Story *story, const StoryRun *run, const char *end);

/* @what: the probe's arguments. */
StoryRun *run_probe(Story *story, const char *options, const char *what);
/* The same, up to its first "wait". */
Live *live_probe(Story *story, const char *options, const char *what);
/* Lets it go on to its end. */
StoryRun *finish(Live *live);
