/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening the audit file of a session.
 *
 * A file of our own choice is always a new one. A named one that exists goes on: its
 * last line is verified, and the new records are chained to it. A last line without a
 * newline is what a crash in the middle of a write leaves; it cannot be verified, and
 * going on behind it would hide that, so it is refused.
 *
 * The lock is one on the open file description (F_OFD_SETLK): it goes with the
 * descriptor through fork(2), ends with its last copy, and a reader can ask whether it is
 * held without taking it.
 */
#include "audit/recorder.h"

#include "audit/chain.h"
#include "audit/json.h"
#include "audit/place.h"
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

G_DEFINE_QUARK(bns_audit_error, bns_audit_error)

void
bns_audit_file_free(BnsAuditFile *file)
{
    if (file == NULL)
        return;
    bns_fd_clear(&file->fd);
    g_string_free(file->line, TRUE);
    g_string_free(file->unwritten, TRUE);
    bns_arguments_free(file->arguments);
    g_free(file->path);
    g_free(file);
}

/* --- names --- */

/* UUID version 4 (RFC 9562). */
static bool
make_session(char out_session[37], GError **error)
{
    uint8_t bytes[16];

    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
        g_set_error(error, BNS_AUDIT_ERROR, BNS_AUDIT_ERROR_OPEN,
                    "Could not get random bytes for the session's id: %s",
                    g_strerror(errno));
        return false;
    }
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    g_snprintf(out_session, 37,
               "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
               bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6],
               bytes[7], bytes[8], bytes[9], bytes[10], bytes[11], bytes[12], bytes[13],
               bytes[14], bytes[15]);
    return true;
}

/* "20261124T070000Z-SESSION.jsonl": names sort by time. */
static char *
default_name(const char *session)
{
    g_autoptr(GString) name = g_string_new(NULL);

    bns_json_append_time(name, g_get_real_time());
    g_string_truncate(name, strlen("2026-11-24T07:00:00"));
    g_string_replace(name, "-", "", 0);
    g_string_replace(name, ":", "", 0);
    g_string_append_printf(name, "Z-%s.jsonl", session);
    return g_string_free(g_steal_pointer(&name), FALSE);
}

/* --- checks --- */

static bool
fail(const char *path, BnsAuditError code, const char *why, GError **error)
{
    g_set_error(error, BNS_AUDIT_ERROR, code, "Could not use the audit file \"%s\": %s",
                path, why);
    return false;
}

static bool
check_kind(const BnsAuditFile *file, off_t *out_size, GError **error)
{
    struct stat st;

    if (fstat(file->fd, &st) < 0)
        return fail(file->path, BNS_AUDIT_ERROR_OPEN, g_strerror(errno), error);
    if (!S_ISREG(st.st_mode))
        return fail(file->path, BNS_AUDIT_ERROR_OPEN, "it is not a regular file",
                    error);
    if (st.st_uid != geteuid())
        return fail(file->path, BNS_AUDIT_ERROR_OPEN, "it belongs to another user",
                    error);
    *out_size = st.st_size;
    return true;
}

static bool
lock(const BnsAuditFile *file, GError **error)
{
    struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

    if (fcntl(file->fd, F_OFD_SETLK, &whole) == 0)
        return true;
    return fail(file->path, BNS_AUDIT_ERROR_OPEN,
                errno == EAGAIN || errno == EACCES ? "another session writes to it"
                                                   : g_strerror(errno),
                error);
}

/* Reads the last @len bytes before @end. Returns: 0 or an errno. */
static int
read_at(int fd, char *buffer, size_t len, off_t at)
{
    while (len > 0) {
        ssize_t n = pread(fd, buffer, len, at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? errno : EIO;
        buffer += n;
        at += n;
        len -= (size_t)n;
    }
    return 0;
}

/* Verifies the last line of a file of @size bytes and takes its place in the chain. */
static bool
go_on(BnsAuditFile *file, off_t size, GError **error)
{
    size_t len = (size_t)MIN(size, (off_t)BNS_JSON_LINE_MAX + 1);
    g_autofree char *tail = g_malloc(len);
    int r = read_at(file->fd, tail, len, size - (off_t)len);
    const char *before, *line, *why;
    BnsLink last;

    if (r != 0)
        return fail(file->path, BNS_AUDIT_ERROR_OPEN, g_strerror(r), error);
    if (tail[len - 1] != '\n')
        return fail(
            file->path, BNS_AUDIT_ERROR_BROKEN,
            "its last line is torn, as by a crash; move it away or name another",
            error);
    len--;
    before = g_strrstr_len(tail, (gssize)len, "\n");
    line = before != NULL ? before + 1 : tail;
    why = bns_chain_check(line, len - (size_t)(line - tail), &last);
    if (why == NULL && (last.seq == 0 || last.seq == UINT64_MAX))
        why = "its number is out of range";
    if (why != NULL) {
        g_set_error(error, BNS_AUDIT_ERROR, BNS_AUDIT_ERROR_BROKEN,
                    "The audit file \"%s\" cannot go on after its last line: %s",
                    file->path, why);
        return false;
    }
    file->seq = last.seq + 1;
    memcpy(file->prev, last.hash, sizeof(file->prev));
    return true;
}

/* --- opening --- */

static BnsAuditFile *
file_new(char *path, const char *session)
{
    BnsAuditFile *file = g_new0(BnsAuditFile, 1);

    file->path = path;
    file->fd = -1;
    file->line = g_string_new(NULL);
    file->unwritten = g_string_new(NULL);
    file->arguments = bns_arguments_new();
    file->seq = 1;
    g_strlcpy(file->prev, BNS_CHAIN_FIRST, sizeof(file->prev));
    g_strlcpy(file->session, session, sizeof(file->session));
    return file;
}

/* Opens file->path (below @dir if that is not AT_FDCWD), locks it and finds its end. */
static bool
open_file(BnsAuditFile *file, int dir, const char *name, int flags, GError **error)
{
    off_t size;

    /* O_NONBLOCK: a FIFO or a device is to be refused, not waited for. */
    file->fd = openat(dir, name,
                      flags | O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK |
                          O_NOCTTY | O_CLOEXEC,
                      0600);
    if (file->fd < 0)
        return fail(file->path, BNS_AUDIT_ERROR_OPEN,
                    errno == ELOOP ? "it is a symbolic link" : g_strerror(errno),
                    error);
    if (!check_kind(file, &size, error) || !lock(file, error))
        return false;
    /* The writer before us may have written until the lock was ours. */
    if (!check_kind(file, &size, error))
        return false;
    return size == 0 || go_on(file, size, error);
}

static BnsAuditFile *
open_named(const char *path, const char *session, GError **error)
{
    g_autoptr(BnsAuditFile) file =
        file_new(g_canonicalize_filename(path, NULL), session);

    if (!open_file(file, AT_FDCWD, file->path, 0, error))
        return NULL;
    return g_steal_pointer(&file);
}

static BnsAuditFile *
open_in(BnsPlace place, const char *session, GError **error)
{
    g_autofree char *name = default_name(session);
    g_autofree char *dir_path = NULL;
    bns_autofd dir = bns_place_open(place, true, &dir_path, error);
    g_autoptr(BnsAuditFile) file = NULL;

    if (dir < 0)
        return NULL;
    file = file_new(g_build_filename(dir_path, name, NULL), session);
    if (!open_file(file, dir, name, O_EXCL, error)) {
        if (file->fd >= 0)
            unlinkat(dir, name, 0);
        return NULL;
    }
    return g_steal_pointer(&file);
}

BnsAuditFile *
bns_audit_open(const char *path, char **out_notice, GError **error)
{
    g_autoptr(GError) no_state = NULL;
    BnsAuditFile *file;
    char session[37];

    *out_notice = NULL;
    if (!make_session(session, error))
        return NULL;
    if (path != NULL)
        return open_named(path, session, error);
    file = open_in(BNS_PLACE_STATE, session, &no_state);
    if (file != NULL)
        return file;
    file = open_in(BNS_PLACE_SHARED, session, error);
    if (file == NULL)
        g_prefix_error(error, "%s; ", no_state->message);
    else
        *out_notice = g_strdup_printf("The audit goes to \"%s\": %s", file->path,
                                      no_state->message);
    return file;
}
