/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/cap.h"

#include "policy/size.h"

static const struct {
    const char *key;
    uint64_t min;
    const char *reason; /* with a place for the size */
} rows[] = {
    [BNS_CAP_REQUEST] = { "max_request_bytes", 0,
                          "the request's body is larger than %s (max_request_bytes)" },
    [BNS_CAP_SESSION] = { "max_session_bytes", 1,
                          "the session would have sent more than %s to this host "
                          "(max_session_bytes)" },
};
G_STATIC_ASSERT(G_N_ELEMENTS(rows) == BNS_N_CAPS);

const char *
bns_cap_key(BnsCapKind kind)
{
    return rows[kind].key;
}

bool
bns_cap_read(BnsCap *cap,
             BnsCapKind kind,
             const char *file,
             const BnsYaml *value,
             GError **error)
{
    if (value->kind == BNS_YAML_SCALAR && value->type != BNS_YAML_NULL &&
        bns_size_parse(value->text, &cap->bytes) && cap->bytes >= rows[kind].min) {
        cap->is_set = true;
        return true;
    }
    return bns_yaml_fail(error, file, value,
                         "%s: must be a number of bytes from %" G_GUINT64_FORMAT
                         " to 1T, as 65536, 64K or 10M",
                         rows[kind].key, rows[kind].min);
}

char *
bns_cap_reason(BnsCapKind kind, uint64_t bytes)
{
    g_autofree char *size = bns_size_to_string(bytes);
    GString *reason = g_string_new(rows[kind].reason);

    g_string_replace(reason, "%s", size, 1);
    return g_string_free(reason, FALSE);
}

bool
bns_cap_is_wider(const BnsCap *cap, const BnsCap *than)
{
    return than->is_set && (!cap->is_set || cap->bytes > than->bytes);
}
