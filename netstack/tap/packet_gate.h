/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packet gate: whether an AF_PACKET socket takes the frames that come.
 *
 * The veth's far end has two such sockets, and only one of them at a time is listened to
 * (netstack/tap/link.h). The other has a filter (socket(7), SO_ATTACH_FILTER) that keeps
 * nothing of any frame.
 *
 * Plain C. 0 or -errno.
 */
#pragma once

#include <errno.h>
#include <linux/filter.h>
#include <sys/socket.h>

static inline int
bns_packet_gate_shut(int fd)
{
    struct sock_filter keep_nothing[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
    const struct sock_fprog program = { .len = 1, .filter = keep_nothing };

    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0
               ? -errno
               : 0;
}

static inline int
bns_packet_gate_open(int fd)
{
    const int unused = 0;

    return setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof(unused)) < 0
               ? -errno
               : 0;
}
