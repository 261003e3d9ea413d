/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Token: the words of HTTP, such as methods and names of fields (RFC 9110, 5.6.2).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

bool bns_token_has_byte(unsigned char byte);

/* Whether @text, @len bytes that may hold anything, is a token: an empty one is none. */
bool bns_token_is_valid(const char *text, size_t len);
