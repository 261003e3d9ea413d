/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/identity.h"

#include <string.h>

void
bns_identity_free(BnsIdentity *identity)
{
    if (identity == NULL)
        return;
    g_free(identity->cert_file);
    g_free(identity->key_file);
    g_free(identity->cert_place);
    g_free(identity->key_place);
    g_free(identity);
}

bool
bns_identity_equal(const BnsIdentity *a, const BnsIdentity *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return strcmp(a->cert_file, b->cert_file) == 0 &&
           strcmp(a->key_file, b->key_file) == 0;
}
