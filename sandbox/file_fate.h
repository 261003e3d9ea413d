/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File fate: what the command finds at a path of the host, by the plan that a session
 * would be made from (sandbox/file_plan.h) and what is protected besides
 * (sandbox/protect.h), in the order in which init mounts them (sandbox/mounts.c).
 *
 * Nothing is decided here: each answer is the plan's.
 */
#pragma once

#include "sandbox/file_plan.h"

#include <glib.h>
#include <stdbool.h>

/**
 * BnsFateKind:
 * @BNS_FATE_HIDDEN: it is not there
 * @BNS_FATE_ABSENT: it is not there, since the sandbox has a directory of its own around
 *                   it; what is made there is gone at the end
 * @BNS_FATE_OWN: the sandbox makes it itself
 * @BNS_FATE_READ_ONLY: the host's, to be read
 * @BNS_FATE_PROTECTED: the same, in the midst of what can be written
 * @BNS_FATE_WRITE: the host's, writable as it is there
 * @BNS_FATE_PRIVATE: what is written is gone at the end
 * @BNS_FATE_PERSIST: a copy, which is written back at the end
 * @BNS_FATE_REVIEW: what is written is kept apart, to be looked at
 */
typedef enum {
    BNS_FATE_HIDDEN,
    BNS_FATE_ABSENT,
    BNS_FATE_OWN,
    BNS_FATE_READ_ONLY,
    BNS_FATE_PROTECTED,
    BNS_FATE_WRITE,
    BNS_FATE_PRIVATE,
    BNS_FATE_PERSIST,
    BNS_FATE_REVIEW,
    BNS_N_FATES,
} BnsFateKind;

/* Borrowed from the plan, or static. */
typedef struct {
    BnsFateKind kind;
    const char *rule;  /* where what decides was said; NULL: nowhere */
    const char *place; /* the path that it was said of; NULL: of none */
    const char *why;   /* of a default; NULL: not known */
    bool is_rebuilt;   /* its directory is made anew: a name that is not there (hidden,
                        * for one) can be made, and is gone at the end */
} BnsFileFate;

/* Both borrowed. */
typedef struct {
    const BnsFilePlan *plan;
    const char *const *protected_paths; /* of bns_protect_paths(), pins among them */
} BnsFateSource;

/* "hidden", "absent", "own", "read_only", ... */
const char *bns_fate_name(BnsFateKind kind);
/* Whether the command can read the host's file, and whether it can write to that name. */
bool bns_fate_is_readable(const BnsFileFate *fate);
bool bns_fate_is_writable(const BnsFileFate *fate);

/* @path: absolute; what of it exists without symbolic links. Looks at the host's files. */
BnsFileFate bns_file_fate(const BnsFateSource *source, const char *path);
