/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Host sockets: asks the kernel for those of the caller's network namespace. What a
 * process in the sandbox binds is in the sandbox's own and never among them.
 */
#pragma once

#include "sandbox/sock_diag.h"

#include <glib.h>
#include <stdbool.h>

#define BNS_HOST_SOCKETS_ERROR (bns_host_sockets_error_quark())
GQuark bns_host_sockets_error_quark(void);

/* Returns: (transfer full): a descriptor to ask by, or -1 with @error. */
int bns_host_sockets_open(GError **error);

/**
 * bns_host_sockets_read:
 * @with_connected: datagram sockets, too, that somebody has connected to
 * @answer_bytes: of one part of the list, at most BNS_SOCK_DIAG_ANSWER_BYTES
 *
 * Calls @func with each socket that lies in a file system: 0.3 ms for some hundred. Where
 * a part ends the kernel may pass over one if another is closed just then: who must have
 * all asks again with parts of another size.
 *
 * Returns: whether they were told, else @error says why not.
 */
bool bns_host_sockets_read(int fd,
                           bool with_connected,
                           size_t answer_bytes,
                           void (*func)(void *data, const BnsHostSocket *found),
                           void *data,
                           GError **error);
