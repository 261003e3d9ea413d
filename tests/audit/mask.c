/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/mask.h"

#include "tests/support/test.h"

#include <stdint.h>
#include <string.h>

#define ARGS_MAX 6

typedef struct {
    const char *name;
    const char *argv[ARGS_MAX];
    const char *masked[ARGS_MAX];
} Case;

static const Case cases[] = {
    { "option-with-value", { "--token=abc" }, { "--token=***" } },
    { "option-and-value", { "--token", "abc", "x" }, { "--token", "***", "x" } },
    { "one-dash", { "-password", "abc" }, { "-password", "***" } },
    { "option-before-option",
      { "--no-token", "--password", "abc" },
      { "--no-token", "--password", "***" } },
    { "value-like-an-option", { "--secret", "-abc" }, { "--secret", "***" } },
    { "option-is-last", { "--token" }, { "--token" } },
    { "assignment", { "API_KEY=abc", "x" }, { "API_KEY=***", "x" } },
    { "assignment-with-everything", { "PASSWORD=a b&c\"d'e" }, { "PASSWORD=***" } },
    { "lower-case-and-camel",
      { "apiKey=1", "authToken=2" },
      { "apiKey=***", "authToken=***" } },
    { "aws", { "aws_secret_access_key=abc" }, { "aws_secret_access_key=***" } },
    { "key-id", { "AWS_ACCESS_KEY_ID=abc" }, { "AWS_ACCESS_KEY_ID=***" } },
    { "other-words",
      { "MYSQL_PWD=abc", "npm_config__auth=abc", "X-Auth-Key: abc", "PGPASS=x" },
      { "MYSQL_PWD=***", "npm_config__auth=***", "X-Auth-Key: ***", "PGPASS=***" } },
    { "names-that-only-begin-so",
      { "--author=me", "--passive=1", "keyring: x" },
      { "--author=me", "--passive=1", "keyring: x" } },
    { "nested-name", { "--set", "db.password=abc" }, { "--set", "db.password=***" } },
    { "define", { "-DapiKey=abc" }, { "-DapiKey=***" } },
    { "empty-value", { "--token=" }, { "--token=" } },
    { "header", { "-H", "Authorization: Bearer abc" }, { "-H", "Authorization: ***" } },
    { "header-lower-case", { "authorization:Basic dTpw" }, { "authorization:***" } },
    { "other-header", { "X-Api-Key: abc" }, { "X-Api-Key: ***" } },
    { "cookie", { "Cookie: a=b; c=d" }, { "Cookie: ***" } },
    { "option-with-header",
      { "--header=Authorization: Bearer abc" },
      { "--header=Authorization: ***" } },
    { "shell-assignment",
      { "sh", "-c", "TOKEN=abc make && x" },
      { "sh", "-c", "TOKEN=***" } },
    { "shell-assignment-behind",
      { "cd /; TOKEN=abc make all" },
      { "cd /; TOKEN=*** make all" } },
    { "shell-quoted", { "env PASSWORD='a b' make" }, { "env PASSWORD='***' make" } },
    { "shell-option",
      { "curl --token abc https://x/" },
      { "curl --token *** https://x/" } },
    { "shell-header",
      { "curl -H \"Authorization: Bearer abc def\" x" },
      { "curl -H \"Authorization: ***\" x" } },
    { "bearer-alone", { "x Bearer abc y" }, { "x Bearer *** y" } },
    { "json",
      { "{\"token\":\"a b\",\"user\":\"u\"}" },
      { "{\"token\":\"***\",\"user\":\"u\"}" } },
    { "json-with-spaces",
      { "{ \"password\" : \"x\" }" },
      { "{ \"password\" : \"***\" }" } },
    { "query",
      { "https://h/p?a=1&access_token=abc&b=2" },
      { "https://h/p?a=1&access_token=***&b=2" } },
    { "userinfo", { "https://user:pw@h:1/p" }, { "https://***@h:1/p" } },
    { "userinfo-token",
      { "https://ghp_abc@github.com/x" },
      { "https://***@github.com/x" } },
    { "userinfo-with-at", { "https://u:p@q@h/" }, { "https://***@h/" } },
    { "at-in-path-is-no-userinfo",
      { "https://h/@scope/pkg" },
      { "https://h/@scope/pkg" } },
    { "scp-form-is-no-url", { "git@github.com:a/b" }, { "git@github.com:a/b" } },
    { "harmless",
      { "curl", "-v", "--keyboard=us", "https://github.com/", "a=b", "user: x" },
      { "curl", "-v", "--keyboard=us", "https://github.com/", "a=b", "user: x" } },
    { "words-are-left",
      { "explain the secret of good tokens" },
      { "explain the secret of good tokens" } },
    { "empty", { "" }, { "" } },
    { "foreign-bytes", { "\xff\x01=\x1b" }, { "\xff\x01=\x1b" } },
};

static void
test_case(gconstpointer data)
{
    const Case *test = data;
    const char *argv[ARGS_MAX + 1] = { NULL };
    const char *expected[ARGS_MAX + 1] = { NULL };
    g_auto(GStrv) masked = NULL;
    g_autofree char *is = NULL;
    g_autofree char *should_be = NULL;

    memcpy(argv, test->argv, sizeof(test->argv));
    memcpy(expected, test->masked, sizeof(test->masked));
    masked = bns_mask_argv(argv);
    is = g_strjoinv("|", masked);
    should_be = g_strjoinv("|", (char **)(uintptr_t)expected);
    g_assert_cmpstr(is, ==, should_be);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/audit/mask/", cases[i].name, NULL);

        bns_test_add_data(path, &cases[i], test_case);
    }
    return g_test_run();
}
