/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/viewer.h"

#include "audit/json.h"
#include "audit/sessions.h"
#include "audit/writer.h"
#include "base/fd.h"
#include "tests/audit/sample.h"
#include "tests/support/test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static bool has_own_var_tmp;

/* --- what is printed --- */

/* Returns: (transfer full): what `log` prints; its status must be 0. */
static char *
view(const BnsViewerOptions *options)
{
    g_autoptr(GError) error = NULL;
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    int r = bns_viewer_log(options, out, &error);

    fclose(out);
    g_assert_no_error(error);
    g_assert_cmpint(r, ==, 0);
    return text;
}

static void
assert_error(const BnsViewerOptions *options, const char *why)
{
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(bns_viewer_log(options, stdout, &error), ==, 2);
    g_assert_error(error, BNS_AUDIT_ERROR, BNS_AUDIT_ERROR_OPEN);
    if (strstr(error->message, why) == NULL)
        g_error("\"%s\" does not say \"%s\"", error->message, why);
}

typedef struct {
    char *dir;
    char *path;
    BnsAuditFile *file; /* of a session of four requests, the third denied */
} Fixture;

static void
set_up(Fixture *f)
{
    f->dir = sample_dir();
    f->path = g_build_filename(f->dir, "audit.jsonl", NULL);
    f->file = sample_open(f->path);
    sample_session(f->file, 4, true);
}

static void
tear_down(Fixture *f)
{
    bns_audit_file_free(f->file);
    g_free(f->path);
    sample_remove(f->dir);
}

static void
append(const Fixture *f, const char *bytes)
{
    g_assert_cmpint(bns_fd_write_all(f->file->fd, bytes, strlen(bytes)), ==, 0);
}

static unsigned
count_lines(const char *text)
{
    unsigned count = 0;

    for (; *text != '\0'; text++)
        count += *text == '\n';
    return count;
}

static void
test_jsonl(void)
{
    Fixture f;
    g_autofree char *text = NULL;
    g_autofree char *bytes = NULL;
    gsize len;

    set_up(&f);
    bytes = sample_read(f.path, &len);
    text = view(&(BnsViewerOptions){ .what = f.path, .is_jsonl = true });
    g_assert_cmpmem(text, strlen(text), bytes, len);
    tear_down(&f);
}

static void
test_text(void)
{
    Fixture f;
    g_autofree char *text = NULL;

    set_up(&f);
    text = view(&(BnsViewerOptions){ .what = f.path });
    g_assert_cmpuint(count_lines(text), ==, 6);
    g_assert_nonnull(strstr(text, "curl -v https://github.com/"));
    g_assert_nonnull(
        strstr(text, "  DENY        http.request    GET https://github.com/\n"));
    g_assert_null(strchr(text, '\033'));
    tear_down(&f);
}

static void
test_decision(void)
{
    Fixture f;
    g_autofree char *deny = NULL;
    g_autofree char *allow = NULL;
    g_autofree char *would = NULL;

    set_up(&f);
    deny = view(&(BnsViewerOptions){ .what = f.path, .decision = "deny" });
    g_assert_cmpuint(count_lines(deny), ==, 1);
    g_assert_nonnull(strstr(deny, "DENY"));
    allow = view(
        &(BnsViewerOptions){ .what = f.path, .decision = "allow", .is_jsonl = true });
    g_assert_cmpuint(count_lines(allow), ==, 3);
    would = view(&(BnsViewerOptions){ .what = f.path, .decision = "would_deny" });
    g_assert_cmpstr(would, ==, "");
    assert_error(&(BnsViewerOptions){ .what = f.path, .decision = "denied" },
                 "would_deny");
    tear_down(&f);
}

/* Whatever the file holds, text is printable. */
static void
assert_printable(const char *text)
{
    for (; *text != '\0'; text++)
        g_assert_true(*text == '\n' || (*text >= 0x20 && *text < 0x7f));
}

static void
test_foreign_file(void)
{
    Fixture f;
    g_autofree char *text = NULL;
    g_autofree char *jsonl = NULL;

    set_up(&f);
    append(&f, "\x1b]0;title\a\xff\n{\"event\":1}\n\n[[[[[[\nlast");
    /* While the writer is there, the last line may be on its way. */
    text = view(&(BnsViewerOptions){ .what = f.path });
    g_assert_cmpuint(count_lines(text), ==, 10);
    assert_printable(text);
    g_assert_nonnull(strstr(text, "(not a record: \\x1b]0;title\\x07\\xff)\n"));
    bns_fd_clear(&f.file->fd);
    g_free(text);
    text = view(&(BnsViewerOptions){ .what = f.path });
    g_assert_true(g_str_has_suffix(text, "\n(a last line without an end: last)\n"));
    jsonl = view(&(BnsViewerOptions){ .what = f.path, .is_jsonl = true });
    g_assert_true(g_str_has_suffix(jsonl, "\n[[[[[[\n"));
    tear_down(&f);
}

static void
test_random_bytes(void)
{
    Fixture f;

    set_up(&f);
    for (int round = 0; round < 200; round++) {
        g_autofree char *text = NULL;
        char bytes[512];

        for (size_t i = 0; i < sizeof(bytes); i++)
            bytes[i] = (char)g_test_rand_int_range(0, 256);
        sample_write(f.path, bytes, sizeof(bytes));
        text = view(&(BnsViewerOptions){ .what = f.path });
        assert_printable(text);
    }
    tear_down(&f);
}

static void
test_long_line(void)
{
    Fixture f;
    g_autofree char *line = g_strnfill(2 * BNS_JSON_LINE_MAX, '\x01');
    g_autofree char *text = NULL;

    set_up(&f);
    append(&f, line);
    append(&f, "\nnext\n");
    text = view(&(BnsViewerOptions){ .what = f.path });
    g_assert_cmpuint(count_lines(text), ==, 8);
    g_assert_nonnull(strstr(text, "(a line that is too long: \\x01"));
    g_assert_true(g_str_has_suffix(text, "(not a record: next)\n"));
    tear_down(&f);
}

/* --- which file --- */

typedef struct {
    char *home;
    char *place;
} Home;

static void
set_up_home(Home *h)
{
    h->home = sample_dir();
    h->place =
        g_build_filename(h->home, ".local", "state", "boundary-ns", "audit", NULL);
    g_setenv("HOME", h->home, true);
    g_unsetenv("XDG_STATE_HOME");
    g_assert_cmpint(g_mkdir_with_parents(h->place, 0700), ==, 0);
}

static void
tear_down_home(Home *h)
{
    g_free(h->place);
    sample_remove(h->home);
}

/* A session's file that holds one line, its own id. */
static void
plant(const char *place, const char *time, const char *session)
{
    g_autofree char *file = g_strdup_printf("%s-%s.jsonl", time, session);
    g_autofree char *path = g_build_filename(place, file, NULL);
    g_autofree char *line = g_strdup_printf("%s\n", session);

    sample_write(path, line, strlen(line));
}

#define SESSION_A "aaaaaaaa-0000-4000-8000-000000000001"
#define SESSION_B "aaaaaaab-0000-4000-8000-000000000002"
#define SESSION_C "cccccccc-0000-4000-8000-000000000003"

static void
assert_finds(const char *what, const char *session)
{
    g_autofree char *text = view(&(BnsViewerOptions){ .what = what, .is_jsonl = true });
    g_autofree char *line = g_strdup_printf("%s\n", session);

    g_assert_cmpstr(text, ==, line);
}

static void
test_newest(void)
{
    Home h;
    g_autofree char *strange = NULL;
    g_autofree char *empty = NULL;
    g_autofree char *link = NULL;

    set_up_home(&h);
    assert_error(&(BnsViewerOptions){ 0 }, "no recorded session");
    plant(h.place, "20261124T070000Z", SESSION_B);
    assert_finds(NULL, SESSION_B);
    plant(h.place, "20261124T070001Z", SESSION_A);
    assert_finds(NULL, SESSION_A);
    plant(h.place, "20251231T235959Z", SESSION_C);
    assert_finds(NULL, SESSION_A);
    /* what does not count: other names, empty files, links */
    strange = g_build_filename(h.place, "20990101T000000Z-notes.jsonl", NULL);
    sample_write(strange, "x\n", 2);
    empty = g_strdup_printf("%s/20990101T000000Z-%s.jsonl", h.place, SESSION_A);
    sample_write(empty, "", 0);
    link = g_strdup_printf("%s/20990101T000001Z-%s.jsonl", h.place, SESSION_A);
    g_assert_cmpint(symlink("/etc/passwd", link), ==, 0);
    assert_finds(NULL, SESSION_A);
    tear_down_home(&h);
}

/* In the same second: the one that was written to last. */
static void
test_newest_of_a_second(void)
{
    Home h;

    set_up_home(&h);
    for (int i = 0; i < 2; i++) {
        g_autofree char *path = g_strdup_printf("%s/20261124T070000Z-%s.jsonl", h.place,
                                                i == 0 ? SESSION_A : SESSION_B);
        const struct timespec times[] = { { 1000, 0 }, { 1000, 500 - i } };

        plant(h.place, "20261124T070000Z", i == 0 ? SESSION_A : SESSION_B);
        g_assert_cmpint(utimensat(AT_FDCWD, path, times, 0), ==, 0);
    }
    assert_finds(NULL, SESSION_A);
    tear_down_home(&h);
}

static void
test_prefix(void)
{
    Home h;

    set_up_home(&h);
    plant(h.place, "20261124T070000Z", SESSION_A);
    plant(h.place, "20261124T070001Z", SESSION_B);
    plant(h.place, "20261124T070002Z", SESSION_C);
    assert_finds("c", SESSION_C);
    assert_finds("aaaaaaaa", SESSION_A);
    assert_finds(SESSION_B, SESSION_B);
    assert_error(&(BnsViewerOptions){ .what = "aaaaaaa" }, "2 sessions");
    assert_error(&(BnsViewerOptions){ .what = "d\x1b" }, "\"d\\x1b\"");
    assert_error(&(BnsViewerOptions){ .what = SESSION_A ".jsonl" }, "no session");
    assert_error(&(BnsViewerOptions){ .what = "" }, "3 sessions");
    /* A slash makes it a file. */
    assert_error(&(BnsViewerOptions){ .what = "./c" }, "No such file");
    tear_down_home(&h);
}

/* A workspace may hold a file of any name: a session goes first. */
static void
test_file_like_a_session(void)
{
    Home h;
    g_autofree char *cwd = g_get_current_dir();

    set_up_home(&h);
    plant(h.place, "20261124T070000Z", SESSION_A);
    g_assert_cmpint(chdir(h.home), ==, 0);
    sample_write("aaaa", "planted\n", strlen("planted\n"));
    sample_write("audit.jsonl", "named\n", strlen("named\n"));
    assert_finds("aaaa", SESSION_A);
    assert_finds("./aaaa", "planted");
    assert_finds("audit.jsonl", "named");
    g_assert_cmpint(chdir(cwd), ==, 0);
    tear_down_home(&h);
}

static void
assert_lists(int64_t from_s, const char *sessions)
{
    g_autoptr(GPtrArray) paths = bns_sessions_list(from_s, NULL);
    g_autoptr(GString) ids = g_string_new(NULL);

    for (guint i = 0; paths != NULL && i < paths->len; i++) {
        g_autofree char *name = g_path_get_basename(paths->pdata[i]);

        g_string_append_c(ids, strchr(name, '-')[1]);
    }
    g_assert_cmpstr(ids->str, ==, sessions);
}

/* The oldest first; the second counts in which a session began. */
static void
test_list(void)
{
    Home h;
    g_autoptr(GDateTime) began = g_date_time_new_utc(2026, 11, 24, 7, 0, 0);
    int64_t from_s = g_date_time_to_unix(began);
    g_autoptr(GError) error = NULL;

    set_up_home(&h);
    g_assert_null(bns_sessions_list(0, &error));
    g_assert_cmpstr(error->message, ==, "There is no recorded session yet");
    g_clear_error(&error);
    plant(h.place, "20261124T070001Z", SESSION_C);
    plant(h.place, "20261124T070000Z", SESSION_A);
    assert_lists(0, "ac");
    assert_lists(from_s, "ac");
    assert_lists(from_s + 1, "c");
    assert_lists(INT64_MIN, "ac");
    g_assert_null(bns_sessions_list(from_s + 2, &error));
    g_assert_cmpstr(error->message, ==, "No recorded session began since then");
    tear_down_home(&h);
}

/* The sessions of both places are one list; a place of others is none. */
static void
test_both_places(void)
{
    Home h;
    g_autofree char *shared = g_strdup_printf("/var/tmp/boundary-ns-%u", geteuid());
    g_autofree char *place = g_build_filename(shared, "audit", NULL);

    if (!has_own_var_tmp) {
        bns_test_skip("no namespace for a /var/tmp of its own");
        return;
    }
    set_up_home(&h);
    plant(h.place, "20261124T070000Z", SESSION_A);
    g_assert_cmpint(g_mkdir_with_parents(place, 0700), ==, 0);
    plant(place, "20261124T070001Z", SESSION_C);
    assert_finds(NULL, SESSION_C);
    assert_finds("a", SESSION_A);
    g_assert_cmpint(chmod(shared, 0777), ==, 0);
    assert_finds(NULL, SESSION_A);
    sample_remove(g_strdup(shared));
    tear_down_home(&h);
}

/* --- following --- */

typedef struct {
    Fixture f;
    pid_t pid;
    FILE *text; /* what the follower prints */
} Follower;

static void
follow(Follower *follower, const char *decision)
{
    const BnsViewerOptions options = { .what = follower->f.path,
                                       .follow = true,
                                       .decision = decision };
    int pipe_fds[2];

    g_assert_cmpint(pipe(pipe_fds), ==, 0);
    fflush(NULL);
    follower->pid = fork();
    if (follower->pid == 0) {
        FILE *out = fdopen(pipe_fds[1], "w");
        int status;

        close(pipe_fds[0]);
        /* The writer's lock is not to be held by the reader. */
        bns_fd_clear(&follower->f.file->fd);
        status = bns_viewer_log(&options, out, NULL);
        fclose(out);
        exit(status);
    }
    close(pipe_fds[1]);
    follower->text = fdopen(pipe_fds[0], "r");
}

static void
expect_line(const Follower *follower, const char *part)
{
    g_autofree char *line = g_malloc(4096);

    g_assert_nonnull(fgets(line, 4096, follower->text));
    if (strstr(line, part) == NULL)
        g_error("%s does not say \"%s\"", line, part);
}

static void
expect_end(Follower *follower, int expected)
{
    int status;

    g_assert_cmpint(fgetc(follower->text), ==, EOF);
    fclose(follower->text);
    g_assert_cmpint(waitpid(follower->pid, &status, 0), ==, follower->pid);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, expected);
    tear_down(&follower->f);
}

static void
write_request(const Follower *follower, BnsDecided decision)
{
    const BnsRecord record = { .event = BNS_EVENT_HTTP_REQUEST,
                               .decision = decision,
                               .host = "new.example" };

    g_assert_true(bns_writer_record(follower->f.file, &record, NULL));
}

static void
set_up_open(Fixture *f)
{
    f->dir = sample_dir();
    f->path = g_build_filename(f->dir, "audit.jsonl", NULL);
    f->file = sample_open(f->path);
    sample_session(f->file, 0, false);
}

static void
test_follow(void)
{
    Follower follower;
    const BnsSessionEnd end = { .exit = "0" };

    set_up_open(&follower.f);
    follow(&follower, NULL);
    expect_line(&follower, "session.start");
    write_request(&follower, BNS_DECIDED_ALLOW);
    expect_line(&follower, "new.example");
    write_request(&follower, BNS_DECIDED_DENY);
    expect_line(&follower, "DENY");
    g_assert_true(bns_writer_end(follower.f.file, &end, NULL));
    expect_line(&follower, "session.end");
    expect_end(&follower, 0);
}

static void
test_follow_decision(void)
{
    Follower follower;
    const BnsSessionEnd end = { .exit = "0" };

    set_up_open(&follower.f);
    follow(&follower, "deny");
    write_request(&follower, BNS_DECIDED_ALLOW);
    write_request(&follower, BNS_DECIDED_DENY);
    expect_line(&follower, "DENY");
    g_assert_true(bns_writer_end(follower.f.file, &end, NULL));
    expect_end(&follower, 0);
}

/* A line that comes in two pieces is one line. */
static void
test_follow_pieces(void)
{
    Follower follower;

    set_up_open(&follower.f);
    follow(&follower, NULL);
    expect_line(&follower, "session.start");
    append(&follower.f, "{\"event\":\"x.y\",");
    write_request(&follower, BNS_DECIDED_NOT);
    expect_line(&follower, "(not a record: {\"event\":\"x.y\",{\"v\":1");
    bns_fd_clear(&follower.f.file->fd);
    expect_end(&follower, 0);
}

/* A killed session has no end, but its lock has. */
static void
test_follow_killed(void)
{
    Follower follower;

    set_up_open(&follower.f);
    follow(&follower, NULL);
    expect_line(&follower, "session.start");
    bns_fd_clear(&follower.f.file->fd);
    expect_end(&follower, 0);
    /* and one that was killed long ago */
    set_up_open(&follower.f);
    bns_fd_clear(&follower.f.file->fd);
    follow(&follower, NULL);
    expect_line(&follower, "session.start");
    expect_end(&follower, 0);
}

/* A second session in the file: the end of the first is not the end. */
static void
test_follow_second_session(void)
{
    Follower follower;
    const BnsSessionEnd end = { .signal = "TERM" };

    set_up(&follower.f);
    sample_session(follower.f.file, 0, false);
    follow(&follower, "deny");
    expect_line(&follower, "DENY");
    write_request(&follower, BNS_DECIDED_DENY);
    expect_line(&follower, "new.example");
    g_assert_true(bns_writer_end(follower.f.file, &end, NULL));
    expect_end(&follower, 0);
}

/* `log --follow | head -1`: it ends when nobody reads any more, though nothing is
 * written. */
static void
test_follow_unread(void)
{
    Follower follower;
    int status;

    set_up_open(&follower.f);
    follow(&follower, NULL);
    expect_line(&follower, "session.start");
    fclose(follower.text);
    g_assert_cmpint(waitpid(follower.pid, &status, 0), ==, follower.pid);
    g_assert_true(WIFEXITED(status));
    tear_down(&follower.f);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    has_own_var_tmp = sample_own_var_tmp();
    bns_test_add("/audit/viewer/jsonl-is-byte-for-byte", test_jsonl);
    bns_test_add("/audit/viewer/text-is-a-line-per-record", test_text);
    bns_test_add("/audit/viewer/only-one-decision", test_decision);
    bns_test_add("/audit/viewer/a-foreign-file-is-escaped", test_foreign_file);
    bns_test_add("/audit/viewer/random-bytes-are-escaped", test_random_bytes);
    bns_test_add("/audit/viewer/a-long-line-is-passed-over", test_long_line);
    bns_test_add("/audit/viewer/the-newest-session", test_newest);
    bns_test_add("/audit/viewer/the-newest-of-one-second", test_newest_of_a_second);
    bns_test_add("/audit/viewer/an-unambiguous-prefix", test_prefix);
    bns_test_add("/audit/viewer/a-file-cannot-pass-for-a-session",
                 test_file_like_a_session);
    bns_test_add("/audit/viewer/sessions-by-age", test_list);
    bns_test_add("/audit/viewer/sessions-of-both-places", test_both_places);
    bns_test_add("/audit/viewer/follow-until-the-end", test_follow);
    bns_test_add("/audit/viewer/follow-one-decision", test_follow_decision);
    bns_test_add("/audit/viewer/follow-a-line-in-pieces", test_follow_pieces);
    bns_test_add("/audit/viewer/follow-a-killed-session", test_follow_killed);
    bns_test_add("/audit/viewer/follow-the-second-session", test_follow_second_session);
    bns_test_add("/audit/viewer/follow-until-nobody-reads", test_follow_unread);
    return g_test_run();
}
