/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a session whose command has said more than its origin has read. The origin's
 * connection takes little, so that the rest waits in netstack and in the gateway. */
#include "tests/e2e/live.h"
#include "tests/e2e/server.h"
#include "tests/support/test.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

/* Several times what a narrow connection and the gateway hold together, and less than
 * netstack does: the command's own kernel has delivered it before it ends. */
#define SAID "300000"
/* Either wait has 1 s without progress; the rest is a busy machine's. */
#define STALLED_SESSION_US (20 * G_USEC_PER_SEC)

/* Said where the time is over. */
#define NOT_TAKEN "keeps what was not taken in time"

/* One connection. */
typedef struct {
    GMutex lock;
    GCond cond;
    bool may_read;  /* under lock */
    uint64_t count; /* of the letter x; read it after the server's end */
} LateReader;

static void
count_late(int fd, void *data)
{
    LateReader *reader = data;
    char buffer[4096];
    ssize_t n;

    g_mutex_lock(&reader->lock);
    while (!reader->may_read)
        g_cond_wait(&reader->cond, &reader->lock);
    g_mutex_unlock(&reader->lock);
    while ((n = recv(fd, buffer, sizeof(buffer), 0)) > 0)
        for (ssize_t i = 0; i < n; i++)
            reader->count += buffer[i] == 'x';
}

static void
let_read(LateReader *reader)
{
    g_mutex_lock(&reader->lock);
    reader->may_read = true;
    g_cond_signal(&reader->cond);
    g_mutex_unlock(&reader->lock);
}

typedef struct {
    Story *story;
    LateReader reader;
    Server *server;
    Live *live;
    pid_t gateway;
} Scene;

/* The command says @head and as many x as SAID when it is told to, and ends: the first
 * process of its sandbox is dead, and what waits is outside. */
static void
scene_play(Scene *scene, const char *allow, const char *head)
{
    g_autoptr(GArray) processes = NULL;
    g_autofree char *program =
        g_strdup_printf("import socket\n"
                        "s = socket.create_connection(('db.test', 80), 20)\n"
                        "print('ready', flush=True)\n"
                        "input()\n"
                        "s.sendall(b'%s' + b'x' * " SAID ")\n"
                        "s.close()\n",
                        head);
    g_autofree char *arguments =
        g_strdup_printf("--verbose %s -- python3 client.py", allow);
    struct pollfd init = { .events = POLLIN };

    scene->story = story_new();
    scene->server = server_new(count_late, &scene->reader);
    server_make_narrow(scene->server);
    story_option(scene->story, "--resolve db.test:80:127.0.0.1:%u",
                 server_port(scene->server));
    story_write(scene->story, "client.py", program);
    scene->live = live_start(scene->story, arguments);
    live_await_out(scene->live, "ready");
    processes = live_processes(scene->live);
    init.fd = live_find(processes, "boundary-init")->fd;
    scene->gateway = live_find(processes, "bns-gateway")->pid;
    live_write(scene->live, "go\n");
    g_assert_cmpint(poll(&init, 1, -1), ==, 1);
}

static StoryRun *
scene_end(Scene *scene)
{
    StoryRun *run = live_end(scene->live);

    let_read(&scene->reader);
    server_await_served(scene->server, 1);
    server_free(scene->server);
    live_free(scene->live);
    story_free(scene->story);
    return run;
}

/* --- an origin that reads late --- */

typedef struct {
    const char *path;
    const char *allow;
    const char *head;
} LateCase;

static const LateCase late_cases[] = {
    { "/e2e/drain/a-late-reader-gets-all", "--allow tcp://db.test:80", "" },
    { "/e2e/drain/a-request-that-nobody-waits-for", "--allow db.test",
      "POST / HTTP/1.1\\r\\nHost: db.test\\r\\nContent-Length: " SAID "\\r\\n\\r\\n" },
};

static void
test_late(gconstpointer data)
{
    const LateCase *c = data;
    Scene scene = { 0 };
    g_autoptr(StoryRun) run = NULL;

    scene_play(&scene, c->allow, c->head);
    let_read(&scene.reader);
    run = scene_end(&scene);
    story_assert_status(run, 0);
    if (scene.reader.count != strtoull(SAID, NULL, 10))
        g_error("%s got %" G_GUINT64_FORMAT " bytes\n%s\n%s", c->path,
                scene.reader.count, run->err, run->audit);
}

/* --- an origin that never reads --- */

/* The audit knows how much has arrived. */
static void
test_never(void)
{
    Scene scene = { 0 };
    g_autofree char *sent = NULL;
    g_autoptr(StoryRun) run = NULL;
    int64_t began_us;

    scene_play(&scene, "--allow tcp://db.test:80", "");
    began_us = g_get_monotonic_time();
    run = scene_end(&scene);
    story_assert_status(run, 0);
    g_assert_cmpint(g_get_monotonic_time() - began_us, <, STALLED_SESSION_US);
    story_assert_err(run, NOT_TAKEN);
    g_assert_cmpuint(scene.reader.count, >, 0);
    g_assert_cmpuint(scene.reader.count, <, strtoull(SAID, NULL, 10));
    sent = g_strdup_printf("\"bytes_sent\":%" G_GUINT64_FORMAT ",", scene.reader.count);
    story_assert_record(run, "tcp.close", sent,
                        "the session ended before the upstream took everything");
}

/* Whoever wants the end now does not wait for the origin. */
static void
test_signal(void)
{
    Scene scene = { 0 };
    g_autoptr(StoryRun) run = NULL;

    scene_play(&scene, "--allow tcp://db.test:80", "");
    kill(scene.live->pid, SIGTERM);
    run = scene_end(&scene);
    story_assert_status(run, 0);
    story_assert_no_err(run, NOT_TAKEN);
    story_assert_record(run, "session.end", "\"exit\":\"0\"");
    g_assert_cmpuint(scene.reader.count, <, strtoull(SAID, NULL, 10));
}

/* So does the death of a helper; how the command ended is known already. */
static void
test_killed(void)
{
    Scene scene = { 0 };
    g_autoptr(StoryRun) run = NULL;

    scene_play(&scene, "--allow tcp://db.test:80", "");
    kill(scene.gateway, SIGKILL);
    run = scene_end(&scene);
    story_assert_status(run, 0);
    story_assert_no_err(run, NOT_TAKEN);
    story_assert_record(run, "session.end");
    g_assert_cmpuint(scene.reader.count, <, strtoull(SAID, NULL, 10));
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    if (!bns_test_can_unshare()) {
        bns_test_add("/e2e/drain/needs-user-namespaces", story_skip);
        return g_test_run();
    }
    for (size_t i = 0; i < G_N_ELEMENTS(late_cases); i++)
        bns_test_add_data(late_cases[i].path, &late_cases[i], test_late);
    bns_test_add("/e2e/drain/an-origin-that-never-reads", test_never);
    bns_test_add("/e2e/drain/a-signal-ends-it", test_signal);
    bns_test_add("/e2e/drain/a-dead-helper-ends-it", test_killed);
    return g_test_run();
}
