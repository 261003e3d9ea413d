/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/call.h"

#include "netstack/gateway/flow.h"

void
bns_call_init(BnsCall *call, BnsFlow *flow)
{
    *call = (BnsCall){
        .flow = flow,
        .number = ++flow->n_requests,
        .began_us = bns_loop_now_us(flow->engine->loop),
    };
}

void
bns_call_clear(BnsCall *call)
{
    bns_post_cancel(call->wait);
    bns_request_clear(&call->request);
}

BnsRefusal
bns_call_exceeded(const BnsCall *call)
{
    const BnsCap *cap = bns_allowance_met(&call->allowance);

    return (BnsRefusal){ .status = 403, .reason = cap->reason, .rule = cap->rule };
}

/* As far as the head says it. */
static BnsRefusal
judge_size(BnsCall *call)
{
    const BnsHttpRequest *request = &call->request;
    uint64_t body_len = request->body == BNS_HTTP_BODY_LENGTH ? request->body_len : 0;

    bns_allowance_init(&call->allowance, call->flow->engine->sent, request->host.text,
                       &call->decision);
    if (!bns_allowance_fits(&call->allowance, request->head_size, body_len))
        return bns_call_exceeded(call);
    call->state = BNS_CALL_ALLOWED;
    return (BnsRefusal){ 0 };
}

bool
bns_call_charge_head(BnsCall *call)
{
    return bns_allowance_take_head(&call->allowance, call->request.head_size);
}

BnsRefusal
bns_call_judge(BnsCall *call)
{
    const BnsHttpRequest *request = &call->request;
    BnsRequest question;

    if (call->fault.status != 0)
        return (BnsRefusal){ .status = call->fault.status,
                             .reason = call->fault.reason };
    if (bns_policy_is_reserved(call->flow->engine->policy, request->host.text,
                               request->port))
        return (BnsRefusal){ .status = 403,
                             .reason = "the name is reserved for the sandbox itself" };
    question = bns_request_question(request);
    call->decision = bns_engine_keep(
        call->flow->engine, bns_policy_decide(call->flow->engine->policy, &question));
    if (bns_decision_passes(&call->decision))
        return judge_size(call);
    return (BnsRefusal){ .status = 403,
                         .reason = call->decision.reason,
                         .rule = call->decision.rule };
}

BnsDialTarget
bns_call_target(const BnsCall *call)
{
    return (BnsDialTarget){
        .scheme = call->request.scheme,
        .host = call->request.host,
        .port = call->request.port,
        .protocols = call->request.protocol,
        .decision = call->decision,
    };
}

/* --- records --- */

static const char *
version_of(const BnsHttpRequest *request)
{
    if (request->protocol == BNS_PROTOCOL_HTTP2)
        return "2";
    return request->minor == 0 ? "1.0" : "1.1";
}

BnsRecord
bns_call_record(const BnsCall *call, BnsEvent event)
{
    const BnsHttpRequest *request = &call->request;
    BnsRecord record = bns_flow_record(call->flow, event);

    record.request = call->number;
    record.host = request->host.text;
    record.method = request->method;
    record.path = request->path;
    record.http = version_of(request);
    record.addr = call->addr[0] == '\0' ? NULL : call->addr;
    return record;
}

static BnsRecord
passed_record(const BnsCall *call)
{
    BnsRecord record = bns_call_record(call, BNS_EVENT_HTTP_REQUEST);

    bns_engine_put_decision(&record, &call->decision);
    return record;
}

void
bns_call_choose(BnsCall *call, const BnsUpstream *upstream)
{
    g_strlcpy(call->addr, upstream->addr, sizeof(call->addr));
    call->decision = bns_engine_keep(
        call->flow->engine, bns_upstream_decide(call->flow->engine, upstream,
                                                call->request.scheme, &call->decision));
}

static void
on_written(bool is_written, uint64_t seq, void *data)
{
    BnsCall *call = data;

    call->wait = NULL;
    call->seq = seq;
    call->state = is_written ? BNS_CALL_SENT : BNS_CALL_OVER;
    call->on_recorded(is_written, call->data);
}

BnsCallState
bns_call_note_request(BnsCall *call, BnsCallRecorded *func, void *data)
{
    BnsRecord record;

    if (call->state == BNS_CALL_SENT)
        return call->state;
    record = passed_record(call);
    call->on_recorded = func;
    call->data = data;
    call->wait = bns_engine_post(call->flow->engine, &record, on_written, call);
    call->state = call->wait != NULL ? BNS_CALL_RECORDING : BNS_CALL_OVER;
    return call->state;
}

bool
bns_call_is_noted(const BnsCall *call)
{
    return call->state == BNS_CALL_RECORDING || call->state == BNS_CALL_SENT;
}

bool
bns_call_mark(const BnsCall *call, BnsCorrelationMark *out_mark)
{
    BnsRequest question = bns_request_question(&call->request);

    *out_mark = (BnsCorrelationMark){ call->flow->engine->config->session, call->seq };
    return bns_policy_correlates(call->flow->engine->policy, &question);
}

void
bns_call_note_sent(BnsCall *call, BnsTimings *io_timings)
{
    call->sent_us = bns_loop_now_us(call->flow->engine->loop);
    call->timings = *io_timings;
    *io_timings = (BnsTimings){ 0 };
}

void
bns_call_note_first_byte(BnsCall *call)
{
    if (call->first_byte_us == 0)
        call->first_byte_us = bns_timings_between(
            call->sent_us, bns_loop_now_us(call->flow->engine->loop));
}

void
bns_call_note_refusal(BnsCall *call, const BnsRefusal *refusal)
{
    BnsRecord record = bns_call_record(call, BNS_EVENT_HTTP_REQUEST);

    record.decision = BNS_DECIDED_DENY;
    record.reason = refusal->reason;
    record.rule = refusal->rule;
    record.status = refusal->status;
    call->state = BNS_CALL_OVER;
    bns_engine_note(call->flow->engine, &record);
}

void
bns_call_note_failure(BnsCall *call, uint16_t status, const char *error, bool is_news)
{
    BnsRecord record = bns_call_record(call, BNS_EVENT_UPSTREAM_ERROR);

    record.error = error;
    if (is_news)
        bns_engine_note(call->flow->engine, &record);
    call->status = status;
    bns_call_note_end(call, error);
}

/* What was allowed and never sent: a name may have been resolved and an origin dialled
 * for it. */
static void
note_unsent(BnsCall *call, const char *error)
{
    BnsRecord record = passed_record(call);

    record.status = call->status;
    record.error = error;
    bns_engine_note(call->flow->engine, &record);
}

static void
note_response(BnsCall *call, const char *error)
{
    BnsEngine *engine = call->flow->engine;
    BnsRecord record = bns_call_record(call, BNS_EVENT_HTTP_RESPONSE);
    const BnsCap *cap = bns_allowance_met(&call->allowance);

    if (cap != NULL) {
        record.decision = BNS_DECIDED_DENY;
        record.reason = cap->reason;
        record.rule = cap->rule;
    }
    record.status = call->status;
    record.error = error;
    record.bytes_sent = call->bytes_sent;
    record.bytes_received = call->bytes_received;
    record.duration_us = (uint64_t)(bns_loop_now_us(engine->loop) - call->began_us);
    record.dns_us = call->timings.dns_us;
    record.connect_us = call->timings.connect_us;
    record.tls_us = call->timings.tls_us;
    record.first_byte_us = call->first_byte_us;
    bns_engine_note(engine, &record);
}

void
bns_call_note_end(BnsCall *call, const char *error)
{
    bool is_noted = bns_call_is_noted(call);
    bool is_unsent = call->state == BNS_CALL_ALLOWED;

    call->state = BNS_CALL_OVER;
    bns_post_cancel(g_steal_pointer(&call->wait));
    if (is_noted)
        note_response(call, error);
    else if (is_unsent)
        note_unsent(call, error);
}

/* --- answers of our own --- */

char *
bns_call_suggest(const BnsCall *call, uint16_t status)
{
    BnsRequest question = bns_request_question(&call->request);

    if (status != 403 || bns_decision_passes(&call->decision) ||
        call->decision.rule != NULL || call->decision.reason == NULL ||
        call->decision.is_ceiling || call->decision.is_conditional)
        return NULL;
    return bns_policy_suggest(question.scheme, question.host, question.port,
                              question.method, question.path);
}

BnsBlock
bns_call_block(const BnsCall *call,
               uint16_t status,
               const char *reason,
               const char *suggestion)
{
    const BnsHttpRequest *request = &call->request;
    bool is_denied = call->decision.verdict != BNS_VERDICT_ALLOW;

    return (BnsBlock){
        .status = status,
        .reason = reason,
        .method = request->method,
        .host = request->host.text,
        .path = request->path,
        .rule = is_denied ? call->decision.rule : NULL,
        .near = is_denied ? call->decision.near : NULL,
        .suggestion = suggestion,
        .form = request->block_form,
        .is_head = request->is_head,
    };
}
