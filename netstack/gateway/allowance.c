/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/allowance.h"

#include <string.h>

GHashTable *
bns_sent_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

void
bns_allowance_renew(BnsAllowance *allowance, const BnsDecision *decision)
{
    memcpy(allowance->caps, decision->caps, sizeof(allowance->caps));
}

void
bns_allowance_init(BnsAllowance *allowance,
                   GHashTable *sent,
                   const char *host,
                   const BnsDecision *decision)
{
    *allowance = (BnsAllowance){ .sent = g_hash_table_lookup(sent, host) };
    bns_allowance_renew(allowance, decision);
    if (allowance->sent == NULL) {
        allowance->sent = g_new0(uint64_t, 1);
        g_hash_table_insert(sent, g_strdup(host), allowance->sent);
    }
}

/* Whether @len more than @used are within the cap. */
static bool
has_room(BnsAllowance *allowance, BnsCapKind kind, uint64_t used, uint64_t len)
{
    const BnsCap *cap = &allowance->caps[kind];

    if (!cap->is_set || (used <= cap->bytes && len <= cap->bytes - used))
        return true;
    allowance->is_met = true;
    allowance->met = kind;
    return false;
}

bool
bns_allowance_fits(BnsAllowance *allowance, uint64_t head_len, uint64_t body_len)
{
    return has_room(allowance, BNS_CAP_REQUEST, 0, body_len) &&
           has_room(allowance, BNS_CAP_SESSION, *allowance->sent, head_len) &&
           has_room(allowance, BNS_CAP_SESSION, *allowance->sent + head_len, body_len);
}

bool
bns_allowance_take_head(BnsAllowance *allowance, uint64_t len)
{
    if (allowance->is_met ||
        !has_room(allowance, BNS_CAP_SESSION, *allowance->sent, len))
        return false;
    *allowance->sent += len;
    return true;
}

bool
bns_allowance_take_body(BnsAllowance *allowance, uint64_t len)
{
    if (allowance->is_met ||
        !has_room(allowance, BNS_CAP_REQUEST, allowance->n_body, len) ||
        !has_room(allowance, BNS_CAP_SESSION, *allowance->sent, len))
        return false;
    allowance->n_body += len;
    *allowance->sent += len;
    return true;
}

const BnsCap *
bns_allowance_met(const BnsAllowance *allowance)
{
    return allowance->is_met ? &allowance->caps[allowance->met] : NULL;
}

const BnsCap *
bns_sent_all(GHashTable *sent, const char *host, const BnsDecision *decision)
{
    const uint64_t *n_sent = g_hash_table_lookup(sent, host);
    const BnsCap *cap = &decision->caps[BNS_CAP_SESSION];

    return cap->is_set && n_sent != NULL && *n_sent >= cap->bytes ? cap : NULL;
}
