/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/asked.h"

#include "audit/tls_error.h"
#include "policy/guard.h"
#include "policy/host.h"
#include "policy/path.h"

#include <arpa/inet.h>
#include <string.h>

/* --- from a record --- */

static bool
read_scheme(const char *name, BnsScheme *out_scheme)
{
    for (int scheme = 0; scheme < BNS_N_SCHEMES; scheme++)
        if (g_strcmp0(name, bns_scheme_name((BnsScheme)scheme)) == 0) {
            *out_scheme = (BnsScheme)scheme;
            return true;
        }
    return false;
}

/* Whether a program that was shown our certificate would not have it. */
static bool
is_distrust(const BnsRecord *record)
{
    return record->event == BNS_EVENT_TLS_ERROR &&
           (g_strcmp0(record->error, BNS_TLS_ERROR_UNTRUSTED) == 0 ||
            g_strcmp0(record->error, BNS_TLS_ERROR_PINNED) == 0);
}

static BnsAskedFate
read_fate(const BnsRecord *record)
{
    if (record->event == BNS_EVENT_TLS_ERROR)
        return BNS_ASKED_DISTRUSTED;
    if (record->decision == BNS_DECIDED_ALLOW)
        return BNS_ASKED_ALLOWED;
    /* A policy that observes refuses what it has no rule for by the guard alone. */
    if (record->rule != NULL || bns_guard_is_reason(record->reason))
        return BNS_ASKED_FORBIDDEN;
    return record->decision == BNS_DECIDED_WOULD_DENY ? BNS_ASKED_ALLOWED
                                                      : BNS_ASKED_MISSED;
}

/* Returns: whether the record is of something that a rule decides. */
static bool
read_what(const BnsRecord *record, BnsRequest *request)
{
    bool is_malformed = record->decision == BNS_DECIDED_DENY && record->status != 0 &&
                        record->status != 403;

    if (record->event == BNS_EVENT_FLOW_REFUSED) {
        request->scheme = BNS_SCHEME_TCP;
        return record->error == NULL;
    }
    if (is_distrust(record)) {
        request->scheme = BNS_SCHEME_TLS;
        return true;
    }
    if (record->event != BNS_EVENT_HTTP_REQUEST &&
        record->event != BNS_EVENT_TCP_OPEN && record->event != BNS_EVENT_TLS_OPEN)
        return false;
    if (!read_scheme(record->scheme, &request->scheme))
        return false;
    if (record->event != BNS_EVENT_HTTP_REQUEST)
        return true;
    request->method = record->method;
    request->path = record->path;
    return !is_malformed && record->method != NULL && record->path != NULL;
}

bool
bns_asked_from_record(const BnsRecord *record, BnsAsked *out_asked)
{
    *out_asked = (BnsAsked){ .request = { .host = record->host, .port = record->port },
                             .exe = record->exe,
                             .rule = record->rule,
                             .reason = record->reason };
    if ((record->decision == BNS_DECIDED_NOT && !is_distrust(record)) ||
        record->host == NULL || record->port == 0 ||
        !read_what(record, &out_asked->request))
        return false;
    out_asked->fate = read_fate(record);
    /* The address that a refused flow was for is a stand-in of ours. */
    if (record->event != BNS_EVENT_FLOW_REFUSED)
        out_asked->addr = record->addr;
    return true;
}

bool
bns_asked_from_end(const BnsRecord *record, BnsAsked *out_asked)
{
    *out_asked = (BnsAsked){ .request = { .host = record->host,
                                          .port = record->port,
                                          .method = record->method,
                                          .path = record->path },
                             .exe = record->exe };
    return record->host != NULL && record->port != 0 &&
           read_scheme(record->scheme, &out_asked->request.scheme) &&
           (record->event == BNS_EVENT_TCP_CLOSE ||
            (record->event == BNS_EVENT_HTTP_RESPONSE && record->method != NULL &&
             record->path != NULL));
}

/* --- judging --- */

bool
bns_asked_is_valid(const BnsAsked *asked)
{
    const BnsRequest *request = &asked->request;
    g_autofree char *bracketed = bns_host_bracket(request->host);
    BnsHost host;

    return bns_host_canonical(bracketed, strlen(bracketed), &host) &&
           strcmp(host.text, request->host) == 0 &&
           (request->path == NULL ||
            bns_path_check(request->path, strlen(request->path)) == NULL);
}

/* An option gave the host's loopback, and lifted the guard; deny rules are for any
 * address. */
static BnsDecision
decide_address(const BnsPolicy *policy,
               const BnsDecision *decision,
               const BnsRequest *request,
               const char *addr)
{
    struct sockaddr_in ipv4 = { .sin_family = AF_INET };
    struct sockaddr_in6 ipv6 = { .sin6_family = AF_INET6 };
    const struct sockaddr *address = NULL;

    if (addr != NULL && inet_pton(AF_INET, addr, &ipv4.sin_addr) == 1)
        address = (const struct sockaddr *)&ipv4;
    else if (addr != NULL && inet_pton(AF_INET6, addr, &ipv6.sin6_addr) == 1)
        address = (const struct sockaddr *)&ipv6;
    return address == NULL
               ? *decision
               : bns_policy_decide_address(policy, decision, request->scheme, address,
                                           request->port,
                                           !bns_suggestion_is_private(addr));
}

/* As the flow would be handled: one that is not inspected shows no request. */
static BnsRequest
as_handled(const BnsPolicy *policy, const BnsRequest *request)
{
    BnsRequest flow = { .host = request->host, .port = request->port };

    flow.scheme = BNS_SCHEME_TCP;
    if (bns_policy_flow_kind(policy, request->host, request->port, NULL) ==
        BNS_FLOW_TCP)
        return flow;
    flow.scheme = BNS_SCHEME_TLS;
    if (request->scheme == BNS_SCHEME_HTTPS &&
        bns_policy_is_sealed(policy, request->host, request->port))
        return flow;
    return *request;
}

BnsDecision
bns_asked_decide(const BnsPolicy *policy, const BnsAsked *asked)
{
    const BnsRequest request = as_handled(policy, &asked->request);
    BnsDecision decision =
        request.scheme == BNS_SCHEME_HTTPS && request.method == NULL
            ? bns_policy_could_allow(policy, request.scheme, request.host, request.port)
            : bns_policy_decide(policy, &request);

    if (decision.verdict != BNS_VERDICT_ALLOW ||
        (request.scheme == BNS_SCHEME_HTTPS && request.method == NULL))
        return decision;
    decision = bns_policy_decide_literal(policy, &decision, &request);
    return decision.verdict == BNS_VERDICT_ALLOW
               ? decide_address(policy, &decision, &request, asked->addr)
               : decision;
}
