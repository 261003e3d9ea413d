/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The readers of an import, and what several of them share: for policy/import_*.c.
 */
#pragma once

#include "policy/import_draft.h"

/* Each fills @draft from a file. Returns: false with @error if it is none of its kind. */
bool bns_import_claude(BnsDraft *draft, const char *bytes, size_t len, GError **error);
bool bns_import_srt(BnsDraft *draft, const char *bytes, size_t len, GError **error);
bool bns_import_domains(BnsDraft *draft, const char *bytes, size_t len, GError **error);
bool bns_import_codex(BnsDraft *draft, const char *bytes, size_t len, GError **error);
bool bns_import_coder(BnsDraft *draft, const char *bytes, size_t len, GError **error);

/* --- trees --- */

/* Returns: the value of @key in @mapping; %NULL if there is none. @mapping: (nullable) */
const BnsYaml *bns_import_get(const BnsYaml *mapping, const char *key);
/* The same of one that is @kind; others are an error, since what they restrict would be
 * lost. Returns: false with @error; @out NULL if there is none. */
bool bns_import_get_kind(const BnsDraft *draft,
                         const BnsYaml *mapping,
                         const char *key,
                         BnsYamlKind kind,
                         const BnsYaml **out,
                         GError **error);
/* Whether @key is there and true. One that is no boolean is not. */
bool bns_import_is_true(const BnsYaml *mapping, const char *key);

/* What an import does with a key. */
typedef struct {
    const char *name;
    bool (*read)(BnsDraft *draft,
                 const BnsYaml *value,
                 GError **error); /* NULL: nothing
                                                        * has to be done, or it is done
                                                        * elsewhere */
    const char *lost; /* NULL: nothing; else the loss if it is true or not a boolean */
    BnsLoss loss;
} BnsImportKey;

/* Reads what @mapping has, by a table that ends in a NULL name. A key that is not in it is
 * a loss of unknown direction, so it is called wider. @prefix: "sandbox.network" */
bool bns_import_keys(BnsDraft *draft,
                     const BnsYaml *mapping,
                     const char *prefix,
                     const BnsImportKey *keys,
                     GError **error);

/* For each string of a list; another kind of value is an error. */
typedef void (*BnsImportItem)(BnsDraft *draft, unsigned line, const char *text);
bool bns_import_strings(BnsDraft *draft,
                        const BnsYaml *value,
                        const char *key,
                        BnsImportItem item,
                        GError **error);

/* --- hosts, as the proxies of srt, Claude Code and Codex match them --- */

/* "*.name" is what is below, not the name; without a port any. */
typedef enum {
    BNS_IMPORT_HOSTS_SRT,   /* no "*" alone, none before a top-level domain */
    BNS_IMPORT_HOSTS_CODEX, /* "**.name" is the name, too; "*" is any */
} BnsImportHosts;

/* @methods: (nullable): "GET,HEAD"; %NULL: any, and what is no HTTP is a loss */
void bns_import_allow_host(BnsDraft *draft,
                           BnsImportHosts style,
                           unsigned line,
                           const char *pattern,
                           const char *methods);
/* @reason: (nullable) */
void bns_import_deny_host(BnsDraft *draft,
                          BnsImportHosts style,
                          unsigned line,
                          const char *pattern,
                          const char *reason);

/* --- paths --- */

/* Returns: (transfer full): @path without "./" before it and "/" behind it; "." of the
 * working directory. */
char *bns_import_path(const char *path);
/* The same of a pattern: "/ **" behind it means a directory and what is below. */
char *bns_import_pattern(const char *pattern);
/* Whether @path is @above, or lies below it, whatever the home and the working directory
 * are: both are written from the same of the three beginnings. */
bool bns_import_path_is_below(const char *path, const char *above);
/* Whether that depends on where these are. */
bool bns_import_path_may_be_below(const char *path, const char *above);

/* What srt's and Claude Code's files say of paths, until all of it is known: there a deny
 * wins over an allow however deep that is, and here the deeper entry decides. */
typedef struct BnsImportFiles BnsImportFiles;

BnsImportFiles *bns_import_files_new(void);
void bns_import_files_free(BnsImportFiles *files);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsImportFiles, bns_import_files_free)

/* @list: WRITE, READ_ONLY, HIDE or SHOW; @path: as bns_import_path() gives it; @what: for a
 * loss */
void bns_import_files_add(BnsImportFiles *files,
                          BnsDraftList list,
                          unsigned line,
                          const char *path,
                          const char *what);
/* A list of paths, or nothing if @value is %NULL; HIDE and SHOW are patterns. */
bool bns_import_files_read(BnsImportFiles *files,
                           const BnsDraft *draft,
                           BnsDraftList list,
                           const BnsYaml *value,
                           const char *key,
                           GError **error);
/* Adds all to @draft; an error if there are more than a policy may have. @writes_work: the working directory can be written to without being
 * named, else `write:` appears even if it is empty. */
bool bns_import_files_finish(BnsImportFiles *files,
                             BnsDraft *draft,
                             bool writes_work,
                             GError **error);

/* credentials: of both. */
bool bns_import_credentials(BnsDraft *draft,
                            BnsImportFiles *files,
                            const BnsYaml *credentials,
                            GError **error);
