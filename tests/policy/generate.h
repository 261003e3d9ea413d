/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Generated policies and questions, for what holds for all of them: small alphabets, so
 * that rules and requests meet often. GTest prints the seed; --seed repeats a run.
 *
 * A new key of a rule is a line of `extras` in generate.c; what a request may have that
 * the key is about is a line of generate_question().
 */
#pragma once

#include "tests/policy/policies.h"

#define PICK(table) ((table)[g_test_rand_int_range(0, G_N_ELEMENTS(table))])

/* Lists of rules are of owned strings as YAML has them, "!" before one makes it a
 * deny. */

/* Returns: (transfer full): an allow rule in string or mapping form. */
char *generate_rule(void);
/* Adds @rule with @sign, "" or "!", without what only an allow rule may have. */
void generate_add(GPtrArray *rules, const char *sign, const char *rule);
/* Returns: (transfer full): up to @most rules. */
GPtrArray *generate_rules(int most);
/* The same and a rule that is wide, or two layers would seldom allow the same. */
GPtrArray *generate_layer(int most);

/* Returns: (transfer full): a path that bns_path_check() lets through. */
char *generate_path(void);
void generate_question(Question *out_question);

/* Returns: (transfer full): a file with @rules. */
char *generate_yaml(const GPtrArray *rules);
/* Returns: (transfer full): their policy, or %NULL if they make none. */
BnsPolicy *generate_policy(const GPtrArray *rules);
/* Returns: (transfer full): @rules and the question, for a message. */
char *generate_show(const GPtrArray *rules, const Question *q);
