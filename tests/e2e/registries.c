/* SPDX-License-Identifier: Apache-2.0 */
/* Presets of registries and hosts of code, with the programs that they are for: what
 * these read comes, and what they upload does not. The names are those that the presets
 * have, each led to a stand-in on loopback. */
#include "tests/e2e/registry.h"
#include "tests/e2e/story.h"
#include "tests/support/test.h"

typedef struct {
    const char *name;
    const char *preset;
    const char *kind;   /* of tests/e2e/registry_server.py */
    unsigned second;    /* which of the preset's domains has the files, from 0 */
    const char *needs;  /* a command that succeeds where the program is */
    const char *script; /* $HOST has the index, $HOST2 the files */
    const char *out;
    const char *denied; /* a method that must have been refused; NULL: none */
} Client;

#define SAYS "thing is here\n"

static const Client clients[] = {
    { "npm-install", "npm", "npm", 0, "npm --version",
      "echo '{}' >package.json\n"
      "npm install --registry https://$HOST/ --fetch-retries 0 --no-fund --loglevel "
      "error "
      "thing >&2\n"
      "node -p 'require(\"thing\")'",
      SAYS, "\"method\":\"POST\"" },
    { "npm-publish-refused", "npm", "npm", 0, "npm --version",
      "mkdir p && cd p && echo '{\"name\":\"thing\",\"version\":\"2.0.0\"}' "
      ">package.json\n"
      "echo \"//$HOST/:_authToken=x\" >npmrc\n"
      "npm publish --userconfig npmrc --registry https://$HOST/ --fetch-retries 0 && "
      "exit 1\n"
      "echo refused",
      "refused\n", "\"method\":\"PUT\"" },
    { "pip-install", "pypi", "pypi", 1, "python3 -m pip --version",
      "python3 -m pip install -q --disable-pip-version-check --no-cache-dir --retries "
      "0 "
      "--index-url https://$HOST/simple/ --target t thing >&2\n"
      "PYTHONPATH=t python3 -m thing",
      SAYS, NULL },
    { "cargo-build", "crates", "crates", 0,
      "cargo --version | grep -Eq 'cargo 1\\.(6[89]|[7-9][0-9]|[1-9][0-9][0-9])'",
      "export CARGO_HOME=$PWD/home; mkdir -p home src\n"
      "printf '[source.crates-io]\\nreplace-with = \"a\"\\n[source.a]\\nregistry = "
      "\"sparse+https://%s/index/\"\\n' $HOST >home/config.toml\n"
      "printf '[package]\\nname = \"p\"\\nversion = \"1.0.0\"\\nedition = \"2021\"\\n"
      "[dependencies]\\nthing = \"1\"\\n' >Cargo.toml\n"
      "echo 'fn main() { println!(\"{}\", thing::SAY); }' >src/main.rs\n"
      "cargo run -q",
      SAYS, NULL },
    { "go-run", "go", "go", 0, "go version",
      "export GOPROXY=https://$HOST GOSUMDB=off GOFLAGS=-mod=mod GOTOOLCHAIN=local "
      "GOPATH=$PWD/go GOCACHE=$PWD/cache\n"
      "printf 'module p\\n\\ngo 1.18\\n\\nrequire a.example/thing v1.0.0\\n' >go.mod\n"
      "printf 'package main\\n\\nimport (\"a.example/thing\"; \"fmt\")\\n\\nfunc "
      "main() { "
      "fmt.Println(thing.Say) }\\n' >main.go\n"
      "go run .; chmod -R u+w go",
      SAYS, NULL },
    { "apt-get-download", "debian", "debian", 0,
      "apt-get --version && dpkg-deb --version",
      "mkdir -p s/lists/partial c/archives/partial e\n"
      "echo \"deb [trusted=yes] http://$HOST/debian/ ./\" >e/list\n"
      "get() { apt-get -qq -o Dir::State=$PWD/s -o Dir::State::status=/dev/null -o "
      "Dir::Cache=$PWD/c -o Dir::Etc=$PWD/e -o Dir::Etc::sourcelist=$PWD/e/list -o "
      "Dir::Etc::main=/dev/null -o APT::Sandbox::User=root -o Acquire::Languages=none "
      "-o "
      "Acquire::Retries=0 \"$@\" >&2; }\n"
      "get update && get download thing && dpkg-deb -f thing_*.deb Description",
      SAYS, NULL },
    { "skopeo-copy", "docker-pull", "docker", 0, "skopeo --version",
      "skopeo --insecure-policy copy -q docker://$HOST/team/thing:1 dir:d >&2\n"
      "for f in d/*; do tar xzOf $f thing 2>/dev/null; done; true",
      SAYS, NULL },
    { "skopeo-push-refused", "docker-pull", "docker", 0, "skopeo --version",
      "skopeo --insecure-policy copy -q docker://$HOST/team/thing:1 dir:d >&2 || exit "
      "1\n"
      "skopeo --insecure-policy copy -q --retry-times 0 dir:d "
      "docker://$HOST/team/other:1 "
      ">&2 && exit 1\n"
      "echo refused",
      "refused\n", "\"method\":\"POST\"" },
    { "git-clone", "github-read", "git", 0, "git --version",
      "git clone -q https://$HOST/o/r.git && cat r/thing", SAYS, NULL },
    { "git-push-refused", "github-read", "git", 0, "git --version",
      "git clone -q https://$HOST/o/r.git && cd r && git -c user.name=a -c "
      "user.email=a@a.example commit -q --allow-empty -m b && git push -q && exit 1\n"
      "echo refused",
      "refused\n", "\"path\":\"/o/r.git/git-receive-pack\"" },
    { "git-push", "github", "git", 0, "git --version",
      "git clone -q https://$HOST/o/r.git && cd r && git -c user.name=a -c "
      "user.email=a@a.example commit -q --allow-empty -m b && git push -q && echo "
      "pushed",
      "pushed\n", NULL },
};

static bool
is_there(const char *command)
{
    g_autofree char *quiet = g_strconcat("{ ", command, "; } >/dev/null 2>&1", NULL);
    const char *const argv[] = { "sh", "-c", quiet, NULL };
    int status = -1;

    g_spawn_sync(NULL, (char **)(uintptr_t)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL,
                 NULL, NULL, &status, NULL);
    return status == 0;
}

static void
test_client(gconstpointer data)
{
    const Client *client = data;
    g_autoptr(Story) story = story_new();
    g_auto(Registry) registry = { 0 };
    g_autoptr(StoryRun) run = NULL;
    g_autofree char *arguments = NULL;
    g_autofree char *script = NULL;

    registry_init(&registry, story, client->kind, client->preset, client->second);
    script = story_file(story, "script", client->script);
    arguments = g_strdup_printf("--preset %s -- sh %s", client->preset, script);
    run = story_run(story, arguments);
    story_assert_status(run, 0);
    g_assert_cmpstr(run->out, ==, client->out);
    story_assert_record(run, "http.request", "\"allow\"", "\"rule\":\"preset:");
    if (client->denied != NULL)
        story_assert_record(run, "http.request", "\"deny\"", client->denied);
    else
        g_assert_cmpuint(story_count_records(run, "http.request", "\"deny\"", NULL), ==,
                         0);
}

/* A program that is too old is the distribution's affair, one that is missing is ours. */
static void
test_client_if_there(gconstpointer data)
{
    const Client *client = data;
    g_auto(GStrv) words = g_strsplit(client->needs, " ", 2);
    g_autofree char *program = g_find_program_in_path(words[0]);
    g_autofree char *why = g_strdup_printf("missing: %s", client->needs);

    if (is_there(client->needs))
        test_client(client);
    else if (program != NULL)
        g_test_skip(why);
    else
        bns_test_skip(why);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 250);
    if (!bns_test_can_unshare()) {
        bns_test_add("/e2e/registries/needs-user-namespaces", story_skip);
        return g_test_run();
    }
    for (size_t i = 0; i < G_N_ELEMENTS(clients); i++) {
        g_autofree char *path = g_strdup_printf("/e2e/registries/%s", clients[i].name);

        bns_test_add_data(path, &clients[i], test_client_if_there);
    }
    return g_test_run();
}
