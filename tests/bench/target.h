/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Target: reads from a command where it goes.
 *
 *     name=HOST        of the URL; looked up unless there is at=
 *     port=PORT        of the URL (443)
 *     at=ADDRESS:PORT  connects there instead
 *     via=ADDRESS:PORT asks this HTTP proxy with CONNECT; "via=env": $HTTPS_PROXY's
 *     tls=0            plain
 *     h2=1             HTTP/2
 *     ca=FILE          trusts these alone
 *     resume=1         offers the newest session to each new connection, each once
 */
#pragma once

#include "tests/bench/command.h"
#include "tests/bench/conn.h"

/* The system's trust store, or $SSL_CERT_FILE, as any OpenSSL program; or this. */
void target_trust(const char *ca_file);

/* Returns: (transfer full): or %NULL with @out_error (transfer full). */
Target *target_new(const Command *command, char **out_error);
void target_free(Target *target);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Target, target_free)
