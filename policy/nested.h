/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nested: which namespaces the command may make, as the sandboxes that some programs have
 * of their own need them: `nested:`.
 */
#pragma once

/**
 * BnsNested:
 * @BNS_NESTED_NONE: none; the least of the kernel can be reached
 * @BNS_NESTED_CHROMIUM: user namespaces, and below them all but those of mounts: for
 *                       Chromium's sandbox and what is built on it
 * @BNS_NESTED_FULL: mount namespaces too, for bwrap(1) and container engines. There a
 *                   process can leave our mounts behind, and so move what is pinned
 */
typedef enum {
    BNS_NESTED_NONE,
    BNS_NESTED_CHROMIUM,
    BNS_NESTED_FULL,
    BNS_N_NESTED,
} BnsNested;
