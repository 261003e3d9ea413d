/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/field.h"

#include <string.h>

#define FIELD(name, kind)                                                              \
    {                                                                                  \
#name, BNS_FIELD_##kind, offsetof(BnsRecord, name), false                      \
    }
#define PROCESS(name, kind)                                                            \
    {                                                                                  \
#name, BNS_FIELD_##kind, offsetof(BnsRecord, name), true                       \
    }

const BnsField bns_fields[BNS_N_FIELDS] = {
    FIELD(reason, STRING),
    FIELD(rule, STRING),
    FIELD(flow, U64),
    FIELD(request, U64),
    PROCESS(pid, U64),
    PROCESS(exe, STRING),
    PROCESS(argv, STRING),
    FIELD(host, STRING),
    FIELD(addr, STRING),
    FIELD(port, U16),
    FIELD(scheme, STRING),
    FIELD(method, STRING),
    FIELD(path, STRING),
    FIELD(http, STRING),
    FIELD(status, U16),
    FIELD(bytes_sent, TRANSFER),
    FIELD(bytes_received, TRANSFER),
    FIELD(duration_us, TRANSFER),
    FIELD(error, STRING),
    FIELD(cwd, STRING),
    FIELD(parent, COUNT),
    FIELD(count, COUNT),
    FIELD(dns_us, COUNT),
    FIELD(connect_us, COUNT),
    FIELD(tls_us, COUNT),
    FIELD(first_byte_us, COUNT),
    FIELD(kept, STRING),
    FIELD(policy_digest, STRING),
    FIELD(policy_before, STRING),
    FIELD(mode, STRING),
    FIELD(system_mode, STRING),
};

static const void *
value_at(const BnsField *field, const BnsRecord *record)
{
    return (const char *)record + field->offset;
}

static void *
place_at(const BnsField *field, BnsRecord *record)
{
    return (char *)record + field->offset;
}

const char *
bns_field_string(const BnsField *field, const BnsRecord *record)
{
    const char *value;

    memcpy(&value, value_at(field, record), sizeof(value));
    return value;
}

uint64_t
bns_field_number(const BnsField *field, const BnsRecord *record)
{
    uint64_t value;
    uint16_t small;

    if (field->kind == BNS_FIELD_U16) {
        memcpy(&small, value_at(field, record), sizeof(small));
        return small;
    }
    memcpy(&value, value_at(field, record), sizeof(value));
    return value;
}

void
bns_field_set_string(const BnsField *field, BnsRecord *record, const char *value)
{
    memcpy(place_at(field, record), &value, sizeof(value));
}

bool
bns_field_set_number(const BnsField *field, BnsRecord *record, uint64_t value)
{
    uint16_t small = (uint16_t)value;

    if (value == 0 || (field->kind == BNS_FIELD_U16 && value > UINT16_MAX))
        return false;
    if (field->kind == BNS_FIELD_U16)
        memcpy(place_at(field, record), &small, sizeof(small));
    else
        memcpy(place_at(field, record), &value, sizeof(value));
    return true;
}
