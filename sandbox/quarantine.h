/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quarantine: a file that the host would execute, and that was made or changed during the
 * session, is moved aside, and what was there at the start put back.
 *
 * It is moved beside the audit (sandbox/keep.h), or, where that cannot be (a full disk, more
 * than is copied to another file system), gets another name where it is. Nothing is lost,
 * and no symbolic link is followed: a link is moved itself. What another program of the
 * host makes of the name meanwhile stays.
 */
#pragma once

#include "sandbox/keep.h"
#include "sandbox/originals.h"

/**
 * BnsQuarantined: what there is at the path now.
 * @BNS_QUARANTINED_GONE: nothing
 * @BNS_QUARANTINED_RESTORED: what was there at the start
 * @BNS_QUARANTINED_NOT: what was there: it could not be moved
 */
typedef enum {
    BNS_QUARANTINED_GONE,
    BNS_QUARANTINED_RESTORED,
    BNS_QUARANTINED_NOT,
} BnsQuarantined;

/**
 * bns_quarantine:
 * @path: absolute and real
 * @original: (nullable): what was there at the start; %NULL: nothing
 * @out_kept: (transfer full) (nullable): where it lies now; %NULL: it was gone, or not
 *            moved
 *
 * If NOT, errno says why.
 */
BnsQuarantined bns_quarantine(const char *path,
                              const BnsOriginal *original,
                              BnsKeep *keep,
                              char **out_kept);
