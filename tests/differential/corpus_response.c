/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/differential/corpus.h"

static const Piece right_status[] = {
    PIECE("HTTP/1.1 200 OK"),   PIECE("HTTP/1.1 200 OK"),
    PIECE("HTTP/1.1 200 OK"),   PIECE("HTTP/1.1 404 Not Found"),
    PIECE("HTTP/1.0 200 OK"),   PIECE("HTTP/1.1 304 "),
    PIECE("HTTP/1.1 204 No"),   PIECE("HTTP/1.1 200"),
    PIECE("HTTP/1.1 599 \xe9"), PIECE("HTTP/1.1 999 x"),
};
static const Piece odd_status[] = {
    PIECE("HTTP/1.1  200 OK"),
    PIECE("HTTP/1.1\t200 OK"),
    PIECE("HTTP/1.1 0200 OK"),
    PIECE("HTTP/1.1 20 OK"),
    PIECE("HTTP/1.1 2000 OK"),
    PIECE("HTTP/1.1 200OK"),
    PIECE("HTTP/1.1 200\tOK"),
    PIECE("HTTP/1.1 200 O\rK"),
    PIECE("HTTP/1.1 200 O\0K"),
    PIECE("HTTP/1.1 200 O\nK"),
    PIECE("http/1.1 200 OK"),
    PIECE("HTTP/1 200 OK"),
    PIECE("HTTP/2.0 200 OK"),
    PIECE("HTTP/2 200"),
    PIECE("HTTP/1.2 200 OK"),
    PIECE("HTTP/0.9 200 OK"),
    PIECE("ICY 200 OK"),
    PIECE("200 OK"),
    PIECE("HTTP/1.1 -20 OK"),
    PIECE("HTTP/1.1 +200 OK"),
    PIECE("HTTP/1.1 2_0 OK"),
    PIECE("HTTP/1.1 099 OK"),
    PIECE("HTTP/1.1 101 S"),
    PIECE("HTTP/1.1 100 Continue"),
    PIECE("HTTP/1.1 199 x"),
    PIECE("HTTP/1.1 205 R"),
    PIECE("HTTP/1.1 20\xb2 OK"),
    PIECE("\r\nHTTP/1.1 200 OK"),
    PIECE(" HTTP/1.1 200 OK"),
    PIECE("xHTTP/1.1 200 OK"),
    PIECE("HTTP/1.10 200 OK"),
    PIECE("HTTP/1.1 200  OK"),
    PIECE("HTTP/1.1 200 "),
    PIECE("RTSP/1.0 200 OK"),
    PIECE("HTTP/1.1"),
    PIECE("HTTP/1.1 "),
    PIECE("HTTP/1.1 200 \x01"),
    PIECE("HTTP/1.1 000 x"),
    PIECE("<html>"),
    PIECE("HTTP/1.1 206 P"),
    PIECE("HTTP/1.1 304 x"),
    PIECE("HTTP/1.1 0xc8 x"),
};
static const Place status = PLACE(right_status, odd_status);

static const Piece interim[] = {
    PIECE("HTTP/1.1 100 Continue\r\n\r\n"),
    PIECE("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"),
    PIECE("HTTP/1.1 102 \r\nX: y\r\n\r\n"),
    PIECE("HTTP/1.1 150\r\n\r\n"),
};
static const Piece odd_interim[] = {
    PIECE("HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\nabcde"),
    PIECE("HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n"),
    PIECE("HTTP/1.1 103 E\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    PIECE("HTTP/1.1 100 Continue\n\n"),
    PIECE("HTTP/1.1 100 Continue\r\n"),
    PIECE("HTTP/1.0 100 Continue\r\n\r\n"),
    PIECE(
        "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"),
    PIECE("HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\n"),
};
static const Place interims = PLACE(interim, odd_interim);

static const Piece right_text[] = { PIECE("x"),     PIECE(""),       PIECE("a, b"),
                                    PIECE("\"a\""), PIECE("a b\tc"), PIECE("caf\xe9") };
static const Piece odd_text[] = { PIECE("a\0b"),    PIECE("a\rb"),  PIECE("a\nb"),
                                  PIECE("a\r\n b"), PIECE("a\vb"),  PIECE("\x7f"),
                                  PIECE("a\x01"),   PIECE("\x85"),  PIECE("\r\n\tb"),
                                  PIECE("\x0cx"),   PIECE("x\xa0"), PIECE("\x1cx") };
static const Place text = PLACE(right_text, odd_text);
static const Piece right_connection[] = { PIECE("keep-alive"), PIECE("close"),
                                          PIECE("X-A, keep-alive") };
static const Piece odd_connection[] = { PIECE("Content-Length"),    PIECE("Set-Cookie"),
                                        PIECE("transfer-encoding"), PIECE("Upgrade"),
                                        PIECE("close, keep-alive"), PIECE("close\0") };
static const Place connection = PLACE(right_connection, odd_connection);

static void
put_fields(Corpus *corpus, unsigned most)
{
    static const char *const names[] = { "X-A",     "Set-Cookie", "Content-Type",
                                         "Alt-Svc", "Date",       "Trailer",
                                         "x-a",     "Upgrade" };

    for (unsigned n = corpus_below(corpus, most + 1); n > 0; n--)
        corpus_put_field(corpus, names[corpus_below(corpus, G_N_ELEMENTS(names))],
                         &text, 0);
    if (corpus_below(corpus, 4) == 0)
        corpus_put_field(corpus, "Connection", &connection, 0);
}

const GString *
corpus_response(Corpus *corpus)
{
    CorpusBody body;

    corpus_begin(corpus);
    for (unsigned n = corpus_below(corpus, 4) / 3; n > 0; n--)
        corpus_put_place(corpus, &interims);
    body = corpus_body(corpus);
    corpus_put_place(corpus, &status);
    corpus_put_end(corpus);
    put_fields(corpus, 2);
    corpus_put_framing(corpus, &body);
    put_fields(corpus, 1);
    corpus_put_end(corpus);
    corpus_put_body(corpus, &body);
    if (corpus_is_odd(corpus))
        corpus_put(corpus, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhidden");
    return corpus_end(corpus);
}
