/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/socket_search.h"

#include "base/fd.h"
#include "sandbox/mount_table.h"
#include "sandbox/private_trees.h"
#include "sandbox/sight.h"
#include "sandbox/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef struct {
    BnsHostSocket socket;
    int64_t key;
    GHashTable *names; /* owned set of owned "DEVICE:INODE/NAME", by its directory */
    bool is_whole;     /* there are no others */
} Wanted;

/* Where to begin. */
typedef struct {
    char *path;   /* owned; real */
    bool is_flat; /* it alone, not what is below */
} Root;

struct BnsSocketSearch {
    const BnsFileView *view; /* borrowed */
    guint64 entries_left;
    GHashTable *wanted; /* owned: key to owned Wanted */
    guint n_open;       /* those that are not whole */
    GArray *mounts;     /* owned, of BnsMount; NULL before the first step */
    GArray *roots;      /* owned, of Root */
    guint next_root;
    GHashTable
        *done; /* owned set of owned paths: roots that were read with all below */
    bool has_left_out;
    /* Of the root that is being read: */
    int root_fd;              /* owned; -1: none */
    const Root *root;         /* borrowed */
    unsigned major, minor;    /* its file system's */
    GPtrArray *left;          /* owned; of owned paths below it, to be read */
    BnsSocketSearchFunc func; /* of this step */
    void *data;
};

static void
wanted_free(void *data)
{
    Wanted *wanted = data;

    g_hash_table_unref(wanted->names);
    g_free(wanted);
}

static void
root_clear(void *data)
{
    g_free(((Root *)data)->path);
}

BnsSocketSearch *
bns_socket_search_new(const BnsFileView *view, guint64 entries_max)
{
    BnsSocketSearch *search = g_new0(BnsSocketSearch, 1);

    search->view = view;
    search->entries_left = entries_max;
    search->wanted =
        g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, wanted_free);
    search->roots = g_array_new(FALSE, FALSE, sizeof(Root));
    g_array_set_clear_func(search->roots, root_clear);
    search->done = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    search->left = g_ptr_array_new_with_free_func(g_free);
    search->root_fd = -1;
    return search;
}

void
bns_socket_search_free(BnsSocketSearch *search)
{
    if (search == NULL)
        return;
    bns_fd_clear(&search->root_fd);
    g_hash_table_unref(search->wanted);
    g_clear_pointer(&search->mounts, g_array_unref);
    g_array_unref(search->roots);
    g_hash_table_unref(search->done);
    g_ptr_array_unref(search->left);
    g_free(search);
}

void
bns_socket_search_add(BnsSocketSearch *search, const BnsHostSocket *socket)
{
    Wanted *wanted = g_new0(Wanted, 1);

    wanted->socket = *socket;
    wanted->key = bns_sock_diag_key(socket->major, socket->minor, socket->inode);
    wanted->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    search->n_open += g_hash_table_replace(search->wanted, &wanted->key, wanted);
}

/* --- where to begin --- */

static bool
is_private(const char *path)
{
    return bns_private_trees_contain(path) || bns_private_trees_cover(path);
}

static void
add_root(BnsSocketSearch *search, const char *path, bool is_flat)
{
    const Root root = { g_strdup(path), is_flat };

    g_array_append_val(search->roots, root);
}

static void
add_views(BnsSocketSearch *search, bool are_writable)
{
    for (size_t i = 0; i < search->view->n_mounts; i++) {
        const BnsViewMount *mount = &search->view->mounts[i];

        if (are_writable ? mount->access == BNS_VIEW_WRITE : is_private(mount->path))
            add_root(search, mount->path, false);
    }
}

/* The deepest directory of its name that there still is. (transfer full) (nullable) */
static char *
find_near(const BnsHostSocket *socket)
{
    g_autofree char *dir = NULL;
    char *real = NULL;

    if (socket->name[0] != '/')
        return NULL;
    dir = g_path_get_dirname(socket->name);
    while ((real = bns_sight_real(dir)) == NULL && strcmp(dir, "/") != 0) {
        char *above = g_path_get_dirname(dir);

        g_free(dir);
        dir = above;
    }
    return real;
}

static void
add_near(BnsSocketSearch *search, bool is_flat)
{
    GHashTableIter iter;
    gpointer wanted;

    g_hash_table_iter_init(&iter, search->wanted);
    while (g_hash_table_iter_next(&iter, NULL, &wanted)) {
        g_autofree char *near = find_near(&((Wanted *)wanted)->socket);

        if (near != NULL && !is_private(near))
            add_root(search, near, is_flat);
    }
}

static bool
wants_device(const BnsSocketSearch *search, unsigned major, unsigned minor)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, search->wanted);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const Wanted *wanted = value;

        if (!wanted->is_whole && wanted->socket.major == major &&
            wanted->socket.minor == minor)
            return true;
    }
    return false;
}

static bool
read_device(const char *device, unsigned *out_major, unsigned *out_minor)
{
    return sscanf(device, "%u:%u", out_major, out_minor) == 2;
}

static void
add_mounts(BnsSocketSearch *search)
{
    for (guint i = 0; i < search->mounts->len; i++) {
        const BnsMount *mount = &g_array_index(search->mounts, BnsMount, i);
        unsigned major, minor;

        if (read_device(mount->device, &major, &minor) &&
            wants_device(search, major, minor) && !is_private(mount->point))
            add_root(search, mount->point, false);
    }
}

static void
prepare(BnsSocketSearch *search)
{
    g_autofree char *table = NULL;

    if (!g_file_get_contents("/proc/self/mountinfo", &table, NULL, NULL))
        bns_sight_note("/proc/self/mountinfo", EIO);
    search->mounts = bns_mount_table_parse(table != NULL ? table : "");
    add_near(search, true);
    add_views(search, true);
    add_near(search, false);
    add_views(search, false);
    add_mounts(search);
}

/* --- one directory --- */

/* Nothing that the command could get at. */
static bool
is_nothing(int number)
{
    return number == ENOENT || number == ENOTDIR || number == EACCES ||
           number == ELOOP || number == EXDEV || number == ESTALE;
}

static void
leave_out(BnsSocketSearch *search, const char *path, int number)
{
    if (is_nothing(number))
        return;
    g_info("no socket was searched for in \"%s\": %s", path, g_strerror(number));
    search->has_left_out = true;
}

/* What was a real path may have got a link in it since. */
static int
open_root(const char *path)
{
    const struct open_how how = {
        .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
        .resolve = RESOLVE_NO_SYMLINKS,
    };

    return (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
}

static int
open_below(const BnsSocketSearch *search, const char *path)
{
    const struct open_how how = {
        .flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
    };

    return (int)syscall(SYS_openat2, search->root_fd, path[0] == '\0' ? "." : path,
                        &how, sizeof(how));
}

/* (transfer full): @name in the directory @path below the root. */
static char *
join(const char *path, const char *name)
{
    return path[0] == '\0' ? g_strdup(name) : g_strconcat(path, "/", name, NULL);
}

/* (transfer full): the whole of it. */
static char *
whole_path(const BnsSocketSearch *search, const char *path)
{
    return g_build_filename(search->root->path, path[0] == '\0' ? NULL : path, NULL);
}

static void
take_socket(BnsSocketSearch *search,
            const char *path,
            int dir_fd,
            const char *name,
            const struct stat *info)
{
    int64_t key =
        bns_sock_diag_key(search->major, search->minor, (uint32_t)info->st_ino);
    Wanted *wanted = g_hash_table_lookup(search->wanted, &key);
    g_autofree char *below = NULL;
    g_autofree char *whole = NULL;
    struct stat dir;

    if (wanted == NULL || fstat(dir_fd, &dir) < 0)
        return;
    g_hash_table_add(wanted->names,
                     g_strdup_printf("%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT "/%s",
                                     (guint64)dir.st_dev, (guint64)dir.st_ino, name));
    below = join(path, name);
    whole = whole_path(search, below);
    search->func(search->data, &wanted->socket, whole);
    if (!wanted->is_whole && g_hash_table_size(wanted->names) >= info->st_nlink) {
        wanted->is_whole = true;
        search->n_open--;
    }
}

static void
push(BnsSocketSearch *search, const char *path, const char *name)
{
    g_autofree char *below = join(path, name);
    g_autofree char *whole = NULL;

    if (search->root->is_flat)
        return;
    whole = whole_path(search, below);
    if (!bns_private_trees_contain(whole) &&
        !g_hash_table_contains(search->done, whole))
        g_ptr_array_add(search->left, g_steal_pointer(&below));
}

static void
visit(BnsSocketSearch *search, const char *path, int dir_fd, const struct dirent *entry)
{
    unsigned char type = entry->d_type;
    struct stat info;

    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
        return;
    search->entries_left -= search->entries_left > 0;
    if (type != DT_DIR && type != DT_SOCK && type != DT_UNKNOWN)
        return;
    if (type != DT_DIR) {
        if (fstatat(dir_fd, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) < 0) {
            leave_out(search, entry->d_name, errno);
            return;
        }
        type = S_ISDIR(info.st_mode)    ? DT_DIR
               : S_ISSOCK(info.st_mode) ? DT_SOCK
                                        : DT_UNKNOWN;
    }
    if (type == DT_DIR)
        push(search, path, entry->d_name);
    else if (type == DT_SOCK)
        take_socket(search, path, dir_fd, entry->d_name, &info);
}

static void
read_directory(BnsSocketSearch *search, const char *path)
{
    bns_autofd fd = open_below(search, path);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;

    if (dir == NULL) {
        leave_out(search, path, errno);
        return;
    }
    (void)g_steal_fd(&fd);
    while (search->entries_left > 0 && (errno = 0, entry = readdir(dir)) != NULL)
        visit(search, path, dirfd(dir), entry);
    if (search->entries_left == 0)
        leave_out(search, "others", E2BIG);
    else if (errno != 0)
        leave_out(search, path, errno);
    closedir(dir);
}

/* --- one after the other --- */

/* Which file system @fd is on, as the kernel tells it of a socket: some (btrfs) tell a
 * device of their own for each of their parts. */
static bool
find_device(BnsSocketSearch *search, int fd)
{
    struct statx info;

    if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &info) < 0)
        return false;
    for (guint i = 0; i < search->mounts->len; i++) {
        const BnsMount *mount = &g_array_index(search->mounts, BnsMount, i);

        if ((info.stx_mask & STATX_MNT_ID) != 0 && mount->id == info.stx_mnt_id)
            return read_device(mount->device, &search->major, &search->minor);
    }
    search->major = info.stx_dev_major;
    search->minor = info.stx_dev_minor;
    return true;
}

static void
begin_root(BnsSocketSearch *search)
{
    const Root *root = &g_array_index(search->roots, Root, search->next_root);

    search->next_root++;
    if (g_hash_table_contains(search->done, root->path))
        return;
    search->root_fd = open_root(root->path);
    if (search->root_fd < 0) {
        leave_out(search, root->path, errno);
        return;
    }
    search->root = root;
    if (find_device(search, search->root_fd) &&
        wants_device(search, search->major, search->minor))
        g_ptr_array_add(search->left, g_strdup(""));
    else
        bns_fd_clear(&search->root_fd);
}

static void
end_root(BnsSocketSearch *search)
{
    bns_fd_clear(&search->root_fd);
    if (!search->root->is_flat)
        g_hash_table_add(search->done, g_strdup(search->root->path));
}

/* Returns: whether there is something else to read. */
static bool
go_on(BnsSocketSearch *search)
{
    if (search->n_open == 0 || search->entries_left == 0)
        return false;
    if (search->left->len > 0) {
        g_autofree char *path =
            g_ptr_array_steal_index_fast(search->left, search->left->len - 1);

        read_directory(search, path);
    } else if (search->root_fd >= 0) {
        end_root(search);
    } else if (search->next_root < search->roots->len) {
        begin_root(search);
    } else {
        return false;
    }
    return true;
}

bool
bns_socket_search_step(BnsSocketSearch *search,
                       gint64 budget_us,
                       BnsSocketSearchFunc func,
                       void *data)
{
    gint64 end_us = g_get_monotonic_time() + budget_us;

    search->func = func;
    search->data = data;
    if (search->mounts == NULL)
        prepare(search);
    while (go_on(search))
        if (g_get_monotonic_time() >= end_us)
            return false;
    return true;
}

bool
bns_socket_search_has_lost(const BnsSocketSearch *search, const BnsHostSocket *socket)
{
    int64_t key = bns_sock_diag_key(socket->major, socket->minor, socket->inode);
    const Wanted *wanted = g_hash_table_lookup(search->wanted, &key);

    return search->has_left_out && wanted != NULL && !wanted->is_whole;
}
