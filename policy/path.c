/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/path.h"
#include "policy/reading.h"

#include <glib.h>
#include <string.h>

static bool
has_foreign_byte(const char *path, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)path[i];

        if (c < 0x21 || c > 0x7e || c == '\\' || c == '#')
            return true;
    }
    return false;
}

static bool
has_broken_escape(const char *path, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (path[i] == '%' && (len - i < 3 || !g_ascii_isxdigit(path[i + 1]) ||
                               !g_ascii_isxdigit(path[i + 2])))
            return true;
    return false;
}

static bool
has_control_byte(const char *path, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)path[i];

        if (c < 0x20 || c == 0x7f)
            return true;
    }
    return false;
}

/* What is wrong with any of the decoding layers of @path. */
static const char *
check_layers(const char *path, size_t len)
{
    g_autofree char *layer = g_memdup2(path, len);

    for (int depth = 1; depth <= BNS_PATH_LAYERS_MAX + 1; depth++) {
        size_t decoded_len = bns_path_decode(layer, len, layer);

        /* NUL is one of them: no C string that is made of a layer ends too early. */
        if (has_control_byte(layer, decoded_len))
            return "the path has an encoded control byte";
        if (!g_utf8_validate_len(layer, decoded_len, NULL))
            return "the path is not UTF-8 after decoding";
        if (decoded_len == len)
            return NULL;
        len = decoded_len;
    }
    return "the path is encoded more than three times";
}

const char *
bns_path_check(const char *path, size_t len)
{
    if (len == 0 || path[0] != '/')
        return "the path does not begin with a slash";
    if (has_foreign_byte(path, len))
        return "the path has a byte that a URI cannot hold";
    if (has_broken_escape(path, len))
        return "the path has a broken percent-escape";
    return memchr(path, '%', len) == NULL ? NULL : check_layers(path, len);
}
