/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Landlock: a second lock behind the mounts, for the command and all that it starts.
 *
 * What the mounts show read-only is writable where a mount is missing: one that the host
 * makes during the session reaches the sandbox as it is there, a descriptor that the
 * caller handed over leads to a file of the host's own mount, and we may make mistakes.
 * So the kernel is told once more, by directory instead of by mount, where anything may be
 * written, made or removed: where the file view permits it, in what is rebuilt or the
 * session's own, and through what standard streams are open for writing. All below such
 * a directory is permitted: what is read-only in one is the mounts' affair alone. Reading is
 * theirs, too, and executing, unless the policy names what alone may be executed: that is
 * a rule here (sandbox/allowed.h), without which nothing starts.
 *
 * And no signal and no connection to an abstract socket leaves the command's processes:
 * those of its process group outside included.
 *
 * A domain that knows of files may mount nothing: with `nested: full` there are the scopes
 * alone, as there are where everything may be written (`mode: shared`).
 *
 * Source: Documentation/userspace-api/landlock.rst. The rights are those that the running
 * kernel knows, none that is newer than what was reviewed here. Nothing before its second
 * version (Linux 5.19): the first refuses every rename between two directories.
 *
 * Plain C.
 */
#pragma once

#include "sandbox/fault.h"
#include "sandbox/init.h"

#include <stdbool.h>

/* From these versions on there is a use for it: files, truncate(2), scopes, a log that
 * can be kept quiet. */
#define BNS_LANDLOCK_FILES    2
#define BNS_LANDLOCK_TRUNCATE 3
#define BNS_LANDLOCK_SCOPES   6
#define BNS_LANDLOCK_LOG      7

/* Returns: the version that the kernel has, 0: none, or switched off at boot; -errno:
 * somebody refuses to tell. */
int bns_landlock_version(void);

/* Whether writing is confined with such a configuration. */
bool bns_landlock_confines_files(const BnsInitConfig *config);

/**
 * bns_landlock_enter:
 *
 * For this process and all that it starts; needs no_new_privs, and all mounts made. What
 * the kernel lacks is left out; what it has and refuses is a fault.
 */
bool bns_landlock_enter(const BnsInitConfig *config, BnsFault *fault);
