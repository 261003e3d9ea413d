/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Git keys: what a git configuration says, read as git does (git-config(1), "Syntax");
 * above all, what of it names a program that git runs, or another file that may.
 */
#pragma once

#include <glib.h>

/* Returns: (transfer full): those settings, a line each, in the order of the file; a
 * section's header and a key compare as git does. @text: any bytes. Pure. */
char *bns_git_keys(const char *text, gsize len);

/**
 * bns_git_keys_read:
 * @fd: of a configuration, or whatever stands in its place; read from where it is
 *
 * Returns: (transfer full) (nullable): its text, which no NUL ends; %NULL: no regular
 *          file, or of 1 MiB and more
 */
char *bns_git_keys_read(int fd, gsize *out_len);

/**
 * bns_git_keys_value:
 * @text: any bytes, or lines of bns_git_keys()
 * @section: lower case; without a subsection
 * @key: lower case
 *
 * Returns: (transfer full) (nullable): the last value of the key, without quotes, escapes
 *          and comments; "" if it stands there without "="; %NULL: none. Pure.
 */
char *
bns_git_keys_value(const char *text, gsize len, const char *section, const char *key);
