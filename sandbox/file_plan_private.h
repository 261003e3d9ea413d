/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of a file plan, for sandbox/file_plan*.c: first what is mounted, then
 * what is hidden and shown, then which directories must be rebuilt for that, and what it
 * does to the first.
 */
#pragma once

#include "sandbox/file_names.h"
#include "sandbox/file_plan.h"

/* Where an entry comes from. */
typedef struct {
    const char *name; /* "default", "file:line", "--write#1" */
    bool is_default;  /* nobody asked for it: what cannot be had is passed over */
    bool is_ceiling;  /* of a system policy: it takes, and grants nothing */
    bool is_preset;   /* the same, but it counts as what a policy says */
    const char *why;  /* (nullable): of a default, static */
} BnsFileOrigin;

/* What a system policy says of a path; of what is hidden in it there are rules. */
typedef struct {
    BnsFileKind kind;
    char *path;         /* owned; real as far as it exists */
    const char *origin; /* borrowed */
} BnsCeilingPlace;

/* One thing that differs from what is around it, before it becomes a BnsViewMount. */
typedef struct {
    char *path; /* owned; real */
    BnsViewAccess access;
    BnsFileOrigin origin;
} BnsPlannedMount;

typedef struct {
    BnsFilePlan *plan; /* borrowed */
    const BnsPolicy *policy;
    const BnsFiles *files; /* of the policy */
    const BnsPlaces *places;
    BnsFileNames *names;    /* owned */
    char *mountinfo;        /* owned; for aliases */
    GArray *mounts;         /* owned, of BnsPlannedMount; parents first once sorted */
    GArray *ceiling_places; /* owned, of BnsCeilingPlace, as a system policy has them */
    GArray *ceiling_rules;  /* owned, of BnsViewRule, which borrow from the plan */
} BnsFilePlanning;

/* "ORIGIN\tKIND\tPATH" for `check`. */
void bns_file_plan_note(BnsFilePlan *plan,
                        const char *origin,
                        const char *kind,
                        const char *path);

/* Makes @path, real, read-only where it is: @kind says it to `check`. */
void bns_file_plan_pin(BnsFilePlanning *planning,
                       const char *origin,
                       const char *kind,
                       const char *path);

bool G_GNUC_PRINTF(2, 3) bns_file_plan_fail(GError **error, const char *format, ...);

/* Calls @func for each entry: the defaults, the keys of the policy's client certificates,
 * what the policy says as far as a system policy lets it, then what that one takes. */
typedef bool (*BnsFileEntryFunc)(BnsFilePlanning *planning,
                                 BnsFileKind kind,
                                 const char *path,
                                 const BnsFileOrigin *origin,
                                 GError **error);
bool
bns_file_plan_each(BnsFilePlanning *planning, BnsFileEntryFunc func, GError **error);

/* file_plan_ceiling.c: of a system policy */
bool bns_file_plan_read_ceiling(BnsFilePlanning *planning, GError **error);
void bns_file_plan_clear_ceiling(BnsFilePlanning *planning);
/* Whether it hides @path, absolute, or all that the pattern in its last part may stand for. */
bool bns_file_plan_ceiling_hides(const BnsFilePlanning *planning, const char *path);
/* Calls @func for what a system policy leaves of the entry: all, nothing, or of what may be
 * written the parts that it lists. */
bool bns_file_plan_call(BnsFilePlanning *planning,
                        BnsFileEntryFunc func,
                        BnsFileKind kind,
                        const char *path,
                        const BnsFileOrigin *origin,
                        GError **error);
/* Calls @func for what it makes read-only or private. */
bool bns_file_plan_each_ceiling(BnsFilePlanning *planning,
                                BnsFileEntryFunc func,
                                GError **error);

/* file_plan_hide.c */
/* Adds the rules of one entry. */
bool bns_file_plan_add_rules_of(BnsFilePlanning *planning,
                                BnsFileKind kind,
                                const char *path,
                                const BnsFileOrigin *origin,
                                GError **error);
bool bns_file_plan_add_rules(BnsFilePlanning *planning, GError **error);
bool bns_file_plan_add_rebuilt(BnsFilePlanning *planning, GError **error);
/* @dir, and what is above it up to one that stays in its place. */
void bns_file_plan_rebuild(BnsFilePlanning *planning, const char *dir);

/* file_plan_persist.c; once it is known what is hidden and rebuilt for that */
bool bns_file_plan_add_persisted(BnsFilePlanning *planning, GError **error);

/* file_plan_mount.c */
bool bns_file_plan_add_mounts(BnsFilePlanning *planning, GError **error);
bool bns_file_plan_finish_mounts(BnsFilePlanning *planning, GError **error);
/* The deepest that holds @path; NULL: none. */
const BnsPlannedMount *
bns_file_plan_find_mount(const BnsFilePlanning *planning, const char *path);

/* file_plan_mount.c: whether the program keeps files of its own in @path. */
bool bns_file_plan_holds_ours(const BnsPlaces *places, const char *path);

/* file_plan_review.c */
bool bns_file_plan_is_review(const BnsFilePlanning *planning);
/* Whether what is written to @path goes into a layer to review. */
bool bns_file_plan_is_reviewed(const BnsFilePlanning *planning, const char *path);
/* Once mounts are sorted: whether each can be a layer. */
bool bns_file_plan_check_review(BnsFilePlanning *planning, GError **error);
/* Once there are rules. */
void bns_file_plan_add_masked(BnsFilePlanning *planning);

/* file_plan_protect.c; once mounts are sorted */
void bns_file_plan_add_pins(BnsFilePlanning *planning);
