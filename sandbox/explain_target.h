/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `explain` is asked about: one request or one opaque flow, read from its operands.
 */
#pragma once

#include "policy/host.h"
#include "policy/policy.h"

#include <glib.h>

typedef struct {
    BnsScheme scheme; /* BNS_SCHEME_TCP: host and port only */
    BnsHost host;
    uint16_t port;
    char *method;            /* owned; NULL for tcp */
    char *path;              /* owned; without query; NULL for tcp */
    char *query;             /* owned; without its "?"; NULL: none */
    GArray *fields;          /* owned, of BnsRequestField that borrow; NULL: none */
    BnsRequestHeader header; /* of them; a Content-Type means that there is a body */
} BnsExplainTarget;

/**
 * bns_explain_target_parse:
 * @method: (nullable): GET unless given
 * @text: a URL, or one without scheme (https), or HOST:PORT alone (tcp)
 *
 * Pure. The path is not judged here (policy/path.h). Returns: %FALSE with @error: one
 * line on what cannot be read.
 */
bool bns_explain_target_parse(const char *method,
                              const char *text,
                              BnsExplainTarget *out_target,
                              GError **error);
/* @headers: "NAME: VALUE" each; they must outlive the target. Not for tcp. */
bool bns_explain_target_add_headers(BnsExplainTarget *target,
                                    char *const *headers,
                                    GError **error);
void bns_explain_target_clear(BnsExplainTarget *target);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BnsExplainTarget, bns_explain_target_clear)
