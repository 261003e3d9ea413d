/* SPDX-License-Identifier: Apache-2.0 */
/* What is not HTTP and has no rule is refused at once, recorded where it reached the
 * link, and no packet of it leaves. */
#include "tests/e2e/story.h"
#include "tests/support/test.h"

#include <string.h>

/* Runs a python program inside; it prints how long each try took, so "at once" is an
 * assertion of its own: no connect may need its 5 s time-out. */
static const char prelude[] =
    "import errno, socket, sys, time\n"
    "def attempt(name, function):\n"
    "    start = time.monotonic()\n"
    "    try:\n"
    "        function()\n"
    "        result = 'succeeded'\n"
    "    except OSError as e:\n"
    "        result = errno.errorcode.get(e.errno, repr(e))\n"
    "    late = ' LATE' if time.monotonic() - start > 4 else ''\n"
    "    print(name, result + late)\n"
    "def tcp(host, port, family=socket.AF_INET):\n"
    "    s = socket.socket(family, socket.SOCK_STREAM)\n"
    "    s.settimeout(5)\n"
    "    s.connect((host, port))\n"
    "def udp(host, port, family=socket.AF_INET):\n"
    "    s = socket.socket(family, socket.SOCK_DGRAM)\n"
    "    s.settimeout(5)\n"
    "    s.connect((host, port))\n"
    "    s.send(b'x')\n"
    "    s.recv(10)\n";

static StoryRun *
run_python(Story *story, const char *arguments, const char *program)
{
    g_autofree char *text = g_strconcat(prelude, program, NULL);
    story_write(story, "attempts.py", text);
    g_autofree char *line = g_strdup_printf("%s -- python3 attempts.py", arguments);

    return story_run(story, line);
}

static void
test_sockets(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = run_python(
        story, "--allow api.test",
        "attempt('tcp-address', lambda: tcp('203.0.113.7', 4444))\n"
        "attempt('tcp-name', lambda: tcp('api.test', 22))\n"
        "attempt('udp', lambda: udp('203.0.113.7', 4444))\n"
        "attempt('quic', lambda: udp('api.test', 443))\n"
        "attempt('v6', lambda: tcp('2001:db8::1', 443, socket.AF_INET6))\n"
        "attempt('v6-udp', lambda: udp('2001:db8::1', 53, socket.AF_INET6))\n"
        "attempt('raw', lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))\n"
        "attempt('packet', lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))\n"
        "attempt('vsock', lambda: socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM))\n"
        "attempt('own-loopback', lambda: tcp('127.0.0.1', 1))\n");

    story_assert_status(run, 0);
    story_assert_no_out(run, "LATE");
    story_assert_no_out(run, "succeeded");
    story_assert_out(run, "tcp-address ECONNREFUSED");
    story_assert_out(run, "tcp-name ECONNREFUSED");
    story_assert_out(run, "udp ECONNREFUSED");
    story_assert_out(run, "quic ECONNREFUSED");
    story_assert_out(run, "v6 ENETUNREACH");
    story_assert_out(run, "v6-udp ENETUNREACH");
    story_assert_out(run, "raw EPERM");
    story_assert_out(run, "packet EAFNOSUPPORT");
    story_assert_out(run, "vsock EAFNOSUPPORT");
    story_assert_record(run, "flow.refused", "\"addr\":\"203.0.113.7\"",
                        "\"port\":4444");
    story_assert_record(run, "flow.refused", "\"host\":\"api.test\"", "\"port\":22");
    story_assert_record(run, "udp.refused", "\"addr\":\"203.0.113.7\"",
                        "\"port\":4444");
}

typedef struct {
    const char *name;
    const char *program;
    const char *command;
} Tool;

static const Tool tools[] = {
    { "nc", "nc", "nc -w 5 -z 203.0.113.7 25" },
    { "ssh", "ssh", "ssh -o BatchMode=yes -o ConnectTimeout=8 user@203.0.113.7 true" },
    { "ping", "ping", "ping -c 1 -W 8 203.0.113.7" },
    { "ping-6", "ping", "ping -6 -c 1 -W 8 2001:db8::1" },
};

static void
test_tool(gconstpointer data)
{
    const Tool *tool = data;
    g_autoptr(Story) story = NULL;
    g_autoptr(StoryRun) run = NULL;
    g_autofree char *line = NULL;

    if (!story_needs(tool->program))
        return;
    story = story_new();
    line =
        g_strdup_printf("--allow api.test -- sh -c "
                        "'timeout 5 %s; test $? -ne 0 -a $? -ne 124 && echo refused'",
                        tool->command);
    run = story_run(story, line);
    story_assert_out(run, "refused");
}

/* Every query is ours to answer, whoever was asked. */
static void
test_dig(void)
{
    g_autoptr(Story) story = NULL;
    g_autoptr(StoryRun) run = NULL;

    if (!story_needs("dig"))
        return;
    story = story_new();
    run = story_run(story,
                    "-- sh -c 'dig +tries=1 +time=3 +short @8.8.8.8 leak.example A; "
                    "dig +tries=1 +time=3 +tcp +short @8.8.8.8 leak.example A; "
                    "dig +tries=1 +time=3 @192.0.2.1 leak.example AAAA'");
    story_assert_out(run, "198.1");
    story_assert_out(run, "status: NOERROR");
    story_assert_no_out(run, "timed out");
    g_assert_cmpuint(story_count_records(run, "dns.name", "leak.example", NULL), ==, 1);
}

static void
test_guarded(void)
{
    g_autoptr(Story) story = story_new();
    g_autofree char *url =
        g_strdup_printf("http://127.0.0.1:%u/hello", bns_origin_port(story->http));
    g_autofree char *line = g_strdup_printf(
        "--allow 'http://metadata.test' --allow '*' --resolve x.test:80:127.0.0.1:9 -- "
        "sh -c 'for u in http://169.254.169.254/ http://10.0.0.1/ http://192.168.1.1/; "
        "do "
        "curl -s -m 9 -o /dev/null -w \"%%{http_code}\\n\" $u; done; "
        "curl -s -m 9 %s; echo own $?'",
        url);
    g_autoptr(StoryRun) run = story_run(story, line);

    /* Three addresses are refused though a rule allows every host; 127.0.0.1 is the
     * sandbox's own loopback, where nothing listens. */
    story_assert_out(run, "403\n403\n403\n");
    story_assert_out(run, "own 7");
    g_assert_cmpuint(bns_origin_connections(story->http), ==, 0);
    story_assert_record(run, "http.request", "\"deny\"",
                        "\"host\":\"169.254.169.254\"");
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 120);
    if (!bns_test_can_unshare()) {
        bns_test_add("/e2e/refused/needs-user-namespaces", story_skip);
        return g_test_run();
    }
    bns_test_add("/e2e/refused/sockets-learn-it-at-once", test_sockets);
    for (size_t i = 0; i < G_N_ELEMENTS(tools); i++) {
        g_autofree char *path = g_strdup_printf("/e2e/refused/%s", tools[i].name);

        bns_test_add_data(path, &tools[i], test_tool);
    }
    bns_test_add("/e2e/refused/dig-asks-nobody-outside", test_dig);
    bns_test_add("/e2e/refused/guarded-addresses-need-more-than-a-star", test_guarded);
    return g_test_run();
}
