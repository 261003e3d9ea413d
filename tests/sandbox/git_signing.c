/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a person is told that git cannot sign inside. */
#include "sandbox/git_signing.h"

#include "tests/support/test.h"

#include <glib/gstdio.h>
#include <string.h>

#define SIGN   "[commit]\n\tgpgSign = true\n"
#define BY_SSH "[gpg]\n\tformat = ssh\n"

/* The home is "@" in texts. */
typedef struct {
    const char *name;
    const char *user;       /* ~/.gitconfig */
    const char *repository; /* .git/config */
    const char *hidden;     /* below the home */
    const char *variable;   /* (nullable): of the command's, beside HOME */
    bool is_told;
} Row;

static const Row rows[] = {
    { "nothing", "", "", ".gnupg", NULL, false },
    { "of-the-user", SIGN, "", ".gnupg", NULL, true },
    { "of-the-repository", "", SIGN, ".gnupg", NULL, true },
    { "not-in-this-repository", SIGN, "[commit]\n\tgpgsign = no\n", ".gnupg", NULL,
      false },
    { "without-value", "[commit] gpgsign\n", "", ".gnupg", NULL, true },
    { "zero", "[commit] gpgsign = 0\n", "", ".gnupg", NULL, false },
    { "tags-only", "[tag] gpgsign = true\n", "", ".gnupg", NULL, false },
    { "keys-are-shown", SIGN, "", ".ssh/*", NULL, false },
    { "keys-lie-elsewhere", SIGN, "", "keys", "GNUPGHOME=@/keys", true },
    { "ssh", SIGN BY_SSH "[user] signingkey = ~/.ssh/id.pub\n", "", ".ssh/*", NULL,
      true },
    { "ssh-absolute", SIGN BY_SSH "[user] signingkey = @/.ssh/id\n", "", ".ssh/*", NULL,
      true },
    { "ssh-shown", SIGN BY_SSH "[user] signingkey = ~/.ssh/id.pub\n", "", ".gnupg",
      NULL, false },
    { "ssh-without-file", SIGN BY_SSH "[user] signingkey = ~/.ssh/none.pub\n", "",
      ".gnupg", NULL, true },
    { "ssh-by-the-agent", SIGN BY_SSH "[user] signingkey = key::ssh-ed25519 A\n", "",
      ".ssh/*", "SSH_AUTH_SOCK=/run/a", false },
    { "ssh-without-agent", SIGN BY_SSH "[user] signingkey = key::ssh-ed25519 A\n", "",
      ".ssh/*", NULL, true },
    { "other-user-configuration", SIGN, "", ".gnupg", "GIT_CONFIG_GLOBAL=/dev/null",
      false },
};

static char *
expand(const char *text, const char *home)
{
    g_auto(GStrv) parts = g_strsplit(text, "@", -1);

    return g_strjoinv(home, parts);
}

static void
write_file(const char *home, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(home, name, NULL);
    g_autofree char *dir = g_path_get_dirname(path);
    g_autofree char *whole = expand(text, home);

    g_assert_cmpint(g_mkdir_with_parents(dir, 0700), ==, 0);
    g_assert_true(g_file_set_contents(path, whole, -1, NULL));
}

static void
test_notice(const void *data)
{
    const Row *row = data;
    g_autofree char *home = g_dir_make_tmp("git-signing-XXXXXX", NULL);
    g_autofree char *workdir = g_build_filename(home, "p/deep", NULL);
    g_autofree char *hidden = g_build_filename(home, row->hidden, NULL);
    const BnsViewRule rule = { .path = hidden,
                               .dir_len = (size_t)(strrchr(hidden, '/') - hidden),
                               .is_hidden = true };
    const BnsFileView view = { .rules = &rule, .n_rules = 1 };
    g_auto(GStrv) envp = g_environ_setenv(NULL, "HOME", home, TRUE);
    g_autofree char *notice = NULL;

    if (row->variable != NULL) {
        g_auto(GStrv) pair = g_strsplit(row->variable, "=", 2);
        g_autofree char *value = expand(pair[1], home);

        envp = g_environ_setenv(envp, pair[0], value, TRUE);
    }
    write_file(home, ".gitconfig", row->user);
    write_file(home, "p/.git/config", row->repository);
    write_file(home, ".ssh/id", "");
    g_assert_cmpint(g_mkdir(workdir, 0700), ==, 0);
    notice = bns_git_signing_notice(&view, envp, workdir);
    g_assert_cmpint(notice != NULL, ==, row->is_told);
    bns_test_remove_tree(home);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path =
            g_strconcat("/sandbox/git-signing/", rows[i].name, NULL);

        g_test_add_data_func(path, &rows[i], test_notice);
    }
    return g_test_run();
}
