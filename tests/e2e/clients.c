/* SPDX-License-Identifier: Apache-2.0 */
/* The same host and path rules hold for every client, and none needs an option to
 * trust the run's authority. */
#include "tests/e2e/story.h"
#include "tests/support/test.h"

#include <string.h>

typedef struct {
    const char *name;
    const char *program;
    const char *command; /* a shell command; prints the status of $URL, path $TARGET */
} Client;

static const Client clients[] = {
    { "curl", "curl", "curl -sS -m 20 -o body -w '%{http_code}\\n' $URL" },
    { "wget", "wget",
      "wget -nv -S -T 20 -t 1 -O body $URL 2>&1 | grep -o 'HTTP/1.1 [0-9]*'" },
    { "node-fetch", "node",
      "node -e \"fetch('$URL').then(r => console.log(r.status))\"" },
    { "node-https", "node",
      "node -e \"require('https').get('$URL', r => { console.log(r.statusCode); "
      "r.resume() })\"" },
    { "node-http", "node",
      "node -e \"require('http').get('http://api.test$TARGET', r => { "
      "console.log(r.statusCode); r.resume() })\"" },
    { "python-urllib", "python3",
      "python3 -c \"\n"
      "import urllib.request, urllib.error\n"
      "try: print(urllib.request.urlopen('$URL', timeout=20).status)\n"
      "except urllib.error.HTTPError as e: print(e.code)\n\"" },
    { "python-ssl", "python3",
      "python3 -c \"\n"
      "import socket, ssl\n"
      "s = ssl.create_default_context().wrap_socket(\n"
      "    socket.create_connection(('api.test', 443), 20), "
      "server_hostname='api.test')\n"
      "s.sendall(b'GET $TARGET HTTP/1.1\\r\\nHost: api.test\\r\\nConnection: "
      "close\\r\\n\\r\\n')\n"
      "print(s.recv(99).split()[1].decode())\n\"" },
    { "openssl-s_client", "openssl",
      "printf 'GET %s HTTP/1.1\\r\\nHost: api.test\\r\\nConnection: close\\r\\n\\r\\n' "
      "$TARGET | "
      "openssl s_client -ign_eof -quiet -verify_return_error -connect api.test:443 "
      "-servername api.test 2>err | head -n 1" },
};

static void
expect_status(Story *story,
              const Client *client,
              const char *target,
              const char *status)
{
    g_autofree char *script = g_strdup_printf("URL=https://api.test%s TARGET=%s\n%s\n",
                                              target, target, client->command);
    story_write(story, "client.sh", script);
    g_autoptr(StoryRun) run =
        story_run(story, "--allow 'GET api.test/allowed/**' -- sh client.sh");

    story_assert_status(run, 0);
    story_assert_out(run, status);
}

static void
test_client(gconstpointer data)
{
    const Client *client = data;
    g_autoptr(Story) story = NULL;

    if (!story_needs(client->program))
        return;
    story = story_new();
    expect_status(story, client, "/allowed/thing", "200");
    expect_status(story, client, "/refused/thing", "403");
    /* Ours are not passed on: port 9 would refuse them. */
    story_setenv(story, "HTTPS_PROXY", "http://127.0.0.1:9");
    story_setenv(story, "https_proxy", "http://127.0.0.1:9");
    story_setenv(story, "ALL_PROXY", "http://127.0.0.1:9");
    expect_status(story, client, "/allowed/thing", "200");
    expect_status(story, client, "/refused/thing", "403");
}

/* A repository as a plain web server has it. */
static void
make_repository(Story *story)
{
    static const char script[] =
        "set -e\n"
        "export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.com\n"
        "export GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.com\n"
        "git init -q first && cd first\n"
        "echo 'from the origin' >file\n"
        "git add file && git commit -q -m first && cd ..\n"
        "git clone -q --bare first team.git && git -C team.git update-server-info\n"
        "rm -rf first\n";
    g_autoptr(StoryRun) made = story_shell(story, script);

    story_assert_status(made, 0);
    bns_origin_set_files(story->https, story->work);
}

static void
test_git(void)
{
    g_autoptr(Story) story = NULL;
    g_autoptr(StoryRun) run = NULL;
    g_autoptr(StoryRun) refused = NULL;

    if (!story_needs("git"))
        return;
    story = story_new();
    make_repository(story);
    run = story_run(story, "--allow 'GET api.test/files/team.git/**' -- sh -c '"
                           "git clone -q https://api.test/files/team.git clone && "
                           "cat clone/file'");
    story_assert_status(run, 0);
    g_assert_cmpstr(run->out, ==, "from the origin\n");
    story_assert_record(run, "http.request", "\"allow\"",
                        "\"path\":\"/files/team.git/info/refs\"");
    refused = story_run(story, "--allow 'GET api.test/files/other.git/**' -- "
                               "git clone https://api.test/files/team.git refused");
    story_assert_status(refused, 128);
    story_assert_err(refused, "403");
    story_assert_record(refused, "http.request", "\"deny\"",
                        "\"path\":\"/files/team.git/info/refs\"");
}

static void
test_own_proxy(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = story_run(
        story, "--allow api.test -- curl -sS -m 20 -i "
               "-w '%{http_connect}' -x http://api.test:80 https://api.test/x");

    story_assert_out(run, "400");
    story_assert_record(run, "http.request", "\"deny\"", "\"method\":\"CONNECT\"",
                        "\"status\":400");
    g_assert_cmpuint(bns_origin_connections(story->http), ==, 0);
    g_assert_cmpuint(bns_origin_connections(story->https), ==, 0);
}

static void
test_proxy_advice(void)
{
    g_autoptr(Story) story = story_new();
    story_write(story, "connect.py",
                "import socket\n"
                "s = socket.create_connection(('api.test', 80), 20)\n"
                "s.sendall(b'CONNECT api.test:443 HTTP/1.1\\r\\nHost: "
                "api.test:443\\r\\n\\r\\n')\n"
                "while True:\n"
                "    data = s.recv(4096)\n"
                "    if not data: break\n"
                "    print(data.decode())\n");
    g_autoptr(StoryRun) run =
        story_run(story, "--allow api.test -- python3 connect.py");

    story_assert_out(run, "400 Bad Request");
    story_assert_out(run, "HTTPS_PROXY");
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 120);
    if (!bns_test_can_unshare()) {
        bns_test_add("/e2e/clients/needs-user-namespaces", story_skip);
        return g_test_run();
    }
    for (size_t i = 0; i < G_N_ELEMENTS(clients); i++) {
        g_autofree char *path = g_strdup_printf("/e2e/clients/%s", clients[i].name);

        bns_test_add_data(path, &clients[i], test_client);
    }
    bns_test_add("/e2e/clients/git-clones-what-is-allowed", test_git);
    bns_test_add("/e2e/clients/a-proxy-of-their-own-is-refused", test_own_proxy);
    bns_test_add("/e2e/clients/connect-is-told-to-drop-the-proxy", test_proxy_advice);
    return g_test_run();
}
