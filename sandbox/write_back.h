/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Write back: a file of the host's gets a new content, as a whole or not at all, unless it
 * is not any more what it was.
 *
 * The new file has no name before it is complete, and takes the old one's by rename: a
 * process that is killed leaves the old file or the new one, and at most a second name of
 * the new one. Nobody's bits to act for another stay. No symbolic link is followed, whoever put it
 * there. Two sessions that end at once wait for each other.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/* What a file holds, or that there is none. */
typedef struct {
    bool is_there;
    struct stat info;
    uint8_t sha256[32];
} BnsContent;

/* Reads the regular file @fd from its beginning. 0 or -errno (-EFBIG: larger than
 * BNS_REBUILD_COPY_LARGE_MAX, -EINVAL: no regular file). */
int bns_content_read(int fd, BnsContent *out_content);

/* The same of @path, absolute and real. That there is none is no error. */
int bns_content_look(const char *path, BnsContent *out_content);

/* Whether they hold the same bytes, or are both none. */
bool bns_content_equal(const BnsContent *one, const BnsContent *other);

/**
 * bns_write_back:
 * @path: absolute and real; directories above it that are missing are made, 0755 less the
 *        umask (which is 077), if there was no file either
 * @before: what it must still hold
 * @fd: a regular file: its new content
 * @as: (nullable): its owner and permissions; %NULL: of what it replaces, else of @fd
 *
 * Returns: 0; -ESTALE: it holds something else; or -errno: nothing has changed
 */
int bns_write_back(const char *path,
                   const BnsContent *before,
                   int fd,
                   const struct stat *as);
