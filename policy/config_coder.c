/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of coder/boundary that have a meaning of their own. */
#include "policy/config_private.h"

bool
bns_config_read_correlation(void *data, const BnsYaml *value, GError **error)
{
    BnsConfigReader *reader = data;
    BnsCorrelation *correlation = &reader->config->correlation;

    correlation->is_given = true;
    return bns_value_boolean(reader->file, value, "session_correlation_enabled",
                             &correlation->is_enabled, error);
}

bool
bns_config_read_inject_targets(void *data, const BnsYaml *value, GError **error)
{
    static const char key[] = "session_id_inject_targets";
    BnsConfigReader *reader = data;

    if (!bns_value_list(reader->file, value, key, error))
        return false;
    for (guint i = 0; value->children != NULL && i < value->children->len; i++) {
        const BnsYaml *item = value->children->pdata[i];
        g_autofree char *origin = g_strdup_printf("%s:%u", reader->file, item->line);
        g_autoptr(GError) fault = NULL;
        const char *text;

        if (!bns_value_string(reader->file, item, key, &text, error))
            return false;
        if (!bns_correlation_add(&reader->config->correlation, origin, text,
                                 reader->config->notices, &fault))
            return bns_yaml_fail(error, reader->file, item, "%s: %s", key,
                                 fault->message);
    }
    return true;
}
