/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/differential/corpus.h"

#include <string.h>

void
corpus_init(Corpus *corpus, guint32 seed)
{
    *corpus = (Corpus){ .rand = g_rand_new_with_seed(seed), .out = g_string_new(NULL) };
}

void
corpus_clear(Corpus *corpus)
{
    g_rand_free(corpus->rand);
    g_string_free(corpus->out, TRUE);
}

unsigned
corpus_below(Corpus *corpus, unsigned limit)
{
    return (unsigned)g_rand_int_range(corpus->rand, 0, (gint32)limit);
}

/* A message with one oddity says most; some have none, some are hopeless. */
void
corpus_begin(Corpus *corpus)
{
    static const unsigned odds[] = { 0, 2, 3, 4, 5, 6, 8, 10, 20 };

    corpus->odd = odds[corpus_below(corpus, G_N_ELEMENTS(odds))];
    g_string_truncate(corpus->out, 0);
}

/* --- bytes that are hurt --- */

/* Bytes that some reader skips, folds, ends a line or a string at. */
static const char sharp[] =
    "\0\t\n\v\f\r !\"#%&'(),/:;<=>?@[\\]_{|}~\x7f\x80\x85\xa0\xff"
    "0123456789abcdefx-+.*";

static void
hurt(Corpus *corpus)
{
    GString *out = corpus->out;
    unsigned at = corpus_below(corpus, (unsigned)out->len);
    char byte = sharp[corpus_below(corpus, sizeof(sharp) - 1)];

    switch (corpus_below(corpus, 4)) {
    case 0:
        out->str[at] = byte;
        break;
    case 1:
        g_string_insert_c(out, (gssize)at, byte);
        break;
    case 2:
        g_string_erase(out, (gssize)at, 1);
        break;
    default:
        g_string_insert_c(out, (gssize)at, out->str[at]);
    }
}

const GString *
corpus_end(Corpus *corpus)
{
    unsigned n = corpus_below(corpus, 4) == 0 ? 1 + corpus_below(corpus, 2) : 0;

    for (unsigned i = 0; i < n && corpus->out->len > 1; i++)
        hurt(corpus);
    return corpus->out;
}

/* --- places --- */

bool
corpus_is_odd(Corpus *corpus)
{
    return corpus_below(corpus, 100) < corpus->odd;
}

const Piece *
corpus_pick(Corpus *corpus, const Place *place)
{
    if (corpus_is_odd(corpus) && place->n_odd > 0)
        return &place->odd[corpus_below(corpus, (unsigned)place->n_odd)];
    return &place->right[corpus_below(corpus, (unsigned)place->n_right)];
}

void
corpus_put(Corpus *corpus, const char *text)
{
    g_string_append(corpus->out, text);
}

void
corpus_put_place(Corpus *corpus, const Place *place)
{
    const Piece *piece = corpus_pick(corpus, place);

    g_string_append_len(corpus->out, piece->at, (gssize)piece->len);
}

void
corpus_put_number(Corpus *corpus, const Place *place, unsigned number)
{
    const Piece *piece = corpus_pick(corpus, place);

    for (size_t i = 0; i < piece->len; i++) {
        if (piece->at[i] == '$')
            g_string_append_printf(corpus->out, "%u", number);
        else if (piece->at[i] == '@')
            g_string_append_printf(corpus->out, "%x", number);
        else
            g_string_append_c(corpus->out, piece->at[i]);
    }
}

static const Piece right_end[] = { PIECE("\r\n") };
static const Piece odd_end[] = { PIECE("\n"),       PIECE("\r"),     PIECE("\r\r\n"),
                                 PIECE("\n\r"),     PIECE(" \r\n"),  PIECE("\t\r\n"),
                                 PIECE("\0\r\n"),   PIECE("\r\n "),  PIECE("\r\n\t"),
                                 PIECE("\r\n\r\n"), PIECE("\v\r\n"), PIECE("\f\r\n"),
                                 PIECE("\x85"),     PIECE("\r\n\0"), PIECE("") };
static const Place end = PLACE(right_end, odd_end);

void
corpus_put_end(Corpus *corpus)
{
    corpus_put_place(corpus, &end);
}

static const Piece right_separator[] = { PIECE(": "), PIECE(":"), PIECE(":\t"),
                                         PIECE(":   ") };
static const Piece odd_separator[] = { PIECE(" : "),   PIECE("\t:"),    PIECE(""),
                                       PIECE("="),     PIECE(" "),      PIECE("::"),
                                       PIECE("\0:"),   PIECE(":\0"),    PIECE(":\r\n "),
                                       PIECE("\r\n:"), PIECE(":\v"),    PIECE(":\f"),
                                       PIECE(";: "),   PIECE("\x80: "), PIECE(":\xa0"),
                                       PIECE("\n: ") };
static const Place separator = PLACE(right_separator, odd_separator);

static void
put_name(Corpus *corpus, const char *name)
{
    size_t at = corpus->out->len;

    g_string_append(corpus->out, name);
    switch (corpus_is_odd(corpus) ? corpus_below(corpus, 5) : 5) {
    case 0:
        g_string_insert_c(corpus->out, (gssize)at, " \t\v\0x"[corpus_below(corpus, 5)]);
        break;
    case 1:
        g_string_append_c(corpus->out, " \t\v\0x"[corpus_below(corpus, 5)]);
        break;
    case 2:
        for (char *c = corpus->out->str + at; *c != '\0'; c++)
            if (*c == '-')
                *c = "_ .\n"[corpus_below(corpus, 4)];
        break;
    case 3:
        g_string_insert_c(corpus->out,
                          (gssize)(at + corpus_below(corpus, (unsigned)strlen(name))),
                          sharp[corpus_below(corpus, sizeof(sharp) - 1)]);
        break;
    default:
        if (corpus_below(corpus, 4) == 0)
            for (char *c = corpus->out->str + at; *c != '\0'; c++)
                *c =
                    corpus_below(corpus, 2) ? g_ascii_toupper(*c) : g_ascii_tolower(*c);
    }
}

void
corpus_put_field(Corpus *corpus, const char *name, const Place *value, unsigned number)
{
    put_name(corpus, name);
    corpus_put_place(corpus, &separator);
    corpus_put_number(corpus, value, number);
    corpus_put_end(corpus);
}
