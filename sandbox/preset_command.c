/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/commands.h"

#include "policy/preset.h"

#include <stdio.h>
#include <string.h>

#define EXIT_USAGE 2

static int
list(void)
{
    for (size_t i = 0; i < bns_n_presets; i++) {
        g_autofree char *line = bns_preset_describe(&bns_presets[i]);

        printf("%s\t%s\n", bns_presets[i].name, line);
    }
    return 0;
}

static int
show(const char *name)
{
    g_autoptr(GError) error = NULL;
    const BnsPreset *preset = bns_preset_find(name, &error);

    if (preset == NULL) {
        fprintf(stderr, "boundary-ns: %s\n", error->message);
        return EXIT_USAGE;
    }
    fputs(preset->text, stdout);
    return 0;
}

int
bns_preset_command(const BnsOptions *options)
{
    char *const *words = options->arguments;

    if (strcmp(words[0], "list") == 0 && words[1] == NULL)
        return list();
    if (strcmp(words[0], "show") == 0 && words[1] != NULL)
        return show(words[1]);
    fputs("boundary-ns: use preset list, or preset show NAME\n", stderr);
    return EXIT_USAGE;
}
