/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/site.h"

#include "tests/support/certs.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define READY_S 20

char *
site_file(const Site *site, const char *name, const char *text)
{
    char *path = g_build_filename(site->dir, name, NULL);
    g_autoptr(GError) error = NULL;

    if (!g_file_set_contents(path, text, -1, &error))
        g_error("%s", error->message);
    /* Peers that are started by root read it as somebody else. */
    chmod(path, 0644);
    return path;
}

char *
site_tool(const Site *site, const char *name)
{
    return g_build_filename(site->tools, name, NULL);
}

unsigned
site_free_port(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (bind(fd, (const struct sockaddr *)&address, len) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) < 0)
        g_error("no free port: %m");
    close(fd);
    return ntohs(address.sin_port);
}

static void
make_certificates(Site *site)
{
    g_autoptr(BnsTestCert) authority = bns_test_cert_authority("Bench CA");
    g_autoptr(BnsTestCert) peer = bns_test_cert_authority("Bench peers' CA");
    const BnsTestCertSpec spec = {
        .issuer = authority,
        .common_name = "api.test",
        .names = "DNS:api.test,DNS:sealed.test,DNS:*.fresh.test,DNS:localhost,"
                 "IP:127.0.0.1",
    };
    g_autoptr(BnsTestCert) leaf = bns_test_cert_new(&spec);
    g_autofree char *leaf_pem = bns_test_cert_pem(leaf);
    g_autofree char *leaf_key = bns_test_cert_key_pem(leaf);
    g_autofree char *peer_key = bns_test_cert_key_pem(peer);

    site->ca_file = bns_test_cert_write(authority, site->dir, "ca.pem");
    site->peer_ca = bns_test_cert_write(peer, site->dir, "peer-ca.pem");
    site->peer_ca_key = site_file(site, "peer-ca.key", peer_key);
    site->certificate = site_file(site, "origin.pem", leaf_pem);
    site->key = site_file(site, "origin.key", leaf_key);
}

static bool
start_origin(Site *site)
{
    g_autofree char *program = site_tool(site, "bench-origin");
    const char *argv[] = { program, "0", "0", site->certificate, site->key, NULL };
    g_autoptr(GError) error = NULL;
    g_autofree char *ready = NULL;

    site->origin = child_start(argv, NULL, NULL, site->log, &error);
    if (site->origin != NULL)
        ready = child_line(site->origin, READY_S);
    return ready != NULL && sscanf(ready, "ready plain=%u tls=%u", &site->plain_port,
                                   &site->tls_port) == 2;
}

Site *
site_new(const char *boundary, const char *tools)
{
    Site *site = g_new0(Site, 1);
    g_autofree char *here = g_get_current_dir();

    site->boundary = g_canonicalize_filename(boundary, here);
    site->tools = g_canonicalize_filename(tools, here);
    /* Beside us: below /tmp it would be another file system inside. */
    site->dir = g_mkdtemp_full(g_build_filename(here, "bench-XXXXXX", NULL), 0755);
    if (site->dir == NULL) {
        g_printerr("bench: cannot make a directory in %s\n", here);
        site_free(site);
        return NULL;
    }
    child_end_all_on_signal(site->dir);
    site->log = g_build_filename(here, "bench.log", NULL);
    (void)unlink(site->log);
    make_certificates(site);
    if (!start_origin(site)) {
        g_printerr("bench: the origin does not start, see %s\n", site->log);
        site_free(site);
        return NULL;
    }
    return site;
}

void
site_free(Site *site)
{
    if (site == NULL)
        return;
    child_free(site->origin);
    if (site->dir != NULL) {
        const char *const remove[] = { "rm", "-rf", site->dir, NULL };

        g_spawn_sync(NULL, (char **)(uintptr_t)remove, NULL, G_SPAWN_SEARCH_PATH, NULL,
                     NULL, NULL, NULL, NULL, NULL);
    }
    g_free(site->boundary);
    g_free(site->tools);
    g_free(site->dir);
    g_free(site->ca_file);
    g_free(site->certificate);
    g_free(site->key);
    g_free(site->peer_ca);
    g_free(site->peer_ca_key);
    g_free(site->log);
    g_free(site);
}
