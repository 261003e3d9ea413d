/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/variables.h"

#include "base/star.h"

#include <glib.h>
#include <string.h>

const BnsVariableDefault bns_variable_defaults[] = {
#include "data/environment.inc"
};
const size_t bns_n_variable_defaults = G_N_ELEMENTS(bns_variable_defaults);

const BnsVariableDefault *
bns_variables_find(const char *name)
{
    size_t len = strlen(name);

    for (size_t i = bns_n_variable_defaults; i-- > 0;) {
        const BnsVariableDefault *entry = &bns_variable_defaults[i];

        if (bns_star_matches(entry->name, strlen(entry->name), name, len, true))
            return entry;
    }
    return NULL;
}

/* Whether @text ends in "http" or "https": "git+https" is one, too. */
static bool
ends_in_http(const char *text, size_t len)
{
    if (len > 0 && g_ascii_tolower(text[len - 1]) == 's')
        len--;
    return len >= strlen("http") && g_ascii_strncasecmp(text + len - strlen("http"),
                                                        "http", strlen("http")) == 0;
}

/* RFC 3986, 3.2: an authority ends at a slash, a question mark or a number sign; in the
 * middle of a text at a blank or a quotation mark, too. */
static bool
has_credentials(const char *authority, bool is_http)
{
    size_t len = strcspn(authority, "/?# \t\r\n\"'<>");
    const char *at = memrchr(authority, '@', len);
    const char *colon;

    if (at == NULL || at == authority)
        return false;
    colon = memchr(authority, ':', (size_t)(at - authority));
    return is_http || (colon != NULL && colon + 1 < at);
}

static bool
holds_url_with_credentials(const char *value)
{
    for (const char *at = value; (at = strstr(at, "://")) != NULL;) {
        bool is_http = ends_in_http(value, (size_t)(at - value));

        at += strlen("://");
        if (has_credentials(at, is_http))
            return true;
    }
    return false;
}

const char *
bns_variables_find_secret(const char *value)
{
    if (holds_url_with_credentials(value))
        return "a URL with credentials";
    if (strcasestr(value, "authorization:") != NULL)
        return "an Authorization header";
    if (strstr(value, "PRIVATE KEY-----") != NULL)
        return "a private key";
    return NULL;
}
