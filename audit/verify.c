/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `boundary-ns log verify`: from the first line to the last, one at a time. Several
 * sessions in one file are one chain.
 */
#include "audit/chain.h"
#include "audit/lines.h"
#include "audit/recorder.h"
#include "audit/viewer.h"
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>

/* Returns: as bns_chain_follow() of the first wrong line; *@out_read_error is an errno. */
static char *
check_all(BnsChain *chain, int fd, int *out_read_error)
{
    g_autoptr(BnsLines) lines = bns_lines_new(fd);
    const char *line;
    char *why = NULL;
    size_t len;

    *out_read_error = 0;
    while (why == NULL) {
        switch (bns_lines_next(lines, &line, &len)) {
        case BNS_LINES_LINE:
            why = bns_chain_follow(chain, line, len);
            break;
        case BNS_LINES_LONG:
            why = g_strdup("the line is too long for a record");
            break;
        case BNS_LINES_TORN:
            why = g_strdup("the line has no end");
            break;
        case BNS_LINES_END:
            return NULL;
        case BNS_LINES_ERROR:
            *out_read_error = errno;
            return NULL;
        }
    }
    return why;
}

int
bns_viewer_verify(const char *path, FILE *out, GError **error)
{
    BnsChain chain = BNS_CHAIN_INIT;
    bns_autofd fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
    g_autofree char *why = NULL;
    int read_error;

    if (fd < 0) {
        bns_lines_fail("open", path, errno, error);
        return 2;
    }
    why = check_all(&chain, fd, &read_error);
    if (read_error != 0) {
        bns_lines_fail("read", path, read_error, error);
        return 2;
    }
    if (why != NULL) {
        fprintf(out, "broken at seq %" PRIu64 ": %s\n", chain.seq, why);
        return 1;
    }
    if (chain.is_ended)
        fprintf(out, "ok %" PRIu64 " records\n", chain.seq - 1);
    else
        fprintf(out, "ok, unfinished\n");
    return 0;
}
