/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/audit/sample.h"

#include "audit/viewer.h"
#include "audit/writer.h"

#include <fcntl.h>
#include <ftw.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

char *
sample_dir(void)
{
    g_autoptr(GError) error = NULL;
    char *dir = g_dir_make_tmp("bns-audit-XXXXXX", &error);

    g_assert_no_error(error);
    return dir;
}

static int
remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    return remove(path);
}

void
sample_remove(char *dir)
{
    g_assert_cmpint(nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS), ==, 0);
    g_free(dir);
}

static bool
write_map(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    if (fd >= 0)
        close(fd);
    return ok;
}

/* Root needs no user namespace, and would lose its other ids in one. */
static bool
enter_mount_namespace(void)
{
    uid_t uid = geteuid();
    gid_t gid = getegid();
    g_autofree char *uids = g_strdup_printf("%u %u 1", uid, uid);
    g_autofree char *gids = g_strdup_printf("%u %u 1", gid, gid);

    if (uid == 0 && unshare(CLONE_NEWNS) == 0)
        return true;
    return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
           write_map("/proc/self/setgroups", "deny") &&
           write_map("/proc/self/uid_map", uids) &&
           write_map("/proc/self/gid_map", gids);
}

/* An ordinary user stays one: permissions bind as they do outside. */
static bool
drop_capabilities(void)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

    return geteuid() == 0 || syscall(SYS_capset, &header, none) == 0;
}

bool
sample_own_var_tmp(void)
{
    return enter_mount_namespace() &&
           mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("tmp", "/var/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777") == 0 &&
           drop_capabilities();
}

BnsAuditFile *
sample_open(const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *notice = NULL;
    BnsAuditFile *file = bns_audit_open(path, &notice, &error);

    g_assert_no_error(error);
    g_assert_nonnull(file);
    g_assert_null(notice);
    return file;
}

void
sample_session(BnsAuditFile *file, unsigned requests, bool is_ended)
{
    static const char *command[] = { "curl", "-v", "https://github.com/", NULL };
    static const char *layers[] = { "/home/u/policy.yaml", NULL };
    const BnsSessionStart start = { .command = (char **)(uintptr_t)command,
                                    .policy_digest = "sha256:0",
                                    .mode = "enforce",
                                    .layers = (char **)(uintptr_t)layers };
    const BnsSessionEnd end = { .exit = "0", .allowed = requests };
    g_autoptr(GError) error = NULL;

    g_assert_true(bns_writer_start(file, &start, &error));
    for (unsigned i = 0; i < requests; i++) {
        BnsRecord record = { .event = BNS_EVENT_HTTP_REQUEST,
                             .decision =
                                 i % 3 == 2 ? BNS_DECIDED_DENY : BNS_DECIDED_ALLOW,
                             .flow = 1,
                             .request = i + 1,
                             .host = "github.com",
                             .port = 443,
                             .scheme = "https",
                             .method = "GET",
                             .path = "/" };

        g_assert_true(bns_writer_record(file, &record, &error));
    }
    if (is_ended)
        g_assert_true(bns_writer_end(file, &end, &error));
    g_assert_no_error(error);
}

char *
sample_read(const char *path, gsize *out_len)
{
    g_autoptr(GError) error = NULL;
    char *bytes;

    g_file_get_contents(path, &bytes, out_len, &error);
    g_assert_no_error(error);
    return bytes;
}

void
sample_write(const char *path, const char *bytes, gsize len)
{
    FILE *file = fopen(path, "w");

    g_assert_nonnull(file);
    g_assert_cmpuint(fwrite(bytes, 1, len, file), ==, len);
    g_assert_cmpint(fclose(file), ==, 0);
}

char *
sample_verify(const char *path, int status)
{
    g_autoptr(GError) error = NULL;
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    int r = bns_viewer_verify(path, out, &error);

    fclose(out);
    g_assert_no_error(error);
    if (r != status)
        g_error("%s: status %d, not %d: %s", path, r, status, text);
    return text;
}
