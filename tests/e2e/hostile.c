/* SPDX-License-Identifier: Apache-2.0 */
/* A workspace, names and paths that were made to mislead: they change no decision, hang
 * nothing, and reach no screen as they are. */
#include "tests/e2e/story.h"
#include "tests/support/test.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define EVERYTHING "allow:\n  - \"*\"\n"
#define ASK_CODE                                                                       \
    "curl -sS -m 20 -o /dev/null -w '%{http_code}\\n' https://api.test/hello"

/* --- files --- */

/* Plants @text as config.yaml in @directory below the working directory. */
static void
plant(Story *story, const char *directory)
{
    g_autofree char *dir = g_build_filename(story->work, directory, NULL);
    g_autofree char *file = g_build_filename(directory, "config.yaml", NULL);

    g_assert_cmpint(g_mkdir_with_parents(dir, 0755), ==, 0);
    g_free(story_file(story, file, EVERYTHING));
}

static void
test_planted_in_workspace(void)
{
    static const char *const directories[] = { ".",
                                               "boundary-ns",
                                               ".config/boundary-ns",
                                               ".config/coder_boundary",
                                               ".boundary",
                                               ".local/state/boundary-ns" };
    static const char *const names[] = { "boundary.yaml", "boundary.yml",
                                         ".boundary.yaml", "policy.yaml" };
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;
    g_autoptr(StoryRun) relative = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(directories); i++)
        plant(story, directories[i]);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        g_free(story_file(story, names[i], EVERYTHING));
    run = story_run(story, "-- " ASK_CODE);
    g_assert_cmpstr(run->out, ==, "403\n");
    /* Relative names of the environment are none (XDG Base Directory). */
    story_setenv(story, "XDG_CONFIG_HOME", ".config");
    story_setenv(story, "XDG_CONFIG_DIRS", story->work);
    relative = story_run(story, "-- " ASK_CODE);
    g_assert_cmpstr(relative->out, ==, "403\n");
}

/* One session tries to write the policy of the next, by every way to its name. */
static const char *const plantings[] = {
    "echo 'allow: [\"*\"]' >~/.config/boundary-ns/config.yaml",
    "echo 'allow: [\"*\"]' >~/.config/coder_boundary/config.yaml",
    "mv ~/.config ~/.away; mkdir -p ~/.config/boundary-ns; "
    "echo 'allow: [\"*\"]' >~/.config/boundary-ns/config.yaml",
    "rm -rf ~/.config; ln -s $PWD/theirs ~/.config",
    "mv ~/.config/boundary-ns ~/.config/gone; ln -s $PWD/theirs/boundary-ns "
    "~/.config/boundary-ns",
    "ln -f theirs/boundary-ns/config.yaml ~/.config/boundary-ns/config.yaml",
    "cp theirs/boundary-ns/config.yaml ~/.config/boundary-ns/",
    "mount --bind theirs ~/.config",
};

static void
test_planted_by_command(gconstpointer data)
{
    g_autoptr(Story) story = story_new();
    g_autofree char *script = g_strconcat(data, "\nexit 0\n", NULL);
    g_autoptr(StoryRun) first = NULL;
    g_autoptr(StoryRun) second = NULL;

    plant(story, "theirs/boundary-ns");
    g_free(story_file(story, "plant.sh", script));
    first = story_run(story, "-- sh plant.sh");
    story_assert_status(first, 0);
    second = story_run(story, "-- " ASK_CODE);
    g_assert_cmpstr(second->out, ==, "403\n");
}

typedef struct {
    const char *name;
    const char *make;      /* of sh, in the working directory */
    const char *arguments; /* before the command */
} OddFile;

static const OddFile odd_files[] = {
    { "config-is-a-fifo", "mkfifo odd", "-c odd" },
    { "config-is-a-directory", "mkdir odd", "-c odd" },
    { "config-is-a-loop", "ln -s odd odd", "-c odd" },
    { "config-is-endless", "ln -s /dev/zero odd", "-c odd" },
    { "config-is-a-terminal", "ln -s /dev/tty odd", "-c odd" },
    { "config-is-huge", "head -c 5000000 /dev/zero | tr '\\0' '#' >odd", "-c odd" },
    { "config-is-binary", "head -c 5000 /dev/urandom >odd", "-c odd" },
    { "config-is-not-there", "true", "-c odd" },
    { "extends-a-fifo", "mkfifo odd; echo 'extends: [./odd]' >a.yaml", "-c a.yaml" },
    { "extends-a-device", "echo 'extends: [/dev/zero]' >a.yaml", "-c a.yaml" },
    { "extends-itself", "echo 'extends: [./a.yaml]' >a.yaml", "-c a.yaml" },
    { "extends-itself-by-a-link", "ln -s a.yaml b.yaml; echo 'extends: b.yaml' >a.yaml",
      "-c a.yaml" },
    { "ca-is-a-fifo", "mkfifo odd", "--upstream-ca odd" },
    { "ca-is-endless", "true", "--upstream-ca /dev/zero" },
    { "ca-is-empty", ": >odd", "--upstream-ca odd" },
    { "ca-is-not-there", "true", "--upstream-ca odd" },
    { "audit-is-a-fifo", "mkfifo odd", "--audit-log odd" },
    { "audit-is-a-device", "true", "--audit-log /dev/null" },
    { "audit-is-a-link", "ln -s other odd", "--audit-log odd" },
    { "audit-is-a-directory", "mkdir odd", "--audit-log odd" },
    { "workdir-is-a-file", ": >odd", "--workdir odd" },
};

static void
test_odd_file(gconstpointer data)
{
    const OddFile *odd = data;
    g_autoptr(Story) story = story_new();
    g_autofree char *line = g_strdup_printf("%s -- touch ran", odd->arguments);
    g_autofree char *ran = g_build_filename(story->work, "ran", NULL);
    g_autoptr(StoryRun) made = story_shell(story, odd->make);
    g_autoptr(StoryRun) run = NULL;

    story_assert_status(made, 0);
    run = story_run(story, line);
    story_assert_status(run, 125);
    g_assert_true(g_str_has_prefix(run->err, "boundary-ns: "));
    g_assert_false(g_file_test(ran, G_FILE_TEST_EXISTS));
}

/* --- the screen --- */

static void G_GNUC_NORETURN
fail_dirty(const char *what, const char *text, char byte)
{
    g_autofree char *shown = g_strescape(text, NULL);

    g_error("%s has the byte %02x:\n%s", what, (guchar)byte, shown);
}

/* Nothing but printable ASCII and lines. */
static void
assert_clean(const char *what, const char *text)
{
    for (const char *at = text; *at != '\0'; at++)
        if (!g_ascii_isprint(*at) && *at != '\n' && *at != '\t')
            fail_dirty(what, text, *at);
}

/* The same, and UTF-8 but for its control characters: U+0080 to U+009F are C2 80 to C2 9F. */
static void
assert_clean_json(const char *what, const char *text)
{
    g_assert_true(g_utf8_validate(text, -1, NULL));
    for (char *at = (char *)(uintptr_t)text; *at != '\0'; at = g_utf8_next_char(at))
        if (g_unichar_iscntrl(g_utf8_get_char(at)) && *at != '\n')
            fail_dirty(what, text, *at);
}

/* C1 controls as bytes and in UTF-8 too. */
#define EVIL "\033]0;owned\007\033[2J\033[31m\r\b\177\233\302\233"
static const char evil_client[] =
    "import socket, ssl, struct, sys\n"
    "evil = b'\\x1b]0;owned\\x07\\x1b[2J\\x1b[31m\\r\\b\\x7f\\x9b\\xc2\\x9b'\n"
    "shell = b'$(touch${IFS}planted);`touch${IFS}planted`\\'\\\"&&touch${IFS}planted'\n"
    "def ask(head):\n"
    "    try:\n"
    "        s = socket.create_connection(('api.test', 80), 20)\n"
    "        s.sendall(head + b'\\r\\nConnection: close\\r\\n\\r\\n')\n"
    "        while s.recv(65536): pass\n"
    "    except ConnectionResetError: pass\n"
    "host = b' HTTP/1.1\\r\\nHost: api.test'\n"
    "for bad in evil, shell, evil + shell, b'a' * 300, b'%1b%5b2J', "
    "'\\u202e'.encode():\n"
    "    ask(b'GET /' + bad + host)\n"
    "    ask(b'GET /x?' + bad + host)\n"
    "    ask(bad + b' /x' + host)\n"
    "    ask(b'GET /x HTTP/1.1\\r\\nHost: ' + bad)\n"
    "    ask(b'GET http://' + bad + b'/ HTTP/1.1\\r\\nHost: ' + bad)\n"
    "    ask(b'GET /x' + host + b'\\r\\nX-Field: ' + bad)\n"
    /* DNS takes any byte in a name. */
    "def query(*labels):\n"
    "    name = b''.join(bytes([len(l)]) + l for l in labels) + b'\\0'\n"
    "    u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
    "    u.settimeout(20)\n"
    "    u.connect(('198.18.0.2', 53))\n"
    "    u.send(struct.pack('>6H', 7, 256, 1, 0, 0, 0) + name + b'\\0\\1\\0\\1')\n"
    "    print('rcode', u.recv(512)[3] & 15)\n"
    "query(evil, b'test')\n"
    "query(shell[:60], b'test')\n"
    "query(b'a\\0b', b'test')\n"
    "query(b'x' * 63, b'x' * 63, b'x' * 63, b'x' * 61)\n"
    /* A ClientHello's name is any bytes too. */
    "for name in 'a\\x1b[2J.test', 'a$(id).test', 'a b.test':\n"
    "    try:\n"
    "        s = socket.create_connection(('api.test', 443), 20)\n"
    "        c = ssl.create_default_context()\n"
    "        c.check_hostname = False\n"
    "        c.wrap_socket(s, server_hostname=name)\n"
    "        print('handshake with a bad name')\n"
    "    except (OSError, ValueError): pass\n";

static void
test_screen(void)
{
    g_autoptr(Story) story = story_new();
    g_autofree char *planted = g_build_filename(story->work, "planted", NULL);
    g_autoptr(StoryRun) run = NULL;
    g_autoptr(StoryRun) text = NULL;
    g_autoptr(StoryRun) denied = NULL;
    g_autoptr(StoryRun) verify = NULL;

    g_free(story_file(story, "evil.py", evil_client));
    run = story_run(story, "-- python3 evil.py '" EVIL "'");
    story_assert_status(run, 0);
    story_assert_no_out(run, "handshake");
    assert_clean("standard error", run->err);
    assert_clean_json("the audit", run->audit);
    text = story_run(story, "log");
    assert_clean("log", text->out);
    denied = story_run(story, "log --decision deny");
    assert_clean("log --decision", denied->out);
    verify =
        story_shell(story, "\"$BNS\" log verify ~/.local/state/boundary-ns/audit/*");
    g_assert_true(g_str_has_prefix(verify->out, "ok "));
    g_assert_false(g_file_test(planted, G_FILE_TEST_EXISTS));
    g_assert_cmpuint(bns_origin_connections(story->http), ==, 0);
    g_assert_cmpuint(bns_origin_connections(story->https), ==, 0);
}

/* What is offered for copying does in a shell what it says, and nothing else. */
static void
test_copied_rule(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = story_run(
        story, "-- curl -sS -o /dev/null --path-as-is -g "
               "\"https://api.test/a/$(touch${IFS}planted);`touch${IFS}planted`'&/b\"");
    const char *begin = strstr(run->err, "--allow '");
    g_autofree char *option = NULL;
    g_autofree char *script = NULL;
    g_autoptr(StoryRun) copied = NULL;
    g_autofree char *planted = g_build_filename(story->work, "planted", NULL);

    g_assert_nonnull(begin);
    option = g_strndup(begin, strcspn(begin, "\n"));
    script = g_strdup_printf("\"$BNS\" check %s", option);
    copied = story_shell(story, script);
    story_assert_status(copied, 0);
    g_assert_true(g_str_has_prefix(
        copied->out,
        "ok: 1 rules\n--allow#1\tallow\tGET api.test/a/**\nfiles\tmode\t"));
    g_assert_false(g_file_test(planted, G_FILE_TEST_EXISTS));
}

/* Our own arguments are printed back in errors. */
static const char *const evil_words[][5] = {
    { "--" EVIL, "x", NULL },
    { "--allow", EVIL, "--", "true", NULL },
    { "--deny", "api.test/" EVIL, "--", "true", NULL },
    { "--allow=" EVIL, "--", "true", NULL },
    { "-c", EVIL, "--", "true", NULL },
    { "--resolve", EVIL, "--", "true", NULL },
    { "--upstream-ca", EVIL, "--", "true", NULL },
    { "--audit-log", "/nonexistent/" EVIL, "--", "true", NULL },
    { "--workdir", EVIL, "--", "true", NULL },
    { "--env", EVIL, "--", "true", NULL },
    { "--log-level", EVIL, "--", "true", NULL },
    { "--log-level=info", "--", EVIL, NULL },
    { "--log-level=debug", "--", "true", EVIL, NULL },
    { "explain", "http://" EVIL "/", NULL },
    { "explain", EVIL, "http://api.test/", NULL },
    { "explain", "http://api.test/" EVIL, NULL },
    { "check", "--allow", EVIL, NULL },
    { "log", EVIL, NULL },
    { "log", "verify", EVIL, NULL },
    { "log", "--format", EVIL, NULL },
    { "log", "--decision", EVIL, NULL },
    { "doctor", EVIL, NULL },
};

static void
test_own_words(gconstpointer data)
{
    const char *const *words = data;
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = story_run_words(story, words);

    assert_clean("standard error", run->err);
    assert_clean("standard output", run->out);
}

/* A policy file and the names in it are foreign text too. */
static void
test_policy_text(void)
{
    g_autoptr(Story) story = story_new();
    g_autofree char *name = g_build_filename(story->work, EVIL ".yaml", NULL);
    g_autofree char *extends = g_strdup_printf("extends: [\"./%s\"]\n", "\\e[2J.yaml");
    const char *const words[] = { "check", "-c", name, NULL };
    const char *const extending[] = { "check", "-c", "extends.yaml", NULL };
    g_autoptr(StoryRun) bad = NULL;
    g_autoptr(StoryRun) missing = NULL;

    g_assert_true(g_file_set_contents(
        name, "allow:\n  - \"api.test/\\e[2J\"\n\"\\e[31mkey\": 1\n", -1, NULL));
    g_free(story_file(story, "extends.yaml", extends));
    bad = story_run_words(story, words);
    story_assert_status(bad, 1);
    assert_clean("standard error", bad->err);
    missing = story_run_words(story, extending);
    assert_clean("standard error", missing->err);
    g_assert_cmpstr(missing->err, !=, "");
}

static void
add_rows(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(plantings); i++) {
        g_autofree char *path =
            g_strdup_printf("/e2e/hostile/a-policy-for-the-next-session/%zu", i);

        bns_test_add_data(path, plantings[i], test_planted_by_command);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(odd_files); i++) {
        g_autofree char *path = g_strdup_printf("/e2e/hostile/%s", odd_files[i].name);

        bns_test_add_data(path, &odd_files[i], test_odd_file);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(evil_words); i++) {
        g_autofree char *path = g_strdup_printf("/e2e/hostile/own-words/%zu", i);

        bns_test_add_data(path, evil_words[i], test_own_words);
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    if (!bns_test_can_unshare()) {
        bns_test_add("/e2e/hostile/needs-user-namespaces", story_skip);
        return g_test_run();
    }
    add_rows();
    bns_test_add("/e2e/hostile/files-of-the-workspace", test_planted_in_workspace);
    bns_test_add("/e2e/hostile/the-screen-stays-clean", test_screen);
    bns_test_add("/e2e/hostile/a-copied-rule-is-only-a-rule", test_copied_rule);
    bns_test_add("/e2e/hostile/policy-text-in-errors", test_policy_text);
    return g_test_run();
}
