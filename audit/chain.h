/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hash chain over the lines of an audit file.
 *
 * A line ends in `,"prev":"…","hash":"…"}`. `hash` is the lower-case hex SHA-256 of the
 * line's bytes up to, not including, `,"hash"`; `prev` is the hash of the line before,
 * BNS_CHAIN_FIRST in the first. There is no key: it shows accidents and careless edits,
 * not a forger with the user's rights.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BNS_CHAIN_HASH_LEN 64
#define BNS_CHAIN_FIRST                                                                \
    "0000000000000000000000000000000000000000000000000000000000000000"
G_STATIC_ASSERT(sizeof(BNS_CHAIN_FIRST) == BNS_CHAIN_HASH_LEN + 1);

/* What one line says about its place. */
typedef struct {
    uint64_t seq;
    char prev[BNS_CHAIN_HASH_LEN + 1];
    char hash[BNS_CHAIN_HASH_LEN + 1];
    bool is_end; /* it is a session.end */
} BnsLink;

/**
 * bns_chain_seal:
 * @line: a line without its end: `{"v":1,…`
 * @prev: the hash of the line before
 * @out_hash: at least BNS_CHAIN_HASH_LEN + 1 bytes, which may be @prev: the hash of this
 *            line
 *
 * Appends `prev`, `hash`, the closing bracket and a newline.
 */
void bns_chain_seal(GString *line, const char *prev, char *out_hash);

/**
 * bns_chain_check:
 * @line: without its newline; may be anybody's bytes
 *
 * Checks what one line alone can show: that it is a record and that its hash is right.
 * Whether `prev` and `seq` follow is the caller's to see.
 *
 * Returns: %NULL, or why it does not verify
 */
const char *bns_chain_check(const char *line, size_t len, BnsLink *out_link);

/* Where a file's chain is: what the next line must have. */
typedef struct {
    uint64_t seq;
    char prev[BNS_CHAIN_HASH_LEN + 1];
    bool is_ended; /* the last record is a session.end */
} BnsChain;

/* Before the first line. */
#define BNS_CHAIN_INIT                                                                 \
    {                                                                                  \
        .seq = 1, .prev = BNS_CHAIN_FIRST                                              \
    }

/* Returns: (transfer full) (nullable): why @line is not the next of @chain, or NULL: it
 * is, and @chain goes on behind it. */
char *bns_chain_follow(BnsChain *chain, const char *line, size_t len);
