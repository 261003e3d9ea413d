/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/programs.h"

#include <unistd.h>

char *
bns_programs_find_netstack(const char *self)
{
    g_autofree char *dir = g_path_get_dirname(self);
    g_autofree char *beside = g_build_filename(dir, BNS_NETSTACK_NAME, NULL);

    if (access(beside, X_OK) == 0)
        return g_steal_pointer(&beside);
    if (access(BNS_LIBEXECDIR "/" BNS_NETSTACK_NAME, X_OK) == 0)
        return g_strdup(BNS_LIBEXECDIR "/" BNS_NETSTACK_NAME);
    return NULL;
}
