/* SPDX-License-Identifier: Apache-2.0 */
/* The test plays the recorder, at the other end of a socket. */
#include "audit/post.h"

#include "audit/client.h"
#include "audit/protocol.h"
#include "base/fd.h"
#include "tests/support/test.h"

#include <string.h>
#include <sys/socket.h>
#include <time.h>

/* Of the process: in place of GLib's, so that no test waits for a time-out. */
static int64_t offset_us;
static int64_t stopped_us; /* 0: the clock goes */

gint64
g_get_monotonic_time(void)
{
    struct timespec now;

    if (stopped_us != 0)
        return stopped_us;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000 + offset_us;
}

typedef struct {
    BnsLoop *loop;
    BnsPost *post;
    int pair[2]; /* [0] is the recorder's */
    GString *told;
    unsigned n_lost;
} Fixture;

static const BnsRecord record = { .event = BNS_EVENT_HTTP_REQUEST, .host = "a.test" };

static void
on_lost(void *data)
{
    ((Fixture *)data)->n_lost++;
}

static void
on_written(bool is_written, uint64_t seq, void *data)
{
    Fixture *f = data;

    if (is_written)
        g_string_append_printf(f->told, "%" G_GUINT64_FORMAT " ", seq);
    else
        g_string_append(f->told, "lost ");
}

static void
init(Fixture *f)
{
    *f = (Fixture){ .loop = bns_loop_new(), .told = g_string_new(NULL) };
    g_assert_cmpint(bns_fd_pair(f->pair), ==, 0);
    f->post = bns_post_new(f->loop, f->pair[1], on_lost, f);
}

static void
clear(Fixture *f)
{
    bns_post_free(f->post);
    bns_loop_turn(f->loop, 0);
    bns_loop_free(f->loop);
    bns_fd_clear(&f->pair[0]);
    bns_fd_clear(&f->pair[1]);
    g_string_free(f->told, TRUE);
}

static BnsPostWait *
send_record(Fixture *f)
{
    return bns_post_record(f->post, &record, on_written, f);
}

/* One message with answers from @first on. */
static void
answer(const Fixture *f, uint64_t first, size_t n)
{
    BnsProtocolAnswer answers[BNS_PROTOCOL_ANSWERS_MAX];

    for (size_t i = 0; i < n; i++)
        answers[i] =
            (BnsProtocolAnswer){ .seq = first + i, .type = BNS_PROTOCOL_WRITTEN };
    g_assert_cmpint(bns_fd_send(f->pair[0], answers, n * sizeof(answers[0]), -1), ==,
                    0);
}

static void
assert_told(const Fixture *f, const char *expected)
{
    g_assert_cmpstr(f->told->str, ==, expected);
}

static void
test_together(void)
{
    Fixture f;

    init(&f);
    for (int i = 0; i < 3; i++)
        g_assert_nonnull(send_record(&f));
    answer(&f, 7, 3);
    assert_told(&f, "");
    bns_loop_turn(f.loop, 0);
    assert_told(&f, "7 8 9 ");
    clear(&f);
}

/* The types of the records in the next message; "" if there is none. */
static char *
hear(const Fixture *f)
{
    static uint8_t message[BNS_PROTOCOL_MESSAGE_MAX];
    g_autoptr(GString) types = g_string_new(NULL);
    ssize_t n = recv(f->pair[0], message, sizeof(message), MSG_DONTWAIT);

    for (size_t at = 0; n > 0 && at < (size_t)n;) {
        size_t len = bns_record_length(message + at + 1, (size_t)n - at - 1);
        BnsRecord heard;

        g_assert_true(bns_record_decode(message + at + 1, len, &heard));
        g_string_append_c(types, (char)message[at]);
        at += 1 + len;
    }
    return g_string_free(g_steal_pointer(&types), FALSE);
}

static void
assert_heard(const Fixture *f, const char *expected)
{
    g_autofree char *types = hear(f);

    g_assert_cmpstr(types, ==, expected);
}

static void
test_order(void)
{
    Fixture f;

    init(&f);
    g_assert_nonnull(send_record(&f));
    g_assert_true(bns_post_note(f.post, &record));
    answer(&f, 1, 1);
    answer(&f, 3, 1);
    g_assert_true(bns_post_record_now(f.post, &record));
    assert_heard(&f, "RNR");
    /* Nobody is called from within another's call. */
    assert_told(&f, "");
    bns_loop_turn(f.loop, 0);
    assert_told(&f, "1 ");
    clear(&f);
}

/* What one turn brings goes at its end, or when it must not be overtaken. */
static void
test_turn(void)
{
    Fixture f;

    init(&f);
    bns_post_note(f.post, &record);
    send_record(&f);
    assert_heard(&f, "");
    bns_loop_turn(f.loop, 0);
    assert_heard(&f, "NR");
    bns_loop_turn(f.loop, 0);
    assert_heard(&f, "");
    bns_post_note(f.post, &record);
    bns_post_flush(f.post);
    assert_heard(&f, "N");
    bns_post_note(f.post, &record);
    bns_post_free(g_steal_pointer(&f.post));
    assert_heard(&f, "N");
    clear(&f);
}

/* A note goes with the next record, or soon by itself; what was refused goes at once. */
static void
test_note_waits(void)
{
    const BnsRecord refusal = { .event = BNS_EVENT_HTTP_REQUEST,
                                .decision = BNS_DECIDED_DENY };
    Fixture f;

    stopped_us = g_get_monotonic_time();
    init(&f);
    bns_post_note(f.post, &record);
    bns_loop_turn(f.loop, 0);
    assert_heard(&f, "");
    send_record(&f);
    answer(&f, 2, 1);
    bns_loop_turn(f.loop, 0);
    assert_heard(&f, "NR");
    assert_told(&f, "2 ");
    bns_post_note(f.post, &record);
    bns_post_note(f.post, &record);
    stopped_us += BNS_POST_NOTE_WAIT_US - 1;
    bns_loop_turn(f.loop, 0);
    assert_heard(&f, "");
    stopped_us += 1;
    bns_loop_turn(f.loop, 0);
    assert_heard(&f, "NN");
    bns_post_note(f.post, &record);
    bns_post_note(f.post, &refusal);
    bns_loop_turn(f.loop, 0);
    assert_heard(&f, "NN");
    clear(&f);
    stopped_us = 0;
}

/* Nothing is cut or left out for being many or long. */
static void
test_much(void)
{
    g_autofree char *path = g_strnfill(10 * 1024, 'x');
    const BnsRecord longer = { .event = BNS_EVENT_HTTP_REQUEST, .path = path };
    size_t n_heard = 0;
    Fixture f;

    init(&f);
    for (int i = 0; i < 100; i++) {
        bns_post_note(f.post, &record);
        if (i % 25 == 0)
            bns_post_note(f.post, &longer);
    }
    bns_post_flush(f.post);
    for (;;) {
        g_autofree char *types = hear(&f);

        if (*types == '\0')
            break;
        n_heard += strlen(types);
    }
    g_assert_cmpuint(n_heard, ==, 104);
    clear(&f);
}

/* Nobody waits for a note, and yet it is not lost silently. */
static void
test_note_is_lost(void)
{
    Fixture f;

    init(&f);
    g_assert_true(bns_post_note(f.post, &record));
    bns_fd_clear(&f.pair[0]);
    bns_post_flush(f.post);
    g_assert_cmpuint(f.n_lost, ==, 1);
    g_assert_false(bns_post_note(f.post, &record));
    clear(&f);
}

static void
test_cancelled(void)
{
    Fixture f;

    init(&f);
    send_record(&f);
    bns_post_cancel(send_record(&f));
    send_record(&f);
    answer(&f, 1, 3);
    bns_loop_turn(f.loop, 0);
    assert_told(&f, "1 3 ");
    clear(&f);
}

/* One record too many waits for a place; that is not when its neighbours are told. */
static void
test_bound(void)
{
    Fixture f;

    init(&f);
    for (int i = 0; i < BNS_POST_WAITS_MAX; i++)
        bns_post_cancel(send_record(&f));
    answer(&f, 1, 1);
    g_assert_nonnull(send_record(&f));
    for (int i = 2; i <= BNS_POST_WAITS_MAX + 1; i += 32)
        answer(&f, (uint64_t)i, 32);
    bns_loop_turn(f.loop, 0);
    bns_loop_turn(f.loop, 0);
    bns_loop_turn(f.loop, 0);
    bns_loop_turn(f.loop, 0);
    assert_told(&f, "129 ");
    clear(&f);
}

static void
assert_lost(Fixture *f)
{
    assert_told(f, "lost lost ");
    g_assert_cmpuint(f->n_lost, ==, 1);
    g_assert_null(send_record(f));
    g_assert_false(bns_post_record_now(f->post, &record));
    g_assert_false(bns_post_note(f->post, &record));
    bns_loop_turn(f->loop, 0);
    assert_told(f, "lost lost ");
    g_assert_cmpuint(f->n_lost, ==, 1);
}

static void
test_gone(void)
{
    Fixture f;

    init(&f);
    send_record(&f);
    send_record(&f);
    bns_fd_clear(&f.pair[0]);
    bns_loop_turn(f.loop, 0);
    assert_lost(&f);
    clear(&f);
}

static void
test_gone_now(void)
{
    Fixture f;

    init(&f);
    send_record(&f);
    send_record(&f);
    shutdown(f.pair[0], SHUT_WR);
    g_assert_false(bns_post_record_now(f.post, &record));
    bns_loop_turn(f.loop, 0);
    assert_lost(&f);
    clear(&f);
}

static void
test_gone_unnoticed(void)
{
    Fixture f;

    init(&f);
    bns_fd_clear(&f.pair[0]);
    bns_loop_turn(f.loop, 0);
    g_assert_cmpuint(f.n_lost, ==, 0);
    g_assert_null(send_record(&f));
    clear(&f);
}

static void
test_late(void)
{
    Fixture f;

    init(&f);
    send_record(&f);
    offset_us += BNS_CLIENT_TIMEOUT_S * G_USEC_PER_SEC / 2;
    answer(&f, 1, 1);
    bns_loop_turn(f.loop, 0);
    assert_told(&f, "1 ");
    g_string_truncate(f.told, 0);
    send_record(&f);
    send_record(&f);
    offset_us += BNS_CLIENT_TIMEOUT_S * G_USEC_PER_SEC / 2;
    bns_loop_turn(f.loop, 0);
    assert_told(&f, "");
    offset_us += (BNS_CLIENT_TIMEOUT_S / 2 + 1) * G_USEC_PER_SEC;
    bns_loop_turn(f.loop, 0);
    assert_lost(&f);
    clear(&f);
}

/* The loop was late, not the recorder. */
static void
test_late_loop(void)
{
    Fixture f;

    init(&f);
    send_record(&f);
    answer(&f, 1, 1);
    offset_us += 2 * BNS_CLIENT_TIMEOUT_S * G_USEC_PER_SEC;
    bns_loop_turn(f.loop, 0);
    assert_told(&f, "1 ");
    g_assert_cmpuint(f.n_lost, ==, 0);
    clear(&f);
}

static void
test_nonsense(void)
{
    static const struct {
        const char *bytes;
        size_t len;
    } cases[] = {
        { "W", 1 },
        { "\1\0\0\0\0\0\0\0X", 9 },
        { "\1\0\0\0\0\0\0\0W\2\0\0\0\0\0\0\0W\3\0\0\0\0\0\0\0W", 27 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Fixture f;

        init(&f);
        send_record(&f);
        send_record(&f);
        g_assert_cmpint(bns_fd_send(f.pair[0], cases[i].bytes, cases[i].len, -1), ==,
                        0);
        bns_loop_turn(f.loop, 0);
        assert_lost(&f);
        clear(&f);
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    bns_test_add("/audit/post/answers-that-come-together", test_together);
    bns_test_add("/audit/post/all-keep-their-order", test_order);
    bns_test_add("/audit/post/a-turn-goes-together", test_turn);
    bns_test_add("/audit/post/a-note-waits-for-company", test_note_waits);
    bns_test_add("/audit/post/much-in-one-turn", test_much);
    bns_test_add("/audit/post/a-note-that-is-lost", test_note_is_lost);
    bns_test_add("/audit/post/who-has-cancelled-is-not-told", test_cancelled);
    bns_test_add("/audit/post/so-many-wait-and-no-more", test_bound);
    bns_test_add("/audit/post/a-recorder-that-dies", test_gone);
    bns_test_add("/audit/post/a-recorder-that-dies-while-we-stand-still",
                 test_gone_now);
    bns_test_add("/audit/post/a-recorder-that-dies-while-nobody-waits",
                 test_gone_unnoticed);
    bns_test_add("/audit/post/a-recorder-that-falls-silent", test_late);
    bns_test_add("/audit/post/a-loop-that-comes-late", test_late_loop);
    bns_test_add("/audit/post/nonsense-is-no-answer", test_nonsense);
    return g_test_run();
}
