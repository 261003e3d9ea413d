/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/http2_fields.h"

#include "netstack/gateway/http1_private.h"

#include <string.h>

/* Most sections fit, and grow no further. */
#define SECTION_BYTES  512
#define SECTION_FIELDS 16

typedef struct {
    size_t at; /* of the name in @bytes; the value follows */
    size_t name_len;
    size_t value_len;
    bool is_secret;
} Field;

struct BnsHttp2Fields {
    GByteArray *bytes; /* owned */
    GArray *fields;    /* owned, of Field */
    size_t list_size;  /* as MAX_HEADER_LIST_SIZE counts */
    bool is_too_large;
};

/* --- the section --- */

BnsHttp2Fields *
bns_http2_fields_new(void)
{
    BnsHttp2Fields *fields = g_new0(BnsHttp2Fields, 1);

    /* Never NULL, which nothing may be added to: all fields may be empty. */
    fields->bytes = g_byte_array_sized_new(SECTION_BYTES);
    fields->fields = g_array_sized_new(FALSE, FALSE, sizeof(Field), SECTION_FIELDS);
    return fields;
}

void
bns_http2_fields_free(BnsHttp2Fields *fields)
{
    if (fields == NULL)
        return;
    g_byte_array_unref(fields->bytes);
    g_array_unref(fields->fields);
    g_free(fields);
}

static void
append(GByteArray *bytes, BnsSlice slice)
{
    if (slice.len > 0)
        g_byte_array_append(bytes, (const guint8 *)slice.at, (guint)slice.len);
}

void
bns_http2_fields_add(BnsHttp2Fields *fields,
                     BnsSlice name,
                     BnsSlice value,
                     bool is_secret)
{
    Field field = { fields->bytes->len, name.len, value.len, is_secret };

    /* Both are at most as long as a frame sequence that nghttp2 takes: no overflow. */
    fields->list_size += name.len + value.len + BNS_HTTP2_FIELD_OVERHEAD;
    if (fields->list_size > BNS_HTTP_HEAD_MAX ||
        fields->fields->len == BNS_HTTP_FIELDS_MAX)
        fields->is_too_large = true;
    if (fields->is_too_large)
        return;
    append(fields->bytes, name);
    append(fields->bytes, value);
    g_array_append_val(fields->fields, field);
}

bool
bns_http2_fields_is_too_large(const BnsHttp2Fields *fields)
{
    return fields->is_too_large;
}

bool
bns_http2_fields_is_excessive(const BnsHttp2Fields *fields)
{
    return fields->list_size > BNS_HTTP2_EXCESS * BNS_HTTP_HEAD_MAX;
}

size_t
bns_http2_fields_size(const BnsHttp2Fields *fields)
{
    return fields->list_size;
}

size_t
bns_http2_fields_count(const BnsHttp2Fields *fields)
{
    return fields->fields->len;
}

BnsHttpField
bns_http2_fields_get(const BnsHttp2Fields *fields, size_t i, bool *out_is_secret)
{
    const Field *field = &g_array_index(fields->fields, Field, i);
    const char *at = (const char *)fields->bytes->data + field->at;

    if (out_is_secret != NULL)
        *out_is_secret = field->is_secret;
    return (BnsHttpField){
        .name = { at, field->name_len },
        .value = { at + field->name_len, field->value_len },
    };
}

static bool
is_pseudo(BnsSlice name)
{
    return name.len > 0 && name.at[0] == ':';
}

/* --- one field --- */

static bool
has_upper_case(BnsSlice name)
{
    for (size_t i = 0; i < name.len; i++)
        if (g_ascii_isupper(name.at[i]))
            return true;
    return false;
}

/* RFC 9113 8.2.2. HTTP2-Settings is no field of RFC 9113 at all any more. */
static bool
is_of_connection(BnsSlice name)
{
    static const char *const names[] = { "connection",        "http2-settings",
                                         "keep-alive",        "proxy-connection",
                                         "transfer-encoding", "upgrade" };

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        if (bns_slice_equal(name, names[i]))
            return true;
    return false;
}

/* RFC 9113 8.2.1: the value begins and ends with something visible. */
static bool
is_value(BnsSlice value)
{
    return bns_http1_is_text(value) && bns_http1_trim(value).len == value.len;
}

/* Returns: %NULL, or what is wrong with a field that is no pseudo-header. */
static const char *
check_field(const BnsHttpField *field)
{
    if (!bns_http1_is_token(field->name))
        return "a field name is not a token";
    if (has_upper_case(field->name))
        return "a field name has upper-case letters";
    if (!is_value(field->value))
        return "a field value has forbidden bytes";
    if (is_of_connection(field->name))
        return "a field belongs to an HTTP/1.1 connection";
    if (bns_slice_equal(field->name, "te") &&
        !bns_slice_equal_case(field->value, "trailers"))
        return "TE asks for something else than trailers";
    if (bns_http1_name_traits(field->name) & BNS_NAME_DISGUISED)
        return "a field name reads like Content-Length or Transfer-Encoding";
    return NULL;
}

/* --- requests --- */

/* What a request's section says beside its fields. */
typedef struct {
    BnsSlice method;
    BnsSlice scheme;
    BnsSlice authority;
    BnsSlice path;
    BnsSlice protocol;
} Pseudo;

static bool
bad(BnsHttpHead *head, uint16_t status, const char *why)
{
    head->error = why;
    head->error_status = status;
    return false;
}

static BnsSlice *
find_pseudo(Pseudo *pseudo, BnsSlice name)
{
    const struct {
        const char *name;
        BnsSlice *slice;
    } known[] = {
        { ":method", &pseudo->method },       { ":scheme", &pseudo->scheme },
        { ":authority", &pseudo->authority }, { ":path", &pseudo->path },
        { ":protocol", &pseudo->protocol },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(known); i++)
        if (bns_slice_equal(name, known[i].name))
            return known[i].slice;
    return NULL;
}

/* Returns: %NULL, or what is wrong. */
static const char *
add_pseudo(Pseudo *pseudo, const BnsHttpField *field, bool is_late)
{
    BnsSlice *slice = find_pseudo(pseudo, field->name);

    if (slice == NULL)
        return "a pseudo-header is unknown";
    if (is_late)
        return "a pseudo-header follows a field";
    if (slice->at != NULL)
        return "a pseudo-header is there twice";
    if (!is_value(field->value))
        return "a pseudo-header has forbidden bytes";
    *slice = field->value;
    return NULL;
}

/* Sorts the section: pseudo-headers into @pseudo, the others behind fields[0], which is
 * Host's place and still empty. Returns: %NULL, or what is wrong. */
static const char *
sort_fields(const BnsHttp2Fields *fields, Pseudo *pseudo, BnsHttpHead *head)
{
    head->fields[0] = (BnsHttpField){ 0 };
    head->n_fields = 1;
    for (size_t i = 0; i < fields->fields->len; i++) {
        BnsHttpField field = bns_http2_fields_get(fields, i, NULL);
        const char *error;

        if (is_pseudo(field.name)) {
            error = add_pseudo(pseudo, &field, head->n_fields > 1);
        } else if (head->n_fields == BNS_HTTP_FIELDS_MAX) {
            error = "there are too many fields";
        } else {
            error = check_field(&field);
            head->fields[head->n_fields++] = field;
        }
        if (error != NULL)
            return error;
    }
    return NULL;
}

/* Host says what :authority says, or says it alone (RFC 9113 8.3.1). It ends up in
 * fields[0] only. Returns: %NULL, or what is wrong. */
static const char *
settle_host(const Pseudo *pseudo, BnsHttpHead *head)
{
    BnsSlice host = pseudo->authority;
    bool has_host = false;
    size_t n_kept = 1;

    for (size_t i = 1; i < head->n_fields; i++) {
        if (!bns_slice_equal(head->fields[i].name, "host")) {
            head->fields[n_kept++] = head->fields[i];
            continue;
        }
        if (has_host)
            return "there is more than one Host";
        has_host = true;
        if (host.at == NULL)
            host = head->fields[i].value;
        if (!bns_http1_same_name(host, head->fields[i].value))
            return "Host names another host than :authority does";
    }
    if (host.len == 0)
        return "there is no :authority";
    head->fields[0] = (BnsHttpField){ .name = { "host", 4 }, .value = host };
    head->n_fields = n_kept;
    return NULL;
}

static size_t
count(const BnsHttpHead *head, const char *name, BnsSlice *out_value)
{
    size_t n = 0;

    for (size_t i = 0; i < head->n_fields; i++) {
        if (!bns_slice_equal(head->fields[i].name, name))
            continue;
        *out_value = head->fields[i].value;
        n++;
    }
    return n;
}

static bool
read_body(BnsHttpHead *head, bool is_last)
{
    BnsSlice value;
    size_t n = count(head, "content-length", &value);

    head->body = is_last ? BNS_HTTP_BODY_NONE : BNS_HTTP_BODY_CHUNKED;
    if (n == 0)
        return true;
    if (n > 1 || !bns_http1_parse_length(value, &head->content_length))
        return bad(head, 400, "Content-Length is not one number");
    head->has_content_length = true;
    if (is_last && head->content_length > 0)
        return bad(head, 400, "Content-Length announces a body that does not follow");
    if (!is_last) {
        head->body = BNS_HTTP_BODY_LENGTH;
        head->body_len = head->content_length;
    }
    return true;
}

static bool
read_expect(BnsHttpHead *head, bool is_last)
{
    BnsSlice value;
    size_t n = count(head, "expect", &value);

    if (n == 0)
        return true;
    if (n > 1 || !bns_slice_equal_case(value, "100-continue"))
        return bad(head, 417, "Expect asks for something unknown");
    head->expects_continue = !is_last;
    return true;
}

static bool
is_visible(BnsSlice slice)
{
    for (size_t i = 0; i < slice.len; i++)
        if (slice.at[i] <= 0x20 || slice.at[i] >= 0x7f)
            return false;
    return true;
}

/* RFC 8441 4. The path is left to what checks any other. */
static bool
check_protocol(const Pseudo *pseudo, BnsHttpHead *head)
{
    BnsSlice length;

    if (!bns_slice_equal(pseudo->method, "CONNECT"))
        return bad(head, 400, ":protocol is for CONNECT only");
    if (!bns_slice_equal(pseudo->protocol, "websocket"))
        return bad(head, 501, "extended CONNECT is for WebSocket only");
    if (pseudo->authority.at == NULL)
        return bad(head, 400, "there is no :authority");
    if (count(head, "content-length", &length) > 0)
        return bad(head, 400, "a tunnel has no Content-Length");
    head->method = (BnsSlice){ "GET", 3 };
    head->has_upgrade = true;
    return true;
}

/* CONNECT has no path, but as RFC 8441's; "OPTIONS *" is refused by bns_http1_target(). */
static bool
check_pseudo(const Pseudo *pseudo, BnsHttpHead *head)
{
    if (!bns_http1_is_token(pseudo->method))
        return bad(head, 400, "there is no :method");
    if (pseudo->method.len > BNS_HTTP_METHOD_MAX)
        return bad(head, 501, "the method is too long");
    if (pseudo->protocol.at != NULL && !check_protocol(pseudo, head))
        return false;
    if (pseudo->protocol.at == NULL && bns_slice_equal(pseudo->method, "CONNECT"))
        return true;
    if (pseudo->scheme.len == 0)
        return bad(head, 400, "there is no :scheme");
    if (pseudo->path.len > BNS_HTTP_TARGET_MAX)
        return bad(head, 414, "the request target is too long");
    if (!is_visible(pseudo->path) ||
        (!bns_slice_equal(pseudo->path, "*") &&
         (pseudo->path.len == 0 || pseudo->path.at[0] != '/')))
        return bad(head, 400, "there is no :path, or it is no path");
    return true;
}

bool
bns_http2_read_request(const BnsHttp2Fields *fields,
                       bool is_last,
                       BnsHttpHead *out_head,
                       BnsSlice *out_scheme)
{
    Pseudo pseudo = { 0 };
    const char *error;

    bns_http1_head_init(out_head);
    out_head->minor = 1;
    out_head->keep_alive = true;
    *out_scheme = (BnsSlice){ 0 };
    error = sort_fields(fields, &pseudo, out_head);
    out_head->method = pseudo.method;
    out_head->target = pseudo.path;
    *out_scheme = pseudo.scheme;
    if (fields->is_too_large)
        return bad(out_head, 431, "the request's fields are too large");
    if (error == NULL)
        error = settle_host(&pseudo, out_head);
    if (error != NULL)
        return bad(out_head, 400, error);
    return check_pseudo(&pseudo, out_head) && read_body(out_head, is_last) &&
           read_expect(out_head, is_last);
}

/* --- responses and trailers --- */

void
bns_http2_copy_fields(const BnsHttp2Fields *fields, BnsHttpHead *out_head)
{
    bns_http1_head_init(out_head);
    for (size_t i = 0; i < fields->fields->len; i++) {
        BnsHttpField field = bns_http2_fields_get(fields, i, NULL);

        if (!is_pseudo(field.name))
            out_head->fields[out_head->n_fields++] = field;
    }
}

static bool
parse_status(BnsSlice value, uint16_t *out_status)
{
    if (value.len != 3 || value.at[0] < '1' || value.at[0] > '5' ||
        !bns_http1_is_digit((unsigned char)value.at[1]) ||
        !bns_http1_is_digit((unsigned char)value.at[2]))
        return false;
    *out_status = (uint16_t)((value.at[0] - '0') * 100 + (value.at[1] - '0') * 10 +
                             (value.at[2] - '0'));
    return true;
}

const char *
bns_http2_read_response(const BnsHttp2Fields *fields, uint16_t *out_status)
{
    BnsHttpField first;

    *out_status = 0;
    if (fields->is_too_large)
        return "its fields are too large";
    if (fields->fields->len == 0)
        return "there is no :status";
    first = bns_http2_fields_get(fields, 0, NULL);
    if (!bns_slice_equal(first.name, ":status") ||
        !parse_status(first.value, out_status))
        return "there is no :status of three digits";
    /* RFC 9113 8.6 */
    if (*out_status == 101)
        return "101 does not exist in HTTP/2";
    for (size_t i = 1; i < fields->fields->len; i++) {
        BnsHttpField field = bns_http2_fields_get(fields, i, NULL);
        const char *error =
            is_pseudo(field.name) ? "a pseudo-header is unknown" : check_field(&field);

        if (error != NULL)
            return error;
    }
    return NULL;
}

const char *
bns_http2_read_trailers(const BnsHttp2Fields *fields)
{
    if (fields->is_too_large || fields->list_size > BNS_HTTP_TRAILERS_MAX)
        return "the trailers are too large";
    for (size_t i = 0; i < fields->fields->len; i++) {
        BnsHttpField field = bns_http2_fields_get(fields, i, NULL);
        const char *error = is_pseudo(field.name) ? "a pseudo-header is in the trailers"
                                                  : check_field(&field);

        if (error != NULL)
            return error;
        if (bns_http1_name_traits(field.name) & BNS_NAME_NO_TRAILER)
            return "a trailer frames, routes or authenticates";
    }
    return NULL;
}
