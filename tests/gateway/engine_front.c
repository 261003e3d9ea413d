/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/gateway/engine_front.h"

#include "base/fd.h"

#include <sys/socket.h>

void
front_init_hosts(Front *front, const char *yaml, const char *hosts)
{
    g_auto(GStrv) names = g_strsplit(hosts, " ", -1);
    g_autoptr(GString) resolves = g_string_new(NULL);
    uint16_t port;

    *front = (Front){ .flow.fd = -1, .origin.fd = -1 };
    front->listener = rig_listen(&port);
    for (char **name = names; *name != NULL; name++)
        g_string_append_printf(resolves, "%s%s:%u", name == names ? "" : " ", *name,
                               port);
    front->rig = rig_new(yaml, resolves->str, NULL);
}

void
front_init(Front *front, const char *yaml)
{
    front_init_hosts(front, yaml == NULL ? "allow: [origin.test]\n" : yaml,
                     "origin.test:80");
    front->flow = rig_open(front->rig, "origin.test", 80);
}

void
front_clear(Front *front)
{
    if (front->flow.fd >= 0)
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
