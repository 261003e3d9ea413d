/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every test program uses.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* g_test_init() plus a watchdog: the program is killed with a message if a single test
 * takes longer than @seconds. */
void bns_test_init(int *argc, char ***argv, unsigned seconds);

/* Skips the test with @why; fails it instead when BNS_MUST_WORK=1. */
void bns_test_skip(const char *why);

/* Whether this user may make user namespaces here. Tried in a child. */
bool bns_test_can_unshare(void);

/* Whether valgrind runs this program: it does not know seccomp(2), and the process that
 * is filtered would be its own. */
bool bns_test_under_valgrind(void);

/* Removes what a test made: @path, and all below it. */
void bns_test_remove_tree(const char *path);

/* As g_test_add_func() and g_test_add_data_func(), under the watchdog. */
void bns_test_add(const char *path, void (*func)(void));
void
bns_test_add_data(const char *path, gconstpointer data, void (*func)(gconstpointer));
