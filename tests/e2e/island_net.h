/* SPDX-License-Identifier: Apache-2.0 */
/* What an island asks the kernel for, by rtnetlink. All abort if it is refused. */
#pragma once

#include <stdbool.h>

void island_net_up(const char *device);
/* @address: IPv4 or IPv6. */
void island_net_add_address(const char *device, const char *address, unsigned prefix);
/* Everything goes to @gateway by way of @device. */
void island_net_add_default(const char *device, const char *gateway);
/* Every address that no other route knows is local. @family: AF_INET or AF_INET6. */
void island_net_be_everywhere(int family);
bool island_net_has_ipv6(void);
