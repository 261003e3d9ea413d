/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/review_file.h"

#include "base/fd.h"
#include "sandbox/key_words.h"
#include "sandbox/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME  "review.ini"
#define GROUP "review"
/* The longest command line is 6 MiB on Linux (execve(2)), each byte of it four here. */
#define BYTES_MAX (32 * 1024 * 1024)

/* --- writing --- */

static char *
tree_group(guint i)
{
    return g_strdup_printf("tree %u", i);
}

int
bns_review_file_write(const BnsReview *review)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autofree char *text = NULL;
    gsize len;

    g_key_file_set_string(file, GROUP, "session", review->session);
    g_key_file_set_int64(file, GROUP, "started_s", review->started.tv_sec);
    g_key_file_set_int64(file, GROUP, "started_ns", review->started.tv_nsec);
    g_key_file_set_uint64(file, GROUP, "trees", review->trees->len);
    bns_key_set_words(file, GROUP, "command", review->command);
    bns_key_set_words(file, GROUP, "hidden", review->hidden);
    bns_key_set_bytes(file, GROUP, "workdir", review->workdir);
    bns_key_set_bytes(file, GROUP, "audit", review->audit_path);
    for (guint i = 0; i < review->trees->len; i++) {
        const BnsReviewTree *tree = g_ptr_array_index(review->trees, i);
        g_autofree char *group = tree_group(i);

        bns_key_set_bytes(file, group, "path", tree->path);
        g_key_file_set_uint64(file, group, "device", tree->device);
        g_key_file_set_uint64(file, group, "inode", tree->inode);
        g_key_file_set_int64(file, group, "born_ns", tree->born_ns);
    }
    text = g_key_file_to_data(file, &len, NULL);
    return bns_tree_write(review->fd, NAME, text, len);
}

/* --- reading --- */

/* Returns: (transfer full) (nullable) */
static char *
read_text(int dir_fd, gsize *out_len)
{
    bns_autofd fd =
        openat(dir_fd, NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    g_autofree char *text = NULL;
    struct stat info;
    gsize len = 0;
    ssize_t n = 1;

    if (fd < 0 || fstat(fd, &info) < 0)
        return NULL;
    errno = EBADMSG;
    if (!S_ISREG(info.st_mode) || info.st_size > BYTES_MAX)
        return NULL;
    text = g_malloc((gsize)info.st_size + 1);
    while (len < (gsize)info.st_size &&
           (n = read(fd, text + len, (gsize)info.st_size - len)) > 0)
        len += (gsize)n;
    *out_len = len;
    return n < 0 ? NULL : g_steal_pointer(&text);
}

static bool
take_tree(BnsReview *review, GKeyFile *file, guint i)
{
    g_autofree char *group = tree_group(i);
    BnsReviewTree *tree = g_new0(BnsReviewTree, 1);

    g_ptr_array_add(review->trees, tree);
    tree->path = bns_key_get_bytes(file, group, "path");
    tree->device = g_key_file_get_uint64(file, group, "device", NULL);
    tree->inode = g_key_file_get_uint64(file, group, "inode", NULL);
    tree->born_ns = g_key_file_get_int64(file, group, "born_ns", NULL);
    return tree->path != NULL && g_path_is_absolute(tree->path) && tree->inode != 0;
}

static bool
take_all(BnsReview *review, GKeyFile *file)
{
    g_autofree char *session = g_key_file_get_string(file, GROUP, "session", NULL);
    guint64 n_trees = g_key_file_get_uint64(file, GROUP, "trees", NULL);

    review->started.tv_sec = g_key_file_get_int64(file, GROUP, "started_s", NULL);
    review->started.tv_nsec = g_key_file_get_int64(file, GROUP, "started_ns", NULL);
    review->command = bns_key_get_words(file, GROUP, "command");
    review->hidden = bns_key_get_words(file, GROUP, "hidden");
    review->workdir = bns_key_get_bytes(file, GROUP, "workdir");
    review->audit_path = bns_key_get_bytes(file, GROUP, "audit");
    if (g_strcmp0(session, review->session) != 0 || review->command == NULL ||
        review->hidden == NULL || review->workdir == NULL ||
        review->audit_path == NULL || review->started.tv_sec <= 0 || n_trees == 0 ||
        n_trees > BNS_REVIEW_TREES_MAX)
        return false;
    for (guint i = 0; i < n_trees; i++)
        if (!take_tree(review, file, i))
            return false;
    return true;
}

int
bns_review_file_read(BnsReview *review)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autofree char *text = NULL;
    gsize len = 0;

    text = read_text(review->fd, &len);
    if (text == NULL)
        return -errno;
    return g_key_file_load_from_data(file, text, len, G_KEY_FILE_NONE, NULL) &&
                   take_all(review, file)
               ? 0
               : -EBADMSG;
}
