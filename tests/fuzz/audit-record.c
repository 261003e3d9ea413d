/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/json.h"
#include "audit/record.h"
#include "tests/fuzz/fuzz.h"

/* There is one encoding of a record, so what is decoded encodes to the same bytes; and
 * its line fits the limit that readers have. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(BnsArguments) arguments = NULL;
    g_autoptr(GString) line = NULL;
    g_autoptr(GBytes) again = NULL;
    BnsRecord record;

    if (!bns_record_decode(data, size, &record))
        return 0;
    again = bns_record_encode(&record);
    g_assert_cmpmem(g_bytes_get_data(again, NULL), g_bytes_get_size(again), data, size);
    arguments = bns_arguments_new();
    line = g_string_new(NULL);
    bns_json_append_record(line, &record, arguments);
    g_assert_true(g_utf8_validate(line->str, (gssize)line->len, NULL));
    g_assert_cmpuint(line->len, <, BNS_JSON_LINE_MAX / 2);
    return 0;
}
