/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How it works. The loop watches the control socket, the life pipe and one socket per
 * helper. A record is decoded, looked up in the table of what its helper may say, given its
 * number and counted; all that a helper had sent is written at once, and then acknowledged
 * in one message, as far as the helper asked for it. Anything that a helper should not
 * have sent ends the recorder, and so the session: a helper that talks nonsense has a
 * fault or a new master.
 *
 * At the end (END, or the life pipe's end) what lies in the sockets is read first. It is
 * there already, so nothing is waited for.
 */
#include "audit/serve.h"

#include "audit/protocol.h"
#include "audit/tally.h"
#include "audit/writer.h"
#include "base/fd.h"
#include "base/loop.h"
#include "base/ready.h"

#include <errno.h>
#include <string.h>

/* Messages of one helper per turn of the loop, so that the other has its turn too. */
#define MESSAGES_PER_TURN 64

/* Lines that are kept before they are written: some hundred, or one of the longest. */
#define UNWRITTEN_BYTES_MAX (256 * 1024)

/* A socket's buffer holds some hundred messages; a helper that sends on while we empty it
 * at the end must not keep us here. */
#define DRAIN_MAX (64 * 1024)

typedef enum {
    PEER_GATEWAY,
    PEER_NETSTACK,
    PEER_SUPERVISOR,
    PEER_INIT,
    N_PEERS,
} PeerName;

typedef struct {
    const char *name;
    bool may_send[BNS_N_EVENTS];
} PeerRights;

static const PeerRights rights[] = {
    [PEER_GATEWAY] = { "gateway",
                       { [BNS_EVENT_TLS_OPEN] = true,
                         [BNS_EVENT_HTTP_REQUEST] = true,
                         [BNS_EVENT_HTTP_RESPONSE] = true,
                         [BNS_EVENT_TCP_OPEN] = true,
                         [BNS_EVENT_TCP_CLOSE] = true,
                         [BNS_EVENT_FLOW_REFUSED] = true,
                         [BNS_EVENT_TLS_ERROR] = true,
                         [BNS_EVENT_UPSTREAM_ERROR] = true,
                         [BNS_EVENT_PUBLISH_OPEN] = true,
                         [BNS_EVENT_PUBLISH_CLOSE] = true,
                         [BNS_EVENT_PUBLISH_ERROR] = true,
                         [BNS_EVENT_POLICY_RELOAD] = true } },
    [PEER_NETSTACK] = { "netstack",
                        { [BNS_EVENT_FLOW_REFUSED] = true,
                          [BNS_EVENT_UDP_REFUSED] = true,
                          [BNS_EVENT_DNS_NAME] = true,
                          [BNS_EVENT_DNS_REFUSED] = true,
                          [BNS_EVENT_FRAMES_DROPPED] = true } },
    [PEER_SUPERVISOR] = { "supervisor",
                          { [BNS_EVENT_FILE_PERSIST] = true,
                            [BNS_EVENT_SOCKET_MASKED] = true,
                            [BNS_EVENT_FILE_CHANGED] = true,
                            [BNS_EVENT_FILE_QUARANTINE] = true,
                            [BNS_EVENT_LIMIT_REACHED] = true,
                            [BNS_EVENT_REVIEW_APPLIED] = true,
                            [BNS_EVENT_REVIEW_KEPT] = true,
                            [BNS_EVENT_REVIEW_DISCARDED] = true,
                            [BNS_EVENT_POLICY_RELOAD] = true,
                            [BNS_EVENT_POLICY_ALLOW] = true } },
    [PEER_INIT] = { "init", { [BNS_EVENT_EXEC] = true } },
};
G_STATIC_ASSERT(G_N_ELEMENTS(rights) == N_PEERS);

/**
 * Outcome:
 * @OUTCOME_NONE: the session goes on
 * @OUTCOME_LIFE: the supervisor is gone
 * @OUTCOME_END: END came; recorder->end_text says how the session ended
 * @OUTCOME_FAILED: recorder->error says why nothing more can be recorded
 *
 * Of what one turn of the loop brings, the later one counts.
 */
typedef enum {
    OUTCOME_NONE,
    OUTCOME_LIFE,
    OUTCOME_END,
    OUTCOME_FAILED,
} Outcome;

typedef struct Recorder Recorder;

typedef struct {
    Recorder *recorder; /* borrowed */
    const PeerRights *rights;
    int fd;          /* owned; -1 once its helper has closed it */
    BnsWatch *watch; /* owned; NULL with fd */
} Peer;

struct Recorder {
    BnsLoop *loop;      /* owned */
    BnsAuditFile *file; /* borrowed */
    BnsTally *tally;    /* owned */
    int control_fd;     /* borrowed */
    Peer peers[N_PEERS];
    Outcome outcome;
    GError *error; /* owned */
    char end_text[BNS_READY_TEXT_MAX + 1];
    BnsProtocolAnswer
        answers[BNS_PROTOCOL_ANSWERS_MAX]; /* to records not yet written */
    size_t n_answers;
    uint8_t message[BNS_PROTOCOL_MESSAGE_MAX];
};

/* --- records --- */

static void
finish(Recorder *recorder, Outcome outcome)
{
    if (recorder->outcome < outcome)
        recorder->outcome = outcome;
    bns_loop_quit(recorder->loop);
}

static void
fail_peer(Peer *peer, const char *what)
{
    if (peer->recorder->error == NULL)
        g_set_error(&peer->recorder->error, BNS_AUDIT_ERROR, BNS_AUDIT_ERROR_WRITE,
                    "The %s sent the recorder %s", peer->rights->name, what);
    finish(peer->recorder, OUTCOME_FAILED);
}

static void
close_peer(Peer *peer)
{
    bns_watch_free(g_steal_pointer(&peer->watch));
    bns_fd_clear(&peer->fd);
}

/* A helper that does not read its answers fills the socket: it asks on without waiting,
 * which the protocol does not know. One that is gone needs no answer. */
static void
acknowledge(Peer *peer)
{
    Recorder *recorder = peer->recorder;
    size_t n = recorder->n_answers;

    recorder->n_answers = 0;
    if (n > 0 && bns_fd_send(peer->fd, recorder->answers,
                             n * sizeof(recorder->answers[0]), -1) == -EAGAIN)
        fail_peer(peer, "records without reading the answers");
}

/* What was taken from the peer is in the file before anybody hears of it. */
static void
write_taken(Peer *peer)
{
    Recorder *recorder = peer->recorder;

    /* The first error counts. */
    if (bns_writer_flush(recorder->file,
                         recorder->error == NULL ? &recorder->error : NULL)) {
        acknowledge(peer);
    } else {
        recorder->n_answers = 0;
        finish(recorder, OUTCOME_FAILED);
    }
}

static void
take_record(Peer *peer, uint8_t type, const uint8_t *bytes, size_t len)
{
    Recorder *recorder = peer->recorder;
    BnsRecord record;

    if (!bns_record_decode(bytes, len, &record)) {
        fail_peer(peer, "a malformed record");
        return;
    }
    if (!peer->rights->may_send[record.event]) {
        fail_peer(peer, "a record that it may not write");
        return;
    }
    if (!bns_writer_append(recorder->file, &record, &recorder->error)) {
        finish(recorder, OUTCOME_FAILED);
        return;
    }
    bns_tally_add(recorder->tally, &record);
    if (type == BNS_PROTOCOL_RECORD)
        recorder->answers[recorder->n_answers++] =
            (BnsProtocolAnswer){ .seq = recorder->file->seq - 1,
                                 .type = BNS_PROTOCOL_WRITTEN };
}

/* Whether what was taken is to be written before more is. */
static bool
has_enough(const Recorder *recorder)
{
    return recorder->n_answers == BNS_PROTOCOL_ANSWERS_MAX ||
           recorder->file->unwritten->len >= UNWRITTEN_BYTES_MAX;
}

static void
take_message(Peer *peer, size_t len)
{
    Recorder *recorder = peer->recorder;
    const uint8_t *at = recorder->message;

    while (len > 0 && recorder->outcome != OUTCOME_FAILED) {
        size_t record_len = bns_record_length(at + 1, len - 1);

        if (*at != BNS_PROTOCOL_RECORD && *at != BNS_PROTOCOL_NOTE) {
            fail_peer(peer, "an unknown message");
            return;
        }
        if (record_len == 0) {
            fail_peer(peer, "a malformed record");
            return;
        }
        take_record(peer, *at, at + 1, record_len);
        at += 1 + record_len;
        len -= 1 + record_len;
        if (has_enough(recorder))
            write_taken(peer);
    }
}

/* What came of the next message: there may be another, there is none now, or ever. */
typedef enum {
    TAKEN,
    TAKEN_NONE,
    TAKEN_LAST,
} TakenNext;

static TakenNext
take_next(Peer *peer)
{
    Recorder *recorder = peer->recorder;
    ssize_t n =
        bns_fd_receive(peer->fd, recorder->message, sizeof(recorder->message), NULL);

    /* It died with an answer unread. Told once; what it had sent comes next. */
    if (n == -ECONNRESET)
        return TAKEN;
    if (n == -EAGAIN)
        return TAKEN_NONE;
    if (n == -EMSGSIZE)
        fail_peer(peer, "a record that is too long");
    else if (n <= 0)
        return TAKEN_LAST;
    else
        take_message(peer, (size_t)n);
    return TAKEN;
}

/* Takes and writes up to @max messages that are there. */
static void
read_peer(Peer *peer, unsigned max)
{
    Recorder *recorder = peer->recorder;
    TakenNext next = TAKEN;

    if (recorder->outcome == OUTCOME_FAILED)
        return;
    for (unsigned i = 0;
         i < max && next == TAKEN && recorder->outcome != OUTCOME_FAILED; i++)
        next = take_next(peer);
    write_taken(peer);
    if (next == TAKEN_LAST)
        close_peer(peer);
}

static void
on_peer(uint32_t events, void *data)
{
    read_peer(data, MESSAGES_PER_TURN);
}

static void
drain(Recorder *recorder)
{
    for (size_t i = 0; i < N_PEERS; i++)
        if (recorder->peers[i].fd >= 0)
            read_peer(&recorder->peers[i], DRAIN_MAX);
}

/* --- the supervisor --- */

static void
on_control(uint32_t events, void *data)
{
    Recorder *recorder = data;
    int type = bns_ready_receive(recorder->control_fd, recorder->end_text, NULL);

    finish(recorder, type == BNS_READY_END ? OUTCOME_END : OUTCOME_LIFE);
}

static void
on_life(uint32_t events, void *data)
{
    finish(data, OUTCOME_LIFE);
}

/* END's text: "exit N", "signal NAME" or "failed". */
static BnsSessionEnd
session_end(const Recorder *recorder)
{
    const char *text = recorder->end_text;
    BnsSessionEnd end = { .allowed = bns_tally_allowed(recorder->tally),
                          .denied = bns_tally_denied(recorder->tally),
                          .would_deny = bns_tally_would_deny(recorder->tally) };

    if (g_str_has_prefix(text, "exit "))
        end.exit = text + strlen("exit ");
    else if (g_str_has_prefix(text, "signal "))
        end.signal = text + strlen("signal ");
    else
        end.error = "boundary-ns ended the session";
    return end;
}

static bool
say_goodbye(Recorder *recorder)
{
    g_autofree char *summary = bns_tally_summary(recorder->tally);
    BnsSessionEnd end = session_end(recorder);

    if (!bns_writer_end(recorder->file, &end, &recorder->error))
        return false;
    bns_ready_send(recorder->control_fd, BNS_READY_SUMMARY, summary, -1);
    return true;
}

/* --- the course of it --- */

static void
watch_peer(Recorder *recorder, PeerName name, int fd)
{
    Peer *peer = &recorder->peers[name];

    peer->recorder = recorder;
    peer->rights = &rights[name];
    peer->fd = fd;
    if (fd < 0)
        return;
    bns_fd_set_nonblocking(fd, true);
    peer->watch = bns_loop_watch(recorder->loop, fd, EPOLLIN, on_peer, peer);
}

/* Returns: whether the session ended as it should. */
static bool
run_loop(Recorder *recorder, const BnsRecorderConfig *config)
{
    BnsWatch *control;
    BnsWatch *life;

    watch_peer(recorder, PEER_GATEWAY, config->gateway_fd);
    watch_peer(recorder, PEER_NETSTACK, config->netstack_fd);
    watch_peer(recorder, PEER_SUPERVISOR, config->supervisor_fd);
    watch_peer(recorder, PEER_INIT, config->init_fd);
    control = bns_loop_watch(recorder->loop, config->control_fd, EPOLLIN, on_control,
                             recorder);
    life = bns_loop_watch(recorder->loop, config->life_fd, EPOLLIN, on_life, recorder);
    /* Whoever says that it is ready has nothing left that could fail. */
    if (bns_ready_send(config->control_fd, BNS_READY_READY, NULL, -1) == 0)
        bns_loop_run(recorder->loop);
    else
        recorder->outcome = OUTCOME_LIFE;
    bns_watch_free(control);
    bns_watch_free(life);
    drain(recorder);
    for (size_t i = 0; i < N_PEERS; i++)
        close_peer(&recorder->peers[i]);
    if (recorder->outcome == OUTCOME_END)
        return say_goodbye(recorder);
    return recorder->outcome == OUTCOME_LIFE;
}

static bool
serve(Recorder *recorder,
      const BnsRecorderConfig *config,
      bool (*lock_down)(GError **error))
{
    if (!bns_writer_start(config->file, config->start, &recorder->error) ||
        !lock_down(&recorder->error))
        return false;
    return run_loop(recorder, config);
}

static void
say_failed(const Recorder *recorder)
{
    g_autofree char *text = g_strndup(recorder->error->message, BNS_READY_TEXT_MAX);

    bns_ready_send(recorder->control_fd, BNS_READY_FAILED, text, -1);
}

int
bns_serve(const BnsRecorderConfig *config, bool (*lock_down)(GError **error))
{
    g_autofree Recorder *recorder = g_new0(Recorder, 1);
    bool ok;

    recorder->loop = bns_loop_new();
    recorder->file = config->file;
    recorder->tally = bns_tally_new();
    recorder->control_fd = config->control_fd;
    ok = serve(recorder, config, lock_down);
    if (!ok)
        say_failed(recorder);
    g_clear_error(&recorder->error);
    bns_tally_free(recorder->tally);
    bns_loop_free(recorder->loop);
    return ok ? 0 : 1;
}
