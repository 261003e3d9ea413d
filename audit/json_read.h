/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the lines that audit/json.h writes.
 *
 * Strict: an object of strings, whole numbers, lists and objects, without white space,
 * nested at most BNS_JSON_DEPTH_MAX deep, with limits for their number. What our
 * writer never writes (fractions, true, NUL in a string, a name twice in an object) is
 * refused, not guessed at. Pure; the text may be anybody's.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BNS_JSON_DEPTH_MAX 4
/* Members of one object, compared with each other by name; a record has about 25. */
#define BNS_JSON_MEMBERS_MAX 64
/* An argument counts as three bytes or more, so a whole command line of BNS_JSON_LIST_MAX
 * bytes fits. */
#define BNS_JSON_VALUES_MAX (32 * 1024)

typedef enum {
    BNS_JSON_STRING,
    BNS_JSON_NUMBER,
    BNS_JSON_LIST,
    BNS_JSON_OBJECT,
} BnsJsonKind;

typedef struct {
    BnsJsonKind kind;
    char *name;       /* owned; of a member of an object, else NULL */
    char *text;       /* owned; STRING: UTF-8, without NUL inside */
    uint64_t number;  /* NUMBER */
    GPtrArray *items; /* owned, of owned BnsJson; LIST and OBJECT */
} BnsJson;

/* Returns: (transfer full) (nullable): the object that is all of @text, or NULL. */
BnsJson *bns_json_parse(const char *text, size_t len);
void bns_json_free(BnsJson *json);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsJson, bns_json_free)

/* Returns: the member @name of @object, of this kind; NULL if there is none. */
const BnsJson *
bns_json_member(const BnsJson *object, const char *name, BnsJsonKind kind);

/* Returns: the string @name of @object, or NULL. */
const char *bns_json_text(const BnsJson *object, const char *name);

/* Returns: whether @object has the number @name. */
bool bns_json_number(const BnsJson *object, const char *name, uint64_t *out_number);
