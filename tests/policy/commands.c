/* SPDX-License-Identifier: Apache-2.0 */
/* commands: */
#include "policy/commands.h"
#include "policy/policy.h"
#include "tests/policy/policies.h"
#include "tests/support/test.h"

#include <string.h>

static void
test_entries(void)
{
    g_autoptr(BnsPolicy) policy =
        policy_from("commands:\n"
                    "  deny:\n"
                    "    - sudo\n"
                    "    - {command: /usr/bin/docker, reason: use podman}\n"
                    "    - {command: ~/bin/my tool}\n"
                    "    - git  push --force*\n"
                    "    - {command: rm, arguments: '-rf /*'}\n"
                    "  exec: record\n");
    const BnsCommands *commands = bns_policy_commands(policy);
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < commands->deny->len; i++) {
        const BnsCommandRule *rule = commands->deny->pdata[i];

        g_string_append_printf(text, "%s %s [%s] (%s)\n", rule->origin, rule->program,
                               rule->arguments != NULL ? rule->arguments : "-",
                               rule->reason != NULL ? rule->reason : "-");
    }
    g_assert_cmpstr(text->str, ==,
                    "/p.yaml:3 sudo [-] (-)\n"
                    "/p.yaml:4 /usr/bin/docker [-] (use podman)\n"
                    "/p.yaml:5 ~/bin/my tool [-] (-)\n"
                    "/p.yaml:6 git [push --force*] (-)\n"
                    "/p.yaml:7 rm [-rf /*] (-)\n");
}

static void
test_allow(void)
{
    g_autoptr(BnsPolicy) policy =
        policy_from("commands:\n"
                    "  allow: [git, /usr/bin/my tool, ~/bin/x,\n"
                    "          /usr/lib/git-core/]\n");
    const BnsCommands *commands = bns_policy_commands(policy);
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < commands->allow->len; i++) {
        const BnsCommandRule *rule = commands->allow->pdata[i];

        g_string_append_printf(text, "%s %s\n", rule->origin, rule->program);
    }
    g_assert_cmpstr(text->str, ==,
                    "/p.yaml:2 git\n"
                    "/p.yaml:2 /usr/bin/my tool\n"
                    "/p.yaml:2 ~/bin/x\n"
                    "/p.yaml:3 /usr/lib/git-core/\n");
    g_assert_cmpuint(commands->deny->len, ==, 0);
}

/* What a file allows is added to what the file allows that it extends. */
static void
test_merge_allowed(void)
{
    static const char a[] = "commands: {allow: [a]}", b[] = "commands: {allow: [b]}";
    g_autoptr(BnsConfig) base = bns_config_parse("/a", a, strlen(a), NULL);
    g_autoptr(BnsConfig) more = bns_config_parse("/b", b, strlen(b), NULL);

    bns_commands_merge(base->commands, more->commands);
    g_assert_cmpuint(base->commands->allow->len, ==, 2);
    g_assert_cmpstr(((BnsCommandRule *)base->commands->allow->pdata[1])->origin, ==,
                    "/b:1");
}

static void
test_nothing(void)
{
    g_autoptr(BnsPolicy) policy = policy_from("commands: {}\n");
    g_autoptr(BnsPolicy) empty = policy_from("commands: {deny: }\n");

    g_assert_cmpuint(bns_policy_commands(policy)->deny->len, ==, 0);
    g_assert_cmpuint(bns_policy_commands(empty)->deny->len, ==, 0);
}

static void
test_merge(void)
{
    g_autoptr(BnsConfig) base = bns_config_parse("/a", "commands: {deny: [a]}",
                                                 strlen("commands: {deny: [a]}"), NULL);
    g_autoptr(BnsConfig) more = bns_config_parse("/b", "commands: {deny: [b]}",
                                                 strlen("commands: {deny: [b]}"), NULL);
    const BnsCommandRule *last;

    bns_commands_merge(base->commands, more->commands);
    g_assert_cmpuint(base->commands->deny->len, ==, 2);
    last = base->commands->deny->pdata[1];
    g_assert_cmpstr(last->origin, ==, "/b:1");
}

static void
test_digest(void)
{
    g_autoptr(BnsPolicy) nothing = policy_from("");
    g_autoptr(BnsPolicy) sudo = policy_from("commands: {deny: [sudo]}\n");
    g_autoptr(BnsPolicy) su = policy_from("commands: {deny: [su]}\n");
    g_autoptr(BnsPolicy) allowed = policy_from("commands: {allow: [sudo]}\n");
    g_autoptr(BnsPolicy) exec = policy_from("commands: {exec: record}\n");
    g_autoptr(BnsPolicy) su_x = policy_from("commands: {exec: record, deny: [su x]}\n");
    g_autoptr(BnsPolicy) su_y = policy_from("commands: {exec: record, deny: [su y]}\n");

    g_assert_cmpstr(bns_policy_digest(nothing), !=, bns_policy_digest(sudo));
    g_assert_cmpstr(bns_policy_digest(sudo), !=, bns_policy_digest(su));
    g_assert_cmpstr(bns_policy_digest(nothing), !=, bns_policy_digest(exec));
    g_assert_cmpstr(bns_policy_digest(exec), !=, bns_policy_digest(su_x));
    g_assert_cmpstr(bns_policy_digest(allowed), !=, bns_policy_digest(nothing));
    g_assert_cmpstr(bns_policy_digest(allowed), !=, bns_policy_digest(sudo));
    g_assert_cmpstr(bns_policy_digest(su_y), !=, bns_policy_digest(su_x));
}

static void
test_limits(void)
{
    g_autoptr(GString) yaml = g_string_new("commands: {deny: [a");
    g_autofree char *reason = g_strnfill(BNS_COMMANDS_REASON_MAX + 1, 'r');
    g_autofree char *long_yaml =
        g_strdup_printf("commands: {deny: [{command: a, reason: %s}]}", reason);
    g_autoptr(GError) many = NULL;
    g_autoptr(GError) wordy = NULL;

    for (guint i = 0; i < BNS_COMMANDS_MAX; i++)
        g_string_append(yaml, ",a");
    g_string_append(yaml, "]}");
    g_assert_null(bns_policy_parse("/p.yaml", yaml->str, yaml->len, &many));
    g_assert_cmpstr(many->message, ==,
                    "/p.yaml:1:531: commands.deny: more entries than 256: name fewer");
    g_assert_null(bns_policy_parse("/p.yaml", long_yaml, strlen(long_yaml), &wordy));
    g_assert_cmpstr(wordy->message, ==,
                    "/p.yaml:1:40: reason: longer than 512 bytes: shorten it");
}

typedef struct {
    const char *name;
    const char *yaml;
    const char *error; /* after the file's name */
} BadCase;

static const BadCase bad_cases[] = {
    { "no-mapping", "commands: [A]\n",
      ":1:11: commands: must be a mapping with deny, allow or exec" },
    { "an-unknown-key", "commands:\n  denny: []\n",
      ":2:3: unknown key \"denny\": is it deny?" },
    { "a-scalar", "commands: {deny: sudo}\n",
      ":1:18: commands.deny: must be a list: begin each item with - in a line of its "
      "own" },
    { "a-number", "commands: {deny: [7]}\n",
      ":1:19: commands.deny: must be a string: put it in quotation marks" },
    { "no-name", "commands: {deny: ['']}\n",
      ":1:19: commands.deny: an empty name: name a program" },
    { "arguments-without-exec", "commands: {deny: [git push]}\n",
      ":1:19: commands.deny: arguments are judged only with exec: record; write the "
      "program alone, or add that" },
    { "arguments-of-a-command", "commands: {deny: [{command: git push}]}\n",
      ":1:29: commands.deny: command: is one program; what follows goes into "
      "arguments:" },
    { "another-exec", "commands: {exec: true}\n",
      ":1:18: commands.exec: must be record" },
    { "an-unknown-exec", "commands: {exec: deny}\n",
      ":1:18: commands.exec: must be record" },
    { "a-pattern", "commands: {deny: [/usr/bin/docker*]}\n",
      ":1:19: commands.deny: is one program, without *, ? or [: write each" },
    { "a-relative-path", "commands: {deny: [bin/tool]}\n",
      ":1:19: commands.deny: must be a name, or a path that begins with / or ~/" },
    { "another-home", "commands: {deny: [~root]}\n",
      ":1:19: commands.deny: must be a name, or a path that begins with / or ~/" },
    { "a-directory", "commands: {deny: [/usr/bin/]}\n",
      ":1:19: commands.deny: is a program, not a directory: name each" },
    { "an-empty-list", "commands: {allow: []}\n",
      ":1:19: commands.allow: names nothing: leave it out where all may be executed" },
    { "no-list-at-all", "commands: {allow: }\n",
      ":1:19: commands.allow: names nothing: leave it out where all may be executed" },
    { "one-that-is-no-list", "commands: {allow: git}\n",
      ":1:19: commands.allow: must be a list: begin each item with - in a line of its "
      "own" },
    { "allowed-arguments", "commands: {allow: [git push]}\n",
      ":1:20: commands.allow: is one program; arguments are judged by deny alone" },
    { "an-allowed-mapping", "commands: {allow: [{command: git}]}\n",
      ":1:20: commands.allow: must be a string: write one value" },
    { "an-allowed-pattern", "commands: {allow: [/usr/bin/*]}\n",
      ":1:20: commands.allow: is one program, without *, ? or [: write each" },
    { "an-allowed-nothing", "commands: {allow: ['']}\n",
      ":1:20: commands.allow: an empty name: name a program" },
    { "an-allowed-relative-path", "commands: {allow: [bin/tool]}\n",
      ":1:20: commands.allow: must be a name, or a path that begins with / or ~/" },
    { "an-allowed-relative-directory", "commands: {allow: [bin/]}\n",
      ":1:20: commands.allow: must be a name, or a path that begins with / or ~/" },
    { "all-of-the-machine", "commands: {allow: [/]}\n",
      ":1:20: commands.allow: is too much: name directories of programs" },
    { "all-of-the-home", "commands: {allow: [~/]}\n",
      ":1:20: commands.allow: is too much: name directories of programs" },
    { "allowed-where-mounts-are-made", "commands:\n  allow: [git]\nnested: full\n",
      ":2:11: commands.allow: cannot hold with nested: full, where the command mounts "
      "what it likes: leave one of them out" },
    { "a-reason-alone", "commands: {deny: [{reason: no}]}\n",
      ":1:19: commands.deny: needs command: name a program" },
    { "a-reason-of-two-lines", "commands: {deny: [{command: a, reason: \"a\\nb\"}]}\n",
      ":1:40: reason: must be one line of printable text" },
    { "an-unknown-key-of-an-entry", "commands: {deny: [{comand: a}]}\n",
      ":1:20: unknown key \"comand\": is it command?" },
};

static void
test_bad(gconstpointer data)
{
    const BadCase *row = data;
    g_autoptr(GError) error = NULL;

    g_assert_null(bns_policy_parse("/p.yaml", row->yaml, strlen(row->yaml), &error));
    g_assert_true(g_error_matches(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID));
    g_assert_cmpstr(error->message + strlen("/p.yaml"), ==, row->error);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 30);
    bns_test_add("/policy/commands/entries-keep-order-and-place", test_entries);
    bns_test_add("/policy/commands/nothing-may-be-said", test_nothing);
    bns_test_add("/policy/commands/what-is-allowed", test_allow);
    bns_test_add("/policy/commands/what-is-allowed-adds-up", test_merge_allowed);
    bns_test_add("/policy/commands/a-file-adds-to-what-it-extends", test_merge);
    bns_test_add("/policy/commands/the-digest-has-the-programs", test_digest);
    bns_test_add("/policy/commands/there-are-limits", test_limits);
    for (size_t i = 0; i < G_N_ELEMENTS(bad_cases); i++) {
        g_autofree char *path =
            g_strconcat("/policy/commands/refused/", bad_cases[i].name, NULL);

        bns_test_add_data(path, &bad_cases[i], test_bad);
    }
    return g_test_run();
}
