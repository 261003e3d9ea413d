/* SPDX-License-Identifier: Apache-2.0 */
/* The new /etc over those of several distributions, each made for the test. */
#include "base/fd.h"
#include "sandbox/browser_policies.h"
#include "sandbox/etc_files.h"
#include "sandbox/java_store.h"
#include "sandbox/namespaces.h"
#include "sandbox/trust_files.h"
#include "tests/sandbox/inside_fixture.h"
#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOTS "the host's roots\n"
#define OTHER "another certificate\n"

/* In a child whose exit status is all that counts: says where it went wrong. */
#define CHECK(condition)                                                               \
    do {                                                                               \
        if (!(condition)) {                                                            \
            g_printerr("%s:%d: %s (%s)\n", __func__, __LINE__, #condition,             \
                       g_strerror(errno));                                             \
            return false;                                                              \
        }                                                                              \
    } while (0)

typedef struct {
    const char *path;
    const char *text; /* of a file; NULL: a link */
    const char *target;
} Entry;

typedef struct {
    const char *name;
    const Entry entries[8];      /* of the host */
    const char *bundles[6];      /* have the roots and our certificate */
    const char *certificates[4]; /* are our certificate, maybe by a hashed name */
    const char *others[3];       /* still are OTHER */
    bool leads_out;              /* of /etc: no layer can do */
} Layout;

static const Layout layouts[] = {
    { "debian",
      { { "/etc/ssl/certs/ca-certificates.crt", ROOTS, NULL },
        { "/etc/ssl/certs/0a0b0c0d.0", NULL, "Root.pem" },
        { "/etc/ssl/certs/Root.pem", OTHER, NULL },
        { "/etc/ssl/openssl.cnf", OTHER, NULL } },
      { "/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem" },
      { "/etc/ssl/certs/" INSIDE_CA_HASH ".0", "/etc/ssl/certs/boundary-ns.pem" },
      { "/etc/ssl/certs/0a0b0c0d.0", "/etc/ssl/openssl.cnf" } },
    { "debian-with-the-same-hash",
      { { "/etc/ssl/certs/ca-certificates.crt", ROOTS, NULL },
        { "/etc/ssl/certs/" INSIDE_CA_HASH ".0", OTHER, NULL },
        { "/etc/ssl/certs/" INSIDE_CA_HASH ".1", NULL, "Gone.pem" } },
      { "/etc/ssl/certs/ca-certificates.crt" },
      { "/etc/ssl/certs/" INSIDE_CA_HASH ".2" },
      { "/etc/ssl/certs/" INSIDE_CA_HASH ".0" } },
    { "fedora",
      { { "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", ROOTS, NULL },
        { "/etc/pki/tls/certs/ca-bundle.crt", NULL,
          "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem" },
        { "/etc/pki/tls/cert.pem", NULL, "certs/ca-bundle.crt" },
        { "/etc/ssl/certs", NULL, "../pki/tls/certs" },
        { "/etc/pki/tls/openssl.cnf", OTHER, NULL } },
      { "/etc/pki/tls/certs/ca-bundle.crt", "/etc/pki/tls/cert.pem",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "/etc/ssl/certs/ca-bundle.crt" },
      { "/etc/pki/tls/certs/" INSIDE_CA_HASH ".0", "/etc/ssl/certs/boundary-ns.pem" },
      { "/etc/pki/tls/openssl.cnf" } },
    { "opensuse",
      { { "/var/lib/ca-certificates/ca-bundle.pem", ROOTS, NULL },
        { "/var/lib/ca-certificates/pem/Root.pem", OTHER, NULL },
        { "/var/lib/ca-certificates/pem/0a0b0c0d.0", NULL, "Root.pem" },
        { "/etc/ssl/certs", NULL, "/var/lib/ca-certificates/pem" },
        { "/etc/ssl/ca-bundle.pem", NULL, "/var/lib/ca-certificates/ca-bundle.pem" } },
      { "/etc/ssl/ca-bundle.pem", "/etc/ssl/certs/ca-certificates.crt" },
      { "/etc/ssl/certs/" INSIDE_CA_HASH ".0" },
      { "/etc/ssl/certs/Root.pem", "/etc/ssl/certs/0a0b0c0d.0" },
      true },
    { "arch",
      { { "/etc/ca-certificates/extracted/tls-ca-bundle.pem", ROOTS, NULL },
        { "/etc/ssl/certs/ca-certificates.crt", NULL,
          "../../ca-certificates/extracted/tls-ca-bundle.pem" },
        { "/etc/ssl/cert.pem", NULL,
          "../ca-certificates/extracted/tls-ca-bundle.pem" } },
      { "/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem",
        "/etc/ca-certificates/extracted/tls-ca-bundle.pem" },
      { "/etc/ssl/certs/" INSIDE_CA_HASH ".0" },
      { NULL } },
    { "nixos",
      { { "/etc/static/ssl/certs/ca-bundle.crt", ROOTS, NULL },
        { "/etc/ssl/certs/ca-certificates.crt", NULL,
          "/etc/static/ssl/certs/ca-bundle.crt" },
        { "/etc/ssl/certs/ca-bundle.crt", NULL,
          "/etc/static/ssl/certs/ca-bundle.crt" } },
      { "/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/certs/ca-bundle.crt" },
      { "/etc/ssl/certs/" INSIDE_CA_HASH ".0" },
      { NULL } },
    { "resolved-and-a-trap",
      { { "/etc/ssl/certs/ca-certificates.crt", ROOTS, NULL },
        { "/etc/resolv.conf", NULL, "../run/systemd/resolve/stub-resolv.conf" },
        { "/etc/boundary-ns/ca.pem", OTHER, NULL },
        { "/etc/ssl/certs/boundary-ns.pem", OTHER, NULL } },
      { "/etc/ssl/certs/ca-certificates.crt" },
      { "/etc/boundary-ns/ca.pem", "/etc/ssl/certs/boundary-ns.pem" },
      { NULL } },
};

static bool
make_entry(const Entry *entry)
{
    g_autofree char *dir = g_path_get_dirname(entry->path);

    if (g_mkdir_with_parents(dir, 0755) < 0)
        return false;
    return entry->text != NULL ? g_file_set_contents(entry->path, entry->text, -1, NULL)
                               : symlink(entry->target, entry->path) == 0;
}

static bool
is_text(const char *path, const char *expected)
{
    g_autofree char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        g_printerr("%s is not there\n", path);
        return false;
    }
    if (strcmp(text, expected) != 0)
        g_printerr("%s is: %s\n", path, text);
    return strcmp(text, expected) == 0;
}

static BnsTrustSource source;
static bool is_plain;   /* whether a layer may do */
static bool is_layered; /* whether it did */

static bool
make_etc(BnsFault *fault)
{
    g_autofree char *ca = g_strconcat(INSIDE_CA_HASH, inside_ca_pem, NULL);
    g_auto(BnsEtc) etc = BNS_ETC_NONE;

    if (!bns_etc_files_begin(&source, is_plain, &etc, fault))
        return false;
    is_layered = etc.host_fd >= 0;
    return bns_etc_files_finish(&etc, &source, ca, fault);
}

static bool
hide_host(void)
{
    umask(0022);
    return mount("t", "/etc", "tmpfs", 0, NULL) == 0 &&
           mount("t", "/var/lib", "tmpfs", 0, NULL) == 0;
}

static const Layout *layout;

static bool
run_layout(void)
{
    g_autofree char *bundle = g_strconcat(ROOTS, "\n", inside_ca_pem, NULL);
    BnsFault fault = { "" };

    CHECK(hide_host());
    for (size_t i = 0; layout->entries[i].path != NULL; i++)
        CHECK(make_entry(&layout->entries[i]));
    if (!make_etc(&fault)) {
        g_printerr("%s\n", fault.text);
        return false;
    }
    CHECK(is_layered == (is_plain && !layout->leads_out));
    CHECK(is_text(BNS_TRUST_BUNDLE, bundle) && is_text(BNS_TRUST_CA, inside_ca_pem));
    CHECK(is_text("/etc/resolv.conf", "nameserver 198.18.0.2\nsearch .\n"));
    for (size_t i = 0; layout->bundles[i] != NULL; i++)
        CHECK(is_text(layout->bundles[i], bundle));
    for (size_t i = 0; layout->certificates[i] != NULL; i++)
        CHECK(is_text(layout->certificates[i], inside_ca_pem));
    for (size_t i = 0; layout->others[i] != NULL; i++)
        CHECK(is_text(layout->others[i], OTHER));
    CHECK(mkdir("/etc/new", 0755) < 0 && errno == EROFS);
    return true;
}

static bool
run_without_roots(void)
{
    BnsFault fault = { "" };
    const Entry empty = { "/etc/ssl/certs/ca-certificates.crt", "", NULL };

    CHECK(hide_host() && make_entry(&empty));
    CHECK(make_etc(&fault));
    CHECK(is_text(BNS_TRUST_BUNDLE, inside_ca_pem));
    CHECK(is_text("/etc/ssl/certs/ca-certificates.crt", inside_ca_pem));
    CHECK(is_text("/etc/nsswitch.conf", "hosts: files dns\n"));
    return true;
}

/* A FIFO in place of a bundle blocks nobody, and is passed over. */
static bool
run_fifo(void)
{
    BnsFault fault = { "" };
    const Entry other = { "/etc/ssl/cert.pem", ROOTS, NULL };
    g_autofree char *bundle = g_strconcat(ROOTS, "\n", inside_ca_pem, NULL);

    CHECK(hide_host() && make_entry(&other) && mkdir("/etc/ssl/certs", 0755) == 0);
    CHECK(mkfifo("/etc/ssl/certs/ca-certificates.crt", 0644) == 0);
    CHECK(make_etc(&fault));
    CHECK(is_text("/etc/ssl/certs/ca-certificates.crt", bundle));
    return true;
}

/* Whether @path is what Java gets of @bundle. */
static bool
is_store(const char *path, const char *bundle)
{
    size_t size = BNS_JAVA_STORE_MAX(strlen(bundle));
    g_autofree uint8_t *buffer = g_malloc(size);
    size_t len = bns_java_store_encode(bundle, strlen(bundle), buffer, size);
    g_autofree char *text = NULL;
    gsize text_len = 0;

    return g_file_get_contents(path, &text, &text_len, NULL) && text_len == len &&
           memcmp(text, buffer + size - len, len) == 0;
}

/* One store in /etc and over that of a JDK; one that has gone meanwhile is no harm. */
static bool
run_java(void)
{
    const char *stores[] = { "/var/lib/jdk/gone", "/var/lib/jdk/cacerts", NULL };
    const Entry system_store = { "/etc/ssl/certs/java/cacerts", OTHER, NULL };
    const Entry jdk_store = { "/var/lib/jdk/cacerts", OTHER, NULL };
    BnsFault fault = { "" };

    CHECK(hide_host() && make_entry(&system_store) && make_entry(&jdk_store));
    source = (BnsTrustSource){ .java_stores = stores };
    CHECK(make_etc(&fault));
    CHECK(is_store("/etc/ssl/certs/java/cacerts", inside_ca_pem));
    CHECK(is_store("/var/lib/jdk/cacerts", inside_ca_pem));
    CHECK(access("/var/lib/jdk/cacerts", W_OK) < 0 && errno == EROFS);
    return true;
}

static bool
run_without_java(void)
{
    BnsFault fault = { "" };

    CHECK(hide_host() && make_etc(&fault));
    CHECK(access("/etc/boundary-ns/java-cacerts", F_OK) < 0 && errno == ENOENT);
    return true;
}

#define CHROMIUM "/etc/chromium/policies/managed/"
#define FIREFOX  "/etc/firefox/policies/policies.json"

static bool
run_browsers(void)
{
    const Entry own = { CHROMIUM "corporate.json", OTHER, NULL };
    char policy[BNS_BROWSER_POLICY_MAX];
    BnsFault fault = { "" };

    CHECK(bns_browser_chromium_policy(inside_ca_pem, policy) > 0);
    CHECK(hide_host() && make_entry(&own) && make_etc(&fault));
    CHECK(is_text(CHROMIUM "corporate.json", OTHER));
    CHECK(is_text(CHROMIUM "zz-boundary-ns.json", policy));
    CHECK(is_text("/etc/opt/chrome/policies/managed/zz-boundary-ns.json", policy));
    CHECK(is_text(FIREFOX, bns_browser_firefox_policy));
    return true;
}

/* A host's own policy for Firefox stays, and no link of the host leads us out of /etc. */
static bool
run_own_policies(void)
{
    const Entry firefox = { FIREFOX, OTHER, NULL };
    const Entry link = { "/etc/chromium", NULL, "/var/lib/elsewhere" };
    const Entry file = { "/var/lib/elsewhere/policies/managed/own", OTHER, NULL };
    BnsFault fault = { "" };

    CHECK(hide_host() && make_entry(&firefox) && make_entry(&link) &&
          make_entry(&file) && make_etc(&fault));
    CHECK(is_text(FIREFOX, OTHER));
    CHECK(access(CHROMIUM "own", F_OK) == 0);
    CHECK(access(CHROMIUM "zz-boundary-ns.json", F_OK) < 0 && errno == ENOENT);
    return true;
}

#define ANCHOR "/etc/pki/ca-trust/source/anchors/"

static bool
run_anchors(void)
{
    const Entry own = { ANCHOR "own.pem", OTHER, NULL };
    BnsFault fault = { "" };

    CHECK(hide_host() && make_entry(&own) && make_etc(&fault));
    CHECK(is_text(ANCHOR "own.pem", OTHER));
    CHECK(is_text(ANCHOR "boundary-ns.pem", inside_ca_pem));
    return true;
}

static bool
run_inherited(void)
{
    g_autofree char *bundle = g_strconcat("named\n", inside_ca_pem, NULL);
    g_autofree char *ca = g_strconcat(inside_ca_pem, "added\n", NULL);
    BnsFault fault = { "" };

    source = (BnsTrustSource){ .roots = "named\n", .added = "added\n" };
    CHECK(hide_host() && make_etc(&fault));
    CHECK(is_text(BNS_TRUST_BUNDLE, bundle));
    CHECK(is_text(BNS_TRUST_CA, ca));
    return true;
}

typedef struct {
    const char *name;
    const char *host;
    const char *expected;
} Nsswitch;

static const Nsswitch nsswitches[] = {
    { "replaces-hosts", "passwd: files\nhosts: resolve [!UNAVAIL=return] dns\nx: y\n",
      "passwd: files\nx: y\nhosts: files dns\n" },
    { "replaces-odd-spellings", " \thosts :nis\nhosts:mdns\nhostsx: a\n",
      "hostsx: a\nhosts: files dns\n" },
    { "ends-the-last-line", "passwd: files", "passwd: files\nhosts: files dns\n" },
    { "leaves-comments", "# hosts: a\n", "# hosts: a\nhosts: files dns\n" },
};

static const Nsswitch *nsswitch;

static bool
run_nsswitch(void)
{
    BnsFault fault = { "" };
    const Entry entry = { "/etc/nsswitch.conf", nsswitch->host, NULL };

    CHECK(hide_host() && make_entry(&entry));
    CHECK(make_etc(&fault));
    return is_text("/etc/nsswitch.conf", nsswitch->expected);
}

static bool
run_bad_ca(void)
{
    static const char *const bad[] = { "", "07bdf87d", "07bdf87-----BEGIN CERTIFICATE",
                                       "../../aa-----BEGIN CERTIFICATE-----\n",
                                       "07bdf87d-----BEGIN PRIVATE KEY-----\n" };
    BnsFault fault = { "" };
    g_auto(BnsEtc) etc = BNS_ETC_NONE;

    CHECK(hide_host());
    CHECK(bns_etc_files_begin(&source, is_plain, &etc, &fault));
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        CHECK(!bns_etc_files_finish(&etc, &source, bad[i], &fault));
        CHECK(strcmp(fault.text, "The gateway sent no certificate") == 0);
    }
    return true;
}

/* What a mount of the host's covers is not seen through a layer. */
static bool
run_covered(void)
{
    const Entry under = { "/etc/covered", "under\n", NULL };
    const Entry over = { "/var/lib/over", "over\n", NULL };
    BnsFault fault = { "" };

    CHECK(hide_host() && make_entry(&under) && make_entry(&over));
    CHECK(mount("/var/lib/over", "/etc/covered", "none", MS_BIND, NULL) == 0);
    /* The mount is another user's from here on, as the host's is. */
    CHECK(unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0);
    CHECK(bns_namespaces_map_root(0, 0, &fault) && make_etc(&fault));
    CHECK(!is_layered && is_text("/etc/covered", "over\n"));
    return true;
}

/* As the host has it at any time, but for what is ours. */
static bool
run_changed(void)
{
    const Entry file = { "/etc/file", "old\n", NULL };
    BnsFault fault = { "" };
    bns_autofd host = -1;

    CHECK(hide_host() && make_entry(&file));
    host = open("/etc", O_PATH | O_CLOEXEC);
    CHECK(make_etc(&fault) && is_layered == is_plain);
    CHECK(symlinkat("new", host, "n") == 0 && renameat(host, "n", host, "hosts") == 0);
    CHECK(is_plain || is_text("/etc/file", "old\n"));
    CHECK(symlinkat("new", host, "n") == 0 && renameat(host, "n", host, "file") == 0);
    CHECK(readlink("/etc/hosts", (char[1]){ 0 }, 1) < 0);
    CHECK((readlink("/etc/file", (char[1]){ 0 }, 1) == 1) == is_plain);
    CHECK(mkdir("/etc/new", 0755) < 0 && errno == EROFS);
    CHECK(unlink("/etc/file") < 0 && unlink("/etc/hosts") < 0 && errno == EROFS);
    return true;
}

typedef struct {
    const char *path;
    bool (*run)(void);
    const Layout *layout;
    const Nsswitch *nsswitch;
} Case;

static void
run_case(const Case *test, bool may_layer)
{
    if (!inside_is_possible())
        return;
    is_plain = may_layer;
    layout = test->layout;
    nsswitch = test->nsswitch;
    inside_namespaces(test->run);
}

static void
test_rebuilt(gconstpointer data)
{
    run_case(data, false);
}

static void
test_layered(gconstpointer data)
{
    run_case(data, true);
}

static void
add_case(const Case *test)
{
    g_autofree char *rebuilt = g_strconcat("/sandbox/etc/rebuilt/", test->path, NULL);
    g_autofree char *layered = g_strconcat("/sandbox/etc/layered/", test->path, NULL);

    bns_test_add_data(rebuilt, test, test_rebuilt);
    bns_test_add_data(layered, test, test_layered);
}

int
main(int argc, char **argv)
{
    static const Case others[] = {
        { "without-roots-ours-is-all", run_without_roots, NULL, NULL },
        { "a-fifo-blocks-nobody", run_fifo, NULL, NULL },
        { "java", run_java, NULL, NULL },
        { "without-java-no-store", run_without_java, NULL, NULL },
        { "browsers", run_browsers, NULL, NULL },
        { "the-hosts-own-policies-stay", run_own_policies, NULL, NULL },
        { "anchors", run_anchors, NULL, NULL },
        { "what-variables-named", run_inherited, NULL, NULL },
        { "what-is-no-certificate-ends-the-start", run_bad_ca, NULL, NULL },
        { "what-is-covered", run_covered, NULL, NULL },
        { "what-is-changed", run_changed, NULL, NULL },
    };
    static Case of_layouts[G_N_ELEMENTS(layouts)];
    static Case of_nsswitches[G_N_ELEMENTS(nsswitches)];

    bns_test_init(&argc, &argv, 30);
    for (size_t i = 0; i < G_N_ELEMENTS(layouts); i++) {
        of_layouts[i] = (Case){ layouts[i].name, run_layout, &layouts[i], NULL };
        add_case(&of_layouts[i]);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(nsswitches); i++) {
        of_nsswitches[i] =
            (Case){ nsswitches[i].name, run_nsswitch, NULL, &nsswitches[i] };
        add_case(&of_nsswitches[i]);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
        add_case(&others[i]);
    return g_test_run();
}
