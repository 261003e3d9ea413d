/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Codes and numbers that the clipboard's filter looks for. clipboard.c's alone.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define BEL 0x07
#define CAN 0x18
#define SUB 0x1a
#define ESC 0x1b
#define DEL 0x7f
/* C1 controls: one byte, or two in UTF-8. */
#define DCS 0x90
#define ST  0x9c
#define OSC 0x9d

/* Larger ones are all alike. */
#define NUMBER_MAX 1000000

static const unsigned numbers[] = { 52, 5522 };

/* iTerm2's numbers of many things, and how its keys for the clipboard begin: Copy and
 * CopyToClipboard. */
static const unsigned key_numbers[] = { 1337, 50 };
static const char key[] = ";Copy";
#define KEY_LEN (sizeof(key) - 1)

/* Terminals obey them, or not, without leaving the sequence. */
static inline bool
is_passed_over(unsigned code)
{
    return (code < ' ' && code != BEL && code != CAN && code != SUB && code != ESC) ||
           code == DEL;
}

static inline bool
is_among(unsigned number, const unsigned *some, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (some[i] == number)
            return true;
    return false;
}
