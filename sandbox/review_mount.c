/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/review_mount.h"

#include "base/fd.h"
#include "sandbox/mount_api.h"
#include "sandbox/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- what is hidden --- */

/* One directory of the host's, and of the whiteouts. */
typedef struct {
    const BnsFileView *view;
    const char *path;
    int host_fd;
    int mask_fd;
} Level;

static bool
is_below(const BnsViewRule *rule, const char *path)
{
    return strcmp(rule->path, path) != 0 && bns_tree_is_within(rule->path, path);
}

static bool
has_rule_below(const BnsFileView *view, const char *path, bool is_hidden)
{
    for (size_t i = 0; i < view->n_rules; i++)
        if (view->rules[i].is_hidden == is_hidden && is_below(&view->rules[i], path))
            return true;
    return false;
}

static int
mask(int dir_fd, const char *name)
{
    int r = mknodat(dir_fd, name, S_IFCHR, 0);

    return r < 0 && errno != EEXIST ? -errno : 0;
}

static int fill(const Level *level);

static int
descend(const Level *level, const char *name, const char *path)
{
    bns_autofd host =
        openat(level->host_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    bns_autofd below = -1;
    struct stat info;

    /* No directory; or what we may not read, the command may not either. */
    if (host < 0)
        return errno == EMFILE || errno == ENFILE || errno == ENOMEM ? -errno : 0;
    if (fstat(host, &info) < 0)
        return -errno;
    below = bns_tree_make_directory(level->mask_fd, name, info.st_mode & 07777);
    return below < 0 ? below : fill(&(const Level){ level->view, path, host, below });
}

static int
take_entry(void *data, const char *name)
{
    const Level *level = data;
    char path[PATH_MAX];
    bool is_hidden;

    if (snprintf(path, sizeof(path), "%s/%s", level->path, name) >= (int)sizeof(path))
        return -ENAMETOOLONG;
    is_hidden = bns_file_view_hides(level->view, path);
    if (is_hidden && !has_rule_below(level->view, path, false))
        return mask(level->mask_fd, name);
    if (is_hidden || has_rule_below(level->view, path, true))
        return descend(level, name, path);
    return 0;
}

/* What may come to be there. */
static int
mask_absent(const Level *level)
{
    const BnsFileView *view = level->view;
    size_t len = strlen(level->path);

    for (size_t i = 0; i < view->n_rules; i++) {
        const BnsViewRule *rule = &view->rules[i];
        const char *name = rule->path + rule->dir_len + 1;
        int r = 0;

        if (rule->is_hidden && rule->dir_len == len &&
            memcmp(rule->path, level->path, len) == 0 && strchr(name, '*') == NULL &&
            bns_file_view_hides(view, rule->path) &&
            !has_rule_below(view, rule->path, false))
            r = mask(level->mask_fd, name);
        if (r < 0)
            return r;
    }
    return 0;
}

static int
fill(const Level *level)
{
    int r = bns_tree_each(level->host_fd, take_entry, (void *)(uintptr_t)level);

    return r < 0 ? r : mask_absent(level);
}

/* (transfer full): a layer without what is hidden, or -errno; -ENOENT: nothing is. */
static int
make_masks(const BnsReviewMount *mount)
{
    bns_autofd masks = -1;
    bns_autofd host = -1;
    int r;

    if (!has_rule_below(mount->view, mount->path, true))
        return -ENOENT;
    host = openat(mount->lower_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (host < 0)
        return -errno;
    masks = bns_tree_make_directory(mount->stage_fd, "masks", 0755);
    r = masks < 0 ? masks
                  : fill(&(const Level){ mount->view, mount->path, host, masks });
    return r < 0 ? (r == -ENOENT ? -EIO : r) : g_steal_fd(&masks);
}

/* --- layers --- */

/* (transfer full): the store, where it can be written to. */
static int
open_store(const BnsReviewMount *mount)
{
    bns_autofd place = bns_tree_make_directory(mount->stage_fd, "store", 0700);

    return place < 0 ? place
                     : bns_mount_bind(mount->store_fd, place, BNS_BIND_WRITABLE);
}

int
bns_review_mount(const BnsReviewMount *mount)
{
    bns_autofd masks = make_masks(mount);
    bns_autofd store = -1;
    bns_autofd upper = -1;
    bns_autofd work = -1;

    if (masks < 0 && masks != -ENOENT)
        return masks;
    store = open_store(mount);
    if (store < 0)
        return store;
    upper = bns_tree_look(store, "upper");
    work = bns_tree_look(store, "work");
    if (upper < 0 || work < 0)
        return MIN(upper, work);
    return bns_mount_layers(
        &(const BnsLayers){ mount->place_fd, masks, mount->lower_fd, upper, work });
}
