/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/kernel.h"

#include <stdio.h>
#include <sys/utsname.h>

bool
bns_kernel_is_since(int major, int minor)
{
    struct utsname name;
    int its_major = 0, its_minor = 0;

    return uname(&name) == 0 &&
           sscanf(name.release, "%d.%d", &its_major, &its_minor) == 2 &&
           (its_major > major || (its_major == major && its_minor >= minor));
}
