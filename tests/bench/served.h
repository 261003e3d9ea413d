/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Served: one connection of the origin's.
 */
#pragma once

#include "base/loop.h"

#include <openssl/ssl.h>

/* Takes over @fd; frees itself at the connection's end. @tls: %NULL for a plain one. */
void served_start(BnsLoop *loop, int fd, SSL_CTX *tls);
