/* SPDX-License-Identifier: Apache-2.0 */
/* nested: sandboxes inside ours, as programs make them for themselves. */
#include "tests/e2e/story.h"
#include "tests/support/test.h"

#include <unistd.h>

typedef struct {
    const char *name;
    const char *program;
    const char *command;
    bool needs_user;  /* root has no rights to hand on: Linux 5.12 lets nobody map it */
    bool expected[3]; /* whether it works with none, chromium, full */
} Case;

static const Case cases[] = {
    { "user-namespaces", "unshare", "unshare -U true", false, { false, true, true } },
    { "networks-of-their-own",
      "unshare",
      "unshare -Un true",
      false,
      { false, true, true } },
    { "roots-in-them", "unshare", "unshare -r true", true, { false, true, true } },
    { "mount-namespaces",
      "unshare",
      "unshare -Um true",
      false,
      { false, false, true } },
    { "bwrap-as-codex-asks-for-it",
      "bwrap",
      "bwrap --unshare-user --unshare-net --ro-bind / / true",
      true,
      { false, false, true } },
    { "bwrap-with-a-proc-of-its-own",
      "bwrap",
      "bwrap --unshare-all --ro-bind / / --dev /dev --proc /proc --tmpfs /tmp true",
      true,
      { false, false, true } },
};

static void
test_case(gconstpointer data)
{
    static const char *const levels[] = { "none", "chromium", "full" };
    const Case *row = data;
    g_autofree char *arguments = g_strdup_printf("-c p.yaml -- %s", row->command);

    if (!story_needs(row->program))
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(levels); i++) {
        g_autoptr(Story) story = story_new();
        g_autofree char *policy = g_strdup_printf("nested: %s\n", levels[i]);
        g_autoptr(StoryRun) run = NULL;
        bool is_expected = row->expected[i] && !(row->needs_user && getuid() == 0);

        story_write(story, "p.yaml", policy);
        run = story_run(story, arguments);
        if (is_expected)
            story_assert_status(run, 0);
        else
            g_assert_cmpint(run->status, !=, 0);
    }
}

/* What a process can do with a cgroup hierarchy that it mounts for itself: nothing to the
 * cgroup that the session, and whoever started it, is in. */
static void
test_cgroups(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    if (!story_needs("python3"))
        return;
    story_write(story, "p.yaml", "nested: full\n");
    story_write(
        story, "try.py",
        "import ctypes, os\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "if libc.unshare(0x10000000 | 0x20000) == 0: print('namespaces')\n"
        "libc.unshare(0x02000000)\n"
        "os.mkdir('m')\n"
        "for kind, data in [(b'cgroup2', None)] + [(b'cgroup', name) for name in\n"
        "        (b'memory', b'pids', b'freezer', b'devices', b'cpuset')]:\n"
        "    if libc.mount(b'none', b'm', kind, 0, data) != 0: continue\n"
        "    for name in os.listdir('m'):\n"
        "        # With nsdelegate these are a matter of the namespace's.\n"
        "        if name in ('cgroup.procs', 'cgroup.threads',\n"
        "                    'cgroup.subtree_control'): continue\n"
        "        try:\n"
        "            text = open('m/' + name).read()\n"
        "            open('m/' + name, 'w').write(text)\n"
        "            print('wrote', name)\n"
        "        except OSError: pass\n"
        "    libc.umount2(b'm', 2)\n"
        "print('tried')\n");
    run = story_run(story, "-c p.yaml -- python3 try.py");
    story_assert_status(run, 0);
    g_assert_cmpstr(run->out, ==, "namespaces\ntried\n");
}

static void
test_default(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = story_run(story, "-- unshare -U true");
    g_autoptr(StoryRun) check = story_run(story, "check");

    g_assert_cmpint(run->status, !=, 0);
    story_assert_err(run, "Operation not permitted");
    story_assert_out(check, "default\tnested\tnone\n");
}

/* A process with another root is recorded and judged by what it sees. */
static void
test_exec_record(void)
{
    g_autoptr(Story) story = NULL;
    g_autoptr(StoryRun) run = NULL;

    if (!story_needs("bwrap"))
        return;
    story = story_new();
    story_write(
        story, "p.yaml",
        "nested: full\n"
        "commands: {exec: record, deny: [{command: /bin/echo, arguments: 'no*'}]}\n");
    run = story_run(story, "-c p.yaml -- bwrap --ro-bind / / --dev /dev --tmpfs /opt "
                           "--ro-bind /bin/echo /opt/inner sh -c '/opt/inner yes; "
                           "/opt/inner no; echo $?'");
    story_assert_status(run, 0);
    g_assert_cmpstr(run->out, ==, "yes\n126\n");
    story_assert_record(run, "\"allow\"", "[\"/opt/inner\",\"yes\"]");
    story_assert_record(run, "\"deny\"", "[\"/opt/inner\",\"no\"]");
}

/* One that cannot be had says so, instead of a command that is not confined. */
static void
test_ourselves(void)
{
    g_autoptr(Story) story = story_new();
    /* Where the build is below /tmp the command does not see it. */
    g_autoptr(StoryRun) copy = story_shell(
        story, "cp \"$BNS\" \"$(dirname \"$BNS\")/boundary-ns-netstack\" .");
    g_autoptr(StoryRun) run = story_run(story, "-- ./boundary-ns -- echo ran");

    story_assert_status(copy, 0);
    story_assert_status(run, 125);
    story_assert_no_out(run, "ran");
    story_assert_err(run,
                     "this runs inside boundary-ns, which its policy (nested: none");
}

static void
test_check(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) full = NULL;
    g_autoptr(StoryRun) bad = NULL;

    story_write(story, "p.yaml", "nested: full\n");
    story_write(story, "bad.yaml", "nested: all\n");
    full = story_run(story, "check -c p.yaml");
    bad = story_run(story, "-c bad.yaml -- echo ran");
    story_assert_out(full, "/p.yaml:1\tnested\tfull (a sandbox inside can move what is "
                           "pinned");
    story_assert_status(bad, 125);
    story_assert_no_out(bad, "ran");
    story_assert_err(bad, "bad.yaml:1:9: nested: must be none, chromium or full");
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    if (!bns_test_can_unshare()) {
        bns_test_add("/e2e/nested/needs-user-namespaces", story_skip);
        return g_test_run();
    }
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/e2e/nested/", cases[i].name, NULL);

        bns_test_add_data(path, &cases[i], test_case);
    }
    bns_test_add("/e2e/nested/none-without-being-asked", test_default);
    bns_test_add("/e2e/nested/no-cgroup-of-others-is-reached", test_cgroups);
    /* Root cannot have bwrap inside, as above. */
    if (getuid() != 0)
        bns_test_add("/e2e/nested/what-is-executed-inside-is-recorded",
                     test_exec_record);
    bns_test_add("/e2e/nested/boundary-ns-says-that-it-cannot", test_ourselves);
    bns_test_add("/e2e/nested/check-says-what-it-costs", test_check);
    return g_test_run();
}
