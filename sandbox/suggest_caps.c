/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/suggest_caps.h"

/* Those beyond are not counted: a record may be anybody's. */
#define HOSTS_MAX 10000

GHashTable *
bns_suggest_sent_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

/* Returns: all that was sent to the host, with @bytes. */
static uint64_t
add_sent(GHashTable *sent, const char *host, uint64_t bytes)
{
    uint64_t *count = g_hash_table_lookup(sent, host);

    if (count == NULL) {
        if (g_hash_table_size(sent) >= HOSTS_MAX)
            return bytes;
        count = g_new0(uint64_t, 1);
        g_hash_table_insert(sent, g_strdup(host), count);
    }
    *count = bytes > UINT64_MAX - *count ? UINT64_MAX : *count + bytes;
    return *count;
}

const BnsCap *
bns_suggest_caps_judge(GHashTable *sent,
                       const BnsRecord *record,
                       const BnsDecision *decision)
{
    const BnsCap *of_request = &decision->caps[BNS_CAP_REQUEST];
    const BnsCap *of_session = &decision->caps[BNS_CAP_SESSION];
    uint64_t all = add_sent(sent, record->host, record->bytes_sent);

    if (record->event == BNS_EVENT_HTTP_RESPONSE && of_request->is_set &&
        record->bytes_sent > of_request->bytes)
        return of_request;
    return of_session->is_set && all > of_session->bytes ? of_session : NULL;
}
