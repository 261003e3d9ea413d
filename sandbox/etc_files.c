/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/etc_files.h"

#include "base/fd.h"
#include "netstack/tap/tap.h"
#include "sandbox/rebuild.h"
#include "sandbox/tree.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NSSWITCH "/etc/nsswitch.conf"
/* Real ones are below 1 KiB; what is longer is cut at a line. */
#define NSSWITCH_MAX    16384
#define HOST_NAME_BYTES 256

static const char *const own_files[] = { "/etc/resolv.conf", "/etc/hosts", NSSWITCH };

/* Without "search ." glibc would append the domain of a full host name to short names, and
 * every name gets an address here. */
static const char resolv_conf[] = "nameserver " BNS_TAP_NAMESERVER "\nsearch .\n";
static const char hosts_line[] = "hosts: files dns\n";

static int
write_hosts(int etc_fd)
{
    char text[3 * HOST_NAME_BYTES];
    char name[HOST_NAME_BYTES] = "";
    size_t len;

    gethostname(name, sizeof(name) - 1);
    len = (size_t)snprintf(text, sizeof(text),
                           "127.0.0.1 localhost\n"
                           "::1 localhost ip6-localhost ip6-loopback\n");
    /* Only what cannot be anything but one name. */
    if (name[0] != '\0' && strcmp(name, "localhost") != 0 &&
        name[strspn(name, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "-._")] == '\0') {
        int short_len = (int)strcspn(name, ".");
        const char *space = name[short_len] == '.' ? " " : "";

        len += (size_t)snprintf(text + len, sizeof(text) - len, "127.0.1.1 %s%s%.*s\n",
                                name, space, *space != '\0' ? short_len : 0, name);
    }
    return bns_tree_write(etc_fd, "hosts", text, len);
}

static bool
is_hosts_line(const char *line)
{
    while (*line == ' ' || *line == '\t')
        line++;
    if (strncmp(line, "hosts", 5) != 0)
        return false;
    line += 5;
    while (*line == ' ' || *line == '\t')
        line++;
    return *line == ':';
}

/* All lines of @text but those for hosts, then ours. */
static int
write_nsswitch(int etc_fd, char *text)
{
    char out[NSSWITCH_MAX + sizeof(hosts_line)];
    size_t len = 0;

    for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1)
        if (!is_hosts_line(line)) {
            memcpy(out + len, line, (size_t)(end - line) + 1);
            len += (size_t)(end - line) + 1;
        }
    memcpy(out + len, hosts_line, strlen(hosts_line));
    return bns_tree_write(etc_fd, "nsswitch.conf", out, len + strlen(hosts_line));
}

/* Leaves @out_text empty if there is no such file: the C library's defaults are then
 * the same but for hosts. A last line without its end gets one. */
static void
read_nsswitch(char out_text[NSSWITCH_MAX])
{
    bns_autofd fd = open(NSSWITCH, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    ssize_t len = fd < 0 ? 0 : read(fd, out_text, NSSWITCH_MAX - 2);

    len = MAX(len, 0);
    if (len > 0 && len < NSSWITCH_MAX - 2 && out_text[len - 1] != '\n')
        out_text[len++] = '\n';
    out_text[len] = '\0';
}

static void
list_ours(const BnsTrustFiles *trust,
          const char *out_ours[BNS_TRUST_OURS_MAX + G_N_ELEMENTS(own_files) + 1])
{
    size_t n = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(own_files); i++)
        out_ours[n++] = own_files[i];
    for (size_t i = 0; i < trust->n_ours; i++)
        out_ours[n++] = trust->ours[i];
    out_ours[n] = NULL;
}

static int
write_own_files(int etc_fd, char *nsswitch)
{
    int r = bns_tree_write(etc_fd, "resolv.conf", resolv_conf, strlen(resolv_conf));

    if (r >= 0)
        r = write_hosts(etc_fd);
    return r >= 0 ? write_nsswitch(etc_fd, nsswitch) : r;
}

void
bns_etc_clear(BnsEtc *etc)
{
    bns_fd_clear(&etc->fd);
    bns_fd_clear(&etc->host_fd);
}

static bool
cover(const BnsTrustFiles *trust, bool is_plain, BnsEtc *out_etc, BnsFault *fault)
{
    const char *ours[BNS_TRUST_OURS_MAX + G_N_ELEMENTS(own_files) + 1];

    list_ours(trust, ours);
    return (is_plain && !bns_trust_files_leads_out(trust) &&
            bns_rebuild_stack("/etc", ours, &out_etc->fd, &out_etc->host_fd)) ||
           bns_rebuild_mount("/etc", ours, &out_etc->fd, fault);
}

static bool
begin(const BnsTrustFiles *trust, bool is_plain, BnsEtc *etc, BnsFault *fault)
{
    char nsswitch[NSSWITCH_MAX];
    int r;

    read_nsswitch(nsswitch);
    if (!cover(trust, is_plain, etc, fault))
        return false;
    r = write_own_files(etc->fd, nsswitch);
    if (r < 0)
        return bns_fault_set(fault, "Could not write the sandbox's /etc: %s",
                             strerror(-r));
    return bns_trust_files_begin(trust, etc->fd, fault);
}

bool
bns_etc_files_begin(const BnsTrustSource *source,
                    bool is_plain,
                    BnsEtc *out_etc,
                    BnsFault *fault)
{
    BnsTrustFiles trust;
    bool is_done;

    *out_etc = BNS_ETC_NONE;
    bns_trust_files_init(&trust, source);
    is_done = begin(&trust, is_plain, out_etc, fault);
    bns_trust_files_clear(&trust);
    if (!is_done)
        bns_etc_clear(out_etc);
    return is_done;
}

bool
bns_etc_files_finish(const BnsEtc *etc,
                     const BnsTrustSource *trust,
                     const char *ca,
                     BnsFault *fault)
{
    if (!bns_trust_files_finish(etc->fd, etc->host_fd, trust->added, ca, fault))
        return false;
    return etc->host_fd >= 0 || bns_rebuild_seal("/etc", fault);
}
