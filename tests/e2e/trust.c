/* SPDX-License-Identifier: Apache-2.0 */
/* Each runtime trusts the run's authority without an option: one HTTPS request each, to
 * an origin whose certificate only the gateway knows. */
#include "tests/e2e/h2_origin.h"
#include "tests/e2e/npm.h"
#include "tests/e2e/story.h"
#include "tests/support/test.h"

#include <string.h>

typedef struct {
    const char *name;
    const char *probe;   /* a shell command outside: whether the runtime is installed */
    const char *prepare; /* nullable: a shell script outside, in the work directory */
    const char *command; /* a shell script inside */
    const char *out;     /* in what it prints; NULL: the origin's word is enough */
    const char *seen;    /* how a request begins that the origin got */
} Runtime;

#define URL   "https://api.test/hello"
#define HELLO "GET /hello"

#define JAVA_SOURCE                                                                    \
    "cat >Fetch.java <<'EOF'\n"                                                        \
    "class Fetch {\n"                                                                  \
    "  public static void main(String[] a) throws Exception {\n"                       \
    "    new java.net.URL(\"" URL "\").openStream().transferTo(System.out);\n"         \
    "  }\n"                                                                            \
    "}\n"                                                                              \
    "EOF\n"                                                                            \
    "javac Fetch.java\n"

static const Runtime runtimes[] = {
    { "openssl", "command -v openssl", NULL,
      "printf 'GET /hello HTTP/1.1\\r\\nHost: api.test\\r\\nConnection: "
      "close\\r\\n\\r\\n' | openssl s_client -ign_eof -quiet -verify_return_error "
      "-connect api.test:443 -servername api.test",
      "hello\n", HELLO },
    { "gnutls", "command -v gnutls-cli", NULL,
      "printf 'GET /hello HTTP/1.1\\r\\nHost: api.test\\r\\nConnection: "
      "close\\r\\n\\r\\n' | gnutls-cli -p 443 api.test",
      "hello\n", HELLO },
    { "curl", "command -v curl", NULL, "curl -sS " URL, "hello\n", HELLO },
    /* A program that is started without an environment finds the bundle in /etc. */
    { "curl-without-environment", "command -v curl", NULL,
      "env -i \"$(command -v curl)\" -sS " URL, "hello\n", HELLO },
    { "wget", "command -v wget", NULL, "wget -nv -O - " URL, "hello\n", HELLO },
    { "git", "command -v git", NULL, "git ls-remote https://api.test/team.git", NULL,
      "GET /team.git/info/refs" },
    { "apt", "test -x /usr/lib/apt/apt-helper", NULL,
      "/usr/lib/apt/apt-helper -o APT::Sandbox::User= download-file " URL
      " out && cat out",
      "hello\n", HELLO },
    { "python-urllib", "command -v python3", NULL,
      "python3 -c \"import urllib.request as r; "
      "print(r.urlopen('" URL "').read().decode())\"",
      "hello\n", HELLO },
    { "python-requests", "python3 -c 'import requests'", NULL,
      "python3 -c \"import requests; print(requests.get('" URL "').text)\"", "hello\n",
      HELLO },
    { "python-httpx", "python3 -c 'import httpx'", NULL,
      "python3 -c \"import httpx; print(httpx.get('" URL "').text)\"", "hello\n",
      HELLO },
    { "python-certifi", "python3 -c 'import certifi'", NULL,
      "python3 -c \"import certifi, ssl, urllib.request as r; "
      "c = ssl.create_default_context(cafile=certifi.where()); "
      "print(r.urlopen('" URL "', context=c).read().decode())\"",
      "hello\n", HELLO },
    { "pip", "python3 -m pip --version", NULL,
      "python3 -m pip download -q --no-deps --retries 0 "
      "https://api.test/thing-1.0-py3-none-any.whl",
      NULL, "GET /thing-1.0-py3-none-any.whl" },
    { "aws-cli", "command -v aws && aws --version", NULL,
      "AWS_EC2_METADATA_DISABLED=true aws --region eu-1 --no-sign-request "
      "--endpoint-url https://api.test s3api get-object --bucket hello --key x out "
      "&& cat out",
      "hello\n", "GET /hello/x" },
    { "node-fetch", "command -v node", NULL,
      "node -e \"fetch('" URL "').then(r => r.text()).then(console.log)\"", "hello\n",
      HELLO },
    { "node-https", "command -v node", NULL,
      "node -e \"require('https').get('" URL "', r => r.pipe(process.stdout))\"",
      "hello\n", HELLO },
    { "npm", "command -v npm", NULL,
      "npm view --registry https://api.test/ --fetch-retries 0 thing", NULL,
      "GET /thing" },
    { "ruby", "command -v ruby", NULL,
      "ruby -ropen-uri -e \"print URI.open('" URL "').read\"", "hello\n", HELLO },
    { "php-streams", "command -v php", NULL,
      "php -r \"echo file_get_contents('" URL "');\"", "hello\n", HELLO },
    { "php-curl", "php -r 'exit(function_exists(\"curl_init\") ? 0 : 1);'", NULL,
      "php -r \"curl_exec(curl_init('" URL "'));\"", "hello\n", HELLO },
    { "perl-lwp", "perl -MLWP::Protocol::https -e1", NULL,
      "perl -MLWP::Simple -e \"getprint('" URL "')\"", "hello\n", HELLO },
    { "go", "command -v go",
      "cat >fetch.go <<'EOF'\n"
      "package main\n"
      "import (\"io\"; \"log\"; \"net/http\"; \"os\")\n"
      "func main() {\n"
      "\tr, err := http.Get(\"" URL "\")\n"
      "\tif err != nil { log.Fatal(err) }\n"
      "\tio.Copy(os.Stdout, r.Body)\n"
      "}\n"
      "EOF\n"
      "go build -o fetch fetch.go",
      "./fetch", "hello\n", HELLO },
    { "cargo", "cargo --version",
      "mkdir -p src && touch src/lib.rs && cat >Cargo.toml <<'EOF'\n"
      "[package]\n"
      "name = \"a\"\n"
      "version = \"1.0.0\"\n"
      "[dependencies]\n"
      "thing = { git = \"https://api.test/team.git\" }\n"
      "EOF\n",
      "cargo fetch", NULL, "GET /team.git/info/refs" },
    { "java", "command -v javac", JAVA_SOURCE, "java Fetch", "hello\n", HELLO },
    /* A JDK with a store of its own, where SDKMAN would put it. */
    { "java-of-its-own", "command -v jlink && command -v javac",
      JAVA_SOURCE "jlink --add-modules java.base,jdk.crypto.ec "
                  "--output \"$HOME/.sdkman/candidates/java/own\"",
      "\"$HOME/.sdkman/candidates/java/own/bin/java\" Fetch", "hello\n", HELLO },
    /* Its sandbox is the story of tests/e2e/browser.c. */
    { "chromium", "command -v chromium", NULL,
      "chromium --headless --no-sandbox --disable-gpu --user-data-dir=profile "
      "--dump-dom " URL,
      "hello\n", HELLO },
    /* Its processes have a sandbox of their own, which needs what ours forbids. */
    { "firefox", "command -v firefox-esr", "mkdir profile",
      "export MOZ_DISABLE_CONTENT_SANDBOX=1 MOZ_DISABLE_SOCKET_PROCESS_SANDBOX=1 "
      "MOZ_DISABLE_RDD_SANDBOX=1 MOZ_DISABLE_UTILITY_SANDBOX=1\n"
      "firefox-esr --headless --no-remote --profile \"$PWD/profile\" "
      "--screenshot \"$PWD/out.png\" " URL,
      "", HELLO },
};

/* Those of npm: the name is the package's. */
static const Runtime packages[] = {
    { "bun", NULL, NULL,
      "bun -e \"console.log(await (await fetch('" URL "')).text())\"", "hello\n",
      HELLO },
    { "deno", NULL, NULL,
      "deno eval \"console.log(await (await fetch('" URL "')).text())\"", "hello\n",
      HELLO },
};

static bool
is_installed(Story *story, const Runtime *runtime)
{
    g_autofree char *script = g_strconcat(runtime->probe, " >/dev/null 2>&1", NULL);
    g_autofree char *why = g_strdup_printf("%s is not installed", runtime->name);
    g_autoptr(StoryRun) run = story_shell(story, script);

    if (run->status != 0)
        bns_test_skip(why);
    return run->status == 0;
}

static void
assert_seen(Story *story, const Runtime *runtime, const StoryRun *run)
{
    g_auto(GStrv) requests = bns_origin_requests(story->https);

    for (char **request = requests; *request != NULL; request++)
        if (g_str_has_prefix(*request, runtime->seen))
            return;
    g_error("the origin saw no \"%s\"\nout:\n%s\nerr:\n%s\naudit:\n%s", runtime->seen,
            run->out, run->err, run->audit);
}

static void
expect_request(Story *story, const Runtime *runtime)
{
    g_autoptr(StoryRun) run = NULL;

    if (runtime->prepare != NULL) {
        g_autoptr(StoryRun) made = story_shell(story, runtime->prepare);

        story_assert_status(made, 0);
    }
    story_write(story, "runtime.sh", runtime->command);
    run = story_run(story, "--allow api.test -- sh runtime.sh");
    if (runtime->out != NULL) {
        story_assert_status(run, 0);
        story_assert_out(run, runtime->out);
    }
    assert_seen(story, runtime, run);
}

static void
test_runtime(gconstpointer data)
{
    g_autoptr(Story) story = story_new();

    if (is_installed(story, data))
        expect_request(story, data);
}

static void
test_package(gconstpointer data)
{
    const Runtime *package = data;
    g_autoptr(Story) story = story_new();

    if (story_npm(story, package->name))
        expect_request(story, package);
}

/* gRPC speaks HTTP/2 only, and has roots of its own. */
static void
test_grpc(void)
{
    static const Runtime grpc = { .name = "python3-grpcio",
                                  .probe = "python3 -c 'import grpc'" };
    static const char script[] =
        "import grpc\n"
        "channel = grpc.secure_channel('h2.test:443', grpc.ssl_channel_credentials())\n"
        "grpc.channel_ready_future(channel).result(timeout=60)\n"
        "print('ready')\n";
    g_autoptr(Story) story = story_new();
    g_autoptr(H2Origin) origin = NULL;
    g_autoptr(StoryRun) run = NULL;

    if (!is_installed(story, &grpc))
        return;
    origin = h2_origin_new(story, "stream.respond(); stream.end();");
    if (origin == NULL)
        return;
    story_write(story, "client.py", script);
    run = story_run(story, "--allow h2.test -- python3 client.py");
    story_assert_status(run, 0);
    story_assert_out(run, "ready");
}

/* Certificates that the user's variables name stay trusted, where a flow passes sealed:
 * the origin shows its own. */
static void
test_sealed(void)
{
    g_autoptr(Story) story = NULL;
    g_autoptr(StoryRun) run = NULL;

    if (!story_needs("curl") || !story_needs("node"))
        return;
    story = story_new();
    story_write(story, "policy.yaml",
                "allow: [{ domain: api.test, inspect: false }]\n");
    story_write(story, "client.sh",
                "curl -sS " URL "\n"
                "node -e \"fetch('" URL "').then(r => r.text()).then(console.log)\"\n");
    story_setenv(story, "CURL_CA_BUNDLE", story->ca_file);
    story_setenv(story, "NODE_EXTRA_CA_CERTS", story->ca_file);
    run = story_run(story, "--config policy.yaml -- sh client.sh");
    story_assert_status(run, 0);
    g_assert_cmpstr(run->out, ==, "hello\nhello\n\n");
}

static void
add_tests(const Runtime *list, size_t n, void (*test)(gconstpointer))
{
    for (size_t i = 0; i < n; i++) {
        g_autofree char *path = g_strdup_printf("/e2e/trust/%s", list[i].name);

        bns_test_add_data(path, &list[i], test);
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 240);
    if (!bns_test_can_unshare()) {
        bns_test_add("/e2e/trust/needs-user-namespaces", story_skip);
        return g_test_run();
    }
    add_tests(runtimes, G_N_ELEMENTS(runtimes), test_runtime);
    bns_test_add("/e2e/trust/grpc", test_grpc);
    bns_test_add("/e2e/trust/what-variables-named-passes-sealed", test_sealed);
    add_tests(packages, G_N_ELEMENTS(packages), test_package);
    return g_test_run();
}
