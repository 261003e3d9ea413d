/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flow: one TCP connection of the command, from its offer to its end.
 *
 * How it works: a flow is in exactly one state, and each state has one step function
 * (the table in flow.c). Whatever happens, a stream that is ready, a connection that was
 * made, a timer, ends in bns_flow_run(), which calls the state's step until one says
 * WAIT, or others shall have their turn. A step never frees the flow: it ends it with
 * bns_flow_close() or bns_flow_cut(), and bns_flow_run() does the rest. So no step is
 * entered twice at a time, and no pointer dies in a function that uses it.
 *
 *     ASKED                                      ┌─> OPENING ──> PASS ──> TUNNEL
 *       v                                        │      v
 *     OFFERED ─┬─────────────> ACCEPTED ──> SNIFF ─┤   HELLO ──> HANDSHAKE ─┬─> STREAMS
 *              │                  │                ├─> STREAMS (h2c)  │     │     (h2)
 *              └─ refused         └──> TUNNEL (tcp)└──────────────────┐     │
 *                                                                     v     v
 *                                                         ┌────────> HEAD <─┘
 *                                                         │           │
 *                                      next request       │     ┌─────┴──────┐
 *                                                         │     v allowed    v refused
 *                                                         │    DIAL ──────> REST ──> LINGER
 *                                                         │     v            │ ^
 *                                                         │    RELAY ────────┼─┘
 *                                                         └──────────────────┘
 *                                                               └──> TUNNEL (WebSocket)
 */
#pragma once

#include "netstack/gateway/channel.h"
#include "netstack/gateway/client_hello.h"
#include "netstack/gateway/engine.h"
#include "netstack/gateway/exchange.h"
#include "netstack/gateway/http2_server.h"
#include "netstack/gateway/tunnel.h"
#include "netstack/gateway/upstream.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>

/**
 * BnsFlowState: what each state may touch. `client` is the stream to the command.
 * @BNS_FLOW_ASKED: nothing was decided. It waits for flow->query, for a moment.
 * @BNS_FLOW_OFFERED: no stream yet. flow->connect may be under way (kinds that are
 *                    dialled first). Ends with the verdict.
 * @BNS_FLOW_ACCEPTED: netstack was told ACCEPT; no stream yet. flow->ahead may be there.
 * @BNS_FLOW_SNIFF: client is peeked, nothing is consumed. flow->ahead must stay quiet.
 * @BNS_FLOW_OPENING: TLS. client is peeked until its ClientHello is whole; nothing is
 *                    consumed.
 * @BNS_FLOW_PASS: TLS that is not inspected, whose ClientHello was judged, or what is
 *                 neither TLS nor HTTP. All of it is still unread in client; flow->connect
 *                 brings what it is passed on to.
 * @BNS_FLOW_HELLO: TLS. The ClientHello was read and judged; client's handshake stands
 *                  still while tls.open is on its way to the recorder, and until
 *                  flow->connect has brought flow->ahead or flow->failure.
 * @BNS_FLOW_HANDSHAKE: TLS. Before HELLO and after it: only the handshake uses client.
 * @BNS_FLOW_HEAD: client.in holds (a part of) the next request's head, or nothing between
 *                 two requests. There is no exchange.
 * @BNS_FLOW_DIAL: flow->exchange is decided: allowed. It waits for its upstream; client is
 *                 not read.
 * @BNS_FLOW_RECORD: flow->exchange has its upstream, and http.request is on its way to the
 *                   recorder; neither channel is touched.
 * @BNS_FLOW_RELAY: both channels belong to flow->exchange (exchange.h).
 * @BNS_FLOW_TUNNEL: both channels belong to flow->tunnel; only raw bytes from here on.
 * @BNS_FLOW_STREAMS: HTTP/2: client belongs to flow->http2, which has an exchange of its
 *                    own kind for each stream (http2_stream.h). HEAD to REST are
 *                    HTTP/1.1's.
 * @BNS_FLOW_REST: the answer, ours or the origin's, is complete in client.out. It is
 *                 written while the rest of the request is read and forgotten.
 * @BNS_FLOW_LINGER: our direction of client is shut; what still comes is read and
 *                   forgotten, so that the command's TCP never answers our last bytes
 *                   with an RST.
 * @BNS_FLOW_RESET: netstack was asked for an RST and client is kept, unread, until it
 *                  answers (netstack/wire.h).
 * @BNS_FLOW_CLOSED: the end. Nothing may be touched; bns_flow_run() frees the flow.
 */
typedef enum {
    BNS_FLOW_ASKED,
    BNS_FLOW_OFFERED,
    BNS_FLOW_ACCEPTED,
    BNS_FLOW_SNIFF,
    BNS_FLOW_OPENING,
    BNS_FLOW_PASS,
    BNS_FLOW_HANDSHAKE,
    BNS_FLOW_HELLO,
    BNS_FLOW_HEAD,
    BNS_FLOW_DIAL,
    BNS_FLOW_RECORD,
    BNS_FLOW_RELAY,
    BNS_FLOW_TUNNEL,
    BNS_FLOW_STREAMS,
    BNS_FLOW_REST,
    BNS_FLOW_LINGER,
    BNS_FLOW_RESET,
    BNS_FLOW_CLOSED,
    BNS_N_FLOW_STATES,
} BnsFlowState;

/* What a step says: call the (new) state's step, or wait for an event. */
typedef enum {
    BNS_STEP_ON,
    BNS_STEP_WAIT,
} BnsStep;

/* What is read and forgotten of a client that we no longer listen to. Beyond it the
 * connection is closed. */
#define BNS_FLOW_DISCARD_BYTES (1024 * 1024)

typedef struct BnsFlow BnsFlow;

struct BnsFlow {
    BnsEngine *engine; /* borrowed */
    uint64_t id;
    BnsFlowState state;
    bool is_running; /* within bns_flow_run() */
    bool is_refused; /* the verdict was the last word: no CLOSED */
    BnsTimer *timer; /* owned: the state's time */
    BnsTimer *turn;  /* owned: goes on after the others had theirs */

    /* As offered. */
    BnsHost host; /* the name behind the address, or the address itself */
    uint16_t port;
    char addr[INET_ADDRSTRLEN]; /* the address that the command used */
    bool has_room;              /* no limit of flows was exceeded */
    BnsProcess *process;        /* owned: whose it is; NULL: not known (yet) */
    BnsOwnerQuery *query;       /* (transfer none): whose is it; NULL: not under way */
    BnsFlowKind kind;
    /* TCP and READ_AFTER_DIAL: what let it be dialled; TLS: what the ClientHello met. */
    BnsDecision decision;
    int64_t began_us; /* TCP: when it was accepted */

    BnsChannel client;
    bool is_tls;
    bool is_sealed;        /* is_tls, and not inspected */
    BnsClientHello *hello; /* owned; is_sealed: what was judged */
    BnsHost tls_host; /* is_tls: whom the ClientHello asks for; every Host equals it */

    BnsPostWait *recording;      /* (transfer none); HELLO: tls.open */
    BnsConnect *connect;         /* (transfer none): under way for the flow itself */
    BnsUpstream *ahead;          /* owned; made before a request asked for it */
    BnsUpstreamFailure *failure; /* owned; or why there is none */

    uint64_t n_requests;
    size_t head_seen;      /* HEAD: bytes of client.in that are no whole head yet */
    BnsExchange *exchange; /* owned; DIAL to RELAY, REST, and a WebSocket's TUNNEL */
    size_t discard_left; /* REST, LINGER: bytes that may still be read and forgotten */
    bool keeps_alive;    /* REST: HEAD follows, else LINGER */
    bool is_shut;        /* LINGER: our direction of client is */
    BnsTunnel *tunnel;   /* owned; TUNNEL */
    BnsHttp2Server *http2; /* owned; STREAMS */
};

/* --- flow.c: the machine --- */

BnsFlow *bns_flow_new(BnsEngine *engine, uint64_t id);
/* Breaks off what is under way. Only from the engine. */
void bns_flow_free(BnsFlow *flow);
/* Runs the flow until it waits, or ends and frees it. */
void bns_flow_run(BnsFlow *flow);
/* Runs it in the next turn, when the others have had theirs. */
void bns_flow_yield(BnsFlow *flow);
/* Enters @state and sets its time limit. */
void bns_flow_enter(BnsFlow *flow, BnsFlowState state);
/* The state's time begins anew: something moved. */
void bns_flow_touch(BnsFlow *flow);
/* limits.idle, in microseconds; 0: never. */
int64_t bns_flow_idle_us(const BnsFlow *flow);
/* Ends the flow: our direction first, then what is left is drained. */
void bns_flow_close(BnsFlow *flow);
/* Breaks the flow off, so that to the command nothing looks complete. */
void bns_flow_cut(BnsFlow *flow);
/* The command's connection is gone (RESET from netstack, or a hang-up). */
void bns_flow_abandon(BnsFlow *flow);

/* A record of @event with what is known of the flow. Strings point into the flow. */
BnsRecord bns_flow_record(const BnsFlow *flow, BnsEvent event);
/* Records that the flow was refused, for @reason; @error says what was seen instead. */
void bns_flow_note_refused(BnsFlow *flow,
                           const char *reason,
                           const char *rule,
                           const char *error);
/* tcp.open, for the opaque or sealed connection that flow->decision lets pass to @upstream.
 * Returns: whether it is written; only then may a byte leave. */
bool bns_flow_record_open(BnsFlow *flow, const BnsUpstream *upstream);
/* tls.open, with flow->decision, which may be obeyed only when that is written. Strings
 * point into the flow. */
BnsRecord bns_flow_record_tls(const BnsFlow *flow);
/* tls.error: the handshake with the command failed, as @error says. */
void bns_flow_note_tls_error(BnsFlow *flow, const char *error);
/* Before a flow that the command has reset is abandoned: who does not trust us says so by an
 * alert, and then often resets, since there is more of ours that it has not read. */
void bns_flow_hear_out(BnsFlow *flow);
/* Whom a request without its own host would be for. */
const BnsHost *bns_flow_host(const BnsFlow *flow);

/* Puts an upstream that was made before a request asked for it, or the failure to, on
 * the flow (both transfer full), and watches over it. */
void
bns_flow_set_ahead(BnsFlow *flow, BnsUpstream *upstream, BnsUpstreamFailure *failure);
/* Why the dial at the ClientHello failed: it answers the first request, whatever comes
 * later tries again. The guard's refusal was one rule's, and so was whom the origin saw:
 * for a @target of another rule it is no answer. Returns: (transfer full) (nullable) */
BnsUpstreamFailure *bns_flow_take_failure(BnsFlow *flow, const BnsDialTarget *target);

/* The step of a state that only another's answer can end, unless the client hangs up. */
BnsStep bns_flow_await(BnsFlow *flow);

/* --- flow_offer.c --- */

/* The flow was offered: host, port, addr are set. Asks whose it is, and decides when that
 * is known, or not soon enough: an answer that comes later is for the records to come.
 * @has_room: no limit of flows is exceeded. */
void bns_flow_begin(BnsFlow *flow, const BnsWire *offer, bool has_room);
/* Decides it. */
void bns_flow_offer(BnsFlow *flow);
/* OFFERED: it was recorded that it is refused. */
void bns_flow_refuse(BnsFlow *flow);
/* The stream of an accepted flow; takes @fd. */
void bns_flow_stream(BnsFlow *flow, int fd);

/* --- flow_pass.c --- */

/* Passes the flow on to its host, as flow->decision lets it: TLS if it is sealed, else
 * opaque bytes. */
BnsStep bns_flow_pass(BnsFlow *flow);

/* --- flow_sealed.c --- */

/* RFC 8446, 6.2 */
#define BNS_ALERT_ACCESS_DENIED 49

/* Judges a ClientHello to a sealed host (flow->tls_host), and dials or refuses. @hello: that
 * was read; its name, if it has one, is flow->tls_host. */
BnsStep bns_flow_seal(BnsFlow *flow, const BnsClientHello *hello);
/* Ends a TLS flow before its handshake: @alert is all that the client is told. */
void bns_flow_alert(BnsFlow *flow, uint8_t alert);

/* --- http2_server.c --- */

/* HTTP/2 it is: enters STREAMS. */
void bns_flow_begin_streams(BnsFlow *flow);

/* --- steps: flow_sniff.c, flow_opening.c, flow_tls.c, flow_head.c, tunnel.c, flow_end.c */

BnsStep bns_flow_sniff(BnsFlow *flow);
/* Its client said nothing, or not enough, for too long. */
void bns_flow_sniff_time_out(BnsFlow *flow);
/* The flow ends. What was dialled for no byte yet is on record, if it may be opaque. */
void bns_flow_sniff_end(BnsFlow *flow);
BnsStep bns_flow_opening(BnsFlow *flow);
BnsStep bns_flow_handshake(BnsFlow *flow);
BnsStep bns_flow_hello(BnsFlow *flow);
BnsStep bns_flow_head(BnsFlow *flow);
BnsStep bns_flow_rest(BnsFlow *flow);
BnsStep bns_flow_linger(BnsFlow *flow);
BnsStep bns_flow_tunnel(BnsFlow *flow);
BnsStep bns_flow_streams(BnsFlow *flow);
