/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/git_hooks.h"

#include "base/fd.h"
#include "sandbox/file_protect.h"
#include "sandbox/git_keys.h"
#include "sandbox/tree.h"

#include <fcntl.h>
#include <string.h>

char *
bns_git_hooks_find(const char *root)
{
    g_autofree char *config = g_build_filename(root, ".git/config", NULL);
    bns_autofd fd =
        open(config, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    g_autofree char *keys = fd < 0 ? NULL : bns_file_protect_git_keys_of(fd);
    g_autofree char *path =
        keys == NULL ? NULL
                     : bns_git_keys_value(keys, strlen(keys), "core", "hookspath");
    g_autofree char *found = NULL;

    if (path == NULL || *path == '\0' || *path == '~')
        return NULL;
    found = g_canonicalize_filename(path, root);
    return strcmp(found, root) != 0 && bns_tree_is_within(found, root)
               ? g_steal_pointer(&found)
               : NULL;
}
