/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identity: which certificate and key the origin is shown, if it asks, for what a rule
 * allows. Only the files' names are here; the gateway reads them.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
    char *cert_file; /* owned; absolute; PEM, the certificate first, then its issuers */
    char *key_file;  /* owned; absolute; PEM; may be @cert_file */
    char *cert_place; /* owned; "FILE:LINE:COLUMN" for errors, where each was named */
    char *key_place;
} BnsIdentity;

void bns_identity_free(BnsIdentity *identity);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsIdentity, bns_identity_free)

/* Whether both (nullable) are the same files: only then may they share a connection. */
bool bns_identity_equal(const BnsIdentity *a, const BnsIdentity *b);
