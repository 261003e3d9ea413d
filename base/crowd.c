/* SPDX-License-Identifier: Apache-2.0 */
#include "base/crowd.h"

#include <features.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

static void
give_back(void)
{
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

bool
bns_crowd_left(BnsCrowd *crowd, size_t n)
{
    if (crowd->most < crowd->least || n > crowd->most / 8)
        return false;
    crowd->most = n;
    give_back();
    return true;
}
