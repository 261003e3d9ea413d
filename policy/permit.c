/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/permit.h"

#include "policy/value.h"

#include <string.h>

const char *
bns_permit_name(BnsPermit permit)
{
    static const char *const names[] = {
        [BNS_PERMIT_RESOLVE] = "resolve",
        [BNS_PERMIT_HOST_PORT] = "host-port",
        [BNS_PERMIT_PUBLISH] = "publish",
        [BNS_PERMIT_UPSTREAM_CA] = "upstream-ca",
        [BNS_PERMIT_UPSTREAM_PROXY] = "upstream-proxy",
        [BNS_PERMIT_SEALED] = "sealed",
        [BNS_PERMIT_PRIVATE] = "private",
        [BNS_PERMIT_DISABLE] = "disable",
        [BNS_PERMIT_OBSERVE] = "observe",
    };
    G_STATIC_ASSERT(G_N_ELEMENTS(names) == BNS_N_PERMITS);

    return names[permit];
}

void
bns_permits_clear(BnsPermits *permits)
{
    g_clear_pointer(&permits->required_origin, g_free);
    g_clear_pointer(&permits->list_origin, g_free);
    for (BnsPermit i = 0; i < BNS_N_PERMITS; i++)
        g_clear_pointer(&permits->named_origins[i], g_free);
}

static char *
origin_of(const char *file, const BnsYaml *node)
{
    return g_strdup_printf("%s:%u", file, node->line);
}

bool
bns_permits_read_required(BnsPermits *permits,
                          const char *file,
                          const BnsYaml *value,
                          GError **error)
{
    bool is_required;

    if (!bns_value_boolean(file, value, "required", &is_required, error))
        return false;
    if (is_required)
        permits->required_origin = origin_of(file, value);
    return true;
}

/* Returns: %BNS_N_PERMITS: none of that name. */
static BnsPermit
find(const char *name)
{
    BnsPermit permit = 0;

    while (permit < BNS_N_PERMITS && strcmp(name, bns_permit_name(permit)) != 0)
        permit++;
    return permit;
}

static bool
read_name(BnsPermits *permits, const char *file, const BnsYaml *item, GError **error)
{
    BnsPermit permit = find(bns_value_word(item));
    GString *names;

    if (permit < BNS_N_PERMITS) {
        g_free(permits->named_origins[permit]);
        permits->named_origins[permit] = origin_of(file, item);
        return true;
    }
    names = g_string_new(bns_permit_name(0));
    for (permit = 1; permit < BNS_N_PERMITS; permit++)
        g_string_append_printf(names, "%s%s",
                               permit == BNS_N_PERMITS - 1 ? " or " : ", ",
                               bns_permit_name(permit));
    bns_yaml_fail(error, file, item, "permit: must be %s", names->str);
    g_string_free(names, TRUE);
    return false;
}

bool
bns_permits_read_list(BnsPermits *permits,
                      const char *file,
                      const BnsYaml *value,
                      GError **error)
{
    if (!bns_value_list(file, value, "permit", error))
        return false;
    permits->list_origin = origin_of(file, value);
    for (guint i = 0; value->children != NULL && i < value->children->len; i++)
        if (!read_name(permits, file, value->children->pdata[i], error))
            return false;
    return true;
}

static void
take(char **to, char **from)
{
    if (*from == NULL)
        return;
    g_free(*to);
    *to = g_steal_pointer(from);
}

void
bns_permits_merge(BnsPermits *permits, BnsPermits *more)
{
    take(&permits->required_origin, &more->required_origin);
    take(&permits->list_origin, &more->list_origin);
    for (BnsPermit i = 0; i < BNS_N_PERMITS; i++)
        take(&permits->named_origins[i], &more->named_origins[i]);
}

const char *
bns_permits_origin(const BnsPermits *permits)
{
    return permits->list_origin != NULL ? permits->list_origin
                                        : permits->required_origin;
}

const char *
bns_permits_forbid(const BnsPermits *permits, BnsPermit permit)
{
    return permits->named_origins[permit] != NULL ? NULL : bns_permits_origin(permits);
}
