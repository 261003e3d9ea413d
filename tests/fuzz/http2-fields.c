/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A header section of any fields: what is read without an error
 * is written so that it reads the same.
 *
 * The input is a list of LENGTH NAME LENGTH VALUE, one byte per length.
 */
#include "netstack/gateway/http2_fields.h"
#include "tests/fuzz/fuzz.h"

static BnsSlice
cut(const uint8_t **at, const uint8_t *end)
{
    size_t len = *at < end ? *(*at)++ : 0;
    BnsSlice slice = { (const char *)*at, MIN(len, (size_t)(end - *at)) };

    *at += slice.len;
    return slice;
}

static BnsHttp2Fields *
fields_of(const GArray *nva)
{
    BnsHttp2Fields *fields = bns_http2_fields_new();

    for (guint i = 0; i < nva->len; i++) {
        const nghttp2_nv *nv = &g_array_index(nva, nghttp2_nv, i);

        bns_http2_fields_add(fields, (BnsSlice){ (const char *)nv->name, nv->namelen },
                             (BnsSlice){ (const char *)nv->value, nv->valuelen },
                             false);
    }
    return fields;
}

static void
check_request(const BnsHttp2Fields *fields, bool is_last)
{
    BnsHttpHead head, again;
    BnsSlice scheme, again_scheme;
    BnsHttpTarget target;
    g_autofree char *host = NULL;
    g_autoptr(GArray) nva = NULL;
    g_autoptr(BnsHttp2Fields) copy = NULL;

    if (!bns_http2_read_request(fields, is_last, &head, &scheme)) {
        g_assert_nonnull(head.error);
        g_assert_cmpuint(head.error_status, >=, 400);
        return;
    }
    if (bns_http1_target(&head, &target) != NULL)
        return;
    g_assert_false(target.is_absolute);
    host = g_strndup(target.host.at, target.host.len);
    nva = bns_http2_write_request(fields, host);
    copy = fields_of(nva);
    /* :authority may be one field more than there were. */
    if (bns_http2_fields_is_too_large(copy))
        return;
    g_assert_true(bns_http2_read_request(copy, is_last, &again, &again_scheme));
    g_assert_cmpmem(again.method.at, again.method.len, head.method.at, head.method.len);
    g_assert_cmpmem(again.target.at, again.target.len, head.target.at, head.target.len);
    g_assert_cmpmem(again_scheme.at, again_scheme.len, scheme.at, scheme.len);
    g_assert_cmpmem(again.fields[0].value.at, again.fields[0].value.len,
                    head.fields[0].value.at, head.fields[0].value.len);
    g_assert_cmpint(again.body, ==, head.body);
    g_assert_cmpuint(again.body_len, ==, head.body_len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(BnsHttp2Fields) fields = bns_http2_fields_new();
    const uint8_t *end = data + size;
    uint16_t status;

    while (data < end) {
        BnsSlice name = cut(&data, end);

        bns_http2_fields_add(fields, name, cut(&data, end), false);
    }
    check_request(fields, true);
    check_request(fields, false);
    if (bns_http2_read_response(fields, &status) == NULL) {
        g_autoptr(GArray) nva = bns_http2_write_response(fields);
        g_autoptr(BnsHttp2Fields) copy = fields_of(nva);
        uint16_t again;

        g_assert_cmpuint(status, >=, 100);
        g_assert_null(bns_http2_read_response(copy, &again));
        g_assert_cmpuint(again, ==, status);
    }
    if (bns_http2_read_trailers(fields) == NULL)
        g_array_unref(bns_http2_write_trailers(fields));
    return 0;
}
