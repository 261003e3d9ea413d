/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A screen: a real interactive bash on a pseudo terminal, and what is typed and printed
 * there.
 *
 * What is typed is echoed; so that an answer is never taken from the echo, the words
 * that are waited for are typed in another way than they are printed (star""ted).
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

#define CTRL_C "\003"
#define CTRL_D "\004"
#define CTRL_L "\014"
#define CTRL_Z "\032"

/* boundary-ns by its full name, so that it is a job of its own: a function is none. */
#define B "\"$BNS_BINARY\" -q -- "

typedef struct {
    int fd; /* owned; the terminal's other end */
    pid_t shell;
    GString *text; /* owned; printed since the last match */
    char *before;  /* owned; what was printed before that */
} Screen;

void screen_type(const Screen *screen, const char *text);
/* Waits until @text is printed; drops what came before it, and itself. */
void screen_expect(Screen *screen, const char *text);
/* What is typed before the shell reads again may be read by a command that is about to
 * end. */
void screen_expect_prompt(Screen *screen);
/* The status of the command that has just ended. */
void screen_expect_status(Screen *screen, int status);
/* Waits until another group than the shell's has the terminal. */
void screen_await_job(const Screen *screen);
void screen_resize(const Screen *screen, unsigned short rows, unsigned short columns);

void screen_open(Screen *screen);
/* Ends the shell. */
void screen_close(Screen *screen);

/* A story on a fresh screen. */
typedef struct {
    const char *name;
    void (*tell)(Screen *screen);
} Story;

/* A test of each, below "/sandbox/terminal/". */
void screen_add_stories(const Story *stories, size_t n);
