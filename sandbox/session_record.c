/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/session_record.h"

#include "audit/mask.h"
#include "base/fd.h"
#include "base/text.h"
#include "sandbox/key_words.h"
#include "sandbox/session_place.h"
#include "sandbox/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define GROUP "session"
/* Written over in its place, so it keeps its length. */
#define ALLOWED       "allowed"
#define MODE          "mode"
#define ALLOWED_NONE  "0000"
#define ALLOWED_MAX   9999
#define SOCKET_SUFFIX ".sock"
#define NEW_PREFIX    ".new-"
/* Made within milliseconds. */
#define NEW_SECONDS_MAX 60
/* A command line of megabytes is cut: it is there to be recognised. */
#define WORDS_MAX 64
#define WORD_MAX  256
/* Each byte of it may take four. */
#define FILE_BYTES_MAX (1024 * 1024)

G_DEFINE_QUARK(bns_session_error, bns_session_error)

struct BnsSessionMark {
    int dir_fd;        /* owned */
    int socket_dir_fd; /* owned; -1: there is no socket */
    int fd;            /* owned; locked */
    off_t allowed_at;  /* in it: where the number of rules is */
    off_t mode_at;     /* where the mode is; 0: nowhere */
    size_t mode_len;
    char name[64]; /* in it */
};

static void G_GNUC_PRINTF(3, 4)
    fail(BnsSessionError code, GError **error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    if (error != NULL)
        *error = g_error_new_valist(BNS_SESSION_ERROR, (int)code, format, args);
    va_end(args);
}

void
bns_session_record_free(BnsSessionRecord *record)
{
    if (record == NULL)
        return;
    g_free(record->workdir);
    g_strfreev(record->command);
    g_free(record->mode);
    g_free(record->audit_path);
    g_free(record);
}

/* --- the lock --- */

static struct flock
whole_file(void)
{
    return (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET };
}

/* Returns: whether somebody holds it; @out_pid: who; 0: not to be named here. */
static bool
find_holder(int fd, pid_t *out_pid)
{
    struct flock whole = whole_file();

    *out_pid = 0;
    /* What cannot be told is not told dead. */
    if (fcntl(fd, F_GETLK, &whole) < 0)
        return true;
    *out_pid = MAX(whole.l_pid, 0);
    return whole.l_type != F_UNLCK;
}

/* --- one's own --- */

/* Returns: (transfer full) */
static char **
shorten(char **command)
{
    guint n = MIN(g_strv_length(command), WORDS_MAX);
    char **words = g_new0(char *, n + 1);

    for (guint i = 0; i < n; i++)
        words[i] = strlen(command[i]) > WORD_MAX
                       ? g_strdup_printf("%.*s...", WORD_MAX, command[i])
                       : g_strdup(command[i]);
    return words;
}

static char *
write_text(const char *session, const BnsSessionRecord *record, gsize *out_len)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_auto(GStrv) masked = bns_mask_argv((const char *const *)record->command);
    g_auto(GStrv) words = shorten(masked);

    g_key_file_set_string(file, GROUP, "session", session);
    g_key_file_set_int64(file, GROUP, "started_us", record->started_us);
    /* Before what others have named: they are found by their text. */
    g_key_file_set_string(file, GROUP, ALLOWED, ALLOWED_NONE);
    if (record->mode != NULL)
        g_key_file_set_string(file, GROUP, MODE, record->mode);
    bns_key_set_bytes(file, GROUP, "workdir", record->workdir);
    bns_key_set_bytes(file, GROUP, "audit", record->audit_path);
    bns_key_set_words(file, GROUP, "command", words);
    return g_key_file_to_data(file, out_len, NULL);
}

static int
make_file(BnsSessionMark *mark, const char *session, const BnsSessionRecord *record)
{
    struct flock whole = whole_file();
    gsize len;
    g_autofree char *text = write_text(session, record, &len);
    int r;

    g_snprintf(mark->name, sizeof(mark->name), NEW_PREFIX "%s", session);
    mark->fd = openat(mark->dir_fd, mark->name,
                      O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (mark->fd < 0)
        return -errno;
    if (fcntl(mark->fd, F_SETLK, &whole) < 0)
        return -errno;
    r = bns_fd_write_all(mark->fd, text, len);
    if (r == 0 && renameat2(mark->dir_fd, mark->name, mark->dir_fd, session,
                            RENAME_NOREPLACE) < 0)
        r = -errno;
    if (r == 0) {
        g_strlcpy(mark->name, session, sizeof(mark->name));
        mark->allowed_at =
            strstr(text, ALLOWED "=" ALLOWED_NONE) + strlen(ALLOWED "=") - text;
        if (record->mode != NULL) {
            mark->mode_at = strstr(text, MODE "=") + strlen(MODE "=") - text;
            mark->mode_len = strlen(record->mode);
        }
    }
    return r;
}

BnsSessionMark *
bns_session_mark(const char *session, const BnsSessionRecord *record, GError **error)
{
    g_autoptr(BnsSessionMark) mark = NULL;
    GPtrArray *others;
    int r;

    /* As long as nothing is locked by us: what those have left that died goes. */
    others = bns_session_records(NULL);
    g_clear_pointer(&others, g_ptr_array_unref);
    for (BnsSessionPlace place = 0; place < BNS_N_SESSION_PLACES; place++) {
        g_clear_pointer(&mark, bns_session_mark_free);
        g_clear_error(error);
        mark = g_new0(BnsSessionMark, 1);
        mark->fd = -1;
        mark->socket_dir_fd = -1;
        mark->dir_fd = bns_session_place_open(place, true, error);
        if (mark->dir_fd < 0)
            continue;
        r = make_file(mark, session, record);
        if (r == 0)
            return g_steal_pointer(&mark);
        fail(BNS_SESSION_ERROR_FAILED, error, "Could not make the session's record: %s",
             g_strerror(-r));
    }
    return NULL;
}

void
bns_session_mark_count(BnsSessionMark *mark, unsigned n_allowed)
{
    char digits[16];

    if (mark == NULL)
        return;
    g_snprintf(digits, sizeof(digits), "%04u", MIN(n_allowed, ALLOWED_MAX));
    /* For `ps` alone. */
    if (pwrite(mark->fd, digits, strlen(digits), mark->allowed_at) < 0)
        g_info("the session's record: %s", g_strerror(errno));
}

void
bns_session_mark_mode(BnsSessionMark *mark, const char *mode)
{
    if (mark == NULL || mark->mode_at == 0)
        return;
    g_return_if_fail(strlen(mode) == mark->mode_len);
    if (pwrite(mark->fd, mode, mark->mode_len, mark->mode_at) < 0)
        g_info("the session's record: %s", g_strerror(errno));
}

/* --- its socket --- */

static void
socket_name(const char *session, char out_name[80])
{
    g_snprintf(out_name, 80, "%s" SOCKET_SUFFIX, session);
}

/* By its name, which those who look for other programs' sockets find it by; by descriptor
 * where that is longer than an address may be. */
static struct sockaddr_un
socket_address(int dir_fd, const char *session)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    g_autofree char *link = g_strdup_printf("/proc/self/fd/%d", dir_fd);
    g_autofree char *dir = g_file_read_link(link, NULL);
    g_autofree char *path = NULL;
    char name[80];

    socket_name(session, name);
    path = g_build_filename(dir != NULL ? dir : link, name, NULL);
    if (strlen(path) < sizeof(address.sun_path))
        g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    else
        g_snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", link, name);
    return address;
}

static void
remove_socket(int dir_fd, const char *session)
{
    char name[80];

    socket_name(session, name);
    unlinkat(dir_fd, name, 0);
}

int
bns_session_mark_listen(BnsSessionMark *mark, GError **error)
{
    bns_autofd fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_un address;

    mark->socket_dir_fd = bns_session_place_open_for_sockets(true, error);
    if (mark->socket_dir_fd < 0)
        return -1;
    address = socket_address(mark->socket_dir_fd, mark->name);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
        listen(fd, 8) == 0)
        return g_steal_fd(&fd);
    fail(BNS_SESSION_ERROR_FAILED, error, "Could not make the session's socket: %s",
         g_strerror(errno));
    return -1;
}

void
bns_session_mark_free(BnsSessionMark *mark)
{
    if (mark == NULL)
        return;
    /* Before the lock goes: nobody sees it without. */
    if (mark->fd >= 0) {
        remove_socket(mark->socket_dir_fd, mark->name);
        unlinkat(mark->dir_fd, mark->name, 0);
    }
    bns_fd_clear(&mark->fd);
    bns_fd_clear(&mark->dir_fd);
    bns_fd_clear(&mark->socket_dir_fd);
    g_free(mark);
}

/* --- all --- */

typedef struct {
    GPtrArray *records; /* borrowed */
    int dir_fd;         /* borrowed */
    int socket_dir_fd;  /* borrowed; -1: there is none */
} Listing;

static int
open_record(int dir_fd, const char *name)
{
    bns_autofd fd =
        openat(dir_fd, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat info;

    if (fd < 0 || fstat(fd, &info) < 0)
        return -errno;
    return S_ISREG(info.st_mode) && info.st_size <= FILE_BYTES_MAX ? g_steal_fd(&fd)
                                                                   : -EBADMSG;
}

static bool
read_record(int fd, BnsSessionRecord *record)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autofree char *text = g_malloc(FILE_BYTES_MAX);
    g_autofree char *session = NULL;
    ssize_t len = pread(fd, text, FILE_BYTES_MAX, 0);

    if (len <= 0 ||
        !g_key_file_load_from_data(file, text, (gsize)len, G_KEY_FILE_NONE, NULL))
        return false;
    session = g_key_file_get_string(file, GROUP, "session", NULL);
    record->started_us = g_key_file_get_int64(file, GROUP, "started_us", NULL);
    record->n_allowed = (unsigned)g_key_file_get_uint64(file, GROUP, ALLOWED, NULL);
    record->workdir = bns_key_get_bytes(file, GROUP, "workdir");
    record->audit_path = bns_key_get_bytes(file, GROUP, "audit");
    record->command = bns_key_get_words(file, GROUP, "command");
    record->mode = g_key_file_get_string(file, GROUP, MODE, NULL);
    return g_strcmp0(session, record->session) == 0 && record->workdir != NULL &&
           record->audit_path != NULL && record->command != NULL;
}

static bool
is_young(int fd)
{
    struct stat info;

    return fstat(fd, &info) < 0 ||
           g_get_real_time() / G_USEC_PER_SEC - info.st_mtim.tv_sec <= NEW_SECONDS_MAX;
}

static int
list_one(void *data, const char *name)
{
    Listing *listing = data;
    bool is_new = g_str_has_prefix(name, NEW_PREFIX);
    bns_autofd fd = -1;
    g_autoptr(BnsSessionRecord) record = g_new0(BnsSessionRecord, 1);

    if (!is_new && !g_uuid_string_is_valid(name))
        return 0;
    fd = open_record(listing->dir_fd, name);
    if (fd < 0)
        return 0;
    if (!find_holder(fd, &record->pid)) {
        if (!is_new || !is_young(fd)) {
            remove_socket(listing->socket_dir_fd, name);
            unlinkat(listing->dir_fd, name, 0);
        }
        return 0;
    }
    g_strlcpy(record->session, name, sizeof(record->session));
    if (!is_new && read_record(fd, record))
        g_ptr_array_add(listing->records, g_steal_pointer(&record));
    return 0;
}

static void
free_record(void *data)
{
    bns_session_record_free(data);
}

static int
compare(gconstpointer a, gconstpointer b)
{
    const BnsSessionRecord *one = *(const BnsSessionRecord *const *)a;
    const BnsSessionRecord *other = *(const BnsSessionRecord *const *)b;

    return one->started_us != other->started_us
               ? (one->started_us < other->started_us ? 1 : -1)
               : strcmp(one->session, other->session);
}

GPtrArray *
bns_session_records(GError **error)
{
    g_autoptr(GPtrArray) records = g_ptr_array_new_with_free_func(free_record);
    bns_autofd socket_dir_fd = bns_session_place_open_for_sockets(false, NULL);

    for (BnsSessionPlace place = 0; place < BNS_N_SESSION_PLACES; place++) {
        GError *why = NULL;
        bns_autofd fd = bns_session_place_open(place, false, &why);
        Listing listing = { .records = records,
                            .dir_fd = fd,
                            .socket_dir_fd = socket_dir_fd };
        int r = fd < 0 ? 0 : bns_tree_each(fd, list_one, &listing);

        if (r < 0)
            fail(BNS_SESSION_ERROR_FAILED, &why, "Could not read the records: %s",
                 g_strerror(-r));
        if (why != NULL) {
            g_propagate_error(error, why);
            return NULL;
        }
    }
    g_ptr_array_sort(records, compare);
    return g_steal_pointer(&records);
}

/* --- one of them --- */

BnsSessionRecord *
bns_session_find(const char *prefix, GError **error)
{
    g_autoptr(GPtrArray) records = bns_session_records(error);
    g_autofree char *shown = bns_text_escape(prefix, -1);
    guint n = 0, found = 0;

    if (records == NULL)
        return NULL;
    for (guint i = 0; i < records->len && *prefix != '\0'; i++)
        if (g_str_has_prefix(((BnsSessionRecord *)records->pdata[i])->session,
                             prefix)) {
            found = i;
            n++;
        }
    if (n == 1)
        return g_ptr_array_steal_index(records, found);
    if (n == 0)
        fail(BNS_SESSION_ERROR_NONE, error,
             "no session runs whose id begins with \"%s\"", shown);
    else
        fail(BNS_SESSION_ERROR_FAILED, error,
             "%u sessions run whose ids begin with \"%s\"; give more of the one that "
             "you "
             "mean",
             n, shown);
    return NULL;
}

/* Whether it is the session that listens: a policy may let its command write where the
 * sockets are. */
static bool
is_held_by(int fd, pid_t pid)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && peer.pid == pid;
}

int
bns_session_connect(const BnsSessionRecord *record, GError **error)
{
    bns_autofd fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    bns_autofd dir_fd = bns_session_place_open_for_sockets(false, error);
    struct sockaddr_un address = socket_address(dir_fd, record->session);

    if (dir_fd < 0)
        return -1;
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        fail(BNS_SESSION_ERROR_FAILED, error, "%.8s cannot be reached: %s",
             record->session, g_strerror(errno));
    else if (!is_held_by(fd, record->pid))
        fail(BNS_SESSION_ERROR_FAILED, error,
             "%.8s cannot be reached: another process has its socket", record->session);
    else
        return g_steal_fd(&fd);
    return -1;
}

/* (transfer full): its file, wherever it lies, or -1. */
static int
find_file(const BnsSessionRecord *record)
{
    for (BnsSessionPlace place = 0; place < BNS_N_SESSION_PLACES; place++) {
        bns_autofd dir_fd = bns_session_place_open(place, false, NULL);
        int fd = dir_fd < 0 ? -1 : open_record(dir_fd, record->session);

        if (fd >= 0)
            return fd;
    }
    return -1;
}

int
bns_session_open_supervisor(const BnsSessionRecord *record, GError **error)
{
    bns_autofd fd = find_file(record);
    bns_autofd pidfd = -1;
    pid_t before, after;

    if (fd < 0 || !find_holder(fd, &before)) {
        fail(BNS_SESSION_ERROR_NONE, error, "%s does not run any more",
             record->session);
        return -1;
    }
    if (before <= 0) {
        fail(BNS_SESSION_ERROR_FAILED, error,
             "%s is of another container: it cannot be reached from here",
             record->session);
        return -1;
    }
    pidfd = (int)syscall(SYS_pidfd_open, before, 0);
    if (pidfd < 0 && errno != ESRCH) {
        fail(BNS_SESSION_ERROR_FAILED, error, "pidfd_open: %s", g_strerror(errno));
        return -1;
    }
    /* A lock is taken once, at the start. That it is held by that number before and after
     * means that the holder lived all the time, and the number was his. */
    if (pidfd >= 0 && find_holder(fd, &after) && after == before)
        return g_steal_fd(&pidfd);
    fail(BNS_SESSION_ERROR_NONE, error, "%s does not run any more", record->session);
    return -1;
}
