/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sections: what is measured, with the floors and aims of each figure.
 */
#pragma once

#include "tests/bench/measure.h"

/* Connect, latency, requests in a second, new TLS connections, CPU per request. */
void section_requests(const Bench *bench);
/* Bulk, both ways, over HTTPS, sealed and opaque flows; CPU per GiB. */
void section_bulk(const Bench *bench);
/* The first event of a stream, and how late the others are. */
void section_stream(const Bench *bench);
