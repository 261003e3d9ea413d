/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/env.h"

#include "base/star.h"
#include "base/text.h"
#include "policy/policy.h"
#include "policy/value.h"

#include <string.h>

static const char *const kind_names[] = {
    [BNS_ENV_PASS] = "pass",
    [BNS_ENV_SET] = "set",
    [BNS_ENV_HIDE] = "hide",
};
G_STATIC_ASSERT(G_N_ELEMENTS(kind_names) == BNS_N_ENV_KINDS);

const char *
bns_env_kind_name(BnsEnvKind kind)
{
    return kind_names[kind];
}

static void
entry_free(void *data)
{
    BnsEnvEntry *entry = data;

    g_free(entry->name);
    g_free(entry->value);
    g_free(entry->origin);
    g_free(entry);
}

BnsEnv *
bns_env_new(void)
{
    BnsEnv *env = g_new0(BnsEnv, 1);

    env->entries = g_ptr_array_new_with_free_func(entry_free);
    return env;
}

void
bns_env_free(BnsEnv *env)
{
    if (env == NULL)
        return;
    g_ptr_array_unref(env->entries);
    g_clear_pointer(&env->may_pass, g_ptr_array_unref);
    g_free(env);
}

bool
bns_env_entry_matches(const BnsEnvEntry *entry, const char *name)
{
    return bns_star_matches(entry->name, strlen(entry->name), name, strlen(name),
                            false);
}

/* Returns: what is wrong with @name, or %NULL. Names that shells cannot write, as npm has
 * some, are names all the same. */
static const char *
find_fault_in_name(BnsEnvKind kind, const char *name)
{
    if (*name == '\0')
        return "a name is missing: write one";
    for (const char *c = name; *c != '\0'; c++)
        if (!g_ascii_isgraph(*c) || *c == '=')
            return "a name is of printable ASCII, without blanks and =";
    if (kind == BNS_ENV_SET && strchr(name, '*') != NULL)
        return "is one name, without *: write each";
    if (strpbrk(name, "?[") != NULL)
        return "has no patterns but *: write that";
    return NULL;
}

static const char *
find_fault(const BnsEnv *env, BnsEnvKind kind, const char *name, const char *value)
{
    const char *fault = find_fault_in_name(kind, name);
    size_t len = strlen(name) + strlen("=") + (value != NULL ? strlen(value) : 0) + 1;

    if (fault != NULL)
        return fault;
    if (len > BNS_ENV_VARIABLE_MAX)
        return "longer than 128 KiB";
    return env->entries->len >= BNS_ENV_ENTRIES_MAX
               ? "more entries than " G_STRINGIFY(BNS_ENV_ENTRIES_MAX) ": name fewer"
               : NULL;
}

static void
take(BnsEnv *env,
     BnsEnvKind kind,
     const char *name,
     const char *value,
     char *take_origin)
{
    BnsEnvEntry *entry = g_new0(BnsEnvEntry, 1);

    entry->kind = kind;
    entry->name = g_strdup(name);
    entry->value = g_strdup(value);
    entry->origin = take_origin;
    g_ptr_array_add(env->entries, entry);
}

bool
bns_env_add(BnsEnv *env, const char *option, const char *origin, GError **error)
{
    const char *equals = strchr(option, '=');
    BnsEnvKind kind = equals != NULL ? BNS_ENV_SET : BNS_ENV_PASS;
    const char *value = equals != NULL ? equals + 1 : NULL;
    g_autofree char *name = g_strndup(option, strcspn(option, "="));
    const char *fault = find_fault(env, kind, name, value);

    if (fault == NULL) {
        take(env, kind, name, value, g_strdup(origin));
        return true;
    }
    g_set_error(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID, "%s: %s", origin,
                fault);
    return false;
}

/* --- a file --- */

typedef struct {
    BnsEnv *env; /* of this file alone */
    const char *file;
} Reader;

static bool
read_mode(void *data, const BnsYaml *value, GError **error)
{
    Reader *reader = data;
    const char *text = bns_value_word(value);

    if (strcmp(text, "inherit") == 0)
        reader->env->mode = BNS_ENV_MODE_INHERIT;
    else if (strcmp(text, "clean") == 0)
        reader->env->mode = BNS_ENV_MODE_CLEAN;
    else
        return bns_yaml_fail(error, reader->file, value,
                             "env.mode: must be inherit or clean");
    return true;
}

/* Within a file nothing says which of two was meant. */
static bool
is_named(const BnsEnv *env, const char *name)
{
    for (guint i = 0; i < env->entries->len; i++) {
        const BnsEnvEntry *entry = env->entries->pdata[i];

        if (strcmp(entry->name, name) == 0)
            return true;
    }
    return false;
}

static bool
add_entry(Reader *reader,
          BnsEnvKind kind,
          const BnsYaml *name,
          const BnsYaml *value,
          GError **error)
{
    const char *text = value != NULL ? value->text : NULL;
    const char *fault = find_fault(reader->env, kind, name->text, text);

    if (fault == NULL && is_named(reader->env, name->text))
        fault = "is named twice: remove one";
    if (fault != NULL) {
        g_autofree char *shown = bns_text_escape(name->text, -1);

        return bns_yaml_fail(error, reader->file, name, "env.%s: %s%s%s",
                             kind_names[kind], shown, *shown != '\0' ? ": " : "",
                             fault);
    }
    take(reader->env, kind, name->text, text,
         g_strdup_printf("%s:%u", reader->file, name->line));
    return true;
}

static bool
read_names(Reader *reader, BnsEnvKind kind, const BnsYaml *value, GError **error)
{
    g_autofree char *key = g_strconcat("env.", kind_names[kind], NULL);
    const char *unused;

    if (!bns_value_list(reader->file, value, key, error))
        return false;
    for (guint i = 0; value->children != NULL && i < value->children->len; i++) {
        const BnsYaml *name = value->children->pdata[i];

        if (!bns_value_string(reader->file, name, key, &unused, error) ||
            !add_entry(reader, kind, name, NULL, error))
            return false;
    }
    return true;
}

static bool
read_pass(void *data, const BnsYaml *value, GError **error)
{
    Reader *reader = data;

    reader->env->has_pass = true;
    return read_names(reader, BNS_ENV_PASS, value, error);
}

static bool
read_hide(void *data, const BnsYaml *value, GError **error)
{
    return read_names(data, BNS_ENV_HIDE, value, error);
}

/* A variable is text whatever it looks like: 8080 and true need no quotes. */
static bool
check_value(const Reader *reader, const BnsYaml *value, GError **error)
{
    if (value->kind != BNS_YAML_SCALAR)
        return bns_yaml_fail(error, reader->file, value,
                             "env.set: must be a value: write text");
    if (value->type == BNS_YAML_NULL)
        return bns_yaml_fail(error, reader->file, value,
                             "env.set: must be a value; write '' for an empty one");
    return true;
}

static bool
read_set(void *data, const BnsYaml *value, GError **error)
{
    Reader *reader = data;

    if (value->kind != BNS_YAML_MAPPING)
        return bns_yaml_fail(error, reader->file, value,
                             "env.set: must be a mapping of names to values");
    for (guint i = 0; i < value->children->len; i += 2) {
        const BnsYaml *name = value->children->pdata[i];
        const BnsYaml *text = value->children->pdata[i + 1];

        if (!check_value(reader, text, error) ||
            !add_entry(reader, BNS_ENV_SET, name, text, error))
            return false;
    }
    return true;
}

bool
bns_env_read(BnsEnv *env, const char *file, const BnsYaml *value, GError **error)
{
    static const BnsValueKey keys[] = {
        { "mode", read_mode }, { "pass", read_pass }, { "set", read_set },
        { "hide", read_hide }, { NULL, NULL },
    };
    Reader reader = { .env = env, .file = file };

    if (value->kind != BNS_YAML_MAPPING)
        return bns_yaml_fail(error, file, value,
                             "env: must be a mapping with mode, pass, set or hide");
    return bns_value_mapping(file, value, keys, &reader, error);
}

void
bns_env_merge(BnsEnv *env, BnsEnv *more)
{
    g_ptr_array_extend_and_steal(env->entries, g_ptr_array_ref(more->entries));
    if (more->mode != BNS_ENV_MODE_NONE)
        env->mode = more->mode;
    env->has_pass |= more->has_pass;
}

bool
bns_env_narrow(BnsEnv *env, BnsEnv *ceiling)
{
    GPtrArray *entries = g_steal_pointer(&ceiling->entries);
    bool is_narrower =
        ceiling->mode == BNS_ENV_MODE_CLEAN && env->mode != ceiling->mode;

    ceiling->entries = g_ptr_array_new_with_free_func(entry_free);
    if (ceiling->has_pass)
        env->may_pass = g_ptr_array_new_with_free_func(entry_free);
    for (guint i = 0; i < entries->len; i++) {
        BnsEnvEntry *entry = entries->pdata[i];

        if (entry->kind == BNS_ENV_PASS)
            g_ptr_array_add(env->may_pass, entry);
        else
            g_ptr_array_add(env->entries, entry);
    }
    g_ptr_array_set_free_func(entries, NULL);
    g_ptr_array_unref(entries);
    if (is_narrower)
        env->mode = ceiling->mode;
    return is_narrower;
}

bool
bns_env_may_pass(const BnsEnv *env, const char *name)
{
    bool may = env->may_pass == NULL;

    for (guint i = 0; !may && i < env->may_pass->len; i++)
        may = bns_env_entry_matches(env->may_pass->pdata[i], name);
    return may;
}
