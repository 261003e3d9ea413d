/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/socket_watch.h"

#include "base/fd.h"
#include "base/ready.h"
#include "sandbox/host_sockets.h"
#include "sandbox/sight.h"
#include "sandbox/socket_masks.h"
#include "sandbox/socket_places.h"
#include "sandbox/socket_search.h"

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

/* Connected sockets, many more than the others, are listed in each third round: there are
 * open ones among them (sandbox/sock_diag.h). What was not in two such lists is gone. */
#define ROUNDS_OF_ALL 3
#define ROUNDS_KEPT   (2 * ROUNDS_OF_ALL - 1)

/* What a search may cost, about: 7 s of a processor. */
#define SEARCH_ENTRIES_MAX 5000000
#define SEARCH_PAUSES      20

typedef struct {
    BnsHostSocket socket;
    int64_t key;
    guint round;    /* the last one whose list had it */
    char *path;     /* owned; one of its names; NULL: not known */
    gint64 ctime;   /* of it: a new name, or the loss of one, changes it; in ns */
    bool is_asked;  /* in this round */
    bool is_stray;  /* it may lie where no question was about */
    bool is_sought; /* by the search */
} Known;

struct BnsSocketWatch {
    const BnsFileView *view;    /* borrowed */
    const char *const *allowed; /* borrowed */
    int fd;                     /* owned */
    guint round;
    GHashTable *known;       /* owned: key to owned Known */
    GHashTable *questions;   /* owned: owned directory to owned GArray of keys */
    BnsSocketSearch *search; /* owned; NULL: none is under way */
    gint64 search_us;        /* how long it has worked */
    gint64 next_search_us;   /* not before */
    char *lost;              /* owned; NULL: none */
};

/* --- what is known --- */

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
    bns_socket_search_free(watch->search);
    g_free(watch->lost);
    g_free(watch);
}

static void
on_found(void *data, const BnsHostSocket *found)
{
    BnsSocketWatch *watch = data;
    int64_t key = bns_sock_diag_key(found->major, found->minor, found->inode);
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
            bns_sock_diag_key(major(info.st_dev), minor(info.st_dev),
                              (uint32_t)info.st_ino) == known->key)
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
    known->is_stray = false;
    bns_socket_places_find(places, &known->socket, &place);
    if (is_allowed(watch, known, place.path))
        return;
    known->is_stray = place.path != NULL ? place.n_links > 1 : !place.is_beyond;
    if (last != NULL) {
        g_autofree char *dir = g_path_get_dirname(last);

        ask(watch, known, dir);
        set_path(known, last);
    }
    for (guint i = 0; i < place.dirs->len; i++)
        ask(watch, known, place.dirs->pdata[i]);
    if (place.path != NULL)
        set_path(known, place.path);
}

/* The first time by parts of two sizes, smaller ones first, since the kernel keeps to the
 * largest: what was there at the start is all known. */
static bool
read_list(BnsSocketWatch *watch, GError **error)
{
    bool is_all = watch->round % ROUNDS_OF_ALL == 1;

    if (watch->round == 1 &&
        !bns_host_sockets_read(watch->fd, is_all, FIRST_ANSWER_BYTES, on_found, watch,
                               error))
        return false;
    return bns_host_sockets_read(watch->fd, is_all, BNS_SOCK_DIAG_ANSWER_BYTES,
                                 on_found, watch, error);
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
        if (watch->round - known->round > ROUNDS_KEPT)
            g_hash_table_iter_remove(&iter);
        else if (known->round == watch->round &&
                 (!known->is_asked || has_changed(known)))
            look_for(watch, places, known);
    }
    return bns_sight_check(error);
}

/* --- the search --- */

static void
begin_search(BnsSocketWatch *watch)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, watch->known);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        Known *known = value;

        /* One that is closed has most often been removed, too. */
        if (!known->is_stray || known->round != watch->round)
            continue;
        if (watch->search == NULL)
            watch->search = bns_socket_search_new(watch->view, SEARCH_ENTRIES_MAX);
        bns_socket_search_add(watch->search, &known->socket);
        known->is_stray = false;
        known->is_sought = true;
    }
    watch->search_us = 0;
}

typedef struct {
    BnsSocketWatch *watch;   /* borrowed */
    BnsSocketPlaces *places; /* borrowed */
    bool is_first;           /* names are the host's, not the command's */
} Finding;

static void
on_stray(void *data, const BnsHostSocket *socket, const char *path)
{
    const Finding *finding = data;
    int64_t key = bns_sock_diag_key(socket->major, socket->minor, socket->inode);
    Known *known = g_hash_table_lookup(finding->watch->known, &key);
    g_autofree char *dir = g_path_get_dirname(path);
    const GPtrArray *shown;

    if (known == NULL || known->socket.cookie != socket->cookie ||
        is_allowed(finding->watch, known, finding->is_first ? path : NULL))
        return;
    shown = bns_socket_places_shown(finding->places, dir);
    for (guint i = 0; i < shown->len; i++)
        ask(finding->watch, known, shown->pdata[i]);
    if (known->path == NULL)
        set_path(known, path);
}

static void
end_search(BnsSocketWatch *watch)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, watch->known);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        Known *known = value;

        if (known->is_sought &&
            bns_socket_search_has_lost(watch->search, &known->socket)) {
            g_info("a socket bound as \"%s\" was not found", known->socket.name);
            g_free(watch->lost);
            watch->lost = g_strdup(known->socket.name);
        }
        known->is_sought = false;
    }
    g_debug("searched for sockets for %" G_GINT64_FORMAT " us", watch->search_us);
    g_clear_pointer(&watch->search, bns_socket_search_free);
    watch->next_search_us = g_get_monotonic_time() + SEARCH_PAUSES * watch->search_us;
}

bool
bns_socket_watch_search(BnsSocketWatch *watch, gint64 budget_us, bool is_first)
{
    g_autoptr(BnsSocketPlaces) places = bns_socket_places_new(watch->view);
    Finding finding = { watch, places, is_first };
    gint64 now_us = g_get_monotonic_time();
    bool is_over;

    if (watch->search == NULL && (is_first || now_us >= watch->next_search_us))
        begin_search(watch);
    if (watch->search == NULL)
        return false;
    is_over = bns_socket_search_step(watch->search, budget_us, on_stray, &finding);
    watch->search_us += g_get_monotonic_time() - now_us;
    if (is_over)
        end_search(watch);
    return !is_over;
}

const char *
bns_socket_watch_sought(const BnsSocketWatch *watch)
{
    const char *name = NULL;
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, watch->known);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const Known *known = value;

        if (known->is_sought && (name == NULL || known->path == NULL))
            name = known->socket.name;
    }
    return name;
}

char *
bns_socket_watch_take_lost(BnsSocketWatch *watch)
{
    return g_steal_pointer(&watch->lost);
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
    key = bns_sock_diag_key(major_number, minor_number, inode);
    known = g_hash_table_lookup(watch->known, &key);
    /* It may be gone by now. */
    if (known != NULL && known->path == NULL)
        set_path(known, text + len + 1);
    return text + len + 1;
}
