/* SPDX-License-Identifier: Apache-2.0 */
/* The agents that people run, from npm: each completes one exchange with a stand-in of
 * its API, streamed, and edits a file, with what its preset gives and nothing else, and
 * tells the person when the API is refused. */
#include "tests/e2e/model_api.h"
#include "tests/e2e/npm.h"
#include "tests/e2e/story.h"
#include "tests/support/test.h"

#include <string.h>
#include <unistd.h>

typedef struct {
    const char *name;
    const char *preset;
    const char *package;
    const char *key;  /* the variable that holds its credential */
    const char *host; /* of its API */
    /* The request that carries the answer: all that must be allowed. */
    const char *method;
    const char *path;
    const char *command; /* a shell command that asks one thing */
    const char *edit;    /* one that lets it write files; the prompt follows */
    /* The same as root; NULL: no other. */
    const char *edit_as_root;
} Agent;

static const Agent agents[] = {
    { "claude", "claude-code", "@anthropic-ai/claude-code", "ANTHROPIC_API_KEY",
      "api.anthropic.com", "POST", "/v1/messages",
      "claude -p 'What did the boundary do?'", "claude --allowedTools=Write -p", NULL },
    /* By WebSocket. */
    { "codex", "codex", "@openai/codex", "CODEX_API_KEY", "api.openai.com", "GET",
      "/v1/responses",
      "codex exec --skip-git-repo-check --sandbox read-only "
      "'What did the boundary do?'",
      "codex exec --skip-git-repo-check --sandbox workspace-write",
      /* Its own sandbox is bwrap, which root cannot have inside: see nested.c. */
      "codex exec --skip-git-repo-check --sandbox danger-full-access" },
    { "gemini", "gemini-cli", "@google/gemini-cli", "GEMINI_API_KEY",
      "generativelanguage.googleapis.com", "POST", "/v1beta/models/*",
      "gemini --skip-trust -p 'What did the boundary do?'",
      "gemini --skip-trust --approval-mode auto_edit -p", NULL },
    { "opencode", "opencode", "opencode-ai", "ANTHROPIC_API_KEY", "api.anthropic.com",
      "POST", "/v1/messages",
      "opencode run --model anthropic/claude-sonnet-4-5 'What did the boundary do?'",
      "opencode run --model anthropic/claude-sonnet-4-5", NULL },
};

/* Returns: (transfer full): its API, which every later run finds. */
static BnsOrigin *
model_api_new(Story *story, const Agent *agent)
{
    g_autofree char *names = g_strconcat("DNS:", agent->host, NULL);
    BnsTestCertSpec spec = { .issuer = story->authority,
                             .common_name = "model API",
                             .names = names };
    g_autoptr(BnsTestCert) leaf = bns_test_cert_new(&spec);
    SSL_CTX *ssl_ctx = bns_test_cert_server(leaf, NULL);
    BnsOrigin *origin = bns_origin_new(ssl_ctx);

    bns_origin_set_answer(origin, model_api_answer);
    SSL_CTX_free(ssl_ctx);
    story_option(story, "--resolve %s:443:127.0.0.1:%u", agent->host,
                 bns_origin_port(origin));
    return origin;
}

/* Returns: (nullable): a story in which the agent is installed. */
static Story *
agent_story(const Agent *agent)
{
    g_autoptr(Story) story = story_new();

    if (!story_npm(story, agent->package))
        return NULL;
    story_setenv(story, agent->key, "sk-stand-in");
    return g_steal_pointer(&story);
}

static void
test_exchange(gconstpointer data)
{
    const Agent *agent = data;
    g_autoptr(Story) story = agent_story(agent);
    g_autoptr(BnsOrigin) api = NULL;
    g_autoptr(StoryRun) run = NULL;
    g_autofree char *arguments = NULL;
    g_autofree char *method = NULL;

    if (story == NULL)
        return;
    api = model_api_new(story, agent);
    story_write(story, "none.yaml", "auto_preset: false\n");
    story_option(story, "--write %s", story->home);
    arguments =
        g_strdup_printf("--config none.yaml --allow '%s %s%s' -- %s", agent->method,
                        agent->host, agent->path, agent->command);
    run = story_run(story, arguments);
    story_assert_status(run, 0);
    story_assert_out(run, MODEL_API_ANSWER);
    method = g_strdup_printf("\"method\":\"%s\"", agent->method);
    story_assert_record(run, "http.request", "\"allow\"", agent->host, method);
}

/* No policy, nothing on the command line: the name is enough. */
static void
test_preset(gconstpointer data)
{
    const Agent *agent = data;
    g_autoptr(Story) story = agent_story(agent);
    g_autoptr(BnsOrigin) api = NULL;
    g_autoptr(StoryRun) run = NULL;
    g_autofree char *arguments = g_strconcat("-- ", agent->command, NULL);
    g_autofree char *notice = g_strdup_printf("policy: preset %s, for ", agent->preset);

    if (story == NULL)
        return;
    api = model_api_new(story, agent);
    run = story_run(story, arguments);
    story_assert_status(run, 0);
    story_assert_out(run, MODEL_API_ANSWER);
    story_assert_err(run, notice);
    story_assert_record(run, "http.request", "\"allow\"", agent->host,
                        "\"rule\":\"preset:");
}

/* It writes a file that the person has afterwards, again by its name alone. */
static void
test_edit(gconstpointer data)
{
    const Agent *agent = data;
    g_autoptr(Story) story = agent_story(agent);
    g_autoptr(BnsOrigin) api = NULL;
    g_autoptr(StoryRun) run = NULL;
    g_autofree char *path = NULL;
    g_autofree char *arguments = NULL;
    g_autofree char *note = NULL;
    const char *command = getuid() == 0 && agent->edit_as_root != NULL
                              ? agent->edit_as_root
                              : agent->edit;

    if (story == NULL)
        return;
    api = model_api_new(story, agent);
    path = g_build_filename(story->work, "note.txt", NULL);
    arguments = g_strdup_printf("-- %s '" MODEL_API_EDIT "%s please.'", command, path);
    run = story_run(story, arguments);
    story_assert_status(run, 0);
    story_assert_out(run, MODEL_API_ANSWER);
    if (!g_file_get_contents(path, &note, NULL, NULL))
        g_error("nothing was written: %s%s", run->out, run->err);
    g_assert_cmpstr(note, ==, MODEL_API_NOTE);
}

/* The API's path is refused: the person reads why, soon. */
static void
test_refused(gconstpointer data)
{
    const Agent *agent = data;
    g_autoptr(Story) story = agent_story(agent);
    g_autoptr(StoryRun) run = NULL;
    g_autofree char *arguments = NULL;
    g_autofree char *said = NULL;

    if (story == NULL)
        return;
    /* They keep their state in several places of it. */
    story_write(story, "none.yaml", "auto_preset: false\n");
    story_option(story, "--write %s", story->home);
    arguments = g_strdup_printf("-q --config none.yaml -- %s", agent->command);
    run = story_run(story, arguments);
    story_assert_status(run, 1);
    said = g_strconcat(run->out, run->err, NULL);
    if (strstr(said, "Network request blocked by Agent Boundaries policy") == NULL)
        g_error("the person does not read why: %s", said);
}

static void
add_tests(const char *what, void (*test)(gconstpointer))
{
    for (size_t i = 0; i < G_N_ELEMENTS(agents); i++) {
        g_autofree char *path =
            g_strdup_printf("/e2e/agents/%s/%s", agents[i].name, what);

        bns_test_add_data(path, &agents[i], test);
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 280);
    if (!bns_test_can_unshare()) {
        bns_test_add("/e2e/agents/needs-user-namespaces", story_skip);
        return g_test_run();
    }
    add_tests("exchange", test_exchange);
    add_tests("preset", test_preset);
    add_tests("edit", test_edit);
    add_tests("refused", test_refused);
    return g_test_run();
}
