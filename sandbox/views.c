/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/views.h"

#include "base/fd.h"
#include "sandbox/mount_api.h"
#include "sandbox/rebuild.h"
#include "sandbox/review_mount.h"
#include "sandbox/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where the layers' tmpfs is mounted while they are made: nothing that can be written lies
 * below. */
#define STAGE "/dev"

bool
bns_views_freeze(const BnsFileView *view, BnsFault *fault)
{
    int r = view->is_shared ? 0 : bns_mount_set_read_only("/", true);

    return r >= 0
               ? true
               : bns_fault_set(fault, "Could not make the host's files read-only: %s",
                               strerror(-r));
}

static bool
fail(BnsFault *fault, const char *path, int r)
{
    return bns_fault_set(fault, "Could not make the sandbox's view of \"%s\": %s", path,
                         strerror(-r));
}

/* --- what is hidden --- */

static BnsRebuildAct
act(const void *data, const char *path)
{
    const BnsFileView *view = data;
    const BnsViewMount *mount;

    if (bns_file_view_rebuilds(view, path))
        return BNS_REBUILD_DESCEND;
    if (bns_file_view_hides(view, path))
        return BNS_REBUILD_OMIT;
    if (bns_file_view_persists(view, path))
        return BNS_REBUILD_COPY_LARGE;
    mount = bns_file_view_find_mount(view, path);
    if (mount != NULL && mount->access == BNS_VIEW_READ_ONLY &&
        strcmp(mount->path, path) == 0)
        return BNS_REBUILD_BIND_NAMED;
    if (mount == NULL || mount->access == BNS_VIEW_READ_ONLY)
        return BNS_REBUILD_BIND;
    if (mount->access == BNS_VIEW_PRIVATE)
        return BNS_REBUILD_COPY;
    return mount->is_rebuilt ? BNS_REBUILD_BIND_WRITABLE : BNS_REBUILD_BIND;
}

/* Another of them leads to it, and rebuilds it. */
static bool
is_rebuilt_with_another(const BnsFileView *view, const char *path)
{
    for (const char *const *dir = view->rebuilt; *dir != NULL; dir++)
        if (strcmp(*dir, path) != 0 && bns_tree_is_within(path, *dir))
            return true;
    return false;
}

static bool
rebuild(const BnsFileView *view, BnsFault *fault)
{
    const BnsRebuildJudge judge = { act, view };

    for (const char *const *dir = view->rebuilt; dir != NULL && *dir != NULL; dir++) {
        int r = is_rebuilt_with_another(view, *dir)
                    ? 0
                    : bns_rebuild_mount_judged(*dir, &judge);

        if (r < 0 && r != -ENOENT)
            return fail(fault, *dir, r);
    }
    return true;
}

/* --- what differs from what is around it --- */

/* What has gone since the plan was made needs no mount. Anything else that keeps us from
 * it would leave it as what is around it is: writable, for one. */
static bool
is_gone(int r)
{
    return r == -ENOENT || r == -ENOTDIR || r == -ELOOP || r == -EACCES;
}

static bool
open_those(BnsViews *views, bool rebuilt, BnsFault *fault)
{
    for (size_t i = 0; i < views->view->n_mounts; i++) {
        const BnsViewMount *mount = &views->view->mounts[i];
        int fd;

        if (mount->is_rebuilt != rebuilt)
            continue;
        fd = bns_tree_look_along(mount->path);
        if (fd < 0 && !is_gone(fd))
            return fail(fault, mount->path, fd);
        views->fds[i] = MAX(fd, -1);
    }
    return true;
}

static void
open_none(BnsViews *views)
{
    for (size_t i = 0; i < views->view->n_mounts; i++)
        views->fds[i] = -1;
}

/* (transfer full): where to mount, as O_PATH: in a directory that was rebuilt, or
 * covered by one to review, the name leads to something else than before, elsewhere the thing itself is the place. */
static int
open_place(const BnsViews *views, size_t i)
{
    const BnsFileView *view = views->view;
    int fd;

    if (view->review_dir != NULL)
        return bns_tree_look_along(view->mounts[i].path);
    for (const char *const *dir = view->rebuilt; dir != NULL && *dir != NULL; dir++)
        if (bns_tree_is_within(view->mounts[i].path, *dir))
            return bns_tree_look_along(view->mounts[i].path);
    fd = fcntl(views->fds[i], F_DUPFD_CLOEXEC, 0);
    return fd < 0 ? -errno : fd;
}

/* Puts @take_mount, a new mount or an error, in the place of what it shows. */
static int
take_mount(BnsViews *views, size_t i, int take_mount)
{
    if (take_mount < 0)
        return take_mount;
    bns_fd_clear(&views->fds[i]);
    views->fds[i] = take_mount;
    return 0;
}

static int
bind_whole(BnsViews *views, size_t i)
{
    bool is_writable = views->view->mounts[i].access == BNS_VIEW_WRITE;
    bns_autofd place = open_place(views, i);

    if (place < 0)
        return place;
    return take_mount(
        views, i,
        bns_mount_bind(views->fds[i], place,
                       is_writable ? BNS_BIND_WRITABLE : BNS_BIND_READ_ONLY));
}

static int
mount_layer(BnsViews *views, size_t i)
{
    bns_autofd place = open_place(views, i);

    return place < 0
               ? place
               : take_mount(views, i,
                            bns_layers_mount(&views->layers, place, views->fds[i], i));
}

static int
open_stage(void)
{
    bns_autofd place = open(STAGE, O_PATH | O_DIRECTORY | O_CLOEXEC);

    return place < 0 ? -errno : bns_mount_new(place, "tmpfs", "mode=0700", false);
}

static bool
is_whole(const BnsViews *views, size_t i, bool is_layer)
{
    return views->fds[i] >= 0 &&
           (views->view->mounts[i].access == BNS_VIEW_PRIVATE) == is_layer;
}

/* Before what may be written: that can lie in a layer, and a layer in it is shown with
 * it. A directory that can have no layer stays read-only. */
static void
mount_layers(BnsViews *views)
{
    for (size_t i = 0; i < views->view->n_mounts; i++)
        if (is_whole(views, i, true))
            (void)mount_layer(views, i);
}

static bool
mount_plain(BnsViews *views, BnsFault *fault)
{
    mount_layers(views);
    for (size_t i = 0; i < views->view->n_mounts; i++) {
        int r = is_whole(views, i, false) ? bind_whole(views, i) : 0;

        if (r < 0)
            return fail(fault, views->view->mounts[i].path, r);
    }
    return true;
}

/* --- with directories to review --- */

/* @n: among those. */
static int
mount_review(BnsViews *views, size_t i, size_t n, int stage_fd)
{
    const BnsViewMount *mount = &views->view->mounts[i];
    bns_autofd place = open_place(views, i);
    bns_autofd store = -1;
    bns_autofd stage = -1;
    char name[32];

    snprintf(name, sizeof(name), "%zu", n);
    store = bns_tree_look(views->review_fd, name);
    snprintf(name, sizeof(name), "review%zu", n);
    stage = bns_tree_make_directory(stage_fd, name, 0700);
    if (place < 0 || store < 0 || stage < 0)
        return MIN(place, MIN(store, stage));
    return take_mount(
        views, i,
        bns_review_mount(&(const BnsReviewMount){
            views->view, mount->path, views->fds[i], place, store, stage }));
}

static bool
fail_review(BnsFault *fault, const char *path, int r)
{
    return bns_fault_set(fault,
                         "Could not put \"%s\" under a layer to review: %s; it takes "
                         "Linux 5.11 and a local file system below XDG_STATE_HOME",
                         path, strerror(-r));
}

static bool
mount_in_order(BnsViews *views, int stage_fd, BnsFault *fault)
{
    size_t n = 0;

    for (size_t i = 0; i < views->view->n_mounts; i++) {
        const BnsViewMount *mount = &views->view->mounts[i];
        bool is_there = views->fds[i] >= 0;
        int r = 0;

        if (mount->access == BNS_VIEW_REVIEW) {
            /* Gone since, it would come to be in what is around it. */
            r = is_there ? mount_review(views, i, n++, stage_fd) : -ENOENT;
            if (r < 0)
                return fail_review(fault, mount->path, r);
        } else if (is_there && mount->access == BNS_VIEW_PRIVATE) {
            (void)mount_layer(views, i);
        } else if (is_there) {
            r = bind_whole(views, i);
        }
        if (r < 0)
            return fail(fault, mount->path, r);
    }
    return true;
}

static bool
mount_reviewed(BnsViews *views, BnsFault *fault)
{
    bns_autofd stage = open_stage();
    bool is_done =
        stage < 0 ? fail(fault, STAGE, stage) : mount_in_order(views, stage, fault);

    /* The layers keep what is theirs. */
    if (stage >= 0)
        umount2(STAGE, MNT_DETACH);
    return is_done;
}

/* Before anything covers it. */
static bool
open_review(BnsViews *views, BnsFault *fault)
{
    const char *path = views->view->review_dir;

    if (path == NULL)
        return true;
    views->review_fd = bns_tree_look_along(path);
    return views->review_fd >= 0 || fail(fault, path, views->review_fd);
}

bool
bns_views_mount(BnsViews *out_views, const BnsFileView *view, BnsFault *fault)
{
    bool is_done;

    out_views->view = view;
    out_views->review_fd = -1;
    open_none(out_views);
    if (!bns_layers_begin(&out_views->layers, view, fault))
        return false;
    is_done =
        open_review(out_views, fault) && open_those(out_views, false, fault) &&
        rebuild(view, fault) &&
        (view->review_dir != NULL ? mount_reviewed : mount_plain)(out_views, fault);
    bns_layers_end(&out_views->layers);
    if (!is_done)
        return false;
    /* For whoever shows them once more. */
    return open_those(out_views, true, fault);
}

void
bns_views_clear(BnsViews *views)
{
    for (size_t i = 0; i < views->view->n_mounts; i++)
        bns_fd_clear(&views->fds[i]);
    bns_fd_clear(&views->review_fd);
}
