/* SPDX-License-Identifier: Apache-2.0 */
/* What the command sees of the file system, and what it can do to it. */
#include "sandbox/trust_files.h"
#include "tests/sandbox/inside_fixture.h"
#include "tests/support/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
test_resolver(void)
{
    g_autofree char *text = NULL;

    if (!inside_is_possible())
        return;
    text = inside_sh("cat /etc/resolv.conf; grep -c '^hosts:' /etc/nsswitch.conf; grep "
                     "'^hosts:' /etc/nsswitch.conf",
                     NULL);
    g_assert_cmpstr(text, ==, "nameserver 198.18.0.2\nsearch .\n1\nhosts: files dns");
}

static void
test_hosts(void)
{
    g_autofree char *text = NULL;
    g_autofree char *resolved = NULL;
    char name[256] = "";

    if (!inside_is_possible())
        return;
    gethostname(name, sizeof(name) - 1);
    text = inside_sh("grep localhost /etc/hosts", NULL);
    g_assert_cmpstr(text, ==,
                    "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback");
    resolved = inside_sh("hostname; getent ahostsv4 \"$(hostname)\" | cut -d' ' -f1 | "
                         "sort -u",
                         NULL);
    g_assert_true(g_str_has_prefix(resolved, name));
    g_assert_true(g_str_has_suffix(resolved, "\n127.0.1.1"));
}

/* What is not ours is the host's own file, not a copy. */
static void
test_other_files(void)
{
    g_autofree char *inside = NULL;
    g_autofree char *outside = NULL;
    struct stat info;

    if (!inside_is_possible())
        return;
    g_assert_cmpint(stat("/etc/passwd", &info), ==, 0);
    outside = g_strdup_printf("%" G_GUINT64_FORMAT, (guint64)info.st_ino);
    inside = inside_sh("stat -c %i /etc/passwd", NULL);
    g_assert_cmpstr(inside, ==, outside);
}

static void
test_frozen(gconstpointer path)
{
    g_autofree char *script = g_strdup_printf(
        "touch %s/new 2>/dev/null && exit 1; mkdir %s/newdir 2>/dev/null && exit 1; "
        "exit 0",
        (const char *)path, (const char *)path);
    g_autofree char *output = NULL;

    if (!inside_is_possible())
        return;
    output = inside_sh(script, NULL);
    g_assert_cmpstr(output, ==, "");
}

static void
test_own_files_are_frozen(void)
{
    g_autofree char *output = NULL;

    if (!inside_is_possible())
        return;
    output = inside_sh("for f in /etc/resolv.conf /etc/hosts " BNS_TRUST_CA
                       "; do (echo x >>$f) 2>/dev/null && exit 1; chmod 777 $f "
                       "2>/dev/null && exit 2; mv $f /tmp 2>/dev/null && exit 3; done; "
                       "exit 0",
                       NULL);
    g_assert_cmpstr(output, ==, "");
}

static void
test_trust(void)
{
    g_autofree char *pem = g_strchomp(g_strdup(inside_ca_pem));
    g_autofree char *single = NULL;
    g_autofree char *verified = NULL;
    g_autofree char *roots = NULL;

    if (!inside_is_possible())
        return;
    single = inside_sh("cat " BNS_TRUST_CA, NULL);
    g_assert_cmpstr(single, ==, pem);
    roots = inside_sh("tail -n 10 " BNS_TRUST_BUNDLE, NULL);
    g_assert_true(g_str_has_suffix(pem, roots));
    if (access("/etc/ssl/certs", F_OK) < 0)
        return;
    verified = inside_sh("cmp /etc/ssl/certs/ca-certificates.crt " BNS_TRUST_BUNDLE
                         " && readlink /etc/ssl/certs/" INSIDE_CA_HASH ".0",
                         NULL);
    g_assert_cmpstr(verified, ==, "boundary-ns.pem");
}

static void
test_roots_stay(void)
{
    static const char bundle[] = "/etc/ssl/certs/ca-certificates.crt";
    g_autofree char *count = NULL;
    g_autofree char *host = NULL;
    gsize len = 0;

    if (!inside_is_possible())
        return;
    if (!g_file_get_contents(bundle, &host, &len, NULL)) {
        g_test_skip("this host has no such bundle");
        return;
    }
    count = inside_sh("cat " BNS_TRUST_BUNDLE " | wc -c", NULL);
    g_assert_cmpint(atol(count), ==, (long)(len + 1 + strlen(inside_ca_pem)));
}

static void
test_private(gconstpointer path)
{
    g_autofree char *marker =
        g_strdup_printf("%s/bns-test-%d", (const char *)path, getpid());
    g_autofree char *script = g_strdup_printf("test ! -e %s && echo x > %s && ls -A %s",
                                              marker, marker, (const char *)path);
    g_autofree char *names = NULL;
    g_autofree char *base = g_path_get_basename(marker);

    if (!inside_is_possible())
        return;
    names = inside_sh(script, NULL);
    g_assert_cmpstr(names, ==, base);
    g_assert_cmpint(access(marker, F_OK), ==, -1);
}

static void
test_run(void)
{
    const char *environment[] = { "XDG_RUNTIME_DIR=/run/user/12345", NULL };
    InsideOptions options = { .environment = environment };
    g_autofree char *names = NULL;

    if (!inside_is_possible())
        return;
    names = inside_sh("find /run -type s; ls -A $XDG_RUNTIME_DIR; stat -c %a "
                      "$XDG_RUNTIME_DIR /run/lock",
                      &options);
    g_assert_cmpstr(names, ==, "700\n1777");
}

static void
test_runtime_elsewhere(void)
{
    g_autofree char *home =
        g_strdup_printf("%s/bns-test-%d", g_getenv("HOME"), getpid());
    g_autofree char *variable = g_strdup_printf("XDG_RUNTIME_DIR=%s", home);
    const char *environment[] = { variable, NULL };
    InsideOptions options = { .environment = environment };
    g_autofree char *names = NULL;

    if (!inside_is_possible())
        return;
    g_assert_cmpint(mkdir(home, 0700), ==, 0);
    inside_make_file(home, "socket", "", 0600);
    names = inside_sh("ls -A $XDG_RUNTIME_DIR; touch $XDG_RUNTIME_DIR/x", &options);
    g_assert_cmpstr(names, ==, "");
    bns_test_remove_tree(home);
}

/* Somebody's home is no runtime directory, whatever the variable says. */
static void
test_runtime_is_home(void)
{
    g_autofree char *home =
        g_strdup_printf("%s/bns-test-%d", g_getenv("HOME"), getpid());
    g_autofree char *variable = g_strdup_printf("XDG_RUNTIME_DIR=%s", home);
    g_autofree char *home_variable = g_strdup_printf("HOME=%s/sub", home);
    const char *environment[] = { variable, home_variable, NULL };
    InsideOptions options = { .environment = environment };
    g_autofree char *names = NULL;

    if (!inside_is_possible())
        return;
    g_assert_cmpint(mkdir(home, 0700), ==, 0);
    inside_make_file(home, "sub", "", 0600);
    names = inside_sh("ls -A $XDG_RUNTIME_DIR", &options);
    bns_test_remove_tree(home);
    g_assert_cmpstr(names, ==, "sub");
}

static void
test_workdir(void)
{
    g_autofree char *dir = inside_make_directory();
    g_autofree char *work = g_build_filename(dir, "work", NULL);
    InsideOptions options = { .workdir = work };
    g_autofree char *output = NULL;
    g_autofree char *expected = g_strdup_printf("%s\nwork", work);
    g_autofree char *made = g_build_filename(work, "made", NULL);

    if (!inside_is_possible())
        return;
    g_assert_cmpint(mkdir(work, 0755), ==, 0);
    inside_make_file(dir, "secret", "x", 0644);
    output = inside_sh("pwd; ls -A ..; echo x > made", &options);
    g_assert_cmpstr(output, ==, expected);
    g_assert_cmpint(access(made, F_OK), ==, 0);
    bns_test_remove_tree(dir);
}

static void
test_linked_workdir(void)
{
    g_autofree char *dir = inside_make_directory();
    g_autofree char *link = g_build_filename(dir, "link", NULL);
    g_autofree char *work = g_build_filename(dir, "work", NULL);
    InsideOptions options = { .workdir = link };
    g_autofree char *output = NULL;

    if (!inside_is_possible())
        return;
    g_assert_cmpint(mkdir(work, 0755), ==, 0);
    g_assert_cmpint(symlink("work", link), ==, 0);
    output = inside_sh("pwd -P", &options);
    g_assert_cmpstr(output, ==, work);
    bns_test_remove_tree(dir);
}

/* Whoever starts in /tmp itself works in an empty one. */
static void
test_workdir_is_tmp(void)
{
    InsideOptions options = { .workdir = "/tmp" };
    g_autofree char *output = NULL;

    if (!inside_is_possible())
        return;
    output = inside_sh("pwd; ls -A", &options);
    g_assert_cmpstr(output, ==, "/tmp");
}

static void
test_dev(void)
{
    g_autofree char *names = NULL;
    g_autofree char *works = NULL;

    if (!inside_is_possible())
        return;
    names = inside_sh("cd /dev; echo *", NULL);
    g_assert_cmpstr(names, ==,
                    "core fd full mqueue null ptmx pts random shm stderr stdin stdout "
                    "tty urandom zero");
    works = inside_sh("echo x > /dev/null && head -c 3 /dev/urandom | wc -c && touch "
                      "/dev/shm/x && (: > /dev/ptmx) && ls /dev/pts",
                      NULL);
    g_assert_cmpstr(works, ==, "3\nptmx");
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    bns_test_add("/sandbox/inside/files/every-resolver-asks-us", test_resolver);
    bns_test_add("/sandbox/inside/files/the-hosts-own-name-is-known", test_hosts);
    bns_test_add("/sandbox/inside/files/the-rest-of-etc-is-the-hosts",
                 test_other_files);
    bns_test_add_data("/sandbox/inside/files/etc-is-frozen", "/etc", test_frozen);
    bns_test_add_data("/sandbox/inside/files/dev-is-frozen", "/dev", test_frozen);
    bns_test_add_data("/sandbox/inside/files/sys-is-frozen", "/sys", test_frozen);
    bns_test_add("/sandbox/inside/files/our-files-are-frozen",
                 test_own_files_are_frozen);
    bns_test_add("/sandbox/inside/files/the-ca-is-in-every-place", test_trust);
    bns_test_add("/sandbox/inside/files/the-hosts-roots-stay", test_roots_stay);
    bns_test_add_data("/sandbox/inside/files/tmp-is-private", "/tmp", test_private);
    bns_test_add_data("/sandbox/inside/files/var-tmp-is-private", "/var/tmp",
                      test_private);
    bns_test_add_data("/sandbox/inside/files/dev-shm-is-private", "/dev/shm",
                      test_private);
    bns_test_add("/sandbox/inside/files/run-is-private", test_run);
    bns_test_add("/sandbox/inside/files/a-runtime-directory-elsewhere-is-private",
                 test_runtime_elsewhere);
    bns_test_add("/sandbox/inside/files/a-home-is-no-runtime-directory",
                 test_runtime_is_home);
    bns_test_add("/sandbox/inside/files/a-workdir-below-tmp-is-shown-alone",
                 test_workdir);
    bns_test_add("/sandbox/inside/files/a-linked-workdir-is-followed",
                 test_linked_workdir);
    bns_test_add("/sandbox/inside/files/tmp-itself-is-never-shown",
                 test_workdir_is_tmp);
    bns_test_add("/sandbox/inside/files/dev-has-what-is-needed", test_dev);
    return g_test_run();
}
