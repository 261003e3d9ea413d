/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers of our own: refusals and failures.
 */
#include "netstack/gateway/block.h"
#include "netstack/gateway/flow.h"

/* Whether the client's next bytes can be told from the rest of this request. A client
 * that waits for 100 (Continue) may or may not send its body after another status. */
static bool
can_keep_alive(const BnsExchange *exchange)
{
    const BnsHttpRequest *request = &exchange->call.request;

    if (!request->keep_alive || exchange->flow->client.ended)
        return false;
    if (exchange->up.is_decoded)
        return true;
    if (request->expects_continue && exchange->up.n_bytes == 0)
        return false;
    return request->body != BNS_HTTP_BODY_LENGTH ||
           request->body_len - exchange->up.n_bytes <= BNS_FLOW_DISCARD_BYTES;
}

static void
respond(BnsFlow *flow, const BnsBlock *block)
{
    g_autoptr(GBytes) response = bns_block_response(block);

    bns_buffer_append(&flow->client.out, g_bytes_get_data(response, NULL),
                      g_bytes_get_size(response));
    flow->keeps_alive = block->keep_alive;
    flow->discard_left = BNS_FLOW_DISCARD_BYTES;
    bns_flow_enter(flow, BNS_FLOW_REST);
}

void
bns_exchange_answer(BnsExchange *exchange,
                    uint16_t status,
                    const char *reason,
                    bool may_keep_alive)
{
    g_autofree char *suggestion = bns_call_suggest(&exchange->call, status);
    BnsBlock block = bns_call_block(&exchange->call, status, reason, suggestion);

    block.keep_alive = may_keep_alive && can_keep_alive(exchange);
    bns_upstream_abort(g_steal_pointer(&exchange->upstream));
    exchange->up.to = NULL;
    respond(exchange->flow, &block);
}

void
bns_exchange_refuse(BnsExchange *exchange, const BnsRefusal *refusal)
{
    bns_call_note_refusal(&exchange->call, refusal);
    bns_exchange_answer(exchange, refusal->status, refusal->reason,
                        refusal->status != 400);
}

void
bns_exchange_exceed(BnsExchange *exchange)
{
    BnsRefusal refusal = bns_call_exceeded(&exchange->call);

    if (!bns_call_is_noted(&exchange->call)) {
        bns_exchange_refuse(exchange, &refusal);
    } else if (exchange->response == BNS_RESPONSE_AWAITED) {
        exchange->call.status = refusal.status;
        bns_exchange_note_end(exchange, refusal.reason);
        bns_exchange_answer(exchange, refusal.status, refusal.reason, false);
    } else {
        bns_exchange_note_end(exchange, refusal.reason);
        bns_flow_cut(exchange->flow);
    }
}

void
bns_exchange_fail(BnsExchange *exchange,
                  uint16_t status,
                  const char *error,
                  bool is_news)
{
    exchange->call.bytes_sent = exchange->up.n_bytes;
    exchange->call.bytes_received = exchange->down.n_bytes;
    bns_call_note_failure(&exchange->call, status, error, is_news);
    bns_exchange_answer(exchange, status, error, true);
}

void
bns_flow_refuse_head(BnsFlow *flow, const BnsHttpHead *head)
{
    g_autofree char *method = bns_request_method(head);
    g_autofree char *path = bns_request_path(head);
    BnsRecord record = bns_flow_record(flow, BNS_EVENT_HTTP_REQUEST);
    BnsBlock block = {
        .status = head->error_status,
        .reason = head->error,
        .method = method,
        .host = bns_flow_host(flow)->text,
        .path = path,
    };

    record.request = ++flow->n_requests;
    record.decision = BNS_DECIDED_DENY;
    record.reason = head->error;
    record.method = method;
    record.path = path;
    record.status = head->error_status;
    bns_engine_note(flow->engine, &record);
    respond(flow, &block);
}
