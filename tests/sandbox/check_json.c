/* SPDX-License-Identifier: Apache-2.0 */
/* The line of check --format json, byte for byte: programs rely on it. */
#include "sandbox/check_json.h"

#include "tests/policy/policies.h"
#include "tests/support/test.h"

typedef struct {
    const char *name;
    const char *rule; /* of deny if it begins with "!" */
    const char *json; /* behind "rule" */
} Row;

static const Row rows[] = {
    { "a-host", "[a.org]",
      "\"hosts\":[\"a.org\"],\"schemes\":[\"http\",\"https\"],\"ports\":[80,443],"
      "\"methods\":[],\"paths\":[],\"private\":false}" },
    { "all-keys",
      "[{ domain: [a.org, '*.b.org'], scheme: https, ports: [2, 1], methods: [PUT, "
      "GET], "
      "path: [/a, /b/*], private: true, client_cert: c.pem, client_key: k.pem }]",
      "\"hosts\":[\"a.org\",\"*.b.org\"],\"schemes\":[\"https\"],\"ports\":[1,2],"
      "\"methods\":[\"GET\",\"PUT\"],\"paths\":[\"/a\",\"/b/"
      "*\"],\"private\":true,\"client_cert\":\"/c.pem\",\"client_key\":\"/k.pem\"}" },
    { "any-port", "['domain=a.org']",
      "\"hosts\":[\"a.org\"],\"schemes\":[\"http\",\"https\"],\"ports\":[],\"methods\":"
      "["
      "],\"paths\":[],\"private\":false}" },
    { "opaque", "['tcp://a.org:22']",
      "\"hosts\":[\"a.org\"],\"schemes\":[\"tcp\"],\"ports\":[22],\"methods\":[],"
      "\"paths\":[],\"private\":false}" },
    { "sealed", "[{ domain: a.org, inspect: false }]",
      "\"hosts\":[\"a.org\"],\"schemes\":[\"tls\"],\"ports\":[443],\"methods\":[],"
      "\"paths\":[],\"private\":false}" },
    { "a-network", "[{ cidr: 10.0.0.0/8 }]",
      "\"cidr\":[\"10.0.0.0/8\"],\"schemes\":[\"http\",\"https\"],\"ports\":[80,443],"
      "\"methods\":[],\"paths\":[],\"private\":false}" },
    { "a-deny-is-of-every-kind",
      "![{ domain: a.org, reason: \"a \\\"b\\\" \\u00fc\" }]",
      "\"hosts\":[\"a.org\"],\"schemes\":[\"http\",\"https\",\"tls\",\"tcp\"],"
      "\"ports\":["
      "],\"methods\":[],\"paths\":[],\"private\":false,\"reason\":\"a \\\"b\\\" "
      "\xc3\xbc\"}" },
    { "a-deny-of-plain-http", "!['http://a.org']",
      "\"hosts\":[\"a.org\"],\"schemes\":[\"http\",\"tcp\"],\"ports\":[],\"methods\":[]"
      ","
      "\"paths\":[],\"private\":false}" },
};

static void
test_rule(gconstpointer data)
{
    const Row *row = data;
    bool is_deny = *row->rule == '!';
    g_autofree char *yaml =
        g_strconcat(is_deny ? "deny: " : "allow: ", row->rule + is_deny, NULL);
    g_autoptr(BnsPolicy) policy = policy_from(yaml);
    g_autofree char *line = bns_check_json(policy, "");
    g_autofree char *action =
        g_strdup_printf("\"rules\":[{\"origin\":\"/"
                        "p.yaml:1\",\"action\":\"%s\",\"layer\":\"user\",\"rule\":",
                        is_deny ? "deny" : "allow");
    g_autofree char *end = g_strconcat(",", row->json, "],\"settings\":[]}\n", NULL);

    g_assert_nonnull(strstr(line, action));
    if (!g_str_has_suffix(line, end))
        g_error("%s does not end in %s", line, end);
}

static void
test_whole(void)
{
    g_autoptr(BnsPolicy) policy = policy_from("enabled: false");
    g_autofree char *line =
        bns_check_json(policy, "/p:1\twrite\t/a b\ndefault\tdeny-command\tx y\tz\n");
    g_autofree char *expected = g_strdup_printf(
        "{\"format\":1,\"version\":\"" BNS_VERSION
        "\",\"valid\":true,\"enabled\":false,\"mode\":\"enforce\",\"policy_digest\":\"%"
        "s\",\"files\":[],"
        "\"rules\":[],\"settings\":[{\"origin\":\"/"
        "p:1\",\"key\":\"write\",\"value\":\"/a "
        "b\"},{\"origin\":\"default\",\"key\":\"deny-command\",\"value\":\"x "
        "y\\tz\"}]}\n",
        bns_policy_digest(policy));

    g_assert_cmpstr(line, ==, expected);
}

static void
test_error(void)
{
    g_autofree char *line = bns_check_json_error("/p:1:2: bad \"x\"");

    g_assert_cmpstr(line, ==,
                    "{\"format\":1,\"version\":\"" BNS_VERSION
                    "\",\"valid\":false,\"error\":\"/p:1:2: bad \\\"x\\\"\"}\n");
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path =
            g_strconcat("/sandbox/check-json/rules/", rows[i].name, NULL);

        bns_test_add_data(path, &rows[i], test_rule);
    }
    bns_test_add("/sandbox/check-json/all-of-it", test_whole);
    bns_test_add("/sandbox/check-json/no-policy", test_error);
    return g_test_run();
}
