/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bytes.h"

#include "base/fd.h"
#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct {
    size_t written;
    size_t max;
    size_t read;
} Case;

static const Case cases[] = {
    { 0, 0, 0 },
    { 0, 10, 0 },
    { 10, 10, 10 },
    { 11, 10, 11 },
    { 12, 10, 11 },
    { 3, 0, 1 },
    { 65536, 65536, 65536 },
    { 200000, 200000, 200000 },
    { 200000, 65536, 65537 },
};

static void
test_files(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        bns_autofd fd = memfd_create("bytes", MFD_CLOEXEC);
        g_autofree char *text = g_strnfill(cases[i].written, 'x');
        g_autoptr(GByteArray) bytes = NULL;

        g_assert_cmpint(bns_fd_write_all(fd, text, cases[i].written), ==, 0);
        g_assert_cmpint(lseek(fd, 0, SEEK_SET), ==, 0);
        bytes = bns_bytes_read(fd, cases[i].max);
        g_assert_nonnull(bytes);
        g_assert_cmpmem(bytes->data, bytes->len, text, cases[i].read);
    }
}

/* In pieces, and from where it stands. */
static void
test_pipe(void)
{
    g_autoptr(GByteArray) bytes = NULL;
    bns_autofd from = -1, to = -1;
    int pair[2];
    char first;

    g_assert_cmpint(pipe2(pair, O_CLOEXEC), ==, 0);
    from = pair[0];
    to = pair[1];
    g_assert_cmpint(bns_fd_write_all(to, "abc", 3), ==, 0);
    g_assert_cmpint(read(from, &first, 1), ==, 1);
    bns_fd_clear(&to);
    bytes = bns_bytes_read(from, 100);
    g_assert_cmpmem(bytes->data, bytes->len, "bc", 2);
}

static void
test_unreadable(void)
{
    bns_autofd fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    g_assert_null(bns_bytes_read(fd, 10));
    g_assert_cmpint(errno, ==, EISDIR);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    bns_test_add("/base/bytes/files", test_files);
    bns_test_add("/base/bytes/pipe", test_pipe);
    bns_test_add("/base/bytes/unreadable", test_unreadable);
    return g_test_run();
}
