/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/request_header.h"

#include "netstack/gateway/http1_private.h"

#include <string.h>

#define CRUMB "; "

/* The block that is filled: the header, then its fields, then their bytes. */
typedef struct {
    BnsRequestHeader *header;
    BnsRequestField *fields;
    char *bytes;
} Block;

static bool
is_passed_on(const BnsHttpField *field)
{
    return !field->hop_by_hop &&
           (bns_http1_name_traits(field->name) & BNS_NAME_HOP) == 0;
}

static bool
is_cookie(const BnsHttpField *field)
{
    return bns_slice_equal_case(field->name, "cookie");
}

static size_t
count_bytes(const BnsHttpHead *head)
{
    size_t n = 0;

    for (size_t i = 0; i < head->n_fields; i++)
        n += head->fields[i].name.len + head->fields[i].value.len + strlen(CRUMB);
    return n;
}

static const char *
put(Block *block, const char *at, size_t len)
{
    char *copy = block->bytes;

    if (len > 0)
        memcpy(copy, at, len);
    block->bytes += len;
    return copy;
}

static BnsRequestField *
add(Block *block, const BnsHttpField *field)
{
    BnsRequestField *added = &block->fields[block->header->n_fields++];

    added->name = put(block, field->name.at, field->name.len);
    added->name_len = field->name.len;
    added->value = put(block, field->value.at, field->value.len);
    added->value_len = field->value.len;
    return added;
}

/* HTTP/2 may send its pairs in fields of their own (RFC 9113, 8.2.3). */
static void
add_cookies(Block *block, const BnsHttpHead *head)
{
    BnsRequestField *cookie = NULL;

    for (size_t i = 0; i < head->n_fields; i++) {
        const BnsHttpField *field = &head->fields[i];

        if (!is_cookie(field) || !is_passed_on(field))
            continue;
        if (cookie == NULL) {
            cookie = add(block, field);
            continue;
        }
        put(block, CRUMB, strlen(CRUMB));
        put(block, field->value.at, field->value.len);
        cookie->value_len = (size_t)(block->bytes - cookie->value);
    }
}

BnsRequestHeader *
bns_request_header_new(const BnsHttpHead *head, bool has_body)
{
    size_t fields_size = head->n_fields * sizeof(BnsRequestField);
    BnsRequestHeader *header =
        g_malloc(sizeof(BnsRequestHeader) + fields_size + count_bytes(head));
    Block block = { .header = header, .fields = (BnsRequestField *)(header + 1) };

    block.bytes = (char *)(block.fields + head->n_fields);
    *header = (BnsRequestHeader){ .fields = block.fields, .has_body = has_body };
    for (size_t i = 0; i < head->n_fields; i++)
        if (is_passed_on(&head->fields[i]) && !is_cookie(&head->fields[i]))
            add(&block, &head->fields[i]);
    add_cookies(&block, head);
    return header;
}
