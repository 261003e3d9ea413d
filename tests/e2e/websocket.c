/* SPDX-License-Identifier: Apache-2.0 */
/* WebSocket clients in the sandbox: what they may reach they talk to as ever, and what they
 * may not is a 403. */
#include "tests/e2e/story.h"
#include "tests/support/test.h"

#include <string.h>

/* Offers permessage-deflate, as all of these libraries do. */
static const char client[] =
    "import asyncio, sys, websockets\n"
    "async def main():\n"
    "    async with websockets.connect(sys.argv[1], max_size=None) as ws:\n"
    "        for said in ('hello', '', 'h\\u00e4', b'', bytes(range(256)) * 256,\n"
    "                     b'x' * (16 << 20)):\n"
    "            await ws.send(said)\n"
    "            assert await ws.recv() == said\n"
    "        await ws.send(['in ', 'three ', 'parts'])\n"
    "        assert await ws.recv() == 'in three parts'\n"
    "        await (await ws.ping(b'there?'))\n"
    "        await ws.close(4001, 'enough')\n"
    "        print('closed', ws.close_code, ws.close_reason)\n"
    "try: asyncio.run(main())\n"
    "except websockets.InvalidStatusCode as e: print('refused', e.status_code)\n";

typedef struct {
    const char *name;
    const char *url;
    const char *out;
    const char *decision;
} Case;

static const Case cases[] = {
    { "in-tls", "wss://api.test/ws", "closed 4001 enough\n", "\"allow\"" },
    { "plain", "ws://api.test/ws", "closed 4001 enough\n", "\"allow\"" },
    { "other-path", "wss://api.test/other", "refused 403\n", "\"deny\"" },
    { "other-host", "wss://other.test/ws", "refused 403\n", "\"deny\"" },
    { "other-host-plain", "ws://other.test/ws", "refused 403\n", "\"deny\"" },
};

static bool
has_websockets(void)
{
    int status = 0;

    return g_spawn_command_line_sync("python3 -c 'import websockets'", NULL, NULL,
                                     &status, NULL) &&
           status == 0;
}

static void
test_client(gconstpointer data)
{
    const Case *row = data;
    g_autoptr(Story) story = NULL;
    g_autoptr(StoryRun) run = NULL;
    g_autofree char *line =
        g_strdup_printf("--allow 'GET api.test/ws' -- python3 client.py %s", row->url);

    if (!has_websockets()) {
        bns_test_skip("python3-websockets is not installed");
        return;
    }
    story = story_new();
    story_write(story, "client.py", client);
    run = story_run(story, line);
    g_assert_cmpstr(run->out, ==, row->out);
    g_assert_cmpuint(
        story_count_records(run, "http.request", "GET", row->decision, NULL), ==, 1);
    if (strstr(row->decision, "deny") != NULL)
        return;
    story_assert_record(run, "http.response", "\"status\":101", "\"path\":\"/ws\"");
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 120);
    if (!bns_test_can_unshare()) {
        bns_test_add("/e2e/websocket/needs-user-namespaces", story_skip);
        return g_test_run();
    }
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/e2e/websocket/", cases[i].name, NULL);

        bns_test_add_data(path, &cases[i], test_client);
    }
    return g_test_run();
}
