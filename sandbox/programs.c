/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/programs.h"

#include <unistd.h>

char *
bns_programs_find(const char *self, const char *name)
{
    g_autofree char *dir = g_path_get_dirname(self);
    g_autofree char *beside = g_build_filename(dir, name, NULL);
    g_autofree char *installed = g_build_filename(BNS_LIBEXECDIR, name, NULL);

    if (access(beside, X_OK) == 0)
        return g_steal_pointer(&beside);
    return access(installed, X_OK) == 0 ? g_steal_pointer(&installed) : NULL;
}

char *
bns_programs_find_netstack(const char *self)
{
    return bns_programs_find(self, BNS_NETSTACK_NAME);
}
