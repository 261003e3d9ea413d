/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/kernel.h"

#include "base/fd.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <sys/xattr.h>

bool
bns_kernel_is_since(int major, int minor)
{
    struct utsname name;
    int its_major = 0, its_minor = 0;

    return uname(&name) == 0 &&
           sscanf(name.release, "%d.%d", &its_major, &its_minor) == 2 &&
           (its_major > major || (its_major == major && its_minor >= minor));
}

bool
bns_kernel_has_tmpfs_attributes(void)
{
    /* Such a file is one of a tmpfs that the kernel keeps for itself. */
    bns_autofd fd = memfd_create("bns-attributes", MFD_CLOEXEC);

    return fd >= 0 && fsetxattr(fd, "user.bns", "y", 1, 0) == 0;
}
