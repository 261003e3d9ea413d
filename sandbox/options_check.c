/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command line must have beside options that are known: enough words and not too
 * many, and no options that exclude each other.
 */
#include "sandbox/options_table.h"

#include <string.h>

bool
bns_options_fail(BnsCommand command, GError **error, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, BNS_OPTIONS_ERROR,
                command == BNS_COMMAND_RUN ? BNS_OPTIONS_ERROR_RUN
                                           : BNS_OPTIONS_ERROR_COMMAND,
                "%s (see boundary-ns --help)", text);
    return false;
}

#define fail(options, error, ...)                                                      \
    bns_options_fail((options)->command, error, __VA_ARGS__)

static bool
is_one_of(const char *value, const char *const *words)
{
    return value == NULL || g_strv_contains(words, value);
}

static bool
check_stop(const BnsOptions *options, GError **error)
{
    if (options->command != BNS_COMMAND_STOP)
        return true;
    return options->all == (options->arguments[0] == NULL) ||
           fail(options, error, "expected sessions, or --all");
}

/* A month. */
#define DURATION_MAX_S (31 * 24 * 3600u)

bool
bns_options_duration(const char *text, unsigned *out_seconds)
{
    static const struct {
        char unit;
        unsigned seconds;
    } units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 24 * 3600 } };
    size_t len = text != NULL ? strlen(text) : 0;
    g_autofree char *digits = NULL;
    guint64 number;

    *out_seconds = 0;
    if (text == NULL || strcmp(text, "session") == 0 || strcmp(text, "always") == 0)
        return true;
    digits = g_strndup(text, len > 0 ? len - 1 : 0);
    if (!g_ascii_string_to_unsigned(digits, 10, 1, DURATION_MAX_S, &number, NULL))
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(units); i++)
        if (units[i].unit == text[len - 1] &&
            number * units[i].seconds <= DURATION_MAX_S) {
            *out_seconds = (unsigned)number * units[i].seconds;
            return true;
        }
    return false;
}

/* "2" or "allow#2" */
static bool
is_number_of_rule(const char *text)
{
    guint64 number;

    if (g_str_has_prefix(text, "allow#"))
        text += strlen("allow#");
    return g_ascii_string_to_unsigned(text, 10, 1, G_MAXINT32, &number, NULL);
}

static bool
check_allow(const BnsOptions *options, GError **error)
{
    guint n_operands = g_strv_length(options->arguments);
    unsigned seconds;

    if (options->command != BNS_COMMAND_ALLOW)
        return true;
    if (!bns_options_duration(options->duration, &seconds))
        return fail(
            options, error,
            "--for: use a time as 90s, 10m, 2h, 1d (a month at most), session or "
            "always");
    if (n_operands < 2 && options->duration != NULL)
        return fail(options, error, "--for is for a rule");
    if (options->remove != NULL && !is_number_of_rule(options->remove))
        return fail(
            options, error,
            "--remove: write the number of a rule, as allow SESSION lists them");
    return options->remove == NULL || n_operands < 2 ||
           fail(options, error, "--remove takes the number alone, and no rule");
}

static bool
check_review(const BnsOptions *options, GError **error)
{
    if (options->command == BNS_COMMAND_RUN && options->apply && options->discard)
        return fail(options, error, "--apply and --discard exclude each other");
    if (options->command != BNS_COMMAND_REVIEW)
        return true;
    if (options->apply + options->discard + options->diff > 1)
        return fail(options, error, "--apply, --discard and --diff exclude each other");
    if (options->force && !options->apply)
        return fail(options, error, "--force is for --apply");
    return options->apply || g_strv_length(options->arguments) <= 1 ||
           fail(options, error, "expected one session at most: paths are for --apply");
}

/* One question at a time. */
static bool
check_explain(const BnsOptions *options, GError **error)
{
    guint n_operands = g_strv_length(options->arguments);
    bool has_line = options->command_line[0] != NULL;
    int n_questions = (n_operands > 0) + has_line + (options->variable != NULL);

    if (options->command != BNS_COMMAND_EXPLAIN ||
        (n_questions == 1 && n_operands <= 2))
        return true;
    return fail(options, error,
                "expected one of [METHOD] URL, HOST:PORT, PATH, -- COMMAND and "
                "--variable NAME%s",
                has_line && n_operands > 0 ? "; --as COMMAND says whose policy is asked"
                                           : "");
}

static bool
check_command(const BnsOptions *options, char *const *words, GError **error)
{
    return words[0] == NULL || words[0][0] != '\0' ||
           fail(options, error, "the command is empty");
}

bool
bns_options_check(const BnsOptions *options, GError **error)
{
    static const char *const decisions[] = { "allow", "deny", "would_deny", NULL };
    static const char *const formats[] = { "text", "jsonl", NULL };
    static const char *const check_formats[] = { "text", "json", NULL };
    static const struct {
        guint least, most;
        const char *what;
    } operands[BNS_N_COMMANDS] = {
        [BNS_COMMAND_RUN] = { 1, G_MAXUINT, "a command to run" },
        [BNS_COMMAND_CHECK] = { 0, 0,
                                "nothing but options and -- COMMAND: a policy file is "
                                "named by --config FILE" },
        [BNS_COMMAND_EXPLAIN] = { 0, G_MAXUINT, "" },
        [BNS_COMMAND_IMPORT] = { 2, 2,
                                 "claude, srt, domains, codex or coder, and a file" },
        [BNS_COMMAND_LOG] = { 0, 1, "at most one file or session" },
        [BNS_COMMAND_LOG_VERIFY] = { 1, 1, "one file" },
        [BNS_COMMAND_SUGGEST] = { 0, G_MAXUINT, "" },
        [BNS_COMMAND_PRESET] = { 1, 2, "list, or show and the name of a preset" },
        [BNS_COMMAND_DOCTOR] = { 0, 0, "nothing but --json" },
        [BNS_COMMAND_VERIFY] = { 0, 0, "nothing but options" },
        [BNS_COMMAND_PS] = { 0, 0,
                             "nothing but --json; the program of this name is run "
                             "by boundary-ns -- ps" },
        [BNS_COMMAND_STOP] = { 0, G_MAXUINT, "" },
        [BNS_COMMAND_ALLOW] = { 1, 2, "a session, and a rule in one word" },
        [BNS_COMMAND_REVIEW] = { 0, G_MAXUINT, "" },
    };
    BnsCommand command = options->command;
    bool is_log = command == BNS_COMMAND_LOG;
    guint n = g_strv_length(options->arguments);

    if (command == BNS_COMMAND_HELP || command == BNS_COMMAND_VERSION)
        return true;
    if (n < operands[command].least || n > operands[command].most)
        return fail(options, error, "expected %s", operands[command].what);
    if (!check_explain(options, error) ||
        !check_command(options, options->command_line, error) ||
        (command == BNS_COMMAND_RUN &&
         !check_command(options, options->arguments, error)))
        return false;
    if (!is_one_of(options->decision, decisions))
        return fail(options, error, "--decision: use allow, deny or would_deny");
    if (!is_one_of(options->format, is_log ? formats : check_formats))
        return fail(options, error, "--format: use text or %s",
                    is_log ? "jsonl" : "json");
    return check_stop(options, error) && check_review(options, error) &&
           bns_options_check_suggest(options, error) && check_allow(options, error);
}
