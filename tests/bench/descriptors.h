/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors: a connection is one on each side.
 */
#pragma once

/* From now on this process may have as many as its hard limit says. */
void descriptors_raise(void);
