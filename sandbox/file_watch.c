/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/file_watch.h"

#include "base/fd.h"
#include "sandbox/file_protect.h"
#include "sandbox/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

/* A project has some forty. */
#define DIRECTORIES_MAX 1024
/* A directory that holds more is looked through at the end. */
#define ENTRIES_MAX 1024
/* Reads per turn of the loop, so that a command that writes without end is not all that
 * the supervisor hears of. */
#define READS_PER_TURN 8

#define EVENTS (IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE)

typedef struct {
    char *path; /* owned */
    char *root; /* owned: in which of them */
} Directory;

struct BnsFileWatch {
    int fd;                  /* owned */
    BnsWatch *watch;         /* owned */
    GHashTable *directories; /* owned; by number of the kernel, of owned Directory */
    BnsFileWatchFunc func;
    void *data;
    int64_t since_us;
    bool is_begun; /* what is found from now on was not there at the start */
};

static void
directory_free(void *data)
{
    Directory *directory = data;

    g_free(directory->path);
    g_free(directory->root);
    g_free(directory);
}

/* By descriptor: the command may exchange what is on the way. */
static bool
add_directory(BnsFileWatch *watch, const char *root, const char *path, int path_fd)
{
    Directory *directory;
    char link[64];
    int number;

    if (g_hash_table_size(watch->directories) >= DIRECTORIES_MAX)
        return false;
    g_snprintf(link, sizeof(link), "/proc/self/fd/%d", path_fd);
    number = inotify_add_watch(watch->fd, link, EVENTS | IN_ONLYDIR | IN_EXCL_UNLINK);
    if (number < 0)
        return false;
    directory = g_new0(Directory, 1);
    directory->path = g_strdup(path);
    directory->root = g_strdup(root);
    /* One that was known by another name has this one now. */
    g_hash_table_replace(watch->directories, GINT_TO_POINTER(number), directory);
    return true;
}

static void
look_through(BnsFileWatch *watch, const char *root, const char *path, int path_fd);

static bool
is_news(const BnsFileWatch *watch, const struct stat *info)
{
    return watch->is_begun ||
           info->st_ctim.tv_sec * G_USEC_PER_SEC + info->st_ctim.tv_nsec / 1000 >=
               watch->since_us;
}

/* At @name in @dir_fd, which is @path. */
static void
look_at(BnsFileWatch *watch,
        const char *root,
        const char *path,
        int dir_fd,
        const char *name)
{
    bns_autofd fd = bns_tree_look(dir_fd, name);
    struct stat info;

    if (fd < 0 || fstat(fd, &info) < 0)
        return;
    if (!S_ISDIR(info.st_mode)) {
        if (is_news(watch, &info) && bns_file_protect_reason(path) != NULL)
            watch->func(watch->data, path);
        return;
    }
    if (bns_file_protect_leads_to(path + strlen(root) + 1, path) &&
        add_directory(watch, root, path, fd))
        look_through(watch, root, path, fd);
}

/* What was made before it was watched. */
static void
look_through(BnsFileWatch *watch, const char *root, const char *path, int path_fd)
{
    int fd = openat(path_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *entry;

    if (dir == NULL) {
        bns_fd_clear(&fd);
        return;
    }
    for (int i = 0; i < ENTRIES_MAX && (entry = readdir(dir)) != NULL; i++) {
        g_autofree char *below = g_build_filename(path, entry->d_name, NULL);

        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            look_at(watch, root, below, path_fd, entry->d_name);
    }
    closedir(dir);
}

static void
look_at_first(
    BnsFileWatch *watch, const char *root, int root_fd, const char *name, size_t len)
{
    g_autofree char *first = g_strndup(name, len);
    g_autofree char *path = g_build_filename(root, first, NULL);

    look_at(watch, root, path, root_fd, first);
}

/* A root may be large, so by the names of the table; or it is a repository itself. */
static void
add_root(BnsFileWatch *watch, const char *root)
{
    bns_autofd fd = bns_tree_look_along(root);

    if (fd < 0 || !add_directory(watch, root, root, fd))
        return;
    for (size_t i = 0; i < bns_n_protect_entries; i++) {
        const char *path = bns_protect_entries[i].path;
        size_t len = strcspn(path, "/");

        if (bns_protect_entries[i].place == BNS_PROTECT_PROJECT &&
            memchr(path, '*', len) == NULL &&
            (i == 0 || strncmp(path, bns_protect_entries[i - 1].path, len + 1) != 0))
            look_at_first(watch, root, fd, path, len);
    }
    look_at_first(watch, root, fd, "hooks", strlen("hooks"));
}

static void
on_event(BnsFileWatch *watch, const struct inotify_event *event)
{
    const Directory *directory =
        g_hash_table_lookup(watch->directories, GINT_TO_POINTER(event->wd));
    g_autofree char *path = NULL;
    g_autofree char *root = NULL;
    bns_autofd dir_fd = -1;

    if (directory == NULL)
        return;
    if ((event->mask & IN_IGNORED) != 0) {
        g_hash_table_remove(watch->directories, GINT_TO_POINTER(event->wd));
        return;
    }
    if (event->len == 0)
        return;
    path = g_build_filename(directory->path, event->name, NULL);
    root = g_strdup(directory->root);
    dir_fd = bns_tree_look_along(directory->path);
    if (dir_fd >= 0)
        look_at(watch, root, path, dir_fd, event->name);
}

static void
on_readable(uint32_t events, void *data)
{
    BnsFileWatch *watch = data;
    _Alignas(struct inotify_event) char buffer[16 * 1024];

    for (int i = 0; i < READS_PER_TURN; i++) {
        ssize_t n = read(watch->fd, buffer, sizeof(buffer));

        for (ssize_t at = 0; at < n;) {
            const struct inotify_event *event =
                (const struct inotify_event *)(const void *)(buffer + at);

            at += (ssize_t)(sizeof(*event) + event->len);
            on_event(watch, event);
        }
        if (n <= 0)
            return;
    }
}

BnsFileWatch *
bns_file_watch_new(BnsLoop *loop,
                   const char *const *roots,
                   int64_t since_us,
                   BnsFileWatchFunc func,
                   void *data)
{
    BnsFileWatch *watch;
    int fd = *roots != NULL ? inotify_init1(IN_CLOEXEC | IN_NONBLOCK) : -1;

    if (fd < 0)
        return NULL;
    watch = g_new0(BnsFileWatch, 1);
    watch->fd = fd;
    watch->since_us = since_us;
    watch->func = func;
    watch->data = data;
    watch->directories = g_hash_table_new_full(NULL, NULL, NULL, directory_free);
    for (; *roots != NULL; roots++)
        add_root(watch, *roots);
    watch->is_begun = true;
    watch->watch = bns_loop_watch(loop, fd, EPOLLIN, on_readable, watch);
    return watch;
}

void
bns_file_watch_free(BnsFileWatch *watch)
{
    if (watch == NULL)
        return;
    bns_watch_free(watch->watch);
    bns_fd_clear(&watch->fd);
    g_hash_table_unref(watch->directories);
    g_free(watch);
}
