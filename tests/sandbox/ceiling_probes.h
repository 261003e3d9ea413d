/* SPDX-License-Identifier: Apache-2.0 */
/* What a policy opens: questions about one thing each. */
#pragma once

#include "tests/sandbox/ceiling_machine.h"

/* What is asked of a policy, and of the plan of its files. */
typedef struct {
    const Machine *machine;
    const BnsPolicy *policy;
    const BnsFilePlan *plan;
} Subject;

/* Returns: whether it is open. */
typedef bool (*Probe)(const Subject *subject, const char *what);

bool probe_allows(const Subject *subject, const char *what);
/* By a rule or since it is only observed. */
bool probe_lets_pass(const Subject *subject, const char *what);
/* @what: the value of x-a and, if it is there, of the content type. */
bool probe_allows_field(const Subject *subject, const char *what);
bool probe_allows_query(const Subject *subject, const char *what);
/* @what: 'r' or 's': more than ten bytes of a request or of the session. */
bool probe_lets_bytes_out(const Subject *subject, const char *what);
/* @what: an address behind x.org. */
bool probe_dials(const Subject *subject, const char *what);
/* @what: the key that is shown to x.org. */
bool probe_shows_certificate(const Subject *subject, const char *what);
/* @what: "+" and what machine_is_so() takes, or "-": open is what is not so. */
bool probe_has_file(const Subject *subject, const char *what);
bool probe_is_written_at_once(const Subject *subject, const char *what);
bool probe_only_reports(const Subject *subject, const char *what);
/* @what: "KEY VALUE": more than that, of which 0 is most. */
bool probe_exceeds(const Subject *subject, const char *what);
bool probe_is_nested(const Subject *subject, const char *what);
bool probe_has_clipboard(const Subject *subject, const char *what);
bool probe_is_turned_off(const Subject *subject, const char *what);
/* @what: a program. */
bool probe_may_execute(const Subject *subject, const char *what);
bool probe_is_unrecorded(const Subject *subject, const char *what);
bool probe_inherits(const Subject *subject, const char *what);
/* @what: a variable; open is what an entry passes that may, and none after it takes. */
bool probe_passes(const Subject *subject, const char *what);
/* @what: "NAME=VALUE". */
bool probe_sets(const Subject *subject, const char *what);
