/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/policy_watch.h"

#include "base/fd.h"
#include "sandbox/path_walk.h"

#include <errno.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

/* What makes a name lead elsewhere, or its file another one; of a directory itself, too. */
#define EVENTS                                                                         \
    (IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_MODIFY |                 \
     IN_CLOSE_WRITE | IN_ATTRIB)
#define SELF (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT)
/* Reads per turn of the loop: somebody who writes without end is not all that the
 * supervisor hears of. */
#define READS_PER_TURN 8

#define ANY_NAME "*"

struct BnsPolicyWatch {
    int fd;          /* owned */
    BnsWatch *watch; /* owned */
    /* owned; the kernel's number of each to owned set of owned names */
    GHashTable *directories;
    BnsPolicyWatchFunc func;
    void *data;
};

static bool
is_news(const BnsPolicyWatch *watch, const struct inotify_event *event)
{
    GHashTable *names;

    if ((event->mask & IN_Q_OVERFLOW) != 0)
        return true;
    names = g_hash_table_lookup(watch->directories, GINT_TO_POINTER(event->wd));
    if (names == NULL)
        return false;
    if (event->len == 0)
        return (event->mask & (SELF | IN_IGNORED)) != 0;
    return g_hash_table_contains(names, event->name) ||
           g_hash_table_contains(names, ANY_NAME);
}

static void
on_readable(uint32_t events, void *data)
{
    BnsPolicyWatch *watch = data;
    _Alignas(struct inotify_event) char buffer[16 * 1024];
    bool has_news = false;

    for (int i = 0; i < READS_PER_TURN; i++) {
        ssize_t n = read(watch->fd, buffer, sizeof(buffer));

        for (ssize_t at = 0; at < n;) {
            const struct inotify_event *event =
                (const struct inotify_event *)(const void *)(buffer + at);

            at += (ssize_t)(sizeof(*event) + event->len);
            has_news |= is_news(watch, event);
        }
        if (n <= 0)
            break;
    }
    if (has_news)
        watch->func(watch->data);
}

BnsPolicyWatch *
bns_policy_watch_new(BnsLoop *loop, BnsPolicyWatchFunc func, void *data)
{
    int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    BnsPolicyWatch *watch;

    if (fd < 0)
        return NULL;
    watch = g_new0(BnsPolicyWatch, 1);
    watch->fd = fd;
    watch->func = func;
    watch->data = data;
    watch->directories =
        g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_hash_table_unref);
    watch->watch = bns_loop_watch(loop, fd, EPOLLIN, on_readable, watch);
    return watch;
}

void
bns_policy_watch_free(BnsPolicyWatch *watch)
{
    if (watch == NULL)
        return;
    bns_watch_free(watch->watch);
    bns_fd_clear(&watch->fd);
    g_hash_table_unref(watch->directories);
    g_free(watch);
}

/* A directory that is not there, or not to be looked into, has a parent that is watched. */
static bool
add_step(BnsPolicyWatch *watch, GHashTable *directories, const BnsPathStep *step)
{
    GHashTable *names;
    int number = inotify_add_watch(watch->fd, step->dir, EVENTS | SELF | IN_ONLYDIR);

    if (number < 0)
        return errno != ENOSPC && errno != ENOMEM;
    names = g_hash_table_lookup(directories, GINT_TO_POINTER(number));
    if (names == NULL) {
        names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        g_hash_table_insert(directories, GINT_TO_POINTER(number), names);
    }
    g_hash_table_add(names, g_strdup(step->name));
    return true;
}

static void
forget_others(BnsPolicyWatch *watch, GHashTable *kept)
{
    GHashTableIter iter;
    gpointer number;

    g_hash_table_iter_init(&iter, watch->directories);
    while (g_hash_table_iter_next(&iter, &number, NULL))
        if (!g_hash_table_contains(kept, number))
            inotify_rm_watch(watch->fd, GPOINTER_TO_INT(number));
    g_hash_table_unref(watch->directories);
    watch->directories = kept;
}

bool
bns_policy_watch_set(BnsPolicyWatch *watch, const GPtrArray *paths)
{
    GHashTable *directories =
        g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_hash_table_unref);
    bool are_watched = true;
    int saved = 0;

    for (guint i = 0; i < paths->len; i++) {
        g_autoptr(GPtrArray) steps = bns_path_walk(paths->pdata[i]);

        for (guint j = 0; j < steps->len && are_watched; j++) {
            are_watched = add_step(watch, directories, steps->pdata[j]);
            saved = errno;
        }
    }
    forget_others(watch, directories);
    errno = saved;
    return are_watched;
}
