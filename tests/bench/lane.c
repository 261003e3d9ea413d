/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/lane.h"

#include <string.h>
#include <unistd.h>

#define READY_S 30

Lane *
lane_new(const char *name)
{
    Lane *lane = g_new0(Lane, 1);

    lane->name = g_strdup(name);
    return lane;
}

void
lane_stop(Lane *lane)
{
    g_clear_pointer(&lane->load, child_free);
    for (size_t i = 0; i < LANE_HELPERS_MAX; i++)
        g_clear_pointer(&lane->helpers[i], child_free);
}

void
lane_free(Lane *lane)
{
    if (lane == NULL)
        return;
    lane_stop(lane);
    for (size_t i = 0; i < N_LANE_DOORS; i++)
        g_free(lane->where[i]);
    g_free(lane->name);
    g_free(lane);
}

bool
lane_start_load(
    Lane *lane, const Site *site, const char *const *argv, char **env, char **out_why)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *ready = NULL;

    lane->load = child_start(argv, site->dir, env, site->log, &error);
    if (lane->load == NULL) {
        *out_why = g_strdup(error->message);
        return false;
    }
    ready = child_line(lane->load, READY_S);
    if (ready == NULL || !g_str_has_prefix(ready, "ready")) {
        *out_why = g_strdup_printf("it did not start, see %s", site->log);
        return false;
    }
    return true;
}

Command *
lane_ask(Lane *lane, LaneDoor door, const char *work, unsigned timeout_s)
{
    g_autofree char *line = g_strdup_printf("%s %s", work, lane->where[door]);
    g_autofree char *reply = child_ask(lane->load, line, timeout_s);

    return reply != NULL ? command_parse(reply) : NULL;
}

const char *
lane_our_name(void)
{
    return access("/dev/net/tun", R_OK | W_OK) == 0 ? "boundary-ns (tap)"
                                                    : "boundary-ns (veth)";
}

char **
lane_environment(const Site *site)
{
    char **env = g_get_environ();
    g_autofree char *home = g_build_filename(site->dir, "home", NULL);
    const char *const unset[] = {
        "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "HTTPS_PROXY",
        "HTTP_PROXY",     "ALL_PROXY",       "https_proxy",    "http_proxy",
        "all_proxy",      "SSL_CERT_FILE",   "SSL_CERT_DIR",   "BOUNDARY_CONFIG"
    };

    g_mkdir_with_parents(home, 0755);
    for (size_t i = 0; i < G_N_ELEMENTS(unset); i++)
        env = g_environ_unsetenv(env, unset[i]);
    return g_environ_setenv(env, "HOME", home, TRUE);
}

/* --- the host, and we --- */

static Lane *
lane_native(const Site *site, char **out_why)
{
    g_autoptr(Lane) lane = lane_new("native");
    g_autofree char *load = site_tool(site, "bench-load");
    const char *argv[] = { load, site->ca_file, NULL };

    lane->where[LANE_HTTPS] = g_strdup_printf("name=api.test port=%u at=127.0.0.1:%u",
                                              site->tls_port, site->tls_port);
    lane->where[LANE_SEALED] = g_strdup(lane->where[LANE_HTTPS]);
    lane->where[LANE_PLAIN] =
        g_strdup_printf("name=opaque.test tls=0 port=%u at=127.0.0.1:%u",
                        site->plain_port, site->plain_port);
    lane->where[LANE_HTTP] = g_strdup(lane->where[LANE_PLAIN]);
    return lane_start_load(lane, site, argv, NULL, out_why) ? g_steal_pointer(&lane)
                                                            : NULL;
}

/* (transfer full): the words that start ours, up to "--" and the client. */
static GPtrArray *
make_words(const Site *site, const char *config, const char *const *options)
{
    GPtrArray *words = g_ptr_array_new_with_free_func(g_free);
    const unsigned tls = site->tls_port, plain = site->plain_port;
    const char *const fixed[] = { site->boundary,  "-q",         "--config", config,
                                  "--upstream-ca", site->ca_file };

    for (size_t i = 0; i < G_N_ELEMENTS(fixed); i++)
        g_ptr_array_add(words, g_strdup(fixed[i]));
    g_ptr_array_add(words, g_strdup_printf("--resolve=api.test:443:127.0.0.1:%u", tls));
    g_ptr_array_add(words,
                    g_strdup_printf("--resolve=api.test:80:127.0.0.1:%u", plain));
    g_ptr_array_add(words,
                    g_strdup_printf("--resolve=sealed.test:443:127.0.0.1:%u", tls));
    g_ptr_array_add(
        words, g_strdup_printf("--resolve=opaque.test:%u:127.0.0.1:%u", plain, plain));
    for (; options != NULL && *options != NULL; options++)
        g_ptr_array_add(words, g_strdup(*options));
    g_ptr_array_add(words, g_strdup("--"));
    g_ptr_array_add(words, site_tool(site, "bench-load"));
    g_ptr_array_add(words, NULL);
    return words;
}

Lane *
lane_boundary_with(const Site *site,
                   const char *policy,
                   const char *const *options,
                   char **out_why)
{
    g_autoptr(Lane) lane = lane_new(lane_our_name());
    g_autofree char *text =
        g_strdup_printf("version: 1\n"
                        "allow:\n"
                        "  - api.test\n"
                        "  - { domain: sealed.test, inspect: false }\n"
                        "  - tcp://opaque.test:%u\n"
                        "%s",
                        site->plain_port, policy);
    g_autofree char *config = site_file(site, "boundary.yaml", text);
    g_autoptr(GPtrArray) words = make_words(site, config, options);
    g_auto(GStrv) env = lane_environment(site);

    lane->is_ours = true;
    lane->where[LANE_HTTPS] = g_strdup("name=api.test");
    /* The client sees the origin's own certificate there. */
    lane->where[LANE_SEALED] = g_strdup_printf("name=sealed.test ca=%s", site->ca_file);
    lane->where[LANE_HTTP] = g_strdup("name=api.test tls=0 port=80");
    lane->where[LANE_PLAIN] =
        g_strdup_printf("name=opaque.test tls=0 port=%u", site->plain_port);
    return lane_start_load(lane, site, (const char *const *)words->pdata, env, out_why)
               ? g_steal_pointer(&lane)
               : NULL;
}

/* Room for what is measured: by default there are 4096 flows. */
static Lane *
lane_boundary(const Site *site, char **out_why)
{
    return lane_boundary_with(site, "limits: { flows: 20000 }\n", NULL, out_why);
}

/* --- all --- */

typedef struct {
    const char *name;
    LaneStart start;
} Starter;

static const Starter starters[] = {
    { "native", lane_native },
    { "boundary-ns", lane_boundary },
    { "slirp4netns", lane_slirp4netns },
    { "pasta", lane_pasta },
    { "relay", lane_relay },
    { "relay+slirp4netns", lane_relay_slirp4netns },
    { "squid", lane_squid },
    { "mitmproxy", lane_mitmproxy },
    { "sandbox-runtime", lane_srt },
};

static bool
is_wanted(const char *name, const char *wanted)
{
    g_auto(GStrv) names = wanted != NULL ? g_strsplit(wanted, ",", -1) : NULL;

    for (char **each = names; each != NULL && *each != NULL; each++)
        if (g_str_has_prefix(name, *each))
            return true;
    return wanted == NULL;
}

GPtrArray *
lanes_start(const Site *site, const char *wanted)
{
    GPtrArray *lanes = g_ptr_array_new_with_free_func((GDestroyNotify)lane_free);

    for (size_t i = 0; i < G_N_ELEMENTS(starters); i++) {
        g_autofree char *why = NULL;
        Lane *lane = NULL;

        if (i > 0 && !is_wanted(starters[i].name, wanted))
            continue;
        lane = starters[i].start(site, &why);
        if (lane != NULL) {
            lane->start = starters[i].start;
            g_ptr_array_add(lanes, lane);
        } else {
            g_print("%s is left out: %s\n", starters[i].name, why);
        }
    }
    return lanes;
}
