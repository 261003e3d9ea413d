/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/writer.h"

#include "audit/json_read.h"
#include "tests/audit/sample.h"
#include "tests/support/test.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const BnsRecord request = { .event = BNS_EVENT_HTTP_REQUEST,
                                   .decision = BNS_DECIDED_ALLOW,
                                   .host = "github.com" };

static void
test_session(void)
{
    char *dir = sample_dir();
    g_autofree char *path = g_build_filename(dir, "audit.jsonl", NULL);
    g_autoptr(BnsAuditFile) file = sample_open(path);
    g_autofree char *bytes = NULL;
    g_auto(GStrv) lines = NULL;
    gsize len;

    sample_session(file, 1, true);
    bytes = sample_read(path, &len);
    lines = g_strsplit(bytes, "\n", -1);
    g_assert_cmpuint(g_strv_length(lines), ==, 4);
    for (unsigned i = 0; i < 3; i++) {
        g_autoptr(BnsJson) json = bns_json_parse(lines[i], strlen(lines[i]));
        uint64_t seq;

        g_assert_nonnull(json);
        g_assert_cmpstr(bns_json_text(json, "session"), ==, file->session);
        g_assert_true(bns_json_number(json, "seq", &seq));
        g_assert_cmpuint(seq, ==, i + 1);
    }
    g_assert_nonnull(strstr(lines[0],
                            ",\"event\":\"session.start\",\"version\":\"" BNS_VERSION
                            "\",\"command\":[\"curl\",\"-v\",\"https://github.com/\"],"
                            "\"policy_digest\":\"sha256:0\",\"mode\":\"enforce\","
                            "\"layers\":[\"/home/u/policy.yaml\"],\"prev\":\"000"));
    g_assert_nonnull(
        strstr(lines[2], ",\"event\":\"session.end\",\"exit\":\"0\",\"allowed\":\"1\","
                         "\"denied\":\"0\",\"would_deny\":\"0\",\"prev\":"));
    sample_remove(dir);
}

static void
test_masks(void)
{
    char *dir = sample_dir();
    g_autofree char *path = g_build_filename(dir, "audit.jsonl", NULL);
    g_autoptr(BnsAuditFile) file = sample_open(path);
    char *command[] = { (char[]){ "run" }, (char[]){ "--token=hunter2" }, NULL };
    char *hidden[] = { (char[]){ "A_TOKEN" }, NULL };
    char *published[] = { (char[]){ "127.0.0.1:3000:8080" }, NULL };
    char *host_ports[] = { (char[]){ "5432" }, NULL };
    const BnsSessionStart start = { .command = command,
                                    .env_hidden = hidden,
                                    .published = published,
                                    .host_ports = host_ports };
    g_autofree char *bytes = NULL;
    gsize len;

    g_assert_true(bns_writer_start(file, &start, NULL));
    bytes = sample_read(path, &len);
    g_assert_nonnull(strstr(bytes, "\"command\":[\"run\",\"--token=***\"]"));
    g_assert_null(strstr(bytes, "hunter2"));
    g_assert_nonnull(strstr(bytes, ",\"env_hidden\":[\"A_TOKEN\"],"
                                   "\"published\":[\"127.0.0.1:3000:8080\"],"
                                   "\"host_ports\":[\"5432\"],\"prev\""));
    sample_remove(dir);
}

/* Up to the last byte, and not one more. */
static void
test_max_bytes(void)
{
    char *dir = sample_dir();
    g_autofree char *path = g_build_filename(dir, "audit.jsonl", NULL);
    BnsAuditFile *file = sample_open(path);
    struct stat before, after;

    sample_session(file, 1, false);
    g_assert_cmpint(fstat(file->fd, &before), ==, 0);
    g_assert_true(bns_writer_record(file, &request, NULL));
    g_assert_cmpint(fstat(file->fd, &after), ==, 0);
    for (int missing = 1; missing >= 0; missing--) {
        g_autoptr(GError) error = NULL;

        file->max_bytes =
            (uint64_t)(after.st_size + after.st_size - before.st_size - missing);
        g_assert_true(bns_writer_record(file, &request, &error) == (missing == 0));
        if (missing > 0)
            g_assert_nonnull(strstr(error->message, "is full (limits.audit_size)"));
    }
    bns_audit_file_free(file);
    g_free(sample_verify(path, 0));
    sample_remove(dir);
}

static void
set_file_limit(rlim_t bytes)
{
    struct rlimit limit;

    g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &limit), ==, 0);
    limit.rlim_cur = bytes;
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &limit), ==, 0);
}

/* The limit ends the file in the middle of a line: write(2) is short, then fails, as on a
 * full disk. At each byte of the line. */
static void
test_full(void)
{
    char *dir = sample_dir();
    g_autofree char *path = g_build_filename(dir, "audit.jsonl", NULL);
    BnsAuditFile *file = sample_open(path);
    struct stat st;
    off_t whole;

    signal(SIGXFSZ, SIG_IGN);
    sample_session(file, 1, false);
    g_assert_cmpint(fstat(file->fd, &st), ==, 0);
    whole = st.st_size;
    for (off_t more = 0; more < 200; more += 7) {
        g_autoptr(GError) error = NULL;
        bool ok;

        set_file_limit((rlim_t)(whole + more));
        ok = bns_writer_record(file, &request, &error);
        set_file_limit(RLIM_INFINITY);
        g_assert_false(ok);
        g_assert_error(error, BNS_AUDIT_ERROR, BNS_AUDIT_ERROR_WRITE);
        g_assert_nonnull(strstr(error->message, "File too large"));
        g_assert_cmpint(fstat(file->fd, &st), ==, 0);
        g_assert_cmpint(st.st_size, ==, whole);
    }
    bns_audit_file_free(file);
    g_free(sample_verify(path, 0));
    sample_remove(dir);
}

/* Of lines that are written together the whole ones stay. */
static void
test_full_between(void)
{
    char *dir = sample_dir();
    g_autofree char *path = g_build_filename(dir, "audit.jsonl", NULL);
    BnsAuditFile *file = sample_open(path);
    struct stat st;
    off_t whole, line;
    g_autofree char *text = NULL;

    signal(SIGXFSZ, SIG_IGN);
    sample_session(file, 1, false);
    for (int i = 0; i < 3; i++)
        g_assert_true(bns_writer_append(file, &request, NULL));
    g_assert_cmpint(fstat(file->fd, &st), ==, 0);
    whole = st.st_size;
    line = (off_t)file->unwritten->len / 3;
    set_file_limit((rlim_t)(whole + 2 * line + line / 2));
    g_assert_false(bns_writer_flush(file, NULL));
    set_file_limit(RLIM_INFINITY);
    g_assert_cmpint(fstat(file->fd, &st), ==, 0);
    g_assert_cmpint(st.st_size, ==, whole + 2 * line);
    bns_audit_file_free(file);
    text = sample_verify(path, 0);
    g_assert_cmpstr(text, ==, "ok, unfinished\n");
    sample_remove(dir);
}

/* What is kept counts, too: a batch is not larger than the file may become. */
static void
test_max_bytes_together(void)
{
    char *dir = sample_dir();
    g_autofree char *path = g_build_filename(dir, "audit.jsonl", NULL);
    BnsAuditFile *file = sample_open(path);
    struct stat st;

    sample_session(file, 1, false);
    g_assert_cmpint(fstat(file->fd, &st), ==, 0);
    g_assert_true(bns_writer_append(file, &request, NULL));
    file->max_bytes = (uint64_t)st.st_size + file->unwritten->len * 5 / 2;
    g_assert_true(bns_writer_append(file, &request, NULL));
    g_assert_false(bns_writer_append(file, &request, NULL));
    g_assert_true(bns_writer_flush(file, NULL));
    g_assert_cmpuint(file->seq, ==, 5);
    bns_audit_file_free(file);
    g_free(sample_verify(path, 0));
    sample_remove(dir);
}

static void
test_not_writable(void)
{
    char *dir = sample_dir();
    g_autofree char *path = g_build_filename(dir, "audit.jsonl", NULL);
    g_autoptr(BnsAuditFile) file = sample_open(path);
    g_autoptr(GError) error = NULL;

    close(file->fd);
    file->fd = -1;
    g_assert_false(bns_writer_record(file, &request, &error));
    g_assert_error(error, BNS_AUDIT_ERROR, BNS_AUDIT_ERROR_WRITE);
    g_assert_nonnull(strstr(error->message, path));
    sample_remove(dir);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    bns_test_add("/audit/writer/a-session-from-start-to-end", test_session);
    bns_test_add("/audit/writer/secrets-of-the-command-are-masked", test_masks);
    bns_test_add("/audit/writer/a-full-disk-leaves-whole-lines", test_full);
    bns_test_add("/audit/writer/whole-lines-of-a-batch-stay", test_full_between);
    bns_test_add("/audit/writer/a-batch-keeps-to-the-limit", test_max_bytes_together);
    bns_test_add("/audit/writer/a-failed-write-is-an-error", test_not_writable);
    bns_test_add("/audit/writer/a-limit-is-kept-to-the-byte", test_max_bytes);
    return g_test_run();
}
