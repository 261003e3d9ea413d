/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `boundary-ns log`. Following waits on inotify(7) and ends with the session: at its
 * session.end, or when nobody holds the file's lock any more (a session that was killed
 * writes no end).
 */
#include "audit/viewer.h"

#include "audit/json_read.h"
#include "audit/lines.h"
#include "audit/pretty.h"
#include "audit/recorder.h"
#include "audit/sessions.h"
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

typedef struct {
    const BnsViewerOptions *options; /* borrowed */
    const char *path;                /* borrowed */
    FILE *out;                       /* borrowed */
    BnsLines *lines;                 /* owned */
    int fd;                          /* owned */
    bool colour;
    bool is_ended; /* the last record read is a session.end */
} Viewer;

/* --- printing --- */

static void
print_text(Viewer *viewer, const BnsJson *json, const char *line, size_t len)
{
    g_autoptr(GString) text = g_string_new(NULL);

    if (json != NULL)
        bns_pretty_record(text, json, viewer->colour);
    else
        bns_pretty_strange(text, "not a record", line, len);
    fwrite(text->str, 1, text->len, viewer->out);
}

static void
print_line(Viewer *viewer, const char *line, size_t len)
{
    g_autoptr(BnsJson) json = bns_json_parse(line, len);
    const char *event = json != NULL ? bns_json_text(json, "event") : NULL;
    const char *decision = json != NULL ? bns_json_text(json, "decision") : NULL;

    viewer->is_ended = g_strcmp0(event, "session.end") == 0;
    if (viewer->options->decision != NULL &&
        g_strcmp0(decision, viewer->options->decision) != 0)
        return;
    if (viewer->options->is_jsonl) {
        fwrite(line, 1, len, viewer->out);
        fputc('\n', viewer->out);
    } else {
        print_text(viewer, json, line, len);
    }
}

/* What cannot be a record; only a person is told. */
static void
print_strange(Viewer *viewer, const char *what, const char *line, size_t len)
{
    g_autoptr(GString) text = g_string_new(NULL);

    if (viewer->options->is_jsonl || viewer->options->decision != NULL)
        return;
    bns_pretty_strange(text, what, line, len);
    fwrite(text->str, 1, text->len, viewer->out);
}

/* Prints all that is there. What lies behind the last newline is *@out_torn, *@out_len
 * bytes of it, valid until the next call. */
static bool
print_all(Viewer *viewer, const char **out_torn, size_t *out_len, GError **error)
{
    const char *line;
    size_t len;

    for (;;) {
        BnsLinesResult result = bns_lines_next(viewer->lines, &line, &len);

        if (result == BNS_LINES_LINE)
            print_line(viewer, line, len);
        else if (result == BNS_LINES_LONG)
            print_strange(viewer, "a line that is too long", line, len);
        else if (result == BNS_LINES_ERROR)
            return bns_lines_fail("read", viewer->path, errno, error);
        else {
            *out_torn = line;
            *out_len = result == BNS_LINES_TORN ? len : 0;
            break;
        }
    }
    if (fflush(viewer->out) != 0 || ferror(viewer->out))
        return bns_lines_fail("print", viewer->path, errno, error);
    return true;
}

/* --- following --- */

static bool
has_writer(const Viewer *viewer)
{
    struct flock whole = { .l_type = F_RDLCK, .l_whence = SEEK_SET };

    return fcntl(viewer->fd, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
}

/* Waits for the next change of the file. Returns: false if nobody reads our output any
 * more. */
static bool
wait_for_change(const Viewer *viewer, int notify_fd)
{
    struct pollfd fds[] = { { .fd = notify_fd, .events = POLLIN },
                            { .fd = fileno(viewer->out), .events = 0 } };
    char events[4096];
    int r;

    do
        r = poll(fds, G_N_ELEMENTS(fds), -1);
    while (r < 0 && errno == EINTR);
    if (r < 0 || (fds[1].revents & (POLLERR | POLLHUP)) != 0)
        return false;
    return read(notify_fd, events, sizeof(events)) > 0;
}

static bool
follow(Viewer *viewer, const char **out_torn, size_t *out_len, GError **error)
{
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", viewer->fd);
    bns_autofd notify_fd = inotify_init1(IN_CLOEXEC);
    bool is_written;

    /* IN_CLOSE_WRITE: the last descriptor of the writer is gone. */
    if (notify_fd < 0 ||
        inotify_add_watch(notify_fd, path, IN_MODIFY | IN_CLOSE_WRITE) < 0)
        return bns_lines_fail("watch", viewer->path, errno, error);
    do {
        /* Asked before the file is read: what a writer wrote before it went is seen. */
        is_written = has_writer(viewer);
        if (!print_all(viewer, out_torn, out_len, error))
            return false;
    } while (is_written && !viewer->is_ended && wait_for_change(viewer, notify_fd));
    return true;
}

/* --- the whole --- */

static bool
is_decision(const char *word)
{
    return strcmp(word, "allow") == 0 || strcmp(word, "deny") == 0 ||
           strcmp(word, "would_deny") == 0;
}

static bool
wants_colour(FILE *out)
{
    return g_getenv("NO_COLOR") == NULL && fileno(out) >= 0 && isatty(fileno(out));
}

static bool
view(Viewer *viewer, const char *path, GError **error)
{
    const char *torn;
    size_t len;

    viewer->path = path;
    viewer->fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
    if (viewer->fd < 0)
        return bns_lines_fail("open", path, errno, error);
    viewer->lines = bns_lines_new(viewer->fd);
    if (!(viewer->options->follow ? follow(viewer, &torn, &len, error)
                                  : print_all(viewer, &torn, &len, error)))
        return false;
    /* While somebody writes, the rest of the line may be on its way. */
    if (len > 0 && !has_writer(viewer))
        print_strange(viewer, "a last line without an end", torn, len);
    return true;
}

int
bns_viewer_log(const BnsViewerOptions *options, FILE *out, GError **error)
{
    Viewer viewer = {
        .options = options, .out = out, .fd = -1, .colour = wants_colour(out)
    };
    g_autofree char *path = NULL;
    bool ok;

    if (options->decision != NULL && !is_decision(options->decision)) {
        g_set_error(error, BNS_AUDIT_ERROR, BNS_AUDIT_ERROR_OPEN,
                    "A decision is \"allow\", \"deny\" or \"would_deny\"");
        return 2;
    }
    path = bns_sessions_find(options->what, error);
    ok = path != NULL && view(&viewer, path, error);
    bns_lines_free(viewer.lines);
    bns_fd_clear(&viewer.fd);
    return ok ? 0 : 2;
}
