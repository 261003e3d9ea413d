/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials: the certificates and keys that rules name for origins which ask for one
 * (policy/identity.h).
 *
 * Read once, before the lock-down. The keys are in this process alone, and leave it as
 * signatures only.
 */
#pragma once

#include "policy/policy.h"

#include <glib.h>
#include <openssl/ssl.h>
#include <stdbool.h>

typedef struct BnsCredentials BnsCredentials;

/**
 * bns_credentials_read:
 * @policy: borrowed, outlives the returned
 *
 * Reads the files of all its identities. Each must be a regular file in PEM form, and the
 * key must be the certificate's, without a passphrase. Returns: (transfer full), or %NULL
 * with @error, which begins with the place where the file is named.
 */
BnsCredentials *bns_credentials_read(const BnsPolicy *policy, GError **error);
void bns_credentials_free(BnsCredentials *credentials);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsCredentials, bns_credentials_free)

/* (transfer none) (nullable): the identity that was read for @identity (nullable); %NULL:
 * none was, so none can be shown. */
const BnsIdentity *
bns_credentials_find(const BnsCredentials *credentials, const BnsIdentity *identity);

/* Lets @ssl, a client that has not begun, show @identity's certificate if it is asked
 * for one. @identity: of a policy that was read with, or %NULL. */
void bns_credentials_use(const BnsCredentials *credentials,
                         const BnsIdentity *identity,
                         SSL *ssl);
