/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/host_pattern.h"
#include "policy/import_private.h"

#include <netinet/in.h>
#include <string.h>

/* What a host and its port are read as. */
typedef struct {
    char *host;          /* owned; as our rules write it */
    char *port;          /* owned; digits; NULL: any */
    bool is_literal;     /* an IP address */
    bool is_loopback;    /* the host's own */
    bool is_wide;        /* "*", or "*." before a top-level domain */
    const char *problem; /* NULL: none */
} Target;

static void
target_clear(Target *target)
{
    g_free(target->host);
    g_free(target->port);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Target, target_clear)

/* Returns: (transfer full): the host; @out_port what is behind its colon, or %NULL. */
static char *
split(const char *pattern, char **out_port)
{
    const char *from = pattern[0] == '[' ? strchr(pattern, ']') : pattern;
    const char *colon = from != NULL ? strchr(from, ':') : NULL;

    *out_port = NULL;
    if (colon == NULL)
        return g_strdup(pattern);
    *out_port = g_strdup(colon + 1);
    return g_strndup(pattern, (size_t)(colon - pattern));
}

static bool
is_loopback(const BnsHostPattern *pattern)
{
    const BnsAddress *address = &pattern->network.address;
    static const uint8_t ipv6[16] = { [15] = 1 };

    if (!pattern->is_literal)
        return pattern->name != NULL && (strcmp(pattern->name, "localhost") == 0 ||
                                         g_str_has_suffix(pattern->name, ".localhost"));
    return address->is_ipv4 ? address->bytes[0] == IN_LOOPBACKNET
                            : memcmp(address->bytes, ipv6, sizeof ipv6) == 0;
}

static void
read_target(Target *target, BnsImportHosts style, const char *text)
{
    g_autofree char *written = split(text, &target->port);
    const char *host = written;
    BnsHostPattern pattern = { 0 };

    if (target->port != NULL &&
        (!g_ascii_string_to_unsigned(target->port, 10, 1, UINT16_MAX, NULL, NULL) ||
         target->port[0] == '0'))
        target->problem = " (no port)";
    else if (host[0] == '.')
        target->problem = " (no host)";
    if (style == BNS_IMPORT_HOSTS_CODEX && g_str_has_prefix(host, "**."))
        host += strlen("**");
    if (target->problem == NULL && !bns_host_pattern_parse(host, &pattern, NULL))
        target->problem = " (no host that a rule can name)";
    if (target->problem != NULL)
        return;
    target->host = bns_host_pattern_to_string(&pattern);
    target->is_literal = pattern.is_literal;
    target->is_loopback = is_loopback(&pattern);
    target->is_wide =
        pattern.kind == BNS_HOST_PATTERN_ANY ||
        (pattern.kind != BNS_HOST_PATTERN_EXACT && strchr(pattern.name, '.') == NULL);
    bns_host_pattern_clear(&pattern);
}

static const char *
refuse_allow(const Target *target, BnsImportHosts style)
{
    if (target->problem != NULL)
        return target->problem;
    if (target->is_loopback)
        return " (the host's loopback: --host-port offers its ports)";
    if (style == BNS_IMPORT_HOSTS_SRT && target->is_wide)
        return " (too wide there, too)";
    return NULL;
}

/* Returns: (transfer full): an allow rule for an address, as an item of a list. */
static char *
write_literal(const Target *target, const char *methods)
{
    g_autofree char *host = bns_yaml_quote(target->host);
    GString *item = g_string_new(NULL);

    g_string_append_printf(item, "{ domain: %s, ", host);
    if (target->port != NULL)
        g_string_append_printf(item, "port: %s, ", target->port);
    if (methods != NULL)
        g_string_append_printf(item, "methods: [%s], ", methods);
    else if (g_strcmp0(target->port, "22") == 0)
        g_string_append(item, "protocol: tcp, ");
    g_string_append(item, "private: true }");
    return g_string_free(item, FALSE);
}

/* The same for a name: with a port in string form, else in coder/boundary's, which
 * matches any. */
static char *
write_name(const char *host, const char *port, const char *methods)
{
    g_autofree char *text = NULL;
    const char *blank = methods != NULL ? " " : "";

    if (methods == NULL)
        methods = "";
    if (*methods == '\0' && g_strcmp0(port, "22") == 0)
        text = g_strdup_printf("tcp://%s:22", host);
    else if (port != NULL)
        text = g_strdup_printf("%s%s%s:%s", methods, blank, host, port);
    else
        text = g_strdup_printf("%s%s%sdomain=%s", *blank != '\0' ? "method=" : "",
                               methods, blank, host);
    return bns_yaml_quote(text);
}

static bool
add_allow(BnsDraft *draft,
          const Target *target,
          unsigned line,
          const char *methods,
          const char *what)
{
    g_autofree char *item = NULL;

    if (target->is_literal) {
        item = write_literal(target, methods);
    } else if (target->host[0] == '.' && target->port == NULL) {
        /* That form has no pattern for both. */
        g_autofree char *below = g_strconcat("*", target->host, NULL);
        g_autofree char *other = write_name(below, NULL, methods);

        bns_draft_add(draft, BNS_DRAFT_ALLOW, line, other, what);
        item = write_name(target->host + 1, NULL, methods);
    } else {
        item = write_name(target->host, target->port, methods);
    }
    return bns_draft_add(draft, BNS_DRAFT_ALLOW, line, item, what);
}

static void
lose_rest(BnsDraft *draft,
          const Target *target,
          unsigned line,
          const char *pattern,
          const char *methods)
{
    if (target->is_literal && target->port == NULL)
        bns_draft_lose(draft, line, BNS_LOSS_NARROWER,
                       "host \"%s\": ports but 80 and 443", pattern);
    if (methods == NULL && g_strcmp0(target->port, "22") != 0 &&
        bns_draft_is_first(draft, "protocols"))
        bns_draft_lose(draft, line, BNS_LOSS_NARROWER,
                       "host \"%s\" and others: other protocols than HTTP (a rule "
                       "tcp://HOST:PORT allows one)",
                       pattern);
}

void
bns_import_allow_host(BnsDraft *draft,
                      BnsImportHosts style,
                      unsigned line,
                      const char *pattern,
                      const char *methods)
{
    g_auto(Target) target = { 0 };
    g_autofree char *what = g_strdup_printf("host \"%s\"", pattern);
    const char *problem;

    read_target(&target, style, pattern);
    problem = refuse_allow(&target, style);
    if (problem != NULL) {
        bns_draft_lose(draft, line, BNS_LOSS_NARROWER, "%s%s", what, problem);
        return;
    }
    if (add_allow(draft, &target, line, methods, what))
        lose_rest(draft, &target, line, pattern, methods);
}

void
bns_import_deny_host(BnsDraft *draft,
                     BnsImportHosts style,
                     unsigned line,
                     const char *pattern,
                     const char *reason)
{
    g_auto(Target) target = { 0 };
    g_autofree char *what = g_strdup_printf("denied host \"%s\"", pattern);
    g_autofree char *quoted = NULL;
    g_autofree char *why = NULL;
    g_autofree char *item = NULL;

    read_target(&target, style, pattern);
    if (target.problem != NULL) {
        bns_draft_lose(draft, line, BNS_LOSS_WIDER, "%s%s", what, target.problem);
        return;
    }
    quoted = bns_yaml_quote(target.host);
    why = reason != NULL ? bns_yaml_quote(reason) : NULL;
    item = g_strdup_printf("{ domain: %s%s%s%s%s }", quoted,
                           target.port != NULL ? ", port: " : "",
                           target.port != NULL ? target.port : "",
                           why != NULL ? ", reason: " : "", why != NULL ? why : "");
    bns_draft_add(draft, BNS_DRAFT_DENY, line, item, what);
}
