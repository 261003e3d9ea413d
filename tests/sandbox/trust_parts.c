/* SPDX-License-Identifier: Apache-2.0 */
/* What the trust files are made of: PEM, Java's store, browsers' policies, and what the
 * user's variables named. */
#include "sandbox/browser_policies.h"
#include "sandbox/java_homes.h"
#include "sandbox/java_store.h"
#include "sandbox/pem.h"
#include "sandbox/trust_files.h"
#include "sandbox/trust_variables.h"
#include "tests/support/certs.h"
#include "tests/support/test.h"

#include <glib/gstdio.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- PEM --- */

#define BEGIN "-----BEGIN CERTIFICATE-----"
#define END   "-----END CERTIFICATE-----"

typedef struct {
    const char *name;
    const char *text;
    const char *bodies; /* of what is found, with '|' behind each */
} PemCase;

static const PemCase pem_cases[] = {
    { "nothing", "", "" },
    { "one", BEGIN "\nMAA=\n" END "\n", "\nMAA=\n|" },
    { "comments-are-passed-over", "# a\n" BEGIN "A" END "\n# b\n" BEGIN "B" END,
      "A|B|" },
    { "a-key-is-passed-over",
      "-----BEGIN PRIVATE KEY-----\nK\n-----END PRIVATE KEY-----\n" BEGIN "A" END,
      "A|" },
    { "trusted-counts",
      "-----BEGIN TRUSTED CERTIFICATE-----T-----END TRUSTED CERTIFICATE-----", "T|" },
    { "without-end", BEGIN "A", "" },
    { "half-an-end", BEGIN "A-----END CERTIFICATE", "" },
    { "another-end", BEGIN "A-----END TRUSTED CERTIFICATE-----", "" },
    { "begun-twice", BEGIN "A" BEGIN "B" END, "B|" },
    { "dashes-alone", "----------" BEGIN "A" END "-----", "A|" },
};

static void
test_pem(gconstpointer data)
{
    const PemCase *row = data;
    g_autoptr(GString) bodies = g_string_new(NULL);
    const char *rest = row->text;
    size_t len = strlen(rest);
    BnsPem pem;

    while (bns_pem_next(&rest, &len, &pem)) {
        g_string_append_len(bodies, pem.body, (gssize)pem.body_len);
        g_string_append_c(bodies, '|');
        g_assert_true(g_str_has_prefix(pem.text, "-----BEGIN "));
        g_assert_true(memcmp(pem.text + pem.len - 5, "-----", 5) == 0);
    }
    g_assert_cmpstr(bodies->str, ==, row->bodies);
}

typedef struct {
    const char *name;
    const char *base64;
    size_t len; /* of the certificate */
} DerCase;

static const DerCase der_cases[] = {
    { "empty", "", 0 },
    { "empty-sequence", "MAA=", 2 },
    { "what-follows-is-cut", "MAH/AAAA", 3 },
    { "too-short", "MAX/", 0 },
    { "another-tag", "BAH/", 0 },
    { "long-form", "MIEB/w==", 4 },
    { "long-form-too-short", "MIIB/w==", 0 },
    { "indefinite", "MIAAAA==", 0 },
    { "no-base64", "!!!!", 0 },
};

static void
test_der(gconstpointer data)
{
    const DerCase *row = data;
    const BnsPem pem = { .body = row->base64, .body_len = strlen(row->base64) };
    uint8_t der[64];

    g_assert_cmpuint(bns_pem_decode(&pem, der), ==, row->len);
}

/* --- Java's store --- */

static GBytes *
encode_store(const char *pem)
{
    size_t size = BNS_JAVA_STORE_MAX(strlen(pem));
    g_autofree uint8_t *buffer = g_malloc(size);
    size_t len = bns_java_store_encode(pem, strlen(pem), buffer, size);

    return g_bytes_new(buffer + size - len, len);
}

static STACK_OF(PKCS12_SAFEBAG) * open_store(GBytes *store)
{
    gsize len;
    const unsigned char *at = g_bytes_get_data(store, &len);
    const unsigned char *end = at + len;
    PKCS12 *p12 = d2i_PKCS12(NULL, &at, (long)len);
    STACK_OF(PKCS7) * safes;
    STACK_OF(PKCS12_SAFEBAG) * bags;

    g_assert_nonnull(p12);
    g_assert_true(at == end);
    g_assert_false(PKCS12_mac_present(p12));
    safes = PKCS12_unpack_authsafes(p12);
    g_assert_cmpint(sk_PKCS7_num(safes), ==, 1);
    bags = PKCS12_unpack_p7data(sk_PKCS7_value(safes, 0));
    g_assert_nonnull(bags);
    sk_PKCS7_pop_free(safes, PKCS7_free);
    PKCS12_free(p12);
    return bags;
}

static void
assert_bag(const PKCS12_SAFEBAG *bag, const BnsTestCert *cert)
{
    X509 *found = PKCS12_SAFEBAG_get1_cert(bag);
    char *alias = PKCS12_get_friendlyname((PKCS12_SAFEBAG *)(uintptr_t)bag);
    int usage = OBJ_create("2.16.840.1.113894.746875.1.1", NULL, NULL);

    g_assert_cmpint(X509_cmp(found, cert->certificate), ==, 0);
    g_assert_nonnull(alias);
    if (usage == NID_undef)
        usage = OBJ_txt2nid("2.16.840.1.113894.746875.1.1");
    g_assert_nonnull(PKCS12_SAFEBAG_get0_attr(bag, usage));
    OPENSSL_free(alias);
    X509_free(found);
}

static void
test_store(void)
{
    g_autoptr(BnsTestCert) first = bns_test_cert_authority("first");
    g_autoptr(BnsTestCert) second = bns_test_cert_authority("second");
    g_autofree char *first_pem = bns_test_cert_pem(first);
    g_autofree char *second_pem = bns_test_cert_pem(second);
    g_autofree char *pem =
        g_strconcat("# roots\n", first_pem, BEGIN "bad" END "\n", second_pem, NULL);
    g_autoptr(GBytes) store = encode_store(pem);
    STACK_OF(PKCS12_SAFEBAG) *bags = open_store(store);

    g_assert_cmpint(sk_PKCS12_SAFEBAG_num(bags), ==, 2);
    /* Written backwards: the session's certificate, which is last, is found first. */
    assert_bag(sk_PKCS12_SAFEBAG_value(bags, 0), second);
    assert_bag(sk_PKCS12_SAFEBAG_value(bags, 1), first);
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
}

/* 300 certificates: three digits of alias, and lengths of one to three bytes. */
static void
test_large_store(void)
{
    g_autoptr(BnsTestCert) cert = bns_test_cert_authority("root");
    g_autofree char *pem = bns_test_cert_pem(cert);
    g_autoptr(GString) all = g_string_new(NULL);
    g_autoptr(GHashTable) aliases =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (int i = 0; i < 300; i++)
        g_string_append(all, pem);
    g_autoptr(GBytes) store = encode_store(all->str);
    STACK_OF(PKCS12_SAFEBAG) *bags = open_store(store);
    for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags); i++) {
        char *alias = PKCS12_get_friendlyname(sk_PKCS12_SAFEBAG_value(bags, i));

        g_assert_true(g_hash_table_add(aliases, g_strdup(alias)));
        OPENSSL_free(alias);
    }
    g_assert_cmpuint(g_hash_table_size(aliases), ==, 300);
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
}

static void
test_small_blocks(void)
{
    g_autoptr(GString) all = g_string_new(NULL);

    for (int i = 0; i < 100; i++)
        g_string_append(all, BEGIN "MAA=" END);
    g_autoptr(GBytes) store = encode_store(all->str);
    g_autoptr(GBytes) empty = encode_store("");

    g_assert_cmpuint(g_bytes_get_size(store), >, 100 * 64);
    sk_PKCS12_SAFEBAG_pop_free(open_store(empty), PKCS12_SAFEBAG_free);
}

static GStrv
find_stores(const char *dir, const char *variable, const char *below)
{
    g_autofree char *path = g_build_filename(dir, below, NULL);
    char **environment = g_environ_setenv(NULL, variable, path, TRUE);
    GStrv stores = bns_java_homes_stores(environment);

    g_strfreev(environment);
    return stores;
}

static void
test_java_homes(void)
{
    g_autofree char *dir = g_dir_make_tmp("java-XXXXXX", NULL);
    g_autofree char *home = g_build_filename(dir, ".sdkman/candidates/java/21", NULL);
    g_autofree char *security = g_build_filename(home, "lib/security", NULL);
    g_autofree char *cacerts = g_build_filename(security, "cacerts", NULL);
    g_autofree char *java = g_build_filename(home, "bin/java", NULL);
    g_autofree char *bin = g_build_filename(home, "bin", NULL);
    g_autofree char *link = g_build_filename(dir, "java", NULL);
    static const char *const ways[][2] = {
        { "JAVA_HOME", ".sdkman/candidates/java/21" }, { "HOME", "" }, { "PATH", "" }
    };

    g_assert_cmpint(g_mkdir_with_parents(security, 0700), ==, 0);
    g_assert_cmpint(g_mkdir_with_parents(bin, 0700), ==, 0);
    g_assert_true(g_file_set_contents(cacerts, "store", -1, NULL));
    g_assert_true(g_file_set_contents(java, "program", -1, NULL));
    g_assert_cmpint(symlink(java, link), ==, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
        g_auto(GStrv) stores = find_stores(dir, ways[i][0], ways[i][1]);

        if (!g_strv_contains((const char *const *)stores, cacerts))
            g_error("%s does not lead to %s", ways[i][0], cacerts);
    }
    g_autofree char *command = g_strdup_printf("rm -r %s", dir);
    g_assert_true(g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL));
}

/* --- browsers --- */

static void
test_chromium(void)
{
    g_autoptr(BnsTestCert) cert = bns_test_cert_authority("root");
    g_autofree char *pem = bns_test_cert_pem(cert);
    g_autofree char *body = g_strndup(pem + strlen(BEGIN), strlen(pem) - strlen(BEGIN));
    g_autofree char *expected = NULL;
    char text[BNS_BROWSER_POLICY_MAX];
    size_t len = bns_browser_chromium_policy(pem, text);
    g_auto(GStrv) lines = NULL;
    g_autofree char *joined = NULL;

    *strstr(body, END) = '\0';
    lines = g_strsplit(body, "\n", -1);
    joined = g_strjoinv("", lines);
    expected = g_strdup_printf("{\"CACertificates\":[\"%s\"]}\n", joined);
    g_assert_cmpstr(text, ==, expected);
    g_assert_cmpuint(len, ==, strlen(expected));
    g_assert_cmpuint(bns_browser_chromium_policy("no certificate", text), ==, 0);
}

static void
test_chromium_too_long(void)
{
    g_autofree char *body = g_strnfill(BNS_BROWSER_POLICY_MAX, 'A');
    g_autofree char *pem = g_strconcat(BEGIN, body, END, NULL);
    char text[BNS_BROWSER_POLICY_MAX];

    g_assert_cmpuint(bns_browser_chromium_policy(pem, text), ==, 0);
}

/* --- variables --- */

typedef struct {
    const char *name;
    const char *variable;
    const char *value;
    const char *kept; /* NULL: not Java's */
} OptionCase;

static const OptionCase option_cases[] = {
    { "another-variable", "OPTS", "-Dhttp.proxyHost=p", NULL },
    { "nothing-to-take", "JAVA_TOOL_OPTIONS", "-Xmx1g  -Da=b", "-Xmx1g  -Da=b" },
    { "a-store", "JAVA_TOOL_OPTIONS",
      "-Xmx1g -Djavax.net.ssl.trustStore=/x -Djavax.net.ssl.trustStorePassword=y -Da=b",
      "-Xmx1g -Da=b" },
    { "a-proxy", "MAVEN_OPTS",
      "-Dhttps.proxyHost=p -Dhttp.proxyPort=1 -DsocksProxyHost=s", "" },
    { "quotes-stay", "_JAVA_OPTIONS", "-Da=\"b  c\"\t-Dhttp.proxyHost=p",
      "-Da=\"b  c\"" },
};

static void
test_options(gconstpointer data)
{
    const OptionCase *row = data;
    g_autofree char *kept = bns_trust_variables_java_options(row->variable, row->value);

    g_assert_cmpstr(kept, ==, row->kept);
}

typedef struct {
    char *dir;    /* owned */
    char *pem[3]; /* owned: three certificates */
} Variables;

static void
variables_init(Variables *all)
{
    static const char *const names[] = { "a.pem", "b.pem", "c.pem" };

    all->dir = g_dir_make_tmp("trust-XXXXXX", NULL);
    for (size_t i = 0; i < 3; i++) {
        g_autoptr(BnsTestCert) cert = bns_test_cert_authority(names[i]);
        g_autofree char *key = bns_test_cert_key_pem(cert);
        g_autofree char *path = g_build_filename(all->dir, names[i], NULL);
        g_autofree char *text = NULL;

        all->pem[i] = bns_test_cert_pem(cert);
        text = g_strconcat(key, all->pem[i], NULL);
        g_assert_true(g_file_set_contents(path, text, -1, NULL));
    }
}

static void
variables_clear(Variables *all)
{
    g_autofree char *command = g_strdup_printf("rm -r %s", all->dir);

    g_assert_true(g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL));
    for (size_t i = 0; i < 3; i++)
        g_free(all->pem[i]);
    g_free(all->dir);
}

static char **
set(const Variables *all, char **environment, const char *name, const char *file)
{
    g_autofree char *path = g_build_filename(all->dir, file, NULL);

    return g_environ_setenv(environment, name, path, TRUE);
}

/* What is named twice is there once, keys are not, and what adds is kept apart. */
static void
test_inherited(void)
{
    Variables all;
    BnsTrustInherited inherited;
    char **environment = NULL;
    g_autofree char *roots = NULL;

    variables_init(&all);
    environment = set(&all, environment, "SSL_CERT_FILE", "a.pem");
    environment = set(&all, environment, "REQUESTS_CA_BUNDLE", "a.pem");
    environment = set(&all, environment, "CURL_CA_BUNDLE", "b.pem");
    environment = set(&all, environment, "NODE_EXTRA_CA_CERTS", "b.pem");
    environment = set(&all, environment, "DENO_CERT", "b.pem");
    environment = set(&all, environment, "PIP_CERT", "missing.pem");
    environment = g_environ_setenv(environment, "AWS_CA_BUNDLE", "c.pem", TRUE);
    bns_trust_inherited_init(&inherited, environment);
    roots = g_strconcat(all.pem[0], all.pem[1], NULL);
    g_assert_cmpstr(inherited.roots, ==, roots);
    g_assert_cmpstr(inherited.added, ==, all.pem[1]);
    bns_trust_inherited_clear(&inherited);
    g_strfreev(environment);
    variables_clear(&all);
}

/* The system's own bundle is not copied: variables that add to others name ours then. */
static void
test_inherited_system(void)
{
    static const char bundle[] = "/etc/ssl/certs/ca-certificates.crt";
    const BnsTrustVariable adds = { "NODE_EXTRA_CA_CERTS", BNS_TRUST_CA };
    const BnsTrustVariable replaces = { "SSL_CERT_FILE", BNS_TRUST_BUNDLE };
    char **environment = NULL;
    BnsTrustInherited inherited;

    g_assert_cmpstr(bns_trust_variables_value(&adds, NULL), ==, BNS_TRUST_CA);
    g_assert_cmpstr(bns_trust_variables_value(&adds, "/home/u/a.pem"), ==,
                    BNS_TRUST_CA);
    if (!bns_trust_files_is_system(bundle)) {
        bns_test_skip("the system's bundle is elsewhere");
        return;
    }
    g_assert_cmpstr(bns_trust_variables_value(&adds, bundle), ==, BNS_TRUST_BUNDLE);
    g_assert_cmpstr(bns_trust_variables_value(&replaces, bundle), ==, BNS_TRUST_BUNDLE);
    environment = g_environ_setenv(environment, "NODE_EXTRA_CA_CERTS", bundle, TRUE);
    environment = g_environ_setenv(environment, "SSL_CERT_FILE", bundle, TRUE);
    environment = g_environ_setenv(environment, "SSL_CERT_DIR", "/etc/ssl/certs", TRUE);
    bns_trust_inherited_init(&inherited, environment);
    g_assert_cmpstr(inherited.roots, ==, "");
    g_assert_cmpstr(inherited.added, ==, "");
    bns_trust_inherited_clear(&inherited);
    g_strfreev(environment);
}

static void
test_inherited_directory(void)
{
    Variables all;
    BnsTrustInherited inherited;
    char **environment = NULL;

    variables_init(&all);
    environment = g_environ_setenv(environment, "SSL_CERT_DIR", all.dir, TRUE);
    bns_trust_inherited_init(&inherited, environment);
    for (size_t i = 0; i < 3; i++)
        g_assert_nonnull(strstr(inherited.roots, all.pem[i]));
    g_assert_null(strstr(inherited.roots, "PRIVATE"));
    g_assert_cmpstr(inherited.added, ==, "");
    bns_trust_inherited_clear(&inherited);
    g_strfreev(environment);
    variables_clear(&all);
}

static void
test_inherited_odd(void)
{
    g_autofree char *dir = g_dir_make_tmp("trust-XXXXXX", NULL);
    g_autofree char *fifo = g_build_filename(dir, "fifo", NULL);
    const char *odd[] = { fifo, "/dev/zero", "", "relative.pem", "::" };

    g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(odd); i++) {
        char **environment = g_environ_setenv(NULL, "SSL_CERT_FILE", odd[i], TRUE);
        BnsTrustInherited inherited;

        bns_trust_inherited_init(&inherited, environment);
        g_assert_cmpstr(inherited.roots, ==, "");
        bns_trust_inherited_clear(&inherited);
        g_strfreev(environment);
    }
    g_unlink(fifo);
    g_rmdir(dir);
}

#define ADD_TABLE(prefix, table, test)                                                 \
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {                                 \
        g_autofree char *path = g_strconcat(prefix, (table)[i].name, NULL);            \
        bns_test_add_data(path, &(table)[i], test);                                    \
    }

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 30);
    ADD_TABLE("/sandbox/pem/", pem_cases, test_pem)
    ADD_TABLE("/sandbox/pem/der-", der_cases, test_der)
    ADD_TABLE("/sandbox/trust-variables/options-", option_cases, test_options)
    bns_test_add("/sandbox/java-store/openssl-reads-it", test_store);
    bns_test_add("/sandbox/java-store/300-certificates", test_large_store);
    bns_test_add("/sandbox/java-store/the-smallest-blocks-fit", test_small_blocks);
    bns_test_add("/sandbox/java-homes/three-ways-lead-there", test_java_homes);
    bns_test_add("/sandbox/browsers/chromium", test_chromium);
    bns_test_add("/sandbox/browsers/too-long-is-none", test_chromium_too_long);
    bns_test_add("/sandbox/trust-variables/files-are-taken-once", test_inherited);
    bns_test_add("/sandbox/trust-variables/the-systems-own-is-not-copied",
                 test_inherited_system);
    bns_test_add("/sandbox/trust-variables/directories-too", test_inherited_directory);
    bns_test_add("/sandbox/trust-variables/what-is-no-file", test_inherited_odd);
    return g_test_run();
}
