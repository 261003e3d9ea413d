/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/sessions.h"

#include "audit/place.h"
#include "audit/recorder.h"
#include "base/fd.h"
#include "base/text.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* "20261124T070000Z-" before the id and ".jsonl" behind it (audit/file.c). */
#define TIME_LEN    17
#define SESSION_LEN 36

typedef struct {
    char *path; /* owned */
    char *name; /* owned; of the file: it begins with the time */
    struct timespec changed;
} Session;

static void
session_free(void *data)
{
    Session *session = data;

    g_free(session->path);
    g_free(session->name);
    g_free(session);
}

static bool
is_session_name(const char *name)
{
    static const char shape[] =
        "########T######Z-xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx.jsonl";

    if (strlen(name) != strlen(shape))
        return false;
    for (size_t i = 0; shape[i] != '\0'; i++) {
        bool fits = shape[i] == '#'   ? g_ascii_isdigit(name[i])
                    : shape[i] == 'x' ? strchr("0123456789abcdef", name[i]) != NULL
                                      : name[i] == shape[i];

        if (!fits)
            return false;
    }
    return true;
}

/* An empty file is of a session that did not begin. */
static void
add_session(GPtrArray *sessions, int dir, const char *dir_path, const char *name)
{
    Session *session;
    struct stat st;

    if (!is_session_name(name) || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
        !S_ISREG(st.st_mode) || st.st_size == 0)
        return;
    session = g_new0(Session, 1);
    session->path = g_build_filename(dir_path, name, NULL);
    session->name = g_strdup(name);
    session->changed = st.st_mtim;
    g_ptr_array_add(sessions, session);
}

static void
add_place(GPtrArray *sessions, BnsPlace place)
{
    g_autofree char *path = NULL;
    bns_autofd fd = bns_place_open(place, false, &path, NULL);
    const struct dirent *entry;
    DIR *dir;

    if (fd < 0)
        return;
    dir = fdopendir(fd);
    if (dir == NULL)
        return;
    while ((entry = readdir(dir)) != NULL)
        add_session(sessions, fd, path, entry->d_name);
    fd = -1;
    closedir(dir);
}

/* Returns: whether @a began after @b; in the same second, was written to after it. */
static bool
is_newer(const Session *a, const Session *b)
{
    int by_time = strncmp(a->name, b->name, TIME_LEN);

    if (by_time != 0)
        return by_time > 0;
    if (a->changed.tv_sec != b->changed.tv_sec)
        return a->changed.tv_sec > b->changed.tv_sec;
    return a->changed.tv_nsec > b->changed.tv_nsec;
}

static const Session *
newest(const GPtrArray *sessions)
{
    const Session *found = NULL;

    for (guint i = 0; i < sessions->len; i++) {
        const Session *session = g_ptr_array_index(sessions, i);

        if (found == NULL || is_newer(session, found))
            found = session;
    }
    return found;
}

static const Session *
by_prefix(const GPtrArray *sessions, const char *prefix, guint *out_count)
{
    const Session *found = NULL;

    *out_count = 0;
    for (guint i = 0; i < sessions->len; i++) {
        const Session *session = g_ptr_array_index(sessions, i);

        if (g_str_has_prefix(session->name + TIME_LEN, prefix) &&
            strlen(prefix) <= SESSION_LEN) {
            found = session;
            (*out_count)++;
        }
    }
    return found;
}

static char *
refuse(const char *what, guint count, GError **error)
{
    g_autofree char *shown = bns_text_escape(what, -1);

    if (what == NULL)
        g_set_error(error, BNS_AUDIT_ERROR, BNS_AUDIT_ERROR_OPEN,
                    "There is no recorded session yet");
    else if (count == 0)
        g_set_error(error, BNS_AUDIT_ERROR, BNS_AUDIT_ERROR_OPEN,
                    "There is no file \"%s\", and no session whose id begins so",
                    shown);
    else
        g_set_error(error, BNS_AUDIT_ERROR, BNS_AUDIT_ERROR_OPEN,
                    "The ids of %u sessions begin with \"%s\"; give more of the one "
                    "that you mean",
                    count, shown);
    return NULL;
}

char *
bns_sessions_find(const char *what, GError **error)
{
    g_autoptr(GPtrArray) sessions = g_ptr_array_new_with_free_func(session_free);
    const Session *found;
    guint count = 1;

    if (what != NULL && strchr(what, '/') != NULL)
        return g_strdup(what);
    for (int place = 0; place < BNS_N_PLACES; place++)
        add_place(sessions, (BnsPlace)place);
    found = what == NULL ? newest(sessions) : by_prefix(sessions, what, &count);
    if (found != NULL && count == 1)
        return g_strdup(found->path);
    if (what != NULL && count == 0 && access(what, F_OK) == 0)
        return g_strdup(what);
    return refuse(what, count, error);
}

static int
compare_age(gconstpointer a, gconstpointer b)
{
    const Session *left = *(const Session *const *)a;
    const Session *right = *(const Session *const *)b;

    return is_newer(left, right) - is_newer(right, left);
}

GPtrArray *
bns_sessions_list(int64_t from_s, GError **error)
{
    g_autoptr(GPtrArray) sessions = g_ptr_array_new_with_free_func(session_free);
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDateTime) from = g_date_time_new_from_unix_utc(MAX(from_s, 0));
    g_autofree char *name =
        from != NULL ? g_date_time_format(from, "%Y%m%dT%H%M%SZ-") : NULL;

    for (int place = 0; place < BNS_N_PLACES; place++)
        add_place(sessions, (BnsPlace)place);
    g_ptr_array_sort(sessions, compare_age);
    for (guint i = 0; i < sessions->len; i++) {
        const Session *session = sessions->pdata[i];

        if (name == NULL || strncmp(session->name, name, TIME_LEN) >= 0)
            g_ptr_array_add(paths, g_strdup(session->path));
    }
    if (paths->len > 0)
        return g_steal_pointer(&paths);
    if (sessions->len > 0)
        g_set_error(error, BNS_AUDIT_ERROR, BNS_AUDIT_ERROR_OPEN,
                    "No recorded session began since then");
    else
        refuse(NULL, 0, error);
    return NULL;
}
