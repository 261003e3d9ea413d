/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/review_diff.h"

#include "base/fd.h"
#include "base/text.h"
#include "sandbox/review_upper.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child. */
#define OLD_FD    3
#define NEW_FD    4
#define NO_DIFF   127
#define BLOCK     (64 * 1024)
#define DIFF_PATH "/usr/local/bin:/usr/bin:/bin"

typedef struct {
    const BnsReview *review; /* borrowed */
    bool is_for_screen;
    FILE *out;   /* borrowed */
    char *diff;  /* owned; the program */
    int tree_fd; /* of the change's tree; owned, as the next */
    int upper_fd;
    guint tree; /* whose they are */
} Show;

/* --- the program --- */

static char *
find_diff(void)
{
    g_auto(GStrv) dirs = g_strsplit(DIFF_PATH, ":", -1);

    for (char **dir = dirs; *dir != NULL; dir++) {
        g_autofree char *path = g_build_filename(*dir, "diff", NULL);

        if (access(path, X_OK) == 0)
            return g_steal_pointer(&path);
    }
    return NULL;
}

/* Plain C. */
static void G_GNUC_NORETURN
child_main(char **argv, int old_fd, int new_fd, int out_fd)
{
    char *envp[] = { (char[]){ "LC_ALL=C" }, NULL };
    /* Out of the way of the numbers that they are to have. */
    int old_copy = fcntl(old_fd, F_DUPFD, 10), new_copy = fcntl(new_fd, F_DUPFD, 10);
    int null = open("/dev/null", O_RDONLY);

    if (old_copy < 0 || new_copy < 0 || null < 0 || dup2(out_fd, STDOUT_FILENO) < 0 ||
        dup2(null, STDIN_FILENO) < 0 || dup2(old_copy, OLD_FD) < 0 ||
        dup2(new_copy, NEW_FD) < 0)
        _exit(NO_DIFF);
    bns_fd_close_from(NEW_FD + 1);
    execve(argv[0], argv, envp);
    _exit(NO_DIFF);
}

static void
write_safely(const Show *show, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)bytes[i];

        if (!show->is_for_screen || c == '\n' || c == '\t' || (c >= 0x20 && c < 0x7f))
            putc(c, show->out);
        else
            fprintf(show->out, "\\x%02x", c);
    }
}

static int
copy_output(const Show *show, int fd)
{
    g_autofree char *block = g_malloc(BLOCK);
    ssize_t n;

    while ((n = read(fd, block, BLOCK)) != 0) {
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0)
            write_safely(show, block, (size_t)n);
    }
    return 0;
}

/* Returns: its exit status, or -errno. */
static int
run_diff(const Show *show, char **argv, int old_fd, int new_fd)
{
    int pair[2], status, r;
    pid_t pid;

    if (pipe2(pair, O_CLOEXEC) < 0)
        return -errno;
    fflush(show->out);
    pid = fork();
    if (pid == 0)
        child_main(argv, old_fd, new_fd, pair[1]);
    r = pid < 0 ? -errno : 0;
    bns_fd_clear(&pair[1]);
    if (r == 0)
        r = copy_output(show, pair[0]);
    bns_fd_clear(&pair[0]);
    if (pid > 0 && waitpid(pid, &status, 0) < 0)
        r = -errno;
    if (r < 0)
        return r;
    return WIFEXITED(status) ? WEXITSTATUS(status) : NO_DIFF;
}

/* --- one change --- */

static int
open_parent(int root_fd, const char *path)
{
    g_autofree char *parent = g_path_get_dirname(path);

    return bns_review_open_below(root_fd, strcmp(parent, ".") == 0 ? "" : parent);
}

/* (transfer full): the regular file that it is, or /dev/null, or -errno. */
static int
open_side(int root_fd, const BnsChange *change, bool is_upper)
{
    const struct stat *info = is_upper ? &change->upper : &change->lower;
    const BnsUpperEntry entry = { .info = *info };
    g_autofree char *name = g_path_get_basename(change->path);
    bns_autofd dir = -1;
    int fd;

    if (!S_ISREG(info->st_mode)) {
        fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
    }
    dir = open_parent(root_fd, change->path);
    if (dir < 0)
        return dir;
    if (is_upper)
        return bns_upper_open(dir, name, &entry);
    fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static void
say(const Show *show, const BnsChange *change, const char *what)
{
    g_autofree char *shown = bns_text_escape(change->path, -1);

    fprintf(show->out, "%s: %s\n", *shown != '\0' ? shown : ".", what);
}

static void
say_link(const Show *show, const BnsChange *change)
{
    g_autofree char *name = g_path_get_basename(change->path);
    bns_autofd dir = open_parent(show->upper_fd, change->path);
    char target[PATH_MAX];
    ssize_t len = dir < 0 ? -1 : readlinkat(dir, name, target, sizeof(target));
    g_autofree char *shown = len < 0 ? NULL : bns_text_escape(target, len);
    g_autofree char *text =
        g_strconcat("a symbolic link to ", shown != NULL ? shown : "?", NULL);

    say(show, change, text);
}

static void
say_mode(const Show *show, const BnsChange *change)
{
    g_autofree char *text =
        g_strdup_printf("mode %03o, was %03o", change->upper.st_mode & 0777,
                        change->lower.st_mode & 0777);

    say(show, change, text);
}

static int
show_lines(const Show *show, const BnsChange *change)
{
    g_autofree char *path = bns_text_escape(change->path, -1);
    bool is_new = !S_ISREG(change->lower.st_mode);
    bool is_gone = !S_ISREG(change->upper.st_mode);
    g_autofree char *old_label =
        is_new ? g_strdup("/dev/null") : g_strconcat("a/", path, NULL);
    g_autofree char *new_label =
        is_gone ? g_strdup("/dev/null") : g_strconcat("b/", path, NULL);
    char *argv[] = { show->diff,
                     (char[]){ "-u" },
                     (char[]){ "--label" },
                     old_label,
                     (char[]){ "--label" },
                     new_label,
                     (char[]){ "--" },
                     (char[]){ "/dev/fd/3" },
                     (char[]){ "/dev/fd/4" },
                     NULL };
    bns_autofd old_fd = open_side(show->tree_fd, change, false);
    bns_autofd new_fd = open_side(show->upper_fd, change, true);
    int status;

    if (old_fd < 0 || new_fd < 0) {
        say(show, change, "cannot be read");
        return 0;
    }
    status = run_diff(show, argv, old_fd, new_fd);
    return status < 0 || status > 1 ? (status < 0 ? status : -EIO) : 0;
}

static int
show_change(const Show *show, const BnsChange *change)
{
    bool has_lines = S_ISREG(change->upper.st_mode) || S_ISREG(change->lower.st_mode);

    if (S_ISLNK(change->upper.st_mode))
        say_link(show, change);
    else if (change->obstacle != NULL && !has_lines)
        say(show, change, change->obstacle);
    else if (change->kind != BNS_CHANGE_REMOVED && S_ISDIR(change->upper.st_mode) &&
             change->kind != BNS_CHANGE_MODE)
        say(show, change, "a new directory");
    if (change->kind == BNS_CHANGE_REMOVED && !S_ISREG(change->lower.st_mode))
        say(show, change, "removed");
    if (change->upper.st_mode != 0 && change->lower.st_mode != 0 &&
        ((change->upper.st_mode ^ change->lower.st_mode) & 0777) != 0 &&
        !S_ISLNK(change->upper.st_mode))
        say_mode(show, change);
    if (!has_lines || change->kind == BNS_CHANGE_MODE)
        return 0;
    if (change->upper.st_size > BNS_REVIEW_DIFF_MAX ||
        change->lower.st_size > BNS_REVIEW_DIFF_MAX) {
        say(show, change, "too large to be compared");
        return 0;
    }
    return show_lines(show, change);
}

static bool
open_tree(Show *show, guint tree, GError **error)
{
    if (show->tree_fd >= 0 && show->tree == tree)
        return true;
    bns_fd_clear(&show->tree_fd);
    bns_fd_clear(&show->upper_fd);
    show->tree = tree;
    show->tree_fd = bns_review_open_tree(show->review, tree, error);
    show->upper_fd = bns_review_open_upper(show->review, tree);
    return show->tree_fd >= 0;
}

bool
bns_review_diff(const BnsReview *review,
                const BnsReviewChanges *changes,
                bool is_for_screen,
                FILE *out,
                GError **error)
{
    g_autofree char *diff = find_diff();
    Show show = { .review = review,
                  .is_for_screen = is_for_screen,
                  .out = out,
                  .diff = diff,
                  .tree_fd = -1,
                  .upper_fd = -1 };
    int r = diff == NULL ? -ENOENT : 0;
    bool is_open = true;

    for (guint i = 0; i < changes->list->len && r == 0 && is_open; i++) {
        const BnsChange *change = changes->list->pdata[i];

        is_open = open_tree(&show, change->tree, error);
        if (is_open)
            r = show_change(&show, change);
    }
    bns_fd_clear(&show.tree_fd);
    bns_fd_clear(&show.upper_fd);
    if (r < 0)
        g_set_error(error, BNS_REVIEW_ERROR, BNS_REVIEW_ERROR_FAILED,
                    r == -ENOENT ? "There is no diff in " DIFF_PATH
                                 : "%s could not compare the files",
                    diff);
    return r == 0 && is_open;
}
