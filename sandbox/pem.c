/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/pem.h"

#include <glib.h>
#include <string.h>

typedef struct {
    const char *begin, *end;
} Label;

static const Label labels[] = {
    { "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----" },
    { "-----BEGIN TRUSTED CERTIFICATE-----", "-----END TRUSTED CERTIFICATE-----" },
};

/* No base64 text and no comment that matters holds this. */
#define DASHES "-----"

/* Where @needle begins in the @len bytes at @text, or NULL. */
static const char *
find(const char *text, size_t len, const char *needle)
{
    return memmem(text, len, needle, strlen(needle));
}

static const Label *
label_at(const char *text, size_t len)
{
    for (size_t i = 0; i < G_N_ELEMENTS(labels); i++)
        if (len >= strlen(labels[i].begin) &&
            memcmp(text, labels[i].begin, strlen(labels[i].begin)) == 0)
            return &labels[i];
    return NULL;
}

/* The block that begins at @text ends at the next dashes, or is none. */
static bool
read_block(const char *text, size_t len, const Label *label, BnsPem *out_pem)
{
    const char *body = text + strlen(label->begin);
    const char *end = find(body, len - strlen(label->begin), DASHES);

    if (end == NULL || len - (size_t)(end - text) < strlen(label->end) ||
        memcmp(end, label->end, strlen(label->end)) != 0)
        return false;
    *out_pem = (BnsPem){ .text = text,
                         .len = (size_t)(end - text) + strlen(label->end),
                         .body = body,
                         .body_len = (size_t)(end - body) };
    return true;
}

bool
bns_pem_next(const char **rest, size_t *rest_len, BnsPem *out_pem)
{
    const char *at;

    while ((at = find(*rest, *rest_len, DASHES)) != NULL) {
        size_t len = *rest_len - (size_t)(at - *rest);
        const Label *label = label_at(at, len);
        bool is_block = label != NULL && read_block(at, len, label, out_pem);
        size_t step = is_block        ? out_pem->len
                      : label != NULL ? strlen(label->begin)
                                      : strlen(DASHES);

        *rest = at + step;
        *rest_len = len - step;
        if (is_block)
            return true;
    }
    return false;
}

/* The length of the DER sequence at the start of @der, its header included; 0: none. */
static size_t
sequence_len(const uint8_t *der, size_t len)
{
    size_t n_bytes, value = 0;

    if (len < 2 || der[0] != 0x30)
        return 0;
    if (der[1] < 0x80)
        return 2u + der[1] <= len ? 2u + der[1] : 0;
    n_bytes = der[1] & 0x7f;
    if (n_bytes < 1 || n_bytes > 3 || len < 2 + n_bytes)
        return 0;
    for (size_t i = 0; i < n_bytes; i++)
        value = value << 8 | der[2 + i];
    return 2 + n_bytes + value <= len ? 2 + n_bytes + value : 0;
}

size_t
bns_pem_decode(const BnsPem *pem, uint8_t *out_der)
{
    int state = 0;
    guint save = 0;
    size_t len = g_base64_decode_step(pem->body, pem->body_len, out_der, &state, &save);

    return sequence_len(out_der, len);
}
