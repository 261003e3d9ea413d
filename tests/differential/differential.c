/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What we take, no other reader may read otherwise: requests and responses as they come
 * in, and what we send on of them, against readers that are in use (peers/).
 *
 * Longer runs, with readers that a test machine need not have: tests/differential/run.
 */
#include "base/text.h"
#include "tests/differential/corpus.h"
#include "tests/differential/reading.h"
#include "tests/support/test.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* More tell nothing new. */
#define SHOWN_MAX 12
/* A driver that cannot run here says why and ends so. */
#define STATUS_SKIP 77

typedef struct {
    GString *bytes; /* owned */
    bool is_head;   /* responses: to HEAD */
    Reading reading;
} Input;

typedef enum {
    REQUESTS,
    RESPONSES,
    N_KINDS,
} Kind;

static const char *const kind_names[] = {
    [REQUESTS] = "requests", [RESPONSES] = "responses"
};
G_STATIC_ASSERT(G_N_ELEMENTS(kind_names) == N_KINDS);

typedef struct {
    const char *name;
    const char *program;
    const char *before; /* nullable; a word before the driver */
    const char *driver; /* below peers/ */
    const char *behind; /* nullable */
    bool kinds[N_KINDS];
    bool is_extra; /* only with BNS_DIFFERENTIAL_EXTRA */
} Peer;

static const Peer peers[] = {
    { "node", "node", NULL, "node.js", "strict", { true, true } },
    { "node-lenient", "node", NULL, "node.js", "lenient", { true, true } },
    { "python-http", "python3", NULL, "http_peer.py", NULL, { true, true } },
    { "h11", "python3", NULL, "h11_peer.py", NULL, { true, true } },
    { "go", "go", "run", "go_peer.go", NULL, { true, true }, true },
    { "nginx", "python3", NULL, "nginx_peer.py", NULL, { [REQUESTS] = true }, true },
    { "curl", "python3", NULL, "curl_peer.py", NULL, { [RESPONSES] = true } },
};

/* One test. */
typedef struct {
    const Peer *peer;
    Kind kind;
    bool is_sent; /* what we send on, else what comes in */
} Case;

static GPtrArray
    *inputs[N_KINDS]; /* owned, of owned Input; made when they are needed */

/* --- inputs --- */

static guint
number_from(const char *variable, guint otherwise)
{
    const char *text = g_getenv(variable);

    return text == NULL ? otherwise : (guint)strtoul(text, NULL, 10);
}

static Input *
input_new(Corpus *corpus, Kind kind)
{
    Input *input = g_new0(Input, 1);
    const GString *made =
        kind == REQUESTS ? corpus_request(corpus) : corpus_response(corpus);

    input->bytes = g_string_new_len(made->str, (gssize)made->len);
    if (kind == REQUESTS) {
        reading_of_requests(&input->reading, made->str, made->len);
        return input;
    }
    input->is_head = corpus_below(corpus, 8) == 0;
    reading_of_response(&input->reading, made->str, made->len, input->is_head);
    return input;
}

static void
input_free(void *data)
{
    Input *input = data;

    g_string_free(input->bytes, TRUE);
    reading_clear(&input->reading);
    g_free(input);
}

static const GPtrArray *
inputs_of(Kind kind)
{
    guint n = number_from("BNS_DIFFERENTIAL_INPUTS", 2000);
    Corpus corpus;

    if (inputs[kind] != NULL)
        return inputs[kind];
    inputs[kind] = g_ptr_array_new_with_free_func(input_free);
    corpus_init(&corpus, number_from("BNS_DIFFERENTIAL_SEED", 1));
    for (guint i = 0; i < n; i++)
        g_ptr_array_add(inputs[kind], input_new(&corpus, kind));
    corpus_clear(&corpus);
    return inputs[kind];
}

static const GString *
bytes_of(const Case *test, const Input *input)
{
    return test->is_sent ? input->reading.sent : input->bytes;
}

static const char *
line_of(const Case *test, const Input *input)
{
    return test->is_sent ? input->reading.meant : input->reading.line;
}

/* Where we take nothing, nothing can differ. */
static bool
is_asked(const Input *input)
{
    return input->reading.n_whole > 0;
}

/* --- the peer --- */

static void
write_inputs(const Case *test, const char *path)
{
    const GPtrArray *all = inputs_of(test->kind);
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < all->len; i++) {
        const Input *input = all->pdata[i];
        const GString *bytes = bytes_of(test, input);

        if (!is_asked(input))
            continue;
        if (test->kind == RESPONSES)
            g_string_append(text, input->is_head ? "HEAD " : "GET ");
        for (gsize k = 0; k < bytes->len; k++)
            g_string_append_printf(text, "%02x", (unsigned)(guchar)bytes->str[k]);
        g_string_append_c(text, '\n');
    }
    g_file_set_contents(path, text->str, (gssize)text->len, &error);
    g_assert_no_error(error);
}

static GStrv
argv_of(const Case *test, const char *file)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    g_autofree char *driver =
        g_build_filename(g_getenv("BNS_PEERS"), test->peer->driver, NULL);

    g_strv_builder_add(builder, test->peer->program);
    if (test->peer->before != NULL)
        g_strv_builder_add(builder, test->peer->before);
    g_strv_builder_add(builder, driver);
    if (test->peer->behind != NULL)
        g_strv_builder_add(builder, test->peer->behind);
    g_strv_builder_add_many(builder, kind_names[test->kind], file, NULL);
    return g_strv_builder_end(builder);
}

/* Returns: (transfer full): a line per input that was asked, or NULL: skipped. */
static GStrv
ask_peer(const Case *test)
{
    g_autofree char *file = g_strdup("differential-XXXXXX");
    g_autofree char *out = NULL, *err = NULL;
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) argv = NULL;
    int fd = g_mkstemp(file), status = 0;

    g_assert_true(fd >= 0 && g_close(fd, NULL));
    write_inputs(test, file);
    argv = argv_of(test, file);
    g_spawn_sync(NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out, &err, &status,
                 &error);
    g_unlink(file);
    if (g_error_matches(error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT)) {
        g_autofree char *why =
            g_strdup_printf("%s is not installed", test->peer->program);

        bns_test_skip(why);
        return NULL;
    }
    g_assert_no_error(error);
    if (WIFEXITED(status) && WEXITSTATUS(status) == STATUS_SKIP) {
        bns_test_skip(g_strchomp(err));
        return NULL;
    }
    if (status != 0)
        g_error("%s ended with %#x: %s", test->peer->name, (unsigned)status, err);
    return g_strsplit(g_strchomp(out), "\n", 0);
}

/* --- comparison --- */

typedef struct {
    unsigned n_asked;
    unsigned n_theirs; /* of which they take something too */
    unsigned n_differ;
} Score;

static void
show(const Case *test, const Input *input, const char *theirs, const char *why)
{
    const GString *bytes = bytes_of(test, input);
    g_autofree char *text = bns_text_escape(bytes->str, (gssize)bytes->len);

    g_test_message("%s: %s\n  ours:   %s\n  theirs: %s", why, text,
                   line_of(test, input), theirs);
}

static Score
compare(const Case *test, char **lines)
{
    const GPtrArray *all = inputs_of(test->kind);
    Score score = { 0 };

    for (guint i = 0; i < all->len; i++) {
        const Input *input = all->pdata[i];
        const char *theirs, *why;

        if (!is_asked(input))
            continue;
        theirs = lines[score.n_asked++];
        if (theirs == NULL)
            g_error("%s read less than it was given", test->peer->name);
        score.n_theirs += strchr(theirs, '|') != NULL;
        why = reading_differs(line_of(test, input), theirs);
        if (why != NULL && score.n_differ++ < SHOWN_MAX)
            show(test, input, theirs, why);
    }
    return score;
}

static void
test_peer(gconstpointer data)
{
    const Case *test = data;
    g_auto(GStrv) lines = ask_peer(test);
    Score score;

    if (lines == NULL)
        return;
    score = compare(test, lines);
    g_test_message("%u inputs, %u of them taken by us, %u of these by %s too",
                   inputs_of(test->kind)->len, score.n_asked, score.n_theirs,
                   test->peer->name);
    if (score.n_differ > 0)
        g_test_fail_printf("%u inputs are read in two ways", score.n_differ);
    /* Two readers that refuse everything agree, and show nothing. */
    g_assert_cmpuint(score.n_asked, >, inputs_of(test->kind)->len / 5);
    g_assert_cmpuint(score.n_theirs, >, score.n_asked / 2);
}

static void
add_case(const Peer *peer, Kind kind, bool is_sent)
{
    static Case cases[G_N_ELEMENTS(peers) * N_KINDS * 2];
    static size_t n_cases = 0;
    Case *test = &cases[n_cases++];
    g_autofree char *path = g_strdup_printf(
        "/differential/%s%s/%s", is_sent ? "sent-" : "", kind_names[kind], peer->name);

    *test = (Case){ peer, kind, is_sent };
    bns_test_add_data(path, test, test_peer);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 600);
    for (size_t i = 0; i < G_N_ELEMENTS(peers); i++)
        for (Kind kind = 0; kind < N_KINDS; kind++) {
            if (!peers[i].kinds[kind] ||
                (peers[i].is_extra && g_getenv("BNS_DIFFERENTIAL_EXTRA") == NULL))
                continue;
            add_case(&peers[i], kind, false);
            add_case(&peers[i], kind, true);
        }
    return g_test_run();
}
