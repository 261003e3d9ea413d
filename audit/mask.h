/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets in a command line, before it is recorded.
 *
 * The value of an option, an assignment, a header or a JSON member is masked when its
 * name is like token, key, secret, password, authorization, credential or cookie:
 * `--token=x`, `--token x`, `API_KEY=x`, `-H 'Authorization: Bearer x'`, also inside one
 * argument (`sh -c 'TOKEN=x make'`), and so are the user and password in a URL. It goes by
 * names: a secret that stands alone is not known to be one, and a harmless value behind
 * such a name is masked too.
 */
#pragma once

#include <glib.h>

/* What stands where a value was. */
#define BNS_MASK "***"

/* Returns: (transfer full): a copy of the NULL-terminated @argv, its secrets masked. */
char **bns_mask_argv(const char *const *argv);
