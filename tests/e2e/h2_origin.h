/* SPDX-License-Identifier: Apache-2.0 */
/*
 * H2 origin: node as an origin of HTTP/2 and nothing else, over TLS and without. It
 * offers extended CONNECT (RFC 8441), which reaches @serve like any request.
 */
#pragma once

#include "tests/e2e/story.h"

typedef struct H2Origin H2Origin;

/**
 * h2_origin_new:
 * @serve: JavaScript: the body of a function of (stream, head)
 *
 * Serves h2.test, to which later runs of the story are led by --resolve (443, 80).
 * Returns: (nullable): %NULL, and the test is skipped, without node.
 */
H2Origin *h2_origin_new(Story *story, const char *serve);
void h2_origin_free(H2Origin *origin);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(H2Origin, h2_origin_free)
