/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/post.h"

#include "audit/client.h"
#include "audit/client_socket.h"
#include "base/fd.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>

/* Twice what the recorder mostly takes. */
#define BRIEF_WAIT_US 40

/* What of one turn goes into one message. A record that is longer goes alone. */
#define TOGETHER_BYTES_MAX (16 * 1024)

/**
 * WaitState:
 * @WAIT_SENT: in post->sent, or about to be sent; no answer yet
 * @WAIT_WRITTEN: in post->answered; to be told
 * @WAIT_LOST: the same, but there will be no answer
 */
typedef enum {
    WAIT_SENT,
    WAIT_WRITTEN,
    WAIT_LOST,
} WaitState;

struct BnsPostWait {
    BnsPostFunc func; /* NULL: nobody is to be told */
    void *data;
    WaitState state;
    uint64_t seq;        /* WRITTEN */
    int64_t deadline_us; /* for the answer */
};

struct BnsPost {
    BnsLoop *loop; /* borrowed */
    int fd;        /* borrowed */
    BnsLoopFunc on_lost;
    void *data;
    BnsWatch *watch; /* owned; NULL: the post is lost */
    BnsTimer *late;  /* owned: the oldest record's answer is */
    BnsTimer *tell;  /* owned: there is somebody in @answered */
    BnsTimer *turn;  /* owned: there is something in @unsent */
    GQueue sent;     /* of owned BnsPostWait, in the order of their records */
    GQueue answered; /* the same */
    size_t unsent_len;
    uint8_t unsent[BNS_PROTOCOL_MESSAGE_MAX]; /* of this turn, and notes that wait */
};

/* --- answers --- */

/* Only from the loop: those who are told may use the post, and free what they like but
 * it. */
static void
tell_all(BnsPost *post)
{
    BnsPostWait *wait;

    while ((wait = g_queue_pop_head(&post->answered)) != NULL) {
        if (wait->func != NULL)
            wait->func(wait->state == WAIT_WRITTEN, wait->seq, wait->data);
        g_free(wait);
    }
}

static void
on_tell(void *data)
{
    tell_all(data);
}

static void
answer(BnsPost *post, WaitState state, uint64_t seq)
{
    BnsPostWait *wait = g_queue_pop_head(&post->sent);

    wait->state = state;
    wait->seq = seq;
    g_queue_push_tail(&post->answered, wait);
}

/* What comes too late would be taken for the next record's answer: nothing is heard any
 * more. */
static void
lose(BnsPost *post)
{
    bool is_missed = !g_queue_is_empty(&post->sent) || post->unsent_len > 0;

    if (post->watch == NULL)
        return;
    g_clear_pointer(&post->watch, bns_watch_free);
    post->unsent_len = 0;
    shutdown(post->fd, SHUT_RDWR);
    while (!g_queue_is_empty(&post->sent))
        answer(post, WAIT_LOST, 0);
    bns_timer_set(post->late, INT64_MAX);
    bns_timer_set(post->tell, bns_loop_now_us(post->loop));
    if (is_missed)
        post->on_lost(post->data);
}

static void
set_late(BnsPost *post)
{
    const BnsPostWait *oldest = g_queue_peek_head(&post->sent);

    bns_timer_set(post->late, oldest == NULL ? INT64_MAX : oldest->deadline_us);
}

/* Takes what is there. */
static void
receive(BnsPost *post)
{
    BnsProtocolAnswer answers[BNS_PROTOCOL_ANSWERS_MAX];
    ssize_t n;

    while ((n = bns_client_receive(post->fd, answers)) > 0) {
        if ((size_t)n > post->sent.length) {
            lose(post);
            return;
        }
        for (ssize_t i = 0; i < n; i++)
            answer(post, WAIT_WRITTEN, answers[i].seq);
        /* A short message is mostly the last one. */
        if (n < BNS_PROTOCOL_ANSWERS_MAX)
            break;
    }
    if (n < 0)
        lose(post);
    else
        set_late(post);
}

static void
on_answers(uint32_t events, void *data)
{
    BnsPost *post = data;

    receive(post);
    tell_all(post);
}

/* The loop may have come late itself: an answer that is there counts. */
static void
on_late(void *data)
{
    BnsPost *post = data;
    const BnsPostWait *oldest;

    receive(post);
    oldest = g_queue_peek_head(&post->sent);
    if (oldest != NULL && oldest->deadline_us <= bns_loop_now_us(post->loop))
        lose(post);
    tell_all(post);
}

/* --- records --- */

void
bns_post_flush(BnsPost *post)
{
    if (post->unsent_len == 0)
        return;
    if (bns_client_send(post->fd, post->unsent, post->unsent_len,
                        bns_client_deadline_us()))
        post->unsent_len = 0;
    else
        lose(post);
}

/* To go to sleep and to be woken takes as long as a record's round trip. */
static void
await_briefly(BnsPost *post)
{
    int64_t until_us = g_get_monotonic_time() + BRIEF_WAIT_US;
    unsigned n = post->sent.length;

    while (post->sent.length == n && n > 0 && g_get_monotonic_time() < until_us)
        receive(post);
}

/* A timer's turn comes when all that was ready has had its own. Of many records, others
 * are worth more than waiting. */
static void
on_turn(void *data)
{
    BnsPost *post = data;

    bns_post_flush(post);
    if (post->sent.length == 1)
        await_briefly(post);
    tell_all(post);
}

/* Returns: false if the post is lost. */
static bool
put(BnsPost *post, BnsProtocol type, const BnsRecord *record)
{
    static uint8_t part[BNS_PROTOCOL_MESSAGE_MAX];
    size_t len = bns_client_write(type, record, part);

    if (post->unsent_len + len > TOGETHER_BYTES_MAX)
        bns_post_flush(post);
    if (post->watch == NULL)
        return false;
    if (type == BNS_PROTOCOL_RECORD || record->decision != BNS_DECIDED_NOT)
        bns_timer_set(post->turn, bns_loop_now_us(post->loop));
    else if (post->unsent_len == 0)
        bns_timer_set(post->turn, bns_loop_now_us(post->loop) + BNS_POST_NOTE_WAIT_US);
    memcpy(post->unsent + post->unsent_len, part, len);
    post->unsent_len += len;
    return true;
}

/* Stands still until an answer comes. */
static void
await_answer(BnsPost *post)
{
    unsigned n;

    bns_post_flush(post);
    n = post->sent.length; /* 0: the post is lost */
    await_briefly(post);
    if (n > 0 && post->sent.length == n) {
        const BnsPostWait *oldest = g_queue_peek_head(&post->sent);

        if (bns_client_wait(post->fd, POLLIN, oldest->deadline_us))
            receive(post);
        else
            lose(post);
    }
    if (!g_queue_is_empty(&post->answered))
        bns_timer_set(post->tell, bns_loop_now_us(post->loop));
}

/* Returns: (transfer none): the record's wait, or %NULL if the post is lost. */
static BnsPostWait *
send_record(BnsPost *post, const BnsRecord *record, BnsPostFunc func, void *data)
{
    BnsPostWait *wait;

    while (post->watch != NULL && post->sent.length >= BNS_POST_WAITS_MAX)
        await_answer(post);
    if (post->watch == NULL || !put(post, BNS_PROTOCOL_RECORD, record))
        return NULL;
    wait = g_new0(BnsPostWait, 1);
    wait->func = func;
    wait->data = data;
    wait->deadline_us = bns_client_deadline_us();
    g_queue_push_tail(&post->sent, wait);
    set_late(post);
    return wait;
}

BnsPostWait *
bns_post_record(BnsPost *post, const BnsRecord *record, BnsPostFunc func, void *data)
{
    return send_record(post, record, func, data);
}

void
bns_post_cancel(BnsPostWait *wait)
{
    if (wait != NULL)
        wait->func = NULL;
}

/* The wait is the post's until the loop's next chance to free it, which is not now. */
bool
bns_post_record_now(BnsPost *post, const BnsRecord *record)
{
    const BnsPostWait *wait = send_record(post, record, NULL, NULL);

    if (wait == NULL)
        return false;
    while (wait->state == WAIT_SENT)
        await_answer(post);
    return wait->state == WAIT_WRITTEN;
}

bool
bns_post_note(BnsPost *post, const BnsRecord *record)
{
    return post->watch != NULL && put(post, BNS_PROTOCOL_NOTE, record);
}

/* --- life --- */

BnsPost *
bns_post_new(BnsLoop *loop, int recorder_fd, BnsLoopFunc on_lost, void *data)
{
    BnsPost *post = g_new0(BnsPost, 1);

    post->loop = loop;
    post->fd = recorder_fd;
    post->on_lost = on_lost;
    post->data = data;
    bns_fd_set_nonblocking(recorder_fd, true);
    post->watch = bns_loop_watch(loop, recorder_fd, EPOLLIN, on_answers, post);
    post->late = bns_loop_timer(loop, on_late, post);
    post->tell = bns_loop_timer(loop, on_tell, post);
    post->turn = bns_loop_timer(loop, on_turn, post);
    g_queue_init(&post->sent);
    g_queue_init(&post->answered);
    return post;
}

void
bns_post_free(BnsPost *post)
{
    if (post == NULL)
        return;
    bns_post_flush(post);
    bns_watch_free(post->watch);
    bns_timer_free(post->late);
    bns_timer_free(post->tell);
    bns_timer_free(post->turn);
    g_queue_clear_full(&post->sent, g_free);
    g_queue_clear_full(&post->answered, g_free);
    g_free(post);
}
