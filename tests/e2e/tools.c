/* SPDX-License-Identifier: Apache-2.0 */
/* A developer's everyday tools find nothing missing in the default mode. */
#include "tests/e2e/npm.h"
#include "tests/e2e/story.h"
#include "tests/support/test.h"

#define C_FILE  "echo 'int main(void) { return 0; }' >t.c\n"
#define PACKAGE "mkdir -p pkg; echo 'x = 1' >pkg/thing.py\n"

typedef struct {
    const char *name;
    const char *probe;  /* a shell command outside: whether it is installed */
    const char *script; /* of a shell inside, with -e; what it does must succeed */
} Tool;

static const Tool tools[] = {
    { "git", "git --version",
      "git init -q g; cd g; git config user.email a@b.test\n"
      "git config user.name n; echo x >a; git add a; git commit -qm one\n"
      "git checkout -qb topic; echo y >>a; git commit -qam two\n"
      "git checkout -q -; git merge -q topic; git worktree add -q ../tree\n"
      "git rebase -q topic; echo z >>a; git stash -q; git stash pop -q\n"
      "git tag v1; git clone -q . ../copy; cd ../copy\n"
      "git -c protocol.file.allow=always submodule --quiet add \"$PWD/../g\" sub\n"
      "git -c user.name=n -c user.email=e commit -qm three; git gc -q\n" },
    { "gcc-and-make", "gcc --version && make --version",
      C_FILE "printf 'all: t\\nt: t.c\\n\\tgcc -o t t.c\\n' >Makefile\n"
             "make -s -j4; ./t" },
    { "gdb", "gcc --version && gdb --version",
      C_FILE "gcc -g -o t t.c; gdb -q -batch -ex run ./t >out 2>&1\n"
             "grep -q 'exited normally' out" },
    { "strace", "strace -V", "strace -f -o trace true; grep -q execve trace" },
    { "python-venv", "python3 -m venv --help && python3 -c 'import ensurepip'",
      "python3 -m venv v; . v/bin/activate; python -c 'import sys'\n" PACKAGE
      "echo 'from setuptools import setup; setup(name=\"thing\", version=\"1\", "
      "py_modules=[\"thing\"])' >pkg/setup.py\n"
      "pip install -q --no-index --no-build-isolation ./pkg\n"
      "python -c 'import thing'" },
    { "python-processes", "python3 --version",
      "cat >p.py <<'EOF'\n"
      "import multiprocessing\n"
      "from multiprocessing import shared_memory\n"
      "if __name__ == '__main__':\n"
      "    with multiprocessing.Pool(2) as pool:\n"
      "        assert pool.map(abs, [1, -2]) == [1, 2]\n"
      "    memory = shared_memory.SharedMemory(create=True, size=10)\n"
      "    memory.unlink()\n"
      "EOF\n"
      "python3 p.py" },
    { "pytest", "python3 -m pytest --version",
      "echo 'def test_a(): assert 1' >test_a.py; python3 -m pytest -q" },
    { "npm", "npm --version",
      "mkdir dep; echo '{\"name\":\"dep\",\"version\":\"1.0.0\"}' >dep/package.json\n"
      "echo '{\"name\":\"n\",\"version\":\"1.0.0\",\"dependencies\":"
      "{\"dep\":\"file:dep\"},\"scripts\":{\"t\":\"node -e 1\"}}' >package.json\n"
      "npm install --no-audit --no-fund; npm run t" },
    { "cargo", "cargo --version",
      "cargo init -q --vcs none --name c c; cd c; cargo build -q\n"
      "./target/debug/c" },
    { "go", "go version",
      "printf 'module m\\ngo 1.19\\n' >go.mod\n"
      "printf 'package main\\nfunc main() {}\\n' >m.go\n"
      "go build -buildvcs=false -o m .; ./m" },
    { "java", "javac -version",
      "echo 'class A { public static void main(String[] a) { } }' >A.java\n"
      "javac A.java; java A" },
    { "tmux", "tmux -V",
      "tmux -f /dev/null new-session -d -s a 'sleep 60'; tmux ls\n"
      "tmux kill-server" },
    { "vim", "vim --version",
      "vim -u NONE -es -c 'normal ihello' -c 'wq! out'\n"
      "grep -q hello out" },
    { "sockets-of-its-own", "python3 --version",
      "cat >s.py <<'EOF'\n"
      "import socket\n"
      "server = socket.socket(socket.AF_UNIX)\n"
      "server.bind('s.sock')\n"
      "server.listen()\n"
      "socket.socket(socket.AF_UNIX).connect('s.sock')\n"
      "tcp = socket.create_server(('127.0.0.1', 0))\n"
      "socket.create_connection(('localhost', tcp.getsockname()[1]))\n"
      "EOF\n"
      "python3 s.py" },
    { "shell", "true",
      "mkfifo pipe; (echo a >pipe &); read -r line <pipe; test \"$line\" = a\n"
      "flock lock true; mktemp; mktemp -d; mktemp -p /var/tmp\n"
      "id; date; df .; ps ax; nproc; uptime\n"
      "touch a; ln a b; ln -s a c; chmod 700 a; cp -a a d; mv d e\n"
      "tar cf t.tar a b c; tar xf t.tar; rm -r a b c e" },
};

/* jest starts workers, which are processes with channels between them. */
static void
test_jest(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    if (!story_npm(story, "jest"))
        return;
    story_write(story, "package.json", "{}");
    story_write(story, "a.test.js", "test('a', () => {});");
    story_write(story, "b.test.js", "test('b', () => {});");
    run = story_run(story, "-- jest --maxWorkers 2");
    story_assert_status(run, 0);
}

static void
test_tool(gconstpointer data)
{
    const Tool *tool = data;
    g_autoptr(Story) story = story_new();
    g_autofree char *probe = g_strconcat("(", tool->probe, ") >/dev/null 2>&1", NULL);
    g_autofree char *why = g_strdup_printf("%s: not installed", tool->name);
    g_autoptr(StoryRun) installed = story_shell(story, probe);
    g_autoptr(StoryRun) run = NULL;

    if (installed->status != 0) {
        bns_test_skip(why);
        return;
    }
    story_write(story, "tool.sh", tool->script);
    run = story_run(story, "-- sh -e tool.sh");
    story_assert_status(run, 0);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 120);
    for (size_t i = 0; i < G_N_ELEMENTS(tools); i++) {
        g_autofree char *path = g_strdup_printf("/e2e/tools/%s", tools[i].name);

        bns_test_add_data(path, &tools[i], test_tool);
    }
    bns_test_add("/e2e/tools/jest", test_jest);
    return g_test_run();
}
