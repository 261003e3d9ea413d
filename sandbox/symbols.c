/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/symbols.h"

#define ESC     0x1b
#define C1_LEAD 0xc2

/* The first byte of a character of several: how many follow, and of what range the next
 * is, so that no character has two forms (RFC 3629). */
static void
begin_character(BnsSymbols *symbols, uint8_t byte)
{
    symbols->min_next = 0x80;
    symbols->max_next = 0xbf;
    if (byte > C1_LEAD && byte <= 0xdf)
        symbols->n_next = 1;
    else if (byte >= 0xe0 && byte <= 0xef)
        symbols->n_next = 2;
    else if (byte >= 0xf0 && byte <= 0xf4)
        symbols->n_next = 3;
    if (byte == 0xe0)
        symbols->min_next = 0xa0;
    else if (byte == 0xed)
        symbols->max_next = 0x9f;
    else if (byte == 0xf0)
        symbols->min_next = 0x90;
    else if (byte == 0xf4)
        symbols->max_next = 0x8f;
}

/* Returns: whether @byte goes on with the character that has begun. */
static bool
continues_character(BnsSymbols *symbols, uint8_t byte)
{
    bool does =
        symbols->n_next > 0 && byte >= symbols->min_next && byte <= symbols->max_next;

    symbols->n_next = does ? (uint8_t)(symbols->n_next - 1) : 0;
    symbols->min_next = 0x80;
    symbols->max_next = 0xbf;
    return does;
}

static BnsSymbol
part(uint8_t byte)
{
    return (BnsSymbol){ .code = BNS_SYMBOL_PART, .n_bytes = 1, .bytes = { byte } };
}

size_t
bns_symbols_take(BnsSymbols *symbols, uint8_t byte, BnsSymbol out[BNS_SYMBOLS_MAX])
{
    bool is_control = byte >= 0x80 && byte <= 0x9f;
    size_t n = 0;

    if (symbols->has_lead && is_control) {
        symbols->has_lead = false;
        out[0] = (BnsSymbol){ .code = byte, .n_bytes = 2, .bytes = { C1_LEAD, byte } };
        return 1;
    }
    if (symbols->has_lead) {
        symbols->has_lead = false;
        out[n++] = part(C1_LEAD);
    }
    if (continues_character(symbols, byte)) {
        out[n++] = part(byte);
        return n;
    }
    if (symbols->is_utf8 && byte == C1_LEAD) {
        symbols->has_lead = true;
        return n;
    }
    if (symbols->is_utf8)
        begin_character(symbols, byte);
    out[n] = part(byte);
    if (is_control || byte < 0x80)
        out[n].code = byte;
    return n + 1;
}

bool
bns_symbols_is_between(const BnsSymbols *symbols)
{
    return !symbols->has_lead && symbols->n_next == 0;
}

/* The length of what begins at @in, by the shortest way; 0: look at it. */
static inline size_t
plain_length(const uint8_t *in, size_t len, bool is_utf8)
{
    uint8_t byte = in[0];

    if (byte < 0x80 && byte != ESC)
        return 1;
    if (byte == ESC)
        return len > 1 && in[1] == '[' ? 2 : 0;
    if (!is_utf8 || byte <= C1_LEAD || len < 3 || (in[1] & 0xc0) != 0x80)
        return 0;
    if (byte < 0xe0)
        return 2;
    return byte > 0xe0 && byte < 0xed && (in[2] & 0xc0) == 0x80 ? 3 : 0;
}

size_t
bns_symbols_plain(const BnsSymbols *symbols, const uint8_t *in, size_t len)
{
    bool is_utf8 = symbols->is_utf8;
    size_t length = 1;
    size_t n = 0;

    while (n < len && length > 0) {
        length = plain_length(in + n, len - n, is_utf8);
        n += length;
    }
    return n;
}
