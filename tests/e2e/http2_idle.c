/* SPDX-License-Identifier: Apache-2.0 */
/* What an idle HTTP/2 connection costs. As root of an island: an ordinary user may not
 * look into the gateway, which is not dumpable. */
#include "tests/e2e/h2_origin.h"
#include "tests/e2e/island.h"
#include "tests/e2e/live.h"
#include "tests/e2e/story.h"
#include "tests/support/test.h"

#define IDLE 300
/* Of the gateway, for each: an OpenSSL connection takes two thirds. A sanitizer's memory is
 * not ours. */
#ifdef BNS_SANITIZED
#define IDLE_KIB 1000
#else
#define IDLE_KIB 40
#endif

/* One connection at first, which makes what stays; IDLE more for each line of input. Each
 * has served a request. */
static const char idle_script[] =
    "const http2 = require('http2');\n"
    "const all = [];\n"
    "const open = () => new Promise((done, failed) => {\n"
    "  const c = http2.connect('https://h2.test');\n"
    "  all.push(c);\n"
    "  c.on('error', failed);\n"
    "  const r = c.request({ ':path': '/ok/x' });\n"
    "  r.on('error', failed); r.on('end', done); r.resume(); });\n"
    "const many = async n => { for (let i = 0; i < n; i++) await open() };\n"
    "open().then(() => console.log('first'));\n"
    "process.stdin.once('data', async () => {\n"
    "  await many(" G_STRINGIFY(
        IDLE) "); console.log('idle');\n"
              "  process.stdin.once('end', () => process.exit(0)).resume(); });\n";

static void
test_idle(void)
{
    g_autoptr(Story) story = story_new();
    H2Origin *origin = h2_origin_new(story, "stream.respond(); stream.end('hello\\n')");
    unsigned before, after;

    if (origin == NULL)
        return;
    story_option(story, "--allow h2.test");
    story_write(story, "idle.js", idle_script);
    {
        g_autoptr(Live) live = live_start(story, "-- node idle.js");
        g_autoptr(GArray) processes = NULL;
        g_autoptr(StoryRun) run = NULL;
        pid_t gateway;

        live_await_out(live, "first\n");
        processes = live_processes(live);
        gateway = live_find(processes, "bns-gateway")->pid;
        before = live_pss_kib(gateway);
        live_write(live, "more\n");
        live_await_out(live, "idle\n");
        after = live_pss_kib(gateway);
        live_close_input(live);
        run = live_end(live);
        story_assert_status(run, 0);
    }
    g_assert_cmpuint((after - before) / IDLE, <, IDLE_KIB);
    h2_origin_free(origin);
}

int
main(int argc, char **argv)
{
    bool is_there = island_enter(true);

    bns_test_init(&argc, &argv, 120);
    if (is_there)
        bns_test_add("/e2e/http2_idle/connections-are-small", test_idle);
    else
        bns_test_add("/e2e/http2_idle/needs-user-namespaces", story_skip);
    return g_test_run();
}
