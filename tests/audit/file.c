/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/place.h"
#include "audit/recorder.h"
#include "base/fd.h"
#include "tests/audit/sample.h"
#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    char *home;
    char *state;  /* home/.local/state */
    char *shared; /* the place in /var/tmp */
} Fixture;

static bool has_own_var_tmp;

static void
set_up(Fixture *f)
{
    f->home = sample_dir();
    f->state = g_build_filename(f->home, ".local", "state", NULL);
    f->shared = g_strdup_printf("/var/tmp/boundary-ns-%u", geteuid());
    g_setenv("HOME", f->home, true);
    g_unsetenv("XDG_STATE_HOME");
}

static void
tear_down(Fixture *f)
{
    chmod(f->home, 0700);
    sample_remove(f->home);
    g_free(f->state);
    if (has_own_var_tmp && g_file_test(f->shared, G_FILE_TEST_IS_DIR))
        sample_remove(g_strdup(f->shared));
    g_free(f->shared);
}

static void
assert_mode(const char *path, mode_t mode)
{
    struct stat st;

    g_assert_cmpint(lstat(path, &st), ==, 0);
    g_assert_cmpuint(st.st_mode, ==, mode);
}

static void
assert_refused(const char *path, BnsAuditError code, const char *why)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *notice = NULL;

    g_assert_null(bns_audit_open(path, &notice, &error));
    g_assert_error(error, BNS_AUDIT_ERROR, (int)code);
    if (strstr(error->message, why) == NULL)
        g_error("\"%s\" does not say \"%s\"", error->message, why);
}

/* --- the default place --- */

static void
test_default(void)
{
    Fixture f;
    g_autofree char *audit = NULL;
    g_autofree char *pattern = NULL;
    g_autoptr(BnsAuditFile) file = NULL;

    set_up(&f);
    file = sample_open(NULL);
    audit = g_build_filename(f.state, "boundary-ns", "audit", NULL);
    pattern = g_strdup_printf("^\\Q%s\\E/[0-9]{8}T[0-9]{6}Z-%s\\.jsonl$", audit,
                              file->session);
    g_assert_true(g_regex_match_simple(pattern, file->path, 0, 0));
    g_assert_true(g_regex_match_simple(
        "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
        file->session, 0, 0));
    g_assert_cmpuint(file->seq, ==, 1);
    g_assert_cmpuint(strspn(file->prev, "0"), ==, 64);
    assert_mode(file->path, S_IFREG | 0600);
    assert_mode(audit, S_IFDIR | 0700);
    assert_mode(f.state, S_IFDIR | 0700);
    g_assert_cmpint(fcntl(file->fd, F_GETFD), ==, FD_CLOEXEC);
    tear_down(&f);
}

static void
test_xdg(void)
{
    Fixture f;
    g_autofree char *xdg = NULL;
    g_autoptr(BnsAuditFile) file = NULL;
    g_autoptr(BnsAuditFile) other = NULL;

    set_up(&f);
    xdg = g_build_filename(f.home, "a", "b", NULL);
    g_setenv("XDG_STATE_HOME", xdg, true);
    file = sample_open(NULL);
    g_assert_true(g_str_has_prefix(file->path, xdg));
    /* A relative one is ignored, as the XDG specification says. */
    g_setenv("XDG_STATE_HOME", "relative", true);
    other = sample_open(NULL);
    g_assert_true(g_str_has_prefix(other->path, f.state));
    g_assert_cmpstr(file->session, !=, other->session);
    tear_down(&f);
}

static void
assert_fallback(const Fixture *f, const char *why)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *notice = NULL;
    g_autoptr(BnsAuditFile) file = bns_audit_open(NULL, &notice, &error);

    g_assert_no_error(error);
    g_assert_true(g_str_has_prefix(file->path, f->shared));
    g_assert_nonnull(notice);
    g_assert_null(strchr(notice, '\n'));
    if (strstr(notice, why) == NULL)
        g_error("\"%s\" does not say \"%s\"", notice, why);
    assert_mode(f->shared, S_IFDIR | 0700);
    assert_mode(file->path, S_IFREG | 0600);
}

/* A file where a directory is needed fails for root too. */
static void
test_fallback(void)
{
    Fixture f;
    g_autofree char *blocked = NULL;

    set_up(&f);
    blocked = g_build_filename(f.home, ".local", NULL);
    sample_write(blocked, "", 0);
    assert_fallback(&f, "Not a directory");
    tear_down(&f);
}

static void
test_no_home(void)
{
    Fixture f;

    set_up(&f);
    g_setenv("HOME", "/proc/nowhere", true);
    assert_fallback(&f, "/proc/nowhere/.local/state");
    tear_down(&f);
}

static void
test_read_only_home(void)
{
    Fixture f;

    if (geteuid() == 0) {
        /* Permissions do not bind root; /proc/nowhere above is the same case. */
        g_test_skip("root may write anywhere");
        return;
    }
    set_up(&f);
    g_assert_cmpint(chmod(f.home, 0500), ==, 0);
    assert_fallback(&f, "Permission denied");
    tear_down(&f);
}

static void
test_writable_by_others(void)
{
    Fixture f;
    g_autofree char *ours = NULL;

    set_up(&f);
    ours = g_build_filename(f.state, "boundary-ns", NULL);
    g_assert_cmpint(g_mkdir_with_parents(ours, 0700), ==, 0);
    g_assert_cmpint(chmod(ours, 0770), ==, 0);
    assert_fallback(&f, "only this user");
    tear_down(&f);
}

/* As root with another user's HOME (sudo keeps it): nothing of root's is left there. */
static void
test_home_of_another(void)
{
    Fixture f;
    g_autofree char *local = NULL;

    if (geteuid() != 0) {
        g_test_skip("only root may give a directory to another user");
        return;
    }
    set_up(&f);
    g_assert_cmpint(chown(f.home, 12345, 12345), ==, 0);
    assert_fallback(&f, "Permission denied");
    local = g_build_filename(f.home, ".local", NULL);
    g_assert_cmpint(access(local, F_OK), ==, -1);
    tear_down(&f);
}

/* A user may keep the state on another disk. */
static void
test_own_link(void)
{
    Fixture f;
    g_autofree char *target = NULL;
    g_autofree char *link = NULL;
    g_autoptr(BnsAuditFile) file = NULL;

    set_up(&f);
    target = g_build_filename(f.home, "disk", NULL);
    link = g_build_filename(f.state, "boundary-ns", NULL);
    g_assert_cmpint(g_mkdir_with_parents(f.state, 0700), ==, 0);
    g_assert_cmpint(mkdir(target, 0700), ==, 0);
    g_assert_cmpint(symlink(target, link), ==, 0);
    file = sample_open(NULL);
    g_assert_true(g_str_has_prefix(file->path, link));
    tear_down(&f);
}

static void
test_planted_link(void)
{
    Fixture f;
    g_autofree char *link = NULL;

    if (geteuid() != 0) {
        g_test_skip("only root may give a link to another user");
        return;
    }
    set_up(&f);
    link = g_build_filename(f.state, "boundary-ns", NULL);
    g_assert_cmpint(g_mkdir_with_parents(f.state, 0700), ==, 0);
    g_assert_cmpint(symlink(f.home, link), ==, 0);
    g_assert_cmpint(lchown(link, 12345, 12345), ==, 0);
    assert_fallback(&f, "boundary-ns/audit");
    tear_down(&f);
}

/* --- the shared place --- */

static void
test_shared_link(void)
{
    Fixture f;

    set_up(&f);
    g_setenv("HOME", "/proc/nowhere", true);
    g_assert_cmpint(symlink(f.home, f.shared), ==, 0);
    assert_refused(NULL, BNS_AUDIT_ERROR_OPEN, f.shared);
    g_assert_cmpint(unlink(f.shared), ==, 0);
    tear_down(&f);
}

static void
test_shared_readable(void)
{
    Fixture f;

    set_up(&f);
    g_setenv("HOME", "/proc/nowhere", true);
    g_assert_cmpint(mkdir(f.shared, 0755), ==, 0);
    g_assert_cmpint(chmod(f.shared, 0755), ==, 0);
    assert_refused(NULL, BNS_AUDIT_ERROR_OPEN, "only this user");
    /* both reasons */
    assert_refused(NULL, BNS_AUDIT_ERROR_OPEN, "/proc/nowhere");
    g_assert_cmpint(rmdir(f.shared), ==, 0);
    tear_down(&f);
}

/* --- named files --- */

static void
test_named_new(void)
{
    char *dir = sample_dir();
    g_autofree char *path = g_build_filename(dir, "x", "..", "audit.jsonl", NULL);
    g_autofree char *whole = g_build_filename(dir, "audit.jsonl", NULL);
    g_autoptr(BnsAuditFile) file = sample_open(path);

    g_assert_cmpstr(file->path, ==, whole);
    assert_mode(whole, S_IFREG | 0600);
    g_assert_cmpuint(file->seq, ==, 1);
    sample_remove(dir);
}

static void
test_named_goes_on(void)
{
    char *dir = sample_dir();
    g_autofree char *path = g_build_filename(dir, "audit.jsonl", NULL);
    char hash[65];
    BnsAuditFile *file = sample_open(path);

    sample_session(file, 2, false);
    g_assert_cmpuint(file->seq, ==, 4);
    memcpy(hash, file->prev, sizeof(hash));
    bns_audit_file_free(file);
    file = sample_open(path);
    g_assert_cmpuint(file->seq, ==, 4);
    g_assert_cmpstr(file->prev, ==, hash);
    bns_audit_file_free(file);
    sample_remove(dir);
}

static void
test_named_empty(void)
{
    char *dir = sample_dir();
    g_autofree char *path = g_build_filename(dir, "audit.jsonl", NULL);
    g_autoptr(BnsAuditFile) file = NULL;

    sample_write(path, "", 0);
    file = sample_open(path);
    g_assert_cmpuint(file->seq, ==, 1);
    sample_remove(dir);
}

static void
test_named_broken(void)
{
    char *dir = sample_dir();
    g_autofree char *path = g_build_filename(dir, "audit.jsonl", NULL);
    g_autofree char *bytes = NULL;
    gsize len;
    BnsAuditFile *file = sample_open(path);

    sample_session(file, 2, true);
    bns_audit_file_free(file);
    bytes = sample_read(path, &len);
    /* torn at each byte of the last line: one sentence, and the file is left alone */
    for (gsize cut = 1; bytes[len - cut - 1] != '\n'; cut++) {
        gsize after;
        g_autofree char *left = NULL;

        sample_write(path, bytes, len - cut);
        assert_refused(path, BNS_AUDIT_ERROR_BROKEN, "torn");
        left = sample_read(path, &after);
        g_assert_cmpmem(left, after, bytes, len - cut);
    }
    bytes[len - 100] ^= 1;
    sample_write(path, bytes, len);
    assert_refused(path, BNS_AUDIT_ERROR_BROKEN, "not what its hash says");
    sample_write(path, "my diary\n", 9);
    assert_refused(path, BNS_AUDIT_ERROR_BROKEN, "not a record");
    sample_write(path, "\n", 1);
    assert_refused(path, BNS_AUDIT_ERROR_BROKEN, "not a record");
    sample_remove(dir);
}

static void
test_named_two_writers(void)
{
    char *dir = sample_dir();
    g_autofree char *path = g_build_filename(dir, "audit.jsonl", NULL);
    BnsAuditFile *file = sample_open(path);
    int copy;

    assert_refused(path, BNS_AUDIT_ERROR_OPEN, "another session");
    /* The lock ends with the last copy of the descriptor, as after fork(2). */
    copy = dup(file->fd);
    bns_audit_file_free(file);
    assert_refused(path, BNS_AUDIT_ERROR_OPEN, "another session");
    close(copy);
    bns_audit_file_free(sample_open(path));
    sample_remove(dir);
}

static void
test_named_kinds(void)
{
    char *dir = sample_dir();
    g_autofree char *link = g_build_filename(dir, "link", NULL);
    g_autofree char *fifo = g_build_filename(dir, "fifo", NULL);
    g_autofree char *missing = g_build_filename(dir, "missing", "file", NULL);

    g_assert_cmpint(symlink("target", link), ==, 0);
    assert_refused(link, BNS_AUDIT_ERROR_OPEN, "symbolic link");
    g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
    assert_refused(fifo, BNS_AUDIT_ERROR_OPEN, "not a regular file");
    assert_refused("/dev/null", BNS_AUDIT_ERROR_OPEN, "not a regular file");
    assert_refused(dir, BNS_AUDIT_ERROR_OPEN, "Is a directory");
    assert_refused(missing, BNS_AUDIT_ERROR_OPEN, "No such file");
    sample_remove(dir);
}

static void
test_named_of_another(void)
{
    char *dir;
    g_autofree char *path = NULL;

    if (geteuid() != 0) {
        g_test_skip("only root may give a file to another user");
        return;
    }
    dir = sample_dir();
    path = g_build_filename(dir, "audit.jsonl", NULL);
    sample_write(path, "", 0);
    g_assert_cmpint(chown(path, 12345, 12345), ==, 0);
    assert_refused(path, BNS_AUDIT_ERROR_OPEN, "another user");
    sample_remove(dir);
}

static void
test_no_namespaces(void)
{
    bns_test_skip("no namespace for a /var/tmp of its own");
}

static void
add_shared(const char *path, void (*func)(void))
{
    bns_test_add(path, has_own_var_tmp ? func : test_no_namespaces);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    has_own_var_tmp = sample_own_var_tmp();
    bns_test_add("/audit/file/default-is-below-the-state-directory", test_default);
    bns_test_add("/audit/file/xdg-state-home-if-absolute", test_xdg);
    add_shared("/audit/file/else-var-tmp-with-a-notice", test_fallback);
    add_shared("/audit/file/a-home-that-does-not-exist", test_no_home);
    add_shared("/audit/file/a-read-only-home", test_read_only_home);
    add_shared("/audit/file/a-directory-that-others-write-to", test_writable_by_others);
    add_shared("/audit/file/a-home-of-another-user", test_home_of_another);
    bns_test_add("/audit/file/the-users-own-link-is-followed", test_own_link);
    add_shared("/audit/file/a-planted-link-is-not", test_planted_link);
    add_shared("/audit/file/no-link-is-followed-in-var-tmp", test_shared_link);
    add_shared("/audit/file/in-var-tmp-it-must-be-private", test_shared_readable);
    bns_test_add("/audit/file/a-named-file-is-made", test_named_new);
    bns_test_add("/audit/file/a-named-file-goes-on", test_named_goes_on);
    bns_test_add("/audit/file/an-empty-file-is-a-new-one", test_named_empty);
    bns_test_add("/audit/file/a-broken-last-line-is-refused", test_named_broken);
    bns_test_add("/audit/file/two-sessions-never-share-a-file", test_named_two_writers);
    bns_test_add("/audit/file/only-regular-files", test_named_kinds);
    bns_test_add("/audit/file/only-our-own-files", test_named_of_another);
    return g_test_run();
}
