/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readings: every path that some server could see in a received one.
 *
 * For each decoding layer, with and without ";parameters", with and without "\" taken
 * for "/": the path as it is, with dot segments removed, with "//" collapsed, and with
 * both in either order (they differ: "/a//../b" is "/a/b" or "/b"). Most paths have one
 * reading, which is themselves; those cost no allocation, others one.
 */
#pragma once

#include "policy/path.h"

#include <glib.h>

/* Decodes each %XX of @path once; what is no escape stays. @out may be @path; it is not
 * terminated. Returns: the new length, @len if nothing was decoded. */
size_t bns_path_decode(const char *path, size_t len, char *out);

typedef struct {
    const char *text; /* owned by the readings */
    size_t len;
} BnsReading;

typedef struct {
    const char *path;   /* borrowed: as received, the first reading */
    BnsReading *others; /* owned, with their texts in one block, all different and not
                         * the path; NULL: there are none */
    guint n_others;
} BnsReadings;

/* @path must have passed bns_path_check(), and must outlive the readings. */
void bns_readings_init(BnsReadings *readings, const char *path);
void bns_readings_clear(BnsReadings *readings);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BnsReadings, bns_readings_clear)

guint bns_readings_count(const BnsReadings *readings);
/* Returns: (transfer none): one of them; 0 is the path as received. */
const char *bns_readings_get(const BnsReadings *readings, guint i);
