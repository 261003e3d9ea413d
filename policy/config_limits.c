/* SPDX-License-Identifier: Apache-2.0 */
/* `limits:` */
#include "policy/config_private.h"

static bool
read_limit_names(void *data, const BnsYaml *value, GError **error)
{
    BnsConfigReader *reader = data;

    return bns_value_integer(reader->file, value, "limits.names", 1,
                             BNS_CONFIG_NAMES_MAX, &reader->config->names, error);
}

static bool
read_limit_flows(void *data, const BnsYaml *value, GError **error)
{
    BnsConfigReader *reader = data;

    return bns_value_integer(reader->file, value, "limits.flows", 1,
                             BNS_CONFIG_FLOWS_MAX, &reader->config->flows, error);
}

static bool
read_limit_flow_rate(void *data, const BnsYaml *value, GError **error)
{
    BnsConfigReader *reader = data;

    return bns_value_integer(reader->file, value, "limits.flow_rate", 1,
                             BNS_CONFIG_FLOWS_MAX, &reader->config->flow_rate, error);
}

static bool
read_limit_idle(void *data, const BnsYaml *value, GError **error)
{
    BnsConfigReader *reader = data;

    reader->config->has_idle = true;
    return bns_value_integer(reader->file, value, "limits.idle", 0, BNS_CONFIG_IDLE_MAX,
                             &reader->config->idle_s, error);
}

#define PROCESS_LIMIT(key, limit)                                                      \
    static bool read_limit_##key(void *data, const BnsYaml *value, GError **error)     \
    {                                                                                  \
        BnsConfigReader *reader = data;                                                \
                                                                                       \
        return bns_limits_read(&reader->config->process_limits, limit, reader->file,   \
                               value, error);                                          \
    }

PROCESS_LIMIT(processes, BNS_LIMIT_PROCESSES)
PROCESS_LIMIT(memory, BNS_LIMIT_MEMORY)
PROCESS_LIMIT(open_files, BNS_LIMIT_OPEN_FILES)
PROCESS_LIMIT(file_size, BNS_LIMIT_FILE_SIZE)
PROCESS_LIMIT(cpu, BNS_LIMIT_CPU)

static bool
read_limit_audit_size(void *data, const BnsYaml *value, GError **error)
{
    BnsConfigReader *reader = data;

    return bns_limits_read_audit_size(&reader->config->audit_bytes, reader->file, value,
                                      error);
}

bool
bns_config_read_limits(void *data, const BnsYaml *value, GError **error)
{
    static const BnsValueKey keys[] = {
        { "names", read_limit_names },
        { "flows", read_limit_flows },
        { "flow_rate", read_limit_flow_rate },
        { "idle", read_limit_idle },
        { "audit_size", read_limit_audit_size },
        { "processes", read_limit_processes },
        { "memory", read_limit_memory },
        { "open_files", read_limit_open_files },
        { "file_size", read_limit_file_size },
        { "cpu", read_limit_cpu },
        { NULL, NULL },
    };
    BnsConfigReader *reader = data;

    if (value->kind != BNS_YAML_MAPPING)
        return bns_yaml_fail(
            error, reader->file, value,
            "limits: must be a mapping with names, flows, flow_rate, idle, "
            "audit_size, processes, memory, open_files, file_size or cpu");
    return bns_value_mapping(reader->file, value, keys, data, error);
}
