/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/socket_watch.h"

#include "base/fd.h"
#include "base/ready.h"
#include "sandbox/host_sockets.h"
#include "sandbox/sight.h"
#include "sandbox/socket_masks.h"
#include "sandbox/socket_places.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* Of a question: what is left of a message by the sockets that it names. */
#define DIRECTORY_MAX (BNS_READY_TEXT_MAX - BNS_SOCKET_MASKS_MAX * 24)
G_STATIC_ASSERT(DIRECTORY_MAX > 512);

/* No divisor of BNS_SOCK_DIAG_ANSWER_BYTES: the parts end at other sockets. */
#define FIRST_ANSWER_BYTES 19000

typedef struct {
    BnsHostSocket socket;
    int64_t key;
    guint round;  /* the last one whose list had it */
    char *path;   /* owned; where the command may see it; NULL: nowhere, or not known */
    gint64 ctime; /* of it: a new name, or the loss of one, changes it; in ns */
    bool is_asked; /* in this round */
} Known;

struct BnsSocketWatch {
    const BnsFileView *view;    /* borrowed */
    const char *const *allowed; /* borrowed */
    int fd;                     /* owned */
    guint round;
    GHashTable *known;     /* owned: key to owned Known */
    GHashTable *questions; /* owned: owned directory to owned GArray of keys */
};

/* --- what is known --- */

static int64_t
key_of(unsigned major_number, unsigned minor_number, uint32_t inode)
{
    return (int64_t)((uint64_t)major_number << 52 |
                     ((uint64_t)minor_number & 0xfffff) << 32 | inode);
}

static void
known_free(void *data)
{
    Known *known = data;

    g_free(known->path);
    g_free(known);
}

BnsSocketWatch *
bns_socket_watch_new(const BnsFileView *view,
                     const char *const *allowed,
                     GError **error)
{
    bns_autofd fd = bns_host_sockets_open(error);
    BnsSocketWatch *watch;

    if (fd < 0)
        return NULL;
    watch = g_new0(BnsSocketWatch, 1);
    watch->view = view;
    watch->allowed = allowed;
    watch->fd = g_steal_fd(&fd);
    watch->known = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, known_free);
    watch->questions = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                             (GDestroyNotify)g_array_unref);
    return watch;
}

void
bns_socket_watch_free(BnsSocketWatch *watch)
{
    if (watch == NULL)
        return;
    bns_fd_clear(&watch->fd);
    g_hash_table_unref(watch->known);
    g_hash_table_unref(watch->questions);
    g_free(watch);
}

static void
on_found(void *data, const BnsHostSocket *found)
{
    BnsSocketWatch *watch = data;
    int64_t key = key_of(found->major, found->minor, found->inode);
    Known *known = g_hash_table_lookup(watch->known, &key);

    if (known == NULL || known->socket.cookie != found->cookie) {
        known = g_new0(Known, 1);
        known->socket = *found;
        known->key = key;
        g_hash_table_replace(watch->known, &known->key, known);
    }
    known->round = watch->round;
}

/* --- whether one is to be looked for --- */

static bool
is_socket(const Known *known, const struct stat *info)
{
    return S_ISSOCK(info->st_mode) && (uint32_t)info->st_ino == known->socket.inode;
}

static gint64
ctime_of(const struct stat *info)
{
    return (gint64)info->st_ctim.tv_sec * 1000000000 + info->st_ctim.tv_nsec;
}

/* Whether the command can put another socket at @path. */
static bool
is_writable(const BnsSocketWatch *watch, const char *path)
{
    g_autofree char *dir = g_path_get_dirname(path);
    const BnsViewMount *mount = bns_file_view_find_mount(watch->view, dir);

    return mount != NULL ? mount->access == BNS_VIEW_WRITE : watch->view->is_shared;
}

/* By its own name, or by that which the host gave it since, where the device tells that
 * it is the one. */
static bool
is_allowed(const BnsSocketWatch *watch, const Known *known, const char *path)
{
    for (const char *const *allowed = watch->allowed;
         allowed != NULL && *allowed != NULL; allowed++) {
        struct stat info;

        if (g_strcmp0(*allowed, path) == 0)
            return true;
        if (path == NULL && !is_writable(watch, *allowed) &&
            lstat(*allowed, &info) == 0 && is_socket(known, &info) &&
            key_of(major(info.st_dev), minor(info.st_dev), (uint32_t)info.st_ino) ==
                known->key)
            return true;
    }
    return false;
}

static void
set_path(Known *known, const char *path)
{
    struct stat info;

    g_clear_pointer(&known->path, g_free);
    if (lstat(path, &info) < 0 || !is_socket(known, &info))
        return;
    known->path = g_strdup(path);
    known->ctime = ctime_of(&info);
}

static bool
has_changed(const Known *known)
{
    struct stat info;

    if (known->path == NULL)
        return false;
    return lstat(known->path, &info) < 0 || !is_socket(known, &info) ||
           ctime_of(&info) != known->ctime;
}

static void
ask(BnsSocketWatch *watch, const Known *known, const char *dir)
{
    GArray *keys = g_hash_table_lookup(watch->questions, dir);

    if (strlen(dir) > DIRECTORY_MAX)
        return;
    if (keys == NULL) {
        keys = g_array_new(FALSE, FALSE, sizeof(int64_t));
        g_hash_table_insert(watch->questions, g_strdup(dir), keys);
    }
    g_array_append_val(keys, known->key);
}

static void
look_for(BnsSocketWatch *watch, BnsSocketPlaces *places, Known *known)
{
    g_auto(BnsSocketPlace) place = BNS_SOCKET_PLACE_NONE;
    g_autofree char *last = g_steal_pointer(&known->path);

    known->is_asked = true;
    bns_socket_places_find(places, &known->socket, &place);
    if (is_allowed(watch, known, place.path))
        return;
    if (last != NULL) {
        g_autofree char *dir = g_path_get_dirname(last);

        ask(watch, known, dir);
        set_path(known, last);
    }
    for (guint i = 0; i < place.dirs->len; i++)
        ask(watch, known, place.dirs->pdata[i]);
    if (place.path != NULL && place.dirs->len > 0)
        set_path(known, place.path);
}

/* The first time by parts of two sizes, smaller ones first, since the kernel keeps to the
 * largest: what was there at the start is all known. */
static bool
read_list(BnsSocketWatch *watch, GError **error)
{
    if (watch->round == 1 &&
        !bns_host_sockets_read(watch->fd, FIRST_ANSWER_BYTES, on_found, watch, error))
        return false;
    return bns_host_sockets_read(watch->fd, BNS_SOCK_DIAG_ANSWER_BYTES, on_found, watch,
                                 error);
}

bool
bns_socket_watch_poll(BnsSocketWatch *watch, GError **error)
{
    g_autoptr(BnsSocketPlaces) places = bns_socket_places_new(watch->view);
    GHashTableIter iter;
    gpointer value;

    watch->round++;
    if (!read_list(watch, error))
        return false;
    g_hash_table_iter_init(&iter, watch->known);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        Known *known = value;

        /* One that a list passed over is not gone. */
        if (watch->round - known->round > 1)
            g_hash_table_iter_remove(&iter);
        else if (!known->is_asked || has_changed(known))
            look_for(watch, places, known);
    }
    return bns_sight_check(error);
}

/* --- questions and answers --- */

char *
bns_socket_watch_next(BnsSocketWatch *watch)
{
    GString *text;
    GHashTableIter iter;
    gpointer dir, value;
    GArray *keys;
    guint n;

    g_hash_table_iter_init(&iter, watch->questions);
    if (!g_hash_table_iter_next(&iter, &dir, &value))
        return NULL;
    keys = value;
    n = MIN(keys->len, BNS_SOCKET_MASKS_MAX);
    text = g_string_new(NULL);
    for (guint i = 0; i < n; i++) {
        uint64_t key = (uint64_t)g_array_index(keys, int64_t, i);

        g_string_append_printf(text, "%s%u:%u:%" PRIu32, i > 0 ? " " : "",
                               (unsigned)(key >> 52), (unsigned)(key >> 32 & 0xfffff),
                               (uint32_t)(key & UINT32_MAX));
    }
    g_string_append_printf(text, "\n%s", (const char *)dir);
    g_array_remove_range(keys, 0, n);
    if (keys->len == 0)
        g_hash_table_iter_remove(&iter);
    return g_string_free(text, FALSE);
}

const char *
bns_socket_watch_masked(BnsSocketWatch *watch, const char *text)
{
    unsigned major_number, minor_number;
    uint32_t inode;
    int len = 0;
    int64_t key;
    Known *known;

    if (sscanf(text, "%u:%u:%" SCNu32 "%n", &major_number, &minor_number, &inode,
               &len) != 3 ||
        text[len] != '\n')
        return NULL;
    key = key_of(major_number, minor_number, inode);
    known = g_hash_table_lookup(watch->known, &key);
    /* It may be gone by now. */
    if (known != NULL && known->path == NULL)
        set_path(known, text + len + 1);
    return text + len + 1;
}
