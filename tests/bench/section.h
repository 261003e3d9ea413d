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
/* Memory, and the latency of requests, with thousands of idle flows. */
void section_idle(const Bench *bench);
/* Thousands of new flows in a second, and what memory they leave behind. */
void section_churn(const Bench *bench);
/* The first request to a host, over the second. */
void section_fresh(const Bench *bench);
/* Bulk through a published port: the server is inside. */
void section_published(const Bench *bench);
/* Many sandboxes at once, with the limits that nobody set. */
void section_crowd(const Bench *bench);
/* What a record costs that is written to a disk, to memory, nowhere. */
void section_audit(const Bench *bench);
