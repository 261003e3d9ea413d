/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel says of cgroups and mounts, whose names are anybody's: up to the first
 * NUL /proc/PID/cgroup, then mountinfo. What is found lies below its mount. */
#include "sandbox/cgroup_place.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void
check(const char *cgroups, const char *mounts, const char *controller)
{
    g_auto(BnsCgroupPlace) place = { 0 };

    if (!bns_cgroup_place_find(cgroups, mounts, controller, &place))
        g_assert_null(place.dir);
    else if (!g_str_has_prefix(place.dir, place.mount) ||
             g_str_has_prefix(place.dir + strlen(place.mount), "/../"))
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup(size > 0 ? (const char *)data : "", size);
    size_t len = strlen(text);
    g_autofree char *mounts =
        len < size ? g_strndup((const char *)data + len + 1, size - len - 1)
                   : g_strdup("");

    check(text, mounts, NULL);
    check(text, mounts, "memory");
    return 0;
}
