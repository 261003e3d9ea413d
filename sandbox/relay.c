/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/relay.h"

#include "base/fd.h"
#include "sandbox/clipboard.h"
#include "sandbox/newlines.h"
#include "sandbox/pump.h"
#include "sandbox/terminal.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

G_STATIC_ASSERT(BNS_PUMP_ROOM >= BNS_CLIPBOARD_HELD_MAX + 3);

/* What is shown on a terminal. */
typedef struct {
    BnsRelay *relay; /* borrowed */
    bool is_free;    /* the policy allows the clipboard */
    BnsClipboard clipboard;
} Screen;

struct BnsRelay {
    BnsLoop *loop; /* borrowed */
    BnsRelayTell tell;
    void *data;
    BnsPump
        *streams[BNS_STREAMS];   /* owned; of sockets, and foreign terminals; or NULL */
    Screen screens[BNS_STREAMS]; /* of those */

    BnsTerminal terminal; /* fd -1: none */
    int master;           /* owned; -1: none, or it was hung up */
    BnsPump *keys;        /* owned, or NULL; to the command */
    BnsPump *output;      /* owned, or NULL; from it */
    Screen screen;
    bool has_return;        /* sandbox/newlines.h */
    bool has_both_ends;     /* standard input and output */
    bool is_lent;           /* else apart */
    int typed;              /* signal */
    struct termios started; /* modes of the command's terminal at its start */
};

/* --- what is shown --- */

static size_t
filter(Screen *screen, const uint8_t *in, size_t len, uint8_t *out)
{
    if (screen->is_free) {
        memcpy(out, in, len);
        return len;
    }
    return len > 0 ? bns_clipboard_filter(&screen->clipboard, in, len, out)
                   : bns_clipboard_finish(&screen->clipboard, out);
}

static size_t
show_elsewhere(void *data, const uint8_t *in, size_t len, uint8_t *out)
{
    return filter(data, in, len, out);
}

static tcflag_t
output_modes(int fd)
{
    struct termios modes = { 0 };

    tcgetattr(fd, &modes);
    return modes.c_oflag;
}

static bool
adds_returns(tcflag_t output)
{
    return (output & OPOST) != 0 && (output & ONLCR) != 0;
}

/* Somebody else of a pipeline may write to the terminal, too, as if it were one with the
 * command's. */
static void
make_raw(BnsRelay *relay)
{
    bns_terminal_make_raw(&relay->terminal,
                          relay->has_both_ends ? 0 : output_modes(relay->master));
}

static size_t
show(void *data, const uint8_t *in, size_t len, uint8_t *out)
{
    Screen *screen = data;
    BnsRelay *relay = screen->relay;
    size_t n = filter(screen, in, len, out);
    bool is_undone = false;

    if (len > 0 && !(relay->is_lent && relay->has_both_ends)) {
        if (relay->is_lent)
            make_raw(relay);
        is_undone = adds_returns(output_modes(relay->master)) &&
                    adds_returns(output_modes(relay->terminal.fd));
    }
    return bns_newlines_undo(&relay->has_return, is_undone, out, n);
}

/* What is still to be shown was meant for a raw terminal, which it is no longer. */
static size_t
undo_returns(void *data, uint8_t *bytes, size_t len)
{
    BnsRelay *relay = data;
    bool is_undone = relay->has_both_ends &&
                     adds_returns(output_modes(relay->master)) &&
                     adds_returns(output_modes(relay->terminal.fd));

    return is_undone ? bns_newlines_undo(&relay->has_return, true, bytes, len) : len;
}

/* --- keys --- */

/* As the line discipline of the command's terminal is about to see them. */
static void
note_typed(BnsRelay *relay, const struct termios *modes, const uint8_t *in, size_t len)
{
    for (size_t i = 0; i < len && (modes->c_lflag & ISIG) != 0; i++)
        if (in[i] == modes->c_cc[VINTR])
            relay->typed = SIGINT;
        else if (in[i] == modes->c_cc[VQUIT])
            relay->typed = SIGQUIT;
}

static size_t
pass_keys(void *data, const uint8_t *in, size_t len, uint8_t *out)
{
    BnsRelay *relay = data;
    struct termios modes;

    memcpy(out, in, len);
    /* A change of the size that came before a key is known before it. */
    bns_terminal_copy_size(&relay->terminal, relay->master);
    if (tcgetattr(relay->master, &modes) == 0)
        note_typed(relay, &modes, in, len);
    return len;
}

static void
take_back(BnsRelay *relay)
{
    if (!relay->is_lent)
        return;
    relay->is_lent = false;
    bns_pump_pause(relay->keys);
    bns_terminal_restore(&relay->terminal);
    relay->tell(false, relay->data);
}

/* The end of one that was hung up is read, too. */
static bool
may_take_keys(void *data)
{
    BnsRelay *relay = data;

    if (relay->is_lent && (bns_terminal_is_ours(&relay->terminal) ||
                           bns_terminal_is_gone(&relay->terminal)))
        return true;
    take_back(relay);
    return false;
}

/* The command's terminal ends. */
static void
hang_up(BnsRelay *relay)
{
    relay->is_lent = false;
    bns_fd_clear(&relay->master);
}

void
bns_relay_hang_up(BnsRelay *relay)
{
    if (relay == NULL)
        return;
    g_clear_pointer(&relay->keys, bns_pump_free);
    g_clear_pointer(&relay->output, bns_pump_free);
    hang_up(relay);
}

bool
bns_relay_lend(BnsRelay *relay)
{
    if (relay == NULL || relay->master < 0)
        return false;
    if (bns_terminal_is_gone(&relay->terminal)) {
        bns_relay_hang_up(relay);
        return true;
    }
    if (!bns_terminal_is_ours(&relay->terminal))
        return false;
    if (relay->is_lent)
        return true;
    relay->is_lent = true;
    make_raw(relay);
    relay->tell(true, relay->data);
    bns_pump_resume(relay->keys);
    return true;
}

void
bns_relay_resume(BnsRelay *relay)
{
    if (relay == NULL || relay->master < 0)
        return;
    bns_terminal_copy_size(&relay->terminal, relay->master);
    if (relay->has_both_ends)
        bns_relay_lend(relay);
}

void
bns_relay_suspend(BnsRelay *relay)
{
    if (relay == NULL || relay->master < 0)
        return;
    bns_pump_run(relay->output);
    take_back(relay);
}

bool
bns_relay_resize(BnsRelay *relay)
{
    if (relay == NULL || relay->master < 0)
        return false;
    bns_terminal_copy_size(&relay->terminal, relay->master);
    return relay->is_lent;
}

/* --- life --- */

static void
on_keys_ended(void *data)
{
    BnsRelay *relay = data;

    g_clear_pointer(&relay->output, bns_pump_free);
    hang_up(relay);
}

static void
on_screen_broken(void *data)
{
    BnsRelay *relay = ((Screen *)data)->relay;

    g_clear_pointer(&relay->keys, bns_pump_free);
    hang_up(relay);
}

/* Each end is watched by itself. */
static BnsPump *
pump_copies(BnsLoop *loop, int from, int to, const BnsPumpHooks *hooks)
{
    bns_autofd from_copy = fcntl(from, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    bns_autofd to_copy = fcntl(to, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

    if (from_copy < 0 || to_copy < 0)
        return NULL;
    return bns_pump_new(loop, g_steal_fd(&from_copy), g_steal_fd(&to_copy), hooks);
}

/* In the command's terminal everything is as it is in the user's. */
static void
copy_modes(BnsRelay *relay)
{
    struct termios modes;

    if (tcgetattr(relay->terminal.fd, &modes) == 0) {
        relay->screen.clipboard.symbols.is_utf8 = (modes.c_iflag & IUTF8) != 0;
        tcsetattr(relay->master, TCSANOW, &modes);
    }
    tcgetattr(relay->master, &relay->started);
    bns_terminal_copy_size(&relay->terminal, relay->master);
}

bool
bns_relay_take_terminal(BnsRelay *relay, int master)
{
    BnsPumpHooks keys = { .may_read = may_take_keys,
                          .transform = pass_keys,
                          .on_end = on_keys_ended,
                          .on_broken = on_keys_ended,
                          .data = relay };
    BnsPumpHooks output = { .transform = show, .on_broken = on_screen_broken };

    if (relay == NULL || relay->terminal.fd < 0 || relay->master >= 0) {
        bns_fd_clear(&master);
        return false;
    }
    relay->master = master;
    copy_modes(relay);
    output.data = &relay->screen;
    relay->keys = pump_copies(relay->loop, relay->terminal.fd, master, &keys);
    relay->output = pump_copies(relay->loop, master, relay->terminal.fd, &output);
    if (relay->keys == NULL || relay->output == NULL)
        return false;
    bns_pump_pause(relay->keys);
    return true;
}

static bool
reads_utf8(int fd)
{
    struct termios modes;

    return tcgetattr(fd, &modes) == 0 && (modes.c_iflag & IUTF8) != 0;
}

static void
relay_stream(BnsRelay *relay, BnsStreams *streams, int fd, bool clipboard)
{
    Screen *screen = &relay->screens[fd];
    int end = g_steal_fd(&streams->ends[fd]);
    int other = g_steal_fd(&streams->others[fd]);
    const BnsPumpHooks shown = { .transform = show_elsewhere, .data = screen };

    *screen = (Screen){ .relay = relay,
                        .is_free = clipboard,
                        .clipboard.symbols.is_utf8 = reads_utf8(other) };
    if (fd == STDIN_FILENO)
        relay->streams[fd] = bns_pump_new(relay->loop, other, end, NULL);
    else
        relay->streams[fd] =
            bns_pump_new(relay->loop, end, other, isatty(other) ? &shown : NULL);
}

BnsRelay *
bns_relay_new(
    BnsLoop *loop, BnsStreams *streams, bool clipboard, BnsRelayTell tell, void *data)
{
    const BnsStreamKind *kinds = streams->inside.kinds;
    BnsRelay *relay;
    bool is_needed = streams->terminal >= 0;

    for (int fd = 0; fd < BNS_STREAMS; fd++)
        is_needed = is_needed || streams->ends[fd] >= 0;
    if (!is_needed)
        return NULL;
    relay = g_new0(BnsRelay, 1);
    relay->loop = loop;
    relay->tell = tell;
    relay->data = data;
    relay->master = -1;
    relay->terminal.fd = streams->terminal;
    relay->screen = (Screen){ .relay = relay, .is_free = clipboard };
    relay->has_both_ends = kinds[STDIN_FILENO] == BNS_STREAM_TERMINAL &&
                           kinds[STDOUT_FILENO] == BNS_STREAM_TERMINAL;
    for (int fd = 0; fd < BNS_STREAMS; fd++)
        if (streams->ends[fd] >= 0)
            relay_stream(relay, streams, fd, clipboard);
    return relay;
}

void
bns_relay_free(BnsRelay *relay)
{
    if (relay == NULL)
        return;
    bns_terminal_leave(&relay->terminal);
    bns_pump_free(relay->keys);
    bns_pump_free(relay->output);
    for (int fd = 0; fd < BNS_STREAMS; fd++)
        bns_pump_free(relay->streams[fd]);
    bns_fd_clear(&relay->master);
    g_free(relay);
}

bool
bns_relay_has_terminal(const BnsRelay *relay)
{
    return relay != NULL && relay->terminal.fd >= 0;
}

void
bns_relay_end(BnsRelay *relay, bool by_itself)
{
    struct termios modes;

    if (relay == NULL || relay->master < 0)
        return;
    bns_pump_run(relay->output);
    if (relay->is_lent) {
        take_back(relay);
        bns_pump_amend(relay->output, undo_returns, relay);
    }
    if (by_itself && relay->master >= 0 && tcgetattr(relay->master, &modes) == 0 &&
        !bns_terminal_modes_equal(&modes, &relay->started)) {
        bns_terminal_adopt(&relay->terminal, &modes);
        relay->started = modes;
    }
}

bool
bns_relay_is_drained(const BnsRelay *relay)
{
    if (relay == NULL)
        return true;
    for (int fd = STDOUT_FILENO; fd < BNS_STREAMS; fd++)
        if (relay->streams[fd] != NULL && !bns_pump_has_ended(relay->streams[fd]))
            return false;
    return relay->output == NULL || bns_pump_has_ended(relay->output);
}

int
bns_relay_typed_signal(const BnsRelay *relay)
{
    return relay != NULL ? relay->typed : 0;
}
