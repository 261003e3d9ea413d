/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/e2e/registry.h"

#include "policy/preset.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The domains of the preset and of what it is built on, in order: ".a.example". */
static GPtrArray *
list_domains(const char *name)
{
    GPtrArray *domains = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GRegex) regex =
        g_regex_new("domain: \\[?(\\.[a-z0-9.-]+)", (GRegexCompileFlags)0,
                    (GRegexMatchFlags)0, NULL);
    g_autoptr(GMatchInfo) match = NULL;
    const BnsPreset *preset = bns_preset_find(name, NULL);

    g_regex_match(regex, preset->text, (GRegexMatchFlags)0, &match);
    for (; g_match_info_matches(match); g_match_info_next(match, NULL))
        g_ptr_array_add(domains, g_match_info_fetch(match, 1));
    return domains;
}

static void
copy_script(Story *story, const char *name)
{
    g_autofree char *path = g_build_filename(g_getenv("BNS_E2E_DIR"), name, NULL);
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;

    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    g_free(story_file(story, name, text));
}

static void
write_certificate(Story *story, const char *host, const char *host2)
{
    g_autofree char *names = g_strdup_printf("DNS:%s,DNS:%s", host, host2);
    BnsTestCertSpec spec = { .issuer = story->authority,
                             .common_name = "registry",
                             .names = names };
    g_autoptr(BnsTestCert) cert = bns_test_cert_new(&spec);
    g_autofree char *key = bns_test_cert_key_pem(cert);
    g_autofree char *pem = bns_test_cert_pem(cert);

    story_write(story, "registry.key", key);
    story_write(story, "registry.pem", pem);
}

static void
start_server(Registry *registry,
             Story *story,
             const char *kind,
             const char *host,
             const char *host2)
{
    const char *argv[] = { "python3", "registry_server.py", kind, host, host2, NULL };
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) line = g_string_new(NULL);
    unsigned secure, plain;
    char byte;
    int out;

    g_spawn_async_with_pipes(story->work, (char **)(uintptr_t)argv, NULL,
                             G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL,
                             NULL, &registry->pid, &registry->input, &out, NULL,
                             &error);
    g_assert_no_error(error);
    while (read(out, &byte, 1) == 1 && byte != '\n')
        g_string_append_c(line, byte);
    close(out);
    if (sscanf(line->str, "%u %u", &secure, &plain) != 2)
        g_error("the stand-in says: %s", line->str);
    story_option(story, "--resolve %s:443:127.0.0.1:%u --resolve %s:80:127.0.0.1:%u",
                 host, secure, host, plain);
    if (strcmp(host, host2) != 0)
        story_option(story, "--resolve %s:443:127.0.0.1:%u", host2, secure);
}

void
registry_init(Registry *registry,
              Story *story,
              const char *kind,
              const char *preset,
              unsigned second)
{
    bool is_git = strcmp(kind, "git") == 0;
    g_autoptr(GPtrArray) domains = list_domains(preset);
    const char *first = domains->pdata[0];
    /* Repositories are at the domain itself, registries below it. */
    g_autofree char *host =
        is_git ? g_strdup(first + 1) : g_strconcat("a", first, NULL);
    g_autofree char *host2 =
        is_git ? g_strdup(host) : g_strconcat("b", domains->pdata[second], NULL);

    write_certificate(story, host, host2);
    copy_script(story, "registry_server.py");
    start_server(registry, story, kind, host, host2);
    story_setenv(story, "HOST", host);
    story_setenv(story, "HOST2", host2);
}

void
registry_clear(Registry *registry)
{
    if (registry->pid == 0)
        return;
    close(registry->input);
    g_assert_cmpint(waitpid(registry->pid, NULL, 0), ==, registry->pid);
    g_spawn_close_pid(registry->pid);
}
