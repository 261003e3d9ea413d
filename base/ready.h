/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a helper process and the supervisor say to each other.
 *
 * Every helper has one SEQPACKET socket to the supervisor, its control socket. A
 * message is one type byte, then text or nothing, and at most one descriptor. A helper
 * says READY exactly once, after its lock-down; FAILED, with one line for the person,
 * instead of it or later. Who may say what is a table in sandbox/supervisor_messages.c.
 *
 * Each helper also holds the read end of the life pipe, whose only writer is the
 * supervisor: its end of file is the end of the session (base/loop.h watches it).
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

/* Longest text of a message in bytes: a CA certificate in PEM is below 2 KiB. */
#define BNS_READY_TEXT_MAX 4096

/**
 * BnsReadyType:
 * @BNS_READY_READY: helper is locked down and works
 * @BNS_READY_FAILED: helper gives up; the text says why, in one line
 * @BNS_READY_CGROUP: supervisor to init: a descriptor by which the command's process
 *                    enters its cgroup (sandbox/cgroup.h); before CA
 * @BNS_READY_CA: gateway's CA: eight hex digits (OpenSSL's subject hash), then PEM
 * @BNS_READY_TAP: init to supervisor to netstack, with the tap's descriptor
 * @BNS_READY_PACKET: the same, with an AF_PACKET socket on the veth's far end
 * @BNS_READY_WIDE: before PACKET: a second such socket (netstack/tap/link.h)
 * @BNS_READY_SOCKETS: supervisor to init: look for sockets of the host's, and mask them
 *                     (sandbox/socket_masks.h)
 * @BNS_READY_MASKED: init: one was masked: "MAJOR:MINOR:INODE\n", path
 * @BNS_READY_SEARCHED: init: all of a SOCKETS was looked for
 * @BNS_READY_TERMINAL: init, with the other end of the command's terminal
 * @BNS_READY_FOREGROUND: supervisor to init: whether the command is that terminal's
 *                        foreground, "1" or "0"
 * @BNS_READY_GO: supervisor to init: start the command
 * @BNS_READY_STOPPED: init: the command stopped; the text is the signal's number
 * @BNS_READY_CONTINUE: supervisor to init: continue the command
 * @BNS_READY_SIGNAL: supervisor to init: pass on the signal whose number is the text;
 *                    negative: to whom the command's terminal would send it
 * @BNS_READY_LEFT: init: what the command made that is not kept (sandbox/left.h); before
 *                  EXITED
 * @BNS_READY_PERSIST: init: "INDEX 0" with the descriptor of a persisted file as the
 *                     command left it (sandbox/persist.h), or "INDEX -ERRNO" without;
 *                     before EXITED
 * @BNS_READY_EXITED: init: the command's wait status in decimal
 * @BNS_READY_POLICY: supervisor to gateway: the policy is now what the descriptor holds
 *                    (netstack/gateway/reload.h); the text is why. Its answer, once that is
 *                    in force: how many flows were reset
 * @BNS_READY_DRAIN: supervisor to netstack, then to gateway: the command has ended; say
 *                   when nothing that it said waits any more (base/drain.h)
 * @BNS_READY_DRAINING: their answer: some of it has moved on
 * @BNS_READY_DRAINED: their last answer: nothing waits
 * @BNS_READY_END: supervisor to recorder: the session is over; the text is "exit N",
 *                 "signal NAME" or "failed"
 * @BNS_READY_SUMMARY: recorder's answer to END (audit/recorder.h)
 */
typedef enum {
    BNS_READY_READY = 'R',
    BNS_READY_FAILED = 'F',
    BNS_READY_CGROUP = 'J',
    BNS_READY_CA = 'C',
    BNS_READY_TAP = 'T',
    BNS_READY_PACKET = 'P',
    BNS_READY_WIDE = 'W',
    BNS_READY_SOCKETS = 'O',
    BNS_READY_MASKED = 'V',
    BNS_READY_SEARCHED = 'Q',
    BNS_READY_TERMINAL = 'H',
    BNS_READY_FOREGROUND = 'U',
    BNS_READY_GO = 'G',
    BNS_READY_STOPPED = 'S',
    BNS_READY_CONTINUE = 'K',
    BNS_READY_SIGNAL = 'I',
    BNS_READY_LEFT = 'L',
    BNS_READY_PERSIST = 'B',
    BNS_READY_EXITED = 'X',
    BNS_READY_POLICY = 'A',
    BNS_READY_DRAIN = 'D',
    BNS_READY_DRAINING = 'M',
    BNS_READY_DRAINED = 'N',
    BNS_READY_END = 'E',
    BNS_READY_SUMMARY = 'Y',
} BnsReadyType;

/* Sends @type with @text (nullable) and @fd (or -1). Plain C. 0 or -errno. */
int bns_ready_send(int control_fd, BnsReadyType type, const char *text, int fd);

/**
 * bns_ready_receive:
 * @out_text: at least BNS_READY_TEXT_MAX + 1 bytes; ends in NUL
 * @out_fd: (transfer full) (nullable): the descriptor that came along, or -1
 *
 * Plain C. Returns: the type, 0 at the end of the stream, or -errno.
 */
int bns_ready_receive(int control_fd, char *out_text, int *out_fd);
