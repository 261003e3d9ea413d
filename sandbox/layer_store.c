/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/layer_store.h"

#include "audit/place.h"
#include "base/fd.h"
#include "sandbox/keeper.h"
#include "sandbox/kernel.h"
#include "sandbox/review_remove.h"
#include "sandbox/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#define DIRECTORY "layers"
/* Another start may take ours for a dead session's before it is locked. */
#define ATTEMPTS 10

/* Overlayfs asks the upper for one of its own, which it calls "user.overlay.opaque". */
#define ATTRIBUTE "user.bns"

struct BnsLayerStore {
    int all_fd; /* owned; -1: there is none */
    char *all;  /* owned */
    int own_fd; /* owned, locked; -1: none was made */
    char *name; /* owned; NULL: the same */
    char *own;  /* owned; the same */
    BnsKeeper keeper;
};

static int
open_directory(int dir_fd, const char *name)
{
    int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    return fd < 0 ? -errno : fd;
}

static bool
fail(GError **error, const BnsLayerStore *store, int r)
{
    g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(-r), "%s: %s",
                store->all, g_strerror(-r));
    return false;
}

static bool
open_all(BnsLayerStore *store, bool create, GError **error)
{
    g_autofree char *named = NULL;
    char path[PATH_MAX];

    if (store->all_fd >= 0)
        return true;
    store->all_fd =
        bns_place_open_named(BNS_PLACE_STATE, DIRECTORY, create, &named, error);
    if (store->all_fd < 0)
        return false;
    if (bns_tree_path_of(store->all_fd, path, sizeof(path)) == 0)
        store->all = g_strdup(path);
    return true;
}

/* --- of others --- */

static int
sweep_one(void *data, const char *name)
{
    int all_fd = *(const int *)data;
    bns_autofd fd = open_directory(all_fd, name);

    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
        (void)bns_review_remove_tree(all_fd, name);
    return 0;
}

static void
sweep(int all_fd)
{
    bns_autofd fd = open_directory(all_fd, ".");

    if (fd >= 0)
        (void)bns_tree_each(fd, sweep_one, &all_fd);
}

BnsLayerStore *
bns_layer_store_new(void)
{
    BnsLayerStore *store = g_new0(BnsLayerStore, 1);

    store->all_fd = store->own_fd = -1;
    store->keeper = BNS_KEEPER_NONE;
    if (open_all(store, false, NULL))
        sweep(store->all_fd);
    return store;
}

/* --- of this session --- */

/* Whoever removes it has it locked, or had. */
static bool
lock(int all_fd, const char *name, int fd)
{
    struct stat info, named;

    return flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &info) == 0 &&
           fstatat(all_fd, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           info.st_dev == named.st_dev && info.st_ino == named.st_ino;
}

static int
make_one(BnsLayerStore *store)
{
    g_autofree char *name = g_uuid_string_random();
    bns_autofd fd = -1;

    if (mkdirat(store->all_fd, name, 0700) < 0)
        return -errno;
    fd = open_directory(store->all_fd, name);
    if (fd < 0)
        return fd;
    if (!lock(store->all_fd, name, fd)) {
        (void)unlinkat(store->all_fd, name, AT_REMOVEDIR);
        return -EAGAIN;
    }
    store->own_fd = g_steal_fd(&fd);
    store->name = g_steal_pointer(&name);
    store->own = g_build_filename(store->all, store->name, NULL);
    return 0;
}

/* Those that have attributes but are no upper directory for overlayfs: what another
 * machine may change, and layers themselves. */
static bool
is_refused(int fd)
{
    static const long refused[] = { OVERLAYFS_SUPER_MAGIC, NFS_SUPER_MAGIC,
                                    ECRYPTFS_SUPER_MAGIC };
    struct statfs info;

    if (fstatfs(fd, &info) < 0)
        return true;
    for (size_t i = 0; i < G_N_ELEMENTS(refused); i++)
        if ((long)info.f_type == refused[i])
            return true;
    return false;
}

static int
check(int fd)
{
    if (is_refused(fd))
        return -EOPNOTSUPP;
    return fsetxattr(fd, ATTRIBUTE, "y", 1, XATTR_CREATE) < 0 ||
                   fremovexattr(fd, ATTRIBUTE) < 0
               ? -errno
               : 0;
}

bool
bns_layer_store_make(BnsLayerStore *store, GError **error)
{
    int r = -EAGAIN;

    if (!open_all(store, true, error))
        return false;
    if (store->all == NULL)
        r = -ENAMETOOLONG;
    for (int i = 0; i < ATTEMPTS && r == -EAGAIN; i++)
        r = make_one(store);
    if (r == 0)
        r = check(store->own_fd);
    if (r == 0)
        return true;
    bns_layer_store_release(store);
    return fail(error, store, r);
}

/* Of @path: the first layer at or above it; NULL: of any. */
static const BnsViewMount *
find_layer(const BnsFileView *view, const char *path)
{
    for (size_t i = 0; i < view->n_mounts; i++)
        if (view->mounts[i].access == BNS_VIEW_PRIVATE &&
            (path == NULL || bns_tree_is_within(path, view->mounts[i].path)))
            return &view->mounts[i];
    return NULL;
}

/* None can lie in what it covers. */
BnsLayerStore *
bns_layer_store_plan(BnsFileView *view)
{
    BnsLayerStore *store = bns_layer_store_new();
    g_autoptr(GError) error = NULL;

    if (find_layer(view, NULL) != NULL && !bns_kernel_has_tmpfs_attributes() &&
        !bns_layer_store_make(store, &error))
        g_info("layers lie in memory: %s", error->message);
    if (store->own != NULL && find_layer(view, store->own) != NULL)
        bns_layer_store_release(store);
    view->layer_stores = store->all;
    view->layer_store = store->own;
    return store;
}

const char *
bns_layer_store_all(const BnsLayerStore *store)
{
    return store->all;
}

const char *
bns_layer_store_own(const BnsLayerStore *store)
{
    return store->own;
}

/* --- its end --- */

/* Processes that are about to die may still write there; once it is gone they cannot. */
static int
try_to_remove(int all_fd, const char *name)
{
    return bns_review_remove_tree(all_fd, name) < 0 ? -EBUSY : 0;
}

bool
bns_layer_store_keep(BnsLayerStore *store, GError **error)
{
    const BnsKept kept = { .parent_fd = store->all_fd,
                           .lock_fd = store->own_fd,
                           .name = store->name,
                           .remove = try_to_remove };
    int r = store->name == NULL
                ? 0
                : bns_keeper_start(&store->keeper, "bns-layers", &kept, 1);

    return r == 0 || fail(error, store, r);
}

void
bns_layer_store_release(BnsLayerStore *store)
{
    bool is_gone =
        store->name == NULL || bns_review_remove_tree(store->all_fd, store->name) == 0;

    bns_keeper_end(&store->keeper, is_gone);
    bns_fd_clear(&store->own_fd);
    g_clear_pointer(&store->name, g_free);
    g_clear_pointer(&store->own, g_free);
}

void
bns_layer_store_free(BnsLayerStore *store)
{
    if (store == NULL)
        return;
    bns_layer_store_release(store);
    bns_fd_clear(&store->all_fd);
    g_free(store->all);
    g_free(store);
}
