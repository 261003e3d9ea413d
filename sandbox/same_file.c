/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/same_file.h"

#include "base/fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* Deeper than any program is installed; a descriptor each. */
#define DEPTH_MAX 32

typedef struct {
    struct stat file;
    const char *path; /* of the file, borrowed */
    GPtrArray *paths; /* borrowed */
    nlink_t n_missing;
    unsigned n_entries; /* seen so far */
} Search;

static bool
is_over(const Search *search)
{
    return search->n_missing == 0 || search->n_entries >= BNS_SAME_FILE_ENTRIES_MAX;
}

static void
look_at_file(Search *search, int dir_fd, const char *dir, const char *name)
{
    struct stat info;
    g_autofree char *path = NULL;

    if (fstatat(dir_fd, name, &info, AT_SYMLINK_NOFOLLOW) < 0 ||
        info.st_dev != search->file.st_dev || info.st_ino != search->file.st_ino)
        return;
    path = g_build_filename(dir, name, NULL);
    if (strcmp(path, search->path) == 0)
        return;
    g_ptr_array_add(search->paths, g_steal_pointer(&path));
    search->n_missing--;
}

static void walk(Search *search,
                 int parent_fd,
                 const char *name,
                 const char *path,
                 const char *skip,
                 int depth);

static void
look_at(Search *search,
        int dir_fd,
        const struct dirent *entry,
        const char *dir,
        const char *skip,
        int depth)
{
    const char *name = entry->d_name;

    search->n_entries++;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return;
    if (entry->d_type != DT_DIR && entry->d_type != DT_LNK) {
        if (entry->d_ino == search->file.st_ino)
            look_at_file(search, dir_fd, dir, name);
        return;
    }
    if (entry->d_type == DT_DIR && (skip == NULL || strcmp(name, skip) != 0)) {
        g_autofree char *path = g_build_filename(dir, name, NULL);

        walk(search, dir_fd, name, path, NULL, depth + 1);
    }
}

/* @skip: (nullable): an entry that was walked before */
static void
walk(Search *search,
     int parent_fd,
     const char *name,
     const char *path,
     const char *skip,
     int depth)
{
    bns_autofd fd =
        openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat info;
    const struct dirent *entry;
    DIR *dir;

    /* A hard link lies on its own file system. */
    if (depth > DEPTH_MAX || fd < 0 || fstat(fd, &info) < 0 ||
        info.st_dev != search->file.st_dev)
        return;
    dir = fdopendir(fd);
    if (dir == NULL)
        return;
    fd = -1;
    while (!is_over(search) && (entry = readdir(dir)) != NULL)
        look_at(search, dirfd(dir), entry, path, skip, depth);
    closedir(dir);
}

bool
bns_same_file_find(const char *path, GPtrArray *paths)
{
    Search search = { .path = path, .paths = paths };
    g_autofree char *dir = g_path_get_dirname(path);
    g_autofree char *walked = NULL;

    if (lstat(path, &search.file) < 0 || search.file.st_nlink < 2)
        return true;
    search.n_missing = search.file.st_nlink - 1;
    while (!is_over(&search)) {
        char *above = g_path_get_dirname(dir);

        walk(&search, AT_FDCWD, dir, dir, walked, 0);
        g_free(walked);
        walked = g_path_get_basename(dir);
        g_free(dir);
        dir = above;
        if (strcmp(walked, "/") == 0)
            break;
    }
    return search.n_missing == 0;
}
