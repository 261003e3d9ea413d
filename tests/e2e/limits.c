/* SPDX-License-Identifier: Apache-2.0 */
/* limits: what one session's processes may use. */
#include "sandbox/cgroup_plan.h"
#include "sandbox/pid_limit.h"
#include "tests/e2e/story.h"
#include "tests/support/test.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static StoryRun *
run_with(Story *story, const char *limits, const char *script)
{
    g_autofree char *policy = g_strdup_printf("limits: { %s }\n", limits);
    g_autofree char *quoted = g_shell_quote(script);
    g_autofree char *arguments = g_strdup_printf("-c p.yaml -- sh -c %s", quoted);

    story_write(story, "p.yaml", policy);
    return story_run(story, arguments);
}

/* What this machine can hold of all processes together. */
static bool
has_cgroup(BnsCgroupLimit limit)
{
    g_auto(BnsCgroupPlan) plan = { 0 };

    bns_cgroup_plan_find_all(&plan);
    return plan.holds[limit];
}

/* Of root the kernel has a limit of numbers, and that only since Linux 6.14; a cgroup has
 * any. */
static const char *
processes_limit(void)
{
    return getuid() == 0 && !has_cgroup(BNS_CGROUP_PIDS) ? "processes: 299"
                                                         : "processes: 20";
}

static bool
can_limit_processes(void)
{
    return getuid() != 0 || bns_pid_limit_is_possible() || has_cgroup(BNS_CGROUP_PIDS);
}

/* More than it may have; when they end others may be started. */
static void
test_processes(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run =
        run_with(story, processes_limit(),
                 "for i in $(seq 320); do sleep 1000 & done; echo all");

    if (!can_limit_processes()) {
        story_assert_status(run, 125);
        story_assert_err(run, "does not count the processes of root");
        return;
    }
    g_assert_cmpint(run->status, !=, 0);
    story_assert_no_out(run, "all");
    story_assert_err(run, "fork");
    if (getuid() == 0 && has_cgroup(BNS_CGROUP_PIDS))
        story_assert_record(run, "\"limit.reached\"", "limits.processes");
    story_assert_record(run, "\"session.end\"");
}

/* A limit that does not hold must not look like one. */
static void
test_few_processes_of_root(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    if (getuid() != 0 || has_cgroup(BNS_CGROUP_PIDS)) {
        g_test_skip("here as few are allowed as one likes");
        return;
    }
    run = run_with(story, "processes: 298", "echo ran");
    story_assert_status(run, 125);
    story_assert_no_out(run, "ran");
    story_assert_err(run, "limits.processes: ");
}

/* Each child makes children, for ever: the host has room, and the session ends with its
 * command. */
static void
test_fork_bomb(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;
    g_autoptr(StoryRun) next = NULL;

    if (!can_limit_processes()) {
        g_test_skip("this kernel does not count the processes of root");
        return;
    }
    run = run_with(story, processes_limit(),
                   "python3 -c '\n"
                   "import os, signal\n"
                   "full = 0\n"
                   "while full < 1000:\n"
                   "    try: os.fork()\n"
                   "    except BlockingIOError: full += 1\n"
                   "signal.pause()\n"
                   "' & sleep 0.3; echo over");
    story_assert_status(run, 0);
    story_assert_out(run, "over");
    story_assert_record(run, "\"session.end\"");
    next = story_run(story, "-- echo well");
    story_assert_out(next, "well");
}

/* The command fills the disk that the audit lies on: what cannot be recorded does not
 * happen, and what was recorded stays whole. */
static void
test_full_disk(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    if (!story_needs("unshare"))
        return;
    run = story_shell(story,
                      "exec unshare -Urm sh -c '"
                      "mount -t tmpfs -o size=1m,mode=0755 none \"$HOME\" || exit 99; "
                      "mkdir \"$HOME/work\"; cd \"$HOME/work\"; "
                      "\"$BNS\" -- sh -c \""
                      "cat /dev/zero >big; echo full; "
                      "while :; do curl -sS -o /dev/null http://a.test; done\"; "
                      "echo status $?; rm -f big; "
                      "\"$BNS\" log verify ~/.local/state/boundary-ns/audit/*'");
    story_assert_status(run, 0);
    g_assert_true(g_str_has_prefix(run->out, "full\nstatus 125\nok"));
    story_assert_err(run, "No space left on device");
}

/* So many are let in; what is more is refused at once, and told in one record with its
 * count, so that a flood does not fill the audit either. */
static void
test_flow_rate(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    story_option(story, "--allow api.test");
    run = run_with(story, "flow_rate: 5",
                   "python3 -c '\n"
                   "import socket\n"
                   "addr = socket.gethostbyname(\"api.test\")\n"
                   "good = bad = 0\n"
                   "for i in range(400):\n"
                   "    s = socket.socket()\n"
                   "    try: s.connect((addr, 443)); good += 1\n"
                   "    except ConnectionRefusedError: bad += 1\n"
                   "    s.close()\n"
                   "print(good >= 5, bad > 100, good + bad)\n"
                   "'");
    story_assert_status(run, 0);
    g_assert_cmpstr(run->out, ==, "True True 400\n");
    story_assert_record(run, "\"flow.refused\"", "limits.flow_rate", "api.test");
    g_assert_cmpuint(story_count_records(run, "limits.flow_rate", NULL), <, 100);
}

static void
test_memory(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) little = run_with(
        story, "memory: 64M", "head -c 16M /dev/zero | tail -n 1 | wc -c; ulimit -Hd");
    g_autoptr(StoryRun) much =
        run_with(story, "memory: 64M", "head -c 128M /dev/zero | tail -n 1 | wc -c");

    g_assert_cmpstr(little->out, ==, "16777216\n65536\n");
    g_assert_cmpstr(much->out, ==, "0\n");
}

/* Each of four is below the limit, and all are above it together. */
#define FOUR_EATERS                                                                    \
    "python3 -c '\n"                                                                   \
    "import os, signal\n"                                                              \
    "gate, done = os.pipe(), os.pipe()\n"                                              \
    "kids = []\n"                                                                      \
    "for i in range(4):\n"                                                             \
    "    kids.append(os.fork())\n"                                                     \
    "    if kids[-1] == 0:\n"                                                          \
    "        os.close(gate[1]); os.close(done[0])\n"                                   \
    "        b = bytearray(60 << 20)\n"                                                \
    "        os.write(done[1], b\"x\"); os.close(done[1]); os.read(gate[0], 1)\n"      \
    "        os._exit(0)\n"                                                            \
    "os.close(done[1])\n"                                                              \
    "while os.read(done[0], 9): pass\n"                                                \
    "os.close(gate[1])\n"                                                              \
    "ends = [os.waitpid(kid, 0)[1] for kid in kids]\n"                                 \
    "print(ends.count(0), ends.count(signal.SIGKILL))\n"                               \
    "'"

static void
test_memory_together(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = run_with(story, "memory: 96M", FOUR_EATERS);
    guint lived = 0, died = 0;

    story_assert_status(run, 0);
    g_assert_cmpint(sscanf(run->out, "%u %u", &lived, &died), ==, 2);
    g_assert_cmpuint(lived + died, ==, 4);
    if (!has_cgroup(BNS_CGROUP_MEMORY)) {
        g_assert_cmpuint(lived, ==, 4);
        story_assert_err(run, "limits.memory holds for each process by itself");
        return;
    }
    g_assert_cmpuint(lived, <, 4);
    story_assert_no_err(run, "by itself");
    story_assert_err(run, "limits.memory was reached: ");
    story_assert_record(run, "\"limit.reached\"", "limits.memory", "\"count\":");
    story_assert_record(run, "\"session.end\"");
}

/* Memory that a file in a private directory takes counts as well, and is no way around:
 * the file stays, and the next process may be killed for it, too. The kernel chooses whom:
 * the writer, or the shell. */
static void
test_memory_of_files(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    if (!has_cgroup(BNS_CGROUP_MEMORY)) {
        g_test_skip("no cgroup of memory can be used here");
        return;
    }
    run = run_with(story, "memory: 64M",
                   "head -c 256M /dev/zero >/tmp/big; echo $?; cat /tmp/big | wc -c");
    g_assert_true(g_str_has_prefix(run->out, "137\n") || *run->out == '\0');
    story_assert_no_out(run, "268435456");
    story_assert_err(run, "limits.memory was reached: ");
    story_assert_record(run, "\"session.end\"");
}

/* What it can see and mount has no limit that it could lift, and leads nowhere else. */
static void
test_cgroup_is_out_of_reach(void)
{
    static const char try[] =
        "import ctypes, os\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "assert libc.unshare(0x10000000 | 0x20000) == 0\n"
        "libc.unshare(0x02000000)\n"
        "def put(path, text):\n"
        "    try: open(path, 'w').write(text)\n"
        "    except OSError: pass\n"
        "os.mkdir('m')\n"
        "def tamper(top):\n"
        "    for dir, dirs, files in os.walk(top):\n"
        "        if 'boundary-ns.' in dir and top == 'm': print('seen')\n"
        "        for name in ('memory.max', 'memory.limit_in_bytes', 'pids.max',\n"
        "                     'memory.memsw.limit_in_bytes'):\n"
        "            put(dir + '/' + name, 'max')\n"
        "            put(dir + '/' + name, '-1')\n"
        "        if not dir.endswith('/in'): put(dir + '/cgroup.procs', '0')\n"
        "tamper('/sys/fs/cgroup')\n"
        "for kind, data in ((b'cgroup2', None), (b'cgroup', b'memory'),\n"
        "                   (b'cgroup', b'pids')):\n"
        "    if libc.mount(b'none', b'm', kind, 0, data) == 0: tamper('m')\n"
        "    libc.umount2(b'm', 2)\n";
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    if (!has_cgroup(BNS_CGROUP_MEMORY)) {
        g_test_skip("no cgroup of memory can be used here");
        return;
    }
    story_write(story, "p.yaml",
                "nested: full\nlimits: { memory: 96M, processes: 50 }\n");
    story_write(story, "try.py", try);
    story_write(story, "try.sh", "python3 try.py && " FOUR_EATERS "\n");
    run = story_run(story, "-c p.yaml -- sh try.sh");
    story_assert_no_out(run, "seen");
    story_assert_no_out(run, "4 0\n");
    story_assert_err(run, "limits.memory was reached: ");
}

/* Whoever removes what a killed session made is alive. */
static void
test_killed_leaves_no_cgroup(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    if (!has_cgroup(BNS_CGROUP_MEMORY)) {
        g_test_skip("no cgroup of memory can be used here");
        return;
    }
    story_write(story, "p.yaml", "limits: { memory: 96M, processes: 50 }\n");
    run = story_shell(
        story, "mkfifo ready; \"$BNS\" -c p.yaml -- sh -c 'echo >ready; exec sleep "
               "1000' & pid=$!; read line <ready\n"
               "find /sys/fs/cgroup -name 'boundary-ns*' | grep -q . && echo there\n"
               "kill -9 $pid\n"
               "while find /sys/fs/cgroup -name \"boundary-ns*$pid*\" | grep -q .\n"
               "do sleep 0.01; done; echo gone\n");
    g_assert_cmpstr(run->out, ==, "there\ngone\n");
}

static void
test_open_files(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = run_with(story, "open_files: 20",
                                       "ulimit -n; ulimit -Hn; ulimit -n 21 "
                                       "2>/dev/null || echo no; exec 19</dev/null");

    g_assert_true(g_str_has_prefix(run->out, "20\n20\nno\n"));
}

static void
test_file_size(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = run_with(
        story, "file_size: 1M", "(head -c 2M /dev/zero >f) 2>/dev/null; stat -c %s f");

    g_assert_cmpstr(run->out, ==, "1048576\n");
    story_assert_record(run, "\"session.end\"");
}

static void
test_cpu(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run =
        run_with(story, "cpu: 1", "trap '' XCPU; while :; do :; done");

    /* It may ignore the first signal, not the second. */
    g_assert_true(WIFSIGNALED(run->status));
    g_assert_cmpint(WTERMSIG(run->status), ==, SIGKILL);
    story_assert_record(run, "\"session.end\"");
}

/* The last record is whole, and nothing was asked without one. */
static void
test_audit_size(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    story_option(story, "--allow api.test");
    run = run_with(story, "audit_size: 6K",
                   "while :; do curl -sS https://api.test/; done");
    story_assert_status(run, 125);
    story_assert_err(run, "is full (limits.audit_size)");
    g_assert_cmpuint(strlen(run->audit), <=, 6 * 1024);
    g_assert_true(g_str_has_suffix(run->audit, "\"}\n"));
    g_assert_cmpuint(bns_origin_connections(story->https), <=,
                     story_count_records(run, "\"http.request\"", NULL));
}

static void
test_check(void)
{
    g_autoptr(Story) story = story_new();
    g_autofree char *file = story_file(
        story, "p.yaml", "limits: { idle: 9, audit_size: 8K, memory: 5M }\n");
    g_autoptr(StoryRun) check = story_run(story, "check -c p.yaml");

    g_assert_nonnull(file);
    story_assert_status(check, 0);
    story_assert_out(check, "limits\tlimits.names\t16384\n");
    story_assert_out(check, "limits\tlimits.flow_rate\tnone\n");
    story_assert_out(check, "\tlimits.idle\t9\n");
    story_assert_out(check, "\tlimits.audit_size\t8192\n");
    story_assert_out(check, has_cgroup(BNS_CGROUP_MEMORY)
                                ? "\tlimits.memory\t5242880\n"
                                : "\tlimits.memory\t5242880 (of each process: there is "
                                  "no cgroup here for all together)\n");
    story_assert_out(check, "limits\tlimits.cpu\tnone\n");
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    if (!bns_test_can_unshare()) {
        bns_test_add("/e2e/limits/needs-user-namespaces", story_skip);
        return g_test_run();
    }
    bns_test_add("/e2e/limits/check-lists-them", test_check);
    bns_test_add("/e2e/limits/processes-are-counted", test_processes);
    bns_test_add("/e2e/limits/few-processes-of-root", test_few_processes_of_root);
    bns_test_add("/e2e/limits/a-fork-bomb-stays-inside", test_fork_bomb);
    bns_test_add("/e2e/limits/a-full-disk-is-the-sandboxs", test_full_disk);
    bns_test_add("/e2e/limits/so-many-connections-in-a-second", test_flow_rate);
    bns_test_add("/e2e/limits/memory-of-a-process-ends", test_memory);
    bns_test_add("/e2e/limits/memory-of-all-processes-ends", test_memory_together);
    bns_test_add("/e2e/limits/memory-of-private-files-ends", test_memory_of_files);
    bns_test_add("/e2e/limits/the-cgroup-is-out-of-reach", test_cgroup_is_out_of_reach);
    bns_test_add("/e2e/limits/a-killed-session-leaves-no-cgroup",
                 test_killed_leaves_no_cgroup);
    bns_test_add("/e2e/limits/descriptors-of-a-process-end", test_open_files);
    bns_test_add("/e2e/limits/a-file-ends", test_file_size);
    bns_test_add("/e2e/limits/computing-ends", test_cpu);
    bns_test_add("/e2e/limits/the-audit-ends", test_audit_size);
    return g_test_run();
}
