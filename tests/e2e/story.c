/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/e2e/story.h"

#include "tests/support/test.h"

#include <glib/gstdio.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char *
subdirectory(const char *parent, const char *name)
{
    char *path = g_build_filename(parent, name, NULL);

    g_assert_cmpint(g_mkdir(path, 0755), ==, 0);
    return path;
}

static BnsOrigin *
https_origin(const BnsTestCert *authority)
{
    BnsTestCertSpec spec = { .issuer = authority,
                             .common_name = "origin",
                             .names = "DNS:api.test,DNS:other.test,DNS:*.wild.test,"
                                      "IP:127.0.0.1" };
    g_autoptr(BnsTestCert) leaf = bns_test_cert_new(&spec);
    SSL_CTX *ssl_ctx = bns_test_cert_server(leaf, NULL);
    BnsOrigin *origin = bns_origin_new(ssl_ctx);

    SSL_CTX_free(ssl_ctx);
    return origin;
}

static char **
clean_environment(const Story *story)
{
    char **env = g_new0(char *, 1);

    env = g_environ_setenv(env, "HOME", story->home, TRUE);
    env = g_environ_setenv(env, "PATH", g_getenv("PATH"), TRUE);
    return g_environ_setenv(env, "LANG", "C.UTF-8", TRUE);
}

Story *
story_new(void)
{
    Story *story = g_new0(Story, 1);
    g_autofree char *cwd = g_get_current_dir();

    story->binary = g_strdup(g_getenv("BNS_BINARY"));
    story->options = g_ptr_array_new_with_free_func(g_free);
    story->authority = bns_test_cert_authority("story's authority");
    story->dir = g_build_filename(cwd, "story-XXXXXX", NULL);
    g_assert_nonnull(g_mkdtemp_full(story->dir, 0755));
    story->home = subdirectory(story->dir, "home");
    story->work = subdirectory(story->dir, "work");
    story->ca_file = bns_test_cert_write(story->authority, story->dir, "ca.pem");
    story->https = https_origin(story->authority);
    story->http = bns_origin_new(NULL);
    story->env = clean_environment(story);
    return story;
}

void
story_free(Story *story)
{
    if (story == NULL)
        return;
    bns_origin_free(story->https);
    bns_origin_free(story->http);
    bns_test_remove_tree(story->dir);
    bns_test_cert_free(story->authority);
    g_ptr_array_unref(story->options);
    g_free(story->binary);
    g_free(story->dir);
    g_free(story->home);
    g_free(story->work);
    g_free(story->ca_file);
    g_strfreev(story->env);
    g_free(story);
}

void
story_setenv(Story *story, const char *name, const char *value)
{
    story->env = g_environ_setenv(story->env, name, value, TRUE);
}

void
story_unsetenv(Story *story, const char *name)
{
    story->env = g_environ_unsetenv(story->env, name);
}

static void
append_words(GPtrArray *argv, const char *text)
{
    g_auto(GStrv) words = NULL;
    g_autoptr(GError) error = NULL;

    g_shell_parse_argv(text, NULL, &words, &error);
    g_assert_no_error(error);
    for (char **word = words; *word != NULL; word++)
        g_ptr_array_add(argv, g_strdup(*word));
}

void
story_option(Story *story, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    append_words(story->options, text);
}

char *
story_file(Story *story, const char *name, const char *text)
{
    char *path = g_build_filename(story->work, name, NULL);

    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    return path;
}

void
story_write(Story *story, const char *name, const char *text)
{
    g_free(story_file(story, name, text));
}

static void
append_resolve(GPtrArray *argv,
               const char *name,
               unsigned port,
               const BnsOrigin *origin)
{
    g_ptr_array_add(argv, g_strdup("--resolve"));
    g_ptr_array_add(argv, g_strdup_printf("%s:%u:127.0.0.1:%u", name, port,
                                          bns_origin_port(origin)));
}

static bool
starts_command(const char *first)
{
    static const char *const others[] = { "check",     "suggest", "explain", "log",
                                          "preset",    "doctor",  "verify",  "ps",
                                          "stop",      "allow",   "review",  "--help",
                                          "--version", NULL };

    return first == NULL || !g_strv_contains(others, first);
}

static void
append_options(const Story *story, GPtrArray *argv)
{
    g_ptr_array_add(argv, g_strdup_printf("--upstream-ca=%s", story->ca_file));
    append_resolve(argv, "api.test", 443, story->https);
    append_resolve(argv, "a.wild.test", 443, story->https);
    append_resolve(argv, "other.test", 443, story->https);
    append_resolve(argv, "api.test", 80, story->http);
    for (guint i = 0; i < story->options->len; i++)
        g_ptr_array_add(argv, g_strdup(g_ptr_array_index(story->options, i)));
}

GPtrArray *
story_argv(Story *story, const char *arguments)
{
    GPtrArray *argv = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
    guint next = 0;

    append_words(words, arguments);
    g_ptr_array_add(argv, g_strdup(story->binary));
    if (starts_command(g_ptr_array_index(words, 0))) {
        if (strcmp(g_ptr_array_index(words, 0), "run") == 0)
            g_ptr_array_add(argv, g_strdup(g_ptr_array_index(words, next++)));
        append_options(story, argv);
    }
    for (; next < words->len; next++)
        g_ptr_array_add(argv, g_strdup(g_ptr_array_index(words, next)));
    g_ptr_array_add(argv, NULL);
    return argv;
}

static int64_t
written_ns(const char *path)
{
    struct stat status;

    if (stat(path, &status) < 0)
        return 0;
    return status.st_mtim.tv_sec * INT64_C(1000000000) + status.st_mtim.tv_nsec;
}

/* The audit file that was written last, whatever its session. */
char *
story_read_audit(const Story *story)
{
    g_autofree char *dir_path =
        g_build_filename(story->home, ".local/state/boundary-ns/audit", NULL);
    g_autoptr(GDir) dir = g_dir_open(dir_path, 0, NULL);
    g_autofree char *newest = NULL;
    char *text = NULL;
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(dir_path, name, NULL);

        /* What is kept of a session lies beside it. */
        if (g_str_has_suffix(name, ".jsonl") &&
            (newest == NULL || written_ns(path) > written_ns(newest))) {
            g_free(newest);
            newest = g_steal_pointer(&path);
        }
    }
    if (newest != NULL)
        g_file_get_contents(newest, &text, NULL, NULL);
    return text != NULL ? text : g_strdup("");
}

static void
prepare_child(gpointer data)
{
    const Story *story = data;

    if (story->prepare != NULL)
        story->prepare();
}

static StoryRun *
run_argv(Story *story, char **argv)
{
    StoryRun *run = g_new0(StoryRun, 1);
    g_autoptr(GError) error = NULL;

    g_spawn_sync(story->work, argv, story->env, G_SPAWN_DEFAULT, prepare_child, story,
                 &run->out, &run->err, &run->status, &error);
    g_assert_no_error(error);
    run->audit = story_read_audit(story);
    return run;
}

StoryRun *
story_run(Story *story, const char *arguments)
{
    g_autoptr(GPtrArray) argv = story_argv(story, arguments);

    return run_argv(story, (char **)argv->pdata);
}

StoryRun *
story_run_words(Story *story, const char *const *words)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new();

    g_ptr_array_add(argv, story->binary);
    for (; *words != NULL; words++)
        g_ptr_array_add(argv, (gpointer)(uintptr_t)*words);
    g_ptr_array_add(argv, NULL);
    return run_argv(story, (char **)argv->pdata);
}

StoryRun *
story_shell(Story *story, const char *script)
{
    const char *argv[] = { "/bin/sh", "-c", script, NULL };

    story_setenv(story, "BNS", story->binary);
    return run_argv(story, (char **)(uintptr_t)argv);
}

void
story_run_free(StoryRun *run)
{
    if (run == NULL)
        return;
    g_free(run->out);
    g_free(run->err);
    g_free(run->audit);
    g_free(run);
}

static void G_GNUC_NORETURN
fail(const StoryRun *run, const char *what, const char *text)
{
    g_error("%s %s\nwait status %d\nout:\n%s\nerr:\n%s\naudit:\n%s", what, text,
            run->status, run->out, run->err, run->audit);
}

void
story_assert_status(const StoryRun *run, int status)
{
    g_autofree char *text = g_strdup_printf("%d", status);

    if (!WIFEXITED(run->status) || WEXITSTATUS(run->status) != status)
        fail(run, "expected exit status", text);
}

void
story_assert_out(const StoryRun *run, const char *text)
{
    if (strstr(run->out, text) == NULL)
        fail(run, "expected in the output:", text);
}

void
story_assert_no_out(const StoryRun *run, const char *text)
{
    if (strstr(run->out, text) != NULL)
        fail(run, "not expected in the output:", text);
}

void
story_assert_err(const StoryRun *run, const char *text)
{
    if (strstr(run->err, text) == NULL)
        fail(run, "expected on standard error:", text);
}

void
story_assert_no_err(const StoryRun *run, const char *text)
{
    if (strstr(run->err, text) != NULL)
        fail(run, "not expected on standard error:", text);
}

unsigned
story_count_records(const StoryRun *run, const char *part, ...)
{
    g_auto(GStrv) lines = g_strsplit(run->audit, "\n", -1);
    unsigned count = 0;

    for (char **line = lines; *line != NULL; line++) {
        bool has_all = true;
        va_list args;

        va_start(args, part);
        for (const char *next = part; next != NULL; next = va_arg(args, const char *))
            has_all = has_all && strstr(*line, next) != NULL;
        va_end(args);
        count += has_all;
    }
    return count;
}

bool
story_needs(const char *program)
{
    g_autofree char *path = g_find_program_in_path(program);
    g_autofree char *why = g_strdup_printf("%s is not installed", program);

    if (path == NULL)
        bns_test_skip(why);
    return path != NULL;
}

void
story_skip(void)
{
    bns_test_skip("user namespaces are off here");
}
