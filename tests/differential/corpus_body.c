/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lengths, codings, chunks and trailers.
 */
#include "tests/differential/corpus.h"

static const Piece right_length[] = { PIECE("$") };
static const Piece odd_length[] = {
    PIECE("+$"),
    PIECE("-$"),
    PIECE("0$"),
    PIECE("$,$"),
    PIECE("$, $"),
    PIECE("$ $"),
    PIECE("$ "),
    PIECE("\t$"),
    PIECE("0x$"),
    PIECE("$.0"),
    PIECE("$e0"),
    PIECE(""),
    PIECE("$;"),
    PIECE("$\v"),
    PIECE("\v$"),
    PIECE("$\0"),
    PIECE("\"$\""),
    PIECE("18446744073709551616"),
    PIECE("4294967296"),
    PIECE("$, 0"),
    PIECE("0, $"),
    PIECE("\xd9\xa5"),
    PIECE("_$"),
    PIECE("$_"),
    PIECE("1_0"),
    PIECE("$\r\n $"),
    PIECE("0"),
    PIECE("1"),
    PIECE("$\x80"),
    PIECE("\xa0$"),
    PIECE("9223372036854775808"),
    PIECE("99999999999999999999999"),
    PIECE("00000000000000000000000000000$"),
    PIECE("$\t"),
    PIECE(","),
    PIECE("$,"),
    PIECE(",$"),
};
static const Place length = PLACE(right_length, odd_length);

static const Piece right_coding[] = { PIECE("chunked"), PIECE("Chunked"),
                                      PIECE("CHUNKED"), PIECE("chunked ") };
static const Piece odd_coding[] = {
    PIECE("xchunked"),
    PIECE("chunkedx"),
    PIECE("chunked, identity"),
    PIECE("identity"),
    PIECE("identity, chunked"),
    PIECE("gzip, chunked"),
    PIECE("chunked, gzip"),
    PIECE("chunked,chunked"),
    PIECE("chunked, chunked"),
    PIECE("chunked;q=1"),
    PIECE("chunked ;x"),
    PIECE("\"chunked\""),
    PIECE("chunked\v"),
    PIECE("\vchunked"),
    PIECE("chunked\0"),
    PIECE(",chunked"),
    PIECE("chunked,"),
    PIECE("chunked\r\n x"),
    PIECE("\r\n chunked"),
    PIECE("chunk"),
    PIECE(""),
    PIECE("cow, chunked"),
    PIECE("'chunked'"),
    PIECE("chunked\f"),
    PIECE("\x85"
          "chunked"),
    PIECE("c\xc4\xa7unked"),
    PIECE("chunked\x80"),
    PIECE("chun\tked"),
    PIECE("trailers, chunked"),
    PIECE("chunked,,"),
    PIECE("identity,chunked,identity"),
    PIECE("chun\xe2\x84\xaa"
          "ed"),
};
static const Place coding = PLACE(right_coding, odd_coding);

static const Piece right_size[] = {
    PIECE("@"),     PIECE("0@"),  PIECE("0000@"),
    PIECE("@;a=b"), PIECE("@;a"), PIECE("@;a=\"b c\"")
};
static const Piece odd_size[] = {
    PIECE("@;"),
    PIECE("@ "),
    PIECE(" @"),
    PIECE("\t@"),
    PIECE("0x@"),
    PIECE("+@"),
    PIECE("-@"),
    PIECE("@\t"),
    PIECE("@ ;a"),
    PIECE("@; a"),
    PIECE("@;a =b"),
    PIECE("@;a= b"),
    PIECE("@;a=\"\n\""),
    PIECE("@;a=\"\r\n\""),
    PIECE("@;a\nb"),
    PIECE("@;\r"),
    PIECE("0000000000000000@"),
    PIECE("1000000000000000@"),
    PIECE("ffffffffffffffff@"),
    PIECE("@.0"),
    PIECE("_@"),
    PIECE("@_"),
    PIECE(""),
    PIECE(";a"),
    PIECE("@\0"),
    PIECE("@;a\0"),
    PIECE("@;\x80"),
    PIECE("@g"),
    PIECE("@,@"),
    PIECE("1"),
    PIECE("100000000"),
    PIECE("@\v"),
    PIECE("8000000000000000"),
    PIECE("@;a=\"b"),
    PIECE("@;a=b;c=d"),
    PIECE("@;a=\\b"),
    PIECE("@;a=\"\\\"\""),
    PIECE("@=a"),
    PIECE("\xef\xbc\x95"),
};
static const Place size = PLACE(right_size, odd_size);

static const Piece right_last[] = { PIECE("0"), PIECE("00"), PIECE("0;a=b") };
static const Piece odd_last[] = { PIECE("-0"),     PIECE("0x0"),
                                  PIECE(""),       PIECE("0 "),
                                  PIECE(" 0"),     PIECE("0;"),
                                  PIECE("z"),      PIECE("0_"),
                                  PIECE("0\0"),    PIECE("+0"),
                                  PIECE("0\t"),    PIECE("0;\n"),
                                  PIECE("0\r\n0"), PIECE("00000000000000000") };
static const Place last = PLACE(right_last, odd_last);

static const Piece right_trailer[] = { PIECE("X-Sum: 1\r\n"), PIECE(""), PIECE(""),
                                       PIECE("ETag: \"x\"\r\nX-Y:\r\n") };
static const Piece odd_trailer[] = {
    PIECE("Content-Length: 5\r\n"),
    PIECE("Transfer-Encoding: chunked\r\n"),
    PIECE("Host: other.test\r\n"),
    PIECE("X : y\r\n"),
    PIECE(" X: y\r\n"),
    PIECE("X: y\r\n z\r\n"),
    PIECE("X: y\n"),
    PIECE("X\r\n"),
    PIECE(": y\r\n"),
    PIECE("X: a\rb\r\n"),
    PIECE("X: \0\r\n"),
    PIECE("GET / HTTP/1.1\r\n"),
    PIECE("\n"),
    PIECE("\r"),
    PIECE("X: y"),
    PIECE("\x80: y\r\n"),
};
static const Place trailer = PLACE(right_trailer, odd_trailer);

CorpusBody
corpus_body(Corpus *corpus)
{
    unsigned kind = corpus_below(corpus, 10);
    CorpusBody body = { .len = corpus_below(corpus, 40) };

    body.has_length = kind >= 4 && kind < 7;
    body.is_chunked = kind >= 7;
    /* Both: they may even agree. */
    if (corpus_is_odd(corpus))
        body.has_length = true;
    if (corpus_is_odd(corpus))
        body.is_chunked = true;
    return body;
}

void
corpus_put_framing(Corpus *corpus, const CorpusBody *body)
{
    for (unsigned i = 0; body->has_length && i <= corpus_is_odd(corpus); i++)
        corpus_put_field(corpus, "Content-Length", &length, body->len);
    for (unsigned i = 0; body->is_chunked && i <= corpus_is_odd(corpus); i++)
        corpus_put_field(corpus, "Transfer-Encoding", &coding, 0);
}

/* Now and then it looks like a message itself, which is what a smuggler hides. */
static void
put_data(Corpus *corpus, unsigned len)
{
    static const char hidden[] =
        "GET /hidden HTTP/1.1\r\nHost: h.test\r\n\r\n0\r\n\r\n";
    bool is_hidden = corpus_below(corpus, 3) == 0;

    for (unsigned i = 0; i < len; i++)
        g_string_append_c(corpus->out, is_hidden ? hidden[i % (sizeof(hidden) - 1)]
                                                 : (char)('a' + i % 26));
}

static void
put_chunks(Corpus *corpus, unsigned len)
{
    while (len > 0) {
        unsigned n = 1 + corpus_below(corpus, len);

        corpus_put_number(corpus, &size, n);
        corpus_put_end(corpus);
        put_data(corpus, n);
        corpus_put_end(corpus);
        len -= n;
    }
    corpus_put_place(corpus, &last);
    corpus_put_end(corpus);
    corpus_put_place(corpus, &trailer);
    corpus_put_end(corpus);
}

void
corpus_put_body(Corpus *corpus, const CorpusBody *body)
{
    if (body->is_chunked)
        put_chunks(corpus, body->len);
    else if (body->has_length)
        put_data(corpus, body->len);
}
