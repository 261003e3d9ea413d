/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Symbols: the bytes that a program writes to its terminal, as controls and what is none.
 *
 * A control of the C1 set is one byte, 0x80 to 0x9f, where the terminal reads bytes, and
 * two in UTF-8, where the same byte may also be part of a longer character. In what is not
 * UTF-8 such a byte counts as the control: some terminals obey it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* No control, nor ASCII: a byte of a longer character, or of none. */
#define BNS_SYMBOL_PART 0x100

/* One byte may end one symbol that waited for it, and be one itself. */
#define BNS_SYMBOLS_MAX 2

typedef struct {
    unsigned code; /* below 0xa0, or BNS_SYMBOL_PART */
    uint8_t n_bytes;
    uint8_t bytes[2]; /* what it came as */
} BnsSymbol;

/* To begin with all is zero, but @is_utf8. */
typedef struct {
    bool is_utf8;
    bool has_lead;              /* 0xc2 came, which makes a control of some bytes */
    uint8_t min_next, max_next; /* of the next byte of a character of several */
    uint8_t n_next;             /* of those bytes still to come */
} BnsSymbols;

/* Takes one byte. Pure. Returns: how many symbols of @out are complete by it. */
size_t
bns_symbols_take(BnsSymbols *symbols, uint8_t byte, BnsSymbol out[BNS_SYMBOLS_MAX]);

/* Whether the next byte begins a symbol. */
bool bns_symbols_is_between(const BnsSymbols *symbols);

/* How many bytes at the beginning of @in are surely no control but those of C0 without
 * ESC, or the beginning of a CSI sequence (ESC [); to be asked between symbols. A shorter
 * answer is right, too. */
size_t bns_symbols_plain(const BnsSymbols *symbols, const uint8_t *in, size_t len);
