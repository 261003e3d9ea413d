/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/2 header sections, as they are sent on. Nothing here can fail: what could not be
 * forwarded was refused when it was read.
 */
#include "netstack/gateway/http1_private.h"
#include "netstack/gateway/http2_fields.h"

#include <string.h>

/* nghttp2 copies what it is given; its type is older than its manners. */
static uint8_t *
unconst(const char *at)
{
    return (uint8_t *)(uintptr_t)at;
}

static void
put(GArray *out, const BnsHttpField *field, bool is_secret)
{
    nghttp2_nv nv = {
        .name = unconst(field->name.at),
        .value = unconst(field->value.at),
        .namelen = field->name.len,
        .valuelen = field->value.len,
        .flags = is_secret ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE,
    };

    g_array_append_val(out, nv);
}

/* Room for all of @fields and :authority. */
static GArray *
out_new(const BnsHttp2Fields *fields)
{
    return g_array_sized_new(FALSE, FALSE, sizeof(nghttp2_nv),
                             (guint)bns_http2_fields_count(fields) + 1);
}

static GArray *
write_fields(GArray *out, const BnsHttp2Fields *fields, bool (*is_kept)(BnsSlice name))
{
    for (size_t i = 0; i < bns_http2_fields_count(fields); i++) {
        bool is_secret;
        BnsHttpField field = bns_http2_fields_get(fields, i, &is_secret);

        if (is_kept(field.name))
            put(out, &field, is_secret);
    }
    return out;
}

/* "TE: trailers" is gRPC's question whether trailers get through: they do. */
static bool
is_end_to_end(BnsSlice name)
{
    return !(bns_http1_name_traits(name) & BNS_NAME_HOP) || bns_slice_equal(name, "te");
}

static bool
is_kept_in_request(BnsSlice name)
{
    return is_end_to_end(name) && !bns_slice_equal(name, ":authority") &&
           !bns_slice_equal(name, "host");
}

static bool
is_kept_in_response(BnsSlice name)
{
    return is_end_to_end(name) && !bns_slice_equal(name, "alt-svc");
}

GArray *
bns_http2_write_request(const BnsHttp2Fields *fields, const char *authority)
{
    GArray *out = out_new(fields);
    nghttp2_nv nv = {
        .name = unconst(":authority"),
        .value = unconst(authority),
        .namelen = strlen(":authority"),
        .valuelen = strlen(authority),
    };

    g_array_append_val(out, nv);
    return write_fields(out, fields, is_kept_in_request);
}

GArray *
bns_http2_write_response(const BnsHttp2Fields *fields)
{
    return write_fields(out_new(fields), fields, is_kept_in_response);
}

GArray *
bns_http2_write_trailers(const BnsHttp2Fields *fields)
{
    return write_fields(out_new(fields), fields, is_end_to_end);
}
