/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/limits.h"
#include "policy/size.h"

#include <string.h>

typedef struct {
    const char *name;
    uint64_t min; /* below it not even a shell starts */
    uint64_t max;
    bool is_bytes;
} Row;

static const Row rows[] = {
    [BNS_LIMIT_PROCESSES] = { "processes", 1, 4 * 1024 * 1024, false },
    [BNS_LIMIT_MEMORY] = { "memory", 4 * 1024 * 1024, BNS_SIZE_MAX, true },
    [BNS_LIMIT_OPEN_FILES] = { "open_files", 16, 1024 * 1024, false },
    [BNS_LIMIT_FILE_SIZE] = { "file_size", 1, BNS_SIZE_MAX, true },
    [BNS_LIMIT_CPU] = { "cpu", 1, 366 * 24 * 3600, false },
};
G_STATIC_ASSERT(G_N_ELEMENTS(rows) == BNS_N_PROCESS_LIMITS);

const char *
bns_limits_name(BnsProcessLimit limit)
{
    return rows[limit].name;
}

/* Returns: false if @text is no number, or none that any row takes. */
static bool
parse_number(const char *text, bool is_bytes, uint64_t *out)
{
    return (is_bytes || text[strspn(text, "0123456789")] == '\0') &&
           bns_size_parse(text, out);
}

static bool
read_row(const Row *row,
         const char *file,
         const BnsYaml *value,
         uint64_t *out,
         GError **error)
{
    uint64_t number;

    if (value->kind == BNS_YAML_SCALAR && value->type != BNS_YAML_NULL &&
        parse_number(value->text, row->is_bytes, &number) && number >= row->min &&
        number <= row->max) {
        *out = number;
        return true;
    }
    return bns_yaml_fail(error, file, value,
                         "limits.%s: must be a number from %" G_GUINT64_FORMAT
                         " to %" G_GUINT64_FORMAT "%s",
                         row->name, row->min, row->max,
                         row->is_bytes ? ", or one with K, M, G or T" : "");
}

bool
bns_limits_read(BnsProcessLimits *limits,
                BnsProcessLimit limit,
                const char *file,
                const BnsYaml *value,
                GError **error)
{
    return read_row(&rows[limit], file, value, &limits->values[limit], error);
}

bool
bns_limits_read_audit_size(uint64_t *out_bytes,
                           const char *file,
                           const BnsYaml *value,
                           GError **error)
{
    /* A session's first record and a few more. */
    static const Row row = { "audit_size", 4096, BNS_SIZE_MAX, true };

    return read_row(&row, file, value, out_bytes, error);
}

void
bns_limits_merge(BnsProcessLimits *limits, const BnsProcessLimits *more)
{
    for (int i = 0; i < BNS_N_PROCESS_LIMITS; i++)
        if (more->values[i] != 0)
            limits->values[i] = more->values[i];
}
