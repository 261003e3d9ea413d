/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/publish.h"

#include "base/fd.h"
#include "base/text.h"
#include "netstack/gateway/gateway.h"
#include "sandbox/endpoint.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

G_DEFINE_QUARK(bns_publish_error, bns_publish_error)

static void
published_free(void *data)
{
    BnsPublished *published = data;

    bns_fd_clear(&published->fd);
    g_free(published->name);
    g_free(published);
}

/* @out_inside: the port inside */
static bool
parse(const char *value, struct sockaddr_storage *out_address, uint16_t *out_inside)
{
    uint16_t port;

    if (!bns_endpoint_take_address(&value, out_address) ||
        !bns_endpoint_take_port(&value, true, &port))
        return false;
    if (out_address->ss_family == AF_UNSPEC) {
        out_address->ss_family = AF_INET;
        ((struct sockaddr_in *)out_address)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    }
    bns_endpoint_set_port(out_address, port);
    *out_inside = port;
    if (bns_endpoint_take_byte(&value, ':') &&
        !bns_endpoint_take_port(&value, false, out_inside))
        return false;
    return *value == '\0' && *out_inside != 0;
}

/* Updates the port in @address if the kernel chose it. Returns: the socket or -errno. */
static int
listen_on(struct sockaddr_storage *address)
{
    static const int on = 1;
    bns_autofd fd =
        socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    socklen_t len = bns_endpoint_len(address);

    if (fd < 0)
        return -errno;
    /* Connections of an earlier session that linger are no reason to wait. */
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (address->ss_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    if (bind(fd, (const struct sockaddr *)address, len) < 0 ||
        listen(fd, SOMAXCONN) < 0 ||
        getsockname(fd, (struct sockaddr *)address, &len) < 0)
        return -errno;
    return g_steal_fd(&fd);
}

static BnsPublished *
open_one(const char *value, GError **error)
{
    g_autofree char *shown = bns_text_escape(value, -1);
    g_autofree char *text = NULL;
    struct sockaddr_storage address;
    BnsPublished *published;
    uint16_t inside;
    bool is_chosen;
    int fd;

    if (!parse(value, &address, &inside)) {
        g_set_error(error, BNS_PUBLISH_ERROR, 0,
                    "--publish %s: expected [ADDR:]PORT[:PORT], IPv6 in brackets; for "
                    "port 0 name the port inside",
                    shown);
        return NULL;
    }
    text = bns_endpoint_text(&address);
    is_chosen = bns_endpoint_port(&address) == 0;
    fd = listen_on(&address);
    if (fd < 0) {
        g_set_error(error, BNS_PUBLISH_ERROR, -fd,
                    "--publish %s: could not listen on %s, port %u: %s", shown, text,
                    bns_endpoint_port(&address), g_strerror(-fd));
        return NULL;
    }
    published = g_new0(BnsPublished, 1);
    published->fd = fd;
    published->port = inside;
    published->is_chosen = is_chosen;
    published->name =
        g_strdup_printf("%s:%u:%u", text, bns_endpoint_port(&address), inside);
    return published;
}

GPtrArray *
bns_publish_open(char **values, GError **error)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(published_free);

    for (char **value = values; *value != NULL; value++) {
        BnsPublished *published = open_one(*value, error);

        if (published == NULL)
            return NULL;
        g_ptr_array_add(all, published);
    }
    return g_steal_pointer(&all);
}

void
bns_publish_close(const GPtrArray *published)
{
    for (guint i = 0; i < published->len; i++)
        bns_fd_clear(&((BnsPublished *)g_ptr_array_index(published, i))->fd);
}

GStrv
bns_publish_names(const GPtrArray *published)
{
    GStrv names = g_new0(char *, published->len + 1);

    for (guint i = 0; i < published->len; i++)
        names[i] = g_strdup(((BnsPublished *)g_ptr_array_index(published, i))->name);
    return names;
}
