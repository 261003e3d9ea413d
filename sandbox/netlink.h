/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Netlink: the one message that no ioctl can say, "make a pair of devices".
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
