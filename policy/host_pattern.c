/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/host_pattern.h"
#include "base/text.h"
#include "policy/policy.h"

#include <string.h>

static bool
fail(GError **error, const char *text, const char *why)
{
    g_autofree char *shown = bns_text_escape(text, -1);

    g_set_error(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID,
                "bad host \"%s\": %s", shown, why);
    return false;
}

/* What is most likely wrong with a host that is none. */
static const char *
explain_bad_host(const char *text)
{
    const char *last = strrchr(text, '.');

    if (*text == '[')
        return "write IPv6 addresses in brackets, without a zone";
    if (*text == '\0')
        return "it is empty: for every host write *";
    if (!g_str_is_ascii(text))
        return "write the A-label (xn--...) of an international name";
    if (strstr(text, "://") != NULL)
        return "a scheme is written under scheme:";
    if (strchr(text, '/') != NULL)
        return "a path is written under path:";
    if (strchr(text, '*') != NULL)
        return "a * stands alone or is the whole first label, as in *.example.org";
    if (strchr(text, ':') != NULL && strchr(text, ':') == strrchr(text, ':'))
        return "a port is written under port:";
    if (strchr(text, ':') != NULL)
        return "write IPv6 addresses in brackets, without a zone";
    if (g_ascii_isdigit(last != NULL ? last[1] : text[0]))
        return "a name does not end in a number, an address is four decimal numbers";
    return "labels are letters, digits, '-' and '_', at most 63 of them";
}

/* Fills in what EXACT, BELOW and AT_OR_BELOW need. */
static bool
set_name(BnsHostPattern *pattern, const char *text, const char *name, GError **error)
{
    BnsHost host;

    if (!bns_host_canonical(name, strlen(name), &host))
        return fail(error, text, explain_bad_host(name));
    if (host.kind != BNS_HOST_NAME) {
        if (pattern->kind != BNS_HOST_PATTERN_EXACT)
            return fail(error, text,
                        "an address has no labels: use cidr: for networks");
        pattern->is_literal = true;
        bns_address_parse(host.text, &pattern->network.address);
        pattern->network.prefix = pattern->network.address.is_ipv4 ? 32 : 128;
    }
    pattern->name = g_strdup(host.text);
    return true;
}

bool
bns_host_pattern_parse(const char *text, BnsHostPattern *out, GError **error)
{
    memset(out, 0, sizeof *out);
    if (strcmp(text, "*") == 0) {
        out->kind = BNS_HOST_PATTERN_ANY;
        return true;
    }
    if (g_str_has_prefix(text, "*.")) {
        out->kind = BNS_HOST_PATTERN_BELOW;
        return set_name(out, text, text + 2, error);
    }
    if (text[0] == '.') {
        out->kind = BNS_HOST_PATTERN_AT_OR_BELOW;
        return set_name(out, text, text + 1, error);
    }
    out->kind = BNS_HOST_PATTERN_EXACT;
    return set_name(out, text, text, error);
}

/* A pattern with stars elsewhere than in front: it must be a name if they are labels. */
static bool
parse_labels(const char *text, BnsHostPattern *out, GError **error)
{
    g_auto(GStrv) labels = g_strsplit(text, ".", -1);
    g_autofree char *example = NULL;
    BnsHost host;

    for (char **label = labels; *label != NULL; label++)
        if (strcmp(*label, "*") == 0) {
            g_free(*label);
            *label = g_strdup("x");
        }
    example = g_strjoinv(".", labels);
    if (text[strlen(text) - 1] == '*')
        return fail(error, text, "the last label cannot be a *: name it");
    if (!bns_host_canonical(example, strlen(example), &host))
        return fail(error, text, "a * must be a whole label: write *.example.org");
    if (host.kind != BNS_HOST_NAME)
        return fail(error, text, "an address has no labels: use cidr: for networks");
    out->kind = BNS_HOST_PATTERN_LABELS;
    out->name = g_ascii_strdown(text, -1);
    return true;
}

bool
bns_host_pattern_parse_coder(const char *text, BnsHostPattern *out, GError **error)
{
    const char *rest = g_str_has_prefix(text, "*.") ? text + 2 : text;

    memset(out, 0, sizeof *out);
    if (text[0] == '.' || g_str_has_suffix(text, "."))
        return fail(error, text, "an empty label: remove a dot");
    if (strcmp(text, "*") != 0 && strchr(rest, '*') != NULL)
        return parse_labels(text, out, error);
    return bns_host_pattern_parse(text, out, error);
}

bool
bns_host_pattern_parse_cidr(const char *text, BnsHostPattern *out, GError **error)
{
    memset(out, 0, sizeof *out);
    out->kind = BNS_HOST_PATTERN_NETWORK;
    return bns_network_parse(text, &out->network, error);
}

void
bns_host_pattern_clear(void *pattern)
{
    BnsHostPattern *self = pattern;

    g_clear_pointer(&self->name, g_free);
}

static bool
is_below(const char *host, const char *name)
{
    size_t len = strlen(host);
    size_t name_len = strlen(name);

    return len > name_len && host[len - name_len - 1] == '.' &&
           strcmp(host + len - name_len, name) == 0;
}

/* From the end: a first `*` takes all that is left in front of what matched. */
static bool
labels_match(const char *pattern, const char *host)
{
    size_t pattern_len = strlen(pattern);
    size_t host_len = strlen(host);

    for (;;) {
        const char *dot = memrchr(pattern, '.', pattern_len);
        const char *host_dot = memrchr(host, '.', host_len);
        const char *label = dot != NULL ? dot + 1 : pattern;
        const char *host_label = host_dot != NULL ? host_dot + 1 : host;
        size_t len = pattern_len - (size_t)(label - pattern);
        size_t label_len = host_len - (size_t)(host_label - host);
        bool is_star = len == 1 && *label == '*';

        if (dot == NULL && is_star)
            return true;
        if (!is_star && (len != label_len || memcmp(label, host_label, len) != 0))
            return false;
        if (dot == NULL || host_dot == NULL)
            return dot == NULL && host_dot == NULL;
        pattern_len = (size_t)(dot - pattern);
        host_len = (size_t)(host_dot - host);
    }
}

bool
bns_host_pattern_matches(const BnsHostPattern *pattern,
                         const char *host,
                         const BnsAddress *address)
{
    switch (pattern->kind) {
    case BNS_HOST_PATTERN_ANY:
        return true;
    case BNS_HOST_PATTERN_EXACT:
        return strcmp(pattern->name, host) == 0;
    case BNS_HOST_PATTERN_BELOW:
        return address == NULL && is_below(host, pattern->name);
    case BNS_HOST_PATTERN_AT_OR_BELOW:
        return strcmp(pattern->name, host) == 0 ||
               (address == NULL && is_below(host, pattern->name));
    case BNS_HOST_PATTERN_LABELS:
        return address == NULL && labels_match(pattern->name, host);
    case BNS_HOST_PATTERN_NETWORK:
        return address != NULL && bns_network_contains(&pattern->network, address);
    default:
        return false;
    }
}

bool
bns_host_pattern_has_name(const BnsHostPattern *pattern)
{
    return (pattern->kind == BNS_HOST_PATTERN_EXACT && !pattern->is_literal) ||
           pattern->kind == BNS_HOST_PATTERN_AT_OR_BELOW;
}

bool
bns_host_pattern_has_below(const BnsHostPattern *pattern)
{
    return pattern->kind == BNS_HOST_PATTERN_BELOW ||
           pattern->kind == BNS_HOST_PATTERN_AT_OR_BELOW;
}

char *
bns_host_pattern_to_string(const BnsHostPattern *pattern)
{
    switch (pattern->kind) {
    case BNS_HOST_PATTERN_ANY:
        return g_strdup("*");
    case BNS_HOST_PATTERN_BELOW:
        return g_strconcat("*.", pattern->name, NULL);
    case BNS_HOST_PATTERN_AT_OR_BELOW:
        return g_strconcat(".", pattern->name, NULL);
    case BNS_HOST_PATTERN_NETWORK:
        return bns_network_to_string(&pattern->network);
    case BNS_HOST_PATTERN_EXACT:
    case BNS_HOST_PATTERN_LABELS:
    default:
        return strchr(pattern->name, ':') != NULL
                   ? g_strdup_printf("[%s]", pattern->name)
                   : g_strdup(pattern->name);
    }
}
