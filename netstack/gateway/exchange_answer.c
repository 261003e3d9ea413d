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
    const BnsHttpRequest *request = &exchange->request;

    if (!request->keep_alive || exchange->flow->client.ended)
        return false;
    if (exchange->up.is_decoded)
        return true;
    if (request->expects_continue && exchange->up.n_bytes == 0)
        return false;
    return request->body != BNS_HTTP_BODY_LENGTH ||
           request->body_len - exchange->up.n_bytes <= BNS_FLOW_DISCARD_BYTES;
}

/* What to ask the user for, if it is only that no rule allows it. */
static char *
suggest(const BnsExchange *exchange, uint16_t status)
{
    BnsRequest question = bns_request_question(&exchange->request);

    if (status != 403 || exchange->decision.verdict == BNS_VERDICT_ALLOW ||
        exchange->decision.rule != NULL || exchange->decision.reason == NULL)
        return NULL;
    return bns_policy_suggest(question.scheme, question.host, question.port,
                              question.method, question.path);
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
    const BnsHttpRequest *request = &exchange->request;
    g_autofree char *suggestion = suggest(exchange, status);
    BnsBlock block = {
        .status = status,
        .reason = reason,
        .method = request->method,
        .host = request->host.text,
        .path = request->path,
        .suggestion = suggestion,
        .form = request->block_form,
        .is_head = request->is_head,
        .keep_alive = may_keep_alive && can_keep_alive(exchange),
    };

    bns_upstream_abort(g_steal_pointer(&exchange->upstream));
    exchange->up.to = NULL;
    respond(exchange->flow, &block);
}

void
bns_exchange_refuse(BnsExchange *exchange,
                    uint16_t status,
                    const char *reason,
                    const char *rule)
{
    BnsRecord record = bns_exchange_record(exchange, BNS_EVENT_HTTP_REQUEST);

    record.decision = BNS_DECIDED_DENY;
    record.reason = reason;
    record.rule = rule;
    record.status = status;
    bns_engine_note(exchange->flow->engine, &record);
    bns_exchange_answer(exchange, status, reason, status != 400);
}

void
bns_exchange_fail(BnsExchange *exchange,
                  uint16_t status,
                  const char *error,
                  bool is_news)
{
    BnsEngine *engine = exchange->flow->engine;
    BnsRecord record = bns_exchange_record(exchange, BNS_EVENT_UPSTREAM_ERROR);

    record.error = error;
    if (is_news)
        bns_engine_note(engine, &record);
    exchange->status = status;
    if (exchange->is_sent) {
        bns_exchange_note_response(exchange, error);
    } else {
        record.event = BNS_EVENT_HTTP_REQUEST;
        record.decision = BNS_DECIDED_ALLOW;
        record.reason = exchange->decision.reason;
        record.rule = exchange->decision.rule;
        record.status = status;
        bns_engine_note(engine, &record);
    }
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
