/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trees: making directories and files below a descriptor, on file systems of our own.
 *
 * No symbolic link is followed in what is made here. Plain C; -errno.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* (transfer full): @name below @dir_fd as O_PATH, itself if it is a symbolic link. */
int bns_tree_look(int dir_fd, const char *name);

/* (transfer full): @path, which is absolute, as O_PATH. A symbolic link on the way, or
 * the last, is -ELOOP. */
int bns_tree_look_along(const char *path);

/* Makes the directory @name if there is nothing. (transfer full): it, as O_PATH. */
int bns_tree_make_directory(int dir_fd, const char *name, mode_t mode);

/* Makes an empty file: a place to mount on. (transfer full): it, as O_PATH. */
int bns_tree_make_place(int dir_fd, const char *name);

/* Calls @visit for each entry of the readable @dir_fd but "." and "..", until it returns
 * an error; -ENOENT is none: the entry is gone since it was listed. */
int bns_tree_each(int dir_fd, int (*visit)(void *data, const char *name), void *data);

/* The same, with what the directory itself tells of each. */
typedef struct {
    const char *name;
    bool may_be_socket; /* it is one, or the file system does not tell */
} BnsTreeEntry;
int bns_tree_each_entry(int dir_fd,
                        int (*visit)(void *data, const BnsTreeEntry *entry),
                        void *data);

/* Makes the symbolic link @name of @source_fd again in @target_fd. */
int bns_tree_copy_link(int source_fd, int target_fd, const char *name);

/* Writes the new file @name (0644). */
int bns_tree_write(int dir_fd, const char *name, const void *data, size_t len);

/* Makes @path and what is missing above it below @dir_fd, 0755 but for the last, which
 * gets @mode. @path has no ".." and may begin with '/'. (transfer full): the last. */
int bns_tree_make_path(int dir_fd, const char *path, mode_t mode);

/* (transfer full): the directory that @path, relative to @dir_fd, lies in; @out_name: its
 * last part. -ENOENT and others: it does not exist. No link is followed. */
int bns_tree_open_parent(int dir_fd, const char *path, const char **out_name);

/* Gives the file @name of @source_fd the further name @path below @dir_fd, if the
 * directory exists: 1, else 0. */
int bns_tree_link(int source_fd, const char *name, int dir_fd, const char *path);

/* The path of @fd as the kernel knows it. 0 or -errno (-ENAMETOOLONG). */
int bns_tree_path_of(int fd, char *out_path, size_t size);

/* Whether @path is @directory or lies below it. Both are real paths. */
bool bns_tree_is_within(const char *path, const char *directory);
