/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/options.h"

#include "sandbox/options_table.h"
#include "tests/support/test.h"

#include <stdint.h>
#include <string.h>

#define ARGS_MAX 12

static BnsOptions *
parse(const char *const *args, GError **error)
{
    char *argv[ARGS_MAX + 2] = { NULL };
    int argc = 0;

    argv[argc++] = (char *)(uintptr_t) "boundary-ns";
    for (size_t i = 0; i < ARGS_MAX && args[i] != NULL; i++)
        argv[argc++] = (char *)(uintptr_t)args[i];
    return bns_options_parse(argc, argv, error);
}

typedef struct {
    const char *name;
    const char *args[ARGS_MAX];
    BnsCommand command;
    const char *arguments; /* joined by '|' */
} Good;

static const Good good[] = {
    { "a-bare-command", { "curl", "-v", "x" }, BNS_COMMAND_RUN, "curl|-v|x" },
    { "run-is-optional", { "run", "curl", "-v" }, BNS_COMMAND_RUN, "curl|-v" },
    { "run-only-as-first-word", { "--", "run", "x" }, BNS_COMMAND_RUN, "run|x" },
    { "check-after-an-option-is-a-command",
      { "--allow", "a.example", "check" },
      BNS_COMMAND_RUN,
      "check" },
    { "dash-dash-ends-options",
      { "-q", "--", "--allow", "x" },
      BNS_COMMAND_RUN,
      "--allow|x" },
    { "a-lone-dash-is-a-word", { "-" }, BNS_COMMAND_RUN, "-" },
    { "later-dash-dash-belongs-to-the-command",
      { "git", "--", "x" },
      BNS_COMMAND_RUN,
      "git|--|x" },
    { "check", { "check", "--allow=a.example" }, BNS_COMMAND_CHECK, "" },
    { "check-as-json", { "check", "--format", "json" }, BNS_COMMAND_CHECK, "" },
    { "explain-takes-options-last",
      { "explain", "GET", "https://a.example/", "--allow", "a.example" },
      BNS_COMMAND_EXPLAIN,
      "GET|https://a.example/" },
    { "explain-a-url-behind-dashes",
      { "explain", "--as", "claude", "--", "https://a.example/" },
      BNS_COMMAND_EXPLAIN,
      "https://a.example/" },
    { "help-wins-over-what-is-wrong",
      { "check", "--format", "json", "--help" },
      BNS_COMMAND_HELP,
      "" },
    { "import", { "import", "srt", "-" }, BNS_COMMAND_IMPORT, "srt|-" },
    { "log", { "log", "x.jsonl", "--follow" }, BNS_COMMAND_LOG, "x.jsonl" },
    { "log-verify", { "log", "verify", "x.jsonl" }, BNS_COMMAND_LOG_VERIFY, "x.jsonl" },
    { "preset-list", { "preset", "list" }, BNS_COMMAND_PRESET, "list" },
    { "preset-show", { "preset", "show", "npm" }, BNS_COMMAND_PRESET, "show|npm" },
    { "preset-only-as-first-word", { "--", "preset" }, BNS_COMMAND_RUN, "preset" },
    { "doctor", { "doctor", "--json" }, BNS_COMMAND_DOCTOR, "" },
    { "help-wins-at-once", { "--help", "--nonsense" }, BNS_COMMAND_HELP, "" },
    { "help-of-the-command-is-the-commands",
      { "ls", "--help" },
      BNS_COMMAND_RUN,
      "ls|--help" },
    { "version", { "--version" }, BNS_COMMAND_VERSION, "" },
    { "unknown-subcommands-are-commands", { "top", "x" }, BNS_COMMAND_RUN, "top|x" },
    { "ps", { "ps", "--json" }, BNS_COMMAND_PS, "" },
    { "ps-the-program", { "--", "ps", "aux" }, BNS_COMMAND_RUN, "ps|aux" },
    { "stop", { "stop", "a", "b" }, BNS_COMMAND_STOP, "a|b" },
    { "suggest", { "suggest" }, BNS_COMMAND_SUGGEST, "" },
    { "suggest-files",
      { "suggest", "a", "--denied", "--no-presets", "b" },
      BNS_COMMAND_SUGGEST,
      "a|b" },
    { "suggest-since",
      { "suggest", "--since", "999999999d", "--all" },
      BNS_COMMAND_SUGGEST,
      "" },
    { "suggest-check",
      { "suggest", "--check", "p.yaml", "a" },
      BNS_COMMAND_SUGGEST,
      "a" },
    { "stop-all", { "stop", "--all" }, BNS_COMMAND_STOP, "" },
    { "review", { "review" }, BNS_COMMAND_REVIEW, "" },
    { "review-diff", { "review", "--diff", "a" }, BNS_COMMAND_REVIEW, "a" },
    { "review-apply",
      { "review", "a", "--apply", "b", "--force", "c" },
      BNS_COMMAND_REVIEW,
      "a|b|c" },
};

static void
test_good(gconstpointer data)
{
    const Good *row = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsOptions) options = parse(row->args, &error);
    g_autofree char *joined = NULL;

    g_assert_no_error(error);
    g_assert_cmpint(options->command, ==, row->command);
    joined = g_strjoinv("|", options->arguments);
    g_assert_cmpstr(joined, ==, row->arguments);
}

static void
test_command_lines(void)
{
    static const char *const check[] = {
        "check", "-q", "--", "claude", "--json", NULL
    };
    static const char *const explain[] = { "explain", "--as", "claude", "--",
                                           "git",     "push", NULL };
    g_autoptr(BnsOptions) of_check = parse(check, NULL);
    g_autoptr(BnsOptions) of_explain = parse(explain, NULL);
    g_autofree char *checked = g_strjoinv("|", of_check->command_line);
    g_autofree char *explained = g_strjoinv("|", of_explain->command_line);

    g_assert_cmpstr(checked, ==, "claude|--json");
    g_assert_null(of_check->arguments[0]);
    g_assert_cmpstr(explained, ==, "git|push");
    g_assert_cmpstr(of_explain->as, ==, "claude");
    g_assert_null(of_explain->arguments[0]);
}

typedef struct {
    const char *name;
    const char *args[ARGS_MAX];
    const char *message;
    int code;
} Bad;

static const Bad bad[] = {
    { "no-command", { NULL }, "expected a command to run", BNS_OPTIONS_ERROR_RUN },
    { "empty-command", { "--", "" }, "the command is empty", BNS_OPTIONS_ERROR_RUN },
    { "unknown",
      { "--nonsense", "x" },
      "unknown option --nonsense",
      BNS_OPTIONS_ERROR_RUN },
    { "unknown-letter", { "-qx", "x" }, "unknown option -qx", BNS_OPTIONS_ERROR_RUN },
    { "mistyped",
      { "--obseve", "x" },
      "unknown option --obseve: is it --observe?",
      BNS_OPTIONS_ERROR_RUN },
    { "mistyped-of-a-subcommand",
      { "review", "--aply" },
      "unknown option --aply: is it --apply?",
      BNS_OPTIONS_ERROR_COMMAND },
    { "no-number-of-a-rule",
      { "allow", "0123", "--remove", "x" },
      "--remove: write the number of a rule",
      BNS_OPTIONS_ERROR_COMMAND },
    { "abbreviated",
      { "--conf", "f", "x" },
      "unknown option --conf: is it --config?",
      BNS_OPTIONS_ERROR_RUN },
    { "control-bytes-are-escaped",
      { "--\x1b[2J", "x" },
      "unknown option --\\x1b[2J",
      BNS_OPTIONS_ERROR_RUN },
    { "value-missing", { "--allow" }, "--allow needs a value", BNS_OPTIONS_ERROR_RUN },
    { "value-unwanted",
      { "--quiet=1", "x" },
      "--quiet takes no value",
      BNS_OPTIONS_ERROR_RUN },
    { "single-twice",
      { "-c", "a", "--config", "b", "x" },
      "--config is given twice",
      BNS_OPTIONS_ERROR_RUN },
    { "single-empty",
      { "--config=", "x" },
      "the value is empty",
      BNS_OPTIONS_ERROR_RUN },
    { "level-unknown",
      { "--log-level", "loud", "x" },
      "use error",
      BNS_OPTIONS_ERROR_RUN },
    { "observe-with-a-value",
      { "--observe=yes", "x" },
      "--observe",
      BNS_OPTIONS_ERROR_RUN },
    { "option-of-another-subcommand",
      { "--follow", "x" },
      "unknown option --follow: it is for log (",
      BNS_OPTIONS_ERROR_RUN },
    { "apply-and-discard",
      { "--review", "--apply", "--discard", "x" },
      "--apply and --discard exclude each other",
      BNS_OPTIONS_ERROR_RUN },
    { "check-has-nothing-to-apply",
      { "check", "--review", "--apply" },
      "unknown option --apply",
      BNS_OPTIONS_ERROR_COMMAND },
    { "check-operand",
      { "check", "x" },
      "expected nothing but options and -- COMMAND: a policy file is named by "
      "--config FILE",
      BNS_OPTIONS_ERROR_COMMAND },
    { "import-without-file",
      { "import", "srt" },
      "expected claude, srt, domains, codex or coder, and a file",
      BNS_OPTIONS_ERROR_COMMAND },
    { "ps-operand",
      { "ps", "aux" },
      "the program of this name is run by boundary-ns -- ps",
      BNS_OPTIONS_ERROR_COMMAND },
    { "stop-nothing", { "stop" }, "expected sessions", BNS_OPTIONS_ERROR_COMMAND },
    { "stop-all-and-one",
      { "stop", "--all", "a" },
      "expected sessions",
      BNS_OPTIONS_ERROR_COMMAND },
    { "suggest-age",
      { "suggest", "--since", "yesterday" },
      "--since: write an age",
      BNS_OPTIONS_ERROR_COMMAND },
    { "suggest-no-age",
      { "suggest", "--since", "0d" },
      "--since: write an age",
      BNS_OPTIONS_ERROR_COMMAND },
    { "suggest-age-of-no-unit",
      { "suggest", "--since", "7" },
      "--since: write an age",
      BNS_OPTIONS_ERROR_COMMAND },
    { "suggest-too-great-an-age",
      { "suggest", "--since", "1000000000d" },
      "--since: write an age",
      BNS_OPTIONS_ERROR_COMMAND },
    { "suggest-all-and-one",
      { "suggest", "--all", "a" },
      "leave them out where files",
      BNS_OPTIONS_ERROR_COMMAND },
    { "suggest-check-makes-none",
      { "suggest", "--check", "p", "--output", "q" },
      "--check makes no policy",
      BNS_OPTIONS_ERROR_COMMAND },
    { "suggest-check-without-file",
      { "suggest", "--check" },
      "--check needs a value: POLICY",
      BNS_OPTIONS_ERROR_COMMAND },
    { "review-paths",
      { "review", "a", "b" },
      "paths are for --apply",
      BNS_OPTIONS_ERROR_COMMAND },
    { "review-both",
      { "review", "--apply", "--diff" },
      "exclude each other",
      BNS_OPTIONS_ERROR_COMMAND },
    { "review-force",
      { "review", "--force" },
      "--force is for --apply",
      BNS_OPTIONS_ERROR_COMMAND },
    { "check-in-an-unknown-format",
      { "check", "--format", "jsonl" },
      "--format: use text or json (",
      BNS_OPTIONS_ERROR_COMMAND },
    { "log-in-another-format",
      { "log", "--format", "json" },
      "--format: use text or jsonl (",
      BNS_OPTIONS_ERROR_COMMAND },
    { "explain-nothing",
      { "explain" },
      "expected one of [METHOD] URL, HOST:PORT, PATH, -- COMMAND and --variable NAME (",
      BNS_OPTIONS_ERROR_COMMAND },
    { "explain-too-much",
      { "explain", "a", "b", "c" },
      "expected one of [METHOD]",
      BNS_OPTIONS_ERROR_COMMAND },
    { "explain-two-things",
      { "explain", "a.org", "--", "git" },
      "; --as COMMAND says whose policy is asked (",
      BNS_OPTIONS_ERROR_COMMAND },
    { "explain-a-variable-of-a-request",
      { "explain", "a.org", "--variable", "X" },
      "expected one of [METHOD]",
      BNS_OPTIONS_ERROR_COMMAND },
    { "explain-jsonl",
      { "explain", "a.org", "--format", "jsonl" },
      "--format: use text or json (",
      BNS_OPTIONS_ERROR_COMMAND },
    { "explain-an-empty-command",
      { "explain", "--", "" },
      "the command is empty (",
      BNS_OPTIONS_ERROR_COMMAND },
    { "as-is-for-explain",
      { "check", "--as", "claude" },
      "unknown option --as: it is for explain (",
      BNS_OPTIONS_ERROR_COMMAND },
    { "log-two", { "log", "a", "b" }, "at most one", BNS_OPTIONS_ERROR_COMMAND },
    { "log-verify-none", { "log", "verify" }, "one file", BNS_OPTIONS_ERROR_COMMAND },
    { "decision-unknown",
      { "log", "--decision", "maybe" },
      "use allow, deny",
      BNS_OPTIONS_ERROR_COMMAND },
    { "format-unknown",
      { "log", "--format", "csv" },
      "use text",
      BNS_OPTIONS_ERROR_COMMAND },
    { "accepted-flag-value",
      { "--pprof=maybe", "x" },
      "use true",
      BNS_OPTIONS_ERROR_RUN },
};

static void
test_bad(gconstpointer data)
{
    const Bad *row = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsOptions) options = parse(row->args, &error);

    g_assert_null(options);
    g_assert_error(error, BNS_OPTIONS_ERROR, row->code);
    if (strstr(error->message, row->message) == NULL)
        g_error("\"%s\" is not in \"%s\"", row->message, error->message);
}

static void
test_values(void)
{
    static const char *const args[] = {
        "-c", "p.yaml",       "--allow", "a",   "--allow=b", "--deny",
        "c",  "--workdir=/w", "--env",   "A=B", "x",         NULL
    };
    g_autoptr(BnsOptions) options = parse(args, NULL);

    g_assert_nonnull(options);
    g_assert_cmpstr(options->config_path, ==, "p.yaml");
    g_assert_cmpuint(g_strv_length(options->allow), ==, 2);
    g_assert_cmpstr(options->allow[0], ==, "a");
    g_assert_cmpstr(options->allow[1], ==, "b");
    g_assert_cmpstr(options->deny[0], ==, "c");
    g_assert_cmpstr(options->workdir, ==, "/w");
    g_assert_cmpstr(options->env[0], ==, "A=B");
    g_assert_cmpuint(g_strv_length(options->resolve), ==, 0);
}

typedef struct {
    const char *name;
    const char *args[ARGS_MAX];
    BnsLogLevel level;
    bool quiet;
} Level;

static const Level levels[] = {
    { "default-is-warn", { "x" }, BNS_LOG_WARN, false },
    { "v-is-info", { "-v", "x" }, BNS_LOG_INFO, false },
    { "vv-is-debug", { "-vv", "x" }, BNS_LOG_DEBUG, false },
    { "v-twice-is-debug", { "-v", "--verbose", "x" }, BNS_LOG_DEBUG, false },
    { "last-wins-quiet", { "-vv", "-q", "x" }, BNS_LOG_ERROR, true },
    { "last-wins-verbose", { "-q", "-v", "x" }, BNS_LOG_INFO, false },
    { "last-wins-level", { "-q", "--log-level", "DEBUG", "x" }, BNS_LOG_DEBUG, false },
};

static void
test_level(gconstpointer data)
{
    const Level *row = data;
    g_autoptr(BnsOptions) options = parse(row->args, NULL);

    g_assert_nonnull(options);
    g_assert_cmpint(options->log_level, ==, row->level);
    g_assert_cmpint(options->quiet, ==, row->quiet);
}

static void
test_coder(void)
{
    static const char *const args[] = { "--jail-type",
                                        "landjail",
                                        "--proxy-port=8087",
                                        "--pprof",
                                        "--disable-audit-logs=true",
                                        "--",
                                        "claude",
                                        NULL };
    g_autoptr(BnsOptions) options = parse(args, NULL);

    g_assert_nonnull(options);
    g_assert_cmpuint(g_strv_length(options->notices), ==, 4);
    g_assert_true(g_str_has_prefix(options->notices[0], "--jail-type has no effect: "));
    g_assert_cmpstr(options->arguments[0], ==, "claude");
}

static void
test_environment(void)
{
    static const char *const plain[] = { "x", NULL };
    static const char *const given[] = { "-c", "other.yaml", "-q", "x", NULL };
    g_autoptr(BnsOptions) from_environment = NULL;
    g_autoptr(BnsOptions) from_line = NULL;
    g_autoptr(BnsOptions) broken = NULL;
    g_autoptr(GError) error = NULL;

    g_setenv("BOUNDARY_CONFIG", "env.yaml", TRUE);
    g_setenv("BOUNDARY_LOG_LEVEL", "Debug", TRUE);
    from_environment = parse(plain, NULL);
    from_line = parse(given, NULL);
    g_setenv("BOUNDARY_LOG_LEVEL", "loud", TRUE);
    broken = parse(plain, &error);
    g_unsetenv("BOUNDARY_CONFIG");
    g_unsetenv("BOUNDARY_LOG_LEVEL");
    g_assert_cmpstr(from_environment->config_path, ==, "env.yaml");
    g_assert_cmpint(from_environment->log_level, ==, BNS_LOG_DEBUG);
    g_assert_true(from_environment->has_log_level);
    g_assert_cmpstr(from_line->config_path, ==, "other.yaml");
    g_assert_cmpint(from_line->log_level, ==, BNS_LOG_ERROR);
    g_assert_null(broken);
    g_assert_error(error, BNS_OPTIONS_ERROR, BNS_OPTIONS_ERROR_RUN);
}

static void
test_help(void)
{
    g_autofree char *help = bns_options_help();

    for (size_t i = 0; i < bns_option_table_len; i++) {
        g_autofree char *name = g_strdup_printf("--%s", bns_option_table[i].name);

        g_assert_nonnull(strstr(help, name));
    }
}

static void
add_tables(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autofree char *path = g_strdup_printf("/sandbox/options/%s", good[i].name);

        bns_test_add_data(path, &good[i], test_good);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *path =
            g_strdup_printf("/sandbox/options/refuses-%s", bad[i].name);

        bns_test_add_data(path, &bad[i], test_bad);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(levels); i++) {
        g_autofree char *path = g_strdup_printf("/sandbox/options/%s", levels[i].name);

        bns_test_add_data(path, &levels[i], test_level);
    }
}

int
main(int argc, char **argv)
{
    g_unsetenv("BOUNDARY_CONFIG");
    g_unsetenv("BOUNDARY_LOG_LEVEL");
    bns_test_init(&argc, &argv, 20);
    add_tables();
    bns_test_add("/sandbox/options/values-are-kept-in-order", test_values);
    bns_test_add("/sandbox/options/coders-options-give-notices", test_coder);
    bns_test_add("/sandbox/options/environment-gives-defaults", test_environment);
    bns_test_add("/sandbox/options/help-names-every-option", test_help);
    bns_test_add("/sandbox/options/check-and-explain-take-a-command-line",
                 test_command_lines);
    return g_test_run();
}
