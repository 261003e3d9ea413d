/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A system policy above a user's: whatever he says, it is no wider.
 *
 * Each run has an /etc of its own, in a mount namespace of its own: an overlay over the
 * machine's, with a policy in it. That takes root.
 */
#include "tests/e2e/story.h"
#include "tests/support/test.h"

#include <glib/gstdio.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define CURL      "curl -sS -m 20"
#define CURL_CODE CURL " -o /dev/null -w '%{http_code}'"
#define DIR_MODE  0755

/* What the story's own options need. */
#define PERMITS "permit: [resolve, upstream-ca]\n"

/* Of the child, which may not ask for memory. */
static struct {
    const char *text;
    mode_t mode;
    char *upper, *options, *scratch;
} layer;

static bool
write_policy(const char *path)
{
    int fd = creat(path, 0644);
    size_t len = strlen(layer.text);
    bool is_written = fd >= 0 && write(fd, layer.text, len) == (ssize_t)len;

    close(fd);
    return is_written && chmod(path, layer.mode) == 0;
}

/* Runs between fork and exec. */
static bool
enter(void)
{
    return unshare(CLONE_NEWNS) == 0 &&
           mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("tmpfs", layer.scratch, "tmpfs", 0, "mode=755") == 0 &&
           mkdir(layer.upper, DIR_MODE) == 0 && chdir(layer.scratch) == 0 &&
           mkdir("work", DIR_MODE) == 0 &&
           mount("overlay", "/etc", "overlay", 0, layer.options) == 0 &&
           mkdir("/etc/boundary-ns", DIR_MODE) == 0 &&
           mkdir("/etc/boundary-ns/policy.d", DIR_MODE) == 0 &&
           write_policy("/etc/boundary-ns/policy.yaml") &&
           umount2(layer.scratch, MNT_DETACH) == 0;
}

static void
prepare(void)
{
    char here[4096];

    if (getcwd(here, sizeof here) == NULL || !enter() || chdir(here) < 0) {
        perror("a system policy of its own");
        _exit(99);
    }
}

/* Every later run of @story has the system policy @text. */
static void
set_layer(Story *story, const char *text, mode_t mode)
{
    g_free(layer.scratch);
    g_free(layer.upper);
    g_free(layer.options);
    layer.scratch = g_build_filename(story->dir, "layer", NULL);
    layer.upper = g_build_filename(layer.scratch, "upper", NULL);
    layer.options = g_strdup_printf("lowerdir=/etc,upperdir=%s,workdir=%s/work",
                                    layer.upper, layer.scratch);
    layer.text = text;
    layer.mode = mode;
    g_mkdir(layer.scratch, DIR_MODE);
    story->prepare = prepare;
}

static Story *
story_under(const char *text)
{
    Story *story = story_new();

    set_layer(story, text, 0644);
    return story;
}

/* Whether this user may have such an /etc; the machine must have no policy of its own. */
static bool
can_have_layer(void)
{
    g_autoptr(Story) story = story_under("");
    pid_t pid;
    int status = 0;

    g_assert_nonnull(story);
    pid = fork();
    if (pid == 0)
        _exit(enter() ? 0 : 1);
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* --- rules --- */

static void
test_rules(void)
{
    g_autoptr(Story) story = story_under(
        PERMITS "allow: ['*']\ndeny:\n"
                "  - {domain: other.test, reason: ask the platform team}\n");
    g_autoptr(StoryRun) run =
        story_run(story, "--allow api.test --allow other.test -- sh -c \"" CURL
                         " https://api.test/hello; " CURL " https://other.test/\"");

    story_assert_status(run, 0);
    story_assert_out(run, "hello\n");
    story_assert_out(run, "Reason: ask the platform team");
    story_assert_no_out(run, "--allow");
    story_assert_no_err(run, "would allow it");
    story_assert_record(run, "\"event\":\"http.request\"", "\"decision\":\"allow\"",
                        "\"rule\":\"--allow#1\"", "\"host\":\"api.test\"");
    story_assert_record(run, "\"event\":\"http.request\"", "\"decision\":\"deny\"",
                        "\"reason\":\"ask the platform team\"",
                        "\"rule\":\"/etc/boundary-ns/policy.yaml:4\"");
    story_assert_record(run, "session.start", "/etc/boundary-ns/policy.yaml");
}

static void
test_silent_layer(void)
{
    g_autoptr(Story) story = story_under("limits: {names: 100}\n");
    g_autoptr(StoryRun) run =
        story_run(story, "--allow api.test -- " CURL_CODE " https://api.test/hello");
    g_autoptr(StoryRun) explain =
        story_run(story, "explain --allow api.test https://api.test/");

    g_assert_cmpstr(run->out, ==, "403");
    story_assert_err(run, "has no allow rule, so it refuses everything");
    story_assert_status(explain, 1);
    story_assert_out(explain,
                     "deny\t-\tno rule of the system policy allows this host\n");
    story_assert_out(explain, "The policy below it: allow by --allow#1 (api.test)\n");
    g_assert_cmpuint(bns_origin_connections(story->https), ==, 0);
}

/* Each layer says what it would say alone, of files, programs and variables, too. */
static void
test_explain_settings(void)
{
    static const struct {
        const char *question, *first, *system, *below;
    } rows[] = {
        { "write ./a", "deny\t/etc/boundary-ns/policy.yaml:2\t",
          "The system policy alone: deny, it is read-only, and stays where it is "
          "(/etc/boundary-ns/policy.yaml:2)\n",
          "The policy below it alone: allow, it is writable (workdir)\n" },
        { "-- head -c0 /dev/null", "deny\t/etc/boundary-ns/policy.yaml:3\t",
          "The system policy alone: deny, the program is not permitted "
          "(/etc/boundary-ns/policy.yaml:3)\n",
          "The policy below it alone: allow, no rule denies it\n" },
        { "--env MY_ID=1 --variable MY_ID", "deny\t/etc/boundary-ns/policy.yaml:4\t",
          "The system policy alone: deny, it is hidden by name "
          "(/etc/boundary-ns/policy.yaml:4)\n",
          "The policy below it alone: allow, it is set to a value (--env#1)\n" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Story) story = story_under("files:\n  {read_only: [.]}\n"
                                             "commands: {deny: [head]}\n"
                                             "env: {hide: [MY_ID]}\n");
        g_autofree char *arguments = g_strconcat("explain ", rows[i].question, NULL);
        g_autoptr(StoryRun) run = NULL;

        story_write(story, "a", "x");
        run = story_run(story, arguments);
        story_assert_status(run, 1);
        g_assert_true(g_str_has_prefix(run->out, rows[i].first));
        story_assert_out(run, rows[i].system);
        story_assert_out(run, rows[i].below);
        story_assert_out(run, "Nothing of yours can allow it: ask whoever keeps "
                              "/etc/boundary-ns.\n");
        story_assert_no_out(run, "This would allow it");
    }
}

/* --- what is no rule --- */

typedef struct {
    const char *name;
    const char *variable; /* NAME=VALUE; NULL: none */
    const char *arguments;
    const char *error;
} Row;

#define BY ": not permitted by /etc/boundary-ns/policy.yaml:1, which does not name "

static const Row rows[] = {
    { "a-variable-cannot-disable", "BOUNDARY_ENABLED=false", "-- echo ran",
      "BOUNDARY_ENABLED=false" BY "disable\n" },
    { "a-file-cannot-disable", NULL, "-c off.yaml -- echo ran",
      "enabled: false" BY "disable\n" },
    { "nothing-is-published", NULL, "--publish 8099:80 -- echo ran",
      "--publish" BY "publish\n" },
    { "no-port-is-offered", NULL, "--host-port 8099 -- echo ran",
      "--host-port" BY "host-port\n" },
    { "no-proxy-is-used", NULL, "--upstream-proxy http://p.test:1 -- echo ran",
      "--upstream-proxy" BY "upstream-proxy\n" },
    { "nor-one-of-the-environment", "HTTPS_PROXY=http://p.test:1", "-- echo ran",
      "a proxy in the environment" BY "upstream-proxy\n" },
    { "nothing-is-sealed", NULL, "-c sealed.yaml -- echo ran",
      "inspect: false is not permitted by /etc/boundary-ns/policy.yaml:1\n" },
    { "nothing-is-unguarded", NULL, "-c private.yaml -- echo ran",
      "private: true is not permitted by /etc/boundary-ns/policy.yaml:1\n" },
    { "a-user-cannot-permit", NULL, "-c permit.yaml -- echo ran",
      "permit: is for the system policy, /etc/boundary-ns/policy.yaml\n" },
};

static void
test_row(gconstpointer data)
{
    const Row *row = data;
    g_autoptr(Story) story = story_under(PERMITS "required: true\nallow: ['*']\n");
    g_autoptr(StoryRun) run = NULL;

    story_write(story, "off.yaml", "enabled: false\n");
    story_write(story, "sealed.yaml", "allow: [{domain: a.test, inspect: false}]\n");
    story_write(story, "private.yaml", "allow: [{domain: a.test, private: true}]\n");
    story_write(story, "permit.yaml", "permit: [disable]\nenabled: false\n");
    if (row->variable != NULL) {
        g_auto(GStrv) parts = g_strsplit(row->variable, "=", 2);

        story_setenv(story, parts[0], parts[1]);
    }
    run = story_run(story, row->arguments);
    story_assert_status(run, 125);
    story_assert_err(run, row->error);
    story_assert_no_out(run, "ran");
}

/* Its own files, commands, variables and limits hold whatever is said below. */
static void
test_settings(void)
{
    g_autoptr(Story) story =
        story_under(PERMITS "allow: ['*']\n"
                            "files: {hide: [~/secret], read_only: [./fixed]}\n"
                            "env: {hide: [CORP_*], pass: [OK]}\n"
                            "commands: {deny: [xargs]}\n"
                            "tty: {clipboard: false}\n");
    g_autoptr(StoryRun) run = NULL;
    g_autofree char *secret = g_build_filename(story->home, "secret", NULL);
    g_autofree char *fixed = g_build_filename(story->work, "fixed", NULL);

    g_assert_true(g_file_set_contents(secret, "hidden text\n", -1, NULL));
    g_assert_cmpint(g_mkdir(fixed, 0755), ==, 0);
    story_setenv(story, "CORP_KEY", "corporate");
    story_setenv(story, "GH_TOKEN", "token");
    story_write(story, "p.yaml",
                "files: {mode: shared, show: [~/secret], write: [~, ., ./fixed]}\n"
                "env: {pass: ['*'], set: {CORP_KEY: mine, GH_HOST: mine}}\n"
                "tty: {clipboard: true}\n");
    run =
        story_run(story, "-c p.yaml --env GH_TOKEN -- sh -c 'cat ~/secret; "
                         "touch fixed/x; env; xargs --version; touch y && echo made'");
    story_assert_no_out(run, "hidden text");
    story_assert_no_out(run, "corporate");
    story_assert_no_out(run, "CORP_KEY");
    story_assert_no_out(run, "GH_TOKEN");
    story_assert_out(run, "GH_HOST=mine\n");
    story_assert_no_out(run, "GNU findutils");
    story_assert_out(run, "made\n");
    g_assert_cmpint(g_rmdir(fixed), ==, 0);
    story_assert_err(run, "the system policy (/etc/boundary-ns) leaves no write of ");
}

static void
test_check(void)
{
    g_autoptr(Story) story =
        story_under(PERMITS "allow: ['*']\nlimits: {names: 100}\nnested: none\n");
    g_autoptr(StoryRun) check = NULL;

    story_write(story, "p.yaml",
                "allow: [a.test]\nlimits: {names: 200, flows: 7}\nnested: full\n");
    check = story_run(story, "check -c p.yaml");
    story_assert_status(check, 0);
    story_assert_out(check, "ok: 2 rules\n/etc/boundary-ns/policy.yaml:2\tallow\t*\n");
    story_assert_out(check, "/p.yaml:1\tallow\ta.test\n");
    story_assert_out(check, "/etc/boundary-ns/policy.yaml:1\tpermit\tresolve\tyes\n");
    story_assert_out(check, "/etc/boundary-ns/policy.yaml:1\tpermit\tdisable\tno\n");
    story_assert_out(check, "/etc/boundary-ns/policy.yaml:3\tlimits.names\t100\n");
    story_assert_out(check, "/p.yaml:2\tlimits.flows\t7\n");
    story_assert_out(check, "/etc/boundary-ns/policy.yaml:4\tnested\tnone\n");
}

/* --- the layer itself --- */

static void
test_inside(void)
{
    g_autoptr(Story) story = story_under("allow: ['*']\n");
    g_autoptr(StoryRun) run = story_run(
        story, "-- sh -c 'for f in /etc/boundary-ns/policy.yaml "
               "/etc/boundary-ns/policy.d/z.yaml /etc/boundary-ns/z; do "
               "(echo x > $f) 2>/dev/null && echo written; done; "
               "mv /etc/boundary-ns /etc/away && echo moved; "
               "mv /etc/boundary-ns/policy.yaml /etc/boundary-ns/q && echo moved; "
               "rm -f /etc/boundary-ns/policy.yaml && echo gone; true'");

    story_assert_status(run, 0);
    g_assert_cmpstr(run->out, ==, "");
}

static void
test_bad(void)
{
    static const struct {
        const char *text;
        mode_t mode;
        const char *error;
    } bad[] = {
        { "allow: ['*']\n", 0666, "others than its owner may write to it" },
        { "allow: [\n", 0644, "/etc/boundary-ns/policy.yaml:" },
        { "enabled: false\n", 0644, "a system policy cannot be turned off in itself" },
        { "alow: []\n", 0644, "unknown key \"alow\": is it allow?" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(Story) story = story_new();
        g_autoptr(StoryRun) run = NULL;
        g_autoptr(StoryRun) direct = NULL;
        g_autoptr(StoryRun) doctor = NULL;

        set_layer(story, bad[i].text, bad[i].mode);
        run = story_run(story, "-- echo ran");
        story_assert_status(run, 125);
        story_assert_err(run, bad[i].error);
        story_assert_no_out(run, "ran");
        doctor = story_run(story, "doctor");
        story_assert_out(doctor, bad[i].error);
        story_setenv(story, "BOUNDARY_ENABLED", "false");
        direct = story_run(story, "-- echo ran");
        story_assert_status(direct, 125);
        story_assert_no_out(direct, "ran");
    }
}

/* --- observing --- */

#define ASK_BOTH                                                                       \
    "-- sh -c '" CURL " https://api.test/hello; " CURL                                 \
    " -o /dev/null -w \"%{http_code}\" https://other.test/'"

/* Who observes below it does not lift what it refuses. */
static void
test_observe_below(void)
{
    g_autoptr(Story) story = story_under("permit: [resolve, upstream-ca, observe]\n"
                                         "allow: ['*']\ndeny: [other.test]\n");
    g_autoptr(StoryRun) run = story_run(story, "--observe " ASK_BOTH);

    story_assert_status(run, 0);
    g_assert_cmpstr(run->out, ==, "hello\n403");
    story_assert_record(run, "\"event\":\"session.start\"", "\"mode\":\"observe\"",
                        "\"system_mode\":\"enforce\"");
    story_assert_record(run, "http.request", "\"decision\":\"would_deny\"",
                        "\"reason\":\"no rule allows this host\"",
                        "\"host\":\"api.test\"");
    story_assert_record(run, "http.request", "\"decision\":\"deny\"",
                        "\"rule\":\"/etc/boundary-ns/policy.yaml:3\"",
                        "\"host\":\"other.test\"");
}

static void
test_observe_forbidden(void)
{
    g_autoptr(Story) story = story_under(PERMITS "allow: ['*']\n");
    g_autoptr(StoryRun) option = story_run(story, "--observe -- echo ran");
    g_autoptr(StoryRun) file = NULL;

    story_write(story, "p.yaml", "mode: observe\n");
    file = story_run(story, "-c p.yaml -- echo ran");
    story_assert_status(option, 125);
    story_assert_err(option, "--observe: to observe is not permitted by "
                             "/etc/boundary-ns/policy.yaml:1, which does not name "
                             "observe");
    story_assert_no_out(option, "ran");
    story_assert_status(file, 125);
    story_assert_err(file, "p.yaml:1: to observe is not permitted by "
                           "/etc/boundary-ns/policy.yaml:1");
    story_assert_no_out(file, "ran");
}

/* It is about its own rules: who enforces below it enforces. */
static void
test_observe_above(void)
{
    g_autoptr(Story) story = story_under("mode: observe\nallow: [x.test]\n");
    g_autoptr(StoryRun) run = story_run(story, "--allow api.test " ASK_BOTH);
    g_autoptr(StoryRun) check = story_run(story, "check");

    story_assert_status(run, 0);
    g_assert_cmpstr(run->out, ==, "hello\n403");
    story_assert_err(run,
                     "the system policy observes (/etc/boundary-ns/policy.yaml:1)");
    story_assert_no_err(run, "boundary-ns: observing");
    story_assert_record(run, "\"event\":\"session.start\"", "\"mode\":\"enforce\"",
                        "\"system_mode\":\"observe\"");
    story_assert_record(run, "http.request", "\"decision\":\"would_deny\"",
                        "no rule of the system policy allows this host",
                        "\"host\":\"api.test\"");
    story_assert_record(run, "http.request", "\"decision\":\"deny\"",
                        "\"host\":\"other.test\"");
    story_assert_out(check, "/etc/boundary-ns/policy.yaml:1\tsystem-network-mode\t"
                            "observe\n");
    story_assert_out(check, "default\tnetwork-mode\tenforce\n");
}

static void
test_sample(void)
{
    g_autofree char *path = g_build_filename(g_getenv("BNS_E2E_DIR"), "../../data",
                                             "system-policy.yaml", NULL);
    g_autofree char *text = NULL;
    g_autoptr(Story) story = NULL;
    g_autoptr(StoryRun) check = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    story = story_under(text);
    check = story_run(story, "check --allow x.org");
    story_assert_status(check, 0);
    story_assert_out(check, "\tpermit\tpublish\tyes\n");
    story_assert_no_err(check, "refuses everything");
}

static void
test_skipped(void)
{
    g_test_skip("an /etc of its own takes root");
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 120);
    if (!bns_test_can_unshare()) {
        bns_test_add("/e2e/layers/skipped", story_skip);
        return g_test_run();
    }
    if (!can_have_layer()) {
        bns_test_add("/e2e/layers/skipped", test_skipped);
        return g_test_run();
    }
    bns_test_add("/e2e/layers/rules-of-both-decide", test_rules);
    bns_test_add("/e2e/layers/without-an-allow-rule-nothing-is", test_silent_layer);
    bns_test_add("/e2e/layers/what-each-says-of-files-programs-and-variables",
                 test_explain_settings);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strconcat("/e2e/layers/", rows[i].name, NULL);

        bns_test_add_data(path, &rows[i], test_row);
    }
    bns_test_add("/e2e/layers/settings-are-no-wider", test_settings);
    bns_test_add("/e2e/layers/check-says-whose-each-line-is", test_check);
    bns_test_add("/e2e/layers/it-cannot-be-changed-inside", test_inside);
    bns_test_add("/e2e/layers/a-bad-one-ends-the-start", test_bad);
    bns_test_add("/e2e/layers/observing-below-lifts-nothing", test_observe_below);
    bns_test_add("/e2e/layers/observing-that-is-not-permitted", test_observe_forbidden);
    bns_test_add("/e2e/layers/observing-itself", test_observe_above);
    bns_test_add("/e2e/layers/the-sample-is-one", test_sample);
    return g_test_run();
}
