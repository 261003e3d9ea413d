/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/recorder.h"

#include "audit/client.h"
#include "audit/json_read.h"
#include "audit/protocol.h"
#include "audit/serve.h"
#include "base/fd.h"
#include "base/ready.h"
#include "tests/audit/sample.h"
#include "tests/support/test.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* A recorder in a child, and the ends of its sockets that others hold. */
typedef struct {
    char *dir;
    char *path;
    pid_t pid;
    int control;
    int life;
    int gateway;
    int netstack;
    int supervisor;
    int init;
} Fixture;

typedef int (*Main)(const BnsRecorderConfig *config);

static const BnsRecord request = { .event = BNS_EVENT_HTTP_REQUEST,
                                   .decision = BNS_DECIDED_ALLOW,
                                   .host = "github.com" };
static const BnsRecord refused = { .event = BNS_EVENT_FLOW_REFUSED,
                                   .decision = BNS_DECIDED_DENY,
                                   .addr = "192.0.2.1",
                                   .port = 22 };
static const BnsRecord name = { .event = BNS_EVENT_DNS_NAME, .host = "github.com" };

static bool
no_lock_down(GError **error)
{
    return true;
}

static int
serve(const BnsRecorderConfig *config)
{
    signal(SIGXFSZ, SIG_IGN);
    return bns_serve(config, no_lock_down);
}

static bool
refuse_lock_down(GError **error)
{
    g_set_error(error, BNS_AUDIT_ERROR, BNS_AUDIT_ERROR_OPEN, "no namespaces here");
    return false;
}

static int
serve_without_rights(const BnsRecorderConfig *config)
{
    return bns_serve(config, refuse_lock_down);
}

/* The recorder's ends. */
typedef struct {
    int control, life, gateway, netstack, supervisor, init;
} Ends;

/* Child side of start(). */
static void G_GNUC_NORETURN
child_main(const char *path, Main run, const Ends *ends)
{
    char *command[] = { (char[]){ "true" }, NULL };
    const BnsSessionStart start = { .command = command };
    g_autofree char *notice = NULL;
    BnsAuditFile *file = bns_audit_open(path, &notice, NULL);
    const BnsRecorderConfig config = { .control_fd = ends->control,
                                       .life_fd = ends->life,
                                       .gateway_fd = ends->gateway,
                                       .netstack_fd = ends->netstack,
                                       .supervisor_fd = ends->supervisor,
                                       .init_fd = ends->init,
                                       .file = file,
                                       .start = &start };
    int status = run(&config);

    bns_audit_file_free(file);
    /* A locked-down process cannot search itself for leaks. */
    if (run == bns_recorder_run)
        _exit(status);
    exit(status);
}

static void
start(Fixture *f, Main run)
{
    int control[2], life[2], gateway[2], netstack[2], supervisor[2], init[2];

    f->dir = sample_dir();
    f->path = g_build_filename(f->dir, "audit.jsonl", NULL);
    g_assert_cmpint(bns_fd_pair(control), ==, 0);
    g_assert_cmpint(bns_fd_pair(gateway), ==, 0);
    g_assert_cmpint(bns_fd_pair(netstack), ==, 0);
    g_assert_cmpint(bns_fd_pair(supervisor), ==, 0);
    g_assert_cmpint(bns_fd_pair(init), ==, 0);
    g_assert_cmpint(pipe(life), ==, 0);
    fflush(NULL);
    f->pid = fork();
    g_assert_cmpint(f->pid, >=, 0);
    if (f->pid == 0) {
        close(control[0]);
        close(gateway[0]);
        close(netstack[0]);
        close(supervisor[0]);
        close(init[0]);
        close(life[1]);
        child_main(f->path, run,
                   &(Ends){ control[1], life[0], gateway[1], netstack[1], supervisor[1],
                            init[1] });
    }
    close(control[1]);
    close(gateway[1]);
    close(netstack[1]);
    close(supervisor[1]);
    close(init[1]);
    close(life[0]);
    f->control = control[0];
    f->gateway = gateway[0];
    f->netstack = netstack[0];
    f->supervisor = supervisor[0];
    f->init = init[0];
    f->life = life[1];
}

static void
expect(const Fixture *f, int type, const char *text)
{
    char received[BNS_READY_TEXT_MAX + 1];

    g_assert_cmpint(bns_ready_receive(f->control, received, NULL), ==, type);
    if (text != NULL && strstr(received, text) == NULL)
        g_error("\"%s\" does not say \"%s\"", received, text);
}

static void
start_ready(Fixture *f)
{
    start(f, serve);
    expect(f, BNS_READY_READY, "");
}

static void
wait_exit(const Fixture *f, int status)
{
    int is;

    g_assert_cmpint(waitpid(f->pid, &is, 0), ==, f->pid);
    g_assert_true(WIFEXITED(is));
    g_assert_cmpint(WEXITSTATUS(is), ==, status);
}

static void
clear(Fixture *f)
{
    bns_fd_clear(&f->control);
    bns_fd_clear(&f->life);
    bns_fd_clear(&f->gateway);
    bns_fd_clear(&f->netstack);
    bns_fd_clear(&f->supervisor);
    bns_fd_clear(&f->init);
    g_free(f->path);
    sample_remove(f->dir);
}

/* The `event` of each line, joined by spaces. */
static char *
events(const Fixture *f)
{
    gsize len;
    g_autofree char *bytes = sample_read(f->path, &len);
    g_auto(GStrv) lines = g_strsplit(bytes, "\n", -1);
    GString *text = g_string_new(NULL);

    for (char **line = lines; *line != NULL && **line != '\0'; line++) {
        g_autoptr(BnsJson) json = bns_json_parse(*line, strlen(*line));

        g_assert_nonnull(json);
        g_string_append_printf(text, "%s%s", text->len > 0 ? " " : "",
                               bns_json_text(json, "event"));
    }
    return g_string_free(text, FALSE);
}

static void
assert_events(const Fixture *f, const char *expected)
{
    g_autofree char *is = events(f);

    g_assert_cmpstr(is, ==, expected);
}

static void
assert_last_line(const Fixture *f, const char *part)
{
    gsize len;
    g_autofree char *bytes = sample_read(f->path, &len);
    const char *line;

    bytes[len - 1] = '\0';
    line = strrchr(bytes, '\n') + 1;
    if (strstr(line, part) == NULL)
        g_error("%s does not contain %s", line, part);
}

static void
end(const Fixture *f, const char *text)
{
    g_assert_cmpint(bns_ready_send(f->control, BNS_READY_END, text, -1), ==, 0);
}

static void
assert_verified(const Fixture *f, const char *expected)
{
    g_autofree char *text = sample_verify(f->path, 0);

    g_assert_cmpstr(text, ==, expected);
}

/* --- the course of a session --- */

static void
session_with(Main run)
{
    Fixture f;

    start(&f, run);
    expect(&f, BNS_READY_READY, "");
    assert_events(&f, "session.start");
    g_assert_true(bns_client_record(f.gateway, &request));
    assert_events(&f, "session.start http.request");
    g_assert_true(bns_client_record(f.netstack, &name));
    g_assert_true(bns_client_note(f.netstack, &refused));
    g_assert_true(bns_client_record(f.netstack, &refused));
    end(&f, "exit 3");
    expect(&f, BNS_READY_SUMMARY, "1 2 0\n2\t-\t192.0.2.1\t22\t-\t-\trefused\t-\n");
    wait_exit(&f, 0);
    assert_events(&f, "session.start http.request dns.name flow.refused flow.refused "
                      "session.end");
    assert_last_line(&f, "\"event\":\"session.end\",\"exit\":\"3\",\"allowed\":\"1\","
                         "\"denied\":\"2\",\"would_deny\":\"0\",");
    assert_verified(&f, "ok 6 records\n");
    clear(&f);
}

static void
test_session(void)
{
    session_with(serve);
}

static void
test_locked_down(void)
{
    if (!bns_test_can_unshare()) {
        bns_test_skip("no user namespaces here");
        return;
    }
    session_with(bns_recorder_run);
}

static void
test_ends(void)
{
    static const struct {
        const char *text, *part;
    } cases[] = {
        { "exit 0", "session.end\",\"exit\":\"0\",\"allowed\"" },
        { "signal KILL", "session.end\",\"signal\":\"KILL\",\"allowed\"" },
        { "failed",
          "session.end\",\"error\":\"boundary-ns ended the session\",\"allowed\"" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Fixture f;

        start_ready(&f);
        end(&f, cases[i].text);
        expect(&f, BNS_READY_SUMMARY, "0 0 0\n");
        wait_exit(&f, 0);
        assert_last_line(&f, cases[i].part);
        clear(&f);
    }
}

/* What the helpers had said before they went is recorded. */
static void
test_drain(void)
{
    Fixture f;

    start_ready(&f);
    kill(f.pid, SIGSTOP);
    for (int i = 0; i < 100; i++) {
        g_assert_true(bns_client_note(f.gateway, &request));
        g_assert_true(bns_client_note(f.netstack, &name));
    }
    bns_fd_clear(&f.gateway);
    end(&f, "exit 0");
    kill(f.pid, SIGCONT);
    expect(&f, BNS_READY_SUMMARY, "100 0 0\n");
    wait_exit(&f, 0);
    assert_verified(&f, "ok 202 records\n");
    clear(&f);
}

static void
test_life(void)
{
    Fixture f;

    start_ready(&f);
    kill(f.pid, SIGSTOP);
    g_assert_true(bns_client_note(f.netstack, &name));
    bns_fd_clear(&f.life);
    kill(f.pid, SIGCONT);
    wait_exit(&f, 0);
    assert_events(&f, "session.start dns.name");
    assert_verified(&f, "ok, unfinished\n");
    clear(&f);
}

static void
test_control_closed(void)
{
    Fixture f;

    start_ready(&f);
    bns_fd_clear(&f.control);
    wait_exit(&f, 0);
    assert_verified(&f, "ok, unfinished\n");
    clear(&f);
}

/* Both at once: the session has an end. */
static void
test_end_and_life(void)
{
    Fixture f;

    start_ready(&f);
    kill(f.pid, SIGSTOP);
    end(&f, "exit 0");
    bns_fd_clear(&f.life);
    kill(f.pid, SIGCONT);
    expect(&f, BNS_READY_SUMMARY, "0 0 0\n");
    wait_exit(&f, 0);
    assert_verified(&f, "ok 2 records\n");
    clear(&f);
}

/* --- clients --- */

/* An answer is to the record that waits for it, however many notes came before. */
static void
test_notes_and_records(void)
{
    Fixture f;

    start_ready(&f);
    for (int i = 0; i < 1000; i++) {
        g_assert_true(bns_client_note(f.gateway, &request));
        g_assert_true(bns_client_record(f.gateway, &request));
    }
    end(&f, "exit 0");
    expect(&f, BNS_READY_SUMMARY, "2000 0 0\n");
    wait_exit(&f, 0);
    assert_verified(&f, "ok 2002 records\n");
    clear(&f);
}

static void
test_nonblocking(void)
{
    Fixture f;
    g_autofree char *path = g_strnfill(60000, 'x');
    const BnsRecord large = { .event = BNS_EVENT_HTTP_REQUEST, .path = path };

    start_ready(&f);
    g_assert_cmpint(bns_fd_set_nonblocking(f.gateway, true), ==, 0);
    /* more than the socket holds */
    for (int i = 0; i < 50; i++)
        g_assert_true(bns_client_note(f.gateway, &large));
    g_assert_true(bns_client_record(f.gateway, &large));
    end(&f, "exit 0");
    expect(&f, BNS_READY_SUMMARY, "0 0 0\n");
    wait_exit(&f, 0);
    assert_verified(&f, "ok 53 records\n");
    clear(&f);
}

/* (transfer full) @request, @n times in one message. */
static GByteArray *
many_requests(size_t n)
{
    g_autoptr(GBytes) bytes = bns_record_encode(&request);
    GByteArray *message = g_byte_array_new();
    const uint8_t type = BNS_PROTOCOL_RECORD;

    for (size_t i = 0; i < n; i++) {
        g_byte_array_append(message, &type, 1);
        g_byte_array_append(message, g_bytes_get_data(bytes, NULL),
                            (guint)g_bytes_get_size(bytes));
    }
    return message;
}

/* More than one message of answers has. */
static void
test_many_in_one_message(void)
{
    const uint64_t n_records = 3 * BNS_PROTOCOL_ANSWERS_MAX + 1;
    g_autoptr(GByteArray) message = many_requests(n_records);
    uint64_t n_answered = 0;
    Fixture f;

    start_ready(&f);
    g_assert_cmpint(bns_fd_send(f.gateway, message->data, message->len, -1), ==, 0);
    while (n_answered < n_records) {
        BnsProtocolAnswer answers[BNS_PROTOCOL_ANSWERS_MAX];
        ssize_t n = recv(f.gateway, answers, sizeof(answers), 0);

        g_assert_cmpint(n, >, 0);
        for (size_t i = 0; i < (size_t)n / sizeof(answers[0]); i++)
            g_assert_cmpuint(answers[i].seq, ==, 2 + n_answered++);
    }
    end(&f, "exit 0");
    expect(&f, BNS_READY_SUMMARY, "193 0 0\n");
    wait_exit(&f, 0);
    assert_verified(&f, "ok 195 records\n");
    clear(&f);
}

/* The whole ones before it are written, and nothing behind it. */
static void
test_broken_in_a_message(void)
{
    g_autoptr(GByteArray) message = many_requests(3);
    guint len = message->len / 3;
    Fixture f;

    start_ready(&f);
    g_assert_true(bns_client_record(f.gateway, &request));
    message->data[2 * len - 1] = 'x'; /* the last string's end */
    g_assert_cmpint(bns_fd_send(f.gateway, message->data, message->len, -1), ==, 0);
    expect(&f, BNS_READY_FAILED, "a malformed record");
    wait_exit(&f, 1);
    assert_events(&f, "session.start http.request http.request");
    clear(&f);
}

/* Killed with its answer unread. */
static void
test_killed_client(void)
{
    Fixture f;
    g_autoptr(GByteArray) message = many_requests(1);

    start_ready(&f);
    kill(f.pid, SIGSTOP);
    for (int i = 0; i < 3; i++)
        g_assert_cmpint(bns_fd_send(f.gateway, message->data, message->len, -1), ==, 0);
    bns_fd_clear(&f.gateway);
    kill(f.pid, SIGCONT);
    /* The other helper is served as before. */
    g_assert_true(bns_client_record(f.netstack, &name));
    end(&f, "failed");
    expect(&f, BNS_READY_SUMMARY, "3 0 0\n");
    wait_exit(&f, 0);
    clear(&f);
}

static void
test_killed_recorder(void)
{
    Fixture f;
    int status;

    start_ready(&f);
    kill(f.pid, SIGKILL);
    g_assert_cmpint(waitpid(f.pid, &status, 0), ==, f.pid);
    g_assert_false(bns_client_record(f.gateway, &request));
    g_assert_false(bns_client_record(f.gateway, &request));
    g_assert_false(bns_client_note(f.netstack, &name));
    clear(&f);
}

/* A helper that shut its socket down is told so, not left to wait. */
static void
test_failed_client_stays_failed(void)
{
    int pair[2];
    const uint8_t nonsense = 'x';

    g_assert_cmpint(bns_fd_pair(pair), ==, 0);
    g_assert_cmpint(bns_fd_send(pair[1], &nonsense, 1, -1), ==, 0);
    g_assert_false(bns_client_record(pair[0], &request));
    /* The answer to the first is there now; it is not that of the second. */
    bns_fd_send(pair[1], &(uint8_t){ BNS_PROTOCOL_WRITTEN }, 1, -1);
    g_assert_false(bns_client_record(pair[0], &request));
    g_assert_false(bns_client_note(pair[0], &request));
    close(pair[0]);
    close(pair[1]);
}

/* --- hostile clients --- */

static void
assert_ends_session(const Fixture *f, const char *why)
{
    expect(f, BNS_READY_FAILED, why);
    wait_exit(f, 1);
    assert_verified(f, "ok, unfinished\n");
}

static void
test_garbage(void)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *why;
    } cases[] = {
        { "x", 1, "The gateway sent the recorder an unknown message" },
        { "W", 1, "an unknown message" },
        { "R", 1, "a malformed record" },
        { "Nabc", 4, "a malformed record" },
        { "R\0\0\0\0\1\0\0\0", 9, "a malformed record" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Fixture f;

        start_ready(&f);
        g_assert_true(bns_client_record(f.gateway, &request));
        g_assert_cmpint(bns_fd_send(f.gateway, cases[i].bytes, cases[i].len, -1), ==,
                        0);
        assert_ends_session(&f, cases[i].why);
        assert_events(&f, "session.start http.request");
        g_assert_false(bns_client_record(f.netstack, &name));
        clear(&f);
    }
}

static void
test_too_long(void)
{
    Fixture f;
    g_autofree char *message = g_strnfill(BNS_PROTOCOL_MESSAGE_MAX + 1, 'R');

    start_ready(&f);
    g_assert_cmpint(bns_fd_send(f.netstack, message, BNS_PROTOCOL_MESSAGE_MAX + 1, -1),
                    ==, 0);
    assert_ends_session(&f, "The netstack sent the recorder a record that is too long");
    clear(&f);
}

/* Every event that a helper may not send, each in a session of its own. */
static void
test_forbidden_events(void)
{
    enum {
        GATEWAY = 1,
        NETSTACK = 2,
        SUPERVISOR = 4,
        INIT = 8
    };
    static const unsigned may[BNS_N_EVENTS] = {
        [BNS_EVENT_TLS_OPEN] = GATEWAY,
        [BNS_EVENT_HTTP_REQUEST] = GATEWAY,
        [BNS_EVENT_HTTP_RESPONSE] = GATEWAY,
        [BNS_EVENT_TCP_OPEN] = GATEWAY,
        [BNS_EVENT_TCP_CLOSE] = GATEWAY,
        [BNS_EVENT_FLOW_REFUSED] = GATEWAY | NETSTACK,
        [BNS_EVENT_UDP_REFUSED] = NETSTACK,
        [BNS_EVENT_DNS_NAME] = NETSTACK,
        [BNS_EVENT_DNS_REFUSED] = NETSTACK,
        [BNS_EVENT_TLS_ERROR] = GATEWAY,
        [BNS_EVENT_UPSTREAM_ERROR] = GATEWAY,
        [BNS_EVENT_FRAMES_DROPPED] = NETSTACK,
        [BNS_EVENT_EXEC] = INIT,
        [BNS_EVENT_FILE_PERSIST] = SUPERVISOR,
        [BNS_EVENT_PUBLISH_OPEN] = GATEWAY,
        [BNS_EVENT_PUBLISH_CLOSE] = GATEWAY,
        [BNS_EVENT_PUBLISH_ERROR] = GATEWAY,
        [BNS_EVENT_FILE_CHANGED] = SUPERVISOR,
        [BNS_EVENT_FILE_QUARANTINE] = SUPERVISOR,
        [BNS_EVENT_LIMIT_REACHED] = SUPERVISOR,
        [BNS_EVENT_REVIEW_APPLIED] = SUPERVISOR,
        [BNS_EVENT_REVIEW_KEPT] = SUPERVISOR,
        [BNS_EVENT_REVIEW_DISCARDED] = SUPERVISOR,
        [BNS_EVENT_SOCKET_MASKED] = SUPERVISOR,
        [BNS_EVENT_POLICY_RELOAD] = GATEWAY | SUPERVISOR,
        [BNS_EVENT_POLICY_ALLOW] = SUPERVISOR,
    };

    for (int event = 0; event < BNS_N_EVENTS; event++)
        for (unsigned peer = GATEWAY; peer <= INIT; peer *= 2) {
            const BnsRecord record = { .event = (BnsEvent)event };
            bool is_allowed = (may[event] & peer) != 0;
            Fixture f;
            int fd;

            start_ready(&f);
            fd = peer == GATEWAY      ? f.gateway
                 : peer == NETSTACK   ? f.netstack
                 : peer == SUPERVISOR ? f.supervisor
                                      : f.init;
            g_assert_true(bns_client_record(fd, &record) == is_allowed);
            if (is_allowed) {
                bns_fd_clear(&f.life);
                wait_exit(&f, 0);
            } else {
                assert_ends_session(&f, "a record that it may not write");
            }
            clear(&f);
        }
}

static void
test_answers_unread(void)
{
    Fixture f;
    g_autoptr(GByteArray) message = many_requests(1);

    start_ready(&f);
    while (bns_fd_send(f.gateway, message->data, message->len, -1) == 0)
        continue;
    assert_ends_session(&f, "without reading the answers");
    clear(&f);
}

/* --- what the recorder cannot do --- */

/* Not even the start can be written. */
static int
serve_full(const BnsRecorderConfig *config)
{
    const struct rlimit none = { 0, 0 };

    setrlimit(RLIMIT_FSIZE, &none);
    return serve(config);
}

static void
test_start_fails(void)
{
    Fixture f;

    start(&f, serve_full);
    expect(&f, BNS_READY_FAILED, "Could not write to the audit file");
    wait_exit(&f, 1);
    clear(&f);
}

static void
test_lock_down_fails(void)
{
    Fixture f;

    start(&f, serve_without_rights);
    expect(&f, BNS_READY_FAILED, "no namespaces here");
    wait_exit(&f, 1);
    assert_events(&f, "session.start");
    clear(&f);
}

/* A record that is not written is not acknowledged, and the session ends. */
static void
full_with(Main run)
{
    const struct rlimit limit = { 2000, 2000 };
    Fixture f;

    start(&f, run);
    expect(&f, BNS_READY_READY, "");
    g_assert_cmpint(prlimit(f.pid, RLIMIT_FSIZE, &limit, NULL), ==, 0);
    while (bns_client_record(f.gateway, &request))
        continue;
    assert_ends_session(&f, "File too large");
    clear(&f);
}

static void
test_full(void)
{
    full_with(serve);
}

static void
test_full_locked_down(void)
{
    if (!bns_test_can_unshare()) {
        bns_test_skip("no user namespaces here");
        return;
    }
    full_with(bns_recorder_run);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    bns_test_add("/audit/recorder/a-session-from-start-to-end", test_session);
    bns_test_add("/audit/recorder/a-session-under-lock-down", test_locked_down);
    bns_test_add("/audit/recorder/each-way-a-session-ends", test_ends);
    bns_test_add("/audit/recorder/what-is-queued-is-written-first", test_drain);
    bns_test_add("/audit/recorder/without-supervisor-there-is-no-end", test_life);
    bns_test_add("/audit/recorder/without-control-there-is-no-end",
                 test_control_closed);
    bns_test_add("/audit/recorder/an-end-counts-more-than-the-life-pipe",
                 test_end_and_life);
    bns_test_add("/audit/client/notes-are-not-acknowledged", test_notes_and_records);
    bns_test_add("/audit/client/a-non-blocking-socket-is-waited-for", test_nonblocking);
    bns_test_add("/audit/recorder/many-in-one-message", test_many_in_one_message);
    bns_test_add("/audit/recorder/a-message-that-breaks-off", test_broken_in_a_message);
    bns_test_add("/audit/client/a-killed-client-loses-nothing", test_killed_client);
    bns_test_add("/audit/client/a-killed-recorder-is-noticed", test_killed_recorder);
    bns_test_add("/audit/client/after-a-failure-nothing-is-written",
                 test_failed_client_stays_failed);
    bns_test_add("/audit/recorder/garbage-ends-the-session", test_garbage);
    bns_test_add("/audit/recorder/a-message-has-a-limit", test_too_long);
    bns_test_add("/audit/recorder/each-helper-has-its-events", test_forbidden_events);
    bns_test_add("/audit/recorder/answers-must-be-read", test_answers_unread);
    bns_test_add("/audit/recorder/no-start-without-a-file", test_start_fails);
    bns_test_add("/audit/recorder/no-start-without-lock-down", test_lock_down_fails);
    bns_test_add("/audit/recorder/what-is-not-written-is-not-acknowledged", test_full);
    bns_test_add("/audit/recorder/the-same-under-lock-down", test_full_locked_down);
    return g_test_run();
}
