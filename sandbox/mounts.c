/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/mounts.h"

#include "base/clock.h"
#include "base/fd.h"
#include "sandbox/allowed.h"
#include "sandbox/denied.h"
#include "sandbox/devices.h"
#include "sandbox/mount_api.h"
#include "sandbox/namespaces.h"
#include "sandbox/pins.h"
#include "sandbox/private_trees.h"
#include "sandbox/socket_masks.h"
#include "sandbox/tree.h"
#include "sandbox/views.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/mount.h>

/* What of /proc root may write without any capability, to the harm of the whole machine
 * (core_pattern, sysrq-trigger). Nobody else may, and a mount here has a price: the
 * kernel then gives no fresh /proc to sandboxes inside. */
static const char *const roots_files[] = {
    "/proc/sys", "/proc/sysrq-trigger", "/proc/irq",    "/proc/bus",
    "/proc/fs",  "/proc/acpi",          "/proc/driver", "/proc/dynamic_debug",
    "/proc/tty", "/proc/scsi",
};

static bool
mount_proc(BnsFault *fault)
{
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

bool
bns_mounts_begin(const BnsInitConfig *config, BnsFault *fault)
{
    if (mount("none", "/", "none", MS_REC | MS_SLAVE, NULL) < 0)
        return bns_fault_set(fault, "Could not detach the sandbox's mounts: %s",
                             strerror(errno));
    /* /proc is ours, and stays writable. */
    return bns_views_freeze(&config->view, fault) && mount_proc(fault);
}

/* With all that is mounted below: cgroups, debugfs, securityfs. */
static bool
freeze_sys(BnsFault *fault)
{
    int r = bns_mount_set_read_only("/sys", true);

    /* -EINVAL: a chroot where /sys is a plain directory. */
    return r >= 0 || r == -ENOENT || r == -EINVAL
               ? true
               : bns_fault_set(fault, "Could not make /sys read-only: %s",
                               strerror(-r));
}

static bool
freeze_proc(const BnsInitConfig *config, BnsFault *fault)
{
    if (config->nested == BNS_NESTED_NONE && !bns_namespaces_forbid_more(fault))
        return false;
    /* One is init's, one the command's (sandbox/command.c). */
    if (config->forbids_cgroups &&
        !bns_namespaces_forbid_cgroups(config->n_cgroups > 0 ? 2 : 1, fault))
        return false;
    if (config->uid != 0)
        return true;
    for (size_t i = 0; i < G_N_ELEMENTS(roots_files); i++) {
        bns_autofd fd = bns_tree_look(AT_FDCWD, roots_files[i]);
        bns_autofd mount = fd < 0 ? fd : bns_mount_bind(fd, fd, BNS_BIND_READ_ONLY);

        if (mount < 0 && mount != -ENOENT)
            return bns_fault_set(fault, "Could not make %s read-only: %s",
                                 roots_files[i], strerror(-mount));
    }
    return true;
}

/* The host's tree, and what is private in it. */
static bool
mount_trees(const BnsInitConfig *config, BnsMounts *mounts, BnsFault *fault)
{
    BnsViews views;
    bool is_done = bns_views_mount(&views, &config->view, fault);

    mounts->rebuilt_us = bns_clock_us(CLOCK_REALTIME);
    is_done = is_done && bns_devices_mount(fault) &&
              bns_socket_masks_begin(&mounts->mask_fd, fault) &&
              bns_private_trees_mount(config, &views, fault);
    bns_views_clear(&views);
    return is_done;
}

/* The plan. A later step sees what an earlier one made: pins come late,
 * then what may be executed, and what covers a program comes last. */
bool
bns_mounts_make(const BnsInitConfig *config, BnsMounts *out_mounts, BnsFault *fault)
{
    bool is_plain = bns_file_view_is_plain(&config->view, "/etc");

    return mount_trees(config, out_mounts, fault) && freeze_sys(fault) &&
           freeze_proc(config, fault) &&
           bns_etc_files_begin(&config->trust, is_plain, &out_mounts->etc, fault) &&
           bns_pins_mount(config->protected_paths, config->protected_links, fault) &&
           bns_allowed_mount(&config->allowed, fault) &&
           bns_denied_mount(&config->denied, fault);
}
