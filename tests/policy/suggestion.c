/* SPDX-License-Identifier: Apache-2.0 */
/* From what was asked for to a policy: its text, and that it allows all of it. */
#include "policy/suggestion.h"

#include "policy/preset_load.h"
#include "tests/policy/policies.h"
#include "tests/support/test.h"

#define ROUNDS 150

/* One thing that was asked for: "QUESTION", of question_from(). */
typedef struct {
    const char *question;
    const char *exe;
    BnsAskedFate fate;
    const char *rule;
    const char *addr;
} Line;

static bool
add(BnsSuggestion *suggestion, const Line *line)
{
    g_auto(Question) q = question_from(line->question);
    const BnsAsked asked = { .fate = line->fate,
                             .request = q.request,
                             .addr = line->addr,
                             .exe = line->exe,
                             .rule = line->rule,
                             .reason = "because" };

    return bns_suggestion_add(suggestion, &asked);
}

static char *
write_it(BnsSuggestion *suggestion)
{
    GError *error = NULL;
    char *yaml = bns_suggestion_write(suggestion, &error);

    g_assert_no_error(error);
    for (const char *byte = yaml; *byte != '\0'; byte++)
        g_assert_true((*byte >= 0x20 && *byte < 0x7f) || *byte == '\n');
    return yaml;
}

/* Returns: (transfer full): the policy that a file with this text is, presets too. */
static BnsPolicy *
load(const char *yaml)
{
    g_autoptr(BnsPolicy) policy = bns_policy_new();
    g_auto(BnsPresetList) presets = { 0 };
    g_autoptr(BnsConfig) config = NULL;
    GError *error = NULL;

    config = bns_config_parse("/p.yaml", yaml, strlen(yaml), &error);
    g_assert_no_error(error);
    bns_preset_list_init(&presets);
    for (guint i = 0; i < config->extends->len; i++) {
        const BnsConfigExtend *extend = config->extends->pdata[i];

        bns_preset_list_add(&presets, extend->name + strlen(BNS_PRESET_PREFIX), "",
                            &error);
        g_assert_no_error(error);
    }
    bns_preset_list_apply(&presets, policy);
    bns_policy_add_config(policy, config, NULL);
    bns_policy_complete(policy, &error);
    g_assert_no_error(error);
    return g_steal_pointer(&policy);
}

typedef struct {
    const char *name;
    BnsSuggestionOptions options;
    Line lines[24];
    const char *yaml; /* behind "version: 1\n" */
} Case;

#define ALLOWED    BNS_ASKED_ALLOWED
#define MISSED     BNS_ASKED_MISSED
#define FORBIDDEN  BNS_ASKED_FORBIDDEN
#define DISTRUSTED BNS_ASKED_DISTRUSTED
#define UNKNOWN    "  # a program that is not known\n"
#define MISSED_HEAD                                                                    \
    "# No rule allowed these in that run. Remove the \"#\" before those that are "     \
    "right (--denied\n# does so for all):\n"
#define NOTES_HEAD(n)                                                                  \
    "# Refused by a deny rule, a cap or the address guard (" n                         \
    " times), and so not allowed here:\n"
#define DISTRUSTED_HEAD                                                                \
    "# Programs that did not trust the certificates of that run, so that nothing of "  \
    "theirs could\n# be read. Where they cannot be made to, remove the \"#\", and "    \
    "other rules for that host:\n"

static const Case cases[] = {
    { "nothing", { 0 }, { { 0 } }, "" },
    { "a-request",
      { 0 },
      { { "GET https://x.org:443/a", "/bin/curl", ALLOWED, NULL, NULL } },
      "allow:\n  # /bin/curl\n  - \"GET https://x.org/a\"\n" },
    { "the-scheme-and-the-port-are-kept",
      { 0 },
      { { "GET http://x.org:80/a", NULL, ALLOWED, NULL, NULL },
        { "GET https://x.org:8443/a", NULL, ALLOWED, NULL, NULL } },
      "allow:\n" UNKNOWN "  - \"GET http://x.org/a\"\n"
      "  - \"GET https://x.org:8443/a\"\n" },
    { "methods-of-the-same-paths-are-one",
      { 0 },
      { { "GET https://x.org:443/a", NULL, ALLOWED, NULL, NULL },
        { "GET https://x.org:443/b", NULL, ALLOWED, NULL, NULL },
        { "HEAD https://x.org:443/a", NULL, ALLOWED, NULL, NULL },
        { "POST https://y.org:443/g", NULL, ALLOWED, NULL, NULL },
        { "GET https://y.org:443/g", NULL, ALLOWED, NULL, NULL } },
      "allow:\n" UNKNOWN
      "  - domain: x.org\n    scheme: https\n    methods: [GET, HEAD]\n    path:\n"
      "      - \"/a\"\n      - \"/b\"\n"
      "  # risky: sends data (POST)\n  - \"GET,POST https://y.org/g\"\n" },
    { "methods-of-others-are-not",
      { 0 },
      { { "GET https://x.org:443/a", NULL, ALLOWED, NULL, NULL },
        { "HEAD https://x.org:443/b", NULL, ALLOWED, NULL, NULL } },
      "allow:\n" UNKNOWN "  - \"GET https://x.org/a\"\n"
      "  - \"HEAD https://x.org/b\"\n" },
    { "methods-that-yaml-takes-for-something-else",
      { 0 },
      { { "1 https://x.org:443/a", NULL, ALLOWED, NULL, NULL },
        { "1 https://x.org:443/b", NULL, ALLOWED, NULL, NULL },
        { "NULL https://x.org:443/a", NULL, ALLOWED, NULL, NULL },
        { "NULL https://x.org:443/b", NULL, ALLOWED, NULL, NULL },
        { "TRUE https://x.org:443/a", NULL, ALLOWED, NULL, NULL },
        { "TRUE https://x.org:443/b", NULL, ALLOWED, NULL, NULL } },
      "allow:\n" UNKNOWN "  # risky: sends data (1, NULL, TRUE)\n"
      "  - domain: x.org\n    scheme: https\n"
      "    methods: [\"1\", \"NULL\", \"TRUE\"]\n    path:\n"
      "      - \"/a\"\n      - \"/b\"\n" },
    { "hosts-of-the-same-are-one",
      { 0 },
      { { "GET https://y.org:443/a", NULL, ALLOWED, NULL, NULL },
        { "GET https://x.org:443/a", NULL, ALLOWED, NULL, NULL } },
      "allow:\n" UNKNOWN
      "  - domain:\n      - x.org\n      - y.org\n    scheme: https\n"
      "    methods: [GET]\n    path: \"/a\"\n" },
    { "programs-have-theirs",
      { 0 },
      { { "GET https://y.org:443/a", "/bin/b", ALLOWED, NULL, NULL },
        { "GET https://x.org:443/a", "/bin/a\n- evil.org\x1b[2J", ALLOWED, NULL, NULL },
        { "GET https://y.org:443/a", "/bin/c", ALLOWED, NULL, NULL } },
      "allow:\n  # /bin/a\\x0a- evil.org\\x1b[2J\n  - \"GET https://x.org/a\"\n"
      "  # /bin/b, /bin/c\n  - \"GET https://y.org/a\"\n" },
    { "shards",
      { 0 },
      { { "GET https://cdn1.x.org:443/a", NULL, ALLOWED, NULL, NULL },
        { "GET https://cdn2.x.org:443/a", NULL, ALLOWED, NULL, NULL },
        { "GET https://cdn34.x.org:443/a", NULL, ALLOWED, NULL, NULL },
        { "GET https://cdn5.x.org:443/a", NULL, ALLOWED, NULL, NULL } },
      "allow:\n" UNKNOWN "  # 4 hosts that differ in a number\n"
      "  - \"GET https://*.x.org/a\"\n" },
    { "three-are-no-shards",
      { 0 },
      { { "GET https://cdn1.x.org:443/a", NULL, ALLOWED, NULL, NULL },
        { "GET https://cdn2.x.org:443/a", NULL, ALLOWED, NULL, NULL },
        { "GET https://cdn3.x.org:443/a", NULL, ALLOWED, NULL, NULL } },
      "allow:\n" UNKNOWN
      "  - domain:\n      - cdn1.x.org\n      - cdn2.x.org\n      - cdn3.x.org\n"
      "    scheme: https\n    methods: [GET]\n    path: \"/a\"\n" },
    { "shards-of-a-cloud-are-anybodys",
      { 0 },
      { { "GET https://b1.s3.amazonaws.com:443/a", NULL, ALLOWED, NULL, NULL },
        { "GET https://b2.s3.amazonaws.com:443/a", NULL, ALLOWED, NULL, NULL },
        { "GET https://b3.s3.amazonaws.com:443/a", NULL, ALLOWED, NULL, NULL },
        { "GET https://b4.s3.amazonaws.com:443/a", NULL, ALLOWED, NULL, NULL } },
      "allow:\n" UNKNOWN
      "  # risky: b1.s3.amazonaws.com: a cloud: anybody may have a name there\n"
      "  - domain:\n      - b1.s3.amazonaws.com\n      - b2.s3.amazonaws.com\n"
      "      - b3.s3.amazonaws.com\n      - b4.s3.amazonaws.com\n"
      "    scheme: https\n    methods: [GET]\n    path: \"/a\"\n" },
    { "shards-of-a-country-are-anybodys",
      { 0 },
      { { "GET https://a1.co.uk:443/a", NULL, ALLOWED, NULL, NULL },
        { "GET https://a2.co.uk:443/a", NULL, ALLOWED, NULL, NULL },
        { "GET https://a3.co.uk:443/a", NULL, ALLOWED, NULL, NULL },
        { "GET https://a4.co.uk:443/a", NULL, ALLOWED, NULL, NULL } },
      "allow:\n" UNKNOWN
      "  - domain:\n      - a1.co.uk\n      - a2.co.uk\n      - a3.co.uk\n"
      "      - a4.co.uk\n    scheme: https\n    methods: [GET]\n    path: \"/a\"\n" },
    { "shards-are-not-written-to",
      { 0 },
      { { "PUT https://cdn1.x.org:443/a", NULL, ALLOWED, NULL, NULL },
        { "PUT https://cdn2.x.org:443/a", NULL, ALLOWED, NULL, NULL },
        { "PUT https://cdn3.x.org:443/a", NULL, ALLOWED, NULL, NULL },
        { "PUT https://cdn4.x.org:443/a", NULL, ALLOWED, NULL, NULL } },
      "allow:\n" UNKNOWN "  # risky: sends data (PUT)\n"
      "  - domain:\n      - cdn1.x.org\n      - cdn2.x.org\n      - cdn3.x.org\n"
      "      - cdn4.x.org\n    scheme: https\n    methods: [PUT]\n    path: \"/a\"\n" },
    { "risky-hosts",
      { 0 },
      { { "GET https://gist.github.com:443/a", NULL, ALLOWED, NULL, NULL },
        { "POST https://x.ngrok.io:443/a", NULL, ALLOWED, NULL, NULL },
        { "GET http://203.0.112.1:80/8", NULL, ALLOWED, NULL, "203.0.112.1" } },
      "allow:\n" UNKNOWN
      "  # risky: 203.0.112.1: an address, which nobody's name stands for\n"
      "  - domain: 203.0.112.1\n    scheme: http\n    methods: [GET]\n"
      "    path: \"/8\"\n"
      "  # risky: gist.github.com: takes text or files from anybody\n"
      "  - \"GET https://gist.github.com/a\"\n"
      "  # risky: sends data (POST); x.ngrok.io: a tunnel: leads to anybody's machine\n"
      "  - \"POST https://x.ngrok.io/a\"\n" },
    { "private-addresses",
      { 0 },
      { { "GET https://x.org:443/a", NULL, ALLOWED, NULL, "10.1.2.3" },
        { "GET https://y.org:443/a", NULL, ALLOWED, NULL, "127.0.0.1" },
        { "GET http://[::1]:8080/a", NULL, ALLOWED, NULL, "::1" } },
      "allow:\n" UNKNOWN "  # risky: ::1: an address, which nobody's name stands for; "
      "a private or special "
      "address was dialled\n"
      "  - domain: \"::1\"\n    scheme: http\n    port: 8080\n    methods: [GET]\n"
      "    path: \"/a\"\n    private: true\n"
      "  # risky: a private or special address was dialled\n"
      "  - domain: x.org\n    scheme: https\n    methods: [GET]\n    path: \"/a\"\n"
      "    private: true\n"
      "  - \"GET https://y.org/a\"\n" },
    { "flows",
      { 0 },
      { { "tcp://x.org:22", NULL, ALLOWED, NULL, NULL },
        { "tls://y.org:443", NULL, ALLOWED, NULL, NULL },
        { "tcp://[2001:4860::1]:22", NULL, ALLOWED, NULL, NULL } },
      "allow:\n" UNKNOWN
      "  # risky: opaque, what passes cannot be seen; 2001:4860::1: an address, which "
      "nobody's name stands for\n"
      "  - domain:\n      - \"2001:4860::1\"\n      - x.org\n    port: 22\n"
      "    protocol: tcp\n"
      "  # risky: sealed, nothing but the name can be seen\n"
      "  - domain: y.org\n    port: 443\n    inspect: false\n" },
    { "a-port-has-one-kind",
      { 0 },
      { { "tcp://x.org:443", NULL, ALLOWED, NULL, NULL },
        { "tls://x.org:443", NULL, ALLOWED, NULL, NULL },
        { "GET https://x.org:443/a", NULL, ALLOWED, NULL, NULL } },
      "allow:\n" UNKNOWN "  - \"GET https://x.org/a\"\n" },
    { "tls-that-was-opened-alone",
      { 0 },
      { { "https://x.org:443", NULL, ALLOWED, NULL, NULL },
        { "https://y.org:443", NULL, ALLOWED, NULL, NULL },
        { "GET https://y.org:443/a", NULL, ALLOWED, NULL, NULL } },
      "allow:\n" UNKNOWN "  - \"GET https://x.org/\"\n"
      "  - \"GET https://y.org/a\"\n" },
    { "a-preset-that-takes-the-place-of-two-patterns",
      { 0 },
      { { "GET https://registry.npmjs.org:443/a", "/bin/npm", ALLOWED, NULL, NULL },
        { "GET https://registry.npmjs.org:443/b/c", "/bin/npm", ALLOWED, NULL, NULL },
        { "POST https://registry.npmjs.org:443/-/audit", "/bin/npm", ALLOWED, NULL,
          NULL } },
      "extends:\n  - preset:npm\nallow:\n  # /bin/npm\n"
      "  # risky: sends data (POST)\n"
      "  - \"POST https://registry.npmjs.org/-/audit\"\n" },
    { "one-pattern-is-not-worth-a-preset",
      { 0 },
      { { "GET https://registry.npmjs.org:443/a", NULL, ALLOWED, NULL, NULL } },
      "allow:\n" UNKNOWN "  - \"GET https://registry.npmjs.org/a\"\n" },
    { "a-preset-that-writes-what-was-written",
      { 0 },
      { { "GET https://github.com:443/o/r.git/info/refs", NULL, ALLOWED, NULL, NULL },
        { "POST https://github.com:443/o/r.git/git-upload-pack", NULL, ALLOWED, NULL,
          NULL } },
      "extends:\n  - preset:github-read\n" },
    { "a-preset-that-writes-what-was-not",
      { 0 },
      { { "GET https://github.com:443/o/r", NULL, ALLOWED, NULL, NULL },
        { "GET https://github.com:443/o/s", NULL, ALLOWED, NULL, NULL } },
      "allow:\n" UNKNOWN
      "  - domain: github.com\n    scheme: https\n    methods: [GET]\n    path:\n"
      "      - \"/o/r\"\n      - \"/o/s\"\n" },
    { "no-presets",
      { .no_presets = true },
      { { "GET https://registry.npmjs.org:443/a", NULL, ALLOWED, "preset:npm:5", NULL },
        { "GET https://registry.npmjs.org:443/b", NULL, ALLOWED, "preset:npm:5",
          NULL } },
      "allow:\n" UNKNOWN
      "  - domain: registry.npmjs.org\n    scheme: https\n    methods: [GET]\n"
      "    path:\n      - \"/a\"\n      - \"/b\"\n" },
    { "a-preset-that-decided-in-that-run",
      { 0 },
      { { "POST https://api.anthropic.com:443/v1/messages", NULL, ALLOWED,
          "preset:claude-code:6", NULL },
        { "POST https://api.anthropic.com:443/other", NULL, ALLOWED, "/p.yaml:3",
          NULL } },
      "extends:\n  - preset:claude-code\nallow:\n" UNKNOWN
      "  # risky: sends data (POST)\n  - \"POST https://api.anthropic.com/other\"\n" },
    { "an-agents-preset-is-more-than-rules",
      { 0 },
      { { "POST https://api.anthropic.com:443/v1/messages", NULL, ALLOWED, "/p.yaml:3",
          NULL },
        { "GET https://api.anthropic.com:443/v1/models", NULL, ALLOWED, "/p.yaml:3",
          NULL } },
      "allow:\n" UNKNOWN "  - \"GET https://api.anthropic.com/v1/models\"\n"
      "  # risky: sends data (POST)\n"
      "  - \"POST https://api.anthropic.com/v1/messages\"\n" },
    { "no-flow-where-a-preset-has-requests",
      { 0 },
      { { "tcp://registry.npmjs.org:443", NULL, ALLOWED, NULL, NULL },
        { "GET https://a.npmjs.org:443/a", NULL, ALLOWED, "preset:npm:6", NULL } },
      "extends:\n  - preset:npm\n" },
    { "what-no-rule-allowed-is-a-comment",
      { 0 },
      { { "GET https://x.org:443/a", "/bin/a", ALLOWED, NULL, NULL },
        { "GET https://y.org:443/a", "/bin/a", MISSED, NULL, NULL },
        { "POST https://y.org:443/b", "/bin/a", MISSED, NULL, NULL } },
      "allow:\n  # /bin/a\n  - \"GET https://x.org/a\"\n" MISSED_HEAD
      "#  # /bin/a\n#  - \"GET https://y.org/a\"\n#  # risky: sends data (POST)\n"
      "#  - \"POST https://y.org/b\"\n" },
    { "or-a-rule-if-wanted",
      { .with_missed = true },
      { { "GET https://x.org:443/a", "/bin/a", ALLOWED, NULL, NULL },
        { "GET https://x.org:443/b", "/bin/a", MISSED, NULL, NULL },
        { "GET https://z.org:443/b", "/bin/a", FORBIDDEN, "/p.yaml:7", NULL } },
      "allow:\n  # /bin/a\n  - domain: x.org\n    scheme: https\n    methods: [GET]\n"
      "    path:\n      - \"/a\"\n      - \"/b\"\n" NOTES_HEAD(
          "1") "#   GET https://z.org:443/b, by /bin/a: because (/p.yaml:7)\n" },
    { "what-a-deny-rule-refused-is-never-one",
      { 0 },
      { { "POST https://x.org:443/a\nallow: ['*']", "/bin/a", FORBIDDEN, "/p.yaml:7",
          NULL },
        { "POST https://x.org:443/a\nallow: ['*']", "/bin/a", FORBIDDEN, "/p.yaml:7",
          NULL } },
      NOTES_HEAD("2") "#   POST https://x.org:443/a\\x0aallow: ['*'], by /bin/a: "
                      "because (/p.yaml:7)\n" },
    { "few-reads-and-posts-below-one-directory",
      { 0 },
      { { "GET https://x.org:443/o/r.git/info/refs", "/bin/g", ALLOWED, NULL, NULL },
        { "POST https://x.org:443/o/r.git/git-upload-pack", "/bin/g", ALLOWED, NULL,
          NULL } },
      "allow:\n  # /bin/g\n  # risky: sends data (POST)\n"
      "  - domain: x.org\n    scheme: https\n    methods: [GET, POST]\n    path:\n"
      "      - \"/o/r.git/git-upload-pack\"\n      - \"/o/r.git/info/refs\"\n" },
    { "of-two-repositories-they-are-not-one",
      { 0 },
      { { "GET https://x.org:443/o/r.git/info/refs", "/bin/g", ALLOWED, NULL, NULL },
        { "POST https://x.org:443/o/s.git/git-upload-pack", "/bin/g", ALLOWED, NULL,
          NULL } },
      "allow:\n  # /bin/g\n  - \"GET https://x.org/o/r.git/info/refs\"\n"
      "  # risky: sends data (POST)\n"
      "  - \"POST https://x.org/o/s.git/git-upload-pack\"\n" },
    { "nor-of-two-programs",
      { 0 },
      { { "GET https://x.org:443/o/r/a", "/bin/a", ALLOWED, NULL, NULL },
        { "POST https://x.org:443/o/r/b", "/bin/b", ALLOWED, NULL, NULL } },
      "allow:\n  # /bin/a\n  - \"GET https://x.org/o/r/a\"\n"
      "  # /bin/b\n  # risky: sends data (POST)\n"
      "  - \"POST https://x.org/o/r/b\"\n" },
    { "nor-where-a-pattern-is-wider-than-what-was-read",
      { 0 },
      { { "GET https://x.org:443/o/r/1234", "/bin/a", ALLOWED, NULL, NULL },
        { "POST https://x.org:443/o/r/b", "/bin/a", ALLOWED, NULL, NULL } },
      "allow:\n  # /bin/a\n  - \"GET https://x.org/o/r/*\"\n"
      "  # risky: sends data (POST)\n"
      "  - \"POST https://x.org/o/r/b\"\n" },
    { "nor-where-they-are-many",
      { 0 },
      { { "GET https://x.org:443/o/r/a", "/bin/a", ALLOWED, NULL, NULL },
        { "GET https://x.org:443/o/r/b", "/bin/a", ALLOWED, NULL, NULL },
        { "GET https://x.org:443/o/r/c", "/bin/a", ALLOWED, NULL, NULL },
        { "GET https://x.org:443/o/r/d", "/bin/a", ALLOWED, NULL, NULL },
        { "POST https://x.org:443/o/r/e", "/bin/a", ALLOWED, NULL, NULL } },
      "allow:\n  # /bin/a\n  - domain: x.org\n    scheme: https\n    methods: [GET]\n"
      "    path:\n      - \"/o/r/a\"\n      - \"/o/r/b\"\n      - \"/o/r/c\"\n"
      "      - \"/o/r/d\"\n"
      "  # risky: sends data (POST)\n"
      "  - \"POST https://x.org/o/r/e\"\n" },
    { "nor-of-what-is-written-otherwise",
      { 0 },
      { { "GET https://x.org:443/o/r/a", "/bin/a", ALLOWED, NULL, NULL },
        { "DELETE https://x.org:443/o/r/b", "/bin/a", ALLOWED, NULL, NULL } },
      "allow:\n  # /bin/a\n  # risky: sends data (DELETE)\n"
      "  - \"DELETE https://x.org/o/r/b\"\n"
      "  - \"GET https://x.org/o/r/a\"\n" },
    { "tls-for-what-was-refused-is-no-rule",
      { 0 },
      { { "https://x.org:443", NULL, ALLOWED, NULL, NULL },
        { "GET https://x.org:443/a", "/bin/a", FORBIDDEN, NULL, NULL },
        { "https://y.org:443", NULL, ALLOWED, NULL, NULL } },
      "allow:\n" UNKNOWN "  - \"GET https://y.org/\"\n" NOTES_HEAD(
          "1") "#   GET https://x.org:443/a, by /bin/a: because (-)\n" },
    { "who-does-not-trust-us-may-pass-sealed",
      { .with_missed = true },
      { { "tls://x.org:443", "/bin/a", DISTRUSTED, NULL, NULL },
        { "tls://y.org:443", "/bin/a", DISTRUSTED, NULL, NULL } },
      DISTRUSTED_HEAD "#allow:\n#  # /bin/a\n"
                      "#  # risky: sealed, nothing but the name can be seen\n"
                      "#  - domain:\n#      - x.org\n#      - y.org\n"
                      "#    port: 443\n#    inspect: false\n" },
    { "all-comments-are-a-policy-when-they-are-none",
      { 0 },
      { { "GET https://y.org:443/a", "/bin/a", MISSED, NULL, NULL } },
      MISSED_HEAD "#allow:\n#  # /bin/a\n#  - \"GET https://y.org/a\"\n" },
};

static void
test_case(gconstpointer data)
{
    const Case *c = data;
    g_autoptr(BnsSuggestion) suggestion = bns_suggestion_new(&c->options);
    g_autofree char *yaml = NULL;
    g_autoptr(BnsPolicy) policy = NULL;

    for (const Line *line = c->lines; line->question != NULL; line++)
        add(suggestion, line);
    yaml = write_it(suggestion);
    g_assert_cmpstr(strstr(yaml, "version: 1\n") + strlen("version: 1\n"), ==, c->yaml);
    policy = load(yaml);
}

/* The commented lines without "#" are a policy, too, that allows what they are about. */
static void
test_uncommented(void)
{
    const BnsSuggestionOptions options = { 0 };
    g_autoptr(BnsSuggestion) suggestion = bns_suggestion_new(&options);
    g_auto(Question) q = question_from("GET https://y.org:443/b");
    const Line lines[] = {
        { "GET https://y.org:443/a", "/bin/a", MISSED, NULL, NULL },
        { "GET https://y.org:443/b", "/bin/a", MISSED, NULL, NULL },
        { "tcp://y.org:22", "/bin/a", MISSED, NULL, NULL },
    };
    g_autofree char *yaml = NULL;
    g_auto(GStrv) parts = NULL;
    g_autofree char *open = NULL;
    g_autoptr(BnsPolicy) policy = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++)
        g_assert_true(add(suggestion, &lines[i]));
    yaml = write_it(suggestion);
    parts = g_strsplit(strstr(yaml, "#allow:"), "\n#", -1);
    open = g_strjoinv("\n", parts);
    policy = load(open + 1);
    g_assert_cmpint(bns_policy_decide(policy, &q.request).verdict, ==,
                    BNS_VERDICT_ALLOW);
}

/* --- what cannot be a rule --- */

static void
test_left_out(void)
{
    static const BnsRequest strange[] = {
        { BNS_SCHEME_HTTPS, "X.org", 443, "GET", "/" },
        { BNS_SCHEME_HTTPS, "x.org\n", 443, "GET", "/" },
        { BNS_SCHEME_HTTPS, "x org", 443, "GET", "/" },
        { BNS_SCHEME_HTTPS, "", 443, "GET", "/" },
        { BNS_SCHEME_HTTPS, NULL, 443, "GET", "/" },
        { BNS_SCHEME_HTTPS, "x.org", 0, "GET", "/" },
        { BNS_SCHEME_HTTPS, "x.org", 443, "get", "/" },
        { BNS_SCHEME_HTTPS, "x.org", 443, "GET]\n", "/" },
        { BNS_SCHEME_HTTPS, "x.org", 443, "", "/" },
        { BNS_SCHEME_HTTPS, "x.org", 443, "GET", "" },
        { BNS_SCHEME_HTTPS, "x.org", 443, "GET", "a" },
        { BNS_SCHEME_HTTPS, "x.org", 443, "GET", "/a\nb" },
        { BNS_SCHEME_HTTPS, "x.org", 443, "GET", "/%zz" },
        { BNS_SCHEME_HTTPS, "x.org", 443, "GET", NULL },
        { BNS_SCHEME_HTTPS, "x.org", 443, "PUT", "/a/.." },
        { BNS_SCHEME_HTTP, "x.org", 80, NULL, NULL },
        { BNS_SCHEME_TCP, "x.org", 80, "GET", "/" },
        { BNS_SCHEME_HTTPS, "localhost", 443, "GET", "/" },
        { BNS_SCHEME_HTTPS, "x.boundary.internal", 443, "GET", "/" },
    };
    const BnsSuggestionOptions options = { 0 };
    g_autoptr(BnsSuggestion) suggestion = bns_suggestion_new(&options);
    g_autofree char *yaml = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(strange); i++) {
        const BnsAsked asked = { .request = strange[i] };

        if (bns_suggestion_add(suggestion, &asked))
            g_error("row %zu is taken", i);
    }
    g_assert_cmpuint(bns_suggestion_left_out(suggestion), ==, G_N_ELEMENTS(strange));
    yaml = write_it(suggestion);
    g_assert_null(strstr(yaml, "allow:"));
}

/* More hosts than are kept: the first stay, the rest is counted, the file is a policy. */
static void
test_bounded(void)
{
    const BnsSuggestionOptions options = { .no_presets = true };
    g_autoptr(BnsSuggestion) suggestion = bns_suggestion_new(&options);
    g_autofree char *name = g_strnfill(200, 'p');
    g_autofree char *yaml = NULL;
    g_autoptr(BnsPolicy) policy = NULL;
    guint taken = 0;

    for (int i = 0; i < BNS_SUGGESTION_GROUPS_MAX + 1000; i++) {
        g_autofree char *host = g_strdup_printf("h%d.d%d.org", i, i);
        g_autofree char *path = g_strdup_printf("/%s/%d", name, i);
        const BnsAsked asked = {
            .request = { BNS_SCHEME_HTTPS, host, 443, "POST", path },
        };

        taken += bns_suggestion_add(suggestion, &asked);
    }
    g_assert_cmpuint(taken, ==, BNS_SUGGESTION_GROUPS_MAX);
    g_assert_cmpuint(bns_suggestion_left_out(suggestion), ==, 1000);
    yaml = write_it(suggestion);
    g_assert_cmpuint(strlen(yaml), <, BNS_POLICY_FILE_MAX);
    /* What did not fit into the file is counted, too. */
    g_assert_cmpuint(bns_suggestion_left_out(suggestion), >, 1000);
    policy = load(yaml);
}

/* --- property --- */

#define PICK(table) ((table)[g_test_rand_int_range(0, G_N_ELEMENTS(table))])

static const char *const hosts[] = {
    "x.org",
    "a.x.org",
    "cdn1.x.org",
    "cdn2.x.org",
    "cdn3.x.org",
    "cdn4.x.org",
    "cdn55.x.org",
    "registry.npmjs.org",
    "github.com",
    "raw.githubusercontent.com",
    "pypi.org",
    "api.anthropic.com",
    "x.s3.amazonaws.com",
    "10.0.0.1",
    "203.0.112.7",
    "2001:4860::8",
    "host.boundary.internal",
};
static const char *const methods[] = { "GET", "GET",     "HEAD", "POST",
                                       "PUT", "OPTIONS", "X-YZ" };
static const char *const pieces[] = {
    "a",        "b",      "c",
    "d",        "e",      "f",
    "g",        "h",      "i",
    "j",        "123",    "4567",
    "1",        "2",      "x-1.0.tgz",
    "y-2.tgz",  "@s%2fp", "..",
    ".",        ";p=1",   "%20",
    "*",        "",       "~",
    "o",        "r.git",  "git-upload-pack",
    "info",     "refs",   "v1",
    "messages",
};
static const uint16_t ports[] = { 443, 443, 443, 80, 8443, 22 };
static const char *const rules[] = {
    NULL, NULL, NULL, NULL, "preset:npm:6", "/p:1", "preset:no-such:1", "preset:"
};
static const char *const addrs[] = { NULL, "93.184.216.34", "10.0.0.1", "127.0.0.1",
                                     "no\naddress" };

static Question
random_question(void)
{
    Question q = { 0 };
    GString *path = g_string_new(NULL);
    int n = g_test_rand_int_range(1, 5);

    for (int i = 0; i < n; i++)
        g_string_append_printf(path, "/%s", PICK(pieces));
    q.host = g_strdup(PICK(hosts));
    q.method = g_strdup(PICK(methods));
    q.path = g_string_free(path, FALSE);
    q.request =
        (BnsRequest){ .scheme = (BnsScheme)g_test_rand_int_range(0, BNS_N_SCHEMES),
                      .host = q.host,
                      .port = PICK(ports) };
    if (g_test_rand_int_range(0, 4) > 0)
        q.request.scheme = BNS_SCHEME_HTTPS;
    if (q.request.scheme == BNS_SCHEME_HTTP ||
        (q.request.scheme == BNS_SCHEME_HTTPS && g_test_rand_int_range(0, 10) > 0)) {
        q.request.method = q.method;
        q.request.path = q.path;
    }
    return q;
}

static BnsVerdict
ask(BnsPolicy *policy, const BnsAsked *asked)
{
    const BnsRequest *request = &asked->request;
    BnsDecision decision;

    if (request->scheme == BNS_SCHEME_HTTPS && request->method == NULL)
        return bns_policy_could_allow(policy, BNS_SCHEME_HTTPS, request->host,
                                      request->port)
            .verdict;
    decision = bns_policy_decide(policy, request);
    if (decision.verdict == BNS_VERDICT_ALLOW && request->method != NULL)
        decision = bns_policy_decide_literal(policy, &decision, request);
    return decision.verdict;
}

typedef struct {
    Question q;
    BnsAsked asked;
} Taken;

static void
taken_clear(void *data)
{
    question_clear(&((Taken *)data)->q);
}

/* Whether a flow and requests to the same port were asked for: the flow is left out. */
static bool
is_of_two_kinds(const GArray *all, const BnsRequest *request, const char *yaml)
{
    if (request->scheme != BNS_SCHEME_TCP && request->scheme != BNS_SCHEME_TLS)
        return false;
    for (guint i = 0; i < all->len; i++) {
        const BnsRequest *other = &g_array_index(all, Taken, i).asked.request;

        if (other->scheme != request->scheme && other->port == request->port &&
            strcmp(other->host, request->host) == 0)
            return true;
    }
    /* A preset may have it, too. */
    return strstr(yaml, "preset:") != NULL;
}

/* load(suggest(records)) allows each record, and nothing that none of them is near. */
static void
test_property(void)
{
    static const BnsRequest others[] = {
        { BNS_SCHEME_HTTPS, "evil.org", 443, "GET", "/a" },
        { BNS_SCHEME_HTTPS, "x.org", 444, "GET", "/a" },
        { BNS_SCHEME_HTTPS, "x.org", 443, "DELETE", "/a" },
        { BNS_SCHEME_HTTPS, "x.org", 443, "POST", "/z/none" },
        { BNS_SCHEME_TCP, "evil.org", 22, NULL, NULL },
    };

    for (int round = 0; round < ROUNDS; round++) {
        const BnsSuggestionOptions options = { .with_missed = round % 2 != 0,
                                               .no_presets = round % 3 == 0 };
        g_autoptr(BnsSuggestion) suggestion = bns_suggestion_new(&options);
        g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(Taken));
        g_autofree char *yaml = NULL;
        g_autoptr(BnsPolicy) policy = NULL;
        int n = g_test_rand_int_range(1, 200);

        g_array_set_clear_func(all, taken_clear);
        for (int i = 0; i < n; i++) {
            Taken taken = { .q = random_question() };

            taken.asked = (BnsAsked){ .request = taken.q.request,
                                      .rule = PICK(rules),
                                      .addr = PICK(addrs),
                                      .exe = PICK(pieces) };
            if (options.with_missed && i % 2 != 0)
                taken.asked.fate = BNS_ASKED_MISSED;
            if (bns_suggestion_add(suggestion, &taken.asked))
                g_array_append_val(all, taken);
            else
                taken_clear(&taken);
        }
        yaml = write_it(suggestion);
        policy = load(yaml);
        for (size_t i = 0; i < G_N_ELEMENTS(ports); i++)
            bns_policy_offer_host_port(policy, ports[i]);
        for (guint i = 0; i < all->len; i++) {
            const BnsAsked *asked = &g_array_index(all, Taken, i).asked;

            if (!is_of_two_kinds(all, &asked->request, yaml) &&
                ask(policy, asked) != BNS_VERDICT_ALLOW)
                g_error("%s %s://%s:%u%s is refused by\n%s", asked->request.method,
                        bns_scheme_name(asked->request.scheme), asked->request.host,
                        asked->request.port, asked->request.path, yaml);
        }
        for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
            if (bns_policy_decide(policy, &others[i]).verdict == BNS_VERDICT_ALLOW)
                g_error("row %zu is allowed by\n%s", i, yaml);
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 100);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/policy/suggestion/", cases[i].name, NULL);

        bns_test_add_data(path, &cases[i], test_case);
    }
    bns_test_add("/policy/suggestion/comments-are-rules-without-their-mark",
                 test_uncommented);
    bns_test_add("/policy/suggestion/what-no-rule-is-about", test_left_out);
    bns_test_add("/policy/suggestion/hosts-are-bounded", test_bounded);
    bns_test_add("/policy/suggestion/each-record-is-allowed", test_property);
    return g_test_run();
}
