/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text: foreign text on a person's screen, and numbers.
 *
 * Host names, paths and arguments come from the command and may hold anything. What
 * is shown passes through here first, so that no byte can move a cursor or end a
 * quotation.
 */
#pragma once

#include <glib.h>
#include <stdint.h>

/**
 * bns_text_escape:
 * @bytes: (nullable): foreign bytes; %NULL gives "-"
 * @len: their number, or -1 if they end in NUL
 *
 * Returns: (transfer full): the same with every byte outside 0x20-0x7e, and the
 *          backslash, written as \xNN
 */
char *bns_text_escape(const char *bytes, gssize len);

/* Returns: (transfer full): @text in single quotes for a POSIX shell. Escape first:
 * only printable ASCII is safe to show. */
char *bns_text_shell_quote(const char *text);

/* Digits of UINT64_MAX. */
#define BNS_TEXT_DIGITS_MAX 20

/* Writes @value in decimal at the end of @buffer, which has BNS_TEXT_DIGITS_MAX bytes and
 * is not terminated: for what is written so often that printf(3) would be half of its cost.
 * Returns: (transfer none): the first digit. */
char *bns_text_digits(uint64_t value, char *buffer);

/* Of two places that hold strings (char **), by bytes: for qsort(3) and
 * g_ptr_array_sort(). */
int bns_text_compare(const void *a, const void *b);
