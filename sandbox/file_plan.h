/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File plan: from a policy to what the command sees of this machine's files.
 *
 * What can be written: the working directory, or what `write:` lists, and what the
 * command line adds; in `mode: shared` everything. What is private or hidden: the table in
 * data/files.inc, the keys that the gateway holds for the policy's rules (client_key:),
 * then the policy's entries, then the command line's: the deepest decides,
 * among equally deep ones the last. To write somewhere, or to have it private, is to see
 * it.
 *
 * What the host executes later is read-only where the command may write, unless the policy
 * makes it writable by a name of its own (sandbox/file_protect.h).
 *
 * A file to persist is copied into the session, and its directory rebuilt, where it would
 * not be kept otherwise; sandbox/persist.h writes it back.
 *
 * With `review:` what can be written is a layer over the host's directory
 * (sandbox/review_mount.h); nothing in it needs to be protected or rebuilt.
 *
 * What a symbolic link or another mount shows of something hidden is hidden, too, and a
 * directory that holds something hidden is rebuilt (sandbox/rebuild.h): what the command
 * makes directly in it lives as long as the session.
 */
#pragma once

#include "policy/policy.h"
#include "sandbox/file_view.h"
#include "sandbox/places.h"

#include <glib.h>

#define BNS_FILE_PLAN_ERROR (bns_file_plan_error_quark())
GQuark bns_file_plan_error_quark(void);

typedef struct {
    BnsFileView view;     /* of what is below; lives as long as the plan */
    GPtrArray *rebuilt;   /* owned, of owned paths, NULL-terminated */
    GPtrArray *persisted; /* owned, of owned paths, NULL-terminated */
    GPtrArray *pins;     /* owned, of owned real paths: what is read-only within what is
                         * not */
    GHashTable *origins; /* owned: of pins, persisted files and sockets, by their paths:
                          * where it was said, of owned strings */
    GPtrArray
        *watched;      /* owned, of owned real paths, NULL-terminated: where to look for
                         * what was changed (sandbox/file_protect.h) */
    GPtrArray *masked; /* owned, of owned real paths, NULL-terminated: what is hidden
                           * in directories to review, there or not */
    GPtrArray *sockets; /* owned, of owned real paths, NULL-terminated: of the host's,
                         * which the command may reach */
    GPtrArray *notices; /* owned, of owned lines for the person */
    GString *lines;     /* owned: `check`'s: "ORIGIN\tKIND\tPATH\n" */
    GArray *rules;      /* owned; what the view borrows */
    GArray *mounts;     /* owned */
    GPtrArray *strings; /* owned, of owned strings: what these and the view borrow */
} BnsFilePlan;

/**
 * bns_file_plan_new:
 * @workdir: of the command; a real path
 *
 * Returns: (transfer full): the plan, or %NULL with @error: what was named cannot be had
 */
BnsFilePlan *bns_file_plan_new(const BnsPolicy *policy,
                               const BnsPlaces *places,
                               const char *workdir,
                               GError **error);
void bns_file_plan_free(BnsFilePlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsFilePlan, bns_file_plan_free)
