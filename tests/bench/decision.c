/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decision: what one costs, by kinds of requests and sizes of policies, and what loading
 * them costs. A table, then the same as a line of JSON. Usage: bench-decision [ROUNDS]
 *
 * Medians of batches, which are long enough for the clock and short enough that what
 * else the machine does spoils few of them.
 */
#include "policy/policy_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS_DEFAULT 101
#define BATCH          500
#define LOAD_ROUNDS    9

/* --- policies --- */

typedef enum {
    FORM_STRING,
    FORM_MAPPING,
} Form;

typedef struct {
    const char *name;
    guint n_rules;
    guint n_hosts;
    Form form;
    bool has_tcp;     /* as many tcp rules again, half of them for port 443 */
    bool has_ceiling; /* the same rules as a system policy above */
} Shape;

static const Shape shapes[] = {
    { "10", 10, 5, FORM_STRING, false, false },
    { "10000", 10000, 5000, FORM_STRING, false, false },
    { "mapping", 10000, 5000, FORM_MAPPING, false, false },
    { "tcp", 10000, 5000, FORM_STRING, true, false },
    { "layers", 10000, 5000, FORM_STRING, false, true },
    { "one-host", 10000, 1, FORM_STRING, false, false },
};

static const char *const methods[] = { "GET,HEAD", "GET,POST,PUT", "POST" };
static const char *const paths[] = { "/api/**", "/repos/*/issues", "/v%u/files/*" };

static void
append_rule(GString *yaml, const Shape *shape, guint i)
{
    const char *method = methods[i % G_N_ELEMENTS(methods)];
    g_autofree char *tail =
        g_strdup_printf(i % 3 == 2 ? "/v%u/files/*" : "/r%u/api/**", i);
    const char *path = i < shape->n_hosts ? paths[i % 2] : tail;
    g_autofree char *host =
        g_strdup_printf("%sh%u.example.org", i % shape->n_hosts % 5 == 3 ? "." : "",
                        i % shape->n_hosts);

    if (shape->form == FORM_STRING)
        g_string_append_printf(yaml, "  - \"%s %s%s\"\n", method, host, path);
    else
        g_string_append_printf(yaml,
                               "  - domain: \"%s\"\n    methods: [%s]\n    path: %s\n"
                               "    reason: \"asked for by team %u\"\n",
                               host, method, path, i);
}

/* One rule in ten is about a network, one a denial. */
static char *
make_yaml(const Shape *shape)
{
    GString *yaml = g_string_new("allow:\n");
    guint n_special = MAX(shape->n_rules / 10, 1);

    for (guint i = 0; i < shape->n_rules - 2 * n_special; i++)
        append_rule(yaml, shape, i);
    for (guint i = 0; i < n_special; i++)
        g_string_append_printf(yaml, "  - { cidr: 10.%u.%u.0/24, path: /n/** }\n",
                               i / 256, i % 256);
    for (guint i = 0; shape->has_tcp && i < shape->n_rules; i++)
        g_string_append_printf(yaml, "  - \"tcp://%s%u.example.org:%u\"\n",
                               i % 2 == 0 ? "h" : "t", i % shape->n_hosts,
                               i % 2 == 0 ? 1000u : 443u);
    g_string_append(yaml, "deny:\n  - h1.example.org/api/secret\n");
    for (guint i = 1; i < n_special; i++)
        g_string_append_printf(yaml, "  - \"*.h%u.example.org/api/secret/**\"\n", i);
    return g_string_free(yaml, FALSE);
}

static BnsPolicy *
parse(const char *yaml)
{
    GError *error = NULL;
    BnsPolicy *policy = bns_policy_parse("/p.yaml", yaml, strlen(yaml), &error);

    if (policy == NULL)
        g_error("%s", error->message);
    return policy;
}

static BnsPolicy *
make_policy(const Shape *shape)
{
    g_autofree char *yaml = make_yaml(shape);
    BnsPolicy *policy = parse(yaml);
    GError *error = NULL;

    if (shape->has_ceiling && !bns_policy_set_ceiling(policy, parse(yaml), &error))
        g_error("%s", error->message);
    return policy;
}

/* --- questions --- */

typedef struct {
    const char *name;
    BnsRequest request;
} Row;

#define HTTPS(host, method, path)                                                      \
    {                                                                                  \
        BNS_SCHEME_HTTPS, host, 443, method, path                                      \
    }

static const Row rows[] = {
    { "allowed", HTTPS("h0.example.org", "GET", "/api/v1/users/17") },
    { "allowed, a name below", HTTPS("a.b.h3.example.org", "GET", "/repos/x/issues") },
    { "denied: the host", HTTPS("www.elsewhere.example", "GET", "/api/v1/users") },
    { "denied: the method", HTTPS("h0.example.org", "DELETE", "/api/v1/users/17") },
    { "denied: the path", HTTPS("h0.example.org", "GET", "/admin/users") },
    { "denied: the port", { BNS_SCHEME_HTTPS, "h0.example.org", 8443, "GET", "/" } },
    { "denied by a rule", HTTPS("h1.example.org", "GET", "/api/secret") },
    { "a literal, allowed", HTTPS("10.0.0.7", "GET", "/n/x") },
    { "a literal, denied", HTTPS("192.0.2.7", "GET", "/n/x") },
    { "opaque", { BNS_SCHEME_TCP, "h0.example.org", 1000, NULL, NULL } },
    { "path: ..", HTTPS("h0.example.org", "GET", "/api/v1/../v2/users/17") },
    { "path: //", HTTPS("h0.example.org", "GET", "/api//v1/users/17") },
    { "path: ;", HTTPS("h0.example.org", "GET", "/api/v1;a=b/users/17") },
    { "path: %", HTTPS("h0.example.org", "GET", "/api/v1/my%20file%2Fname") },
    { "path: all", HTTPS("h0.example.org", "GET", "/api/v1//..;a/%2e%2e/api/%2541") },
};

/* --- clock --- */

static double
now_ns(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static int
compare(gconstpointer a, gconstpointer b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

static double
median(GArray *times)
{
    g_array_sort(times, compare);
    return g_array_index(times, double, times->len / 2);
}

/* --- what is measured --- */

/* Returns: ns. */
static double
time_decision(const BnsPolicy *policy, const BnsRequest *request, guint rounds)
{
    g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(double));
    volatile BnsVerdict verdict;

    for (guint round = 0; round < rounds; round++) {
        double start = now_ns(), time;

        for (guint i = 0; i < BATCH; i++)
            verdict = bns_policy_decide(policy, request).verdict;
        time = (now_ns() - start) / BATCH;
        g_array_append_val(times, time);
        /* What takes ten times too long needs no further digit. */
        if (time > 40e3 && round >= 4)
            break;
    }
    (void)verdict;
    return median(times);
}

static void
bench_decisions(guint rounds, GString *json)
{
    BnsPolicy *policies[G_N_ELEMENTS(shapes)];

    printf("%-24s", "decision, ns");
    for (size_t i = 0; i < G_N_ELEMENTS(shapes); i++) {
        policies[i] = make_policy(&shapes[i]);
        printf(" %9s", shapes[i].name);
    }
    printf("\n");
    g_string_append(json, "\"decision_ns\":{");
    for (size_t j = 0; j < G_N_ELEMENTS(rows); j++) {
        printf("%-24s", rows[j].name);
        g_string_append_printf(json, "%s\"%s\":{", j > 0 ? "," : "", rows[j].name);
        for (size_t i = 0; i < G_N_ELEMENTS(shapes); i++) {
            double time = time_decision(policies[i], &rows[j].request, rounds);

            printf(" %9.0f", time);
            g_string_append_printf(json, "%s\"%s\":%.0f", i > 0 ? "," : "",
                                   shapes[i].name, time);
        }
        printf("\n");
        g_string_append_c(json, '}');
    }
    g_string_append_c(json, '}');
    for (size_t i = 0; i < G_N_ELEMENTS(shapes); i++)
        bns_policy_free(policies[i]);
}

typedef enum {
    STEP_LOAD,
    STEP_DESCRIBE,
    STEP_EXPLAIN,
    STEP_FREE,
    N_STEPS,
} Step;

static const char *const step_names[] = { "load", "describe", "explain", "free" };
G_STATIC_ASSERT(G_N_ELEMENTS(step_names) == N_STEPS);

/* A file is read, checked and put under its digest; `check` then describes it. */
static void
load_once(const Shape *shape, const char *yaml, GArray *const *times)
{
    double marks[N_STEPS + 1];
    BnsPolicy *policy;
    GError *error = NULL;

    marks[STEP_LOAD] = now_ns();
    policy = parse(yaml);
    if (shape->has_ceiling && !bns_policy_set_ceiling(policy, parse(yaml), &error))
        g_error("%s", error->message);
    marks[STEP_DESCRIBE] = now_ns();
    g_free(bns_policy_describe(policy));
    marks[STEP_EXPLAIN] = now_ns();
    g_free(bns_policy_explain(policy, &rows[0].request));
    marks[STEP_FREE] = now_ns();
    bns_policy_free(policy);
    marks[N_STEPS] = now_ns();
    for (Step step = 0; step < N_STEPS; step++) {
        double time_ms = (marks[step + 1] - marks[step]) / 1e6;

        g_array_append_val(times[step], time_ms);
    }
}

static void
bench_load(const Shape *shape, GString *json)
{
    g_autofree char *yaml = make_yaml(shape);
    GArray *times[N_STEPS];

    for (Step step = 0; step < N_STEPS; step++)
        times[step] = g_array_new(FALSE, FALSE, sizeof(double));
    for (guint round = 0; round < LOAD_ROUNDS; round++)
        load_once(shape, yaml, times);
    printf("%-24s %9.2f", shape->name, (double)strlen(yaml) / (1024 * 1024));
    g_string_append_printf(json, "\"%s\":{", shape->name);
    for (Step step = 0; step < N_STEPS; step++) {
        double time_ms = median(times[step]);

        printf(" %9.2f", time_ms);
        g_string_append_printf(json, "%s\"%s\":%.2f", step > 0 ? "," : "",
                               step_names[step], time_ms);
        g_array_unref(times[step]);
    }
    printf("\n");
    g_string_append_c(json, '}');
}

static void
bench_loads(GString *json)
{
    printf("\n%-24s %9s", "policy, ms", "MiB");
    for (Step step = 0; step < N_STEPS; step++)
        printf(" %9s", step_names[step]);
    printf("\n");
    g_string_append(json, ",\"policy_ms\":{");
    for (size_t i = 0; i < G_N_ELEMENTS(shapes); i++) {
        if (i > 0)
            g_string_append_c(json, ',');
        bench_load(&shapes[i], json);
    }
    g_string_append_c(json, '}');
}

int
main(int argc, char **argv)
{
    guint rounds = argc > 1 ? (guint)atoi(argv[1]) : ROUNDS_DEFAULT;
    g_autoptr(GString) json = g_string_new("{");

    bench_decisions(rounds, json);
    bench_loads(json);
    printf("\n%s}\n", json->str);
    return 0;
}
