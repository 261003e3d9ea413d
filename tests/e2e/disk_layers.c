/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers on disk: private directories where files of a tmpfs have no attributes of the
 * user's (before Linux 6.6).
 *
 * Newer kernels are made to say so: the look at a tmpfs is the one that sets an attribute,
 * new or not; overlayfs does not ask by a system call.
 */
#include "tests/e2e/live.h"
#include "tests/e2e/story.h"
#include "tests/support/test.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KEEPER "bns-layers"

/* Lets fsetxattr(2) fail, if it has @flags or else if @flags is negative. */
static void
refuse(int flags)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fsetxattr, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[4])),
        BPF_JUMP(BPF_JMP | (flags < 0 ? BPF_JGE : BPF_JEQ) | BPF_K,
                 (unsigned)MAX(flags, 0), 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EOPNOTSUPP),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { G_N_ELEMENTS(code), code };

    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
        _exit(99);
}

static void
refuse_in_memory(void)
{
    refuse(0);
}

static void
refuse_everywhere(void)
{
    refuse(-1);
}

/* --- */

static void
save(const Story *story, const char *name)
{
    g_autofree char *path = g_build_filename(story->home, name, NULL);
    g_autofree char *dir = g_path_get_dirname(path);

    g_assert_cmpint(g_mkdir_with_parents(dir, 0755), ==, 0);
    g_assert_true(g_file_set_contents(path, "old\n", -1, NULL));
}

/* Returns: (nullable): %NULL: the test is skipped. */
static Story *
furnish(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) doctor = NULL;

    story->prepare = refuse_in_memory;
    save(story, ".cache/gone/a/file");
    save(story, ".cache/kept/file");
    save(story, ".npm/_cacache/content/file");
    doctor = story_run(story, "doctor");
    if (strstr(doctor->out, "until the session ends") != NULL)
        return g_steal_pointer(&story);
    story_assert_out(doctor, "layers cannot lie on disk");
    bns_test_skip("overlayfs has no use for the file system of this directory");
    return NULL;
}

static char *
list(const Story *story, const char *script)
{
    g_autofree char *command =
        g_strdup_printf("cd '%s' && { %s; } 2>&1", story->home, script);
    const char *argv[] = { "sh", "-c", command, NULL };
    char *out = NULL;

    g_assert_true(g_spawn_sync(NULL, (char **)(uintptr_t)argv, NULL,
                               G_SPAWN_SEARCH_PATH, NULL, NULL, &out, NULL, NULL,
                               NULL));
    return out;
}

static void
assert_host_is_as_before(const Story *story)
{
    g_autofree char *out = list(
        story, "find .cache .npm -type f | sort; find .cache .npm -type f | xargs cat; "
               "ls -A .local/state/boundary-ns/layers");

    g_assert_cmpstr(out, ==,
                    ".cache/gone/a/file\n.cache/kept/file\n.npm/_cacache/content/file\n"
                    "old\nold\nold\n");
}

typedef struct {
    const char *name;
    const char *script;
    const char *out;
} Case;

static const Case cases[] = {
    { "a-directory-can-be-removed", "cd ~/.cache; rm -r gone; ls; mkdir gone; ls gone",
      "kept\n" },
    { "a-directory-can-be-emptied-and-filled",
      "cd ~/.npm/_cacache; rm -r content; mkdir -p content/b tmp; echo x >tmp/f; "
      "mv tmp/f content/b/f; rm -r tmp; cat content/b/f; mv content/b content/c; "
      "find . -type f",
      "x\n./content/c/f\n" },
    { "a-file-can-be-replaced",
      "cd ~/.cache/kept; echo new >n; mv n file; cat file; rm file; ls", "new\n" },
    { "they-lie-where-the-state-does",
      "test $(stat -f -c %b ~/.cache) = $(stat -f -c %b .) && echo disk", "disk\n" },
    { "nobody-sees-them",
      "echo x >~/.cache/n; cd ~/.local/state/boundary-ns/layers; ls -A; { echo x >n; } "
      "2>/dev/null || { chmod 700 . && mkdir n; } 2>/dev/null || echo no",
      "no\n" },
    { "what-is-locked-and-deep-goes-away",
      "cd ~/.cache; mkdir -p a/b; mkfifo a/p; ln -s / a/l; chmod 0 a/b a; i=0; while [ "
      "$i -lt 200 ]; do mkdir d && cd -P d; i=$((i + 1)); done; echo $i",
      "200\n" },
};

static void
test_case(gconstpointer data)
{
    const Case *row = data;
    g_autoptr(Story) story = furnish();
    g_autofree char *arguments = NULL;
    g_autoptr(StoryRun) run = NULL;

    if (story == NULL)
        return;
    arguments = g_strdup_printf("-- sh -c '%s'", row->script);
    run = story_run(story, arguments);
    story_assert_status(run, 0);
    g_assert_cmpstr(run->out, ==, row->out);
    assert_host_is_as_before(story);
}

/* --- whoever dies --- */

/* It writes there as long as it lives. */
#define COMMAND                                                                        \
    "-- sh -c 'rm -r ~/.cache/gone; echo started; i=0; while :; do echo x "            \
    ">~/.cache/kept/$((i = i + 1)); done'"

/* Ends those of @victims (NULL-terminated), in this order. */
static void
kill_those(Story *story, const char *const *victims)
{
    g_autoptr(Live) live = live_start(story, COMMAND);
    g_autoptr(GArray) processes = NULL;
    g_autofree char *there = NULL;

    live_await_out(live, "started");
    there = list(story, "ls -A .local/state/boundary-ns/layers/*");
    g_assert_nonnull(strchr(there, '\n'));
    processes = live_processes(live);
    for (; *victims != NULL; victims++)
        g_assert_cmpint(kill(live_find(processes, *victims)->pid, SIGKILL), ==, 0);
    story_run_free(live_end(live));
    live_await_death(processes);
}

static void
test_supervisor_killed(void)
{
    static const char *const victims[] = { "boundary-ns", NULL };
    g_autoptr(Story) story = furnish();

    if (story == NULL)
        return;
    kill_those(story, victims);
    assert_host_is_as_before(story);
}

static void
test_init_killed(void)
{
    static const char *const victims[] = { KEEPER, "boundary-init", NULL };
    g_autoptr(Story) story = furnish();

    if (story == NULL)
        return;
    kill_those(story, victims);
    assert_host_is_as_before(story);
}

static void
test_all_killed(void)
{
    static const char *const victims[] = { KEEPER, "boundary-ns", NULL };
    g_autoptr(Story) story = furnish();
    g_autoptr(StoryRun) next = NULL;
    g_autofree char *left = NULL;

    if (story == NULL)
        return;
    kill_those(story, victims);
    left = list(story, "ls -A .local/state/boundary-ns/layers");
    g_assert_cmpstr(left, !=, "");
    next = story_run(story, "-- true");
    story_assert_status(next, 0);
    assert_host_is_as_before(story);
}

/* --- where it cannot lie there --- */

static void
test_in_memory(void)
{
    g_autoptr(Story) story = furnish();
    g_autoptr(StoryRun) run = NULL;
    g_autoptr(StoryRun) doctor = NULL;

    if (story == NULL)
        return;
    story->prepare = refuse_everywhere;
    run =
        story_run(story, "-- sh -c 'cd ~/.cache/kept; echo new >file; cat file; ls -A "
                         "~/.local/state/boundary-ns/layers'");
    story_assert_status(run, 0);
    g_assert_cmpstr(run->out, ==, "new\n");
    assert_host_is_as_before(story);
    doctor = story_run(story, "doctor");
    story_assert_out(doctor, "cannot be removed");
    story_assert_out(doctor, "XDG_STATE_HOME");
    assert_host_is_as_before(story);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    if (!bns_test_can_unshare()) {
        bns_test_add("/e2e/disk-layers/needs-user-namespaces", story_skip);
        return g_test_run();
    }
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/e2e/disk-layers/%s", cases[i].name);

        bns_test_add_data(path, &cases[i], test_case);
    }
    bns_test_add("/e2e/disk-layers/go-with-a-killed-supervisor",
                 test_supervisor_killed);
    bns_test_add("/e2e/disk-layers/go-with-a-killed-init", test_init_killed);
    bns_test_add("/e2e/disk-layers/of-dead-sessions-go-with-the-next", test_all_killed);
    bns_test_add("/e2e/disk-layers/lie-in-memory-elsewhere", test_in_memory);
    return g_test_run();
}
