/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clipboard: what a terminal shows, without what would set or read the clipboard of the
 * person who sits at it (OSC 52; OSC 5522, kitty's; OSC 1337 and 50, iTerm2's Copy), and
 * without what would get such a sequence past us: another coding of text (ESC % …), macros
 * (DECDMAC).
 *
 *     ESC ] 52 ; c ; BASE64 BEL        or ST (ESC \) at the end, or C1 controls for either
 *
 * A stream parser: pieces of any length in, the same bytes out, minus such sequences.
 * What a multiplexer would pass on (ESC P … ESC \ of screen and tmux, with doubled ESC) is
 * looked into; a sequence whose number is divided between two of those is dropped, since
 * the terminal would see it whole. Where terminals differ (controls inside a number,
 * invalid UTF-8), what one of them might obey is dropped.
 *
 * It does not know what other sequences mean: one that stands in the middle of a title or
 * an image ends those in every terminal, and is dropped there, too.
 */
#pragma once

#include "sandbox/symbols.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is held back until it is known: an introducer, a number, controls between them. A
 * number that needs more is none that a terminal has. */
#define BNS_CLIPBOARD_HELD_MAX 64
/* A sequence that does not end is no longer one after so many bytes; without its
 * beginning the rest does nothing but look odd. Terminals take less. */
#define BNS_CLIPBOARD_SEQUENCE_MAX (8 * 1024 * 1024)

/**
 * BnsClipboardState:
 * @BNS_CLIPBOARD_TEXT: nothing is held
 * @BNS_CLIPBOARD_ESCAPE: one ESC or several, as a multiplexer wants them
 * @BNS_CLIPBOARD_CODING: after ESC %, which is dropped
 * @BNS_CLIPBOARD_DCS: after ESC P, which may define a macro
 * @BNS_CLIPBOARD_NUMBER: an introducer and the beginning of a number, or of iTerm2's key
 * @BNS_CLIPBOARD_NUMBER_ESCAPE: then ESC
 * @BNS_CLIPBOARD_DROP: in a sequence that is dropped
 * @BNS_CLIPBOARD_DROP_ESCAPE: then ESC
 * @BNS_CLIPBOARD_SEAM: then ESC \, which ended a multiplexer's string, too
 * @BNS_CLIPBOARD_SEAM_ESCAPE: then ESC: if P follows, the sequence goes on
 */
typedef enum {
    BNS_CLIPBOARD_TEXT,
    BNS_CLIPBOARD_ESCAPE,
    BNS_CLIPBOARD_CODING,
    BNS_CLIPBOARD_DCS,
    BNS_CLIPBOARD_NUMBER,
    BNS_CLIPBOARD_NUMBER_ESCAPE,
    BNS_CLIPBOARD_DROP,
    BNS_CLIPBOARD_DROP_ESCAPE,
    BNS_CLIPBOARD_SEAM,
    BNS_CLIPBOARD_SEAM_ESCAPE,
    BNS_N_CLIPBOARD_STATES,
} BnsClipboardState;

/* To begin with all is zero, but symbols.is_utf8: as the terminal reads (IUTF8 of its
 * modes). */
typedef struct {
    BnsSymbols symbols;
    BnsClipboardState state;
    bool in_string;     /* of a multiplexer, or another DCS */
    unsigned n_escapes; /* in a row */
    unsigned number;
    size_t n_key;     /* of iTerm2's key, and its semicolon, have come; 0: the number */
    size_t n_dropped; /* of this sequence */
    size_t n_held;
    uint8_t held[BNS_CLIPBOARD_HELD_MAX];
} BnsClipboard;

/**
 * bns_clipboard_filter:
 * @out: at least @len + BNS_CLIPBOARD_HELD_MAX + 2 bytes, elsewhere than @in
 *
 * Pure, never fails. Returns: how many bytes of @out are to be shown.
 */
size_t bns_clipboard_filter(BnsClipboard *clipboard,
                            const uint8_t *in,
                            size_t len,
                            uint8_t *out);

/* The stream is over: writes what is held to @out, as large as above, but no beginning of a
 * sequence, which what is shown next would complete. Returns: how many bytes. */
size_t bns_clipboard_finish(BnsClipboard *clipboard, uint8_t *out);
