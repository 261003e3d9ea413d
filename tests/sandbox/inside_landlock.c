/* SPDX-License-Identifier: Apache-2.0 */
/* What the mounts let through is refused by Landlock, and nothing else is. */
#include "tests/sandbox/inside_fixture.h"

#include "base/fd.h"
#include "base/ready.h"
#include "sandbox/landlock.h"
#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static bool
has_version(int version)
{
    if (!inside_is_possible())
        return false;
    if (bns_landlock_version() >= version)
        return true;
    bns_test_skip("this kernel has no such Landlock");
    return false;
}

/* DIR/work is the workspace, DIR/other is not. Beside us: /tmp is another inside. */
typedef struct {
    char *dir, *work, *other;
} Place;

static void
place_init(Place *place)
{
    g_autofree char *cwd = g_get_current_dir();

    place->dir = g_build_filename(cwd, "landlock-XXXXXX", NULL);
    g_assert_nonnull(g_mkdtemp_full(place->dir, 0755));
    place->work = g_build_filename(place->dir, "work", NULL);
    place->other = g_build_filename(place->dir, "other", NULL);
    g_assert_cmpint(g_mkdir(place->work, 0755), ==, 0);
    g_assert_cmpint(g_mkdir(place->other, 0755), ==, 0);
    inside_make_file(place->other, "file", "old\n", 0644);
}

static void
place_clear(Place *place)
{
    bns_test_remove_tree(place->dir);
    g_free(place->dir);
    g_free(place->work);
    g_free(place->other);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Place, place_clear)

typedef struct {
    const char *name;
    BnsNested nested;
    bool is_shared;
    bool is_refused;
} Level;

/* Where there are no rules the same attempt succeeds: it is one. */
static const Level levels[] = {
    { "none", BNS_NESTED_NONE, false, true },
    { "chromium", BNS_NESTED_CHROMIUM, false, true },
    { "not-in-full", BNS_NESTED_FULL, false, false },
    { "not-in-shared", BNS_NESTED_NONE, true, false },
};

/* --- a mount that the host makes during the session --- */

/* For inside_namespaces(), whose function has no argument. */
static const Level *mounted_level;
static Place mounted_place;

/* As root of namespaces whose mounts reach the sandbox, as those of a host do. */
static bool
mount_during_session(void)
{
    const char *argv[] = {
        "/bin/sh",           "-c", "read go; echo x >\"$1\"/new; echo $?", "sh",
        mounted_place.other, NULL
    };
    BnsViewMount work = { mounted_place.work, BNS_VIEW_WRITE, false };
    const BnsFileView view = { .mounts = &work,
                               .n_mounts = 1,
                               .is_shared = mounted_level->is_shared };
    InsideOptions options = { .workdir = mounted_place.work,
                              .view = &view,
                              .nested = mounted_level->nested };
    g_autoptr(Inside) inside = NULL;
    g_autofree char *output = NULL;
    int input[2];

    if (mount(mounted_place.other, mounted_place.other, NULL, MS_BIND, NULL) < 0 ||
        mount(NULL, mounted_place.other, NULL, MS_SHARED, NULL) < 0 ||
        pipe2(input, O_CLOEXEC) < 0)
        return false;
    options.input_fd = input[0];
    inside = inside_start(argv, &options);
    g_free(inside_wait(inside, BNS_READY_READY));
    if (mount("tmpfs", mounted_place.other, "tmpfs", 0, NULL) < 0 ||
        write(input[1], "\n", 1) != 1)
        return false;
    inside_end(inside, NULL);
    output = inside_output(inside);
    return mounted_level->is_refused ? strstr(output, "Permission denied\n") != NULL
                                     : strcmp(output, "0\n") == 0;
}

static void
test_mount(gconstpointer level)
{
    if (!has_version(BNS_LANDLOCK_FILES))
        return;
    mounted_level = level;
    place_init(&mounted_place);
    inside_namespaces(mount_during_session);
    place_clear(&mounted_place);
}

/* --- a descriptor of the caller's --- */

static char *
run_with_input(const Place *place, const Level *level, int flags, const char *script)
{
    g_autofree char *file = g_build_filename(place->other, "file", NULL);
    bns_autofd input = open(file, flags | O_CLOEXEC);
    BnsViewMount work = { place->work, BNS_VIEW_WRITE, false };
    const BnsFileView view = { .mounts = &work,
                               .n_mounts = 1,
                               .is_shared = level->is_shared };
    const InsideOptions options = { .workdir = place->work,
                                    .view = &view,
                                    .nested = level->nested,
                                    .input_fd = input };

    g_assert_cmpint(input, >=, 0);
    return inside_sh(script, &options);
}

static void
test_input(gconstpointer data)
{
    const Level *level = data;
    g_auto(Place) place = { 0 };
    g_autofree char *written = NULL;
    g_autofree char *cut = NULL;

    if (!has_version(BNS_LANDLOCK_TRUNCATE))
        return;
    place_init(&place);
    written = run_with_input(&place, level, O_RDONLY,
                             "(echo x >>/dev/stdin) 2>/dev/null; echo $?; cat");
    g_assert_cmpstr(written, ==, level->is_refused ? "2\nold" : "0\nold\nx");
    cut = run_with_input(&place, level, O_RDONLY,
                         "truncate -s 0 /proc/self/fd/0 2>/dev/null; echo $?; cat");
    g_assert_cmpstr(cut, ==, level->is_refused ? "1\nold" : "0");
}

/* What may be written may be opened again. */
static void
test_writable_input(void)
{
    static const Level level = { "none", BNS_NESTED_NONE, false, true };
    g_auto(Place) place = { 0 };
    g_autofree char *written = NULL;

    if (!inside_is_possible())
        return;
    place_init(&place);
    written = run_with_input(&place, &level, O_RDWR, "echo x >>/dev/stdin; cat");
    g_assert_cmpstr(written, ==, "old\nx");
}

/* --- what goes on --- */

static const struct {
    const char *name, *script;
} ways[] = {
    { "files-move-between-directories",
      "mkdir a b; echo x >a/f; mv a/f b/g; ln b/g a/h; mv a c; cat c/h; rm -r b c" },
    { "anything-can-be-made", "mkfifo p; ln -s p l; rm p l; mkdir d; rmdir d; echo x" },
    { "files-can-be-cut", "echo xyz >f; truncate -s 1 f; cat f; echo; rm f" },
    { "tmp-is-writable", "for d in /tmp /var/tmp /run /dev/shm; do echo x >$d/f && "
                         "mv $d/f $d/g && rm $d/g || exit; done; echo x" },
    { "devices-are-writable", "echo x >/dev/null; echo x" },
    { "ones-own-proc-is-writable", "echo 900 >/proc/self/oom_score_adj; echo x" },
    { "the-output-can-be-opened-again", "echo x >/dev/stderr" },
    { "ones-own-can-be-signalled", "exec 2>/dev/null; sleep 100 & kill -TERM $!; wait "
                                   "$!; [ $? = 143 ] && kill -0 $$ && echo x" },
};

static void
test_way(gconstpointer script)
{
    g_auto(Place) place = { 0 };
    g_autofree char *output = NULL;

    if (!inside_is_possible())
        return;
    place_init(&place);
    output = inside_sh(script, &(InsideOptions){ .workdir = place.work });
    g_assert_cmpstr(output, ==, "x");
}

/* The runtime directory may be anywhere. */
static void
test_runtime(void)
{
    g_auto(Place) place = { 0 };
    g_autofree char *variable = NULL;
    g_autofree char *output = NULL;

    if (!inside_is_possible())
        return;
    place_init(&place);
    variable = g_strconcat("XDG_RUNTIME_DIR=", place.other, NULL);
    output = inside_sh(
        "echo x >$XDG_RUNTIME_DIR/f; ls $XDG_RUNTIME_DIR",
        &(InsideOptions){ .workdir = place.work,
                          .environment = (const char *[]){ variable, NULL } });
    g_assert_cmpstr(output, ==, "f");
}

/* In a directory that is rebuilt files can be made. */
static void
test_rebuilt(void)
{
    g_auto(Place) place = { 0 };
    g_autofree char *hidden = NULL;
    g_autofree char *output = NULL;

    if (!inside_is_possible())
        return;
    place_init(&place);
    hidden = g_build_filename(place.other, "file", NULL);
    {
        const char *rebuilt[] = { place.other, NULL };
        const BnsViewRule rule = { hidden, strlen(place.other), true };
        BnsViewMount work = { place.work, BNS_VIEW_WRITE, false };
        const BnsFileView view = { .mounts = &work,
                                   .n_mounts = 1,
                                   .rules = &rule,
                                   .n_rules = 1,
                                   .rebuilt = rebuilt };

        output = inside_sh("echo x >../other/new; ls ../other",
                           &(InsideOptions){ .workdir = place.work, .view = &view });
    }
    g_assert_cmpstr(output, ==, "new");
}

static void
test_init_gets_no_signal(void)
{
    g_autofree char *output = NULL;

    if (!has_version(BNS_LANDLOCK_SCOPES))
        return;
    output = inside_sh("kill -0 1 2>&1 || true", NULL);
    g_assert_nonnull(strstr(output, "not permitted"));
}

/* --- what the kernel lacks, and what it refuses --- */

static void
test_absent(gconstpointer error)
{
    const InsideOptions options = { .landlock_error = GPOINTER_TO_INT(error) };
    g_autofree char *output = NULL;

    if (!inside_is_possible())
        return;
    output = inside_sh("echo x", &options);
    g_assert_cmpstr(output, ==, "x");
}

static void
test_refused(gconstpointer error)
{
    const InsideOptions options = { .landlock_error = GPOINTER_TO_INT(error) };
    const char *argv[] = { "true", NULL };
    g_autoptr(Inside) inside = NULL;
    g_autofree char *failure = NULL;

    if (!inside_is_possible())
        return;
    inside = inside_start(argv, &options);
    g_assert_cmpint(inside_end(inside, &failure), ==, -1);
    g_assert_true(g_str_has_prefix(failure, "Could not ask for Landlock: "));
}

static void
add(const char *group,
    const char *name,
    gconstpointer data,
    void (*func)(gconstpointer))
{
    g_autofree char *path =
        g_strdup_printf("/sandbox/inside/landlock/%s%s", group, name);

    bns_test_add_data(path, data, func);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    for (size_t i = 0; i < G_N_ELEMENTS(levels); i++) {
        add("a-later-mount-cannot-be-written/", levels[i].name, &levels[i], test_mount);
        add("what-is-open-for-reading-cannot-be-written/", levels[i].name, &levels[i],
            test_input);
    }
    bns_test_add("/sandbox/inside/landlock/what-is-open-for-writing-can",
                 test_writable_input);
    for (size_t i = 0; i < G_N_ELEMENTS(ways); i++)
        add("", ways[i].name, ways[i].script, test_way);
    bns_test_add("/sandbox/inside/landlock/the-runtime-directory-is-writable",
                 test_runtime);
    bns_test_add("/sandbox/inside/landlock/a-rebuilt-directory-is-writable",
                 test_rebuilt);
    bns_test_add("/sandbox/inside/landlock/init-gets-no-signal",
                 test_init_gets_no_signal);
    add("a-kernel-without/", "it", GINT_TO_POINTER(ENOSYS), test_absent);
    add("a-kernel-without/", "it-since-its-boot", GINT_TO_POINTER(EOPNOTSUPP),
        test_absent);
    add("who-refuses-it/", "ends-the-start", GINT_TO_POINTER(EPERM), test_refused);
    return g_test_run();
}
