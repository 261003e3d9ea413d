/* SPDX-License-Identifier: Apache-2.0 */
#include "base/debug.h"

static bool debug_is_shown;

void
bns_debug_show(bool is_shown)
{
    debug_is_shown = is_shown;
}

bool
bns_debug_is_shown(void)
{
    return debug_is_shown;
}
