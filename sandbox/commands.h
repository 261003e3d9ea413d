/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other subcommands: each prints its answer and returns an exit status
 * (boundary.1, EXIT STATUS).
 */
#pragma once

#include "policy/policy.h"
#include "sandbox/options.h"

int bns_check(const BnsOptions *options);
int bns_explain(const BnsOptions *options);
/* 0: all is expressed, 1: something is not, 2: it could not be read. */
int bns_import_command(const BnsOptions *options);
int bns_log(const BnsOptions *options);
int bns_log_verify(const BnsOptions *options);
/* 0: all is allowed by it, 1: something is left out, 2: it could not; with --check: 0
 * nothing would be blocked, 1 something, 2 it could not. */
int bns_suggest(const BnsOptions *options);
int bns_preset_command(const BnsOptions *options);
int bns_ps(const BnsOptions *options);
int bns_stop(const BnsOptions *options);
/* 0, 1: the session has refused it, 2: it could not be asked. */
int bns_allow(const BnsOptions *options);
int bns_review(const BnsOptions *options);

/* The one that starts a session of its own (verify.h). Returns: 0 if all holds, 1 if
 * something is open that the policy does not open, 125 if it could not be tried. */
int bns_verify(const BnsOptions *options);
