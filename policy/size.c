/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/size.h"

#include <glib.h>
#include <string.h>

static const char units[] = "KMGT";

bool
bns_size_parse(const char *text, uint64_t *out_bytes)
{
    size_t n_digits = strspn(text, "0123456789");
    g_autofree char *digits = g_strndup(text, n_digits);
    const char *unit = text + n_digits;
    unsigned shift = 0;
    guint64 number;

    if (*unit != '\0' && unit[1] == '\0' && strchr(units, *unit) != NULL)
        shift = 10 * (unsigned)(strchr(units, *unit) - units + 1);
    else if (*unit != '\0')
        return false;
    if (!g_ascii_string_to_unsigned(digits, 10, 0, BNS_SIZE_MAX >> shift, &number,
                                    NULL))
        return false;
    *out_bytes = number << shift;
    return true;
}

char *
bns_size_to_string(uint64_t bytes)
{
    char unit[2] = "";

    for (const char *next = units; bytes > 0 && bytes % 1024 == 0 && *next != '\0';
         next++) {
        bytes /= 1024;
        unit[0] = *next;
    }
    return g_strdup_printf("%" G_GUINT64_FORMAT "%s", bytes, unit);
}
