/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the records of tls.error say of a client that was shown the session's certificate and
 * would not have it, for those who write them and those who read them.
 */
#pragma once

#define BNS_TLS_ERROR_UNTRUSTED "client does not trust the certificate (unknown CA)"
#define BNS_TLS_ERROR_PINNED    "client does not accept the certificate (pinned?)"
