/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Originals: what files that the host executes held at the start, so that they can be put
 * back (sandbox/quarantine.h).
 *
 * In memory: the command reaches nothing there, and nothing is left behind.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/stat.h>

/* A file that is larger, or comes when so much is held, is known by its name alone. */
#define BNS_ORIGINAL_BYTES_MAX  (1024 * 1024)
#define BNS_ORIGINALS_BYTES_MAX (64 * 1024 * 1024)

typedef struct {
    GBytes *bytes; /* owned; NULL: not known */
    struct stat info;
} BnsOriginal;

/**
 * bns_originals_read:
 * @roots: directories, NULL-terminated; looked through as by bns_file_protect_each()
 *
 * Returns: (transfer full): by path, of owned BnsOriginal
 */
GHashTable *bns_originals_read(const char *const *roots);

/* Whether the file @path holds it now, with the same permissions. */
bool bns_original_is_there(const BnsOriginal *original, const char *path);

/* Returns: (transfer full): a file without a name that holds it, or -errno. */
int bns_original_open(const BnsOriginal *original);
