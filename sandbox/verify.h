/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verify: what `boundary-ns verify` says of one attempt. The attempts are
 * sandbox/verify_probes.h's.
 */
#pragma once

#include "policy/policy.h"

#include <glib.h>

/**
 * bns_verify_explain:
 * @group: of the attempt
 * @subject: its path, with "~/" for the home or relative to @workdir, or a variable
 * @home: absolute
 *
 * Returns: (transfer full) (nullable): what of @policy opens it, "file:line" or an option;
 *          %NULL: nothing does
 */
char *bns_verify_explain(const BnsPolicy *policy,
                         const char *group,
                         const char *subject,
                         const char *home,
                         const char *workdir);

/**
 * bns_verify_table:
 * @text: what boundary-ns-probes printed
 * @out_n_open: attempts that succeeded, and nothing in @policy says that they may
 *
 * Returns: (transfer full): a line for each attempt and a last one that counts, or %NULL:
 *          @text is not all
 */
char *bns_verify_table(const BnsPolicy *policy,
                       const char *text,
                       const char *home,
                       const char *workdir,
                       guint *out_n_open);
