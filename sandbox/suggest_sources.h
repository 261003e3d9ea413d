/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which audit files `suggest` reads, and reading them all.
 */
#pragma once

#include "audit/reader.h"
#include "sandbox/options.h"

/**
 * bns_suggest_read:
 *
 * Calls @func for each record of the files and sessions that @options name: the newest
 * session unless there are others. Warns on standard error of a chain that is broken and
 * of a last line without end. Returns: false after saying on standard error what could not be read,
 * or that no record was in any.
 */
bool bns_suggest_read(const BnsOptions *options, BnsReaderFunc func, void *data);
