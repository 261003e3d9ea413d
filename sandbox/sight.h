/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sight: how the plan of what the command sees and writes looks at the host's files.
 *
 * "Not there" and "could not look" must not be the same: a secret that was not found for
 * lack of a descriptor would not be hidden, a hook not be protected. A look that fails for
 * another reason than that nothing is there is noted, and ends the start.
 *
 * Nothing is there, too, where the user may not look (so the command may not), where links
 * lead in a circle, and where a file system has lost its server.
 *
 * For the supervisor, while it has one thread: what is noted is kept in one place.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/stat.h>

/* Whether there is such a name, be it a link that leads nowhere. */
bool bns_sight_has(const char *path);
bool bns_sight_is_link(const char *path);
/* Whether the name leads to a file of @type: S_IFDIR, S_IFREG; 0: of any. */
bool bns_sight_is(const char *path, mode_t type);
/* As stat(2). Returns: false if nothing is there. */
bool bns_sight_stat(const char *path, struct stat *out_info);
/* As access(2). */
bool bns_sight_may(const char *path, int mode);

/* Returns: (transfer full) (nullable): as realpath(3), for g_free(). */
char *bns_sight_real(const char *path);
/* Returns: (transfer full): the names in a directory, owned; none if there is none. */
GPtrArray *bns_sight_names(const char *directory);

/* Notes that @path could not be looked at, if @error_number says that. */
void bns_sight_note(const char *path, int error_number);

#define BNS_SIGHT_ERROR (bns_sight_error_quark())
GQuark bns_sight_error_quark(void);

/* Returns: whether everything could be looked at; the first that could not be is in
 * @error. */
bool bns_sight_check(GError **error);
