/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Island: a machine and an internet of a test's own, in namespaces that an ordinary user
 * can make.
 *
 *     the program, boundary-ns ── host0 ═══════ world0 ── lo
 *     "host": 9.9.9.2, 2a00:9::2           "world": every address there is
 *
 * The host's routes all lead into the world, where every address is local: a server that
 * listens on any address there answers for all. Whatever the host sends is seen by
 * island_seen(). Files in /etc that resolving uses are the island's own. The addresses
 * are ones that the Internet would route; not a packet reaches it.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#define ISLAND_HOST     "9.9.9.2"
#define ISLAND_HOST_V6  "2a00:9::2"
#define ISLAND_RESOLVER "9.9.9.1"

/**
 * island_enter:
 * @as_root: be root there, and so able to look into processes that are not dumpable;
 *           else the user stays who he is
 *
 * Moves the program there. To be called first, while it has one thread. Returns: false
 * if this machine does not permit it.
 */
bool island_enter(bool as_root);

/* Makes sockets of what @func makes sockets of belong to the world. */
void island_in_world(void (*func)(void *data), void *data);

/* The host's /etc/hosts. */
void island_set_hosts(const char *text);

/**
 * island_seen:
 *
 * Returns: (transfer full): what has reached the world since the last call, a line per
 * packet: "tcp 192.0.2.1 80", "udp …", "icmp …" and other protocols by number. What the
 * host's kernel says by itself (ARP, neighbour discovery, group reports) is left out, and of
 * a TCP connection all but its SYN.
 */
char *island_seen(void);

/* Another text for /etc/hosts, /etc/passwd or the like. */
void island_cover(const char *path, const char *text);

/* Makes the directory @path read-only, for root too, until it is let go. */
void island_make_read_only(const char *path);
void island_let_go(const char *path);

/* Mounts a file system of @bytes on the directory @path. */
void island_mount_small(const char *path, unsigned bytes);
