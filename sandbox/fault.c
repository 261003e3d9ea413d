/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/fault.h"

#include <stdarg.h>
#include <stdio.h>

bool
bns_fault_set(BnsFault *fault, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(fault->text, sizeof(fault->text), format, arguments);
    va_end(arguments);
    for (char *at = fault->text; *at != '\0'; at++)
        if (*at < 0x20 || *at > 0x7e)
            *at = '?';
    return false;
}
