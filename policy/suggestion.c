/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/suggestion.h"

#include "base/text.h"
#include "policy/guard.h"
#include "policy/host.h"
#include "policy/path.h"
#include "policy/suggestion_private.h"

#include <netinet/in.h>
#include <string.h>

/* Names of programs; those beyond are not told apart. */
#define STRINGS_MAX 1024
/* Longer ones are nobody's. */
#define METHOD_LEN_MAX 20
/* Of a text in a comment. */
#define TEXT_LEN_MAX 200

static void
group_free(void *data)
{
    BnsSuggestionGroup *group = data;

    g_free(group->host);
    g_free(group->method);
    g_ptr_array_unref(group->exes);
    bns_path_tree_free(group->tree);
    g_free(group);
}

BnsSuggestion *
bns_suggestion_new(const BnsSuggestionOptions *options)
{
    BnsSuggestion *suggestion = g_new0(BnsSuggestion, 1);

    suggestion->options = *options;
    suggestion->groups =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, group_free);
    suggestion->strings = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    suggestion->presets = bns_suggestion_presets_new(options->no_presets);
    suggestion->used = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    suggestion->notes = g_ptr_array_new_with_free_func(g_free);
    suggestion->noted = g_hash_table_new(g_str_hash, g_str_equal);
    suggestion->refused = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    suggestion->path_bytes = BNS_SUGGESTION_PATH_BYTES;
    return suggestion;
}

void
bns_suggestion_free(BnsSuggestion *suggestion)
{
    if (suggestion == NULL)
        return;
    g_hash_table_unref(suggestion->groups);
    g_hash_table_unref(suggestion->strings);
    g_array_unref(suggestion->presets);
    g_hash_table_unref(suggestion->used);
    g_hash_table_unref(suggestion->noted);
    g_hash_table_unref(suggestion->refused);
    g_ptr_array_unref(suggestion->notes);
    g_free(suggestion);
}

bool
bns_suggestion_reads(const char *method)
{
    static const char *const reading[] = { "GET", "HEAD", "OPTIONS", NULL };

    return g_strv_contains(reading, method);
}

/* What the guard says of it, of the host's own interfaces but loopback nothing. */
static bool
is_guarded(const BnsAddress *address)
{
    static BnsGuard *guard; /* (owned) for ever */

    if (guard == NULL)
        guard = bns_guard_new();
    return bns_guard_check(guard, address) != NULL;
}

static bool
is_loopback(const BnsAddress *address)
{
    static const uint8_t ipv6[16] = { [15] = 1 };

    return address->is_ipv4 ? address->bytes[0] == IN_LOOPBACKNET
                            : memcmp(address->bytes, ipv6, sizeof ipv6) == 0;
}

bool
bns_suggestion_is_private(const char *addr)
{
    BnsAddress address;

    return addr != NULL && bns_address_parse(addr, &address) &&
           !is_loopback(&address) && is_guarded(&address);
}

/* --- what can be a rule --- */

static bool
is_canonical(const char *host)
{
    g_autofree char *bracketed = NULL;
    BnsHost read;

    if (host == NULL)
        return false;
    bracketed = bns_host_bracket(host);
    return bns_host_canonical(bracketed, strlen(bracketed), &read) &&
           strcmp(read.text, host) == 0;
}

static bool
is_method(const char *method)
{
    size_t len = strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");

    return len > 0 && len <= METHOD_LEN_MAX && method[len] == '\0';
}

static bool
is_sayable(const BnsRequest *request)
{
    bool is_http =
        request->scheme == BNS_SCHEME_HTTP || request->scheme == BNS_SCHEME_HTTPS;

    if (!is_canonical(request->host) || request->port == 0 ||
        bns_host_is_localhost(request->host))
        return false;
    /* A port of the host's, which --host-port offers. */
    if (bns_host_is_internal(request->host) &&
        strcmp(request->host, BNS_POLICY_HOST_NAME) != 0)
        return false;
    if (request->method == NULL || request->path == NULL)
        return request->method == NULL && request->path == NULL &&
               request->scheme != BNS_SCHEME_HTTP;
    return is_http && is_method(request->method) &&
           bns_path_check(request->path, strlen(request->path)) == NULL;
}

/* --- adding --- */

static char *
shorten(const char *text)
{
    g_autofree char *escaped = bns_text_escape(text, -1);

    if (strlen(escaped) > TEXT_LEN_MAX)
        strcpy(escaped + TEXT_LEN_MAX - 3, "...");
    return g_steal_pointer(&escaped);
}

/* A line on what must not become a rule, once. */
static void
note(BnsSuggestion *suggestion, const BnsAsked *asked)
{
    const BnsRequest *request = &asked->request;
    g_autofree char *host = shorten(request->host);
    g_autofree char *method = shorten(request->method);
    g_autofree char *path = shorten(request->path);
    g_autofree char *exe = shorten(asked->exe);
    g_autofree char *rule = shorten(asked->rule);
    g_autofree char *reason = shorten(asked->reason);
    g_autofree char *line = g_strdup_printf(
        "%s%s%s://%s:%u%s, by %s: %s (%s)", request->method != NULL ? method : "",
        request->method != NULL ? " " : "", bns_scheme_name(request->scheme), host,
        request->port, request->path != NULL ? path : "", exe, reason, rule);

    suggestion->n_notes++;
    if (suggestion->notes->len >= BNS_SUGGESTION_NOTES_MAX ||
        g_hash_table_contains(suggestion->noted, line))
        return;
    g_hash_table_add(suggestion->noted, line);
    g_ptr_array_add(suggestion->notes, g_steal_pointer(&line));
}

/* What was refused in TLS: that this was opened is no reason for a rule then. */
static void
note_tls(BnsSuggestion *suggestion, const BnsRequest *request)
{
    if (request->scheme == BNS_SCHEME_HTTPS && is_canonical(request->host) &&
        g_hash_table_size(suggestion->refused) < BNS_SUGGESTION_GROUPS_MAX)
        g_hash_table_add(suggestion->refused,
                         g_strdup_printf("%s:%u", request->host, request->port));
}

bool
bns_suggestion_is_refused(const BnsSuggestion *suggestion,
                          const char *host,
                          uint16_t port)
{
    g_autofree char *key = g_strdup_printf("%s:%u", host, port);

    return g_hash_table_size(suggestion->refused) >= BNS_SUGGESTION_GROUPS_MAX ||
           g_hash_table_contains(suggestion->refused, key);
}

/* Returns: (transfer none): one string for all that are the same. */
static const char *
intern(BnsSuggestion *suggestion, const char *text)
{
    gpointer key;

    if (text == NULL)
        text = "";
    if (g_hash_table_lookup_extended(suggestion->strings, text, &key, NULL))
        return key;
    if (g_hash_table_size(suggestion->strings) >= STRINGS_MAX)
        return "";
    key = g_strdup(text);
    g_hash_table_add(suggestion->strings, key);
    return key;
}

void
bns_suggestion_add_exe(GPtrArray *exes, const char *exe)
{
    if (g_ptr_array_find_with_equal_func(exes, exe, g_str_equal, NULL))
        return;
    g_ptr_array_add(exes, (gpointer)(uintptr_t)exe);
    g_ptr_array_sort(exes, bns_text_compare);
    if (exes->len > BNS_SUGGESTION_EXES_MAX)
        g_ptr_array_set_size(exes, BNS_SUGGESTION_EXES_MAX);
}

/* Returns: the group of @asked, made if there is none; NULL: there are too many. */
static BnsSuggestionGroup *
find_group(BnsSuggestion *suggestion, const BnsAsked *asked, BnsAskedFate fate)
{
    const BnsRequest *request = &asked->request;
    g_autofree char *key = g_strdup_printf(
        "%d %s %s:%u %s", (int)fate, bns_scheme_name(request->scheme), request->host,
        request->port, request->method != NULL ? request->method : "");
    BnsSuggestionGroup *group = g_hash_table_lookup(suggestion->groups, key);

    if (group != NULL)
        return group;
    if (g_hash_table_size(suggestion->groups) >= BNS_SUGGESTION_GROUPS_MAX)
        return NULL;
    group = g_new0(BnsSuggestionGroup, 1);
    group->fate = fate;
    group->scheme = request->scheme;
    group->port = request->port;
    group->host = g_strdup(request->host);
    group->method = g_strdup(request->method);
    group->covers = UINT64_MAX;
    group->exes = g_ptr_array_new();
    if (request->method != NULL)
        group->tree = bns_path_tree_new(bns_suggestion_reads(request->method),
                                        &suggestion->path_bytes);
    g_hash_table_insert(suggestion->groups, g_steal_pointer(&key), group);
    return group;
}

static bool
add_to_group(BnsSuggestion *suggestion, const BnsAsked *asked)
{
    BnsAskedFate fate =
        asked->fate == BNS_ASKED_MISSED && suggestion->options.with_missed
            ? BNS_ASKED_ALLOWED
            : asked->fate;
    BnsSuggestionGroup *group = find_group(suggestion, asked, fate);
    BnsAddress address;
    bool is_private;
    uint64_t covers;

    if (group == NULL)
        return false;
    is_private = bns_address_parse(asked->request.host, &address)
                     ? is_guarded(&address)
                     : bns_suggestion_is_private(asked->addr);
    covers = is_private || fate != BNS_ASKED_ALLOWED
                 ? 0
                 : bns_suggestion_covers(suggestion, asked);
    if (group->tree != NULL &&
        !bns_path_tree_add(group->tree, asked->request.path, covers))
        return false;
    group->covers &= covers;
    group->is_private |= is_private;
    group->count++;
    bns_suggestion_add_exe(group->exes, intern(suggestion, asked->exe));
    return true;
}

bool
bns_suggestion_add(BnsSuggestion *suggestion, const BnsAsked *asked)
{
    bool is_in = false;

    suggestion->count++;
    if (asked->fate == BNS_ASKED_FORBIDDEN) {
        note(suggestion, asked);
        note_tls(suggestion, &asked->request);
        return false;
    }
    is_in = is_sayable(&asked->request) && add_to_group(suggestion, asked);
    suggestion->left_out += !is_in;
    return is_in;
}

uint64_t
bns_suggestion_count(const BnsSuggestion *suggestion)
{
    return suggestion->count;
}

uint64_t
bns_suggestion_left_out(const BnsSuggestion *suggestion)
{
    return suggestion->left_out;
}
