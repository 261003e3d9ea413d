/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --publish [ADDR:]PORT[:PORT]: ports of the host that lead to servers inside.
 *
 * They are bound by the supervisor, before anything is started, so that one in use stops
 * the start; the gateway accepts (netstack/gateway/publish.h). ADDR is 127.0.0.1 unless
 * given; PORT 0 lets the kernel choose, and then the port inside has to be named.
 */
#pragma once

#include <glib.h>

#define BNS_PUBLISH_ERROR (bns_publish_error_quark())
GQuark bns_publish_error_quark(void);

/* Returns: (transfer full): of owned BnsPublished that listen, or %NULL with @error: one
 * line */
GPtrArray *bns_publish_open(char **values, GError **error);

/* The gateway has them: nothing of ours keeps them open when it ends. */
void bns_publish_close(const GPtrArray *published);

/* Returns: (transfer full): their names, for session.start. */
GStrv bns_publish_names(const GPtrArray *published);
