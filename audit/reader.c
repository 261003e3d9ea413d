/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/reader.h"

#include "audit/chain.h"
#include "audit/lines.h"
#include "audit/recorder.h"
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

void
bns_reading_clear(BnsReading *reading)
{
    g_clear_pointer(&reading->broken, g_free);
}

static void
take_line(
    BnsReading *reading, const char *line, size_t len, BnsReaderFunc func, void *data)
{
    g_autoptr(BnsJson) json = bns_json_parse(line, len);
    BnsRecord record;

    if (json == NULL || !bns_record_from_json(json, &record))
        return;
    reading->records++;
    func(json, &record, data);
}

static void
check_line(BnsReading *reading, BnsChain *chain, const char *line, size_t len)
{
    g_autofree char *why = NULL;

    if (reading->broken != NULL)
        return;
    why = line != NULL ? bns_chain_follow(chain, line, len)
                       : g_strdup("the line is too long for a record");
    if (why != NULL)
        reading->broken =
            g_strdup_printf("broken at seq %" PRIu64 ": %s", chain->seq, why);
}

bool
bns_reader_read(const char *path,
                BnsReaderFunc func,
                void *data,
                BnsReading *out_reading,
                GError **error)
{
    bns_autofd fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
    g_autoptr(BnsLines) lines = bns_lines_new(fd);
    BnsChain chain = BNS_CHAIN_INIT;
    const char *line;
    size_t len;

    *out_reading = (BnsReading){ 0 };
    if (fd < 0)
        return bns_lines_fail("open", path, errno, error);
    for (;;) {
        switch (bns_lines_next(lines, &line, &len)) {
        case BNS_LINES_LINE:
            check_line(out_reading, &chain, line, len);
            take_line(out_reading, line, len, func, data);
            break;
        case BNS_LINES_LONG:
            check_line(out_reading, &chain, NULL, 0);
            break;
        case BNS_LINES_TORN:
            out_reading->is_torn = true;
            return true;
        case BNS_LINES_END:
            return true;
        case BNS_LINES_ERROR:
            return bns_lines_fail("read", path, errno, error);
        }
    }
}
