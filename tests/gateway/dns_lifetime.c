/* SPDX-License-Identifier: Apache-2.0 */
/* How long a name server's response says that its addresses last. */
#include "netstack/gateway/dns_lifetime.h"
#include "tests/support/test.h"

#include <string.h>
#include <sys/socket.h>

#define HEADER(flags, rcode, n) "\0\1" flags rcode "\0\1\0" n "\0\0\0\0"
#define QUESTION                "\2ok\4test\0\0\1\0\1"
#define A(ttl, last)            "\xc0\x0c\0\1\0\1" ttl "\0\4\xc0\0\2" last
#define CNAME(ttl)              "\xc0\x0c\0\5\0\1" ttl "\0\x08\1x\4test\0"
#define AAAA(ttl)                                                                      \
    "\xc0\x0c\0\x1c\0\1" ttl "\0\x10\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x09"
#define GOOD HEADER("\x81", "\x80", "\1") QUESTION

/* The addresses that are kept. */
typedef enum {
    ONE, /* 192.0.2.5 */
    TWO, /* and 192.0.2.6 */
    SIX, /* 2001:db8::9 */
} Kept;

typedef struct {
    const char *name;
    const char *bytes;
    size_t len;
    Kept kept;
    int lifetime_s; /* -1: it is not about them */
} Case;

#define CASE(name, bytes, kept, lifetime_s)                                            \
    {                                                                                  \
        name, bytes, sizeof(bytes) - 1, kept, lifetime_s                               \
    }

static const Case cases[] = {
    CASE("ttl", GOOD A("\0\0\0\x07", "\5"), ONE, 7),
    CASE("ttl-0", GOOD A("\0\0\0\0", "\5"), ONE, 0),
    CASE("no-more-than-allowed", GOOD A("\0\1\0\0", "\5"), ONE, 60),
    CASE("negative-ttl-is-0", GOOD A("\x80\0\0\7", "\5"), ONE, 0),
    CASE("least-of-the-chain",
         HEADER("\x81", "\x80", "\2") QUESTION CNAME("\0\0\0\3") A("\0\0\0\x1e", "\5"),
         ONE,
         3),
    CASE("least-of-all",
         HEADER("\x81", "\x80", "\2") QUESTION A("\0\0\0\x1e", "\5")
             A("\0\0\0\x14", "\6"),
         TWO,
         20),
    CASE("more-than-is-kept",
         HEADER("\x81", "\x80", "\2") QUESTION A("\0\0\0\x1e", "\5")
             A("\0\0\0\x14", "\6"),
         ONE,
         20),
    CASE("ipv6", GOOD AAAA("\0\0\0\x0a"), SIX, 10),
    CASE("behind-it-more", GOOD A("\0\0\0\x07", "\5") "\0\0\0", ONE, 7),

    CASE("one-is-not-there", GOOD A("\0\0\0\x07", "\5"), TWO, -1),
    CASE("another-address", GOOD A("\0\0\0\x07", "\x63"), ONE, -1),
    CASE("other-family", GOOD A("\0\0\0\x07", "\5"), SIX, -1),
    CASE("other-class", GOOD "\xc0\x0c\0\1\0\3\0\0\0\7\0\4\xc0\0\2\5", ONE, -1),
    CASE("longer-address", GOOD "\xc0\x0c\0\1\0\1\0\0\0\7\0\5\xc0\0\2\5\0", ONE, -1),
    CASE("no-such-name",
         HEADER("\x81", "\x83", "\1") QUESTION A("\0\0\0\7", "\5"),
         ONE,
         -1),
    CASE("truncated-response",
         HEADER("\x83", "\x80", "\1") QUESTION A("\0\0\0\7", "\5"),
         ONE,
         -1),
    CASE(
        "a-question", HEADER("\x01", "\0", "\1") QUESTION A("\0\0\0\7", "\5"), ONE, -1),
    CASE("more-records-than-there-are",
         HEADER("\x81", "\x80", "\2") QUESTION A("\0\0\0\7", "\5"),
         ONE,
         -1),
    CASE("label-type-that-is-none",
         HEADER("\x81", "\x80", "\1") QUESTION "\x80x\0\1\0\1\0\0\0\7\0\4\xc0\0\2\5",
         ONE,
         -1),
    CASE("empty", "", ONE, -1),
};

static BnsResolverAnswer
make_answer(Kept kept)
{
    BnsResolverAnswer answer = { .n_addresses = kept == TWO ? 2 : 1 };

    for (uint8_t i = 0; i < 2; i++)
        answer.addresses[i] =
            (BnsResolverAddress){ .family = AF_INET,
                                  .bytes = { 192, 0, 2, (uint8_t)(5 + i) } };
    if (kept == SIX)
        answer.addresses[0] =
            (BnsResolverAddress){ .family = AF_INET6,
                                  .bytes = { 0x20, 1, 0x0d, 0xb8, [15] = 9 } };
    return answer;
}

static void
test_case(gconstpointer data)
{
    const Case *row = data;
    const BnsResolverAnswer answer = make_answer(row->kept);
    uint16_t family = row->kept == SIX ? AF_INET6 : AF_INET;
    /* On the heap, where a sanitizer sees each byte too far. */
    g_autofree uint8_t *bytes = g_memdup2(row->bytes, row->len);
    uint32_t lifetime_s = 60;
    bool is_about = bns_dns_lifetime(bytes, row->len, &answer, family, &lifetime_s);

    g_assert_cmpint(is_about, ==, row->lifetime_s >= 0);
    g_assert_cmpint((int)lifetime_s, ==, is_about ? row->lifetime_s : 60);
}

static void
test_every_cut(void)
{
    static const char whole[] = GOOD A("\0\0\0\x07", "\5");
    const BnsResolverAnswer answer = make_answer(ONE);

    for (size_t len = 0; len < sizeof(whole) - 1; len++) {
        g_autofree uint8_t *bytes = g_memdup2(whole, len);
        uint32_t lifetime_s = 60;

        g_assert_false(bns_dns_lifetime(bytes, len, &answer, AF_INET, &lifetime_s));
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 30);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path =
            g_strdup_printf("/gateway/dns-lifetime/%s", cases[i].name);

        bns_test_add_data(path, &cases[i], test_case);
    }
    bns_test_add("/gateway/dns-lifetime/every-cut-is-refused", test_every_cut);
    return g_test_run();
}
