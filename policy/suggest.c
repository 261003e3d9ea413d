/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/path_pattern.h"
#include "policy/policy_private.h"

#include <string.h>

/* Longer ones are nobody's method. */
#define METHOD_MAX 20

static bool
is_safe_path(const char *path, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!g_ascii_isalnum(path[i]) && strchr("/._~-", path[i]) == NULL)
            return false;
    return true;
}

/* Returns: (transfer full): the path itself if it is safe, or the longest part of it
 * with "**" below that stands for all its readings. */
static char *
suggest_path(const char *path)
{
    g_auto(BnsReadings) readings = { 0 };
    size_t len = strlen(path);

    if (bns_path_check(path, len) != NULL)
        return g_strdup("");
    bns_readings_init(&readings, path);
    if (is_safe_path(path, len) && bns_path_pattern_matches(path, &readings))
        return g_strdup(path);
    /* Upwards, a segment less each time; "/" and "**" matches everything. */
    do {
        g_autofree char *pattern = NULL;

        while (path[--len] != '/')
            continue;
        pattern = g_strdup_printf("%.*s/**", (int)len, path);
        if (is_safe_path(path, len) && bns_path_pattern_matches(pattern, &readings))
            return g_steal_pointer(&pattern);
    } while (len > 0);
    return g_strdup("/**");
}

static bool
is_safe_method(const char *method)
{
    size_t len = strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-");

    return len > 0 && len <= METHOD_MAX && method[len] == '\0';
}

char *
bns_policy_suggest(BnsScheme scheme,
                   const char *host,
                   uint16_t port,
                   const char *method,
                   const char *path)
{
    g_autofree char *shown = bns_host_bracket(host);
    g_autofree char *pattern = path != NULL ? suggest_path(path) : g_strdup("");
    GString *rule = g_string_new(NULL);
    BnsAddress address;

    if (scheme == BNS_SCHEME_TCP) {
        g_string_printf(rule, "tcp://%s:%u", shown, port);
        return g_string_free(rule, FALSE);
    }
    if (method != NULL && is_safe_method(method))
        g_string_append_printf(rule, "%s ", method);
    g_string_append(rule, shown);
    /* An address with a path alone could be taken for a network. */
    if ((port != 80 && port != 443) || bns_address_parse(host, &address))
        g_string_append_printf(rule, ":%u", port);
    g_string_append(rule, pattern);
    return g_string_free(rule, FALSE);
}
