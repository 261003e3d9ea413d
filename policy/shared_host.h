/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hosts where what is allowed is more than it seems: what is sent there can be read by
 * anybody whom the command chooses, since anybody may have a name or a page there.
 *
 * A table of what is well known, and no boundary: a host that is not in it may be one.
 */
#pragma once

#include <stdbool.h>

/**
 * bns_shared_host_risk:
 * @host: canonical
 *
 * Returns: (nullable): a static phrase that says what it is ("a cloud: anybody may have
 *          a name there"), or %NULL: nothing is known of it
 */
const char *bns_shared_host_risk(const char *host);

/**
 * bns_shared_host_may_be_owner:
 * @domain: canonical
 *
 * Returns: whether all names below @domain may belong to one owner: not so of a top-level
 *          domain, of "co.uk" and the like, and of what is in the table
 */
bool bns_shared_host_may_be_owner(const char *domain);
