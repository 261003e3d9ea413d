/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/mount_table.h"

/* Fields of a line of mountinfo. */
enum {
    FIELD_ID = 0,
    FIELD_DEVICE = 2,
    FIELD_ROOT,
    FIELD_POINT,
    N_FIELDS
};

static void
mount_clear(void *data)
{
    BnsMount *mount = data;

    g_free(mount->device);
    g_free(mount->root);
    g_free(mount->point);
}

/* Spaces and the like are written as \ooo. */
GArray *
bns_mount_table_parse(const char *table)
{
    g_auto(GStrv) lines = g_strsplit(table, "\n", -1);
    GArray *mounts = g_array_new(FALSE, FALSE, sizeof(BnsMount));

    g_array_set_clear_func(mounts, mount_clear);
    for (char **line = lines; *line != NULL; line++) {
        g_auto(GStrv) fields = g_strsplit(*line, " ", N_FIELDS + 1);
        BnsMount mount;

        if (g_strv_length(fields) <= N_FIELDS)
            continue;
        mount = (BnsMount){ .id = g_ascii_strtoull(fields[FIELD_ID], NULL, 10),
                            .device = g_strdup(fields[FIELD_DEVICE]),
                            .root = g_strcompress(fields[FIELD_ROOT]),
                            .point = g_strcompress(fields[FIELD_POINT]) };
        g_array_append_val(mounts, mount);
    }
    return mounts;
}
