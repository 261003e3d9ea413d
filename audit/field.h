/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fields of a BnsRecord as one table: its encoder, its decoder and the JSON line all
 * walk it, so that a new field is one line and cannot be forgotten in one of them. The
 * table's order is the order of the fields in the line.
 */
#pragma once

#include "audit/record.h"

#include <stddef.h>

/**
 * BnsFieldKind:
 * @BNS_FIELD_STRING: a const char *; %NULL is absent
 * @BNS_FIELD_U16: a uint16_t; 0 is absent
 * @BNS_FIELD_U64: a uint64_t; 0 is absent
 * @BNS_FIELD_TRANSFER: a uint64_t; 0 is absent, but not at the end of a transfer
 * @BNS_FIELD_COUNT: a uint64_t that the line holds as a string; 0 is absent
 */
typedef enum {
    BNS_FIELD_STRING,
    BNS_FIELD_U16,
    BNS_FIELD_U64,
    BNS_FIELD_TRANSFER,
    BNS_FIELD_COUNT,
} BnsFieldKind;

typedef struct {
    const char *name; /* in the line */
    BnsFieldKind kind;
    size_t offset;   /* in BnsRecord */
    bool is_process; /* in the line it is a member of "process" */
} BnsField;

#define BNS_N_FIELDS 31
extern const BnsField bns_fields[BNS_N_FIELDS];

/* The value of a BNS_FIELD_STRING; NULL if absent. */
const char *bns_field_string(const BnsField *field, const BnsRecord *record);

/* The value of any other field. */
uint64_t bns_field_number(const BnsField *field, const BnsRecord *record);

/* Sets a BNS_FIELD_STRING; @value is borrowed. */
void bns_field_set_string(const BnsField *field, BnsRecord *record, const char *value);

/* Sets any other field. Returns: whether @value is in its range and not 0. */
bool bns_field_set_number(const BnsField *field, BnsRecord *record, uint64_t value);
