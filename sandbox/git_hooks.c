/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/git_hooks.h"

#include "base/fd.h"
#include "sandbox/file_protect.h"
#include "sandbox/tree.h"

#include <fcntl.h>
#include <string.h>

#define SECTION "[core] "
#define KEY     "hookspath"

/* What follows "=" in a line of a configuration (git-config(1), "Syntax"). */
static char *
read_value(const char *at)
{
    GString *value = g_string_new(NULL);
    bool is_quoted = false;
    gsize len = 0; /* without blanks at the end that are not quoted */

    for (at += strspn(at, " \t"); *at != '\0'; at++) {
        if (!is_quoted && (*at == '#' || *at == ';'))
            break;
        if (*at == '"') {
            is_quoted = !is_quoted;
            continue;
        }
        if (*at == '\\' && at[1] != '\0')
            at++;
        g_string_append_c(value, *at);
        if (is_quoted || strchr(" \t\r", *at) == NULL)
            len = value->len;
    }
    g_string_truncate(value, len);
    return g_string_free(value, FALSE);
}

/* Returns: (nullable): what follows the key's "=" in @line. */
static const char *
find_value(const char *line)
{
    const char *at;

    if (g_ascii_strncasecmp(line, SECTION, strlen(SECTION)) != 0)
        return NULL;
    at = line + strlen(SECTION);
    if (g_ascii_strncasecmp(at, KEY, strlen(KEY)) != 0)
        return NULL;
    at += strlen(KEY);
    at += strspn(at, " \t");
    return *at == '=' ? at + 1 : NULL;
}

char *
bns_git_hooks_path(const char *keys)
{
    g_auto(GStrv) lines = g_strsplit(keys, "\n", -1);
    char *found = NULL;

    for (char **line = lines; *line != NULL; line++) {
        const char *value = find_value(*line);

        if (value == NULL)
            continue;
        g_free(found);
        found = read_value(value);
    }
    return found;
}

char *
bns_git_hooks_find(const char *root)
{
    g_autofree char *config = g_build_filename(root, ".git/config", NULL);
    bns_autofd fd =
        open(config, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    g_autofree char *keys = fd < 0 ? NULL : bns_file_protect_git_keys_of(fd);
    g_autofree char *path = keys == NULL ? NULL : bns_git_hooks_path(keys);
    g_autofree char *found = NULL;

    if (path == NULL || *path == '\0' || *path == '~')
        return NULL;
    found = g_canonicalize_filename(path, root);
    return strcmp(found, root) != 0 && bns_tree_is_within(found, root)
               ? g_steal_pointer(&found)
               : NULL;
}
