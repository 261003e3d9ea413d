/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of trust share: a trusted root, and origins to visit.
 */
#pragma once

#include "netstack/gateway/trust.h"
#include "tests/support/certs.h"

#include <stdbool.h>

extern char *trust_directory; /* for the program's files */
extern char *trust_no_roots;  /* a file there: an empty bundle, in SSL_CERT_FILE */
extern BnsTestCert *trust_root;
extern BnsTrust *trust_default; /* in @trust_root alone */

void trust_origin_init(void);
void trust_origin_clear(void);

/* Trust in these files, nothing else. @second: nullable */
BnsTrust *trust_in_files(const char *first, const char *second);

/* A handshake with @server (taken). Returns: (transfer full): trust's sentence or %NULL. */
char *trust_visit(BnsTrust *who, const char *host, SSL *server);
/* The same with an origin that shows @cert and, if not %NULL, @intermediate. */
char *trust_visit_cert(BnsTrust *who,
                       const char *host,
                       const BnsTestCert *cert,
                       const BnsTestCert *intermediate);

#define OTHER_NAMES "upstream certificate is for other names "
