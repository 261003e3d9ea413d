/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/request.h"

#include "netstack/gateway/block.h"
#include "netstack/gateway/http1_private.h"
#include "policy/path.h"

#include <string.h>

static const uint16_t default_ports[BNS_N_SCHEMES] = {
    [BNS_SCHEME_HTTP] = 80,
    [BNS_SCHEME_HTTPS] = 443,
};

static char *
slice_dup(BnsSlice slice)
{
    return g_strndup(slice.at, slice.len);
}

static BnsRequestFault
fault(uint16_t status, const char *reason)
{
    return (BnsRequestFault){ .status = status, .reason = reason };
}

/* What is meant for another connection: RFC 9110 15.5.20 has a status for that, which
 * HTTP/2's clients take for "open another one". */
static uint16_t
status_of_misdirection(const BnsHttpRequest *request, const BnsRequestContext *context)
{
    return context->is_tls && request->protocol == BNS_PROTOCOL_HTTP2 ? 421 : 400;
}

/* Host (or the absolute target's authority, which equals it) against the flow. */
static BnsRequestFault
read_host(BnsHttpRequest *request,
          const BnsHttpTarget *target,
          const BnsRequestContext *context)
{
    uint16_t port;

    if (!bns_host_split_port(target->host.at, target->host.len, &request->host,
                             &port)) {
        /* For the record: the request names nobody that could be named. */
        request->host = *context->host;
        return fault(400, "the Host is not a valid host name or address");
    }
    if (port != 0 && port != context->port)
        return fault(status_of_misdirection(request, context),
                     "the Host names another port than the connection's");
    if (context->is_tls && strcmp(request->host.text, context->host->text) != 0)
        return fault(421,
                     "the Host is not the one that the TLS connection was made for");
    return fault(0, NULL);
}

static BnsRequestFault
read_target(BnsHttpRequest *request,
            const BnsHttpTarget *target,
            const BnsRequestContext *context)
{
    BnsRequestFault host_fault;
    const char *reason;

    g_free(request->path);
    request->path = slice_dup(target->path);
    if (target->query.len > 0)
        request->query = slice_dup(bns_http1_skip(target->query, 1));
    host_fault = read_host(request, target, context);
    if (host_fault.status != 0)
        return host_fault;
    if (target->is_absolute && target->is_https != context->is_tls)
        return fault(400, "the target's scheme is not the connection's");
    reason = bns_path_check(target->path.at, target->path.len);
    return reason == NULL ? fault(0, NULL) : fault(400, reason);
}

/* The Host that is sent: canonical, with the port if it is not the scheme's. */
static char *
host_to_send(const BnsHttpRequest *request)
{
    GString *host = g_string_new(request->host.text);

    if (request->host.kind == BNS_HOST_IPV6) {
        g_string_prepend_c(host, '[');
        g_string_append_c(host, ']');
    }
    if (request->port != default_ports[request->scheme])
        g_string_append_printf(host, ":%u", request->port);
    return g_string_free(host, FALSE);
}

static void
write_head(BnsHttpRequest *request,
           const BnsHttpHead *head,
           const BnsHttpTarget *target)
{
    g_autofree char *host = host_to_send(request);

    request->head = g_byte_array_sized_new((guint)head->head_len);
    bns_http1_write_request(request->head, head, target, host, request->is_websocket);
    request->head_size = request->head->len;
}

char *
bns_request_method(const BnsHttpHead *head)
{
    return head->method.len == 0 ? NULL : slice_dup(head->method);
}

/* "http://user:password@host/" is the case to think of. */
char *
bns_request_path(const BnsHttpHead *head)
{
    BnsSlice target = head->target;
    const char *query = target.len == 0 ? NULL : memchr(target.at, '?', target.len);

    if (query != NULL)
        target.len = (size_t)(query - target.at);
    if (target.len == 0 ||
        (target.at[0] != '/' && memchr(target.at, '@', target.len) != NULL))
        return NULL;
    return slice_dup(target);
}

/* All that a WebSocket says is one. */
static bool
has_body(const BnsHttpHead *head, bool is_websocket)
{
    return is_websocket || head->body == BNS_HTTP_BODY_CHUNKED ||
           (head->body == BNS_HTTP_BODY_LENGTH && head->body_len > 0);
}

/* What does not depend on how the head was written. */
static BnsHttpRequest
begin(const BnsHttpHead *head, const BnsRequestContext *context, BnsProtocols protocol)
{
    return (BnsHttpRequest){
        .scheme = context->is_tls ? BNS_SCHEME_HTTPS : BNS_SCHEME_HTTP,
        .host = *context->host,
        .port = context->port,
        .method = bns_request_method(head),
        .path = bns_request_path(head),
        .protocol = protocol,
        .minor = head->minor,
        .is_head = bns_slice_equal(head->method, "HEAD"),
        .keep_alive = head->keep_alive,
        .block_form = bns_block_form(head),
        .expects_continue = head->expects_continue,
        .body = head->body,
        .body_len = head->body_len,
    };
}

BnsRequestFault
bns_request_read(const BnsHttpHead *head,
                 const BnsRequestContext *context,
                 BnsHttpRequest *out_request)
{
    BnsHttpTarget target = { 0 };
    BnsRequestFault result;
    const char *reason;

    *out_request = begin(head, context, BNS_PROTOCOL_HTTP1);
    out_request->is_websocket = bns_websocket_is_request(head);
    if (out_request->is_websocket)
        bns_websocket_offer(head, &out_request->websocket);
    out_request->header =
        bns_request_header_new(head, has_body(head, out_request->is_websocket));
    reason = bns_http1_target(head, &target);
    if (reason != NULL)
        return fault(400, reason);
    result = read_target(out_request, &target, context);
    if (result.status == 0)
        write_head(out_request, head, &target);
    return result;
}

/* "application/grpc", also with a "+proto" or parameters; gRPC-Web, whose clients are
 * browsers, is told as others are. */
static bool
is_grpc(const BnsHttpHead *head)
{
    static const char type[] = "application/grpc";
    const BnsHttpField *field = bns_http1_field(head, "content-type");
    size_t len = strlen(type);

    return field != NULL && field->value.len >= len &&
           bns_slice_equal_case((BnsSlice){ field->value.at, len }, type) &&
           (field->value.len == len || strchr("+; ", field->value.at[len]) != NULL);
}

BnsRequestFault
bns_request_read_http2(const BnsHttp2Fields *fields,
                       bool is_last,
                       const BnsRequestContext *context,
                       BnsHttpRequest *out_request)
{
    BnsHttpHead head;
    BnsHttpTarget target = { 0 };
    BnsSlice scheme;
    bool is_read = bns_http2_read_request(fields, is_last, &head, &scheme);
    BnsRequestFault result;
    const char *reason;

    *out_request = begin(&head, context, BNS_PROTOCOL_HTTP2);
    /* gRPC's refusal is a 200, which would open a tunnel. */
    out_request->is_grpc = !head.has_upgrade && is_grpc(&head);
    if (!is_read)
        return fault(head.error_status, head.error);
    out_request->is_websocket = head.has_upgrade;
    if (out_request->is_websocket)
        bns_websocket_offer(&head, &out_request->websocket);
    out_request->header =
        bns_request_header_new(&head, has_body(&head, out_request->is_websocket));
    out_request->head_size = bns_http2_fields_size(fields);
    reason = bns_http1_target(&head, &target);
    if (reason != NULL)
        return fault(400, reason);
    result = read_target(out_request, &target, context);
    if (result.status != 0)
        return result;
    if (!bns_slice_equal_case(scheme, bns_scheme_name(out_request->scheme)))
        return fault(status_of_misdirection(out_request, context),
                     "the :scheme is not the connection's");
    out_request->authority = host_to_send(out_request);
    return result;
}

void
bns_request_clear(BnsHttpRequest *request)
{
    g_clear_pointer(&request->method, g_free);
    g_clear_pointer(&request->path, g_free);
    g_clear_pointer(&request->query, g_free);
    g_clear_pointer(&request->header, g_free);
    g_clear_pointer(&request->head, g_byte_array_unref);
    g_clear_pointer(&request->authority, g_free);
    bns_websocket_offer_clear(&request->websocket);
}

BnsRequest
bns_request_question(const BnsHttpRequest *request)
{
    return (BnsRequest){
        .scheme = request->scheme,
        .host = request->host.text,
        .port = request->port,
        .method = request->method,
        .path = request->path,
        .query = request->query,
        .header = request->header,
    };
}

bool
bns_request_is_repeatable(const BnsHttpRequest *request)
{
    static const char *const methods[] = { "GET",    "HEAD",  "OPTIONS", "PUT",
                                           "DELETE", "TRACE", NULL };
    bool is_empty = request->body == BNS_HTTP_BODY_NONE ||
                    (request->body == BNS_HTTP_BODY_LENGTH && request->body_len == 0);

    return is_empty && !request->is_websocket &&
           g_strv_contains(methods, request->method);
}
