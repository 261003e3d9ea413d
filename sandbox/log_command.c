/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/commands.h"

#include "audit/viewer.h"

#include <stdio.h>
#include <string.h>

static int
finish(int status, const GError *error)
{
    if (error != NULL)
        fprintf(stderr, "boundary-ns: %s\n", error->message);
    return status;
}

int
bns_log(const BnsOptions *options)
{
    BnsViewerOptions viewer = { .what = options->arguments[0],
                                .follow = options->follow,
                                .decision = options->decision,
                                .is_jsonl = g_strcmp0(options->format, "jsonl") == 0 };
    g_autoptr(GError) error = NULL;
    int status = bns_viewer_log(&viewer, stdout, &error);

    return finish(status, error);
}

int
bns_log_verify(const BnsOptions *options)
{
    g_autoptr(GError) error = NULL;
    int status = bns_viewer_verify(options->arguments[0], stdout, &error);

    return finish(status, error);
}
