/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the http1_*.c files share: characters, slices, field lines, known names.
 */
#pragma once

#include "netstack/gateway/http1.h"

/* As in base/token.h. */
bool bns_http1_is_token(BnsSlice slice);
/* What a field value or reason may hold: HTAB, SP, VCHAR, obs-text. */
bool bns_http1_is_text(BnsSlice slice);
bool bns_http1_is_digit(unsigned char byte);
/* 1*DIGIT up to 2^63-1, which every implementation's signed length holds. */
bool bns_http1_parse_length(BnsSlice value, uint64_t *out_length);

/* @slice without its first @count bytes. */
BnsSlice bns_http1_skip(BnsSlice slice, size_t count);
/* @slice without SP and HTAB at both ends. */
BnsSlice bns_http1_trim(BnsSlice slice);
bool bns_http1_same_name(BnsSlice a, BnsSlice b);

/* Takes the next element of a comma-separated list off @rest. Empty ones count: RFC 9110
 * 5.6.1.2 allows them, the caller says how many it bears. Returns: whether there was one. */
bool bns_http1_next_element(BnsSlice *rest, BnsSlice *out_element);

/* Reads "name: value" without its CRLF. Returns: %NULL, or what is wrong with it. */
const char *bns_http1_parse_field(BnsSlice line, BnsHttpField *out_field);

/* What is special about a field name. */
typedef enum {
    BNS_NAME_HOP = 1 << 0,        /* concerns one connection only */
    BNS_NAME_END_TO_END = 1 << 1, /* Connection may not name it */
    BNS_NAME_NO_TRAILER = 1 << 2, /* may not come after the body */
    BNS_NAME_DISGUISED = 1 << 3,  /* a framing field with another separator */
} BnsNameTraits;

BnsNameTraits bns_http1_name_traits(BnsSlice name);

/* http1_framing.c: what the fields of @head mean for this connection. Returns: %NULL, or
 * what is wrong, with @out_status. */
const char *bns_http1_frame_request(BnsHttpHead *head, uint16_t *out_status);
const char *bns_http1_frame_response(BnsHttpHead *head, bool is_head_answer);
