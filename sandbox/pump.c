/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/pump.h"

#include "base/fd.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Others of the loop, signals among them, get their turn after so many buffers. */
#define N_ROUNDS 16

/* PAUSED: somebody said so. */
typedef enum {
    READING,
    WRITING,
    PAUSED,
    ENDED,
} State;

struct BnsPump {
    BnsLoop *loop; /* borrowed */
    BnsPumpHooks hooks;
    BnsWatch *watch; /* owned; of what is waited for; NULL: nothing */
    int from, to;    /* owned */
    bool from_is_socket, to_is_socket;
    bool is_last;    /* @from has ended */
    bool is_flushed; /* and what was held back has been asked for */
    bool is_paused;
    State state;
    size_t start, end; /* of what is to be written, in @out */
    uint8_t in[BNS_PUMP_BYTES];
    uint8_t out[BNS_PUMP_BYTES + BNS_PUMP_ROOM];
};

static bool
is_socket(int fd)
{
    struct stat info;

    return fstat(fd, &info) == 0 && S_ISSOCK(info.st_mode);
}

static void
end(BnsPump *pump, void (*tell)(void *data))
{
    pump->state = ENDED;
    g_clear_pointer(&pump->watch, bns_watch_free);
    if (pump->to_is_socket)
        shutdown(pump->to, SHUT_WR);
    bns_fd_clear(&pump->from);
    bns_fd_clear(&pump->to);
    if (tell != NULL)
        tell(pump->hooks.data);
}

static ssize_t
read_some(const BnsPump *pump, uint8_t *buffer, size_t len)
{
    ssize_t n;

    do
        n = pump->from_is_socket ? recv(pump->from, buffer, len, MSG_DONTWAIT)
                                 : read(pump->from, buffer, len);
    while (n < 0 && errno == EINTR);
    /* ^D, or a read without waiting that somebody else asked for: no hangup. */
    if (n == 0 && isatty(pump->from)) {
        errno = EAGAIN;
        n = -1;
    }
    return n;
}

static ssize_t
write_some(const BnsPump *pump)
{
    const uint8_t *bytes = pump->out + pump->start;
    size_t len = pump->end - pump->start;
    ssize_t n;

    do
        n = pump->to_is_socket ? send(pump->to, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL)
                               : write(pump->to, bytes, len);
    while (n < 0 && errno == EINTR);
    return n;
}

static void
take(BnsPump *pump, size_t len)
{
    const BnsPumpHooks *hooks = &pump->hooks;

    pump->start = 0;
    pump->is_flushed = len == 0;
    if (hooks->transform != NULL) {
        pump->end = hooks->transform(hooks->data, pump->in, len, pump->out);
    } else {
        memcpy(pump->out, pump->in, len);
        pump->end = len;
    }
    pump->state = WRITING;
}

/* Returns: whether there was something, or the end. A terminal gives a page at a time, so
 * it is asked until the buffer is full. */
static bool
fill(BnsPump *pump)
{
    size_t len = 0;
    ssize_t n = 0;

    if (pump->hooks.may_read != NULL && !pump->hooks.may_read(pump->hooks.data))
        pump->is_paused = true;
    if (pump->is_paused) {
        pump->state = PAUSED;
        return false;
    }
    while (len < sizeof(pump->in) &&
           (n = read_some(pump, pump->in + len, sizeof(pump->in) - len)) > 0)
        len += (size_t)n;
    if (len == 0 && n < 0 && errno == EAGAIN)
        return false;
    pump->is_last = n == 0 || (n < 0 && errno != EAGAIN);
    take(pump, len);
    return true;
}

/* Returns: whether all is written. */
static bool
empty(BnsPump *pump)
{
    while (pump->start < pump->end) {
        ssize_t n = write_some(pump);

        if (n < 0 && errno == EAGAIN)
            return false;
        if (n < 0) {
            end(pump, pump->hooks.on_broken);
            return false;
        }
        pump->start += (size_t)n;
    }
    return true;
}

/* Returns: whether it goes on. */
static bool
step(BnsPump *pump)
{
    switch (pump->state) {
    case READING:
        return fill(pump);
    case WRITING:
        if (!empty(pump))
            return false;
        if (!pump->is_last)
            pump->state = READING;
        else if (!pump->is_flushed)
            take(pump, 0);
        else
            end(pump, pump->hooks.on_end);
        return true;
    case PAUSED:
    case ENDED:
        break;
    }
    return false;
}

static void on_event(uint32_t events, void *data);

/* Only what is waited for is watched: an end of file would be told again and again. */
static void
wait_for(BnsPump *pump, bool is_reading, bool is_writing)
{
    g_clear_pointer(&pump->watch, bns_watch_free);
    if (is_reading)
        pump->watch = bns_loop_watch(pump->loop, pump->from, EPOLLIN, on_event, pump);
    else if (is_writing)
        pump->watch = bns_loop_watch(pump->loop, pump->to, EPOLLOUT, on_event, pump);
}

void
bns_pump_run(BnsPump *pump)
{
    State before = pump->state;

    for (int i = 0; i < 2 * N_ROUNDS && step(pump); i++)
        ;
    if (pump->state != before || pump->watch == NULL)
        wait_for(pump, pump->state == READING, pump->state == WRITING);
}

static void
on_event(uint32_t events, void *data)
{
    bns_pump_run(data);
}

BnsPump *
bns_pump_new(BnsLoop *loop, int from, int to, const BnsPumpHooks *hooks)
{
    BnsPump *pump =
        g_malloc(sizeof(*pump)); /* not g_new0(): the buffers stay untouched */

    pump->loop = loop;
    pump->hooks = hooks != NULL ? *hooks : (BnsPumpHooks){ 0 };
    pump->watch = NULL;
    pump->from = from;
    pump->to = to;
    pump->from_is_socket = is_socket(from);
    pump->to_is_socket = is_socket(to);
    pump->is_last = pump->is_flushed = false;
    pump->is_paused = false;
    pump->state = READING;
    pump->start = pump->end = 0;
    wait_for(pump, true, false);
    return pump;
}

void
bns_pump_free(BnsPump *pump)
{
    if (pump == NULL)
        return;
    bns_watch_free(pump->watch);
    bns_fd_clear(&pump->from);
    bns_fd_clear(&pump->to);
    g_free(pump);
}

void
bns_pump_resume(BnsPump *pump)
{
    pump->is_paused = false;
    if (pump->state != PAUSED)
        return;
    pump->state = READING;
    wait_for(pump, true, false);
}

void
bns_pump_pause(BnsPump *pump)
{
    pump->is_paused = true;
    if (pump->state != READING)
        return;
    pump->state = PAUSED;
    wait_for(pump, false, false);
}

void
bns_pump_amend(BnsPump *pump,
               size_t (*amend)(void *data, uint8_t *bytes, size_t len),
               void *data)
{
    if (pump->state == WRITING)
        pump->end =
            pump->start + amend(data, pump->out + pump->start, pump->end - pump->start);
}

bool
bns_pump_has_ended(const BnsPump *pump)
{
    return pump->state == ENDED;
}
