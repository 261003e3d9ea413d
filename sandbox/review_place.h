/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Review place: one file, link or directory of an upper comes to its name in a tree.
 *
 * For review_apply.c alone, which knows whether it may.
 */
#pragma once

#include "sandbox/review_changes.h"

/* Where from and where to. Borrowed. */
typedef struct {
    int upper_fd;          /* directory of the upper */
    int lower_fd;          /* the same of the tree */
    const char *name;      /* in both */
    const char *temporary; /* a name in lower_fd that nobody else uses; what has it was
                              * left by one of us that was killed */
    const BnsChange *change; /* of it */
    bool is_replacing;       /* what has come to the name meanwhile goes, too */
} BnsReviewPlace;

/* A regular file. Returns: (transfer full): the new one, or -errno (-EEXIST: there is one
 * by now). */
int bns_review_place_file(const BnsReviewPlace *place);

/* The same by a further name of @other_name in @other_fd, if that is the file @same still;
 * 0 or -errno (-ESTALE: it is not). */
int bns_review_place_link(const BnsReviewPlace *place,
                          int other_fd,
                          const char *other_name,
                          const struct stat *same);

/* A symbolic link. 0 or -errno. */
int bns_review_place_symlink(const BnsReviewPlace *place);

/* A directory, which only its owner may use until bns_review_finish_directory(). 0 or
 * -errno. */
int bns_review_place_directory(const BnsReviewPlace *place);

/* Sets permissions of what is there already; of a directory its owner's stay until the
 * following. 0 or -errno. */
int bns_review_place_mode(const BnsReviewPlace *place);

/* It is filled: permissions, and if it is new (not BNS_CHANGE_MODE) times and attributes. 0
 * or -errno. */
int bns_review_finish_directory(const BnsReviewPlace *place);
