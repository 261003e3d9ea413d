/* SPDX-License-Identifier: Apache-2.0 */
/* A good head is written as one that reads the same; no prefix of it is good. */
#include "netstack/gateway/block.h"
#include "netstack/gateway/http1.h"
#include "netstack/gateway/websocket.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void
check_again(const BnsHttpHead *head, const BnsHttpTarget *target, bool upgrade)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_autofree char *host = g_strndup(target->host.at, target->host.len);
    BnsHttpHead again;
    BnsHttpTarget again_target;

    bns_http1_write_request(out, head, target, host, upgrade);
    g_assert_cmpint(bns_http1_parse_request((const char *)out->data, out->len, &again),
                    ==, BNS_PARSE_DONE);
    g_assert_cmpuint(again.head_len, ==, out->len);
    g_assert_null(bns_http1_target(&again, &again_target));
    g_assert_cmpmem(again.method.at, again.method.len, head->method.at,
                    head->method.len);
    g_assert_cmpmem(again_target.path.at, again_target.path.len, target->path.at,
                    target->path.len);
    g_assert_cmpmem(again_target.query.at, again_target.query.len, target->query.at,
                    target->query.len);
    g_assert_false(again_target.is_absolute);
    g_assert_cmpint(again.body, ==, head->body);
    g_assert_cmpuint(again.body_len, ==, head->body_len);
    g_assert_cmpint(again.expects_continue, ==, head->expects_continue);
    g_assert_cmpint(again.has_upgrade, ==, upgrade);
    g_assert_cmpint(again.keep_alive, ==, !upgrade);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data;
    BnsHttpHead head, part;
    BnsHttpTarget target;
    BnsParse result = bns_http1_parse_request(bytes, size, &head);
    bool upgrade;

    if (result == BNS_PARSE_BAD) {
        g_assert_nonnull(head.error);
        g_assert_cmpuint(head.error_status, >=, 400);
    }
    if (result != BNS_PARSE_DONE)
        return 0;
    g_assert_cmpuint(head.head_len, <=, size);
    g_assert_cmpint(bns_http1_parse_request(bytes, head.head_len - 1, &part), ==,
                    BNS_PARSE_MORE);
    (void)bns_block_form(&head);
    upgrade = bns_websocket_is_request(&head);
    /* Writing may add bytes and Connection: far from the limits it cannot pass them. */
    if (bns_http1_target(&head, &target) == NULL &&
        head.head_len < BNS_HTTP_HEAD_MAX / 2 && head.n_fields < BNS_HTTP_FIELDS_MAX)
        check_again(&head, &target, upgrade);
    return 0;
}
