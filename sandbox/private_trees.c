/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/private_trees.h"

#include "base/fd.h"
#include "sandbox/mount_api.h"
#include "sandbox/rebuild.h"
#include "sandbox/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
    const char *path;
    const char *options;
} trees[] = {
    { "/tmp", "mode=1777" },
    { "/run", "mode=0755" },
    { "/var/tmp", "mode=1777" },
    { "/var/run", "mode=0755" },
};
#define N_TREES (G_N_ELEMENTS(trees) + 1)

bool
bns_private_trees_contain(const char *path)
{
    for (size_t i = 0; i < G_N_ELEMENTS(trees); i++)
        if (strcmp(path, trees[i].path) == 0)
            return true;
    return false;
}

bool
bns_private_trees_cover(const char *path)
{
    for (size_t i = 0; i < G_N_ELEMENTS(trees); i++)
        if (bns_tree_is_within(path, trees[i].path))
            return !bns_private_trees_contain(path);
    return false;
}

/* One that was made. */
typedef struct {
    char path[PATH_MAX]; /* real */
    int fd;              /* owned */
} Tree;

typedef struct {
    Tree trees[N_TREES]; /* the last: a runtime directory elsewhere */
    size_t n;
    char runtime[PATH_MAX]; /* the user's runtime directory, real; "": none */
} Trees;

/* Everything below belongs to something else than a session. */
static const char *const never_runtime[] = { "/etc", "/usr" };

static void
trees_clear(Trees *all)
{
    for (size_t i = 0; i < all->n; i++)
        bns_fd_clear(&all->trees[i].fd);
}

/* The tree that @path lies in; @out_rest: what is left of it below. */
static const Tree *
find(const Trees *all, const char *path, const char **out_rest)
{
    for (size_t i = 0; i < all->n; i++)
        if (bns_tree_is_within(path, all->trees[i].path)) {
            *out_rest = path + strlen(all->trees[i].path);
            return &all->trees[i];
        }
    return NULL;
}

/* Covers the directory @path; not twice if two names lead there. */
static int
cover(Trees *all, const char *path, const char *options)
{
    bns_autofd place = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    Tree *tree = &all->trees[all->n];
    const char *rest;
    int r =
        place < 0 ? -errno : bns_tree_path_of(place, tree->path, sizeof(tree->path));

    if (r == -ENOENT)
        return 0;
    if (r < 0 || find(all, tree->path, &rest) != NULL)
        return r;
    tree->fd = bns_mount_new(place, "tmpfs", options, false);
    if (tree->fd < 0)
        return tree->fd;
    all->n++;
    return 0;
}

typedef struct {
    int source_fd;
    int target_fd;
} LinkCopy;

static int
copy_if_link(void *data, const char *name)
{
    const LinkCopy *copy = data;
    int r = bns_tree_copy_link(copy->source_fd, copy->target_fd, name);

    return r == -EINVAL ? 0 : r;
}

static int
fill_run(const Trees *all, int host_run_fd)
{
    const char *rest;
    const Tree *tree = find(all, "/run", &rest);
    LinkCopy copy = { .source_fd = host_run_fd };
    bns_autofd lock = -1;

    if (tree == NULL || host_run_fd < 0)
        return 0;
    copy.target_fd = tree->fd;
    lock = bns_tree_make_directory(tree->fd, "lock", 01777);
    return lock < 0 ? lock : bns_tree_each(host_run_fd, copy_if_link, &copy);
}

static const char *
get_variable(char *const *envp, const char *name)
{
    size_t len = strlen(name);

    for (; *envp != NULL; envp++)
        if (strncmp(*envp, name, len) == 0 && (*envp)[len] == '=')
            return *envp + len + 1;
    return NULL;
}

/* The real path, or @path itself if it does not exist. */
static void
resolve(const char *path, char *out_real)
{
    bns_autofd fd = open(path, O_PATH | O_CLOEXEC);

    if (fd < 0 || bns_tree_path_of(fd, out_real, PATH_MAX) < 0)
        g_strlcpy(out_real, path, PATH_MAX);
}

static void
find_runtime(char *const *envp, char *out_real)
{
    const char *path = get_variable(envp, "XDG_RUNTIME_DIR");

    out_real[0] = '\0';
    if (path != NULL && path[0] == '/' && strstr(path, "/..") == NULL)
        resolve(path, out_real);
}

/* Somebody's XDG_RUNTIME_DIR may be his home: hiding that would serve nobody. */
static bool
is_private_runtime(const char *runtime, char *const *envp)
{
    const char *home = get_variable(envp, "HOME");
    char real_home[PATH_MAX];

    if (home != NULL && home[0] == '/') {
        resolve(home, real_home);
        if (bns_tree_is_within(real_home, runtime))
            return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(never_runtime); i++)
        if (bns_tree_is_within(never_runtime[i], runtime))
            return false;
    return true;
}

bool
bns_private_trees_find_runtime(char *const *envp, char out_path[PATH_MAX])
{
    find_runtime(envp, out_path);
    return out_path[0] != '\0' && is_private_runtime(out_path, envp);
}

static int
make_runtime(Trees *all, char *const *envp)
{
    const char *rest;
    const Tree *tree;
    bns_autofd fd = -1;

    if (all->runtime[0] == '\0')
        return 0;
    tree = find(all, all->runtime, &rest);
    if (tree == NULL)
        return is_private_runtime(all->runtime, envp)
                   ? cover(all, all->runtime, "mode=0700")
                   : 0;
    fd = bns_tree_make_path(tree->fd, rest, 0700);
    return fd < 0 ? fd : 0;
}

/* Neither a tree itself nor what leads to the runtime directory: that would show the
 * sockets that are to stay out of reach. Such a directory is there, but empty. */
static bool
is_shown(const Trees *all, const char *path, const char *rest)
{
    return *rest != '\0' &&
           (all->runtime[0] == '\0' || !bns_tree_is_within(all->runtime, path));
}

static bool
is_directory(int fd)
{
    struct stat info;

    return fstat(fd, &info) == 0 && S_ISDIR(info.st_mode);
}

/* (transfer full): a directory, or else a file, at @rest of @tree to mount on. */
static int
make_place(const Tree *tree, const char *rest, bool for_directory)
{
    const char *name = strrchr(rest, '/');
    bns_autofd dir = -1;
    char path[PATH_MAX];

    if (for_directory || name == NULL)
        return bns_tree_make_path(tree->fd, rest, 0755);
    g_strlcpy(path, rest, MIN(sizeof(path), (size_t)(name - rest) + 1));
    dir = bns_tree_make_path(tree->fd, path, 0755);
    return dir < 0 ? dir : bns_tree_make_place(dir, name + 1);
}

/* @fd: -1: the directory alone. */
static int
show(const Trees *all, const char *path, int fd)
{
    const char *rest;
    const Tree *tree = find(all, path, &rest);
    bns_autofd place = -1;
    bns_autofd mount = -1;

    if (tree == NULL)
        return 0;
    place = make_place(tree, rest, fd < 0 || is_directory(fd));
    if (place < 0 || fd < 0 || !is_shown(all, path, rest))
        return MIN(place, 0);
    mount = bns_mount_bind(fd, place, BNS_BIND_AS_IS);
    return MIN(mount, 0);
}

/* With another, in which it is mounted. */
static bool
is_shown_with_another(const BnsFileView *view, size_t i)
{
    for (size_t above = 0; above < i; above++)
        if (bns_tree_is_within(view->mounts[i].path, view->mounts[above].path))
            return true;
    return false;
}

static int
show_views(const Trees *all, const BnsViews *views)
{
    int r = 0;

    for (size_t i = 0; i < views->view->n_mounts && r >= 0; i++)
        if (views->fds[i] >= 0 && !is_shown_with_another(views->view, i))
            r = show(all, views->view->mounts[i].path, views->fds[i]);
    return r;
}

bool
bns_private_trees_mount(const BnsInitConfig *config,
                        const BnsViews *views,
                        BnsFault *fault)
{
    Trees all = { 0 };
    bns_autofd run = open("/run", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = 0;

    find_runtime(config->envp, all.runtime);
    for (size_t i = 0; i < G_N_ELEMENTS(trees) && r >= 0; i++)
        r = cover(&all, trees[i].path, trees[i].options);
    if (r >= 0)
        r = fill_run(&all, run);
    if (r >= 0)
        r = make_runtime(&all, config->envp);
    if (r >= 0)
        r = show_views(&all, views);
    if (r >= 0)
        r = show(&all, config->workdir, -1);
    trees_clear(&all);
    return r >= 0 ? true
                  : bns_fault_set(fault, "Could not make /tmp and /run private: %s",
                                  strerror(-r));
}
