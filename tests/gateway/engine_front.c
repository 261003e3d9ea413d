/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/gateway/engine_front.h"

#include "base/fd.h"

#include <sys/socket.h>

void
front_init(Front *front, const char *yaml)
{
    g_autofree char *resolves = NULL;
    uint16_t port;

    *front = (Front){ .origin.fd = -1 };
    front->listener = rig_listen(&port);
    resolves = g_strdup_printf("origin.test:80:%u", port);
    front->rig =
        rig_new(yaml == NULL ? "allow: [origin.test]\n" : yaml, resolves, NULL);
    front->flow = rig_open(front->rig, "origin.test", 80);
}

void
front_clear(Front *front)
{
    rig_close(front->rig, &front->flow);
    bns_fd_clear(&front->origin.fd);
    rig_free(front->rig);
    bns_fd_clear(&front->listener);
}

char *
front_pass(Front *front, const char *request)
{
    rig_say(&front->flow, request);
    if (front->origin.fd < 0)
        front->origin = rig_accept(front->listener);
    return rig_hear(&front->origin, "\r\n\r\n");
}

void
front_end_origin(Front *front, bool by_reset)
{
    static const struct linger reset = { .l_onoff = 1, .l_linger = 0 };

    if (by_reset)
        setsockopt(front->origin.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    bns_fd_clear(&front->origin.fd);
}
