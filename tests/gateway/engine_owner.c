/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose a flow is: the test is the finder. No flow waits for it longer than its moment.
 */
#include "base/fd.h"
#include "base/owner.h"
#include "tests/gateway/engine_rig.h"
#include "tests/support/test.h"

#include <poll.h>
#include <string.h>

#define POLICY "allow: [gone.test]\n"
#define DENIED "other.test"

typedef struct {
    int fd; /* owned: the finder's end */
    int engine_fd;
    Rig *rig;
} Stage;

static void
stage_init(Stage *stage)
{
    int pair[2];

    g_assert_cmpint(bns_fd_pair(pair), ==, 0);
    stage->fd = pair[0];
    stage->engine_fd = pair[1];
    stage->rig = rig_new_owned(POLICY, stage->engine_fd);
}

static void
stage_clear(Stage *stage)
{
    rig_free(stage->rig);
    bns_fd_clear(&stage->fd);
    bns_fd_clear(&stage->engine_fd);
}

static BnsOwnerQuestion
hear(const Stage *stage)
{
    BnsOwnerQuestion question;

    g_assert_cmpint(bns_owner_receive_question(stage->fd, &question), ==, 1);
    return question;
}

static void
answer(const Stage *stage, uint64_t flow, uint32_t pid)
{
    static const char argv[] = "tool\0--token=hunter2";
    BnsOwnerAnswer said = { .flow = flow, .pid = pid };

    if (pid != 0) {
        strcpy(said.text, "/bin/tool");
        said.exe_len = sizeof("/bin/tool");
        memcpy(said.text + said.exe_len, argv, sizeof(argv));
        said.argv_len = sizeof(argv);
    }
    g_assert_cmpint(bns_owner_answer(stage->fd, &said), ==, 0);
}

static void
assert_process(const BnsRecord *record, uint64_t pid)
{
    g_assert_cmpuint(record->pid, ==, pid);
    g_assert_cmpstr(record->exe, ==, pid != 0 ? "/bin/tool" : NULL);
    g_assert_cmpstr(record->argv, ==, pid != 0 ? "tool\x1e--token=hunter2\x1e" : NULL);
}

/* Offers flows that are refused, until an answer came soon enough; the machine may have
 * other things to do. */
static void
refuse_known(Stage *stage, uint32_t pid)
{
    const BnsRecord *record;

    do {
        uint64_t id = rig_offer(stage->rig, DENIED, 81);

        g_assert_cmpuint(hear(stage).flow, ==, id);
        answer(stage, id, pid);
        g_assert_cmpint(rig_verdict(stage->rig, id), ==, BNS_WIRE_REFUSE);
        record = rig_record(stage->rig, BNS_EVENT_FLOW_REFUSED);
    } while (record->pid == 0);
    assert_process(record, pid);
}

/* A refusal at the offer waits for the answer. */
static void
test_refused(void)
{
    Stage stage;

    stage_init(&stage);
    refuse_known(&stage, 12);
    stage_clear(&stage);
}

/* Every request of it names the process; the end names the flow. */
static void
test_requests(void)
{
    Stage stage;
    RigFlow flow;
    uint64_t id;

    stage_init(&stage);
    id = rig_offer(stage.rig, DENIED, 80);
    hear(&stage);
    answer(&stage, id, 12);
    g_assert_cmpint(rig_verdict(stage.rig, id), ==, BNS_WIRE_ACCEPT);
    flow = rig_stream(stage.rig, id);
    rig_sync(stage.rig);
    for (int i = 0; i < 2; i++) {
        g_free(rig_ask(&flow, "GET / HTTP/1.1\r\nHost: " DENIED "\r\n\r\n"));
        assert_process(rig_expect(stage.rig, BNS_EVENT_HTTP_REQUEST, "deny 403 GET /"),
                       12);
    }
    rig_close(stage.rig, &flow);
    stage_clear(&stage);
}

static void
test_nobody(void)
{
    Stage stage;
    uint64_t id;

    stage_init(&stage);
    id = rig_offer(stage.rig, DENIED, 81);
    hear(&stage);
    answer(&stage, id, 0);
    g_assert_cmpint(rig_verdict(stage.rig, id), ==, BNS_WIRE_REFUSE);
    assert_process(rig_record(stage.rig, BNS_EVENT_FLOW_REFUSED), 0);
    stage_clear(&stage);
}

/* The flow goes on; what comes late is for its later records. */
static void
test_late(void)
{
    Stage stage;
    RigFlow flow;
    uint64_t id;

    stage_init(&stage);
    id = rig_offer(stage.rig, DENIED, 80);
    hear(&stage);
    /* By itself, after its two milliseconds. */
    g_assert_cmpint(rig_verdict(stage.rig, id), ==, BNS_WIRE_ACCEPT);
    flow = rig_stream(stage.rig, id);
    g_free(rig_ask(&flow, "GET /1 HTTP/1.1\r\nHost: " DENIED "\r\n\r\n"));
    assert_process(rig_record(stage.rig, BNS_EVENT_HTTP_REQUEST), 0);
    answer(&stage, id, 12);
    rig_sync(stage.rig);
    g_free(rig_ask(&flow, "GET /2 HTTP/1.1\r\nHost: " DENIED "\r\n\r\n"));
    assert_process(rig_record(stage.rig, BNS_EVENT_HTTP_REQUEST), 12);
    rig_close(stage.rig, &flow);
    stage_clear(&stage);
}

/* An answer that comes after the flow, twice, or about none is nobody's. */
static void
test_stale(void)
{
    Stage stage;
    uint64_t id;

    stage_init(&stage);
    id = rig_offer(stage.rig, DENIED, 81);
    hear(&stage);
    g_assert_cmpint(rig_verdict(stage.rig, id), ==, BNS_WIRE_REFUSE);
    answer(&stage, id, 12);
    answer(&stage, id, 12);
    answer(&stage, 999, 12);
    assert_process(rig_record(stage.rig, BNS_EVENT_FLOW_REFUSED), 0);
    refuse_known(&stage, 13);
    stage_clear(&stage);
}

/* A finder that says nothing is asked only so often, and again after a second. */
static void
test_silent(void)
{
    struct pollfd questions;
    Stage stage;
    int n = 0;

    stage_init(&stage);
    questions = (struct pollfd){ .fd = stage.fd, .events = POLLIN };
    for (int i = 0; i < 40; i++)
        g_assert_cmpint(rig_verdict(stage.rig, rig_offer(stage.rig, DENIED, 81)), ==,
                        BNS_WIRE_REFUSE);
    for (; poll(&questions, 1, 0) == 1; n++)
        hear(&stage);
    /* More than so many only if a second went by meanwhile. */
    g_assert_cmpint(n, >=, 32);
    rig_advance(stage.rig, 2);
    g_assert_cmpint(rig_verdict(stage.rig, rig_offer(stage.rig, DENIED, 81)), ==,
                    BNS_WIRE_REFUSE);
    hear(&stage);
    stage_clear(&stage);
}

/* Nor does the engine end with it. */
static void
test_gone(gconstpointer talks_nonsense)
{
    Stage stage;

    stage_init(&stage);
    if (talks_nonsense != NULL)
        g_assert_cmpint(bns_fd_send(stage.fd, "nonsense", 8, -1), ==, 0);
    else
        bns_fd_clear(&stage.fd);
    rig_sync(stage.rig);
    for (int i = 0; i < 2; i++) {
        g_assert_cmpint(rig_verdict(stage.rig, rig_offer(stage.rig, DENIED, 81)), ==,
                        BNS_WIRE_REFUSE);
        assert_process(rig_record(stage.rig, BNS_EVENT_FLOW_REFUSED), 0);
    }
    stage_clear(&stage);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 30);
    bns_test_add("/gateway/owner/a-refusal-waits-for-the-answer", test_refused);
    bns_test_add("/gateway/owner/every-request-names-the-process", test_requests);
    bns_test_add("/gateway/owner/not-found", test_nobody);
    bns_test_add("/gateway/owner/late-is-for-later-records", test_late);
    bns_test_add("/gateway/owner/answers-about-nothing", test_stale);
    bns_test_add("/gateway/owner/a-silent-finder-is-asked-less", test_silent);
    bns_test_add_data("/gateway/owner/the-finder-is-gone", NULL, test_gone);
    bns_test_add_data("/gateway/owner/the-finder-talks-nonsense", "x", test_gone);
    return g_test_run();
}
