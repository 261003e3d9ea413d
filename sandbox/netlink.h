/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Netlink: the two messages that no ioctl can say, "make a pair of devices" and, for those
 * who have rights in their own namespaces alone, "have a longer queue".
 *
 * Plain C.
 */
#pragma once

#include <stdint.h>

/**
 * bns_netlink_add_veth:
 * @name: of the end in the current network namespace
 * @far_name: of the end in the namespace @far_namespace_fd
 * @mtu: of both
 *
 * Returns: 0 or -errno.
 */
int bns_netlink_add_veth(const char *name,
                         const char *far_name,
                         int far_namespace_fd,
                         uint32_t mtu);

/* Lets @frames wait for the far end of the device @name of the current network namespace.
 * Returns: 0 or -errno. */
int bns_netlink_set_queue(const char *name, uint32_t frames);
