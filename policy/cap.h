/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Caps: how much may leave by what an allow rule allows.
 *
 * Of several rules that match, the widest cap counts, so that one more allow rule never
 * takes something away; of two layers the narrower.
 */
#pragma once

#include "policy/yaml.h"

#include <stdint.h>

/**
 * BnsCapKind:
 * @BNS_CAP_REQUEST: bytes of one request's body, trailers included; a WebSocket's are all
 *                   that the command says in it
 * @BNS_CAP_SESSION: all that the session sends to one host: of requests their heads and
 *                   bodies, of sealed and opaque flows their bytes
 */
typedef enum {
    BNS_CAP_REQUEST,
    BNS_CAP_SESSION,
    BNS_N_CAPS,
} BnsCapKind;

/* All zero is none. Strings are the rule's. */
typedef struct {
    bool is_set;
    uint64_t bytes;
    const char *rule;   /* origin of the rule that has it */
    const char *reason; /* for those who meet it: one sentence without a final dot */
} BnsCap;

/* "max_request_bytes", "max_session_bytes" */
const char *bns_cap_key(BnsCapKind kind);
bool bns_cap_read(BnsCap *cap,
                  BnsCapKind kind,
                  const char *file,
                  const BnsYaml *value,
                  GError **error);
/* Returns: (transfer full): what is said where @bytes are exceeded. */
char *bns_cap_reason(BnsCapKind kind, uint64_t bytes);

bool bns_cap_is_wider(const BnsCap *cap, const BnsCap *than);
