/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/unsent.h"

#include "base/clock.h"
#include "base/fd.h"

#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Nothing tells when a closed connection's bytes have arrived. */
#define POLL_MS 1

/*
 * A table of connections and what sockstat says when nothing is in it, so that it need not
 * be read: the kernel looks for its lines in a hash of all namespaces, a quarter of a
 * million buckets on a machine with some memory, for milliseconds.
 *
 * proc(5): "SL: LOCAL:PORT REMOTE:PORT STATE TX:RX ...", in hexadecimal. A dual-stack
 * client's connections are in the second table.
 */
static const struct {
    const char *connections;
    const char *counts;
    const char *none;
} tables[] = {
    { "/proc/self/net/tcp", "/proc/self/net/sockstat", "TCP: inuse 0 " },
    { "/proc/self/net/tcp6", "/proc/self/net/sockstat6", "TCP6: inuse 0\n" },
};

#define STATE_FIELD 3
#define QUEUE_FIELD 4

/* FIN_WAIT1, LAST_ACK, CLOSING (include/net/tcp_states.h): closed by us, and that is not
 * acknowledged. */
static const uint64_t closed_states[] = { 0x04, 0x09, 0x0b };

/* Reads a table byte by byte: its lines lie across buffers. */
typedef struct {
    unsigned field; /* of the line */
    bool in_space;
    bool is_over; /* the field's number has ended, at a colon */
    uint64_t number;
    bool is_closed; /* the line's connection */
    uint64_t unsent;
} Scan;

static bool
is_closed_state(uint64_t state)
{
    for (size_t i = 0; i < sizeof(closed_states) / sizeof(closed_states[0]); i++)
        if (closed_states[i] == state)
            return true;
    return false;
}

static void
end_field(Scan *scan)
{
    if (scan->field == STATE_FIELD)
        scan->is_closed = is_closed_state(scan->number);
    else if (scan->field == QUEUE_FIELD && scan->is_closed)
        scan->unsent += scan->number;
    scan->field++;
    scan->number = 0;
    scan->is_over = false;
}

static void
take_digit(Scan *scan, char byte)
{
    static const char digits[] = "0123456789ABCDEF";
    const char *digit = byte != '\0' ? strchr(digits, byte) : NULL;

    scan->is_over = scan->is_over || digit == NULL;
    if (!scan->is_over)
        scan->number = scan->number * 16 + (uint64_t)(digit - digits);
}

static void
take_byte(Scan *scan, char byte)
{
    bool is_space = byte == ' ' || byte == '\n';

    if (is_space && !scan->in_space)
        end_field(scan);
    else if (!is_space)
        take_digit(scan, byte);
    scan->in_space = is_space;
    if (byte == '\n')
        *scan = (Scan){ .in_space = true, .unsent = scan->unsent };
}

static uint64_t
scan_table(const char *table)
{
    bns_autofd fd = open(table, O_RDONLY | O_CLOEXEC);
    Scan scan = { .in_space = true };
    char buffer[4096];
    ssize_t n;

    while (fd >= 0 && (n = read(fd, buffer, sizeof(buffer))) > 0)
        for (ssize_t i = 0; i < n; i++)
            take_byte(&scan, buffer[i]);
    return scan.unsent;
}

/* "inuse" counts a closed connection until its last acknowledgement. */
static bool
has_none(const char *counts, const char *none)
{
    bns_autofd fd = open(counts, O_RDONLY | O_CLOEXEC);
    char text[1024];
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

    if (n < 0)
        return false;
    text[n] = '\0';
    return strstr(text, none) != NULL;
}

uint64_t
bns_unsent(void)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        if (!has_none(tables[i].counts, tables[i].none))
            sum += scan_table(tables[i].connections);
    return sum;
}

void
bns_unsent_wait(int life_fd, int control_fd)
{
    struct pollfd fds[] = { { .fd = life_fd, .events = POLLIN },
                            { .fd = control_fd, .events = POLLIN } };
    uint64_t unsent = bns_unsent();
    int64_t now_us = bns_clock_us(CLOCK_MONOTONIC);
    int64_t total_us = now_us + BNS_UNSENT_TOTAL_US;
    int64_t stall_us = now_us + BNS_UNSENT_STALL_US;

    while (unsent > 0 && now_us < stall_us && now_us < total_us) {
        uint64_t before = unsent;

        if (poll(fds, sizeof(fds) / sizeof(fds[0]), POLL_MS) > 0)
            return;
        unsent = bns_unsent();
        now_us = bns_clock_us(CLOCK_MONOTONIC);
        if (unsent < before)
            stall_us = now_us + BNS_UNSENT_STALL_US;
    }
}
