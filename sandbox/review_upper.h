/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Review upper: what overlayfs, mounted with "userxattr", leaves in an upper directory
 * (Documentation/filesystems/overlayfs.rst), and how to look at it once the command is
 * gone. All of it is the command's: any name, any mode, any type.
 *
 * Overlayfs lets nobody inside set "user.overlay." attributes, so they are its own words,
 * or ours: where we had to give a directory's owner his rights back to look into it, what
 * it had stands in MODE_XATTR.
 */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

typedef struct {
    struct stat info; /* st_mode: as the command left it */
    bool is_whiteout; /* it removed what lies below */
    bool is_opaque;   /* a directory; nothing of what lies below shows */
    bool has_origin;  /* copied up from below: as it is, or under another name */
    bool is_foreign;  /* parts of it lie elsewhere (redirect, metacopy), which userxattr
                       * excludes */
} BnsUpperEntry;

/* Looks at @name in @dir_fd, itself if it is a symbolic link; opens nothing. 0 or -errno. */
int bns_upper_look(int dir_fd, const char *name, BnsUpperEntry *out_entry);

/* (transfer full): the directory or regular file @name, readable, or -errno. If that needs
 * a mode of its owner's that it does not have, it gets it, and @entry's is kept. */
int bns_upper_open(int dir_fd, const char *name, const BnsUpperEntry *entry);

/* Takes a word of overlayfs away, if it is there: that the directory @fd is opaque; that
 * @name was copied up. 0 or -errno. */
int bns_upper_clear_opaque(int fd);
int bns_upper_clear_origin(int dir_fd, const char *name);

/* Makes the directory @fd opaque; makes a whiteout @name. 0 or -errno. */
int bns_upper_set_opaque(int fd);
int bns_upper_make_whiteout(int dir_fd, const char *name);

/* Whether the attribute @name is overlayfs's or ours, so that it stays behind. */
bool bns_upper_owns_xattr(const char *name);
