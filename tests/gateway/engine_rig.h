/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rig: the whole engine between its neighbours, without namespaces.
 *
 * The engine runs in a thread of its own, as the gateway's process would; threads play
 * netstack, the resolver and the recorder. The test plays the command (a blocking socket
 * per flow) and, where BnsOrigin is too well behaved, the origin: it accepts what the
 * engine dials and says what it likes.
 *
 * Time is a lever: rig_advance() moves the engine's clock, so no test waits for a timer.
 */
#pragma once

#include "audit/record.h"
#include "netstack/wire.h"

#include <glib.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

/* Of the audit. */
#define RIG_SESSION "01234567-89ab-4def-8123-456789abcdef"

typedef struct Rig Rig;

/* A flow as the command sees it. */
typedef struct {
    uint64_t id;
    int fd;   /* the command's end; -1 if there is none */
    SSL *ssl; /* owned; NULL while plain */
} RigFlow;

/* A copy of a record that came. Strings may be NULL. */
typedef struct {
    BnsRecord record;
    GStringChunk *strings;
} RigRecord;

/**
 * rig_new:
 * @yaml: the policy file's text
 * @resolves: "NAME:PORT:TARGETPORT" on 127.0.0.1, separated by spaces; NULL: none
 * @upstream_ca: (nullable): a PEM file
 *
 * Names that the rig's resolver knows: "private.test" 10.0.0.1, "loop.test" 127.0.0.1,
 * "mixed.test" 10.0.0.1 and 127.0.0.1, "second.test" 127.0.0.2 and 127.0.0.1, "six.test" ::1,
 * "silent.test" is never answered; all else does not exist. Answers last 10 s.
 */
Rig *rig_new(const char *yaml, const char *resolves, const char *upstream_ca);
/* The same, but all goes through an upstream proxy, except what @no_proxy (nullable)
 * names. */
Rig *rig_new_proxied(const char *yaml,
                     const char *resolves,
                     const char *upstream_ca,
                     const char *proxy_url,
                     const char *no_proxy);
/* The same with the whole gateway, bns_gateway_run(), in a process of its own: locked down,
 * and its clock is the real one. */
Rig *rig_new_process(const char *yaml, const char *resolves, const char *upstream_ca);
/* The same, where @published (borrowed, of BnsPublished) leads inside: the test plays init at
 * the other end of @lend_fd. */
Rig *rig_new_published(const char *yaml, const GPtrArray *published, int lend_fd);
/* The same, where the test plays the finder at the other end of @owner_fd. */
Rig *rig_new_owned(const char *yaml, int owner_fd);
/* The policy becomes @yaml, as the supervisor would have it. Returns: how much was reset. */
guint rig_reload(Rig *rig, const char *yaml);
/* The same in two steps. From the first on the engine does nothing else until the
 * recorder has answered. */
void rig_reload_begin(Rig *rig, const char *yaml);
guint rig_reload_end(Rig *rig);
/* Only says so: the policy is to be made of @bytes. */
void rig_reload_bytes(Rig *rig, const void *bytes, size_t len);
/* Ends the engine; fails the test if a flow is still open or the engine had failed. */
void rig_free(Rig *rig);
/* The same, for a test in which the engine has to fail. */
void rig_free_failed(Rig *rig);
/* The same, for one in which flows are still open. */
void rig_free_early(Rig *rig);
/* netstack hears of flows that it never offered. */
void rig_let_unknown(Rig *rig);

/* --- netstack --- */

/* Offers a flow: @host is a name, or an address that stands for none. Returns: its id. */
uint64_t rig_offer(Rig *rig, const char *host, uint16_t port);
BnsWireVerdict rig_verdict(Rig *rig, uint64_t id);
/* Offers, expects ACCEPT, passes a stream. */
RigFlow rig_open(Rig *rig, const char *host, uint16_t port);
/* Passes a stream for an accepted flow. */
RigFlow rig_stream(Rig *rig, uint64_t id);
/* The same, but its descriptor does not arrive. */
RigFlow rig_lost_stream(Rig *rig, uint64_t id);
/* The command's RST. */
void rig_reset(Rig *rig, uint64_t id);
void rig_send(Rig *rig, const BnsWire *message, int fd);
/* Waits for CLOSED. Returns: whether the gateway asked for an RST before. */
bool rig_wait_closed(Rig *rig, uint64_t id);
/* Closes the command's end and waits for CLOSED. */
void rig_close(Rig *rig, RigFlow *flow);

/* --- the command --- */

void rig_say(RigFlow *flow, const char *text);
void rig_say_bytes(RigFlow *flow, const void *bytes, size_t len);
/* Whether it could be said: the other side may be gone. */
bool rig_try(RigFlow *flow, const char *text);
/* Ends the command's direction. */
void rig_say_end(RigFlow *flow);
/* Reads until @text has come (then no further). Fails the test if the end comes first.
 * Returns: (transfer full): everything up to and with it. */
char *rig_hear(RigFlow *flow, const char *text);
/* Reads a whole response (Content-Length, chunked, or no body). Returns: (transfer full):
 * head and body as they came. */
char *rig_hear_response(RigFlow *flow, bool is_head);
/* Reads to the end. @out_is_broken (nullable): it was an RST, or TLS without
 * close_notify. */
char *rig_hear_end(RigFlow *flow, bool *out_is_broken);
/* Says @request (the rest of a request line and its head may be in it) and hears the
 * response. */
char *rig_ask(RigFlow *flow, const char *request);
/* TLS as the command's client does it. @name: SNI, or NULL; @alpn: "h2,http/1.1",
 * or NULL. */
bool rig_start_tls(Rig *rig, RigFlow *flow, const char *name, const char *alpn);

/* --- the origin --- */

/* A listener on 127.0.0.1. */
int rig_listen(uint16_t *out_port);
/* Whoever connects to it is refused from now on. The port is still ours: another test's
 * listener must not get it, and what we dial with it. */
void rig_stop_listening(int *io_listener);
/* What the engine dials, within the watchdog's time. */
RigFlow rig_accept(int listener);
/* Whether nothing is waiting to be accepted. */
bool rig_nobody_came(int listener);

/* --- the recorder --- */

/* The next record of @event since the last one taken. Waits. Valid until rig_free(). */
const BnsRecord *rig_record(Rig *rig, BnsEvent event);
/* "allow 200 GET /x": decision ("-" if none), status, method and path of the next record
 * of @event are compared with @expected. Returns: the record. */
const BnsRecord *rig_expect(Rig *rig, BnsEvent event, const char *expected);
/* How many records of @event came in all, once @least have: an answer may overtake the
 * record that nobody waits for. */
guint rig_count(Rig *rig, BnsEvent event, guint least);
/* From now on no record can be written. */
void rig_break_recorder(Rig *rig);
/* The next record that something waits for is not answered, and nothing behind it is
 * read, until it is released. */
void rig_hold_recorder(Rig *rig);
/* Waits until that record has come. */
void rig_wait_held(Rig *rig);
void rig_release_recorder(Rig *rig);
/* The other neighbours go. */
void rig_break_netstack(Rig *rig);
void rig_break_resolver(Rig *rig);

/* --- time --- */

/* The engine has seen everything that was said so far. */
void rig_sync(Rig *rig);
void rig_advance(Rig *rig, int64_t seconds);
/* How many turns the engine's loop makes in that time: an idle one makes none. */
unsigned rig_turns(Rig *rig, unsigned ms);
