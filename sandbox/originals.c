/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/originals.h"

#include "base/fd.h"
#include "sandbox/file_protect.h"
#include "sandbox/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct {
    GHashTable *all; /* owned */
    gsize n_bytes;
} Reading;

static void
original_free(void *data)
{
    BnsOriginal *original = data;

    g_clear_pointer(&original->bytes, g_bytes_unref);
    g_free(original);
}

/* Of a file that may be changed while it is read. Returns: (transfer full) (nullable) */
static GBytes *
read_file(int dir_fd, const char *name, struct stat *out_info)
{
    bns_autofd fd =
        openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    g_autofree char *text = NULL;
    gsize len = 0;
    ssize_t n;

    if (fd < 0 || fstat(fd, out_info) < 0 || !S_ISREG(out_info->st_mode) ||
        out_info->st_size > BNS_ORIGINAL_BYTES_MAX)
        return NULL;
    text = g_malloc((gsize)out_info->st_size + 1);
    while (len <= (gsize)out_info->st_size &&
           (n = read(fd, text + len, (gsize)out_info->st_size + 1 - len)) > 0)
        len += (gsize)n;
    return len == (gsize)out_info->st_size
               ? g_bytes_new_take(g_steal_pointer(&text), len)
               : NULL;
}

static void
take(
    void *data, int dir_fd, const char *path, const char *name, const struct stat *info)
{
    Reading *reading = data;
    BnsOriginal *original = g_new0(BnsOriginal, 1);

    original->info = *info;
    if (reading->n_bytes < BNS_ORIGINALS_BYTES_MAX)
        original->bytes = read_file(dir_fd, name, &original->info);
    if (original->bytes != NULL)
        reading->n_bytes += g_bytes_get_size(original->bytes);
    g_hash_table_insert(reading->all, g_strdup(path), original);
}

GHashTable *
bns_originals_read(const char *const *roots)
{
    Reading reading = { 0 };

    reading.all = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, original_free);
    (void)bns_file_protect_each(roots, INT64_MAX, true, take, &reading);
    return reading.all;
}

bool
bns_original_is_there(const BnsOriginal *original, const char *path)
{
    g_autofree char *dir = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    g_autoptr(GBytes) now = NULL;
    bns_autofd fd = bns_tree_look_along(dir);
    struct stat info;

    if (fd < 0 || original->bytes == NULL)
        return false;
    now = read_file(fd, name, &info);
    return now != NULL && g_bytes_equal(now, original->bytes) &&
           info.st_mode == original->info.st_mode;
}

int
bns_original_open(const BnsOriginal *original)
{
    bns_autofd fd = memfd_create("original", MFD_CLOEXEC);
    gsize len;
    const void *bytes = g_bytes_get_data(original->bytes, &len);
    int r = fd < 0 ? -errno : bns_fd_write_all(fd, bytes, len);

    return r < 0 ? r : g_steal_fd(&fd);
}
