/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request's fields as policy is asked about them: a copy of those that go on to the
 * origin, which outlives the head that was read.
 */
#pragma once

#include "netstack/gateway/http1.h"
#include "policy/headers.h"

/* Returns: (transfer full): free with g_free(); one block. @has_body as policy/headers.h
 * has it. */
BnsRequestHeader *bns_request_header_new(const BnsHttpHead *head, bool has_body);
