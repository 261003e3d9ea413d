/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Engine: what all of the gateway's flows share, and netstack's messages about them.
 *
 * Internal to netstack/gateway. Tests make an engine of their own (bns_engine_new()) on
 * socket pairs and loopback, without namespaces and lock-down.
 *
 * What the engine can do without, it refuses; what it cannot do without (netstack, the
 * recorder, the resolver) ends it, and with it the session: bns_engine_fail().
 */
#pragma once

#include "audit/post.h"
#include "audit/record.h"
#include "base/crowd.h"
#include "base/loop.h"
#include "netstack/gateway/ca.h"
#include "netstack/gateway/credentials.h"
#include "netstack/gateway/gateway.h"
#include "netstack/gateway/hello.h"
#include "netstack/gateway/http2_pool.h"
#include "netstack/gateway/lookup.h"
#include "netstack/gateway/owners.h"
#include "netstack/gateway/pool.h"
#include "netstack/gateway/publish.h"
#include "netstack/gateway/trust.h"
#include "netstack/wire.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct BnsEngine BnsEngine;

struct BnsEngine {
    const BnsGatewayConfig *config; /* borrowed */
    const BnsPolicy *policy;        /* in force: config's, or reloaded */
    BnsPolicy *reloaded;            /* owned; NULL: the one of the start is in force */
    BnsLoop *loop;                  /* borrowed */
    BnsCa *ca;                      /* owned */
    BnsHello *hello;                /* owned; NULL until TLS is set up */
    BnsTrust *trust;                /* owned */
    BnsCredentials *credentials;    /* owned */
    BnsLookups *lookups;            /* owned */
    BnsPool *pool;                  /* owned */
    BnsHttp2Pool *http2;            /* owned */
    BnsOwners *owners;              /* owned; NULL: nobody knows */
    BnsPublisher *publisher;        /* owned; NULL: nothing is published */
    GHashTable *flows;              /* owned; flow id -> owned BnsFlow */
    BnsCrowd crowd;       /* of flows: tens of MiB after some hundred with TLS */
    GHashTable *sent;     /* owned; to each host: allowance.h */
    guint n_streams;      /* HTTP/2 requests that are open, of all flows */
    BnsPost *post;        /* owned: to the recorder */
    BnsWatch *wire_watch; /* owned */
    GQueue outbox;        /* owned BnsWire: what the wire did not take yet */
    char *failure;        /* owned; NULL while all is well */
    bool is_command_gone; /* the session ends: nobody hears responses */
};

/**
 * bns_engine_new:
 * @config: borrowed, as all that it points to
 * @ca: (transfer full)
 * @loop: borrowed; its turns run the engine
 *
 * Opens and reads all that needs a file. Returns: (transfer full): the engine, or %NULL
 * with @error set.
 */
BnsEngine *bns_engine_new(const BnsGatewayConfig *config,
                          BnsCa *ca,
                          BnsLoop *loop,
                          GError **error);
/* Sets up TLS on both sides, if that was not done yet: 2-3 ms. The first offer does it. Call
 * it before that, when idle. */
void bns_engine_open_tls(BnsEngine *engine);
/* Flows that are open are broken off. */
void bns_engine_free(BnsEngine *engine);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsEngine, bns_engine_free)

/* The engine cannot go on: the loop ends, engine->failure says why (the first reason
 * counts). */
void bns_engine_fail(BnsEngine *engine, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* @decision as it may be kept: a policy that is reloaded takes with it what it has said.
 * Texts live on, of which there are as many as somebody writes; an identity becomes the
 * one whose certificate was read. */
BnsDecision bns_engine_keep(const BnsEngine *engine, BnsDecision decision);

/* What @record says of a decision. */
void bns_engine_put_decision(BnsRecord *record, const BnsDecision *decision);
/* Tells netstack. @verdict: for BNS_WIRE_VERDICT, else BNS_WIRE_REFUSE. */
void bns_engine_tell(BnsEngine *engine,
                     BnsWireType type,
                     uint64_t flow,
                     BnsWireVerdict verdict);

/* Frees the flow. After a crowd has gone its memory is given back to the system. */
void bns_engine_forget(BnsEngine *engine, uint64_t flow);

/* Writes a record that all flows wait for: the loop stands still. Returns: whether it is
 * written; when not, the engine has failed and the caller refuses. */
bool bns_engine_record(BnsEngine *engine, const BnsRecord *record);
/* Writes a record that one thing waits for, as bns_post_record(). Returns: (transfer
 * none) (nullable): what to cancel; %NULL: it cannot be written, and the engine has failed */
BnsPostWait *bns_engine_post(BnsEngine *engine,
                             const BnsRecord *record,
                             BnsPostFunc func,
                             void *data);
/* Writes a record that nothing waits for. */
void bns_engine_note(BnsEngine *engine, const BnsRecord *record);
