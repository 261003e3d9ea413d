/* SPDX-License-Identifier: Apache-2.0 */
/* Cgroups that are really made, where this machine has some of version 1 that we may use. */
#include "sandbox/cgroup.h"

#include "sandbox/cgroup_dir.h"
#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const BnsProcessLimits both = { .values = {
                                           [BNS_LIMIT_MEMORY] = 64 * 1024 * 1024,
                                           [BNS_LIMIT_PROCESSES] = 7,
                                       } };

/* One that is made without systemd. Returns: (transfer full) (nullable) */
static BnsCgroup *
make(void)
{
    g_auto(BnsCgroupPlan) plan = { 0 };
    g_autoptr(BnsCgroup) cgroup = NULL;
    g_autoptr(GError) error = NULL;

    bns_cgroup_plan_find(&both, &plan);
    if (plan.kind != BNS_CGROUP_V1 && plan.kind != BNS_CGROUP_BESIDE) {
        g_test_skip("no cgroup can be written to here");
        return NULL;
    }
    cgroup = bns_cgroup_new(&plan, &both);
    if (!bns_cgroup_make(cgroup, &error))
        g_error("%s", error->message);
    return g_steal_pointer(&cgroup);
}

static char *
path_of(int fd)
{
    g_autofree char *link = g_strdup_printf("/proc/self/fd/%d", fd);
    char *path = g_file_read_link(link, NULL);

    g_assert_nonnull(path);
    return path;
}

/* Returns: (transfer full): where the session's directory is. */
static char *
dir_of(const BnsCgroup *cgroup, unsigned door)
{
    g_autofree char *procs = path_of(bns_cgroup_door(cgroup, door));
    g_autofree char *in = g_path_get_dirname(procs);

    g_assert_true(g_str_has_suffix(in, "/in"));
    return g_path_get_dirname(in);
}

static void
test_limits_are_set(void)
{
    g_autoptr(BnsCgroup) cgroup = make();
    bool is_v1;
    g_autofree char *memory = NULL;
    g_autofree char *pids = NULL;
    g_autofree char *dir = NULL;
    g_autofree char *last = NULL;

    if (cgroup == NULL)
        return;
    is_v1 = bns_cgroup_plan(cgroup)->kind == BNS_CGROUP_V1;
    dir = dir_of(cgroup, 0);
    last = dir_of(cgroup, bns_cgroup_n_doors(cgroup) - 1);
    memory = bns_cgroup_read(dir, is_v1 ? "memory.limit_in_bytes" : "memory.max");
    pids = bns_cgroup_read(last, "pids.max");
    g_assert_cmpstr(memory, ==, "67108864\n");
    g_assert_cmpstr(pids, ==, "7\n");
    g_assert_cmpuint(bns_cgroup_count(cgroup, BNS_CGROUP_MEMORY), ==, 0);
    g_assert_cmpuint(bns_cgroup_count(cgroup, BNS_CGROUP_PIDS), ==, 0);
    bns_cgroup_release(cgroup);
    g_assert_false(g_file_test(dir, G_FILE_TEST_EXISTS));
    g_assert_false(g_file_test(last, G_FILE_TEST_EXISTS));
}

/* Forks until it may not. Returns (by its status): how many others there were. */
static void G_GNUC_NORETURN
fill(const BnsCgroup *cgroup)
{
    int n = 0;

    for (unsigned i = 0; i < bns_cgroup_n_doors(cgroup); i++)
        if (write(bns_cgroup_door(cgroup, i), "0", 1) != 1)
            _exit(99);
    while (n < 50) {
        pid_t pid = fork();

        if (pid < 0)
            _exit(n);
        if (pid == 0) {
            pause();
            _exit(0);
        }
        n++;
    }
    _exit(98);
}

/* Processes that are left inside keep it from being removed, and the keeper waits for
 * them. */
static void
test_processes_are_counted(void)
{
    g_autoptr(BnsCgroup) cgroup = make();
    g_autofree char *last = NULL;
    g_autofree char *procs = NULL;
    g_auto(GStrv) pids = NULL;
    int status = 0;
    pid_t pid;

    if (cgroup == NULL)
        return;
    last = dir_of(cgroup, bns_cgroup_n_doors(cgroup) - 1);
    g_assert_cmpint(bns_cgroup_keep(cgroup), ==, 0);
    pid = fork();
    if (pid == 0)
        fill(cgroup);
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_cmpint(WEXITSTATUS(status), ==, 6);
    g_assert_cmpuint(bns_cgroup_count(cgroup, BNS_CGROUP_PIDS), ==, 1);
    procs = bns_cgroup_read(last, "in/cgroup.procs");
    pids = g_strsplit(g_strchomp(procs), "\n", -1);
    g_assert_cmpuint(g_strv_length(pids), ==, 6);
    bns_cgroup_release(cgroup);
    g_assert_true(g_file_test(last, G_FILE_TEST_EXISTS));
    for (char **member = pids; *member != NULL; member++)
        kill(atoi(*member), SIGKILL);
    while (g_file_test(last, G_FILE_TEST_EXISTS))
        g_usleep(1000);
}

/* A child that is killed with all that it made; then the keeper, or the next one, removes
 * it. @keeps: whether there is a keeper, which has to. */
static void
check_killed(bool keeps)
{
    g_autofree char *dir = NULL;
    int ready[2];
    char text[4096];
    ssize_t len;
    pid_t pid;

    g_assert_cmpint(pipe(ready), ==, 0);
    pid = fork();
    if (pid == 0) {
        BnsCgroup *cgroup = make();

        if (cgroup == NULL)
            _exit(0);
        if (keeps)
            bns_cgroup_keep(cgroup);
        dir = dir_of(cgroup, 0);
        (void)!write(ready[1], dir, strlen(dir));
        pause();
    }
    close(ready[1]);
    len = read(ready[0], text, sizeof(text) - 1);
    close(ready[0]);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    if (len <= 0) {
        g_test_skip("no cgroup can be written to here");
        return;
    }
    text[len] = '\0';
    if (keeps) {
        while (g_file_test(text, G_FILE_TEST_EXISTS))
            g_usleep(1000);
    } else {
        g_autoptr(BnsCgroup) next = NULL;

        g_assert_true(g_file_test(text, G_FILE_TEST_EXISTS));
        next = make();
        g_assert_false(g_file_test(text, G_FILE_TEST_EXISTS));
    }
}

static void
test_keeper_removes(void)
{
    check_killed(true);
}

static void
test_next_session_removes(void)
{
    check_killed(false);
}

/* ... but not what a session holds. */
static void
test_next_session_leaves(void)
{
    g_autoptr(BnsCgroup) first = make();
    g_autoptr(BnsCgroup) second = NULL;
    g_autofree char *dir = NULL;

    if (first == NULL)
        return;
    dir = dir_of(first, 0);
    second = make();
    g_assert_true(g_file_test(dir, G_FILE_TEST_IS_DIR));
}

/* --- files of a cgroup, as plain ones --- */

typedef struct {
    const char *name;
    const char *text;
    const char *key;
    bool is_number;
    uint64_t number;
} NumberCase;

static const NumberCase numbers[] = {
    { "number", "4096\n", NULL, true, 4096 },
    { "no-number", "max\n", NULL, false, 0 },
    { "empty", "", NULL, false, 0 },
    { "too-large", "18446744073709551616\n", NULL, false, 0 },
    { "largest", "18446744073709551615\n", NULL, true, UINT64_MAX },
    { "key", "low 0\noom 3\noom_kill 2\n", "oom_kill", true, 2 },
    { "key-is-a-whole-word", "low 0\noom_kill 2\noom 3\n", "oom", true, 3 },
    { "no-key", "low 0\n", "oom", false, 0 },
    { "key-without-number", "oom\n", "oom", false, 0 },
    { "key-in-the-last-line", "low 1\noom 7", "oom", true, 7 },
};

static void
test_number(const void *data)
{
    const NumberCase *row = data;
    g_autofree char *dir = g_dir_make_tmp("cgroup-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(dir, "f", NULL);
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    uint64_t number = 0;

    g_assert_true(g_file_set_contents(file, row->text, -1, NULL));
    g_assert_cmpint(bns_cgroup_dir_number(fd, "f", row->key, &number), ==,
                    row->is_number);
    g_assert_cmpuint(number, ==, row->number);
    g_assert_false(bns_cgroup_dir_number(fd, "absent", row->key, &number));
    g_assert_cmpint(bns_cgroup_dir_write(fd, "absent", "1"), ==, -ENOENT);
    close(fd);
    unlink(file);
    rmdir(dir);
}

static void
test_remove_is_deep(void)
{
    g_autofree char *dir = g_dir_make_tmp("cgroup-XXXXXX", NULL);
    g_autofree char *deep = g_build_filename(dir, "a", "b", "c", NULL);
    g_autofree char *wide = g_build_filename(dir, "a", "b2", NULL);
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    g_assert_cmpint(g_mkdir_with_parents(deep, 0700), ==, 0);
    g_assert_cmpint(g_mkdir_with_parents(wide, 0700), ==, 0);
    g_assert_cmpint(bns_cgroup_dir_remove(fd, "a"), ==, 0);
    g_assert_cmpint(bns_cgroup_dir_remove(fd, "a"), ==, -ENOENT);
    close(fd);
    g_assert_cmpint(rmdir(dir), ==, 0);
}

/* --- the plan --- */

static void
test_nothing_is_looked_for_without_need(void)
{
    static const BnsProcessLimits none = { 0 };
    g_auto(BnsCgroupPlan) plan = { 0 };

    bns_cgroup_plan_find(&none, &plan);
    g_assert_cmpint(plan.kind, ==, BNS_CGROUP_NONE);
    g_assert_null(bns_cgroup_plan_notice(&plan, &none));
}

static void
test_notice(void)
{
    BnsCgroupPlan plan = { .wants = { true, true } };

    g_assert_nonnull(bns_cgroup_plan_notice(&plan, &both));
    plan.holds[BNS_CGROUP_PIDS] = true;
    g_assert_nonnull(bns_cgroup_plan_notice(&plan, &both));
    plan.holds[BNS_CGROUP_MEMORY] = true;
    g_assert_null(bns_cgroup_plan_notice(&plan, &both));
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
        g_autofree char *path =
            g_strconcat("/sandbox/cgroup/number/", numbers[i].name, NULL);

        g_test_add_data_func(path, &numbers[i], test_number);
    }
    g_test_add_func("/sandbox/cgroup/remove-is-deep", test_remove_is_deep);
    g_test_add_func("/sandbox/cgroup/nothing-is-looked-for-without-need",
                    test_nothing_is_looked_for_without_need);
    g_test_add_func("/sandbox/cgroup/notice", test_notice);
    g_test_add_func("/sandbox/cgroup/limits-are-set", test_limits_are_set);
    g_test_add_func("/sandbox/cgroup/processes-are-counted",
                    test_processes_are_counted);
    g_test_add_func("/sandbox/cgroup/keeper-removes", test_keeper_removes);
    g_test_add_func("/sandbox/cgroup/next-session-removes", test_next_session_removes);
    g_test_add_func("/sandbox/cgroup/next-session-leaves", test_next_session_leaves);
    return g_test_run();
}
