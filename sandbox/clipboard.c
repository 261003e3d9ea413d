/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/clipboard.h"

#include "sandbox/clipboard_codes.h"

#include <glib.h>
#include <string.h>

typedef struct {
    uint8_t *at;
} Output;

static void step(BnsClipboard *clipboard, const BnsSymbol *symbol, Output *output);

static void
put(Output *output, const uint8_t *bytes, size_t n)
{
    memcpy(output->at, bytes, n);
    output->at += n;
}

static void
put_symbol(Output *output, const BnsSymbol *symbol)
{
    put(output, symbol->bytes, symbol->n_bytes);
}

/* Lets the first @n of the held bytes go. */
static void
release(BnsClipboard *clipboard, size_t n, Output *output)
{
    put(output, clipboard->held, n);
    clipboard->n_held -= n;
    memmove(clipboard->held, clipboard->held + n, clipboard->n_held);
}

/* All of them and @symbol: they were nothing of ours. */
static void
pass(BnsClipboard *clipboard, const BnsSymbol *symbol, Output *output)
{
    release(clipboard, clipboard->n_held, output);
    put_symbol(output, symbol);
    clipboard->state = BNS_CLIPBOARD_TEXT;
}

static bool
is_full(const BnsClipboard *clipboard, const BnsSymbol *symbol)
{
    return clipboard->n_held + symbol->n_bytes > BNS_CLIPBOARD_HELD_MAX;
}

static void
hold(BnsClipboard *clipboard, const BnsSymbol *symbol)
{
    memcpy(clipboard->held + clipboard->n_held, symbol->bytes, symbol->n_bytes);
    clipboard->n_held += symbol->n_bytes;
}

static void
drop(BnsClipboard *clipboard)
{
    clipboard->n_held = 0;
    clipboard->n_dropped = 0;
    clipboard->state = BNS_CLIPBOARD_DROP;
}

static void
end_drop(BnsClipboard *clipboard)
{
    clipboard->n_held = 0;
    clipboard->state = BNS_CLIPBOARD_TEXT;
}

static bool
is_clipboard(const BnsClipboard *clipboard)
{
    return is_among(clipboard->number, numbers, G_N_ELEMENTS(numbers));
}

static void
begin_escape(BnsClipboard *clipboard, const BnsSymbol *symbol, BnsClipboardState state)
{
    clipboard->n_escapes = 1;
    hold(clipboard, symbol);
    clipboard->state = state;
}

/* The introducer is complete with @symbol. What was held before it, which it interrupts,
 * shares its fate: what comes after a sequence that is dropped must not complete what
 * stood before it. */
static void
begin_number(BnsClipboard *clipboard, const BnsSymbol *symbol)
{
    hold(clipboard, symbol);
    clipboard->number = 0;
    clipboard->n_key = 0;
    clipboard->state = BNS_CLIPBOARD_NUMBER;
}

static void
begin_dcs(BnsClipboard *clipboard, const BnsSymbol *symbol)
{
    hold(clipboard, symbol);
    clipboard->n_key = 0;
    clipboard->state = BNS_CLIPBOARD_DCS;
}

/* ESC \ ends a multiplexer's string if its ESC is not doubled. */
static bool
ends_string(const BnsClipboard *clipboard)
{
    return clipboard->in_string && clipboard->n_escapes % 2 == 1;
}

/* What is not complete in the string goes: the rest may come in the next one. */
static void
end_string(BnsClipboard *clipboard,
           bool has_escape,
           const BnsSymbol *symbol,
           Output *output)
{
    clipboard->n_held = 0;
    clipboard->in_string = false;
    clipboard->state = BNS_CLIPBOARD_TEXT;
    if (has_escape)
        put(output, (const uint8_t[]){ ESC }, 1);
    put_symbol(output, symbol);
}

static void
step_text(BnsClipboard *clipboard, const BnsSymbol *symbol, Output *output)
{
    switch (symbol->code) {
    case ESC:
        begin_escape(clipboard, symbol, BNS_CLIPBOARD_ESCAPE);
        return;
    case OSC:
        begin_number(clipboard, symbol);
        return;
    case DCS:
        /* Of one byte it is rather the last of a letter: who has macros reads UTF-8. */
        if (symbol->n_bytes == 2) {
            begin_dcs(clipboard, symbol);
            return;
        }
        clipboard->in_string = true;
        break;
    case ST:
        clipboard->in_string = false;
        break;
    }
    put_symbol(output, symbol);
}

/* More of what may stand between ESC and what it introduces. Returns: whether @symbol is
 * that. */
static bool
holds_escape(BnsClipboard *clipboard, const BnsSymbol *symbol)
{
    bool is_escape = symbol->code == ESC;

    if (!is_escape && !is_passed_over(symbol->code) && symbol->code != BEL)
        return false;
    clipboard->n_escapes = is_escape ? clipboard->n_escapes + 1 : 0;
    hold(clipboard, symbol);
    return true;
}

static void
step_escape(BnsClipboard *clipboard, const BnsSymbol *symbol, Output *output)
{
    unsigned code = symbol->code;

    /* Whatever it becomes, its beginning alone does nothing. */
    if (is_full(clipboard, symbol))
        release(clipboard, clipboard->n_held, output);
    if (holds_escape(clipboard, symbol))
        return;
    if (code == ']' || code == OSC) {
        begin_number(clipboard, symbol);
    } else if (code == '%') {
        clipboard->n_held = 0;
        clipboard->state = BNS_CLIPBOARD_CODING;
    } else if (code == '\\' && ends_string(clipboard)) {
        end_string(clipboard, true, symbol, output);
    } else if (code == DCS || code == ST) {
        release(clipboard, clipboard->n_held, output);
        clipboard->state = BNS_CLIPBOARD_TEXT;
        step_text(clipboard, symbol, output);
    } else if (code == 'P') {
        begin_dcs(clipboard, symbol);
    } else {
        pass(clipboard, symbol, output);
    }
}

/* Another coding system (ISO 2022): in it what is text for us may be a control. What cuts
 * the sequence short is not part of it. */
static void
step_coding(BnsClipboard *clipboard, const BnsSymbol *symbol, Output *output)
{
    unsigned code = symbol->code;

    if (is_passed_over(code) || (code >= ' ' && code < '0'))
        return;
    clipboard->state = BNS_CLIPBOARD_TEXT;
    if (code < '0' || code > '~')
        step_text(clipboard, symbol, output);
}

/* Digits, then "!z": a macro (DECDMAC), of bytes in hexadecimal digits, to be played by
 * another sequence. n_key: 1: digits have come, 2: the exclamation mark. */
static void
step_dcs(BnsClipboard *clipboard, const BnsSymbol *symbol, Output *output)
{
    unsigned code = symbol->code;
    bool is_parameter = code >= '0' && code <= ';';
    bool is_begun = clipboard->n_key > 0 || clipboard->in_string;

    if (is_full(clipboard, symbol) || (code == 'z' && clipboard->n_key == 2)) {
        drop(clipboard);
    } else if (is_passed_over(code) || is_parameter || code == '!') {
        if (!is_passed_over(code))
            clipboard->n_key = code == '!' ? 2 : MAX(clipboard->n_key, 1);
        hold(clipboard, symbol);
    } else if (code == ESC && is_begun) {
        /* The rest may come in another string. */
        clipboard->n_held = 0;
        begin_escape(clipboard, symbol, BNS_CLIPBOARD_ESCAPE);
    } else {
        release(clipboard, clipboard->n_held, output);
        clipboard->in_string = true;
        clipboard->state = BNS_CLIPBOARD_TEXT;
        step_text(clipboard, symbol, output);
    }
}

/* The number is followed by what is neither of it nor an end. */
static void
end_number(BnsClipboard *clipboard, const BnsSymbol *symbol, Output *output)
{
    if (is_clipboard(clipboard))
        drop(clipboard);
    else
        pass(clipboard, symbol, output);
}

/* The sequence ends with the number. */
static void
end_sequence(BnsClipboard *clipboard, const BnsSymbol *symbol, Output *output)
{
    if (is_clipboard(clipboard))
        end_drop(clipboard);
    else
        pass(clipboard, symbol, output);
}

/* Of the number, or nothing that surely ends it: bytes that are no text are dropped by
 * some terminals, as is a C1 control of one byte by those that read UTF-8. */
static bool
holds_number(BnsClipboard *clipboard, const BnsSymbol *symbol)
{
    unsigned code = symbol->code;
    bool is_digit = code >= '0' && code <= '9';
    bool is_control = code == OSC || code == DCS || code == ST;
    bool is_sure = is_control && (symbol->n_bytes == 2 || !clipboard->symbols.is_utf8);

    if (clipboard->n_key > 0)
        return false;
    if (is_digit)
        clipboard->number = MIN(clipboard->number * 10 + (code - '0'), NUMBER_MAX);
    else if (!is_passed_over(code) && code != ' ' && code != '+' &&
             (code < 0x80 || is_sure))
        return false;
    hold(clipboard, symbol);
    return true;
}

/* The number, or its key, goes on to be one of iTerm2's for the clipboard. */
static bool
holds_key(BnsClipboard *clipboard, const BnsSymbol *symbol)
{
    bool is_next = clipboard->n_key < KEY_LEN &&
                   symbol->code == (unsigned)key[clipboard->n_key] &&
                   is_among(clipboard->number, key_numbers, G_N_ELEMENTS(key_numbers));

    if (!is_next && (clipboard->n_key == 0 || !is_passed_over(symbol->code)))
        return false;
    clipboard->n_key += is_next;
    hold(clipboard, symbol);
    if (clipboard->n_key == KEY_LEN)
        drop(clipboard);
    return true;
}

static void
step_number(BnsClipboard *clipboard, const BnsSymbol *symbol, Output *output)
{
    unsigned code = symbol->code;

    if (is_full(clipboard, symbol)) {
        drop(clipboard);
        step(clipboard, symbol, output);
    } else if (holds_number(clipboard, symbol) || holds_key(clipboard, symbol)) {
        return;
    } else if (code == ESC) {
        begin_escape(clipboard, symbol, BNS_CLIPBOARD_NUMBER_ESCAPE);
    } else if (code == OSC) {
        begin_number(clipboard, symbol);
    } else if (code == DCS) {
        release(clipboard, clipboard->n_held, output);
        clipboard->state = BNS_CLIPBOARD_TEXT;
        step_text(clipboard, symbol, output);
    } else if (code == ST && clipboard->in_string) {
        end_string(clipboard, false, symbol, output);
    } else if (code == ST || code == BEL) {
        end_sequence(clipboard, symbol, output);
    } else if (code == CAN || code == SUB) {
        pass(clipboard, symbol, output);
    } else {
        end_number(clipboard, symbol, output);
    }
}

static void
step_number_escape(BnsClipboard *clipboard, const BnsSymbol *symbol, Output *output)
{
    if (is_full(clipboard, symbol)) {
        drop(clipboard);
        step(clipboard, symbol, output);
    } else if (symbol->code == '\\' && ends_string(clipboard)) {
        end_string(clipboard, true, symbol, output);
    } else if (symbol->code == '\\') {
        end_sequence(clipboard, symbol, output);
    } else if (!holds_escape(clipboard, symbol)) {
        /* Something new begins with the ESC. */
        step_escape(clipboard, symbol, output);
    }
}

static void
step_drop(BnsClipboard *clipboard, const BnsSymbol *symbol, Output *output)
{
    switch (symbol->code) {
    case ESC:
        begin_escape(clipboard, symbol, BNS_CLIPBOARD_DROP_ESCAPE);
        return;
    case ST:
        if (clipboard->in_string)
            end_string(clipboard, false, symbol, output);
        else
            end_drop(clipboard);
        return;
    case BEL:
        end_drop(clipboard);
        return;
    case CAN:
    case SUB:
    case OSC:
    case DCS:
        end_drop(clipboard);
        step_text(clipboard, symbol, output);
        return;
    }
    clipboard->n_dropped += symbol->n_bytes;
    if (clipboard->n_dropped >= BNS_CLIPBOARD_SEQUENCE_MAX)
        end_drop(clipboard);
}

static void
step_drop_escape(BnsClipboard *clipboard, const BnsSymbol *symbol, Output *output)
{
    if (symbol->code == '\\' && ends_string(clipboard)) {
        clipboard->n_held = 0;
        hold(clipboard, &(BnsSymbol){ .code = ESC, .n_bytes = 1, .bytes = { ESC } });
        hold(clipboard, symbol);
        clipboard->state = BNS_CLIPBOARD_SEAM;
    } else if (symbol->code == '\\') {
        end_drop(clipboard);
    } else {
        /* A row of ESC may still be an end. */
        step_escape(clipboard, symbol, output);
    }
}

/* The string has ended, and with it all that was to be dropped. */
static void
end_seam(BnsClipboard *clipboard, Output *output)
{
    release(clipboard, 2, output);
    clipboard->in_string = false;
    clipboard->state =
        clipboard->n_held > 0 ? BNS_CLIPBOARD_ESCAPE : BNS_CLIPBOARD_TEXT;
}

static void
step_seam(BnsClipboard *clipboard, const BnsSymbol *symbol, Output *output)
{
    if (symbol->code == ESC) {
        begin_escape(clipboard, symbol, BNS_CLIPBOARD_SEAM_ESCAPE);
    } else if (symbol->code == DCS) {
        clipboard->n_held = 0;
        clipboard->state = BNS_CLIPBOARD_DROP;
    } else {
        end_seam(clipboard, output);
        step(clipboard, symbol, output);
    }
}

static void
step_seam_escape(BnsClipboard *clipboard, const BnsSymbol *symbol, Output *output)
{
    if (symbol->code == 'P') {
        clipboard->n_held = 0;
        clipboard->state = BNS_CLIPBOARD_DROP;
    } else {
        end_seam(clipboard, output);
        step(clipboard, symbol, output);
    }
}

static void
step(BnsClipboard *clipboard, const BnsSymbol *symbol, Output *output)
{
    static void (*const steps[])(BnsClipboard *, const BnsSymbol *, Output *) = {
        [BNS_CLIPBOARD_TEXT] = step_text,
        [BNS_CLIPBOARD_ESCAPE] = step_escape,
        [BNS_CLIPBOARD_CODING] = step_coding,
        [BNS_CLIPBOARD_DCS] = step_dcs,
        [BNS_CLIPBOARD_NUMBER] = step_number,
        [BNS_CLIPBOARD_NUMBER_ESCAPE] = step_number_escape,
        [BNS_CLIPBOARD_DROP] = step_drop,
        [BNS_CLIPBOARD_DROP_ESCAPE] = step_drop_escape,
        [BNS_CLIPBOARD_SEAM] = step_seam,
        [BNS_CLIPBOARD_SEAM_ESCAPE] = step_seam_escape,
    };
    G_STATIC_ASSERT(G_N_ELEMENTS(steps) == BNS_N_CLIPBOARD_STATES);

    steps[clipboard->state](clipboard, symbol, output);
}

static size_t
plain_prefix(const BnsClipboard *clipboard, const uint8_t *in, size_t len)
{
    bool is_text = clipboard->state == BNS_CLIPBOARD_TEXT &&
                   bns_symbols_is_between(&clipboard->symbols);

    return is_text ? bns_symbols_plain(&clipboard->symbols, in, len) : 0;
}

size_t
bns_clipboard_filter(BnsClipboard *clipboard,
                     const uint8_t *in,
                     size_t len,
                     uint8_t *out)
{
    Output output = { .at = out };
    size_t i = 0;

    while (i < len) {
        BnsSymbol symbols[BNS_SYMBOLS_MAX];
        size_t n = plain_prefix(clipboard, in + i, len - i);

        put(&output, in + i, n);
        i += n;
        if (i == len)
            break;
        n = bns_symbols_take(&clipboard->symbols, in[i++], symbols);
        for (size_t j = 0; j < n; j++)
            step(clipboard, &symbols[j], &output);
    }
    return (size_t)(output.at - out);
}

size_t
bns_clipboard_finish(BnsClipboard *clipboard, uint8_t *out)
{
    Output output = { .at = out };
    bool is_seam = clipboard->state == BNS_CLIPBOARD_SEAM ||
                   clipboard->state == BNS_CLIPBOARD_SEAM_ESCAPE;

    /* The end of a multiplexer's string. */
    if (is_seam)
        release(clipboard, 2, &output);
    /* Most likely the last byte of a quotation mark, and a new line: few terminals read
     * bytes, but many do not say that they read UTF-8. */
    if (clipboard->state == BNS_CLIPBOARD_NUMBER && clipboard->held[0] == OSC &&
        !clipboard->symbols.is_utf8 && !is_clipboard(clipboard))
        release(clipboard, clipboard->n_held, &output);
    /* The symbol that has not come: its first byte. */
    if (clipboard->state == BNS_CLIPBOARD_TEXT && clipboard->symbols.has_lead)
        put(&output, (const uint8_t[]){ 0xc2 }, 1);
    *clipboard = (BnsClipboard){ .symbols = { .is_utf8 = clipboard->symbols.is_utf8 } };
    return (size_t)(output.at - out);
}
