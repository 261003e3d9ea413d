/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 by itself: EVP would have the recorder load a configuration and providers, a third
 * of its start, and look up much that is cold for each lone record, which a request waits
 * for. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "audit/chain.h"

#include "audit/json_read.h"

#include <inttypes.h>
#include <openssl/sha.h>
#include <string.h>

#define TAIL_BEGIN ",\"hash\":\""
#define TAIL_END   "\"}"
#define TAIL_LEN   (strlen(TAIL_BEGIN) + BNS_CHAIN_HASH_LEN + strlen(TAIL_END))

G_STATIC_ASSERT(BNS_CHAIN_HASH_LEN == 2 * SHA256_DIGEST_LENGTH);

static void
hash_bytes(const char *bytes, size_t len, char *out_hash)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t hash[SHA256_DIGEST_LENGTH];
    SHA256_CTX state;

    SHA256_Init(&state);
    SHA256_Update(&state, bytes, len);
    SHA256_Final(hash, &state);
    for (size_t i = 0; i < sizeof(hash); i++) {
        *out_hash++ = digits[hash[i] >> 4];
        *out_hash++ = digits[hash[i] & 0xf];
    }
    *out_hash = '\0';
}

static bool
is_hash(const char *text)
{
    return strlen(text) == BNS_CHAIN_HASH_LEN &&
           strspn(text, "0123456789abcdef") == BNS_CHAIN_HASH_LEN;
}

void
bns_chain_seal(GString *line, const char *prev, char *out_hash)
{
    g_string_append(line, ",\"prev\":\"");
    g_string_append(line, prev);
    g_string_append_c(line, '"');
    hash_bytes(line->str, line->len, out_hash);
    g_string_append(line, TAIL_BEGIN);
    g_string_append_len(line, out_hash, BNS_CHAIN_HASH_LEN);
    g_string_append(line, TAIL_END "\n");
}

/* Inside a JSON string a quotation mark is escaped, so a tail of this form at the end of
 * the line is the member, whatever a foreign text in the line holds. */
static bool
find_tail(const char *line, size_t len, BnsLink *out_link)
{
    const char *tail = line + len - TAIL_LEN;

    if (len < TAIL_LEN)
        return false;
    if (memcmp(tail, TAIL_BEGIN, strlen(TAIL_BEGIN)) != 0 ||
        memcmp(line + len - strlen(TAIL_END), TAIL_END, strlen(TAIL_END)) != 0)
        return false;
    memcpy(out_link->hash, tail + strlen(TAIL_BEGIN), BNS_CHAIN_HASH_LEN);
    out_link->hash[BNS_CHAIN_HASH_LEN] = '\0';
    return is_hash(out_link->hash);
}

const char *
bns_chain_check(const char *line, size_t len, BnsLink *out_link)
{
    g_autoptr(BnsJson) json = NULL;
    char hash[BNS_CHAIN_HASH_LEN + 1];
    uint64_t version;
    const char *prev;

    *out_link = (BnsLink){ 0 };
    if (!find_tail(line, len, out_link))
        return "the line is not a record";
    hash_bytes(line, len - TAIL_LEN, hash);
    if (strcmp(hash, out_link->hash) != 0)
        return "the line is not what its hash says";
    json = bns_json_parse(line, len);
    if (json == NULL || !bns_json_number(json, "v", &version) ||
        !bns_json_number(json, "seq", &out_link->seq))
        return "the line is not a record";
    if (version != 1)
        return "the record has a version that this program does not know";
    prev = bns_json_text(json, "prev");
    if (prev == NULL || !is_hash(prev))
        return "the record has no hash of the one before";
    memcpy(out_link->prev, prev, sizeof(out_link->prev));
    out_link->is_end = g_strcmp0(bns_json_text(json, "event"), "session.end") == 0;
    return NULL;
}

char *
bns_chain_follow(BnsChain *chain, const char *line, size_t len)
{
    BnsLink next;
    const char *why = bns_chain_check(line, len, &next);

    if (why != NULL)
        return g_strdup(why);
    if (next.seq != chain->seq)
        return g_strdup_printf("the line says seq %" PRIu64, next.seq);
    if (strcmp(next.prev, chain->prev) != 0)
        return g_strdup("it does not follow the line before");
    chain->seq++;
    memcpy(chain->prev, next.hash, sizeof(chain->prev));
    chain->is_ended = next.is_end;
    return NULL;
}
