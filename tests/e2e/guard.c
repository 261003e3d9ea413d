/* SPDX-License-Identifier: Apache-2.0 */
/* Names and addresses as a resolver gives them: the guard stands between them and the
 * dial, and what it refuses is not even knocked at. */
#include "tests/e2e/island.h"
#include "tests/e2e/story.h"
#include "tests/support/test.h"

#include <string.h>

/* In the working directory of each story. */
#define CURL "sh ask.sh"
static const char ask[] = "curl -sS -m 20 -w '\\n%{http_code}' \"$@\"\n";

static const char hosts[] = "127.0.0.1 localhost\n"
                            "8.8.4.4 public.test\n"
                            "2a00:77::1 public6.test\n"
                            "10.0.0.1 private.test\n"
                            "10.0.0.1 mixed.test\n"
                            "8.8.4.4 mixed.test\n"
                            "172.16.5.5 lan.test\n"
                            "192.168.1.1 router.test\n"
                            "169.254.169.254 metadata.test\n"
                            "127.0.0.1 loop.test\n"
                            "::1 loop6.test\n"
                            "0.0.0.0 nowhere.test\n"
                            "100.64.0.1 carrier.test\n"
                            "224.0.0.251 group.test\n"
                            "240.0.0.1 reserved.test\n"
                            "fd00::1 local6.test\n"
                            "fe80::1 link6.test\n"
                            "::ffff:10.0.0.1 mapped.test\n"
                            "64:ff9b::a00:1 nat64.test\n"
                            "2002:a00:1::1 sixtofour.test\n" ISLAND_HOST " self.test\n"
                            "" ISLAND_HOST_V6 " self6.test\n";

typedef struct {
    Story *story;
    BnsOrigin *http, *https; /* owned: of the world, whatever the address */
    BnsOrigin *loop;         /* owned: on the host's own loopback */
} World;

static void
open_origins(void *data)
{
    World *world = data;
    BnsTestCertSpec spec = { .issuer = world->story->authority,
                             .names = "DNS:public.test,DNS:private.test,DNS:mixed.test,"
                                      "IP:10.0.0.1" };
    g_autoptr(BnsTestCert) leaf = bns_test_cert_new(&spec);
    SSL_CTX *ssl_ctx = bns_test_cert_server(leaf, NULL);

    world->http = bns_origin_new_everywhere(NULL, 80);
    world->https = bns_origin_new_everywhere(ssl_ctx, 443);
    SSL_CTX_free(ssl_ctx);
}

static World *
world_new(void)
{
    World *world = g_new0(World, 1);

    world->story = story_new();
    g_free(story_file(world->story, "ask.sh", ask));
    island_in_world(open_origins, world);
    world->loop = bns_origin_new_everywhere(NULL, 80);
    return world;
}

static void
world_free(World *world)
{
    bns_origin_free(world->http);
    bns_origin_free(world->https);
    bns_origin_free(world->loop);
    story_free(world->story);
    g_free(world);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(World, world_free)

/* Runs, with an own eye on what the world sees of it. */
static StoryRun *
run(World *world, const char *arguments, char **out_seen)
{
    StoryRun *result;

    g_free(island_seen());
    result = story_run(world->story, arguments);
    *out_seen = island_seen();
    return result;
}

/* --- refused --- */

static void
assert_nothing_dialled(World *world, const char *seen)
{
    g_assert_cmpstr(seen, ==, "");
    g_assert_cmpuint(bns_origin_connections(world->http), ==, 0);
    g_assert_cmpuint(bns_origin_connections(world->https), ==, 0);
    g_assert_cmpuint(bns_origin_connections(world->loop), ==, 0);
}

static const char *const guarded_names[] = {
    "private.test", "lan.test",     "router.test",  "metadata.test", "loop.test",
    "loop6.test",   "nowhere.test", "carrier.test", "group.test",    "reserved.test",
    "local6.test",  "link6.test",   "mapped.test",  "nat64.test",    "sixtofour.test",
    "self.test",    "self6.test",
};

static void
test_guarded_name(gconstpointer data)
{
    const char *name = data;
    g_autoptr(World) world = world_new();
    g_autofree char *line =
        g_strdup_printf("--allow '*' --allow %s --allow tcp://%s:22 -- sh -c '" CURL
                        " http://%s/hello; " CURL " https://%s/hello; "
                        "nc -z -w 9 %s 22 || echo closed'",
                        name, name, name, name, name);
    g_autofree char *host = g_strdup_printf("\"host\":\"%s\"", name);
    g_autofree char *seen = NULL;
    g_autoptr(StoryRun) result = NULL;

    result = run(world, line, &seen);
    assert_nothing_dialled(world, seen);
    story_assert_out(result, "private: true");
    g_assert_cmpuint(
        story_count_records(result, "http.request", "\"deny\"", host, NULL), ==, 2);
    story_assert_record(result, "flow.refused", "\"deny\"", host, "\"port\":22");
    story_assert_out(result, "\n403");
    story_assert_out(result, "closed");
}

static const char *const guarded_literals[] = {
    "10.0.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", ISLAND_HOST,
};

static void
test_guarded_literal(gconstpointer data)
{
    const char *address = data;
    g_autoptr(World) world = world_new();
    g_autofree char *without_rule =
        g_strdup_printf("-- " CURL " http://%s/hello", address);
    g_autofree char *with_star =
        g_strdup_printf("--allow '*' -- " CURL " http://%s/hello", address);
    g_autofree char *by_name =
        g_strdup_printf("--allow '%s' -- " CURL " http://%s/hello", address, address);
    const char *const lines[] = { without_rule, with_star, by_name };

    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autofree char *seen = NULL;
        g_autoptr(StoryRun) result = run(world, lines[i], &seen);

        story_assert_out(result, "\n403");
        story_assert_record(result, "http.request", "\"deny\"", address);
        assert_nothing_dialled(world, seen);
    }
}

/* In plain HTTP it is the Host field that decides what would be dialled. */
static void
test_host_field(void)
{
    static const char *const fields[] = { "private.test", "10.0.0.1",
                                          "127.0.0.1",    "[::1]",
                                          "localhost",    "a.localhost",
                                          "[fd00::1]",    "[::ffff:10.0.0.1]" };
    g_autoptr(World) world = world_new();

    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
        g_autofree char *line = g_strdup_printf(
            "--allow '*' -- " CURL " -H 'Host: %s' http://public.test/hello",
            fields[i]);
        g_autofree char *seen = NULL;
        g_autoptr(StoryRun) result = run(world, line, &seen);

        story_assert_out(result, "\n403");
        assert_nothing_dialled(world, seen);
    }
}

/* A deny rule with a range holds for what a name turns out to be. */
static void
test_denied_range(void)
{
    g_autoptr(World) world = world_new();
    story_write(world->story, "policy.yaml",
                "allow: [\"*\"]\n"
                "deny:\n  - { cidr: 8.8.0.0/16, reason: no }\n");
    g_autofree char *seen = NULL;
    g_autoptr(StoryRun) result =
        run(world, "-c policy.yaml -- " CURL " https://public.test/hello", &seen);

    story_assert_out(result, "\n403");
    story_assert_record(result, "http.request", "\"deny\"", "policy.yaml:3");
    assert_nothing_dialled(world, seen);
}

/* --- let through --- */

typedef struct {
    const char *name;
    const char *policy;
    const char *url;
    const char *packet; /* the only kind that is seen, or at_home */
} Lift;

/* To the host's loopback, out of sight of the world. */
static const char at_home[] = "none";

static const Lift lifts[] = {
    { "public-needs-nothing", "allow: [public.test]\n", "http://public.test/hello",
      "tcp 8.8.4.4 80\n" },
    { "public-6-needs-nothing", "allow: [public6.test]\n", "http://public6.test/hello",
      "tcp 2a00:77::1 80\n" },
    { "tls-too", "allow: [public.test]\n", "https://public.test/hello",
      "tcp 8.8.4.4 443\n" },
    { "guarded-addresses-are-skipped", "allow: [mixed.test]\n",
      "http://mixed.test/hello", "tcp 8.8.4.4 80\n" },
    { "private-is-true", "allow:\n  - { domain: private.test, private: true }\n",
      "https://private.test/hello", "tcp 10.0.0.1 443\n" },
    { "range-for-a-name", "allow:\n  - private.test\n  - { cidr: 10.0.0.0/8 }\n",
      "https://private.test/hello", "tcp 10.0.0.1 443\n" },
    { "range-for-a-literal", "allow:\n  - { cidr: 10.0.0.0/8 }\n",
      "http://10.0.0.1/hello", "tcp 10.0.0.1 80\n" },
    { "range-for-a-literal-by-tls", "allow:\n  - { cidr: 10.0.0.0/8 }\n",
      "https://10.0.0.1/hello", "tcp 10.0.0.1 443\n" },
    { "metadata-if-it-must-be",
      "allow:\n  - { domain: metadata.test, private: true }\n",
      "http://metadata.test/hello", "tcp 169.254.169.254 80\n" },
    { "the-hosts-loopback", "allow:\n  - { domain: loop.test, private: true }\n",
      "http://loop.test/hello", at_home },
};

static void
test_lift(gconstpointer data)
{
    const Lift *lift = data;
    g_autoptr(World) world = world_new();
    story_write(world->story, "policy.yaml", lift->policy);
    g_autofree char *line = g_strdup_printf("-c policy.yaml -- " CURL " %s", lift->url);
    g_autofree char *seen = NULL;
    g_autoptr(StoryRun) result = run(world, line, &seen);
    g_auto(GStrv) others = g_strsplit(seen, lift->packet, -1);
    g_autofree char *rest = g_strjoinv("", others);

    g_assert_cmpstr(result->out, ==, "hello\n\n200");
    g_assert_cmpstr(rest, ==, "");
    g_assert_cmpuint(g_strv_length(others) > 1, ==, lift->packet != at_home);
    g_assert_cmpuint(bns_origin_connections(world->loop), ==, lift->packet == at_home);
}

typedef struct {
    const char *name;
    const char *policy;
    const char *url;
} Narrow;

static const Narrow narrows[] = {
    { "private-is-the-rules-own",
      "allow:\n  - { domain: private.test, private: true, path: /other }\n"
      "  - private.test\n",
      "http://private.test/hello" },
    { "range-has-its-ports",
      "allow:\n  - private.test\n  - { cidr: 10.0.0.0/8, port: 443 }\n",
      "http://private.test/hello" },
    { "range-has-its-protocol",
      "allow:\n  - private.test\n"
      "  - { cidr: 10.0.0.0/8, port: 8080, protocol: tcp }\n",
      "http://private.test/hello" },
    { "range-alone-allows-no-name", "allow:\n  - { cidr: 10.0.0.0/8 }\n",
      "http://private.test/hello" },
    { "another-range", "allow:\n  - private.test\n  - { cidr: 10.1.0.0/16 }\n",
      "http://private.test/hello" },
};

static void
test_narrow(gconstpointer data)
{
    const Narrow *narrow = data;
    g_autoptr(World) world = world_new();
    story_write(world->story, "policy.yaml", narrow->policy);
    g_autofree char *line =
        g_strdup_printf("-c policy.yaml -- " CURL " %s", narrow->url);
    g_autofree char *seen = NULL;
    g_autoptr(StoryRun) result = run(world, line, &seen);

    story_assert_out(result, "\n403");
    assert_nothing_dialled(world, seen);
}

static void
add_rows(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(guarded_names); i++) {
        g_autofree char *path =
            g_strdup_printf("/e2e/guard/refuses/%s", guarded_names[i]);

        bns_test_add_data(path, guarded_names[i], test_guarded_name);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(guarded_literals); i++) {
        g_autofree char *path =
            g_strdup_printf("/e2e/guard/refuses/%s", guarded_literals[i]);

        bns_test_add_data(path, guarded_literals[i], test_guarded_literal);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(lifts); i++) {
        g_autofree char *path = g_strdup_printf("/e2e/guard/passes/%s", lifts[i].name);

        bns_test_add_data(path, &lifts[i], test_lift);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(narrows); i++) {
        g_autofree char *path =
            g_strdup_printf("/e2e/guard/still-refuses/%s", narrows[i].name);

        bns_test_add_data(path, &narrows[i], test_narrow);
    }
}

int
main(int argc, char **argv)
{
    bool is_there = island_enter(false);

    bns_test_init(&argc, &argv, 60);
    if (!is_there) {
        bns_test_add("/e2e/guard/needs-user-namespaces", story_skip);
        return g_test_run();
    }
    island_set_hosts(hosts);
    add_rows();
    bns_test_add("/e2e/guard/refuses/what-the-host-field-names", test_host_field);
    bns_test_add("/e2e/guard/refuses/a-denied-range", test_denied_range);
    return g_test_run();
}
