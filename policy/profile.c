/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/profile.h"

#include "base/text.h"
#include "policy/config_private.h"
#include "policy/near.h"
#include "policy/policy.h"

#include <fnmatch.h>
#include <string.h>

/* --- finding --- */

static BnsConfig *
find_in(const BnsConfig *config, const char *name)
{
    for (guint i = 0; i < config->profiles->len; i++) {
        BnsConfig *profile = config->profiles->pdata[i];

        if (strcmp(profile->name, name) == 0)
            return profile;
    }
    return NULL;
}

static GPtrArray *
list_names(const GPtrArray *configs)
{
    GPtrArray *names = g_ptr_array_new();

    for (guint i = configs->len; i > 0; i--) {
        const BnsConfig *config = configs->pdata[i - 1];

        for (guint j = 0; j < config->profiles->len; j++) {
            const BnsConfig *profile = config->profiles->pdata[j];

            if (!g_ptr_array_find_with_equal_func(names, profile->name, g_str_equal,
                                                  NULL))
                g_ptr_array_add(names, profile->name);
        }
    }
    return names;
}

static void
fail_unknown(const GPtrArray *configs, const char *name, GError **error)
{
    g_autofree char *shown = bns_text_escape(name, -1);
    g_autoptr(GPtrArray) names = list_names(configs);
    g_autofree char *hint = bns_near_hint(name, names);
    g_autofree char *all = NULL;

    g_ptr_array_add(names, NULL);
    all = g_strjoinv(", ", (GStrv)names->pdata);
    g_set_error(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID,
                "there is no profile \"%s\"%s%s", shown,
                *hint != '\0'  ? hint
                : *all != '\0' ? "; there are: "
                               : ": no policy file has any",
                *hint != '\0' ? "" : all);
}

BnsConfig *
bns_profile_find(const GPtrArray *configs,
                 const char *name,
                 const BnsConfig **out_config,
                 GError **error)
{
    for (guint i = configs->len; i > 0; i--) {
        BnsConfig *profile = find_in(configs->pdata[i - 1], name);

        if (profile != NULL) {
            *out_config = configs->pdata[i - 1];
            return profile;
        }
    }
    fail_unknown(configs, name, error);
    return NULL;
}

static bool
is_for(const BnsConfig *profile, const char *program)
{
    for (guint i = 0; i < profile->commands_for->len; i++)
        if (fnmatch(profile->commands_for->pdata[i], program, FNM_NOESCAPE) == 0)
            return true;
    return false;
}

BnsConfig *
bns_profile_for_command(const GPtrArray *configs,
                        const char *command,
                        const BnsConfig **out_config)
{
    const char *slash = strrchr(command, '/');
    const char *program = slash != NULL ? slash + 1 : command;

    for (guint i = configs->len; i > 0; i--) {
        const BnsConfig *config = configs->pdata[i - 1];

        for (guint j = 0; j < config->profiles->len; j++)
            if (is_for(config->profiles->pdata[j], program)) {
                *out_config = config;
                return config->profiles->pdata[j];
            }
    }
    return NULL;
}

/* --- reading --- */

typedef struct {
    GPtrArray *patterns;
    const char *file;
} ForReader;

/* A command's last part has no slash, and only a star stands for something else. */
static bool
read_pattern(void *data, const BnsYaml *item, GError **error)
{
    ForReader *reader = data;
    const char *text;

    if (!bns_value_line(reader->file, item, "for", &text, error))
        return false;
    if (*text == '\0')
        return bns_yaml_fail(error, reader->file, item,
                             "for: an empty name: name a command");
    if (strchr(text, '/') != NULL)
        return bns_yaml_fail(error, reader->file, item,
                             "for: is compared with a command's last part, which has "
                             "no /: write that part");
    if (strpbrk(text, "?[\\") != NULL)
        return bns_yaml_fail(error, reader->file, item,
                             "for: has no patterns but *: write that");
    g_ptr_array_add(reader->patterns, g_strdup(text));
    return true;
}

bool
bns_profile_read_for(GPtrArray *patterns,
                     const char *file,
                     const BnsYaml *value,
                     GError **error)
{
    ForReader reader = { .patterns = patterns, .file = file };

    return bns_value_each(file, value, "for", read_pattern, &reader, error);
}

/* As an option and an error can hold it. */
static bool
is_name(const char *text)
{
    for (const char *at = text; *at != '\0'; at++)
        if (!g_ascii_isalnum(*at) && strchr("-_.", *at) == NULL)
            return false;
    return g_ascii_isalnum(*text);
}

bool
bns_profiles_read(GPtrArray *profiles,
                  const char *file,
                  const BnsYaml *value,
                  GError **error)
{
    if (value->kind != BNS_YAML_MAPPING)
        return bns_yaml_fail(error, file, value,
                             "profiles: must be a mapping of names to their rules");
    for (guint i = 0; i < value->children->len; i += 2) {
        const BnsYaml *name = value->children->pdata[i];
        const BnsYaml *body = value->children->pdata[i + 1];
        BnsConfig *profile;

        if (!is_name(name->text))
            return bns_yaml_fail(error, file, name,
                                 "profiles: a name has letters, digits, -, _ and .");
        if (body->kind != BNS_YAML_MAPPING)
            return bns_yaml_fail(error, file, body,
                                 "profiles.%s: must be a mapping with extends, for, "
                                 "allow, deny, files, env and the like",
                                 name->text);
        profile = bns_config_read_profile(file, body, error);
        if (profile == NULL)
            return false;
        profile->name = g_strdup(name->text);
        g_ptr_array_add(profiles, profile);
    }
    return true;
}
