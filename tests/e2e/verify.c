/* SPDX-License-Identifier: Apache-2.0 */
/*
 * boundary-ns verify: each attempt succeeds without the sandbox, and fails in it.
 */
#include "sandbox/verify.h"

#include "sandbox/landlock.h"
#include "sandbox/programs.h"
#include "sandbox/verify_canary.h"
#include "sandbox/verify_probes.h"
#include "tests/e2e/story.h"
#include "tests/support/test.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    STATE,
    GROUP,
    NAME,
    SUBJECT,
    NEEDS_ROOT,
};

/* --- the host --- */

static void
plant(const char *dir, const char *name)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    g_autofree char *parent = g_path_get_dirname(path);

    g_assert_cmpint(g_mkdir_with_parents(parent, 0755), ==, 0);
    if (!g_file_test(path, G_FILE_TEST_EXISTS))
        g_assert_true(g_file_set_contents(path, "text\n", -1, NULL));
}

/* Something to find for each attempt on a file. */
static void
fill_home(const Story *story)
{
    const BnsVerifyRow *row;

    for (size_t i = 0; (row = bns_verify_hidden(i)) != NULL; i++) {
        g_autofree char *path = g_strdelimit(g_strdup(row->subject + 2), "*", 'x');
        g_autofree char *file = g_build_filename(path, "file", NULL);

        plant(story->home, file);
    }
    for (size_t i = 0; i < bns_n_verify_files; i++) {
        const char *path = bns_verify_files[i].subject;

        if (strcmp(bns_verify_files[i].group, "run by the host") == 0)
            plant(path[0] == '~' ? story->home : story->work,
                  path[0] == '~' ? path + 2 : path);
    }
    plant(story->home, ".config/boundary-ns/config.d/file");
    plant(story->home, ".local/state/boundary-ns/audit/file");
    plant(story->work, ".git/HEAD");
}

static void
set_variables(Story *story)
{
    const BnsVerifyRow *row;

    for (size_t i = 0; (row = bns_verify_variable(i)) != NULL; i++)
        story_setenv(story, row->subject, "value");
}

/* --- without a sandbox --- */

static pid_t
start_victim(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        /* Where Yama lets parents alone trace (Ubuntu). */
        prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        pause();
        _exit(0);
    }
    g_assert_cmpint(pid, >, 0);
    return pid;
}

static void
end_victim(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* In the child of g_spawn(). */
static void
leave_open(gpointer data)
{
    if (!bns_canary_leave_open())
        _exit(99);
}

/* @wrapper: (nullable): a program that runs its arguments. Returns: (transfer full): what
 * the attempts printed. */
static char *
run_outside(Story *story, const char *wrapper)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsCanary) canary = bns_canary_new(story->work, &error);
    g_autofree char *program = bns_programs_find(story->binary, BNS_PROBES_NAME);
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    g_auto(GStrv) arguments = NULL;
    g_auto(GStrv) argv = NULL;
    pid_t victim = start_victim();
    char *text;
    int out = -1;

    g_assert_no_error(error);
    arguments = bns_canary_arguments(canary, program, victim, NULL);
    if (wrapper != NULL)
        g_strv_builder_add_many(builder, "unshare", "-rn", "sh", "-c", wrapper, NULL);
    for (char **argument = arguments; *argument != NULL; argument++)
        g_strv_builder_add(builder, *argument);
    argv = g_strv_builder_end(builder);
    g_spawn_async_with_pipes(story->work, argv, story->env,
                             G_SPAWN_SEARCH_PATH | G_SPAWN_LEAVE_DESCRIPTORS_OPEN,
                             leave_open, NULL, NULL, NULL, &out, NULL, &error);
    g_assert_no_error(error);
    text = bns_canary_serve(canary, out);
    close(out);
    end_victim(victim);
    return text;
}

/* What is not open is nothing that there is, or nothing for this user. */
static guint
check_outside(const char *text, GHashTable *open)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    guint i = 0;

    for (; lines[i] != NULL && strcmp(lines[i], "end") != 0; i++) {
        g_auto(GStrv) fields = g_strsplit(lines[i], "\t", -1);

        g_assert_cmpuint(g_strv_length(fields), ==, NEEDS_ROOT + 1);
        if (strcmp(fields[STATE], "open") == 0)
            g_hash_table_add(open,
                             g_strdup_printf("%s: %s", fields[GROUP], fields[NAME]));
        else if (strcmp(fields[STATE], "held") == 0 &&
                 (getuid() == 0 || strcmp(fields[NEEDS_ROOT], "root") != 0))
            g_error("without a sandbox this does not work: %s", lines[i]);
    }
    g_assert_cmpstr(lines[i], ==, "end");
    return g_hash_table_size(open);
}

/* --- in one --- */

static void
check_inside(const StoryRun *run, GHashTable *open)
{
    GHashTableIter iter;
    gpointer key;

    g_hash_table_iter_init(&iter, open);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        g_autofree char *line = g_strdup_printf("%-20s %s\n", "held", (char *)key);

        story_assert_out(run, line);
    }
    story_assert_out(run, " held, 0 open by your policy, 0 open, ");
}

static void
test_all(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(GHashTable) open =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(StoryRun) run = NULL;
    g_autofree char *text = NULL;
    guint n;

    fill_home(story);
    set_variables(story);
    text = run_outside(story, NULL);
    n = check_outside(text, open);
    g_test_message("%u attempts succeed without a sandbox", n);
    g_assert_cmpuint(n, >=, 200);
    run = story_run(story, "verify");
    story_assert_status(run, 0);
    check_inside(run, open);
}

/* A network with IPv6, which this machine need not have. */
static const char ipv6_network[] =
    "ip link set lo up && ip link add v0 type veth peer name v1 && ip link set v0 up "
    "&& "
    "ip link set v1 up && ip -6 addr add 2001:db8:1::1/64 dev v0 nodad && "
    "ip -6 route add default dev v0 && echo 0 0 >/proc/sys/net/ipv4/ping_group_range "
    "&& "
    "exec \"$0\" \"$@\"";

static void
test_ipv6(void)
{
    static const char *const open[] = { "a route", "an address",
                                        "link-local neighbours", "routers of the link",
                                        "ping" };
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;
    g_autofree char *text = NULL;

    if (!story_needs("ip") || !story_needs("unshare"))
        return;
    text = run_outside(story, ipv6_network);
    run = story_run(story, "verify");
    for (size_t i = 0; i < G_N_ELEMENTS(open); i++) {
        g_autofree char *outside = g_strdup_printf("open\tIPv6\t%s\t", open[i]);
        g_autofree char *inside = g_strdup_printf("%-20s IPv6: %s\n", "held", open[i]);

        if (strstr(text, outside) == NULL)
            g_error("not open without a sandbox: %s in\n%s", open[i], text);
        story_assert_out(run, inside);
    }
}

/* They are made in the user's tree, and are not there any more. */
static void
test_leaves_nothing(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = story_run(story, "verify");
    g_autoptr(GDir) dir = g_dir_open(story->work, 0, NULL);
    const char *name;

    story_assert_out(run, "held                 host: Unix socket in the working "
                          "directory\n");
    story_assert_out(run, "held                 host: Unix socket that appears in the "
                          "working directory\n");
    story_assert_record(run, "\"socket.masked\"", "-late\"");
    while ((name = g_dir_read_name(dir)) != NULL)
        if (strstr(name, "verify") != NULL)
            g_error("left: %s", name);
}

static void
test_policy(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    fill_home(story);
    story_write(story, "p.yaml",
                "files:\n"
                "  write: [., ~/.bashrc]\n"
                "  show: [~/.netrc]\n"
                "env:\n"
                "  pass: [XTOKEN]\n");
    run = story_run(story, "verify -c p.yaml");
    story_assert_status(run, 0);
    story_assert_out(run, "open by your policy  hidden file: ~/.netrc (");
    story_assert_out(run, "/p.yaml:3)\n");
    story_assert_out(run, "open by your policy  run by the host: ~/.bashrc (");
    story_assert_out(run, "/p.yaml:2)\n");
    story_assert_out(run, "open by your policy  variable: XTOKEN (");
    story_assert_out(run, "/p.yaml:5)\n");
    story_assert_out(run, " held, 3 open by your policy, 0 open, ");
}

/* What hides there is looked for there. */
static void
test_other_places(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;
    g_autofree char *place = g_build_filename(story->home, "elsewhere", NULL);

    plant(place, "gh/hosts.yml");
    story_setenv(story, "XDG_CONFIG_HOME", place);
    story_write(story, "p.yaml", "files: {show: [~/elsewhere/gh/hosts.yml]}\n");
    run = story_run(story, "verify -c p.yaml");
    story_assert_status(run, 0);
    story_assert_out(run, "/elsewhere/gh (");
    story_assert_out(run, " held, 1 open by your policy, 0 open, ");
}

/* A level of its own opens namespaces, and with "full" mounts in them. */
static void
test_nested(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    story_write(story, "p.yaml", "nested: full\n");
    run = story_run(story, "verify -c p.yaml");
    story_assert_status(run, 0);
    story_assert_out(run, "open by your policy  namespace: unshare (");
    story_assert_out(run, "/p.yaml:1)\n");
    story_assert_out(run, " open by your policy, 0 open, ");
}

static void
test_disabled(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    story_write(story, "p.yaml", "nonsense: 1\n");
    run = story_run(story, "verify -c p.yaml");
    story_assert_status(run, 125);
    g_assert_cmpstr(run->out, ==, "");
}

/* --- programs --- */

static void
test_denied_program(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;
    g_autofree char *line = NULL;

    story_write(story, "tool", "#!/bin/sh\n");
    story_write(story, "p.yaml", "commands: {deny: [~/../work/tool]}\n");
    run = story_run(story, "verify -c p.yaml");
    story_assert_status(run, 0);
    line =
        g_strdup_printf("held                 denied command: %s/tool\n", story->work);
    story_assert_out(run, line);
    story_assert_no_out(run, "command: a copy");
}

static void
test_allowed_programs(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    if (bns_landlock_version() < BNS_LANDLOCK_FILES) {
        bns_test_skip("this kernel has no Landlock");
        return;
    }
    story_write(story, "p.yaml", "commands: {allow: [sh]}\n");
    run = story_run(story, "verify -c p.yaml");
    story_assert_status(run, 0);
    story_assert_out(run, "held                 command: a copy\n");
    story_assert_out(run, "held                 command: a copy, by the loader\n");
    story_assert_out(run, "held                 command: a copy in memory\n");
}

/* --- the table --- */

static void
test_table(void)
{
    g_autoptr(BnsPolicy) policy = bns_policy_load(&(BnsPolicySource){ 0 }, NULL, NULL);
    g_autofree char *table = NULL;
    guint n_open = 0;

    table = bns_verify_table(policy,
                             "open\thidden file\t~/.netrc\t~/.netrc\t-\n"
                             "held\tsocket\tvsock\t-\t-\n"
                             "untestable\tdevice\t/dev/\033[2J\t/dev/x\troot\n"
                             "end\n",
                             "/home/u", "/work", &n_open);
    g_assert_cmpuint(n_open, ==, 1);
    g_assert_cmpstr(table, ==,
                    "OPEN                 hidden file: ~/.netrc\n"
                    "held                 socket: vsock\n"
                    "not testable here    device: /dev/?[2J\n"
                    "1 held, 0 open by your policy, 1 open, 1 not testable here\n");
    g_assert_null(bns_verify_table(policy, "held\tsocket\tvsock\t-\t-\n", "/home/u",
                                   "/work", &n_open));
    g_assert_null(
        bns_verify_table(policy, "end of it\nend\n", "/home/u", "/work", &n_open));
    g_assert_null(bns_verify_table(policy, "well\ta\tb\t-\t-\nend\n", "/home/u",
                                   "/work", &n_open));
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    /* The paths of the tables are those of the stories' home. */
    g_unsetenv("XDG_CONFIG_HOME");
    g_unsetenv("XDG_DATA_HOME");
    g_unsetenv("XDG_CACHE_HOME");
    g_unsetenv("XDG_STATE_HOME");
    bns_test_add("/e2e/verify/the-table", test_table);
    if (!bns_test_can_unshare()) {
        bns_test_add("/e2e/verify/needs-user-namespaces", story_skip);
        return g_test_run();
    }
    bns_test_add("/e2e/verify/each-attempt-succeeds-outside-alone", test_all);
    bns_test_add("/e2e/verify/ipv6-where-there-is-some", test_ipv6);
    bns_test_add("/e2e/verify/sockets-of-its-own-are-removed", test_leaves_nothing);
    bns_test_add("/e2e/verify/what-the-policy-opens", test_policy);
    bns_test_add("/e2e/verify/what-lies-in-other-places", test_other_places);
    bns_test_add("/e2e/verify/namespaces-that-the-policy-opens", test_nested);
    bns_test_add("/e2e/verify/denied-programs-are-tried", test_denied_program);
    bns_test_add("/e2e/verify/what-is-not-allowed-is-tried", test_allowed_programs);
    bns_test_add("/e2e/verify/no-session-no-table", test_disabled);
    return g_test_run();
}
