/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/rule_file.h"

#include "base/bytes.h"
#include "base/fd.h"
#include "base/text.h"
#include "policy/edit.h"
#include "policy/policy.h"
#include "sandbox/write_back.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* More than any policy file has. */
#define FILE_BYTES_MAX (16 * 1024 * 1024)

static bool
fail(const char *path, int error_number, GError **error)
{
    g_autofree char *shown = bns_text_escape(path, -1);

    g_set_error(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_READ,
                "%s could not be changed: %s", shown, g_strerror(error_number));
    return false;
}

/* (transfer full): all of a file, or %NULL with errno. */
static GByteArray *
read_all(int fd)
{
    g_autoptr(GByteArray) bytes = NULL;

    if (lseek(fd, 0, SEEK_SET) < 0)
        return NULL;
    bytes = bns_bytes_read(fd, FILE_BYTES_MAX);
    if (bytes != NULL && bytes->len > FILE_BYTES_MAX) {
        errno = EFBIG;
        return NULL;
    }
    return g_steal_pointer(&bytes);
}

/* (transfer full): a file in memory, or -errno */
static int
make_file(const char *text, size_t len)
{
    bns_autofd fd = memfd_create("boundary-ns-rule", MFD_CLOEXEC);
    int r = fd < 0 ? -errno : bns_fd_write_all(fd, text, len);

    return r < 0 ? r : g_steal_fd(&fd);
}

static bool
add(const char *path, const char *real, int fd, const char *rule, GError **error)
{
    g_autoptr(GByteArray) bytes = NULL;
    g_autofree char *edited = NULL;
    bns_autofd new_fd = -1;
    BnsContent before;
    size_t len;
    int r = bns_content_read(fd, &before);

    if (r < 0)
        return fail(path, -r, error);
    bytes = read_all(fd);
    if (bytes == NULL)
        return fail(path, errno, error);
    edited = bns_policy_edit_allow(path, (const char *)bytes->data, bytes->len, rule,
                                   &len, error);
    if (edited == NULL)
        return false;
    new_fd = make_file(edited, len);
    r = new_fd < 0 ? new_fd : bns_write_back(real, &before, new_fd, NULL);
    return r == 0 || fail(path, -r, error);
}

bool
bns_rule_file_add(const char *path, const char *rule, GError **error)
{
    char *real = realpath(path, NULL);
    bns_autofd fd = -1;
    bool is_added;

    if (real == NULL)
        return fail(path, errno, error);
    fd = open(real, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    is_added = fd < 0 ? fail(path, errno, error) : add(path, real, fd, rule, error);
    free(real);
    return is_added;
}
