/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/e2e/h2_origin.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

struct H2Origin {
    pid_t pid;
};

/* On ports of the kernel's choice, which are its first line. */
static const char script_format[] =
    "const http2 = require('http2'), fs = require('fs');\n"
    "const serve = (stream, head) => {\n"
    "stream.on('error', () => {});\n"
    "%s\n"
    "};\n"
    "const settings = { enableConnectProtocol: true };\n"
    "const secure = http2.createSecureServer({ settings,\n"
    "  key: fs.readFileSync('origin.key'), cert: fs.readFileSync('origin.pem') });\n"
    "const plain = http2.createServer({ settings });\n"
    "for (const s of [secure, plain]) {\n"
    "  s.on('stream', serve); s.on('sessionError', () => {}); }\n"
    "secure.listen(0, '127.0.0.1', () => plain.listen(0, '127.0.0.1', () =>\n"
    "  console.log(secure.address().port, plain.address().port)));\n";

static void
write_files(Story *story, const char *serve)
{
    BnsTestCertSpec spec = { .names = "DNS:h2.test", .issuer = story->authority };
    g_autoptr(BnsTestCert) cert = bns_test_cert_new(&spec);
    g_autofree char *key = bns_test_cert_key_pem(cert);
    g_autofree char *pem = bns_test_cert_pem(cert);
    g_autofree char *script = g_strdup_printf(script_format, serve);

    story_write(story, "origin.key", key);
    story_write(story, "origin.pem", pem);
    story_write(story, "origin.js", script);
}

static void
await_ports(int fd, unsigned *out_secure, unsigned *out_plain)
{
    g_autoptr(GString) line = g_string_new(NULL);
    char byte;

    while (read(fd, &byte, 1) == 1 && byte != '\n')
        g_string_append_c(line, byte);
    if (sscanf(line->str, "%u %u", out_secure, out_plain) != 2)
        g_error("the origin says: %s", line->str);
}

H2Origin *
h2_origin_new(Story *story, const char *serve)
{
    const char *argv[] = { "node", "origin.js", NULL };
    g_autoptr(GError) error = NULL;
    H2Origin *origin;
    unsigned secure, plain;
    int out;

    if (!story_needs("node"))
        return NULL;
    write_files(story, serve);
    origin = g_new0(H2Origin, 1);
    g_spawn_async_with_pipes(story->work, (char **)(uintptr_t)argv, NULL,
                             G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL,
                             NULL, &origin->pid, NULL, &out, NULL, &error);
    g_assert_no_error(error);
    await_ports(out, &secure, &plain);
    close(out);
    story_option(story,
                 "--resolve h2.test:443:127.0.0.1:%u --resolve h2.test:80:127.0.0.1:%u",
                 secure, plain);
    return origin;
}

void
h2_origin_free(H2Origin *origin)
{
    if (origin == NULL)
        return;
    kill(origin->pid, SIGTERM);
    waitpid(origin->pid, NULL, 0);
    g_free(origin);
}
