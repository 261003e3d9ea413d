/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of audit/ share: a directory, and audit files in it.
 */
#pragma once

#include "audit/recorder.h"

#include <stdbool.h>

/* Returns: (transfer full): a new directory; free it with sample_remove(). */
char *sample_dir(void);
void sample_remove(char *dir);

/* Gives this process a /var/tmp of its own, so that tests may plant what they like there
 * and leave the user's alone. Call it before there are threads. Returns: whether it
 * could. */
bool sample_own_var_tmp(void);

/* Opens @path; fails the test if that is not possible. */
BnsAuditFile *sample_open(const char *path);

/* Writes session.start, @requests http.request (the third and each third after it is
 * denied), and session.end if @is_ended. */
void sample_session(BnsAuditFile *file, unsigned requests, bool is_ended);

/* Returns: (transfer full): what is in @path. */
char *sample_read(const char *path, gsize *out_len);

/* Replaces what is in @path. */
void sample_write(const char *path, const char *bytes, gsize len);

/* Returns: (transfer full): what `log verify` prints; its status must be @status. */
char *sample_verify(const char *path, int status);
