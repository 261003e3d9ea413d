/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/differential/corpus.h"

static const Piece right_lead[] = { PIECE("") };
static const Piece odd_lead[] = { PIECE("\r\n"),         PIECE("\n"),
                                  PIECE("\r\n\r\n"),     PIECE(" "),
                                  PIECE("\0"),           PIECE("\r"),
                                  PIECE("\xef\xbb\xbf"), PIECE("x\r\n") };
static const Place lead = PLACE(right_lead, odd_lead);

static const Piece right_method[] = {
    PIECE("GET"),    PIECE("GET"),   PIECE("POST"),    PIECE("HEAD"),    PIECE("PUT"),
    PIECE("DELETE"), PIECE("PATCH"), PIECE("OPTIONS"), PIECE("PROPFIND")
};
static const Piece odd_method[] = {
    PIECE("get"),      PIECE("Get"),    PIECE(""),         PIECE("GE\0T"),
    PIECE("G\tET"),    PIECE("GET\0"),  PIECE(" GET"),     PIECE("\"GET\""),
    PIECE("GET/"),     PIECE("(GET)"),  PIECE("CONNECT"),  PIECE("TRACE"),
    PIECE("PRI"),      PIECE("BREW"),   PIECE("X-Y_Z"),    PIECE("!#$%&'*+-.^_`|~"),
    PIECE("M-SEARCH"), PIECE("SOURCE"), PIECE("G\x80T"),   PIECE("HTTP/1.1"),
    PIECE("0"),        PIECE("GET:"),   PIECE("DESCRIBE"), PIECE("QUERY"),
};
static const Place method = PLACE(right_method, odd_method);

static const Piece right_space[] = { PIECE(" ") };
static const Piece odd_space[] = { PIECE("  "),   PIECE("\t"), PIECE(" \t"),
                                   PIECE("\v"),   PIECE(""),   PIECE("\r"),
                                   PIECE("\0"),   PIECE("\f"), PIECE("\xa0"),
                                   PIECE("\x85"), PIECE("\n") };
static const Place space = PLACE(right_space, odd_space);

static const Piece right_target[] = {
    PIECE("/"),       PIECE("/a/b?c=d"),         PIECE("/a%20b"),
    PIECE("/x?y=/z"), PIECE("/a;b=c"),           PIECE("http://h.test/x"),
    PIECE("/a?b?c"),  PIECE("/~u/!$&'()*+,=:@"),
};
static const Piece odd_target[] = {
    PIECE("*"),
    PIECE("//h2.test/x"),
    PIECE("/a#b"),
    PIECE("/a\x80"),
    PIECE("/a\tb"),
    PIECE("h.test:80"),
    PIECE("http:/x"),
    PIECE("http:///x"),
    PIECE("HTTP://h.test/x"),
    PIECE("http://u@h.test/"),
    PIECE("http://h2.test/"),
    PIECE("ftp://h.test/"),
    PIECE("/a\\b"),
    PIECE("/..//x"),
    PIECE(""),
    PIECE("/\x7f"),
    PIECE("/a b"),
    PIECE("https://h.test/"),
    PIECE("/a|b"),
    PIECE("/{x}"),
    PIECE("/a\"b"),
    PIECE("http://h.test"),
    PIECE("http://h.test?x"),
    PIECE("http://h.test/#x"),
    PIECE("/%"),
    PIECE("/%zz"),
    PIECE("/%00"),
    PIECE("http://H.TEST/x"),
    PIECE("http://h.test:80/x"),
    PIECE("/<x>"),
    PIECE("/^`"),
    PIECE("x"),
    PIECE("?x"),
    PIECE("/a HTTP/1.1"),
    PIECE("/\0"),
    PIECE("http://h.test:/x"),
    PIECE("/a?b#c"),
    PIECE("/a?\xc3\xa9"),
    PIECE("http://[::1]/"),
    PIECE("http://h.test@h2.test/"),
    PIECE("http:\\\\h.test/"),
    PIECE("/./"),
};
static const Place target = PLACE(right_target, odd_target);

static const Piece right_version[] = { PIECE("HTTP/1.1"), PIECE("HTTP/1.1"),
                                       PIECE("HTTP/1.1"), PIECE("HTTP/1.1"),
                                       PIECE("HTTP/1.0") };
static const Piece odd_version[] = {
    PIECE("HTTP/1.2"),          PIECE("HTTP/0.9"),
    PIECE("HTTP/2.0"),          PIECE("http/1.1"),
    PIECE("HTTP/1.10"),         PIECE("HTTP/1.01"),
    PIECE("HTTP/01.1"),         PIECE("HTTP/1"),
    PIECE("HTTP/1."),           PIECE("HTTP/1,1"),
    PIECE("HTTP /1.1"),         PIECE(""),
    PIECE("HTTP/1.1 "),         PIECE("HTTP/1.1x"),
    PIECE("HTTP/1.1\t"),        PIECE("HTTP/+1.1"),
    PIECE("HTTP/1.1 HTTP/1.0"), PIECE("ICE/1.0"),
    PIECE("RTSP/1.0"),          PIECE("HTTP/1.1\0"),
    PIECE("HTTPS/1.1"),         PIECE("HTTP/3"),
    PIECE("HTTP/ 1.1"),         PIECE("HTTP/1 .1"),
};
static const Place version = PLACE(right_version, odd_version);

static const Piece right_host[] = { PIECE("h.test"), PIECE("h.test"), PIECE("h.test") };
static const Piece odd_host[] = {
    PIECE("H.Test"),
    PIECE("h.test:80"),
    PIECE("h.test."),
    PIECE("h.test:"),
    PIECE("h.test:080"),
    PIECE("h.test:81"),
    PIECE(""),
    PIECE("h2.test"),
    PIECE("h.test, h2.test"),
    PIECE("h.test h2.test"),
    PIECE("h.test/x"),
    PIECE("u@h.test"),
    PIECE("[::1]"),
    PIECE("[::1%25eth0]"),
    PIECE("[::1]:80"),
    PIECE("127.1"),
    PIECE("0x7f.1"),
    PIECE("h%2etest"),
    PIECE("h_.test"),
    PIECE("h.test\t"),
    PIECE("h.test\0"),
    PIECE("h.test:80:80"),
    PIECE("[h.test]"),
    PIECE("h..test"),
    PIECE(".h.test"),
    PIECE("192.0.2.1"),
    PIECE("h.test?x"),
    PIECE("h.test#x"),
    PIECE("h\\.test"),
    PIECE("h.test\x80"),
    PIECE("*"),
    PIECE("http://h.test"),
    PIECE("h.test\r\n x"),
    PIECE("h.test:+80"),
};
static const Place host = PLACE(right_host, odd_host);

typedef struct {
    const char *name;
    Place value;
} Field;

static const Piece right_text[] = { PIECE("x"),     PIECE(""),       PIECE("a, b"),
                                    PIECE("\"a\""), PIECE("a b\tc"), PIECE("caf\xe9") };
static const Piece odd_text[] = {
    PIECE("a\0b"),  PIECE("a\rb"),   PIECE("a\nb"),  PIECE("a\r\n b"),
    PIECE("a\vb"),  PIECE("\x7f"),   PIECE("a\x01"), PIECE("\r\n\tb"),
    PIECE("\xa0x"), PIECE("x\x85y"), PIECE("x\f"),   PIECE("\x1b[0m")
};
static const Piece right_connection[] = { PIECE("keep-alive"), PIECE("close"),
                                          PIECE("TE"), PIECE("X-A, keep-alive"),
                                          PIECE("Upgrade") };
static const Piece odd_connection[] = {
    PIECE("keep-alive, close"),
    PIECE("closed"),
    PIECE("close\0"),
    PIECE("Content-Length"),
    PIECE("Host"),
    PIECE("transfer-encoding"),
    PIECE(","),
    PIECE(""),
    PIECE("close;x"),
    PIECE("\"close\""),
    PIECE("close keep-alive"),
    PIECE("c lose"),
    PIECE("keep-alive\r\n , close"),
    PIECE("close,"),
    PIECE("x-a\x80"),
};
static const Piece right_expect[] = { PIECE("100-continue"), PIECE("100-Continue") };
static const Piece odd_expect[] = { PIECE("100-continue, x"), PIECE("200-ok"),
                                    PIECE(""), PIECE("100-continue\0") };
static const Piece right_te[] = { PIECE("trailers"), PIECE("trailers, deflate;q=0.5") };
static const Piece odd_te[] = { PIECE("chunked"), PIECE("trailers;q=0") };
static const Piece right_upgrade[] = { PIECE("websocket"), PIECE("h2c") };
static const Piece odd_upgrade[] = { PIECE("websocket, h2c"), PIECE("TLS/1.0"),
                                     PIECE("") };
static const Piece right_key[] = { PIECE("dGhlIHNhbXBsZSBub25jZQ==") };
static const Piece odd_key[] = { PIECE("x") };
static const Piece right_13[] = { PIECE("13") };
static const Piece odd_13[] = { PIECE("8"), PIECE("13, 8") };

static const Field fields[] = {
    { "X-A", PLACE(right_text, odd_text) },
    { "x-a", PLACE(right_text, odd_text) },
    { "Accept", PLACE(right_text, odd_text) },
    { "!#$%&'*+-.^_`|~9Az", PLACE(right_text, odd_text) },
    { "X_Under", PLACE(right_text, odd_text) },
    { "Cookie", PLACE(right_text, odd_text) },
    { "Content-Type", PLACE(right_text, odd_text) },
    { "Trailer", PLACE(right_text, odd_text) },
    { "Connection", PLACE(right_connection, odd_connection) },
    { "Proxy-Connection", PLACE(right_connection, odd_connection) },
    { "Keep-Alive", PLACE(right_text, odd_text) },
    { "Expect", PLACE(right_expect, odd_expect) },
    { "TE", PLACE(right_te, odd_te) },
    { "Upgrade", PLACE(right_upgrade, odd_upgrade) },
    { "Sec-WebSocket-Key", PLACE(right_key, odd_key) },
    { "Sec-WebSocket-Version", PLACE(right_13, odd_13) },
};

static void
put_fields(Corpus *corpus, unsigned most)
{
    for (unsigned n = corpus_below(corpus, most + 1); n > 0; n--) {
        const Field *field = &fields[corpus_below(corpus, G_N_ELEMENTS(fields))];

        corpus_put_field(corpus, field->name, &field->value, 0);
    }
}

static void
put_message(Corpus *corpus)
{
    CorpusBody body = corpus_body(corpus);

    corpus_put_place(corpus, &lead);
    corpus_put_place(corpus, &method);
    corpus_put_place(corpus, &space);
    corpus_put_place(corpus, &target);
    corpus_put_place(corpus, &space);
    corpus_put_place(corpus, &version);
    corpus_put_end(corpus);
    put_fields(corpus, 1);
    for (unsigned i = corpus_is_odd(corpus) && corpus_below(corpus, 2);
         i <= corpus_is_odd(corpus); i++)
        corpus_put_field(corpus, "Host", &host, 0);
    put_fields(corpus, 2);
    corpus_put_framing(corpus, &body);
    put_fields(corpus, 1);
    corpus_put_end(corpus);
    corpus_put_body(corpus, &body);
}

const GString *
corpus_request(Corpus *corpus)
{
    unsigned n = 1 + corpus_below(corpus, 3);

    corpus_begin(corpus);
    for (unsigned i = 0; i < n; i++)
        put_message(corpus);
    return corpus_end(corpus);
}
