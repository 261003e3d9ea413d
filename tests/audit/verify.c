/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/viewer.h"

#include "audit/chain.h"
#include "audit/json.h"
#include "tests/audit/sample.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    char *dir;
    char *path; /* of a file with one whole session of five records */
    char *bytes;
    gsize len;
} Fixture;

static void
set_up(Fixture *f)
{
    BnsAuditFile *file;

    f->dir = sample_dir();
    f->path = g_build_filename(f->dir, "audit.jsonl", NULL);
    file = sample_open(f->path);
    sample_session(file, 3, true);
    bns_audit_file_free(file);
    f->bytes = sample_read(f->path, &f->len);
}

static void
tear_down(Fixture *f)
{
    g_free(f->path);
    g_free(f->bytes);
    sample_remove(f->dir);
}

/* The @n-th line from 0 in f->bytes, and its length with the newline. */
static char *
line_at(Fixture *f, unsigned n, gsize *out_len)
{
    char *line = f->bytes;

    for (; n > 0; n--)
        line = strchr(line, '\n') + 1;
    *out_len = (gsize)(strchr(line, '\n') + 1 - line);
    return line;
}

static void
assert_verify(const Fixture *f, int status, const char *text)
{
    g_autofree char *printed = sample_verify(f->path, status);

    g_assert_cmpstr(printed, ==, text);
}

static void
test_whole(void)
{
    Fixture f;

    set_up(&f);
    assert_verify(&f, 0, "ok 5 records\n");
    tear_down(&f);
}

/* By the definition in boundary.1, with another SHA-256 than the writer's calls. */
static void
test_hash_is_as_documented(void)
{
    Fixture f;
    g_autofree char *prev = g_strnfill(64, '0');

    set_up(&f);
    for (unsigned n = 0; n < 5; n++) {
        gsize len;
        const char *line = line_at(&f, n, &len);
        const char *hash = g_strstr_len(line, (gssize)len, ",\"hash\"");
        g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
        g_autofree char *end = NULL;

        g_checksum_update(sum, (const guchar *)line, hash - line);
        end = g_strdup_printf(",\"prev\":\"%s\",\"hash\":\"%s\"}\n", prev,
                              g_checksum_get_string(sum));
        g_assert_cmpmem(line + len - strlen(end), strlen(end), end, strlen(end));
        g_free(prev);
        prev = g_strdup(g_checksum_get_string(sum));
    }
    tear_down(&f);
}

static void
test_flips(void)
{
    Fixture f;

    set_up(&f);
    for (gsize i = 0; i < f.len; i++) {
        static const char masks[] = { 0x01, 0x20, (char)0x80 };

        for (size_t m = 0; m < sizeof(masks); m++) {
            g_autofree char *copy = g_memdup2(f.bytes, f.len);
            g_autofree char *printed = NULL;

            copy[i] ^= masks[m];
            sample_write(f.path, copy, f.len);
            printed = sample_verify(f.path, 1);
            g_assert_true(g_str_has_prefix(printed, "broken at seq "));
        }
    }
    tear_down(&f);
}

static void
test_says_which_line(void)
{
    Fixture f;
    gsize len;
    char *line;

    set_up(&f);
    line = line_at(&f, 2, &len);
    line[len / 2] ^= 1;
    sample_write(f.path, f.bytes, f.len);
    assert_verify(&f, 1, "broken at seq 3: the line is not what its hash says\n");
    tear_down(&f);
}

static void
test_line_removed(void)
{
    Fixture f;
    gsize len;
    char *line;

    set_up(&f);
    line = line_at(&f, 1, &len);
    memmove(line, line + len, (gsize)(f.bytes + f.len - (line + len)));
    sample_write(f.path, f.bytes, f.len - len);
    assert_verify(&f, 1, "broken at seq 2: the line says seq 3\n");
    tear_down(&f);
}

static void
test_line_twice(void)
{
    Fixture f;
    gsize len;
    g_autoptr(GString) bytes = NULL;
    const char *line;

    set_up(&f);
    line = line_at(&f, 4, &len);
    bytes = g_string_new_len(f.bytes, (gssize)f.len);
    g_string_append_len(bytes, line, (gssize)len);
    sample_write(f.path, bytes->str, bytes->len);
    assert_verify(&f, 1, "broken at seq 6: the line says seq 5\n");
    tear_down(&f);
}

/* A line with a right hash and number, but not chained to the one before. */
static void
test_line_replaced(void)
{
    Fixture f;
    g_autoptr(GString) bytes = NULL;
    g_autoptr(GString) forged = g_string_new(NULL);
    char hash[BNS_CHAIN_HASH_LEN + 1];
    gsize len;
    const char *line;

    set_up(&f);
    line = line_at(&f, 3, &len);
    bytes = g_string_new_len(f.bytes, line - f.bytes);
    bns_json_begin(forged, 4, 0, "x", BNS_EVENT_HTTP_REQUEST);
    bns_chain_seal(forged, BNS_CHAIN_FIRST, hash);
    g_string_append(bytes, forged->str);
    sample_write(f.path, bytes->str, bytes->len);
    assert_verify(&f, 1, "broken at seq 4: it does not follow the line before\n");
    tear_down(&f);
}

static void
test_beginning_removed(void)
{
    Fixture f;
    gsize len;
    const char *line;

    set_up(&f);
    line = line_at(&f, 1, &len);
    sample_write(f.path, line, (gsize)(f.bytes + f.len - line));
    assert_verify(&f, 1, "broken at seq 1: the line says seq 2\n");
    tear_down(&f);
}

static void
test_unfinished(void)
{
    Fixture f;
    gsize len;
    const char *line;

    set_up(&f);
    line = line_at(&f, 4, &len);
    sample_write(f.path, f.bytes, (gsize)(line - f.bytes));
    assert_verify(&f, 0, "ok, unfinished\n");
    sample_write(f.path, "", 0);
    assert_verify(&f, 0, "ok, unfinished\n");
    tear_down(&f);
}

static void
test_torn(void)
{
    Fixture f;
    gsize len;
    const char *line;

    set_up(&f);
    line = line_at(&f, 4, &len);
    for (gsize kept = 1; kept < len; kept++) {
        sample_write(f.path, f.bytes, (gsize)(line - f.bytes) + kept);
        assert_verify(&f, 1, "broken at seq 5: the line has no end\n");
    }
    tear_down(&f);
}

static void
test_several_sessions(void)
{
    Fixture f;
    BnsAuditFile *file;

    set_up(&f);
    file = sample_open(f.path);
    sample_session(file, 1, false);
    bns_audit_file_free(file);
    assert_verify(&f, 0, "ok, unfinished\n");
    /* The end of the last session counts; one before it may have been killed. */
    file = sample_open(f.path);
    sample_session(file, 2, true);
    bns_audit_file_free(file);
    assert_verify(&f, 0, "ok 11 records\n");
    tear_down(&f);
}

static void
test_long_lines(void)
{
    Fixture f;
    g_autofree char *line = g_strnfill(3 * BNS_JSON_LINE_MAX, 'x');

    set_up(&f);
    sample_write(f.path, line, 3 * BNS_JSON_LINE_MAX);
    assert_verify(&f, 1, "broken at seq 1: the line is too long for a record\n");
    sample_write(f.path, "\n", 1);
    assert_verify(&f, 1, "broken at seq 1: the line is not a record\n");
    tear_down(&f);
}

/* Ten thousand lines cross every border of the buffer. */
static void
test_many_lines(void)
{
    Fixture f;
    BnsAuditFile *file;

    set_up(&f);
    file = sample_open(f.path);
    sample_session(file, 10000, true);
    bns_audit_file_free(file);
    assert_verify(&f, 0, "ok 10007 records\n");
    tear_down(&f);
}

static void
test_unreadable(void)
{
    Fixture f;
    g_autoptr(GError) error = NULL;
    g_autofree char *missing = NULL;

    set_up(&f);
    missing = g_build_filename(f.dir, "miss\x1bing", NULL);
    g_assert_cmpint(bns_viewer_verify(missing, stdout, &error), ==, 2);
    g_assert_error(error, BNS_AUDIT_ERROR, BNS_AUDIT_ERROR_OPEN);
    g_assert_nonnull(strstr(error->message, "miss\\x1bing"));
    g_clear_error(&error);
    g_assert_cmpint(bns_viewer_verify(f.dir, stdout, &error), ==, 2);
    g_assert_error(error, BNS_AUDIT_ERROR, BNS_AUDIT_ERROR_OPEN);
    tear_down(&f);
}

/* A member that looks like the end of a line, in a text that the command chose. */
static void
test_hash_in_a_text(void)
{
    g_autoptr(GString) line = g_string_new(NULL);
    char hash[BNS_CHAIN_HASH_LEN + 1];
    BnsLink link;

    bns_json_begin(line, 1, 0, "s", BNS_EVENT_HTTP_REQUEST);
    bns_json_append_text(line, "path", "/,\"prev\":\"0\",\"hash\":\"0\"}");
    bns_chain_seal(line, BNS_CHAIN_FIRST, hash);
    g_assert_null(bns_chain_check(line->str, line->len - 1, &link));
    g_assert_cmpstr(link.hash, ==, hash);
    g_assert_cmpstr(link.prev, ==, BNS_CHAIN_FIRST);
}

/* Lines with a right hash that say the wrong thing. */
static void
test_sealed_nonsense(void)
{
    static const struct {
        const char *begin, *prev, *why;
    } cases[] = {
        { "{\"v\":2,\"seq\":1", BNS_CHAIN_FIRST,
          "the record has a version that this program does not know" },
        { "{\"v\":1", BNS_CHAIN_FIRST, "the line is not a record" },
        { "{\"seq\":1", BNS_CHAIN_FIRST, "the line is not a record" },
        { "{\"v\":1,\"seq\":\"1\"", BNS_CHAIN_FIRST, "the line is not a record" },
        { "{\"v\":1,\"seq\":1", "", "the record has no hash of the one before" },
        { "{\"v\":1,\"seq\":1", "x", "the record has no hash of the one before" },
        { "x", BNS_CHAIN_FIRST, "the line is not a record" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GString) line = g_string_new(cases[i].begin);
        char hash[BNS_CHAIN_HASH_LEN + 1];
        BnsLink link;

        bns_chain_seal(line, cases[i].prev, hash);
        g_assert_cmpstr(bns_chain_check(line->str, line->len - 1, &link), ==,
                        cases[i].why);
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    bns_test_add("/audit/verify/a-whole-file-is-ok", test_whole);
    bns_test_add("/audit/verify/the-hash-is-as-documented", test_hash_is_as_documented);
    bns_test_add("/audit/verify/every-flipped-bit-is-found", test_flips);
    bns_test_add("/audit/verify/the-first-wrong-line-is-named", test_says_which_line);
    bns_test_add("/audit/verify/a-removed-line-is-found", test_line_removed);
    bns_test_add("/audit/verify/a-line-twice-is-found", test_line_twice);
    bns_test_add("/audit/verify/a-replaced-line-is-found", test_line_replaced);
    bns_test_add("/audit/verify/a-removed-beginning-is-found", test_beginning_removed);
    bns_test_add("/audit/verify/without-session-end-is-unfinished", test_unfinished);
    bns_test_add("/audit/verify/a-torn-last-line-is-broken", test_torn);
    bns_test_add("/audit/verify/several-sessions-are-one-chain", test_several_sessions);
    bns_test_add("/audit/verify/a-line-has-a-limit", test_long_lines);
    bns_test_add("/audit/verify/many-lines-are-read-in-pieces", test_many_lines);
    bns_test_add("/audit/verify/what-cannot-be-read-is-an-error", test_unreadable);
    bns_test_add("/audit/chain/a-hash-inside-a-text-is-text", test_hash_in_a_text);
    bns_test_add("/audit/chain/a-right-hash-alone-is-no-record", test_sealed_nonsense);
    return g_test_run();
}
