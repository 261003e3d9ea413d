/* SPDX-License-Identifier: Apache-2.0 */
/* A session's record is as true as the kernel's word on who holds its lock. */
#include "sandbox/session_record.h"

#include "base/fd.h"
#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIRST  "11111111-1111-4111-8111-111111111111"
#define SECOND "22222222-2222-4222-8222-222222222222"

typedef struct {
    char *root;    /* owned */
    char *runtime; /* owned; $XDG_RUNTIME_DIR/boundary-ns */
} Fixture;

static void
fixture_init(Fixture *fixture)
{
    g_autofree char *state = NULL;
    g_autofree char *above = NULL;

    fixture->root = g_dir_make_tmp("bns-sessions-XXXXXX", NULL);
    state = g_build_filename(fixture->root, "state", NULL);
    above = g_build_filename(fixture->root, "run", NULL);
    fixture->runtime = g_build_filename(above, "boundary-ns", NULL);
    g_assert_cmpint(g_mkdir(above, 0700), ==, 0);
    g_setenv("XDG_STATE_HOME", state, TRUE);
    g_setenv("XDG_RUNTIME_DIR", above, TRUE);
}

static void
fixture_clear(Fixture *fixture)
{
    bns_test_remove_tree(fixture->root);
    g_free(fixture->root);
    g_free(fixture->runtime);
}

/* A session in a process of its own: @argv of the command. */
typedef struct {
    pid_t pid;
    int life; /* owned; a byte ends it */
} Session;

static Session
begin(const char *session, char **command, int64_t started_us)
{
    BnsSessionRecord record = { .started_us = started_us,
                                .workdir = (char[]){ "/w \xff" },
                                .command = command,
                                .audit_path = (char[]){ "/a" } };
    int life[2], ready[2];
    Session begun;
    char byte;

    g_assert_cmpint(pipe2(life, O_CLOEXEC), ==, 0);
    g_assert_cmpint(pipe2(ready, O_CLOEXEC), ==, 0);
    begun.pid = fork();
    g_assert_cmpint(begun.pid, >=, 0);
    if (begun.pid == 0) {
        BnsSessionMark *mark = bns_session_mark(session, &record, NULL);

        close(life[1]);
        if (mark == NULL || write(ready[1], "r", 1) != 1)
            _exit(1);
        if (read(life[0], &byte, 1) < 0)
            _exit(1);
        bns_session_mark_free(mark);
        _exit(0);
    }
    close(life[0]);
    close(ready[1]);
    g_assert_cmpint(read(ready[0], &byte, 1), ==, 1);
    close(ready[0]);
    begun.life = life[1];
    return begun;
}

static void
end(Session *session, int number)
{
    int status;

    /* Not by its end: others have copies. */
    if (number != 0)
        g_assert_cmpint(kill(session->pid, number), ==, 0);
    else
        g_assert_cmpint(write(session->life, "x", 1), ==, 1);
    bns_fd_clear(&session->life);
    g_assert_cmpint(waitpid(session->pid, &status, 0), ==, session->pid);
    g_assert_cmpint(number != 0 ? WTERMSIG(status) : WEXITSTATUS(status), ==, number);
}

static GPtrArray *
list(guint n)
{
    g_autoptr(GError) error = NULL;
    GPtrArray *records = bns_session_records(&error);

    g_assert_no_error(error);
    g_assert_cmpuint(records->len, ==, n);
    return records;
}

static void
check_files(const Fixture *fixture, guint n)
{
    g_autoptr(GDir) dir = g_dir_open(fixture->runtime, 0, NULL);
    guint found = 0;

    while (dir != NULL && g_dir_read_name(dir) != NULL)
        found++;
    g_assert_cmpuint(found, ==, n);
}

static void
test_life(void)
{
    char *command[] = { (char[]){ "a\n" }, (char[]){ "--token=x" }, NULL };
    g_autoptr(GPtrArray) records = NULL;
    const BnsSessionRecord *record;
    Session first, second;
    Fixture fixture;
    struct stat info;
    g_autofree char *path = NULL;

    fixture_init(&fixture);
    g_ptr_array_unref(list(0));
    first = begin(FIRST, command, 1);
    second = begin(SECOND, command, 2);
    records = list(2);
    record = records->pdata[0];
    g_assert_cmpstr(record->session, ==, SECOND);
    record = records->pdata[1];
    g_assert_cmpstr(record->session, ==, FIRST);
    g_assert_cmpint(record->pid, ==, first.pid);
    g_assert_cmpint(record->started_us, ==, 1);
    g_assert_cmpstr(record->workdir, ==, "/w \xff");
    g_assert_cmpstr(record->command[0], ==, "a\n");
    g_assert_cmpstr(record->command[1], ==, "--token=***");
    g_assert_null(record->command[2]);
    path = g_build_filename(fixture.runtime, FIRST, NULL);
    g_assert_cmpint(stat(path, &info), ==, 0);
    g_assert_cmphex(info.st_mode, ==, S_IFREG | 0600);
    end(&first, 0);
    g_assert_cmpint(access(path, F_OK), ==, -1);
    /* One that was killed leaves its file to the next look. */
    end(&second, SIGKILL);
    check_files(&fixture, 1);
    g_ptr_array_unref(list(0));
    check_files(&fixture, 0);
    fixture_clear(&fixture);
}

static void
test_long_command(void)
{
    g_autofree char *word = g_strnfill(100000, 'x');
    char *command[200];
    g_autoptr(GPtrArray) records = NULL;
    const BnsSessionRecord *record;
    Session session;
    Fixture fixture;

    fixture_init(&fixture);
    for (size_t i = 0; i < G_N_ELEMENTS(command) - 1; i++)
        command[i] = word;
    command[G_N_ELEMENTS(command) - 1] = NULL;
    session = begin(FIRST, command, 1);
    records = list(1);
    record = records->pdata[0];
    g_assert_cmpuint(g_strv_length(record->command), <, 100);
    g_assert_true(g_str_has_suffix(record->command[0], "..."));
    end(&session, 0);
    fixture_clear(&fixture);
}

/* --- where --- */

static void
check_falls_back(Fixture *fixture)
{
    char *command[] = { (char[]){ "c" }, NULL };
    g_autofree char *path =
        g_build_filename(fixture->root, "state/boundary-ns/run", FIRST, NULL);
    Session session = begin(FIRST, command, 1);

    g_assert_cmpint(access(path, F_OK), ==, 0);
    g_ptr_array_unref(list(1));
    end(&session, 0);
    g_assert_cmpint(access(path, F_OK), ==, -1);
}

static void
test_places(void)
{
    Fixture fixture;
    g_autofree char *above = NULL;

    fixture_init(&fixture);
    above = g_path_get_dirname(fixture.runtime);
    g_assert_cmpint(chmod(above, 0755), ==, 0);
    check_falls_back(&fixture);
    g_assert_cmpint(chmod(above, 0700), ==, 0);
    g_assert_cmpint(g_mkdir(fixture.runtime, 0700), ==, 0);
    g_assert_cmpint(chmod(fixture.runtime, 0770), ==, 0);
    check_falls_back(&fixture);
    g_assert_cmpint(g_rmdir(fixture.runtime), ==, 0);
    g_assert_cmpint(symlink("/tmp", fixture.runtime), ==, 0);
    check_falls_back(&fixture);
    g_assert_cmpint(g_unlink(fixture.runtime), ==, 0);
    /* A home is not made private inside. */
    g_setenv("HOME", above, TRUE);
    check_falls_back(&fixture);
    g_setenv("XDG_RUNTIME_DIR", "run", TRUE);
    check_falls_back(&fixture);
    g_unsetenv("XDG_RUNTIME_DIR");
    check_falls_back(&fixture);
    fixture_clear(&fixture);
}

/* --- what others may have put there --- */

static void
test_strange_files(void)
{
    static const char unfinished[] = ".new-" FIRST;
    static const char *const names[] = { "..x", "file", unfinished };
    Fixture fixture;
    g_autofree char *fifo = NULL;
    g_autofree char *link = NULL;
    g_autofree char *dir = NULL;

    fixture_init(&fixture);
    g_assert_cmpint(g_mkdir(fixture.runtime, 0700), ==, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(fixture.runtime, names[i], NULL);

        g_assert_true(g_file_set_contents(path, "[session]\n", -1, NULL));
    }
    fifo = g_build_filename(fixture.runtime, FIRST, NULL);
    g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
    link = g_build_filename(fixture.runtime, SECOND, NULL);
    g_assert_cmpint(symlink("/dev/null", link), ==, 0);
    dir =
        g_build_filename(fixture.runtime, "33333333-3333-4333-8333-333333333333", NULL);
    g_assert_cmpint(g_mkdir(dir, 0700), ==, 0);
    g_ptr_array_unref(list(0));
    check_files(&fixture, 6);
    fixture_clear(&fixture);
}

/* The number in a file is nobody's word. */
static void
test_forged_file(void)
{
    Fixture fixture;
    g_autofree char *path = NULL;

    fixture_init(&fixture);
    g_assert_cmpint(g_mkdir(fixture.runtime, 0700), ==, 0);
    path = g_build_filename(fixture.runtime, FIRST, NULL);
    g_assert_true(g_file_set_contents(
        path, "[session]\nsession=" FIRST "\npid=1\nworkdir=/\naudit=/\ncommand=x;\n",
        -1, NULL));
    g_ptr_array_unref(list(0));
    check_files(&fixture, 0);
    fixture_clear(&fixture);
}

/* --- whom to signal --- */

static void
test_supervisor(void)
{
    char *command[] = { (char[]){ "c" }, NULL };
    g_autoptr(GPtrArray) records = NULL;
    g_autoptr(GError) error = NULL;
    struct pollfd over = { .events = POLLIN };
    Session session;
    Fixture fixture;

    fixture_init(&fixture);
    session = begin(FIRST, command, 1);
    records = list(1);
    over.fd = bns_session_open_supervisor(records->pdata[0], &error);
    g_assert_no_error(error);
    g_assert_cmpint(poll(&over, 1, 0), ==, 0);
    end(&session, SIGKILL);
    g_assert_cmpint(poll(&over, 1, 0), ==, 1);
    close(over.fd);
    g_assert_cmpint(bns_session_open_supervisor(records->pdata[0], &error), ==, -1);
    g_assert_error(error, BNS_SESSION_ERROR, BNS_SESSION_ERROR_NONE);
    fixture_clear(&fixture);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 30);
    bns_test_add("/sandbox/session-record/lives-as-long-as-its-session", test_life);
    bns_test_add("/sandbox/session-record/long-commands-are-cut", test_long_command);
    bns_test_add("/sandbox/session-record/falls-back-where-others-may-write",
                 test_places);
    bns_test_add("/sandbox/session-record/what-is-none-is-passed-over",
                 test_strange_files);
    bns_test_add("/sandbox/session-record/without-a-lock-nothing-runs",
                 test_forged_file);
    bns_test_add("/sandbox/session-record/the-holder-is-the-one-to-signal",
                 test_supervisor);
    return g_test_run();
}
