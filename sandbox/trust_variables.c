/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/trust_variables.h"

#include "base/fd.h"
#include "sandbox/pem.h"
#include "sandbox/trust_files.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The largest bundles have less; a user's own is small. */
#define FILE_BYTES_MAX (1024 * 1024)
/* A directory of roots holds about 150 twice, under a name and under a hash. */
#define DIRECTORY_FILES_MAX 4096

/* A variable that replaces a program's roots needs them all, for what passes sealed; one
 * that adds gets our certificate first, since old programs read but that. */
static const BnsTrustVariable variables[] = {
    { "SSL_CERT_FILE", BNS_TRUST_BUNDLE },
    { "SSL_CERT_DIR", NULL },
    { "CURL_CA_BUNDLE", BNS_TRUST_BUNDLE },
    { "GIT_SSL_CAINFO", BNS_TRUST_BUNDLE },
    { "GIT_SSL_CAPATH", NULL },
    { "REQUESTS_CA_BUNDLE", BNS_TRUST_BUNDLE },
    { "PIP_CERT", BNS_TRUST_BUNDLE },
    { "HTTPLIB2_CA_CERTS", BNS_TRUST_BUNDLE },
    { "CONDA_SSL_VERIFY", BNS_TRUST_BUNDLE },
    { "UV_SYSTEM_CERTS", "1" },
    { "NODE_EXTRA_CA_CERTS", BNS_TRUST_CA },
    { "NODE_USE_SYSTEM_CA", "1" },
    { "npm_config_cafile", BNS_TRUST_BUNDLE },
    { "NPM_CONFIG_CAFILE", BNS_TRUST_BUNDLE },
    { "DENO_CERT", BNS_TRUST_CA },
    { "DENO_TLS_CA_STORE", "system,mozilla" },
    { "AWS_CA_BUNDLE", BNS_TRUST_BUNDLE },
    { "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE", BNS_TRUST_BUNDLE },
    { "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", BNS_TRUST_BUNDLE },
    { "CARGO_HTTP_CAINFO", BNS_TRUST_BUNDLE },
    { "CODEX_CA_CERTIFICATE", BNS_TRUST_BUNDLE },
    { "BUNDLE_SSL_CA_CERT", BNS_TRUST_BUNDLE },
    { "NIX_SSL_CERT_FILE", BNS_TRUST_BUNDLE },
    { "PERL_LWP_SSL_CA_FILE", BNS_TRUST_BUNDLE },
    { "JULIA_SSL_CA_ROOTS_PATH", BNS_TRUST_BUNDLE },
    { "HEX_CACERTS_PATH", BNS_TRUST_BUNDLE },
};

const BnsTrustVariable *
bns_trust_variables(size_t *out_n)
{
    *out_n = G_N_ELEMENTS(variables);
    return variables;
}

/* --- Java's options --- */

static const char *const java_variables[] = { "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS",
                                              "_JAVA_OPTIONS",     "JAVA_OPTS",
                                              "MAVEN_OPTS",        "GRADLE_OPTS",
                                              "SBT_OPTS",          NULL };
static const char *const java_options[] = { "-Djavax.net.ssl.trustStore",
                                            "-Dhttp.proxy", "-Dhttps.proxy",
                                            "-DsocksProxy" };

static bool
is_replaced_option(const char *word)
{
    for (size_t i = 0; i < G_N_ELEMENTS(java_options); i++)
        if (g_str_has_prefix(word, java_options[i]))
            return true;
    return false;
}

char *
bns_trust_variables_java_options(const char *name, const char *value)
{
    GString *kept;

    if (!g_strv_contains(java_variables, name))
        return NULL;
    kept = g_string_new(NULL);
    for (const char *at = value; *at != '\0';) {
        size_t space = strspn(at, " \t\n");
        size_t word = strcspn(at + space, " \t\n");

        if (!is_replaced_option(at + space))
            g_string_append_len(kept, at, (gssize)(space + word));
        at += space + word;
    }
    return g_string_free(kept, FALSE);
}

/* --- what they named --- */

/* Certificates, each once. */
typedef struct {
    GHashTable *seen; /* owned; of owned blocks of PEM */
    GString *pem;     /* owned */
} List;

static void
list_init(List *list)
{
    list->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    list->pem = g_string_new(NULL);
}

/* Returns: (transfer full) */
static char *
list_finish(List *list)
{
    g_hash_table_unref(list->seen);
    return g_string_free(list->pem, FALSE);
}

/* No FIFO can hold us up, no device feed us for ever. (transfer full) (nullable) */
static char *
read_file(const char *path, size_t *out_len)
{
    bns_autofd fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    g_autofree char *text = NULL;
    struct stat info;
    ssize_t n;

    if (fd < 0 || fstat(fd, &info) < 0 || !S_ISREG(info.st_mode) ||
        info.st_size > FILE_BYTES_MAX)
        return NULL;
    text = g_malloc((size_t)info.st_size + 1);
    n = read(fd, text, (size_t)info.st_size);
    if (n < 0)
        return NULL;
    *out_len = (size_t)n;
    return g_steal_pointer(&text);
}

/* @is_known: the certificates are there anyway. */
static void
take_file(List *list, const char *path, bool is_known)
{
    size_t len = 0;
    g_autofree char *text = read_file(path, &len);
    const char *rest = text;
    BnsPem pem;

    while (text != NULL && bns_pem_next(&rest, &len, &pem)) {
        char *block = g_strndup(pem.text, pem.len);

        if (g_hash_table_add(list->seen, block) && !is_known)
            g_string_append_printf(list->pem, "%s\n", block);
    }
}

static void
take_directory(List *list, const char *path)
{
    GDir *directory = g_dir_open(path, 0, NULL);
    const char *name;

    for (int i = 0; directory != NULL && i < DIRECTORY_FILES_MAX &&
                    (name = g_dir_read_name(directory)) != NULL;
         i++) {
        g_autofree char *file = g_build_filename(path, name, NULL);

        take_file(list, file, false);
    }
    if (directory != NULL)
        g_dir_close(directory);
}

/* A file, or directories with ':' between them. */
static void
take_value(List *list, const char *value)
{
    g_auto(GStrv) paths = g_strsplit(value, ":", -1);

    for (char **path = paths; *path != NULL; path++) {
        if (bns_trust_files_is_system(*path))
            continue;
        if (g_file_test(*path, G_FILE_TEST_IS_DIR))
            take_directory(list, *path);
        else
            take_file(list, *path, false);
    }
}

/* The bundle has them already. */
static void
know_system(List *roots)
{
    char path[32];
    bns_autofd fd = bns_trust_files_open_roots();

    g_snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (fd >= 0)
        take_file(roots, path, true);
}

static bool
names_a_path(const BnsTrustVariable *variable, const char *value)
{
    return value != NULL && *value == '/' &&
           (variable->value == NULL || *variable->value == '/');
}

static bool
is_addition(const BnsTrustVariable *variable)
{
    return g_strcmp0(variable->value, BNS_TRUST_CA) == 0;
}

const char *
bns_trust_variables_value(const BnsTrustVariable *variable, const char *host_value)
{
    /* Whoever adds the system's certificates may need more than ours. */
    if (is_addition(variable) && host_value != NULL &&
        bns_trust_files_is_system(host_value))
        return BNS_TRUST_BUNDLE;
    return variable->value;
}

void
bns_trust_inherited_init(BnsTrustInherited *out_inherited, char **host_environ)
{
    List roots, added;

    list_init(&roots);
    list_init(&added);
    for (size_t i = 0; i < G_N_ELEMENTS(variables); i++) {
        const BnsTrustVariable *variable = &variables[i];
        const char *value = g_environ_getenv(host_environ, variable->name);

        if (!names_a_path(variable, value) || bns_trust_files_is_system(value))
            continue;
        /* Most often nothing is named, or nothing else. */
        if (!is_addition(variable) && g_hash_table_size(roots.seen) == 0)
            know_system(&roots);
        take_value(is_addition(variable) ? &added : &roots, value);
    }
    out_inherited->roots = list_finish(&roots);
    out_inherited->added = list_finish(&added);
}

void
bns_trust_inherited_clear(BnsTrustInherited *inherited)
{
    g_clear_pointer(&inherited->roots, g_free);
    g_clear_pointer(&inherited->added, g_free);
}
