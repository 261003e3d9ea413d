/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Git keys: what of a git configuration names a program that git runs, or another file
 * that may.
 */
#pragma once

#include <glib.h>

/* Returns: (transfer full): those settings, a line each, in the order of the file; a
 * section's header and a key compare as git does. @text: any bytes. Pure. */
char *bns_git_keys(const char *text, gsize len);
