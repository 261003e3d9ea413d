/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/chain.h"
#include "audit/json.h"
#include "audit/json_read.h"
#include "audit/pretty.h"
#include "audit/record_json.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void
assert_printable_line(const GString *text)
{
    g_assert_cmpuint(text->len, >, 0);
    for (size_t i = 0; i < text->len; i++)
        g_assert_true((text->str[i] >= 0x20 && text->str[i] < 0x7f) ||
                      (text->str[i] == '\n' && i == text->len - 1));
}

/* A string that was read is written so that it reads the same. */
static void
assert_strings_come_back(const BnsJson *json)
{
    g_autoptr(GString) line = NULL;
    g_autoptr(BnsJson) again = NULL;

    for (guint i = 0; json->items != NULL && i < json->items->len; i++)
        assert_strings_come_back(g_ptr_array_index(json->items, i));
    if (json->kind != BNS_JSON_STRING)
        return;
    line = g_string_new("{\"x\":");
    bns_json_append_string(line, json->text);
    g_string_append_c(line, '}');
    again = bns_json_parse(line->str, line->len);
    g_assert_nonnull(again);
    g_assert_cmpstr(bns_json_text(again, "x"), ==, json->text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *line = (const char *)data;
    g_autoptr(BnsJson) json = bns_json_parse(line, size);
    g_autoptr(GString) text = g_string_new(NULL);
    BnsRecord record;
    BnsLink link;

    if (bns_chain_check(line, size, &link) == NULL) {
        g_assert_nonnull(json);
        g_assert_cmpuint(strlen(link.prev), ==, BNS_CHAIN_HASH_LEN);
        g_assert_cmpuint(strlen(link.hash), ==, BNS_CHAIN_HASH_LEN);
    }
    if (json != NULL) {
        bns_pretty_record(text, json, false);
        assert_strings_come_back(json);
        if (bns_record_from_json(json, &record))
            g_assert_cmpstr(bns_event_name(record.event), ==,
                            bns_json_text(json, "event"));
    } else {
        bns_pretty_strange(text, "not a record", line, size);
    }
    assert_printable_line(text);
    return 0;
}
