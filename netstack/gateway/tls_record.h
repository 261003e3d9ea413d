/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS record: what of RFC 8446, 5.1, is read of handshakes that are not ours.
 */
#pragma once

#define BNS_TLS_RECORD_HEADER_LEN 5
#define BNS_TLS_RECORD_HANDSHAKE  22
/* Of a plaintext record's content. */
#define BNS_TLS_RECORD_MAX (1 << 14)
