/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an imported policy allows is what the other program's documentation says of its
 * file: generated lists of hosts, asked about generated requests, and a second, plain
 * reading of that documentation beside it.
 */
#include "policy/import.h"
#include "tests/policy/policies.h"
#include "tests/support/test.h"

#define ROUNDS  600
#define PICK(a) ((a)[g_test_rand_int_range(0, G_N_ELEMENTS(a))])

static const char *const patterns[] = {
    "x.org",     "*.x.org",     "a.x.org",           "X.ORG",        "x.org:8080",
    "b.a.x.org", "*.a.x.org",   "y.org:443",         "*.x.org:8080", "evilx.org",
    "10.0.0.1",  "10.0.0.1:80", "[2001:db8::1]:443",
};
static const char *const hosts[] = {
    "x.org", "a.x.org", "b.a.x.org", "y.org", "evilx.org", "10.0.0.1", "2001:db8::1",
};
static const uint16_t ports[] = { 80, 443, 8080 };

typedef struct {
    const char *name;
    BnsImportKind kind;
    const char *before; /* the list of what is allowed */
    const char *between;
    const char *after;
    const char *allowed; /* an item */
    const char *denied;
    uint16_t default_ports[2]; /* of a pattern without a port; 0: any */
    bool has_apex;             /* "**.name" */
} Format;

static const Format formats[] = {
    { "srt",
      BNS_IMPORT_SRT,
      "{\"network\":{\"allowedDomains\":[",
      "],\"deniedDomains\":[",
      "]}}",
      "%s\"%s\"",
      "%s\"%s\"",
      { 0, 0 },
      false },
    { "claude",
      BNS_IMPORT_CLAUDE,
      "{\"sandbox\":{\"enabled\":true,\"network\":{\"allowedDomains\":[",
      "]}},\"permissions\":{\"deny\":[",
      "]}}",
      "%s\"%s\"",
      "%s\"WebFetch(domain:%s)\"",
      { 0, 0 },
      false },
    { "codex",
      BNS_IMPORT_CODEX,
      "default_permissions='p'\nfeatures.network_proxy=true\n"
      "[permissions.p.network]\nenabled=true\nallowed_domains=[",
      "]\ndenied_domains=[",
      "]\n",
      "%s\"%s\"",
      "%s\"%s\"",
      { 0, 0 },
      true },
};

/* The part of a pattern that is a host, and its port or 0. */
static char *
split(const char *pattern, uint16_t *out_port)
{
    const char *end = *pattern == '[' ? strchr(pattern, ']') : pattern;
    const char *colon = strchr(end, ':');
    g_autofree char *host = colon != NULL
                                ? g_strndup(pattern, (size_t)(colon - pattern))
                                : g_strdup(pattern);

    *out_port = colon != NULL ? (uint16_t)g_ascii_strtoull(colon + 1, NULL, 10) : 0;
    return *host == '[' ? g_strndup(host + 1, strlen(host) - 2)
                        : g_ascii_strdown(host, -1);
}

static bool
means(const char *pattern, const char *host, uint16_t port, bool is_allow)
{
    uint16_t pattern_port;
    g_autofree char *name = split(pattern, &pattern_port);
    bool is_literal = g_ascii_isdigit(*name);

    if (pattern_port != 0 && pattern_port != port)
        return false;
    /* Said to be narrower. */
    if (is_allow && is_literal && pattern_port == 0 && port != 80 && port != 443)
        return false;
    if (g_str_has_prefix(name, "**."))
        return strcmp(host, name + 3) == 0 || g_str_has_suffix(host, name + 2);
    if (g_str_has_prefix(name, "*."))
        return g_str_has_suffix(host, name + 1);
    return strcmp(host, name) == 0;
}

static bool
any_means(const GPtrArray *list, const char *host, uint16_t port, bool is_allow)
{
    for (guint i = 0; i < list->len; i++)
        if (means(list->pdata[i], host, port, is_allow))
            return true;
    return false;
}

static GPtrArray *
random_patterns(int max, bool has_apex)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(g_free);

    for (int i = g_test_rand_int_range(0, max); i > 0; i--) {
        const char *pattern = PICK(patterns);

        g_ptr_array_add(list, has_apex && *pattern == '*' && g_test_rand_bit()
                                  ? g_strconcat("*", pattern, NULL)
                                  : g_strdup(pattern));
    }
    return list;
}

static void
append(GString *text, const char *format, const GPtrArray *list)
{
    g_auto(GStrv) parts = g_strsplit(format, "%s", 3);

    for (guint i = 0; i < list->len; i++)
        g_string_append_printf(text, "%s%s%s%s", i > 0 ? "," : "", parts[1],
                               (const char *)list->pdata[i], parts[2]);
}

static void
ask(const BnsPolicy *policy,
    const char *yaml,
    const GPtrArray *allow,
    const GPtrArray *deny)
{
    for (size_t h = 0; h < G_N_ELEMENTS(hosts); h++)
        for (size_t p = 0; p < G_N_ELEMENTS(ports); p++) {
            const BnsRequest request = { BNS_SCHEME_HTTPS, hosts[h], ports[p], "POST",
                                         "/a" };
            bool is_allowed =
                bns_policy_decide(policy, &request).verdict == BNS_VERDICT_ALLOW;
            bool expected = any_means(allow, hosts[h], ports[p], true) &&
                            !any_means(deny, hosts[h], ports[p], false);

            if (is_allowed != expected)
                g_error("%s:%u is %s by\n%s", hosts[h], ports[p],
                        is_allowed ? "allowed" : "denied", yaml);
        }
}

static void
test_format(gconstpointer data)
{
    const Format *format = data;

    for (int round = 0; round < ROUNDS; round++) {
        g_autoptr(GPtrArray) allow = random_patterns(5, format->has_apex);
        g_autoptr(GPtrArray) deny = random_patterns(3, format->has_apex);
        g_autoptr(GString) text = g_string_new(format->before);
        g_autoptr(GError) error = NULL;
        g_autoptr(BnsImport) import = NULL;
        g_autoptr(BnsPolicy) policy = NULL;

        append(text, format->allowed, allow);
        g_string_append(text, format->between);
        append(text, format->denied, deny);
        g_string_append(text, format->after);
        import = bns_import(format->kind, "f", text->str, text->len, &error);
        g_assert_no_error(error);
        policy = policy_from(import->yaml);
        ask(policy, import->yaml, allow, deny);
    }
}

typedef struct {
    const char *name;
    const char *list;
    const char *question;
    bool is_allowed;
} Row;

/* A list's "*.name" is what is below, ".name" the name too; ports 80 and 443. */
static const Row rows[] = {
    { "a-name", "x.org", "GET https://x.org:443/", true },
    { "plain-http", "x.org", "GET http://x.org:80/", true },
    { "another-port", "x.org", "GET https://x.org:8443/", false },
    { "a-named-port", "x.org:8443", "GET https://x.org:8443/", true },
    { "not-443-then", "x.org:8443", "GET https://x.org:443/", false },
    { "below", "*.x.org", "GET https://a.b.x.org:443/", true },
    { "not-itself", "*.x.org", "GET https://x.org:443/", false },
    { "itself-too", ".x.org", "GET https://x.org:443/", true },
    { "not-a-longer-name", "x.org", "GET https://evilx.org:443/", false },
    { "not-below-a-name", "x.org", "GET https://a.x.org:443/", false },
    { "behind-a-comment", "# y.org\nx.org", "GET https://y.org:443/", false },
};

static void
test_list(gconstpointer data)
{
    const Row *row = data;
    g_auto(Question) question = question_from(row->question);
    g_autoptr(BnsImport) import =
        bns_import(BNS_IMPORT_DOMAINS, "f", row->list, strlen(row->list), NULL);
    g_autoptr(BnsPolicy) policy = policy_from(import->yaml);

    g_assert_true((bns_policy_decide(policy, &question.request).verdict ==
                   BNS_VERDICT_ALLOW) == row->is_allowed);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 120);
    for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
        g_autofree char *path = g_strconcat("/policy/import-hosts/means-what-it-meant/",
                                            formats[i].name, NULL);

        bns_test_add_data(path, &formats[i], test_format);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path =
            g_strconcat("/policy/import-hosts/domains/", rows[i].name, NULL);

        bns_test_add_data(path, &rows[i], test_list);
    }
    return g_test_run();
}
