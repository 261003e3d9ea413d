/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/options.h"

#include "base/text.h"
#include "policy/near.h"
#include "sandbox/options_table.h"

#include <stdint.h>
#include <string.h>

G_DEFINE_QUARK(bns_options_error, bns_options_error)

/* One parse: where it is, and what single options were seen. */
typedef struct {
    BnsOptions *options;
    char **argv;
    int argc;
    int at;
    int verbose;             /* -v since the last -q or --log-level */
    uint64_t seen;           /* a bit per row of the table */
    GPtrArray *lists[64];    /* by row; owned, of owned strings */
    GPtrArray *notices;      /* owned */
    GPtrArray *operands;     /* owned */
    GPtrArray *command_line; /* owned; what follows "--", if that is none of them */
} Parse;

#define fail(parse, error, ...)                                                        \
    bns_options_fail((parse)->options->command, error, __VA_ARGS__)

bool
bns_options_log_level(const char *text, BnsLogLevel *out_level)
{
    static const char *const names[] = { "error", "warn", "info", "debug" };

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        if (g_ascii_strcasecmp(text, names[i]) == 0) {
            *out_level = (BnsLogLevel)i;
            return true;
        }
    return false;
}

static void
set_level(Parse *parse, BnsLogLevel level, bool quiet)
{
    parse->options->log_level = level;
    parse->options->has_log_level = true;
    parse->options->quiet = quiet;
}

static bool
set_level_by_name(Parse *parse, const char *text, GError **error)
{
    BnsLogLevel level;

    if (!bns_options_log_level(text, &level))
        return fail(parse, error, "--log-level: use error, warn, info or debug");
    parse->verbose = 0;
    set_level(parse, level, false);
    return true;
}

static bool
accept(Parse *parse, const BnsOption *option, const char *value, GError **error)
{
    if (option->kind == BNS_OPTION_ACCEPTED_FLAG && value != NULL &&
        strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
        return fail(parse, error, "--%s: use true or false", option->name);
    g_ptr_array_add(parse->notices, g_strdup_printf("--%s has no effect: %s",
                                                    option->name, option->help));
    return true;
}

static bool
set_string(Parse *parse, const BnsOption *option, const char *value, GError **error)
{
    char **place = G_STRUCT_MEMBER_P(parse->options, (glong)option->offset);

    if (*value == '\0')
        return fail(parse, error, "--%s: the value is empty", option->name);
    g_free(*place);
    *place = g_strdup(value);
    return true;
}

/* In "--option=scheme://user:password@host" or its value alone. The strings of argv are
 * what ps(1) shows, of this process and of those that are forked from it. */
static void
hide_user(char *word)
{
    char *end = strrchr(word, '@');
    char *scheme = strstr(word, "://");
    char *begin = word;

    if (end == NULL)
        return;
    if (scheme != NULL && scheme < end)
        begin = scheme + strlen("://");
    else if (g_str_has_prefix(word, "--"))
        begin = strchr(word, '=') + 1;
    memset(begin, 'x', (size_t)(end - begin));
}

static bool
store(Parse *parse, const BnsOption *option, const char *value, GError **error)
{
    size_t row = (size_t)(option - bns_option_table);
    bool repeats = (parse->seen & (UINT64_C(1) << row)) != 0;

    parse->seen |= UINT64_C(1) << row;
    switch (option->kind) {
    case BNS_OPTION_FLAG:
        G_STRUCT_MEMBER(bool, parse->options, option->offset) = true;
        return true;
    case BNS_OPTION_SWITCH:
        value = value != NULL ? value : "true";
        if (strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
            return fail(parse, error, "--%s: use true or false", option->name);
        return !repeats ? set_string(parse, option, value, error)
                        : fail(parse, error, "--%s is given twice", option->name);
    case BNS_OPTION_STRING:
        if (repeats)
            return fail(parse, error, "--%s is given twice", option->name);
        return set_string(parse, option, value, error);
    case BNS_OPTION_URL:
        if (repeats)
            return fail(parse, error, "--%s is given twice", option->name);
        if (!set_string(parse, option, value, error))
            return false;
        /* The word that was taken last holds the value. */
        hide_user(parse->argv[parse->at - 1]);
        return true;
    case BNS_OPTION_LIST:
        g_ptr_array_add(parse->lists[row], g_strdup(value));
        return true;
    case BNS_OPTION_LEVEL:
        return set_level_by_name(parse, value, error);
    case BNS_OPTION_VERBOSE:
        parse->verbose++;
        set_level(parse, parse->verbose > 1 ? BNS_LOG_DEBUG : BNS_LOG_INFO, false);
        return true;
    case BNS_OPTION_QUIET:
        parse->verbose = 0;
        set_level(parse, BNS_LOG_ERROR, true);
        return true;
    case BNS_OPTION_HELP:
        parse->options->command = BNS_COMMAND_HELP;
        return true;
    case BNS_OPTION_VERSION:
        parse->options->command = BNS_COMMAND_VERSION;
        return true;
    case BNS_OPTION_ACCEPTED:
    case BNS_OPTION_ACCEPTED_FLAG:
        return accept(parse, option, value, error);
    }
    return false;
}

static bool
applies(const Parse *parse, const BnsOption *option)
{
    return (option->commands & BNS_FOR(parse->options->command)) != 0;
}

/* Returns: (transfer full): a question, or "" */
static char *
hint_option(const Parse *parse, const char *word)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

    for (size_t i = 0; i < bns_option_table_len; i++) {
        const BnsOption *option = &bns_option_table[i];

        if (applies(parse, option) && option->kind != BNS_OPTION_ACCEPTED &&
            option->kind != BNS_OPTION_ACCEPTED_FLAG && g_str_has_prefix(word, "--") &&
            bns_near_is_like(word + 2, option->name))
            g_ptr_array_add(names, g_strconcat("--", option->name, NULL));
    }
    return bns_near_hint(word, names);
}

/* @other: (nullable): the option, if it is one of other subcommands */
static bool
unknown(const Parse *parse, const char *word, const BnsOption *other, GError **error)
{
    g_autofree char *shown = bns_text_escape(word, -1);
    g_autofree char *hint = hint_option(parse, word);
    g_autoptr(GString) takers = g_string_new("");

    if (other == NULL)
        g_string_append(takers, hint);
    for (size_t i = 0; other != NULL && i < bns_subcommand_table_len; i++)
        if ((other->commands & BNS_FOR(bns_subcommand_table[i].command)) != 0)
            g_string_append_printf(takers, "%s %s",
                                   takers->len > 0 ? "," : ": it is for",
                                   bns_subcommand_table[i].name);
    return fail(parse, error, "unknown option %s%s", shown, takers->str);
}

/* @inline_value: what followed '=', or NULL. */
static bool
take(Parse *parse, const BnsOption *option, const char *inline_value, GError **error)
{
    if (option->value == NULL) {
        if (inline_value != NULL && option->kind != BNS_OPTION_ACCEPTED_FLAG &&
            option->kind != BNS_OPTION_SWITCH)
            return fail(parse, error, "--%s takes no value", option->name);
        return store(parse, option, inline_value, error);
    }
    if (inline_value == NULL) {
        if (parse->at >= parse->argc)
            return fail(parse, error, "--%s needs a value: %s", option->name,
                        option->value);
        inline_value = parse->argv[parse->at++];
    }
    return store(parse, option, inline_value, error);
}

static bool
take_long(Parse *parse, const char *word, GError **error)
{
    const char *equals = strchr(word, '=');
    size_t len = equals != NULL ? (size_t)(equals - word) - 2 : strlen(word + 2);
    const BnsOption *other = NULL;

    for (size_t i = 0; i < bns_option_table_len; i++) {
        const BnsOption *option = &bns_option_table[i];

        if (strlen(option->name) != len || strncmp(option->name, word + 2, len) != 0)
            continue;
        if (applies(parse, option))
            return take(parse, option, equals != NULL ? equals + 1 : NULL, error);
        other = option;
    }
    return unknown(parse, word, other, error);
}

static const BnsOption *
find_letter(const Parse *parse, char letter)
{
    for (size_t i = 0; i < bns_option_table_len; i++)
        if (bns_option_table[i].letter == letter &&
            applies(parse, &bns_option_table[i]))
            return &bns_option_table[i];
    return NULL;
}

/* "-qv", "-c FILE" and "-cFILE". */
static bool
take_letters(Parse *parse, const char *word, GError **error)
{
    for (const char *letter = word + 1; *letter != '\0'; letter++) {
        const BnsOption *option = find_letter(parse, *letter);

        if (option == NULL)
            return unknown(parse, word, NULL, error);
        if (option->value != NULL)
            return take(parse, option, letter[1] != '\0' ? letter + 1 : NULL, error);
        if (!take(parse, option, NULL, error))
            return false;
    }
    return true;
}

static void
take_subcommand(Parse *parse)
{
    const char *word = parse->argc > 1 ? parse->argv[1] : "";

    parse->options->command = BNS_COMMAND_RUN;
    parse->at = 1;
    for (size_t i = 0; i < bns_subcommand_table_len; i++)
        if (strcmp(bns_subcommand_table[i].name, word) == 0) {
            parse->options->command = bns_subcommand_table[i].command;
            parse->at = 2;
        }
    if (parse->options->command == BNS_COMMAND_LOG && parse->argc > 2 &&
        strcmp(parse->argv[2], "verify") == 0) {
        parse->options->command = BNS_COMMAND_LOG_VERIFY;
        parse->at = 3;
    }
}

/* Takes "--". A lone URL is no command, whose name would have to be a file's. */
static GPtrArray *
list_of_rest(const Parse *parse)
{
    bool is_url =
        parse->at + 1 == parse->argc && strstr(parse->argv[parse->at], "://") != NULL;

    return parse->options->command == BNS_COMMAND_CHECK ||
                   (parse->options->command == BNS_COMMAND_EXPLAIN && !is_url)
               ? parse->command_line
               : parse->operands;
}

static bool
take_words(Parse *parse, GError **error)
{
    bool is_run = parse->options->command == BNS_COMMAND_RUN;
    GPtrArray *words = parse->operands;
    bool only_operands = false;

    while (parse->at < parse->argc) {
        const char *word = parse->argv[parse->at];

        if (only_operands || word[0] != '-' || word[1] == '\0') {
            only_operands |= is_run;
            g_ptr_array_add(words, g_strdup(word));
            parse->at++;
            continue;
        }
        parse->at++;
        if (strcmp(word, "--") == 0) {
            only_operands = true;
            words = list_of_rest(parse);
        } else if (!(word[1] == '-' ? take_long : take_letters)(parse, word, error))
            return false;
        if (parse->options->command == BNS_COMMAND_HELP ||
            parse->options->command == BNS_COMMAND_VERSION)
            return true;
    }
    return true;
}

static bool
read_environment(Parse *parse, GError **error)
{
    const char *config = g_getenv("BOUNDARY_CONFIG");
    const char *level_text = g_getenv("BOUNDARY_LOG_LEVEL");
    BnsLogLevel level;

    if (config != NULL && *config != '\0')
        parse->options->config_path = g_strdup(config);
    if (level_text == NULL || *level_text == '\0')
        return true;
    if (!bns_options_log_level(level_text, &level))
        return fail(parse, error, "BOUNDARY_LOG_LEVEL: use error, warn, info or debug");
    set_level(parse, level, false);
    return true;
}

static GStrv
steal_strings(GPtrArray **array)
{
    g_ptr_array_add(*array, NULL);
    g_ptr_array_set_free_func(*array, NULL);
    return (GStrv)g_ptr_array_free(g_steal_pointer(array), FALSE);
}

static void
parse_init(Parse *parse, int argc, char **argv)
{
    memset(parse, 0, sizeof(*parse));
    g_assert(bns_option_table_len <= G_N_ELEMENTS(parse->lists));
    parse->options = g_new0(BnsOptions, 1);
    parse->options->log_level = BNS_LOG_WARN;
    parse->argc = argc;
    parse->argv = argv;
    parse->notices = g_ptr_array_new_with_free_func(g_free);
    parse->operands = g_ptr_array_new_with_free_func(g_free);
    parse->command_line = g_ptr_array_new_with_free_func(g_free);
    for (size_t i = 0; i < bns_option_table_len; i++)
        if (bns_option_table[i].kind == BNS_OPTION_LIST)
            parse->lists[i] = g_ptr_array_new_with_free_func(g_free);
}

/* Hands the collected lists to the options. */
static void
parse_finish(Parse *parse)
{
    for (size_t i = 0; i < bns_option_table_len; i++)
        if (parse->lists[i] != NULL)
            G_STRUCT_MEMBER(GStrv, parse->options, bns_option_table[i].offset) =
                steal_strings(&parse->lists[i]);
    parse->options->notices = steal_strings(&parse->notices);
    parse->options->arguments = steal_strings(&parse->operands);
    parse->options->command_line = steal_strings(&parse->command_line);
}

BnsOptions *
bns_options_parse(int argc, char **argv, GError **error)
{
    g_autoptr(BnsOptions) options = NULL;
    Parse parse;
    bool ok;

    parse_init(&parse, argc, argv);
    take_subcommand(&parse);
    ok = read_environment(&parse, error) && take_words(&parse, error);
    parse_finish(&parse);
    options = parse.options;
    return ok && bns_options_check(options, error) ? g_steal_pointer(&options) : NULL;
}

void
bns_options_free(BnsOptions *options)
{
    if (options == NULL)
        return;
    g_free(options->config_path);
    g_strfreev(options->preset);
    g_free(options->profile);
    g_strfreev(options->allow);
    g_strfreev(options->deny);
    g_strfreev(options->write);
    g_strfreev(options->read_only);
    g_strfreev(options->hide);
    g_strfreev(options->resolve);
    g_strfreev(options->host_port);
    g_strfreev(options->publish);
    g_strfreev(options->upstream_ca);
    g_free(options->upstream_proxy);
    g_free(options->audit_log);
    g_strfreev(options->env);
    g_strfreev(options->header);
    g_free(options->correlation);
    g_strfreev(options->inject_targets);
    g_free(options->workdir);
    g_free(options->duration);
    g_free(options->remove);
    g_strfreev(options->notices);
    g_strfreev(options->arguments);
    g_strfreev(options->command_line);
    g_free(options->as);
    g_free(options->variable);
    g_free(options->decision);
    g_free(options->format);
    g_free(options->check);
    g_free(options->since);
    g_free(options->output);
    g_free(options);
}
