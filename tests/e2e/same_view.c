/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the command sees of a home is what bubblewrap shows by the same policy, written
 * out by hand: hidden files are not there, their neighbours are read-only, the directories
 * that held them are private, the working directory is the host's.
 */
#include "tests/e2e/story.h"
#include "tests/support/test.h"

/* Of each entry: whether it can be read and written, its type, its target. */
#define LOOK                                                                           \
    "cd \"$HOME\" && find . -path ./.local -prune -o -name boundary-ns -prune -o "     \
    "-name coder_boundary -prune -o -printf '%y %p %l\\n' | LC_ALL=C sort | "          \
    "while read -r type path target; do\n"                                             \
    "  test -r \"$path\" && r=r || r=-\n"                                              \
    "  test -w \"$path\" && w=w || w=-\n"                                              \
    "  echo \"$r$w $type $path $target\"\n"                                            \
    "done\n"

static const char make_home[] =
    "set -e\n"
    "mkdir -p \"$HOME/project\" && cd \"$HOME\"\n"
    "mkdir -p .ssh .aws docs/sub .config/gh .config/app\n"
    "echo secret | tee .ssh/id_ed25519 .aws/credentials .config/gh/hosts.yml .netrc "
    ">/dev/null\n"
    "echo plain | tee .ssh/known_hosts docs/sub/file .config/app/settings .bashrc "
    "project/file >/dev/null\n"
    "chmod 750 docs && ln -s docs link && ln -s /nowhere broken\n";

static const char by_bwrap[] =
    "cd \"$HOME/project\" && bwrap --unshare-all --ro-bind / / --dev /dev --proc /proc "
    "--tmpfs /tmp --tmpfs \"$HOME\" --ro-bind \"$HOME/.bashrc\" \"$HOME/.bashrc\" "
    "--ro-bind \"$HOME/docs\" \"$HOME/docs\" --symlink docs \"$HOME/link\" "
    "--symlink /nowhere \"$HOME/broken\" --tmpfs \"$HOME/.ssh\" "
    "--ro-bind \"$HOME/.ssh/known_hosts\" \"$HOME/.ssh/known_hosts\" "
    "--tmpfs \"$HOME/.config\" --ro-bind \"$HOME/.config/app\" \"$HOME/.config/app\" "
    "--bind \"$HOME/project\" \"$HOME/project\" sh \"$LOOK\"\n";

static const char by_us[] = "cd \"$HOME/project\" && \"$BNS\" -q -- sh \"$LOOK\"\n";

static void
test_home(void)
{
    g_autoptr(Story) story = story_new();
    g_autofree char *look = story_file(story, "look.sh", LOOK);
    g_autoptr(StoryRun) made = NULL;
    g_autoptr(StoryRun) bwrap = NULL;
    g_autoptr(StoryRun) ours = NULL;

    if (!story_needs("bwrap"))
        return;
    story_setenv(story, "LOOK", look);
    made = story_shell(story, make_home);
    story_assert_status(made, 0);
    bwrap = story_shell(story, by_bwrap);
    ours = story_shell(story, by_us);
    story_assert_status(bwrap, 0);
    story_assert_status(ours, 0);
    story_assert_out(bwrap, "r- f ./docs/sub/file");
    g_assert_cmpstr(ours->out, ==, bwrap->out);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    bns_test_add("/e2e/same-view/a-home-as-bubblewrap-shows-it", test_home);
    return g_test_run();
}
