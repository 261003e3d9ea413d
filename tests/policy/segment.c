/* SPDX-License-Identifier: Apache-2.0 */
/* Which segments are ids. */
#include "policy/segment.h"
#include "tests/support/test.h"

typedef struct {
    const char *segment;
    BnsSegmentKind kind;
    const char *pattern; /* NULL: none */
} Case;

#define NAME(text)                                                                     \
    {                                                                                  \
        text, BNS_SEGMENT_NAME, NULL                                                   \
    }
#define MAYBE(text)                                                                    \
    {                                                                                  \
        text, BNS_SEGMENT_MAYBE, "*"                                                   \
    }
#define ID(text)                                                                       \
    {                                                                                  \
        text, BNS_SEGMENT_ID, "*"                                                      \
    }
#define FILE_OF(text, suffix)                                                          \
    {                                                                                  \
        text, BNS_SEGMENT_ID, "*" suffix                                               \
    }

static const Case cases[] = {
    NAME(""),
    NAME("simple"),
    NAME("v1"),
    NAME("v1beta"),
    NAME("v22"),
    NAME("README.md"),
    NAME("git-upload-pack"),
    NAME("gemini-2.5-pro:streamGenerateContent"),
    NAME("lodash.debounce"),
    NAME("base64"),
    NAME("facade"), /* hex digits */
    NAME("deadbeef"),
    NAME("abc123"), /* too short */
    NAME("%2A"),
    NAME("install.tgz"),
    NAME(".tgz"),
    NAME("chat-completions-streaming"),
    NAME("text-embedding-3-small"),
    MAYBE("1"),
    MAYBE("42"),
    ID("123"),
    ID("18446744073709551616"),
    ID("1.2.3"),
    ID("v1.2.3"),
    ID("v1.2.3-rc.1"),
    ID("2026-11-24"),
    ID("3.11"),
    ID("123e4567-e89b-12d3-a456-426614174000"),
    ID("123E4567-E89B-12D3-A456-426614174000"),
    ID("da54c68"),
    ID("da54c68aa0123456789012345678901234567890"),
    ID("sha256:da54c68aa01234567890"),
    ID("sha512-AbCdEf01234567890=="),
    ID("AbCdEf0123456789xyzAbCd"),
    FILE_OF("react-18.2.0.tgz", ".tgz"),
    FILE_OF("six-1.16.0.tar.gz", ".tar.gz"),
    FILE_OF("six-1.16.0-py2.py3-none-any.whl", ".whl"),
    FILE_OF("six-1.16.0-py2.py3-none-any.whl.metadata", ".whl.metadata"),
    FILE_OF("v1.0.0.zip", ".zip"),
    FILE_OF("v1.0.0.mod", ".mod"),
    FILE_OF("curl_7.88.1-10+deb12u8_amd64.deb", ".deb"),
};

static void
test_kinds(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const Case *c = &cases[i];
        const char *pattern = "unset";
        BnsSegmentKind kind = bns_segment_kind(c->segment, &pattern);

        if (kind != c->kind || g_strcmp0(pattern, c->pattern) != 0)
            g_error("\"%s\": %d, %s", c->segment, (int)kind, pattern);
        g_assert_cmpint(bns_segment_kind(c->segment, NULL), ==, c->kind);
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    bns_test_add("/policy/segment/names-and-ids", test_kinds);
    return g_test_run();
}
