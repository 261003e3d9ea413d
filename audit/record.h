/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record of the audit trail, before it has a number and a hash.
 *
 * Helpers fill a BnsRecord and send it to the recorder (audit/client.h), the one writer
 * that gives it `seq`, `ts`, `prev` and `hash` and makes the JSON line. Helpers never
 * send JSON, so none can write a line that is not a record. Fields and their order are
 * in boundary.1, AUDIT RECORDS.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum {
    BNS_EVENT_SESSION_START, /* supervisor only, written by the recorder itself */
    BNS_EVENT_SESSION_END,   /* the same */
    BNS_EVENT_TLS_OPEN,      /* a ClientHello's name met the policy */
    BNS_EVENT_HTTP_REQUEST,  /* before any byte of the request leaves, or refused */
    BNS_EVENT_HTTP_RESPONSE, /* at its end */
    BNS_EVENT_TCP_OPEN,
    BNS_EVENT_TCP_CLOSE,
    BNS_EVENT_FLOW_REFUSED,
    BNS_EVENT_UDP_REFUSED,
    BNS_EVENT_DNS_NAME,    /* first time a name is asked */
    BNS_EVENT_DNS_REFUSED, /* a name that got SERVFAIL: invalid, or beyond limits.names */
    BNS_EVENT_TLS_ERROR,   /* the command's side of TLS failed */
    BNS_EVENT_UPSTREAM_ERROR, /* resolving, dialling, verifying or reading upstream failed */
    BNS_EVENT_PUBLISH_OPEN, /* a visitor from the host reached a server inside */
    BNS_EVENT_PUBLISH_CLOSE,
    BNS_EVENT_PUBLISH_ERROR, /* ... and did not */
    BNS_EVENT_EXEC, /* a process inside is about to execute a program, or may not */
    BNS_EVENT_SOCKET_MASKED, /* a socket of the host's, at path, is out of reach */
    BNS_EVENT_FRAMES_DROPPED, /* what was dropped and counted, at the end of the session */
    BNS_EVENT_FILE_PERSIST, /* a persisted file was written back, or why not */
    BNS_EVENT_FILE_CHANGED, /* something that the host executes was made or changed */
    BNS_EVENT_FILE_QUARANTINE, /* it was moved aside, or why not */
    BNS_EVENT_LIMIT_REACHED, /* at the end: a limit of all processes was met, count times */
    BNS_EVENT_REVIEW_APPLIED, /* what the command wrote is the host's now */
    BNS_EVENT_REVIEW_KEPT,    /* it waits for somebody's word */
    BNS_EVENT_REVIEW_DISCARDED,
    BNS_EVENT_POLICY_RELOAD, /* another policy is in force, or why not */
    BNS_EVENT_POLICY_ALLOW, /* a rule was added to the running session, ended or was removed */
    BNS_N_EVENTS,
} BnsEvent;

/* "http.request", ... */
const char *bns_event_name(BnsEvent event);

typedef enum {
    BNS_DECIDED_NOT, /* nothing was decided: the field is absent */
    BNS_DECIDED_ALLOW,
    BNS_DECIDED_DENY,
    BNS_DECIDED_WOULD_DENY,
    BNS_N_DECIDED,
} BnsDecided;

/* "allow", "deny", "would_deny"; NULL for BNS_DECIDED_NOT. */
const char *bns_decided_name(BnsDecided decision);

/* Strings are borrowed for the call; NULL is absent. Numbers: 0 is absent, except that
 * the bytes and the duration appear in http.response, tcp.close and publish.close even
 * when 0. Foreign bytes that are not UTF-8 are written as U+FFFD each. */
typedef struct {
    BnsEvent event;
    BnsDecided decision;
    const char *reason;
    const char *rule;
    uint64_t flow;
    uint64_t request; /* from 1 in its flow */
    uint64_t pid;     /* of the process, inside; its members are absent without it */
    const char *exe;  /* EXEC: of the program, as it was asked for, absolute */
    const char *argv; /* each argument followed by BNS_RECORD_ARGUMENT_END */
    const char *host;
    const char *addr; /* the dialled address, or the one that the command used */
    uint16_t port;
    const char *scheme;
    const char *method;
    const char *path; /* as received, without query; FILE_*: of the file */
    const char *http; /* "1.1" */
    uint16_t status;
    const char *error;
    const char *cwd; /* EXEC: the process's working directory */
    uint64_t parent; /* EXEC: pid of the process's parent, inside */
    uint64_t
        count; /* FRAMES_DROPPED, UDP_REFUSED, FILE_CHANGED, LIMIT_REACHED: how many in
                * this record; REVIEW_*: changes */
    uint64_t bytes_sent;     /* towards the origin */
    uint64_t bytes_received; /* from the origin */
    uint64_t duration_us;
    uint64_t dns_us; /* HTTP_RESPONSE: what the connection that it used had taken */
    uint64_t connect_us;
    uint64_t tls_us;
    uint64_t first_byte_us;    /* HTTP_RESPONSE: from sending the request */
    const char *kept;          /* FILE_*, REVIEW_*: where the command's version lies */
    const char *policy_digest; /* POLICY_*: of what is in force from here on */
    const char *policy_before; /* POLICY_RELOAD: of what was before */
    const char *mode; /* POLICY_RELOAD: "enforce", "observe", if it has changed */
    const char *system_mode; /* the same of the system layer's */
} BnsRecord;

/* Not in an argument: one that has it gets U+FFFD for it. */
#define BNS_RECORD_ARGUMENT_END '\x1e'

/* Longest encoded record in bytes; strings that would exceed it are cut by
 * bns_record_encode(), longest first, and end in "...". */
#define BNS_RECORD_MAX (64 * 1024)

/* Writes @record as one message for the recorder. Plain C. Returns: its length. */
size_t bns_record_write(const BnsRecord *record, uint8_t out_message[BNS_RECORD_MAX]);

/* Returns: (transfer full): the same. */
GBytes *bns_record_encode(const BnsRecord *record);

/* Returns: how long the record that @data begins with says it is; 0 if it is not all
 * there. Pure, for hostile bytes. */
size_t bns_record_length(const uint8_t *data, size_t len);

/**
 * bns_record_decode:
 * @out_record: its strings point into @data
 *
 * Pure, for hostile bytes. Returns: whether @data is exactly one record.
 */
bool bns_record_decode(const uint8_t *data, size_t len, BnsRecord *out_record);
