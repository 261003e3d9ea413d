/* SPDX-License-Identifier: Apache-2.0 */
#include "base/token.h"

#include <glib.h>
#include <string.h>

bool
bns_token_has_byte(unsigned char byte)
{
    return g_ascii_isalnum((char)byte) ||
           (byte != '\0' && strchr("!#$%&'*+-.^_`|~", byte) != NULL);
}

bool
bns_token_is_valid(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!bns_token_has_byte((unsigned char)text[i]))
            return false;
    return len > 0;
}
