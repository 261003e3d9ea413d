/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy.h"
#include "tests/policy/policies.h"
#include "tests/support/test.h"

#include <glib/gstdio.h>
#include <string.h>

typedef struct {
    const char *name;
    const char *yaml; /* of a file */
    BnsCorrelationSource source;
    const char *target; /* --session-id-inject-target; NULL: none */
    const char *question;
    bool is_met;
    const char *error; /* NULL: none */
} Case;

#define ON       "session_correlation_enabled: true\n"
#define TARGETS  "session_id_inject_targets: [domain=a.org path=/v1/*]\n"
#define IN_A     "POST https://a.org:443/v1/x"
#define NOT_IN_A "POST https://a.org:443/v2"

static const Case cases[] = {
    { "off-by-default", TARGETS, { 0 }, NULL, IN_A, false, NULL },
    { "of-a-file", ON TARGETS, { 0 }, NULL, IN_A, true, NULL },
    { "not-another-path", ON TARGETS, { 0 }, NULL, NOT_IN_A, false, NULL },
    { "not-another-host",
      ON TARGETS,
      { 0 },
      NULL,
      "GET https://b.org:443/v1/x",
      false,
      NULL },
    { "any-port", ON TARGETS, { 0 }, NULL, "GET http://a.org:8080/v1/x", true, NULL },
    { "any-reading",
      ON TARGETS,
      { 0 },
      NULL,
      "GET https://a.org:443/v2/../v1/x",
      true,
      NULL },
    { "no-opaque-flow", ON TARGETS, { 0 }, NULL, "tcp://a.org:443", false, NULL },
    { "the-option-wins-over-the-file",
      ON TARGETS,
      { .enabled = "false" },
      NULL,
      IN_A,
      false,
      NULL },
    { "the-option-wins-over-the-variable",
      TARGETS,
      { .enabled = "true", .env_enabled = "0" },
      NULL,
      IN_A,
      true,
      NULL },
    { "the-variable-wins-over-the-file",
      ON TARGETS,
      { .env_enabled = "F" },
      NULL,
      IN_A,
      false,
      NULL },
    { "an-empty-variable-says-nothing",
      ON TARGETS,
      { .env_enabled = "" },
      NULL,
      IN_A,
      true,
      NULL },
    { "a-target-of-the-command-line",
      "",
      { .enabled = "true" },
      "domain=*.b.org",
      "GET https://x.b.org:443/",
      true,
      NULL },
    { "a-target-of-the-environment",
      ON,
      { .env_target = "domain=b.org" },
      NULL,
      "GET https://b.org:443/",
      true,
      NULL },
    { "the-workspace's-agent",
      ON,
      { .agent_url = "https://dev.coder.com:8443/x" },
      NULL,
      "POST https://dev.coder.com:8443/api/v2/aibridge/v1/messages",
      true,
      NULL },
    { "no-more-than-its-models",
      ON,
      { .agent_url = "https://dev.coder.com/" },
      NULL,
      "POST https://dev.coder.com:443/api/v2/users",
      false,
      NULL },
    { "the-agent-is-a-default",
      ON TARGETS,
      { .agent_url = "https://dev.coder.com/" },
      NULL,
      "POST https://dev.coder.com:443/api/v2/aibridge/x",
      false,
      NULL },
    { "without-a-target",
      ON,
      { 0 },
      NULL,
      IN_A,
      false,
      "session correlation: no target: name one by --session-id-inject-target "
      "'domain=HOST path=/PATH', or in session_id_inject_targets" },
    { "without-a-url",
      ON,
      { .agent_url = "nonsense" },
      NULL,
      IN_A,
      false,
      "session correlation: no target: " },
    { "with-a-bad-variable",
      TARGETS,
      { .env_enabled = "yes" },
      NULL,
      IN_A,
      false,
      "$BOUNDARY_SESSION_CORRELATION_ENABLED: must be true or false" },
    { "with-a-bad-target",
      ON TARGETS,
      { 0 },
      "a.org",
      IN_A,
      false,
      "--session-id-inject-target#1: a target names a host: write domain=HOST" },
    { "with-a-target-of-no-host",
      ON TARGETS,
      { .env_target = "path=/" },
      NULL,
      IN_A,
      false,
      "$BOUNDARY_SESSION_ID_INJECT_TARGET: a target names a host" },
};

static void
test_case(gconstpointer data)
{
    const Case *c = data;
    g_autofree char *dir = g_dir_make_tmp("correlation-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(dir, "p.yaml", NULL);
    char *targets[] = { (char *)(uintptr_t)c->target, NULL };
    BnsPolicySource source = { .config_path = file, .correlation = c->source };
    g_auto(Question) question = question_from(c->question);
    g_autoptr(BnsPolicy) policy = NULL;
    g_autoptr(GError) error = NULL;

    source.correlation.targets = targets;
    g_assert_true(g_file_set_contents(file, c->yaml, -1, NULL));
    policy = bns_policy_load(&source, NULL, &error);
    g_unlink(file);
    g_rmdir(dir);
    if (c->error != NULL) {
        g_assert_null(policy);
        g_assert_true(g_str_has_prefix(error->message, c->error));
        return;
    }
    g_assert_no_error(error);
    g_assert_cmpint(bns_policy_correlates(policy, &question.request), ==, c->is_met);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path =
            g_strconcat("/policy/correlation/", cases[i].name, NULL);

        bns_test_add_data(path, &cases[i], test_case);
    }
    return g_test_run();
}
