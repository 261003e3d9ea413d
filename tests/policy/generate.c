/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/policy/generate.h"

static const char *const hosts[] = {
    "x.org", "*.x.org", ".x.org",    "a.x.org",  "*",
    "*.org", "y.org",   "b.a.x.org", "10.0.0.1", "[::1]",
};
static const char *const networks[] = { "10.0.0.0/8", "10.0.0.0/31", "0.0.0.0/0",
                                        "::/0", "fd00::/8" };
static const char *const methods[] = { "GET", "PUT", "GET,HEAD", "" };
static const char *const paths[] = {
    "", "/", "/a", "/a/*", "/a/**", "/*/b", "/**/b", "/A", "/a%2Fb", "/a*/b", "/%61/",
};
static const char *const ports[] = { "", "80", "443", "8080", "80,8080" };
/* Of mappings. */
static const char *const extras[] = {
    "", "", ", private: true", ", reason: why", ", scheme: https", ", scheme: http",
};
static const char *const conditions[] = {
    ", query: { a: true }",
    ", query: { a: '1*', b: false }",
    ", query: { a: '1', '*': false }",
    ", query: false",
    ", headers: { x-a: true }",
    ", headers: { x-a: '1*' }",
    ", headers: { x-a: false }",
    ", content_type: [a/b, 'c/*']",
    ", query: { b: ['1', 'x*'] }, headers: { x-b: false }",
};
static const char *const caps[] = {
    "",
    "",
    ", max_request_bytes: 10",
    ", max_request_bytes: 20, max_session_bytes: 30",
    ", max_session_bytes: 20",
};
/* The longest first, of those that begin alike. */
static const char *const allow_only[] = {
    ", inspect: false",
    ", private: true",
    ", max_request_bytes: 20, max_session_bytes: 30",
    ", max_request_bytes: 10",
    ", max_session_bytes: 20",
};

static const char *const asked_queries[] = {
    "",      "a",   "a=1", "A=1",     "a=12&b", "a=1;b=2", "a=1&a=2",
    "b=x+y", "b=1", "a=%", "%61=1&c", "a[]=1",  "b=1;a=1", "a=1&a=1",
};
static const BnsRequestField asked_fields[] = {
    { "x-a", 3, "1", 1 },
    { "X-A", 3, "12", 2 },
    { "x_a", 3, "1", 1 },
    { "x-a", 3, "2, 1", 4 },
    { "x-b", 3, "", 0 },
    { "x-c", 3, "1", 1 },
    { "content-type", 12, "a/b", 3 },
    { "content-type", 12, "c/d;x", 5 },
    { "content_type", 12, "e/f", 3 },
    { "content-type", 12, "nonsense", 8 },
};

static const char *const asked_hosts[] = {
    "x.org", "a.x.org", "b.a.x.org", "y.org", "10.0.0.1", "::1", "fd00::2",
};
static const char *const asked_methods[] = { "GET", "PUT", "HEAD", "get" };
static const char *const pieces[] = {
    "/",   "a",   "b",   "A",   "%2f",   "..", ".",  ";x",
    "%2F", "%2e", "%61", "%5c", "%252e", "//", "/a", "/b",
};
static const uint16_t asked_ports[] = { 80, 443, 8080, 22 };

/* In an allow list sealed; in a deny list, where nothing can be, for the same flows. */
static char *
sealed_rule(void)
{
    return g_strdup_printf("{ domain: \"%s\", ports: [%d], inspect: false%s }",
                           PICK(hosts), g_test_rand_int_range(0, 2) ? 8443 : 8080,
                           g_test_rand_int_range(0, 4) ? "" : ", methods: [GET]");
}

static char *
opaque_rule(void)
{
    int port = g_test_rand_int_range(0, 6) ? 22 : 80;

    return g_test_rand_int_range(0, 3)
               ? g_strdup_printf("tcp://%s:%d", PICK(hosts), port)
               : g_strdup_printf("{ cidr: \"%s\", port: %d, protocol: tcp }",
                                 PICK(networks), port);
}

static void
append_key(GString *text, const char *key, const char *value, bool is_list)
{
    if (*value != '\0')
        g_string_append_printf(text, is_list ? ", %s: [%s]" : ", %s: \"%s\"", key,
                               value);
}

static char *
mapping_rule(void)
{
    GString *text = g_string_new("{ ");

    if (g_test_rand_int_range(0, 4) == 0)
        g_string_append_printf(text, "cidr: \"%s\"", PICK(networks));
    else
        g_string_append_printf(text, "domain: \"%s\"", PICK(hosts));
    append_key(text, "ports", PICK(ports), true);
    append_key(text, "methods", PICK(methods), true);
    append_key(text, "path", PICK(paths), false);
    if (g_test_rand_int_range(0, 3) == 0)
        g_string_append(text, PICK(conditions));
    g_string_append_printf(text, "%s%s }", PICK(caps), PICK(extras));
    return g_string_free(text, FALSE);
}

static char *
string_rule(void)
{
    const char *method = PICK(methods);
    const char *port = PICK(ports);

    return g_strdup_printf("%s%s%s%s%s%s", method, *method != '\0' ? " " : "",
                           PICK(hosts), *port != '\0' ? ":" : "", port, PICK(paths));
}

char *
generate_rule(void)
{
    switch (g_test_rand_int_range(0, 10)) {
    case 0:
        return opaque_rule();
    case 1:
        return sealed_rule();
    case 2:
        return g_strdup_printf("domain=%s", hosts[g_test_rand_int_range(0, 2)]);
    case 3:
    case 4:
    case 5:
        return mapping_rule();
    default:
        return string_rule();
    }
}

void
generate_add(GPtrArray *rules, const char *sign, const char *rule)
{
    g_autoptr(GString) text = g_string_new(rule);

    for (size_t i = 0; *sign == '!' && i < G_N_ELEMENTS(allow_only); i++)
        g_string_replace(text, allow_only[i], "", 0);
    g_ptr_array_add(rules, g_strconcat(sign, text->str, NULL));
}

GPtrArray *
generate_rules(int most)
{
    GPtrArray *rules = g_ptr_array_new_with_free_func(g_free);
    int n = g_test_rand_int_range(0, most + 1);

    for (int i = 0; i < n; i++) {
        g_autofree char *rule = generate_rule();

        generate_add(rules, g_test_rand_int_range(0, 3) == 0 ? "!" : "", rule);
    }
    return rules;
}

GPtrArray *
generate_layer(int most)
{
    static const char *const wide[] = { "*", "domain=*", ".x.org:80,443,8080",
                                        "tcp://*:22" };
    GPtrArray *rules = generate_rules(most);

    generate_add(rules, "", PICK(wide));
    return rules;
}

char *
generate_path(void)
{
    GString *path = g_string_new("/");
    int n = g_test_rand_int_range(0, 6);

    for (int i = 0; i < n; i++)
        g_string_append(path, PICK(pieces));
    return g_string_free(path, FALSE);
}

void
generate_question(Question *out_question)
{
    Question *q = out_question;

    *q = (Question){ 0 };
    q->host = g_strdup(PICK(asked_hosts));
    q->method = g_strdup(PICK(asked_methods));
    q->path = generate_path();
    q->header.has_body = g_test_rand_int_range(0, 2) != 0;
    q->header.n_fields = (size_t)g_test_rand_int_range(0, G_N_ELEMENTS(q->fields) + 1);
    for (size_t i = 0; i < q->header.n_fields; i++)
        q->fields[i] = PICK(asked_fields);
    q->request = (BnsRequest){
        .scheme = (BnsScheme)g_test_rand_int_range(0, BNS_N_SCHEMES),
        .host = q->host,
        .port = PICK(asked_ports),
        .method = q->method,
        .path = q->path,
        .query = PICK(asked_queries),
    };
    question_point(q);
}

static void
append_rules(GString *yaml, const char *key, const GPtrArray *rules, bool is_deny)
{
    g_string_append_printf(yaml, "%s:\n", key);
    for (guint i = 0; i < rules->len; i++) {
        const char *rule = rules->pdata[i];
        const char *text = *rule == '!' ? rule + 1 : rule;

        if ((*rule == '!') == is_deny)
            g_string_append_printf(yaml, *text == '{' ? "  - %s\n" : "  - '%s'\n",
                                   text);
    }
}

char *
generate_yaml(const GPtrArray *rules)
{
    GString *yaml = g_string_new(NULL);

    append_rules(yaml, "allow", rules, false);
    append_rules(yaml, "deny", rules, true);
    return g_string_free(yaml, FALSE);
}

/* Only rules that do not go together make none. */
BnsPolicy *
generate_policy(const GPtrArray *rules)
{
    g_autofree char *yaml = generate_yaml(rules);
    g_autoptr(GError) error = NULL;
    BnsPolicy *policy = bns_policy_parse("/p.yaml", yaml, strlen(yaml), &error);

    if (policy == NULL && strstr(error->message, "a flow is either") == NULL)
        g_error("%s: %s", error->message, yaml);
    return policy;
}

char *
generate_show(const GPtrArray *rules, const Question *q)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < rules->len; i++)
        g_string_append_printf(text, "%s | ", (const char *)rules->pdata[i]);
    g_string_append_printf(text, "%s %s %s:%u %s?%s body %d", q->method,
                           bns_scheme_name(q->request.scheme), q->host, q->request.port,
                           q->path, q->request.query, q->header.has_body);
    for (size_t i = 0; i < q->header.n_fields; i++)
        g_string_append_printf(text, " [%s: %s]", q->fields[i].name,
                               q->fields[i].value);
    return g_string_free(text, FALSE);
}
