/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Review remove: takes away a tree that the command has made, by descriptor.
 *
 * Nothing in it is followed, no mount is entered. Directories that are locked against their owner, who is the
 * user, are opened again (sandbox/own_directory.h). However deep it is: what lies too deep
 * is moved up first.
 */
#pragma once

/* Removes @name of @dir_fd, a directory or anything else. That there is none is no error.
 * Returns: 0 or -errno: what could be removed is gone. */
int bns_review_remove_tree(int dir_fd, const char *name);
