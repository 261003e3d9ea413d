/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Corpus: messages that are nearly right, made from a seed.
 *
 * Each place of a message (a separator, a length, a line end) takes a value that is right
 * or, with the message's own odds, one that some reader somewhere takes for something
 * else. At last a few bytes may be hurt. The same seed makes the same messages.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct {
    GRand *rand;  /* owned */
    unsigned odd; /* of 100 places: how many take an odd value; per message */
    GString *out; /* owned; the message that is made */
} Corpus;

void corpus_init(Corpus *corpus, guint32 seed);
void corpus_clear(Corpus *corpus);

/* One to three requests, as a client could send them on one connection. Valid until the
 * next message is made. */
const GString *corpus_request(Corpus *corpus);
/* What an origin could answer to one request. */
const GString *corpus_response(Corpus *corpus);

/* --- for corpus_request.c and corpus_response.c --- */

/* A piece of a message; it may hold NUL. */
typedef struct {
    const char *at;
    size_t len;
} Piece;

#define PIECE(literal)                                                                 \
    {                                                                                  \
        literal, sizeof(literal) - 1                                                   \
    }

/* What a place may hold. */
typedef struct {
    const Piece *right;
    size_t n_right;
    const Piece *odd;
    size_t n_odd;
} Place;

#define PLACE(right_, odd_)                                                            \
    {                                                                                  \
        right_, G_N_ELEMENTS(right_), odd_, G_N_ELEMENTS(odd_)                         \
    }

/* Begins a message: its odds. */
void corpus_begin(Corpus *corpus);
/* Ends it: some of its bytes may be hurt. */
const GString *corpus_end(Corpus *corpus);

unsigned corpus_below(Corpus *corpus, unsigned limit);
bool corpus_is_odd(Corpus *corpus);
const Piece *corpus_pick(Corpus *corpus, const Place *place);
void corpus_put(Corpus *corpus, const char *text);
void corpus_put_place(Corpus *corpus, const Place *place);
/* The same; "$" stands for @number in decimal, "@" in hexadecimal. */
void corpus_put_number(Corpus *corpus, const Place *place, unsigned number);
/* A field line: odd names come of @name, odd separators and ends of themselves. */
void
corpus_put_field(Corpus *corpus, const char *name, const Place *value, unsigned number);
/* "\r\n", or something near it. */
void corpus_put_end(Corpus *corpus);

/* A body and the field that says how long it is, or a contradiction. */
typedef struct {
    unsigned len;
    bool has_length;
    bool is_chunked;
} CorpusBody;

CorpusBody corpus_body(Corpus *corpus);
void corpus_put_framing(Corpus *corpus, const CorpusBody *body);
void corpus_put_body(Corpus *corpus, const CorpusBody *body);
