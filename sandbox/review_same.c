/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/review_same.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK_BYTES (32 * 1024)

/* Reads a whole block, but for the end of the file. */
static ssize_t
read_block(int fd, off_t at, char *block)
{
    size_t len = 0;

    while (len < BLOCK_BYTES) {
        ssize_t n = pread(fd, block + len, BLOCK_BYTES - len, at + (off_t)len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        len += (size_t)n;
    }
    return (ssize_t)len;
}

bool
bns_review_same_content(int one, int other)
{
    char one_block[BLOCK_BYTES], other_block[BLOCK_BYTES];
    struct stat one_info, other_info;

    if (fstat(one, &one_info) < 0 || fstat(other, &other_info) < 0 ||
        one_info.st_size != other_info.st_size)
        return false;
    for (off_t at = 0; at < one_info.st_size;) {
        ssize_t n = read_block(one, at, one_block);

        if (n <= 0 || read_block(other, at, other_block) != n ||
            memcmp(one_block, other_block, (size_t)n) != 0)
            return false;
        at += n;
    }
    return true;
}

bool
bns_review_same_link(int one_dir, int other_dir, const char *name)
{
    char one[PATH_MAX], other[PATH_MAX];
    ssize_t len = readlinkat(one_dir, name, one, sizeof(one));

    return len >= 0 && readlinkat(other_dir, name, other, sizeof(other)) == len &&
           memcmp(one, other, (size_t)len) == 0;
}
