/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/persist.h"

#include "base/fd.h"
#include "sandbox/write_back.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>

typedef struct {
    const char *path; /* borrowed */
    int look;         /* 0, or -errno of looking at the host's */
    BnsContent before;
    bool is_told; /* init has said what there is inside */
    int left;     /* 0, or -errno of what there is not */
    int fd;       /* owned; -1: none */
} File;

struct BnsPersist {
    File *files; /* owned */
    guint n;
};

BnsPersist *
bns_persist_new(const char *const *paths)
{
    BnsPersist *persist = g_new0(BnsPersist, 1);

    while (paths != NULL && paths[persist->n] != NULL)
        persist->n++;
    persist->files = g_new0(File, persist->n);
    for (guint i = 0; i < persist->n; i++) {
        File *file = &persist->files[i];

        file->path = paths[i];
        file->fd = -1;
        file->look = bns_content_look(file->path, &file->before);
    }
    return persist;
}

void
bns_persist_free(BnsPersist *persist)
{
    if (persist == NULL)
        return;
    for (guint i = 0; i < persist->n; i++)
        bns_fd_clear(&persist->files[i].fd);
    g_free(persist->files);
    g_free(persist);
}

static bool
read_message(const char *text, guint64 *out_index, gint64 *out_error)
{
    g_auto(GStrv) numbers = g_strsplit(text, " ", -1);

    return g_strv_length(numbers) == 2 &&
           g_ascii_string_to_unsigned(numbers[0], 10, 0, UINT_MAX, out_index, NULL) &&
           g_ascii_string_to_signed(numbers[1], 10, -INT_MAX, 0, out_error, NULL);
}

bool
bns_persist_take(BnsPersist *persist, const char *text, int fd)
{
    guint64 index;
    gint64 error;
    File *file;

    if (!read_message(text, &index, &error) || index >= persist->n ||
        (error == 0) != (fd >= 0))
        return false;
    file = &persist->files[index];
    if (file->is_told)
        return false;
    file->is_told = true;
    file->left = (int)error;
    file->fd = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
    if (fd >= 0 && file->fd < 0)
        file->left = -errno;
    return true;
}

/* Returns: why there is nothing to write back, or %NULL. */
static const char *
find_lack(const File *file)
{
    switch (-file->left) {
    case 0:
        return NULL;
    case ENOENT:
        return "the command removed it";
    case ELOOP:
    case EINVAL:
    case ENOTDIR:
        return "the command made something else than a file of it";
    default:
        return g_strerror(-file->left);
    }
}

/* Returns: why it was not done, or %NULL. */
static const char *
write_back(const File *file, bool is_clean)
{
    int r = file->look;

    if (!is_clean)
        return "the session failed";
    if (r == 0)
        r = bns_write_back(file->path, &file->before, file->fd, NULL);
    if (r == 0)
        return NULL;
    return r == -ESTALE ? "it was changed outside meanwhile" : g_strerror(-r);
}

static void
finish(const File *file, bool is_clean, BnsKeep *keep, BnsPersistFunc func, void *data)
{
    const char *why = find_lack(file);
    g_autofree char *kept = NULL;
    BnsContent left, now;
    int r;

    if (why != NULL) {
        if (file->left != -ENOENT || file->before.is_there)
            func(data, file->path, why, NULL);
        return;
    }
    r = bns_content_read(file->fd, &left);
    if (r < 0) {
        func(data, file->path, g_strerror(-r), NULL);
        return;
    }
    if ((file->look == 0 && bns_content_equal(&left, &file->before)) ||
        (bns_content_look(file->path, &now) == 0 && bns_content_equal(&left, &now)))
        return;
    why = write_back(file, is_clean);
    if (why != NULL)
        kept = bns_keep_copy(keep, file->path, file->fd);
    func(data, file->path, why, kept);
}

void
bns_persist_finish(
    BnsPersist *persist, bool is_clean, BnsKeep *keep, BnsPersistFunc func, void *data)
{
    for (guint i = 0; i < persist->n; i++)
        if (persist->files[i].is_told)
            finish(&persist->files[i], is_clean, keep, func, data);
        else
            func(data, persist->files[i].path,
                 is_clean ? "it could not be handed out" : "the session failed", NULL);
}
