/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts: the files of a policy as they were read, and what was added to them, so that who may read no file, the gateway,
 * can make the same policy of them.
 *
 * bns_policy_load() fills one (BnsPolicySource.out_texts), or takes one instead of the file
 * system (BnsPolicySource.texts). What could not be read is in it by its name: it may come.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/stat.h>

typedef struct {
    char *path;    /* owned; absolute, as it was named */
    GBytes *bytes; /* owned; NULL: it could not be read */
    dev_t device;
    ino_t inode;
} BnsPolicyText;

/* An allow rule that was added to a running session. Both owned. */
typedef struct {
    char *origin; /* "allow#1" */
    char *rule;   /* in string form */
} BnsPolicyAdded;

BnsPolicyAdded *bns_policy_added_new(const char *origin, const char *rule);
/* For g_ptr_array_new_with_free_func(). */
void bns_policy_added_free(void *added);

typedef struct {
    GPtrArray *list;   /* owned, of owned BnsPolicyText, each path once */
    GHashTable *paths; /* owned; path -> borrowed BnsPolicyText */
    GPtrArray *system; /* owned, of owned paths: the system layer's files, in order */
    GPtrArray *added;  /* owned, of owned BnsPolicyAdded: rules besides files */
} BnsPolicyTexts;

BnsPolicyTexts *bns_policy_texts_new(void);
void bns_policy_texts_free(BnsPolicyTexts *texts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsPolicyTexts, bns_policy_texts_free)

/* @bytes: (nullable): %NULL: it could not be read. A path that is there already is not
 * changed by one that could not. */
void bns_policy_texts_add(BnsPolicyTexts *texts,
                          const char *path,
                          const struct stat *status,
                          GBytes *bytes);
/* (transfer none) (nullable) */
const BnsPolicyText *
bns_policy_texts_find(const BnsPolicyTexts *texts, const char *path);

/* Whether both have the same paths with the same bytes; which file it is is not compared,
 * nor what was added. */
bool bns_policy_texts_equal(const BnsPolicyTexts *a, const BnsPolicyTexts *b);

/* The first file with bytes in @before that has none in @after, as an editor or a full disk
 * leaves it. (transfer none) (nullable) */
const char *bns_policy_texts_find_emptied(const BnsPolicyTexts *before,
                                          const BnsPolicyTexts *after);

/* (transfer full) */
BnsPolicyTexts *bns_policy_texts_copy(const BnsPolicyTexts *texts);

/* (transfer full): as bytes, and back; for two processes of one session. */
GBytes *bns_policy_texts_pack(const BnsPolicyTexts *texts);
/* Pure. Returns: %NULL if @bytes are not what bns_policy_texts_pack() has made. */
BnsPolicyTexts *bns_policy_texts_unpack(GBytes *bytes);
