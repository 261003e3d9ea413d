/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/review_ask.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define TRIES_MAX  3
#define LINE_BYTES 64
#define QUESTION   "boundary-ns: apply / keep / discard? [keep] "
/* DECSTR and SGR 0: colours, margins and character sets that the command left must not
 * hide a line. */
#define PLAIN "\033[!p\033[0m\r"

BnsReviewAnswer
bns_review_answer(const char *line)
{
    static const struct {
        const char *word;
        BnsReviewAnswer answer;
    } words[] = {
        { "", BNS_REVIEW_KEEP },           { "k", BNS_REVIEW_KEEP },
        { "keep", BNS_REVIEW_KEEP },       { "a", BNS_REVIEW_APPLY },
        { "apply", BNS_REVIEW_APPLY },     { "d", BNS_REVIEW_DISCARD },
        { "discard", BNS_REVIEW_DISCARD },
    };
    g_autofree char *word = g_strdup(line);

    g_strstrip(word);
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
        if (g_ascii_strcasecmp(word, words[i].word) == 0)
            return words[i].answer;
    return BNS_REVIEW_UNCLEAR;
}

bool
bns_review_can_ask(void)
{
    struct stat info;

    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO) &&
           fstat(STDOUT_FILENO, &info) == 0 && !S_ISFIFO(info.st_mode) &&
           !S_ISSOCK(info.st_mode);
}

/* In which a line is a line: the command may have left others, and meant them to stay. */
static void
make_plain(struct termios *modes)
{
    modes->c_iflag |= ICRNL;
    modes->c_iflag &= ~(tcflag_t)(INLCR | IGNCR | ISTRIP);
    modes->c_oflag |= OPOST | ONLCR;
    modes->c_lflag |= ICANON | ISIG | ECHO | ECHOE | ECHOK;
    modes->c_lflag &= ~(tcflag_t)EXTPROC;
    modes->c_cc[VINTR] = 'C' & 037;
    modes->c_cc[VEOF] = 'D' & 037;
    modes->c_cc[VKILL] = 'U' & 037;
    modes->c_cc[VERASE] = 0177;
    modes->c_cc[VEOL] = modes->c_cc[VEOL2] = _POSIX_VDISABLE;
}

static void
say(int tty, const char *text)
{
    (void)!write(tty, text, strlen(text));
}

/* Whether @tty can be read, before somebody wants the end. */
static bool
wait_for_line(int tty, int signal_fd, bool (*on_signals)(void *data), void *data)
{
    for (;;) {
        struct pollfd fds[] = { { .fd = tty, .events = POLLIN },
                                { .fd = signal_fd, .events = POLLIN } };

        if (poll(fds, G_N_ELEMENTS(fds), -1) < 0) {
            if (errno == EINTR)
                continue;
            return false;
        }
        if (fds[1].revents != 0 && on_signals(data))
            return false;
        if (fds[0].revents != 0)
            return (fds[0].revents & POLLIN) != 0;
    }
}

/* The terminal gives one line at a time, or as much of it as there is room. */
static BnsReviewAnswer
read_answer(int tty)
{
    char line[LINE_BYTES];
    ssize_t n = read(tty, line, sizeof(line) - 1);

    if (n <= 0)
        return BNS_REVIEW_KEEP;
    if (line[n - 1] != '\n' || memchr(line, '\0', (size_t)n) != NULL) {
        tcflush(tty, TCIFLUSH);
        return BNS_REVIEW_UNCLEAR;
    }
    line[n - 1] = '\0';
    return bns_review_answer(line);
}

static BnsReviewAnswer
ask(int tty,
    const char *text,
    int signal_fd,
    bool (*on_signals)(void *data),
    void *data)
{
    say(tty, PLAIN);
    say(tty, text);
    tcflush(tty, TCIFLUSH);
    for (int i = 0; i < TRIES_MAX; i++) {
        BnsReviewAnswer answer;

        say(tty, QUESTION);
        if (!wait_for_line(tty, signal_fd, on_signals, data)) {
            say(tty, "\n");
            return BNS_REVIEW_KEEP;
        }
        answer = read_answer(tty);
        if (answer != BNS_REVIEW_UNCLEAR)
            return answer;
    }
    return BNS_REVIEW_KEEP;
}

BnsReviewAnswer
bns_review_ask(const char *text,
               int signal_fd,
               bool (*on_signals)(void *data),
               void *data)
{
    bns_autofd tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios found, plain;
    BnsReviewAnswer answer;

    if (tty < 0 || tcgetpgrp(tty) != getpgrp() || tcgetattr(tty, &found) < 0)
        return BNS_REVIEW_KEEP;
    plain = found;
    make_plain(&plain);
    tcsetattr(tty, TCSADRAIN, &plain);
    answer = ask(tty, text, signal_fd, on_signals, data);
    tcsetattr(tty, TCSADRAIN, &found);
    return answer;
}
