/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/commands.h"

#include "base/text.h"
#include "policy/policy.h"
#include "policy/value.h"

#include <limits.h>
#include <string.h>

static void
rule_free(void *data)
{
    BnsCommandRule *rule = data;

    if (rule == NULL)
        return;
    g_free(rule->program);
    g_free(rule->arguments);
    g_free(rule->reason);
    g_free(rule->origin);
    g_free(rule);
}

BnsCommands *
bns_commands_new(void)
{
    BnsCommands *commands = g_new0(BnsCommands, 1);

    commands->deny = g_ptr_array_new_with_free_func(rule_free);
    commands->allow = g_ptr_array_new_with_free_func(rule_free);
    commands->ceiling = g_ptr_array_new_with_free_func(rule_free);
    return commands;
}

void
bns_commands_free(BnsCommands *commands)
{
    if (commands == NULL)
        return;
    g_ptr_array_unref(commands->deny);
    g_ptr_array_unref(commands->allow);
    g_ptr_array_unref(commands->ceiling);
    g_free(commands->record_origin);
    g_free(commands);
}

/* Returns: what is wrong with @program, or %NULL. */
static const char *
find_fault(const char *program)
{
    bool is_path = program[0] == '/' || g_str_has_prefix(program, "~/");

    if (*program == '\0')
        return "an empty name: name a program";
    if (strlen(program) >= PATH_MAX)
        return "too long: a path has less than 4096 bytes";
    if (program[strcspn(program, " \t")] != '\0' && !is_path)
        return "command: is one program; what follows goes into arguments:";
    if (strpbrk(program, "*?[") != NULL)
        return "is one program, without *, ? or [: write each";
    if (g_str_has_suffix(program, "/"))
        return "is a program, not a directory: name each";
    if (!is_path && (strchr(program, '/') != NULL || program[0] == '~'))
        return "must be a name, or a path that begins with / or ~/";
    return NULL;
}

/* The same of what is allowed, where a directory is meant with all below it. */
static const char *
find_fault_of_allowed(const char *program)
{
    g_autofree char *name = g_strdup(program);
    bool is_directory = g_str_has_suffix(name, "/");

    if (is_directory)
        name[strlen(name) - 1] = '\0';
    if (is_directory && (*name == '\0' || strcmp(name, "~") == 0))
        return "is too much: name directories of programs";
    if (name[strcspn(name, " \t")] != '\0' && name[0] != '/' &&
        !g_str_has_prefix(name, "~/"))
        return "is one program; arguments are judged by deny alone";
    if (is_directory && strchr(name, '/') == NULL)
        return "must be a name, or a path that begins with / or ~/";
    return find_fault(name);
}

/* --- a file --- */

typedef struct {
    const char *file;
    BnsCommands *commands;
    BnsCommandRule *rule; /* owned; that is being read */
} Reader;

static bool
take_program(Reader *reader, const BnsYaml *value, const char *program, GError **error)
{
    const char *fault = find_fault(program);

    if (fault == NULL && reader->commands->deny->len >= BNS_COMMANDS_MAX)
        fault = "more entries than " G_STRINGIFY(BNS_COMMANDS_MAX) ": name fewer";
    if (fault != NULL)
        return bns_yaml_fail(error, reader->file, value, "commands.deny: %s", fault);
    reader->rule->program = g_strdup(program);
    return true;
}

static bool
read_program(void *data, const BnsYaml *value, GError **error)
{
    Reader *reader = data;
    const char *program;

    return bns_value_string(reader->file, value, "commands.deny", &program, error) &&
           take_program(reader, value, program, error);
}

static bool
read_arguments(void *data, const BnsYaml *value, GError **error)
{
    Reader *reader = data;
    const char *text;

    if (!bns_value_line(reader->file, value, "arguments", &text, error))
        return false;
    if (strlen(text) > BNS_COMMANDS_REASON_MAX)
        return bns_yaml_fail(error, reader->file, value,
                             "arguments: longer than " G_STRINGIFY(
                                 BNS_COMMANDS_REASON_MAX) " bytes: shorten it");
    reader->rule->arguments = g_strdup(text);
    return true;
}

/* "git push --force*": the program, and a pattern of its arguments. */
static bool
read_string(Reader *reader, const BnsYaml *item, GError **error)
{
    g_autofree char *program = NULL;
    const char *text;
    size_t len;

    if (!bns_value_line(reader->file, item, "commands.deny", &text, error))
        return false;
    len = strcspn(text, " ");
    program = g_strndup(text, len);
    if (text[len] != '\0')
        reader->rule->arguments = g_strdup(text + len + strspn(text + len, " "));
    return take_program(reader, item, program, error);
}

static bool
read_reason(void *data, const BnsYaml *value, GError **error)
{
    Reader *reader = data;
    const char *text;

    if (!bns_value_line(reader->file, value, "reason", &text, error))
        return false;
    if (strlen(text) > BNS_COMMANDS_REASON_MAX)
        return bns_yaml_fail(error, reader->file, value,
                             "reason: longer than " G_STRINGIFY(
                                 BNS_COMMANDS_REASON_MAX) " bytes: shorten it");
    reader->rule->reason = g_strdup(text);
    return true;
}

static bool
read_rule(Reader *reader, const BnsYaml *item, GError **error)
{
    static const BnsValueKey keys[] = {
        { "command", read_program },
        { "arguments", read_arguments },
        { "reason", read_reason },
        { NULL, NULL },
    };

    if (item->kind != BNS_YAML_MAPPING)
        return read_string(reader, item, error);
    if (!bns_value_mapping(reader->file, item, keys, reader, error))
        return false;
    return reader->rule->program != NULL ||
           bns_yaml_fail(error, reader->file, item,
                         "commands.deny: needs command: name a program");
}

static bool
read_deny(void *data, const BnsYaml *value, GError **error)
{
    Reader *reader = data;

    if (!bns_value_list(reader->file, value, "commands.deny", error))
        return false;
    for (guint i = 0; value->children != NULL && i < value->children->len; i++) {
        const BnsYaml *item = value->children->pdata[i];
        BnsCommandRule *rule = g_new0(BnsCommandRule, 1);

        reader->rule = rule;
        rule->origin = g_strdup_printf("%s:%u", reader->file, item->line);
        rule->column = item->column;
        if (!read_rule(reader, item, error)) {
            rule_free(rule);
            return false;
        }
        g_ptr_array_add(reader->commands->deny, rule);
    }
    return true;
}

static bool
take_allowed(Reader *reader, const BnsYaml *item, GError **error)
{
    BnsCommandRule *rule;
    const char *text, *fault;

    if (!bns_value_line(reader->file, item, "commands.allow", &text, error))
        return false;
    fault = find_fault_of_allowed(text);
    if (fault == NULL && reader->commands->allow->len >= BNS_COMMANDS_MAX)
        fault = "more entries than " G_STRINGIFY(BNS_COMMANDS_MAX) ": name fewer";
    if (fault != NULL)
        return bns_yaml_fail(error, reader->file, item, "commands.allow: %s", fault);
    rule = g_new0(BnsCommandRule, 1);
    rule->origin = g_strdup_printf("%s:%u", reader->file, item->line);
    rule->column = item->column;
    rule->program = g_strdup(text);
    g_ptr_array_add(reader->commands->allow, rule);
    return true;
}

static bool
read_allow(void *data, const BnsYaml *value, GError **error)
{
    Reader *reader = data;

    if (!bns_value_list(reader->file, value, "commands.allow", error))
        return false;
    if (value->children == NULL || value->children->len == 0)
        return bns_yaml_fail(
            error, reader->file, value,
            "commands.allow: names nothing: leave it out where all may "
            "be executed");
    for (guint i = 0; i < value->children->len; i++)
        if (!take_allowed(reader, value->children->pdata[i], error))
            return false;
    return true;
}

static bool
read_exec(void *data, const BnsYaml *value, GError **error)
{
    Reader *reader = data;
    const char *text = bns_value_word(value);

    if (strcmp(text, "record") != 0)
        return bns_yaml_fail(error, reader->file, value,
                             "commands.exec: must be record");
    g_free(reader->commands->record_origin);
    reader->commands->record_origin =
        g_strdup_printf("%s:%u", reader->file, value->line);
    return true;
}

bool
bns_commands_read(BnsCommands *commands,
                  const char *file,
                  const BnsYaml *value,
                  GError **error)
{
    static const BnsValueKey keys[] = {
        { "deny", read_deny },
        { "allow", read_allow },
        { "exec", read_exec },
        { NULL, NULL },
    };
    Reader reader = { .file = file, .commands = commands };

    if (value->kind != BNS_YAML_MAPPING)
        return bns_yaml_fail(error, file, value,
                             "commands: must be a mapping with deny, allow or exec");
    return bns_value_mapping(file, value, keys, &reader, error);
}

/* Leaves @more empty. */
static void
extend(GPtrArray *rules, GPtrArray *more)
{
    g_ptr_array_extend_and_steal(rules, g_ptr_array_ref(more));
}

void
bns_commands_narrow(BnsCommands *commands, BnsCommands *ceiling)
{
    bool is_alone = commands->allow->len == 0;

    extend(is_alone ? commands->allow : commands->ceiling, ceiling->allow);
    bns_commands_merge(commands, ceiling);
}

void
bns_commands_merge(BnsCommands *commands, BnsCommands *more)
{
    extend(commands->deny, more->deny);
    extend(commands->allow, more->allow);
    if (more->record_origin != NULL) {
        g_free(commands->record_origin);
        commands->record_origin = g_steal_pointer(&more->record_origin);
    }
}

static bool
check_nested(const BnsCommands *commands, BnsNested nested, GError **error)
{
    const BnsCommandRule *first;
    g_autofree char *origin = NULL;

    if (nested != BNS_NESTED_FULL || commands->allow->len == 0)
        return true;
    first = commands->allow->pdata[0];
    origin = bns_text_escape(first->origin, -1);
    g_set_error(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID,
                "%s:%u: commands.allow: cannot hold with nested: full, where the "
                "command mounts what it likes: leave one of them out",
                origin, first->column);
    return false;
}

bool
bns_commands_check(const BnsCommands *commands, BnsNested nested, GError **error)
{
    for (guint i = 0; i < commands->deny->len; i++) {
        const BnsCommandRule *rule = commands->deny->pdata[i];
        g_autofree char *origin = bns_text_escape(rule->origin, -1);

        if (rule->arguments == NULL || commands->record_origin != NULL)
            continue;
        g_set_error(
            error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID,
            "%s:%u: commands.deny: arguments are judged only with exec: record; "
            "write the program alone, or add that",
            origin, rule->column);
        return false;
    }
    return check_nested(commands, nested, error);
}
