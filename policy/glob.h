/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Globs: what a rule says of a value: `*` stands for any characters, also none; `\*` is a
 * star and `\\` a backslash; all else is itself. Allocates nothing when matching.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* What is compared, as it was received. */
typedef struct {
    const char *at;
    const char *end;
    bool is_escaped; /* a %XX stands for the byte XX */
    bool is_form;    /* and a + for a blank */
} BnsText;

typedef enum {
    BNS_GLOB_FOLD_CASE = 1 << 0, /* ASCII letters match whatever their case */
    BNS_GLOB_NO_COMMA = 1 << 1,  /* a star stands for no comma */
} BnsGlobFlags;

/* Returns: %NULL, or a static sentence (without its final dot) what to write instead. */
const char *bns_glob_check(const char *glob);
bool bns_glob_matches(const char *glob, BnsText text, BnsGlobFlags flags);

/* Takes the next byte of @text. Returns: it, or -1 at the end. */
int bns_text_next(BnsText *text);
bool bns_text_equals(BnsText text, const char *word);
