/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/cgroup_place.h"
#include "tests/support/test.h"

#include <string.h>

#define V2_MOUNT                                                                       \
    "29 22 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:4 - cgroup2 "  \
    "cgroup2 rw,nsdelegate,memory_recursiveprot\n"
#define V1_TMPFS "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
#define V1_MEMORY                                                                      \
    "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
#define V1_PIDS "39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids\n"
#define V1_CPU                                                                         \
    "40 31 0:37 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup "             \
    "rw,cpu,cpuacct\n"
#define HYBRID_V2                                                                      \
    "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n"
#define HYBRID         V1_TMPFS V1_MEMORY V1_PIDS V1_CPU HYBRID_V2
#define HYBRID_CGROUPS "8:pids:/\n4:memory:/jobs/932c\n2:cpu,cpuacct:/\n0::/\n"
#define SESSION        "0::/user.slice/user-1000.slice/session-2.scope\n"

typedef struct {
    const char *name;
    const char *cgroups;
    const char *mounts;
    const char *controller; /* NULL: version 2 */
    const char *dir;        /* NULL: none is found */
    bool is_whole;
    bool is_read_only;
} Case;

static const Case cases[] = {
    { "systemd-session", SESSION, V2_MOUNT, NULL,
      "/sys/fs/cgroup/user.slice/user-1000.slice/session-2.scope", true },
    { "no-version-1-on-a-unified-host", SESSION, V2_MOUNT, "memory", NULL, false },
    { "root-of-all", "0::/\n", V2_MOUNT, NULL, "/sys/fs/cgroup", true },
    { "version-1-with-a-path", HYBRID_CGROUPS, HYBRID, "memory",
      "/sys/fs/cgroup/memory/jobs/932c", true },
    { "version-1-at-its-root", HYBRID_CGROUPS, HYBRID, "pids", "/sys/fs/cgroup/pids",
      true },
    { "several-controllers-in-one", HYBRID_CGROUPS, HYBRID, "cpuacct",
      "/sys/fs/cgroup/cpu,cpuacct", true },
    { "a-controller-is-a-whole-word", HYBRID_CGROUPS, HYBRID, "cpua", NULL, false },
    { "version-2-of-a-hybrid", HYBRID_CGROUPS, HYBRID, NULL, "/sys/fs/cgroup/unified",
      true },
    { "named-hierarchy-is-no-controller", "9:name=memory:/\n0::/\n",
      V1_TMPFS "40 31 0:37 / /sys/fs/cgroup/x rw - cgroup cgroup rw,name=memory\n",
      "memory", NULL, false },
    { "wsl2", "14:memory:/\n0::/init.scope\n",
      "60 58 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:4 - cgroup2 "
      "cgroup2 rw,nsdelegate\n",
      NULL, "/sys/fs/cgroup/init.scope", true },
    { "docker-with-its-own-namespace", "0::/\n",
      "1153 1152 0:29 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup rw\n", NULL,
      "/sys/fs/cgroup", true },
    { "docker-read-only", "0::/\n",
      "1153 1152 0:29 / /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime - cgroup2 "
      "cgroup rw\n",
      NULL, "/sys/fs/cgroup", true, true },
    { "docker-of-the-host-namespace", "4:memory:/docker/ab12\n",
      "700 699 0:32 /docker/ab12 /sys/fs/cgroup/memory rw master:9 - cgroup cgroup "
      "rw,memory\n",
      "memory", "/sys/fs/cgroup/memory", false },
    { "below-what-is-bound", "4:memory:/docker/ab12/c\n",
      "700 699 0:32 /docker/ab12 /m rw master:9 - cgroup cgroup rw,memory\n", "memory",
      "/m/c", false },
    { "beside-what-is-bound", "4:memory:/docker/ab123\n",
      "700 699 0:32 /docker/ab12 /m rw master:9 - cgroup cgroup rw,memory\n", "memory",
      NULL, false },
    { "mount-from-outside-of-the-namespace", "0::/\n",
      "29 22 0:26 /../../.. /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", NULL, NULL,
      false },
    { "as-far-up-as-the-mount", "0::/../../x\n",
      "29 22 0:26 /../.. /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", NULL,
      "/sys/fs/cgroup/x", false },
    { "farther-up-than-the-mount", "0::/../../x\n",
      "29 22 0:26 /.. /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", NULL, NULL, false },
    { "outside-of-the-namespace", "0::/../other\n", V2_MOUNT, NULL, NULL, false },
    { "up-alone", "0::/..\n", V2_MOUNT, NULL, NULL, false },
    { "dots-are-a-name", "0::/..x\n", V2_MOUNT, NULL, "/sys/fs/cgroup/..x", true },
    { "escaped-mount", "0::/a b\n",
      "29 22 0:26 / /my\\040cg\\134\\011x rw - cgroup2 cgroup2 rw\n", NULL,
      "/my cg\\\tx/a b", true },
    { "escaped-root", "0::/a b/c\n", "29 22 0:26 /a\\040b /m rw - cgroup2 none rw\n",
      NULL, "/m/c", false },
    { "half-an-escape", "0::/\n", "29 22 0:26 / /m\\04 rw - cgroup2 none rw\n", NULL,
      "/m\\04", true },
    { "colons-in-the-path", "0::/a:b:c\n", V2_MOUNT, NULL, "/sys/fs/cgroup/a:b:c",
      true },
    { "the-last-mount", "0::/\n", V2_MOUNT "30 22 0:26 / /other rw - cgroup2 none rw\n",
      NULL, "/other", true },
    { "not-the-read-only-one", "0::/\n",
      V2_MOUNT "30 22 0:26 / /other ro - cgroup2 none rw\n", NULL, "/sys/fs/cgroup",
      true },
    { "after-a-read-only-one", "0::/\n",
      "30 22 0:26 / /other ro - cgroup2 none rw\n29 22 0:26 / /sys/fs/cgroup rw - "
      "cgroup2 none rw\n",
      NULL, "/sys/fs/cgroup", true },
    { "no-cgroups", "", V2_MOUNT, NULL, NULL, false },
    { "no-mounts", SESSION, "", NULL, NULL, false },
    { "line-without-separator", "0::/\n", "29 22 0:26 / /m rw cgroup2 none rw\n", NULL,
      NULL, false },
    { "line-that-ends-early", "0::/\n", "29 22 0:26 / /m rw - cgroup2 none\n", NULL,
      NULL, false },
    { "relative-path", "0::x\n", V2_MOUNT, NULL, NULL, false },
    { "short-line", "0:\n", V2_MOUNT, NULL, NULL, false },
};

static void
test_case(const void *data)
{
    const Case *row = data;
    g_auto(BnsCgroupPlace) place = { 0 };
    bool is_found =
        bns_cgroup_place_find(row->cgroups, row->mounts, row->controller, &place);

    g_assert_cmpstr(place.dir, ==, row->dir);
    g_assert_cmpint(is_found, ==, row->dir != NULL);
    if (is_found) {
        g_assert_true(g_str_has_prefix(place.dir, place.mount));
        g_assert_cmpint(place.is_whole, ==, row->is_whole);
        g_assert_cmpint(place.is_read_only, ==, row->is_read_only);
        g_assert_cmpint(place.is_fenced, ==,
                        strstr(row->mounts, "nsdelegate") != NULL &&
                            g_str_has_prefix(place.dir, "/sys/fs/cgroup"));
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path =
            g_strconcat("/sandbox/cgroup-place/", cases[i].name, NULL);

        g_test_add_data_func(path, &cases[i], test_case);
    }
    return g_test_run();
}
