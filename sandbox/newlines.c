/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/newlines.h"

#include <string.h>

size_t
bns_newlines_undo(bool *has_return, bool is_undone, uint8_t *bytes, size_t len)
{
    size_t n = 0;

    if (*has_return) {
        memmove(bytes + 1, bytes, len++);
        bytes[0] = '\r';
        *has_return = false;
    }
    for (size_t i = 0; is_undone && i < len; i++) {
        bool is_return = bytes[i] == '\r';

        if (is_return && i + 1 == len)
            *has_return = true;
        else if (!is_return || bytes[i + 1] != '\n')
            bytes[n++] = bytes[i];
    }
    return is_undone ? n : len;
}
