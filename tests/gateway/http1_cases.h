/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Table rows for HTTP/1.1 heads, and what must hold for every one of them.
 */
#pragma once

#include "netstack/gateway/http1.h"

/* A literal that may hold NUL. */
#define BYTES(literal) literal, sizeof(literal) - 1

typedef struct {
    const char *name;
    const char *bytes;
    size_t len;
    uint16_t status; /* of the refusal; 0: it is good */
} HeadCase;

/* The row's result, the same for every way to cut it: no prefix is done, a bad prefix
 * stays bad, and what follows a good head changes nothing. */
void check_request_case(gconstpointer data);
/* As above; @status is 502 or 0. */
void check_response_case(gconstpointer data);

void add_request_cases(const char *prefix, const HeadCase *cases, size_t n_cases);
void add_response_cases(const char *prefix, const HeadCase *cases, size_t n_cases);

/* A literal against a slice. */
#define assert_slice(slice, text)                                                      \
    do {                                                                               \
        g_autofree char *copy_ = g_strndup((slice).at, (slice).len);                   \
        g_assert_cmpstr(copy_, ==, text);                                              \
    } while (0)
