/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes: what a file has, read to its end or a limit.
 */
#pragma once

#include <glib.h>
#include <stddef.h>

/**
 * bns_bytes_read:
 * @fd: borrowed; read from where it stands, restarting after signals
 * @max: how many bytes the caller can use
 *
 * Returns: (transfer full): all bytes up to the end; where there are more than @max, the
 *          first @max + 1, so that the caller sees it; or %NULL with errno
 */
GByteArray *bns_bytes_read(int fd, size_t max);
