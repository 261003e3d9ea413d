/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Peers. slirp4netns and pasta only carry; squid (ssl_bump), mitmproxy and sandbox-runtime
 * (tlsTerminate) open TLS as we do, and the relay (relay.c) does as little as can be. Only
 * slirp4netns, pasta and sandbox-runtime have something around the client; the relay behind
 * slirp4netns is the least that opens TLS of a client who has only a tap.
 */
#include "tests/bench/lane.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define READY_US (20 * G_USEC_PER_SEC)
#define RETRY_US (20 * 1000)
/* slirp4netns: the host's loopback. */
#define SLIRP_HOST    "10.0.2.2"
#define SQUID_CERTGEN "/usr/lib/squid/security_file_certgen"

static bool
is_installed(const char *program, char **out_why)
{
    g_autofree char *path = g_find_program_in_path(program);

    if (path == NULL)
        *out_why = g_strdup_printf("%s is not installed", program);
    return path != NULL;
}

/* Whether somebody listens on that port before long. */
static bool
await_port(unsigned port, char **out_why)
{
    const struct sockaddr_in address = { .sin_family = AF_INET,
                                         .sin_port = htons((uint16_t)port),
                                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int64_t deadline_us = g_get_monotonic_time() + READY_US;

    while (g_get_monotonic_time() < deadline_us) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int result = connect(fd, (const struct sockaddr *)&address, sizeof(address));

        close(fd);
        if (result == 0)
            return true;
        g_usleep(RETRY_US);
    }
    *out_why = g_strdup("it did not listen");
    return false;
}

static void
set_doors(Lane *lane, const Site *site, const char *host)
{
    lane->where[LANE_HTTPS] = g_strdup_printf("name=api.test port=%u at=%s:%u",
                                              site->tls_port, host, site->tls_port);
    lane->where[LANE_SEALED] = g_strdup(lane->where[LANE_HTTPS]);
    lane->where[LANE_PLAIN] = g_strdup_printf("name=opaque.test tls=0 port=%u at=%s:%u",
                                              site->plain_port, host, site->plain_port);
    lane->where[LANE_HTTP] = g_strdup(lane->where[LANE_PLAIN]);
}

/* --- those that carry --- */

/* The last of @lane's processes. */
static bool
carry_by_slirp4netns(Lane *lane, const Site *site, char **out_why)
{
    g_autofree char *load = site_tool(site, "bench-load");
    const char *argv[] = { "unshare", "-Urn", load, site->ca_file, NULL };
    g_autofree char *pid = NULL;
    Child *helper;

    if (!is_installed("slirp4netns", out_why) ||
        !lane_start_load(lane, site, argv, NULL, out_why))
        return false;
    pid = g_strdup_printf("%d", lane->load->pid);
    {
        /* Standard output is the descriptor that says ready. */
        const char *carrier[] = { "slirp4netns", "--configure",
                                  "--mtu=65520", "--ready-fd=1",
                                  pid,           "tap0",
                                  NULL };

        helper = child_start(carrier, NULL, NULL, site->log, NULL);
    }
    if (helper != NULL) {
        struct pollfd fd = { .fd = helper->out_fd, .events = POLLIN };
        char byte;

        lane->helpers[lane->helpers[0] != NULL ? 1 : 0] = helper;
        if (poll(&fd, 1, READY_US / 1000) == 1 && read(fd.fd, &byte, 1) == 1)
            return true;
    }
    *out_why = g_strdup_printf("it did not start, see %s", site->log);
    return false;
}

Lane *
lane_slirp4netns(const Site *site, char **out_why)
{
    g_autoptr(Lane) lane = lane_new("slirp4netns");

    set_doors(lane, site, SLIRP_HOST);
    return carry_by_slirp4netns(lane, site, out_why) ? g_steal_pointer(&lane) : NULL;
}

/* (transfer full): the default route's gateway, which pasta maps to the host's loopback. */
static char *
find_gateway(void)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    g_file_get_contents("/proc/net/route", &text, NULL, NULL);
    lines = g_strsplit(text != NULL ? text : "", "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        unsigned to, gateway;

        if (sscanf(*line, "%*s %x %x", &to, &gateway) == 2 && to == 0 && gateway != 0) {
            const struct in_addr address = { .s_addr = gateway };
            char name[INET_ADDRSTRLEN];

            return g_strdup(inet_ntop(AF_INET, &address, name, sizeof(name)));
        }
    }
    return NULL;
}

Lane *
lane_pasta(const Site *site, char **out_why)
{
    g_autoptr(Lane) lane = lane_new("pasta");
    g_autofree char *load = site_tool(site, "bench-load");
    g_autofree char *gateway = find_gateway();
    /* Started by root it would become nobody, who may make no user namespace here. */
    const char *argv[] = { "pasta", "-q", "-f", "--config-net", "--runas",
                           "0:0",   "--", load, site->ca_file,  NULL };
    const char *as_user[] = { "pasta", "-q", "-f",          "--config-net",
                              "--",    load, site->ca_file, NULL };

    if (!is_installed("pasta", out_why))
        return NULL;
    if (gateway == NULL) {
        *out_why = g_strdup("this machine has no default route");
        return NULL;
    }
    set_doors(lane, site, gateway);
    return lane_start_load(lane, site, geteuid() == 0 ? argv : as_user, NULL, out_why)
               ? g_steal_pointer(&lane)
               : NULL;
}

/* --- those that open TLS --- */

/* @host: where the client finds the host's loopback. */
static bool
start_relay(Lane *lane, const Site *site, const char *host, char **out_why)
{
    g_autofree char *relay = site_tool(site, "bench-relay");
    g_autofree char *tls_port = g_strdup_printf("%u", site->tls_port);
    g_autofree char *plain_port = g_strdup_printf("%u", site->plain_port);
    const char *argv[] = { relay,    site->certificate, site->key, site->ca_file,
                           tls_port, plain_port,        NULL };
    g_autofree char *ready = NULL;
    unsigned tls, plain;

    lane->helpers[0] = child_start(argv, NULL, NULL, site->log, NULL);
    if (lane->helpers[0] != NULL)
        ready = child_line(lane->helpers[0], READY_US / G_USEC_PER_SEC);
    if (ready == NULL || sscanf(ready, "ready tls=%u plain=%u", &tls, &plain) != 2) {
        *out_why = g_strdup_printf("it did not start, see %s", site->log);
        return false;
    }
    lane->where[LANE_HTTPS] =
        g_strdup_printf("name=api.test port=%u at=%s:%u", tls, host, tls);
    lane->where[LANE_PLAIN] =
        g_strdup_printf("name=opaque.test tls=0 port=%u at=%s:%u", plain, host, plain);
    return true;
}

Lane *
lane_relay(const Site *site, char **out_why)
{
    g_autoptr(Lane) lane = lane_new("relay");
    g_autofree char *load = site_tool(site, "bench-load");
    const char *argv[] = { load, site->ca_file, NULL };

    return start_relay(lane, site, "127.0.0.1", out_why) &&
                   lane_start_load(lane, site, argv, NULL, out_why)
               ? g_steal_pointer(&lane)
               : NULL;
}

Lane *
lane_relay_slirp4netns(const Site *site, char **out_why)
{
    g_autoptr(Lane) lane = lane_new("relay+slirp4netns");

    return start_relay(lane, site, SLIRP_HOST, out_why) &&
                   carry_by_slirp4netns(lane, site, out_why)
               ? g_steal_pointer(&lane)
               : NULL;
}

static Lane *
start_through_proxy(Lane *lane, const Site *site, unsigned port, char **out_why)
{
    g_autofree char *load = site_tool(site, "bench-load");
    const char *argv[] = { load, site->peer_ca, NULL };

    lane->where[LANE_HTTPS] =
        g_strdup_printf("name=api.test port=%u via=127.0.0.1:%u", site->tls_port, port);
    return await_port(port, out_why) && lane_start_load(lane, site, argv, NULL, out_why)
               ? lane
               : NULL;
}

static bool
make_certificate_cache(const char *dir, char **out_why)
{
    const char *argv[] = { SQUID_CERTGEN, "-c", "-s", dir, "-M", "4MB", NULL };
    int status;

    if (g_spawn_sync(NULL, (char **)(uintptr_t)argv, NULL,
                     G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL, NULL,
                     NULL, NULL, NULL, &status, NULL) &&
        status == 0) {
        /* squid gives up root for a user of its own. */
        const char *open[] = { "chmod", "-R", "a+rwX", dir, NULL };

        return g_spawn_sync(NULL, (char **)(uintptr_t)open, NULL, G_SPAWN_SEARCH_PATH,
                            NULL, NULL, NULL, NULL, NULL, NULL);
    }
    *out_why = g_strdup("this squid cannot make certificates (squid-openssl can)");
    return false;
}

Lane *
lane_squid(const Site *site, char **out_why)
{
    g_autoptr(Lane) lane = lane_new("squid");
    unsigned port = site_free_port();
    g_autofree char *cache =
        g_strdup_printf("%s/squid-certificates-%u", site->dir, port);
    g_autofree char *hosts = site_file(site, "hosts", "127.0.0.1 localhost api.test\n");
    g_autofree char *config = NULL;
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;

    if (!is_installed("squid", out_why) || !make_certificate_cache(cache, out_why))
        return NULL;
    text = g_strdup_printf(
        "http_port 127.0.0.1:%u ssl-bump generate-host-certificates=on "
        "dynamic_cert_mem_cache_size=4MB tls-cert=%s tls-key=%s\n"
        "sslcrtd_program " SQUID_CERTGEN " -s %s -M 4MB\n"
        "sslcrtd_children 2 startup=1 idle=1\n"
        "acl first at_step SslBump1\nssl_bump peek first\nssl_bump bump all\n"
        "tls_outgoing_options cafile=%s\nhosts_file %s\nhttp_access allow all\n"
        "cache deny all\naccess_log none\ncache_log /dev/null\ncache_store_log none\n"
        "pid_filename none\nvisible_hostname bench\nshutdown_lifetime 0 seconds\n"
        "pinger_enable off\nmax_filedescriptors 16384\ncoredump_dir %s\n",
        port, site->peer_ca, site->peer_ca_key, cache, site->ca_file, hosts, site->dir);
    config = site_file(site, "squid.conf", text);
    {
        const char *argv[] = { "squid", "-N", "-f", config, NULL };

        lane->helpers[0] = child_start(argv, site->dir, NULL, site->log, &error);
    }
    if (lane->helpers[0] == NULL) {
        *out_why = g_strdup(error->message);
        return NULL;
    }
    return start_through_proxy(lane, site, port, out_why) != NULL
               ? g_steal_pointer(&lane)
               : NULL;
}

/* mitmproxy wants certificate and key in one file of that name. */
static char *
make_mitmproxy_home(const Site *site)
{
    char *dir = g_build_filename(site->dir, "mitmproxy", NULL);
    g_autofree char *certificate = NULL;
    g_autofree char *key = NULL;
    g_autofree char *both = NULL;
    g_autofree char *path = NULL;

    g_mkdir_with_parents(dir, 0755);
    g_file_get_contents(site->peer_ca, &certificate, NULL, NULL);
    g_file_get_contents(site->peer_ca_key, &key, NULL, NULL);
    both = g_strconcat(key, certificate, NULL);
    path = site_file(site, "mitmproxy/mitmproxy-ca.pem", both);
    return dir;
}

Lane *
lane_mitmproxy(const Site *site, char **out_why)
{
    g_autoptr(Lane) lane = lane_new("mitmproxy");
    unsigned port = site_free_port();
    g_autofree char *home = NULL;
    g_autofree char *confdir = NULL;
    g_autofree char *ca =
        g_strdup_printf("ssl_verify_upstream_trusted_ca=%s", site->ca_file);
    g_autofree char *listen = g_strdup_printf("%u", port);
    g_autofree char *hosts = site_file(site, "hosts", "127.0.0.1 localhost api.test\n");
    g_autoptr(GError) error = NULL;

    lane->is_slow = true;
    if (!is_installed("mitmdump", out_why) || !is_installed("bwrap", out_why))
        return NULL;
    home = make_mitmproxy_home(site);
    confdir = g_strdup_printf("confdir=%s", home);
    {
        const char *argv[] = { "bwrap",
                               "--die-with-parent",
                               "--dev-bind",
                               "/",
                               "/",
                               "--ro-bind",
                               hosts,
                               "/etc/hosts",
                               "--",
                               "mitmdump",
                               "-q",
                               "--listen-host",
                               "127.0.0.1",
                               "-p",
                               listen,
                               "--set",
                               confdir,
                               "--set",
                               ca,
                               "--set",
                               "stream_large_bodies=1m",
                               NULL };

        lane->helpers[0] = child_start(argv, site->dir, NULL, site->log, &error);
    }
    if (lane->helpers[0] == NULL) {
        *out_why = g_strdup(error->message);
        return NULL;
    }
    return start_through_proxy(lane, site, port, out_why) != NULL
               ? g_steal_pointer(&lane)
               : NULL;
}

Lane *
lane_srt(const Site *site, char **out_why)
{
    g_autoptr(Lane) lane = lane_new("sandbox-runtime");
    g_autofree char *load = site_tool(site, "bench-load");
    g_autofree char *hosts = site_file(site, "hosts", "127.0.0.1 localhost api.test\n");
    g_autofree char *text = g_strdup_printf(
        "{\"network\":{\"allowedDomains\":[\"api.test\",\"127.0.0.1\"],"
        "\"deniedDomains\":[],"
        "\"tlsTerminate\":{\"extraCaCertPaths\":[\"%s\"]}},\"filesystem\":"
        "{\"denyRead\":[],\"allowWrite\":[\".\"],\"denyWrite\":[]}}\n",
        site->ca_file);
    g_autofree char *settings = site_file(site, "srt.json", text);
    const char *argv[] = { "bwrap",      "--die-with-parent",
                           "--dev-bind", "/",
                           "/",          "--ro-bind",
                           hosts,        "/etc/hosts",
                           "--",         "srt",
                           "--settings", settings,
                           "--",         load,
                           NULL };
    g_auto(GStrv) env = lane_environment(site);

    /* Its terminating half asks node whom to trust upstream. */
    env = g_environ_setenv(env, "NODE_EXTRA_CA_CERTS", site->ca_file, TRUE);
    lane->is_slow = true;
    if (!is_installed("srt", out_why) || !is_installed("bwrap", out_why))
        return NULL;
    lane->where[LANE_HTTPS] =
        g_strdup_printf("name=api.test port=%u via=env", site->tls_port);
    return lane_start_load(lane, site, argv, env, out_why) ? g_steal_pointer(&lane)
                                                           : NULL;
}
