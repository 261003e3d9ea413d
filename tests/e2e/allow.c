/* SPDX-License-Identifier: Apache-2.0 */
/* A person outside allows more while the command runs; nobody inside does. */
#include "tests/e2e/live.h"
#include "tests/support/test.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *
read_id(const Story *story)
{
    g_autofree char *audit = story_read_audit(story);
    const char *found = strstr(audit, "\"session\":\"");

    g_assert_nonnull(found);
    return g_strndup(found + strlen("\"session\":\""), 8);
}

static char *
save_config(const Story *story, const char *text)
{
    g_autofree char *dir = g_build_filename(story->dir, "policy", NULL);
    char *path = g_build_filename(dir, "config.yaml", NULL);

    g_mkdir_with_parents(dir, 0700);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    return path;
}

/* Its first record has been written. */
static void
await_start(const Story *story)
{
    g_autofree char *audit = NULL;

    while (audit == NULL || strstr(audit, "\"event\":\"session.start\"") == NULL) {
        g_usleep(5000);
        g_free(audit);
        audit = story_read_audit(story);
    }
}

static Live *
start(Story *story, const char *options)
{
    g_autofree char *arguments = g_strconcat(options, " " LIVE_ASKS, NULL);
    Live *live = live_start(story, arguments);

    live_await_out(live, "started");
    return live;
}

/* boundary-ns allow SESSION @rest */
static StoryRun *
allow(Story *story, const char *rest)
{
    g_autofree char *id = read_id(story);
    g_autofree char *arguments = g_strdup_printf("allow %s %s", id, rest);

    return story_run(story, arguments);
}

static void
expect(Story *story, const char *rest, int status, const char *said)
{
    g_autoptr(StoryRun) run = allow(story, rest);

    story_assert_status(run, status);
    if (status == 0)
        story_assert_out(run, said);
    else
        story_assert_err(run, said);
}

static void
test_session(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(Live) live = start(story, "--allow api.test/none");
    g_autoptr(StoryRun) ps = NULL;
    g_autoptr(StoryRun) json = NULL;
    g_autoptr(StoryRun) run = NULL;

    live_ask(live, "hello", 403);
    expect(story, "'GET api.test/hello'", 0, "allow#1: GET api.test/hello");
    /* Who was told so may rely on it. */
    live_ask(live, "hello?a", 200);
    live_ask(live, "big", 403);
    expect(story, "api.test/big", 0, "allow#2: api.test/big");
    live_ask(live, "big?a", 200);
    expect(story, "", 0, "allow#1: GET api.test/hello\nallow#2: api.test/big");
    ps = story_run(story, "ps");
    story_assert_out(ps, "+2 rules");
    json = story_run(story, "ps --json");
    story_assert_out(json, "\"allowed\":2");
    expect(story, "--remove 1", 0, "allow#1 is removed");
    live_ask(live, "hello?b", 403);
    live_ask(live, "big?b", 200);
    expect(story, "--remove 1", 1, "no rule allow#1");
    expect(story, "", 0, "allow#2: api.test/big");
    run = live_finish(live);
    story_assert_status(run, 0);
    story_assert_record(run, "\"event\":\"policy.allow\"", "\"rule\":\"allow#1\"",
                        "\"reason\":\"added: GET api.test/hello\"");
    story_assert_record(run, "\"event\":\"policy.reload\"", "\"reason\":\"allow#1\"");
    story_assert_record(run, "\"event\":\"http.request\"", "\"rule\":\"allow#1\"");
    story_assert_record(run, "\"event\":\"policy.allow\"", "\"rule\":\"allow#1\"",
                        "\"reason\":\"removed: GET api.test/hello\"");
}

/* Its end comes by itself. */
static void
test_expires(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(Live) live = start(story, "");
    g_autoptr(StoryRun) run = NULL;
    bool is_over = false;

    expect(story, "api.test --for 2s", 0, "allow#1 (expires 20");
    expect(story, "api.test/big --for 30m", 0, "allow#2 (expires 20");
    for (int i = 0; !is_over; i++) {
        g_autofree char *line = g_strdup_printf("hello?%d\n", i);
        g_autofree char *answer = g_strdup_printf("hello?%d=", i);

        live_write(live, line);
        live_await_out(live, answer);
        live_await_out(live, "\n");
        is_over = strstr(live->out->str, "=403") != NULL;
    }
    live_ask(live, "big", 200);
    run = live_finish(live);
    story_assert_status(run, 0);
    story_assert_record(run, "\"decision\":\"allow\"", "\"rule\":\"allow#1 (expires ");
    story_assert_record(run, "\"event\":\"policy.allow\"", "allow#1 (expires ",
                        "\"reason\":\"the rule has expired\"");
}

static void
test_always(void)
{
    g_autoptr(Story) story = story_new();
    g_autofree char *path = save_config(
        story, "# mine\nallow:\n  - api.test/none # why\n\n# end\nversion: 1\n");
    g_autofree char *link = g_build_filename(story->dir, "policy", "link.yaml", NULL);
    g_autofree char *options = g_strconcat("--config ", link, NULL);
    g_autofree char *text = NULL;
    g_autoptr(Live) live = NULL;
    g_autoptr(StoryRun) run = NULL;
    struct stat info;

    g_assert_cmpint(symlink("config.yaml", link), ==, 0);
    g_assert_cmpint(chmod(path, 0640), ==, 0);
    live = start(story, options);
    live_ask(live, "hello", 403);
    expect(story, "'GET api.test/hello' --for always", 0,
           "link.yaml: GET api.test/hello");
    live_ask(live, "hello?a", 200);
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==,
                    "# mine\nallow:\n  - api.test/none # why\n"
                    "  - \"GET api.test/hello\"\n\n# end\nversion: 1\n");
    g_assert_cmpint(lstat(path, &info), ==, 0);
    g_assert_cmpint(info.st_mode, ==, S_IFREG | 0640);
    g_assert_cmpint(lstat(link, &info), ==, 0);
    g_assert_true(S_ISLNK(info.st_mode));
    expect(story, "http:// --for always", 1, "");
    run = live_finish(live);
    story_assert_record(run, "\"decision\":\"allow\"", "link.yaml:4\"");
}

/* What cannot be, with what to do instead. */
static void
test_refused(void)
{
    g_autoptr(Story) story = story_new();
    g_autofree char *path =
        save_config(story, "deny: [ { domain: api.test, reason: \"never\" } ]\n"
                           "allow: [tcp://db.test:443]\n");
    g_autofree char *options = g_strconcat("--config ", path, NULL);
    g_autoptr(Live) live = start(story, options);
    g_autoptr(StoryRun) run = NULL;

    expect(story, "api.test/hello", 1, "the rule would allow nothing: never, at ");
    expect(story, "api.test --for always", 1, "the rule would allow nothing");
    expect(story, "'get api.test'", 1, "allow#1: ");
    expect(story, "https://db.test", 1, "");
    expect(story, "other.test --for soon", 2, "--for: ");
    expect(story, "other.test --for 0m", 2, "--for: ");
    expect(story, "other.test --remove 1", 2, "");
    expect(story, "", 0, "");
    live_ask(live, "hello", 403);
    run = live_finish(live);
    story_assert_status(run, 0);
    g_assert_cmpuint(story_count_records(run, "\"policy.", NULL), ==, 0);
    {
        g_autoptr(StoryRun) none = story_run(story, "allow 00000000-none api.test");

        story_assert_status(none, 2);
        story_assert_err(none, "no session runs whose id begins with");
    }
}

/* Without a file there is none to write to; one of the command's is not written to. */
static void
test_no_file(void)
{
    g_autoptr(Story) story = story_new();
    g_autofree char *inner =
        story_file(story, "inner.yaml", "allow: [api.test/none]\n");
    g_autofree char *options = g_strconcat("--config ", inner, NULL);

    {
        g_autoptr(Live) live = start(story, "");
        g_autoptr(StoryRun) run = NULL;

        expect(story, "api.test --for always", 1, "use --for session");
        run = live_finish(live);
    }
    {
        g_autoptr(Live) live = start(story, options);
        g_autofree char *text = NULL;
        g_autoptr(StoryRun) run = NULL;

        expect(story, "api.test/hello --for always", 1, "use --for session");
        expect(story, "api.test/hello", 0, "allow#1");
        live_ask(live, "hello", 200);
        g_assert_true(g_file_get_contents(inner, &text, NULL, NULL));
        g_assert_cmpstr(text, ==, "allow: [api.test/none]\n");
        run = live_finish(live);
    }
}

/* --- from inside --- */

/* Looks for every socket that it can name, and asks it. */
static const char attack[] =
    "import os, socket, glob, sys\n"
    "home = os.environ['HOME']\n"
    "dirs = [home + '/.local/state/boundary-ns/run', sys.argv[1] + '/boundary-ns',\n"
    "        '/var/tmp/boundary-ns-%d/run' % os.getuid()]\n"
    "for d in dirs[:]: dirs += glob.glob('/proc/[0-9]*/root' + d)\n"
    "dirs += glob.glob('/proc/[0-9]*/cwd') + glob.glob('/proc/[0-9]*/fd/*')\n"
    "def attack(p):\n"
    "    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
    "    s.settimeout(5)\n"
    "    try:\n"
    "        s.connect(p)\n"
    "        s.send(b'add\\x000\\0api.test\\0')\n"
    "        print('reached', p, s.recv(100))\n"
    "    except OSError: pass\n"
    "for d in dirs:\n"
    "    try: os.chdir(d)\n"
    "    except OSError: continue\n"
    "    print('looked', os.listdir('.'))\n"
    "    for n in [sys.argv[2]] + os.listdir('.'): attack(n)\n"
    "for p in glob.glob('/proc/[0-9]*/fd/*'): attack(p)\n"
    "for line in open('/proc/net/unix').read().splitlines()[1:]:\n"
    "    parts = line.split()\n"
    "    if len(parts) > 7: attack(parts[7].replace('@', '\\0', 1))\n"
    "os.system(\"\\\"$BNS\\\" allow \" + sys.argv[2][:8] + ' api.test')\n"
    "os.system(\"\\\"$BNS\\\" ps\")\n"
    "print('done')\n";

/* What is tried inside works outside; and not from another user namespace there. */
static void
test_outside(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(Live) live = start(story, "");
    g_autofree char *id = read_id(story);
    g_autofree char *script =
        g_strdup_printf("python3 -c \"import os, socket, glob, sys\n"
                        "s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
                        "os.chdir(sys.argv[1]); s.connect(glob.glob(sys.argv[2])[0])\n"
                        "s.send(b'add\\0000\\0api.test\\0')\n"
                        "print('reached', s.recv(100))\" "
                        "/var/tmp/boundary-ns-$(id -u)/run '%s*.sock'; "
                        "unshare -c \"$BNS\" allow %s other.test; echo \"status $?\"",
                        id, id);
    g_autoptr(StoryRun) run = story_shell(story, script);
    g_autoptr(StoryRun) end = NULL;

    story_assert_out(run, "reached b'0allow#1: api.test'");
    story_assert_out(run, "status 2");
    story_assert_err(run, "does not answer");
    live_ask(live, "hello", 200);
    expect(story, "--remove 1", 0, "allow#1 is removed");
    end = live_finish(live);
    g_assert_cmpuint(story_count_records(end, "\"reason\":\"added: other.test", NULL),
                     ==, 0);
}

typedef struct {
    const char *name;
    const char *config;  /* NULL: none */
    bool writes_runtime; /* it may write there */
    bool has_runtime;    /* there is one for the socket */
    bool is_in_runtime;  /* and it is the working directory */
} Inside;

static const Inside insides[] = {
    { "plain", NULL, false, true, false },
    { "without-a-runtime-directory", NULL, false, false, false },
    { "nested", "nested: full\n", false, true, false },
    { "shared-files", "files: { mode: shared }\n", false, true, false },
    { "shared-files-without-a-runtime-directory",
      "nested: full\nfiles: { mode: shared }\n", false, false, false },
    { "writable-home-without-a-runtime-directory",
      "files: { write: [., ~, ~/.local/state] }\n", false, false, false },
    { "in-the-runtime-directory", NULL, false, true, true },
    { "writable-runtime-directory", NULL, true, true, false },
};

static void
test_inside(gconstpointer data)
{
    const Inside *inside = data;
    g_autoptr(Story) story = story_new();
    g_autofree char *runtime = g_build_filename(story->dir, "runtime", NULL);
    g_autofree char *path =
        inside->config != NULL ? save_config(story, inside->config) : NULL;
    g_autofree char *script = story_file(story, "attack.py", attack);
    g_autoptr(GString) arguments = g_string_new("");
    g_autofree char *line = NULL;
    g_autoptr(Live) live = NULL;
    g_autoptr(StoryRun) run = NULL;

    g_assert_cmpint(g_mkdir(runtime, 0700), ==, 0);
    if (inside->has_runtime)
        story_setenv(story, "XDG_RUNTIME_DIR", runtime);
    story_setenv(story, "BNS", story->binary);
    if (path != NULL)
        g_string_append_printf(arguments, "--config %s ", path);
    if (inside->is_in_runtime)
        g_string_append_printf(arguments, "--workdir %s ", runtime);
    if (inside->writes_runtime)
        g_string_append_printf(arguments, "--write %s ", runtime);
    g_string_append_printf(
        arguments,
        "-- sh -c 'read text; read id; echo started; python3 -c \"$(cat %s 2>/dev/null "
        "|| echo \"$text\" | base64 -d)\" %s $id.sock; "
        "curl -s -o /dev/null -w \"code=%%{http_code}\" http://api.test/hello'",
        script, runtime);
    live = live_start(story, arguments->str);
    {
        g_autofree char *text = g_base64_encode((const guchar *)attack, strlen(attack));

        line = g_strdup_printf("%s\n", text);
        live_write(live, line);
    }
    await_start(story);
    {
        g_autofree char *audit = story_read_audit(story);
        const char *id = strstr(audit, "\"session\":\"") + strlen("\"session\":\"");
        g_autofree char *second = g_strdup_printf("%.36s\n", id);
        g_autofree char *place =
            inside->has_runtime
                ? g_strdup_printf("%s/boundary-ns/%.36s.sock", runtime, id)
                : g_strdup_printf("/var/tmp/boundary-ns-%u/run/%.36s.sock", getuid(),
                                  id);

        /* It is where it is looked for. */
        while (!g_file_test(place, G_FILE_TEST_EXISTS))
            g_usleep(5000);
        live_write(live, second);
    }
    run = live_finish(live);
    story_assert_out(run, "done");
    story_assert_no_out(run, "reached");
    story_assert_no_out(run, ".sock'");
    story_assert_out(run, "code=403");
    g_assert_cmpuint(story_count_records(run, "\"event\":\"policy.allow\"", NULL), ==,
                     0);
}

/* A command whose policy lets it write where the sockets are could answer. */
static void
test_impostor(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(Live) live = start(story, "");
    g_autofree char *id = read_id(story);
    g_autofree char *script = g_strdup_printf(
        "python3 -c \"import os, socket, glob, subprocess, sys\n"
        "p = glob.glob(sys.argv[1])[0]\n"
        "print('named', p in open('/proc/net/unix').read()); os.unlink(p)\n"
        "s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.bind(p); "
        "s.listen()\n"
        "sys.exit(subprocess.call([os.environ['BNS'], 'allow', '%s', 'api.test']))\" "
        "/var/tmp/boundary-ns-$(id -u)/run/'%s*.sock'; echo \"status $?\"",
        id, id);
    g_autoptr(StoryRun) run = story_shell(story, script);
    g_autoptr(StoryRun) end = NULL;

    /* Or other sessions would search every directory for it. */
    story_assert_out(run, "named True");
    story_assert_out(run, "status 2");
    story_assert_err(run, "another process has its socket");
    end = live_finish(live);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 120);
    if (!bns_test_can_unshare()) {
        bns_test_add("/e2e/allow", story_skip);
        return g_test_run();
    }
    bns_test_add("/e2e/allow/for-the-session", test_session);
    bns_test_add("/e2e/allow/for-some-seconds", test_expires);
    bns_test_add("/e2e/allow/for-good", test_always);
    bns_test_add("/e2e/allow/what-cannot-be-is-refused", test_refused);
    bns_test_add("/e2e/allow/where-no-file-can-be-written", test_no_file);
    bns_test_add("/e2e/allow/from-outside-alone", test_outside);
    bns_test_add("/e2e/allow/nobody-else-answers", test_impostor);
    for (size_t i = 0; i < G_N_ELEMENTS(insides); i++) {
        g_autofree char *path =
            g_strconcat("/e2e/allow/not-from-inside/", insides[i].name, NULL);

        bns_test_add_data(path, &insides[i], test_inside);
    }
    return g_test_run();
}
