/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/mounts.h"

#include <errno.h>
#include <string.h>
#include <sys/mount.h>

bool
bns_mounts_begin(BnsFault *fault)
{
    if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
        return bns_fault_set(fault, "Could not detach the sandbox's mounts: %s",
                             strerror(errno));
    if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0)
        return true;
    /* A container engine masks parts of its /proc, and the kernel then gives no other
     * that shows them. */
    if (errno == EPERM)
        return bns_fault_set(
            fault,
            "Could not mount /proc: this looks like a container that hides parts "
            "of it; start the container with --security-opt "
            "systempaths=unconfined, or run boundary-ns outside of it");
    return bns_fault_set(fault, "Could not mount /proc: %s", strerror(errno));
}
