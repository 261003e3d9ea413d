/* SPDX-License-Identifier: Apache-2.0 */
/* Questions and what is known of their answers: the test plays the resolver and holds the
 * clock. */
#include "netstack/gateway/lookup.h"

#include "base/fd.h"
#include "netstack/gateway/resolver_lifetime.h"
#include "tests/support/test.h"

#include <netdb.h>
#include <string.h>
#include <sys/socket.h>

static gint64 clock_us = 1;

/* In place of GLib's: the loop reads this clock. */
gint64
g_get_monotonic_time(void)
{
    return clock_us;
}

typedef struct {
    BnsLoop *loop;
    BnsLookups *lookups;
    int pair[2]; /* [0] is the resolver's */
    bool is_lost;
} Fixture;

/* Somebody who waits. */
typedef struct {
    Fixture *fixture;
    BnsLookup *lookup;
    unsigned n_answers;
    BnsResolverAnswer answer;
    const char *forgets; /* a name, when he is told */
    bool asks_again;
} Waiter;

static void
on_lost(void *data)
{
    ((Fixture *)data)->is_lost = true;
}

static void
fixture_init(Fixture *f)
{
    *f = (Fixture){ .loop = bns_loop_new() };
    g_assert_cmpint(bns_fd_pair(f->pair), ==, 0);
    bns_fd_set_nonblocking(f->pair[0], true);
    bns_fd_set_nonblocking(f->pair[1], true);
    f->lookups = bns_lookups_new(f->loop, f->pair[1], on_lost, f);
}

static void
fixture_clear(Fixture *f)
{
    bns_lookups_free(f->lookups);
    bns_loop_turn(f->loop, 0);
    bns_loop_free(f->loop);
    bns_fd_clear(&f->pair[0]);
    bns_fd_clear(&f->pair[1]);
}

static void
advance_ms(Fixture *f, int64_t ms)
{
    clock_us += ms * 1000;
    bns_loop_turn(f->loop, 0);
}

static void on_answer(const BnsResolverAnswer *answer, void *data);

static void
wait_for(Fixture *f, Waiter *waiter, const char *name)
{
    waiter->fixture = f;
    waiter->lookup = bns_lookup_start(f->lookups, name, on_answer, waiter);
}

static void
on_answer(const BnsResolverAnswer *answer, void *data)
{
    Waiter *waiter = data;

    waiter->lookup = NULL;
    waiter->answer = *answer;
    waiter->n_answers++;
    if (waiter->forgets != NULL)
        bns_lookups_forget(waiter->fixture->lookups, waiter->forgets);
    if (waiter->asks_again) {
        waiter->asks_again = false;
        wait_for(waiter->fixture, waiter, "a.test");
    }
}

/* Returns: the question's id. */
static uint64_t
expect_question(Fixture *f, const char *name)
{
    BnsResolverQuestion question;

    bns_loop_turn(f->loop, 0);
    g_assert_cmpint(bns_resolver_receive_question(f->pair[0], &question), ==, 1);
    g_assert_cmpstr(question.name, ==, name);
    return question.id;
}

static void
expect_no_question(Fixture *f)
{
    BnsResolverQuestion question;

    bns_loop_turn(f->loop, 0);
    g_assert_cmpint(bns_resolver_receive_question(f->pair[0], &question), <, 0);
}

static void
say(Fixture *f, const BnsResolverAnswer *answer)
{
    g_assert_cmpint(bns_resolver_answer(f->pair[0], answer), ==, 0);
    bns_loop_turn(f->loop, 0);
}

/* 192.0.2.@last, or an error. */
static void
say_answer(Fixture *f, uint64_t id, int error, uint8_t last, uint32_t lifetime_ms)
{
    BnsResolverAnswer answer = { .id = id, .error = error, .lifetime_ms = lifetime_ms };

    if (error == 0) {
        answer.n_addresses = 1;
        answer.addresses[0] =
            (BnsResolverAddress){ .family = AF_INET, .bytes = { 192, 0, 2, last } };
    }
    say(f, &answer);
}

static void
say_lifetime(Fixture *f, uint64_t id, uint32_t lifetime_ms)
{
    const BnsResolverAnswer lifetime = { .id = id,
                                         .kind = BNS_RESOLVER_LIFETIME,
                                         .lifetime_ms = lifetime_ms };

    say(f, &lifetime);
}

static bool
is_known(Fixture *f, const char *name)
{
    return bns_lookups_known(f->lookups, name) != NULL;
}

/* --- tests --- */

static void
test_merged(void)
{
    Fixture f;
    Waiter waiters[3] = { 0 };
    uint64_t id;

    fixture_init(&f);
    for (int i = 0; i < 3; i++)
        wait_for(&f, &waiters[i], "a.test");
    id = expect_question(&f, "a.test");
    expect_no_question(&f);
    bns_lookup_cancel(g_steal_pointer(&waiters[1].lookup));
    say_answer(&f, id, 0, 7, 1000);
    g_assert_cmpuint(waiters[0].n_answers, ==, 1);
    g_assert_cmpuint(waiters[1].n_answers, ==, 0);
    g_assert_cmpuint(waiters[2].n_answers, ==, 1);
    g_assert_cmpuint(waiters[2].answer.addresses[0].bytes[3], ==, 7);
    fixture_clear(&f);
}

/* Nobody waits any more: the answer is known to the next all the same. */
static void
test_cancelled(void)
{
    Fixture f;
    Waiter waiter = { 0 };

    fixture_init(&f);
    wait_for(&f, &waiter, "a.test");
    bns_lookup_cancel(waiter.lookup);
    say_answer(&f, expect_question(&f, "a.test"), 0, 1, 1000);
    g_assert_true(is_known(&f, "a.test"));
    fixture_clear(&f);
}

static void
test_lifetime(void)
{
    Fixture f;
    Waiter waiter = { 0 };
    uint64_t id;

    fixture_init(&f);
    wait_for(&f, &waiter, "a.test");
    id = expect_question(&f, "a.test");
    g_assert_false(is_known(&f, "a.test"));
    say_answer(&f, id, 0, 1, 1000);
    advance_ms(&f, 999);
    g_assert_true(is_known(&f, "a.test"));
    g_assert_false(is_known(&f, "b.test"));
    /* longer than was thought, from now on */
    say_lifetime(&f, id, 5000);
    advance_ms(&f, 4999);
    g_assert_true(is_known(&f, "a.test"));
    advance_ms(&f, 1);
    g_assert_false(is_known(&f, "a.test"));
    wait_for(&f, &waiter, "a.test");
    id = expect_question(&f, "a.test");
    say_answer(&f, id, 0, 2, 1000);
    /* shorter: not at all */
    say_lifetime(&f, id, 0);
    g_assert_false(is_known(&f, "a.test"));
    fixture_clear(&f);
}

/* Whatever the resolver says. */
static void
test_at_most(void)
{
    Fixture f;
    Waiter waiter = { 0 };

    fixture_init(&f);
    wait_for(&f, &waiter, "a.test");
    say_answer(&f, expect_question(&f, "a.test"), 0, 1, UINT32_MAX);
    advance_ms(&f, BNS_RESOLVER_LIFETIME_MAX_MS - 1);
    g_assert_true(is_known(&f, "a.test"));
    advance_ms(&f, 1);
    g_assert_false(is_known(&f, "a.test"));
    fixture_clear(&f);
}

static void
test_negative(void)
{
    Fixture f;
    Waiter waiter = { 0 };

    fixture_init(&f);
    wait_for(&f, &waiter, "a.test");
    say_answer(&f, expect_question(&f, "a.test"), EAI_NONAME, 0, 500);
    g_assert_cmpint(waiter.answer.error, ==, EAI_NONAME);
    g_assert_cmpint(bns_lookups_known(f.lookups, "a.test")->error, ==, EAI_NONAME);
    advance_ms(&f, 500);
    g_assert_false(is_known(&f, "a.test"));
    fixture_clear(&f);
}

static void
test_forgotten(void)
{
    Fixture f;
    Waiter waiter = { 0 };
    uint64_t id;

    fixture_init(&f);
    wait_for(&f, &waiter, "a.test");
    id = expect_question(&f, "a.test");
    /* not while it is asked */
    bns_lookups_forget(f.lookups, "a.test");
    say_answer(&f, id, 0, 1, 1000);
    g_assert_cmpuint(waiter.n_answers, ==, 1);
    bns_lookups_forget(f.lookups, "a.test");
    bns_lookups_forget(f.lookups, "a.test");
    g_assert_false(is_known(&f, "a.test"));
    /* what still comes of it is nobody's */
    say_lifetime(&f, id, 1000);
    g_assert_false(is_known(&f, "a.test"));
    fixture_clear(&f);
}

/* A callback may forget the name, ask for it again, and all are told. */
static void
test_reentrant(void)
{
    Fixture f;
    Waiter waiters[3] = { { .forgets = "a.test" }, { .asks_again = true }, { 0 } };
    uint64_t id;

    fixture_init(&f);
    for (int i = 0; i < 3; i++)
        wait_for(&f, &waiters[i], "a.test");
    say_answer(&f, expect_question(&f, "a.test"), 0, 1, 1000);
    g_assert_cmpuint(waiters[0].n_answers, ==, 1);
    g_assert_cmpuint(waiters[1].n_answers, ==, 2);
    g_assert_cmpuint(waiters[2].n_answers, ==, 1);
    /* the last one who is told: asked anew */
    waiters[0] = (Waiter){ .forgets = "a.test", .asks_again = true };
    bns_lookups_forget(f.lookups, "a.test");
    wait_for(&f, &waiters[0], "a.test");
    say_answer(&f, expect_question(&f, "a.test"), 0, 1, 1000);
    g_assert_cmpuint(waiters[0].n_answers, ==, 1);
    id = expect_question(&f, "a.test");
    say_answer(&f, id, 0, 2, 1000);
    g_assert_cmpuint(waiters[0].n_answers, ==, 2);
    fixture_clear(&f);
}

/* Answers to nobody, twice, and lifetimes before their answer change nothing. */
static void
test_strange_messages(void)
{
    Fixture f;
    Waiter waiter = { 0 };
    uint64_t id;

    fixture_init(&f);
    say_answer(&f, 99, 0, 1, 1000);
    say_lifetime(&f, 99, 1000);
    wait_for(&f, &waiter, "a.test");
    id = expect_question(&f, "a.test");
    say_lifetime(&f, id, 1000);
    g_assert_false(is_known(&f, "a.test"));
    say_answer(&f, id, 0, 1, 1000);
    say_answer(&f, id, 0, 2, 1000);
    g_assert_cmpuint(waiter.n_answers, ==, 1);
    g_assert_cmpuint(bns_lookups_known(f.lookups, "a.test")->addresses[0].bytes[3], ==,
                     1);
    g_assert_false(f.is_lost);
    bns_fd_clear(&f.pair[0]);
    bns_loop_turn(f.loop, 0);
    g_assert_true(f.is_lost);
    fixture_clear(&f);
}

static void
test_bounded(void)
{
    Fixture f;
    Waiter waiter = { 0 };

    fixture_init(&f);
    for (int i = 0; i <= BNS_LOOKUP_NAMES_MAX; i++) {
        g_autofree char *name = g_strdup_printf("n%d.test", i);

        wait_for(&f, &waiter, name);
        say_answer(&f, expect_question(&f, name), 0, 1, 60000);
    }
    g_assert_false(is_known(&f, "n0.test"));
    g_assert_true(is_known(&f, "n1.test"));
    fixture_clear(&f);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 30);
    bns_test_add("/gateway/lookup/asked-once-for-all", test_merged);
    bns_test_add("/gateway/lookup/cancelled-is-known-later", test_cancelled);
    bns_test_add("/gateway/lookup/lifetime-counts", test_lifetime);
    bns_test_add("/gateway/lookup/a-minute-at-most", test_at_most);
    bns_test_add("/gateway/lookup/no-such-name-is-known", test_negative);
    bns_test_add("/gateway/lookup/forgotten-is-asked-again", test_forgotten);
    bns_test_add("/gateway/lookup/callbacks-may-do-anything", test_reentrant);
    bns_test_add("/gateway/lookup/strange-messages", test_strange_messages);
    bns_test_add("/gateway/lookup/oldest-make-room", test_bounded);
    return g_test_run();
}
