/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trust files: where the sandbox finds the certificate of the session's CA.
 */
#pragma once

/* Our certificate alone, and the host's roots with it. */
#define BNS_TRUST_CA     "/etc/boundary-ns/ca.pem"
#define BNS_TRUST_BUNDLE "/etc/boundary-ns/ca-bundle.pem"
