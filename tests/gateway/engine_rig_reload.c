/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rig as the supervisor, who passes on another policy.
 */
#include "base/fd.h"
#include "base/ready.h"
#include "tests/gateway/engine_rig_private.h"

#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define RELOADED "/reloaded.yaml"

const BnsPolicySource rig_reload_source = { .config_path = RELOADED };

void
rig_reload_bytes(Rig *rig, const void *bytes, size_t len)
{
    bns_autofd fd = memfd_create("policy", MFD_CLOEXEC);

    g_assert_cmpint(bns_fd_write_all(fd, bytes, len), ==, 0);
    g_assert_cmpint(lseek(fd, 0, SEEK_SET), ==, 0);
    g_assert_cmpint(bns_ready_send(rig->control_pair[0], BNS_READY_POLICY, "test", fd),
                    ==, 0);
}

static void
say_policy(Rig *rig, const char *yaml)
{
    g_autoptr(BnsPolicyTexts) texts = bns_policy_texts_new();
    g_autoptr(GBytes) bytes = g_bytes_new(yaml, strlen(yaml));
    g_autoptr(GBytes) packed = NULL;
    const struct stat status = { .st_ino = 1 };

    bns_policy_texts_add(texts, RELOADED, &status, bytes);
    packed = bns_policy_texts_pack(texts);
    rig_reload_bytes(rig, g_bytes_get_data(packed, NULL), g_bytes_get_size(packed));
}

static int
count_unread(int fd)
{
    int unread;

    g_assert_cmpint(ioctl(fd, SIOCOUTQ, &unread), ==, 0);
    return unread;
}

void
rig_reload_begin(Rig *rig, const char *yaml)
{
    say_policy(rig, yaml);
    while (count_unread(rig->control_pair[0]) > 0)
        g_usleep(1000);
}

guint
rig_reload_end(Rig *rig)
{
    char text[BNS_READY_TEXT_MAX + 1];

    g_assert_cmpint(bns_ready_receive(rig->control_pair[0], text, NULL), ==,
                    BNS_READY_POLICY);
    return (guint)g_ascii_strtoull(text, NULL, 10);
}

guint
rig_reload(Rig *rig, const char *yaml)
{
    say_policy(rig, yaml);
    return rig_reload_end(rig);
}
