/* SPDX-License-Identifier: Apache-2.0 */
/* `ps`: what runs and what is kept; `stop`. */
#include "sandbox/commands.h"

#include "audit/json.h"
#include "base/fd.h"
#include "base/text.h"
#include "policy/mode.h"
#include "sandbox/log.h"
#include "sandbox/review_changes.h"
#include "sandbox/session_record.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXIT_FAILED 2
/* The command may save its work. */
#define GRACE_MS 10000
/* The kernel ends a session whose supervisor was killed. */
#define KILLED_MS 5000
/* Of a command, on one line. */
#define COMMAND_CHARS 60

/* --- ps --- */

typedef struct {
    GPtrArray *records; /* owned */
    GPtrArray *reviews; /* owned */
} Everything;

static void
everything_clear(Everything *all)
{
    g_clear_pointer(&all->records, g_ptr_array_unref);
    g_clear_pointer(&all->reviews, g_ptr_array_unref);
}

static char *
format_time(int64_t time_us)
{
    GString *text = g_string_new(NULL);

    bns_json_append_time(text, time_us);
    g_string_truncate(text, strlen("2026-11-24T07:00:00"));
    g_string_append_c(text, 'Z');
    return g_string_free(text, FALSE);
}

static char *
format_elapsed(int64_t started_us)
{
    int64_t seconds = MAX(0, (g_get_real_time() - started_us) / G_USEC_PER_SEC);

    return g_strdup_printf("%d:%02d:%02d", (int)(seconds / 3600),
                           (int)(seconds / 60 % 60), (int)(seconds % 60));
}

static char *
format_command(char **command)
{
    g_autofree char *joined = g_strjoinv(" ", command);
    g_autofree char *shown = bns_text_escape(joined, -1);

    return strlen(shown) > COMMAND_CHARS
               ? g_strdup_printf("%.*s...", COMMAND_CHARS, shown)
               : g_steal_pointer(&shown);
}

static const char *
mode_of(const BnsSessionRecord *record)
{
    return record->mode != NULL ? record->mode : bns_mode_name(BNS_MODE_ENFORCE);
}

static void
print_session(const BnsSessionRecord *record)
{
    g_autofree char *started = format_time(record->started_us);
    g_autofree char *elapsed = format_elapsed(record->started_us);
    g_autofree char *workdir = bns_text_escape(record->workdir, -1);
    g_autofree char *command = format_command(record->command);

    bool observes = strcmp(mode_of(record), bns_mode_name(BNS_MODE_OBSERVE)) == 0;

    printf("%.8s  %7d  %s  %9s  %s  %s%s\n", record->session, (int)record->pid, started,
           elapsed, workdir, command, observes ? "  (observes)" : "");
    if (record->n_allowed > 0)
        printf("          +%u rule%s: boundary-ns allow %.8s\n", record->n_allowed,
               record->n_allowed == 1 ? "" : "s", record->session);
}

static void
print_review(const BnsReview *review)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsReviewChanges) changes = bns_review_changes(review, &error);
    g_autofree char *workdir = bns_text_escape(review->workdir, -1);
    g_autofree char *command = format_command(review->command);

    if (changes == NULL)
        printf("%.8s  %s  %s  (%s)\n", review->session, workdir, command,
               error->message);
    else
        printf("%.8s  %u changes, %u run or obeyed outside  %s  %s\n", review->session,
               changes->list->len, changes->n_marked, workdir, command);
    printf("          boundary-ns review %.8s [--diff | --apply | --discard]\n",
           review->session);
}

static guint
count_kept(const GPtrArray *reviews)
{
    guint n = 0;

    for (guint i = 0; i < reviews->len; i++)
        n += ((const BnsReview *)reviews->pdata[i])->is_live ? 0 : 1;
    return n;
}

static void
print_text(const Everything *all)
{
    if (all->records->len > 0)
        puts("SESSION       PID  STARTED                 ELAPSED  DIRECTORY  COMMAND");
    for (guint i = 0; i < all->records->len; i++)
        print_session(all->records->pdata[i]);
    if (count_kept(all->reviews) > 0)
        puts("KEPT      CHANGES  DIRECTORY  COMMAND");
    for (guint i = 0; i < all->reviews->len; i++)
        if (!((const BnsReview *)all->reviews->pdata[i])->is_live)
            print_review(all->reviews->pdata[i]);
}

static void
append_common(GString *text,
              const char *session,
              int64_t started_us,
              const char *workdir,
              char **command,
              const char *audit_path)
{
    g_autofree char *started = format_time(started_us);

    g_string_append_printf(text, "{\"session\":\"%s\"", session);
    bns_json_append_text(text, "started", started);
    bns_json_append_text(text, "workdir", workdir);
    bns_json_append_list(text, "command", (const char *const *)command);
    bns_json_append_text(text, "audit", audit_path);
}

static void
append_session(GString *text, const BnsSessionRecord *record)
{
    int64_t elapsed_us = MAX(0, g_get_real_time() - record->started_us);

    append_common(text, record->session, record->started_us, record->workdir,
                  record->command, record->audit_path);
    bns_json_append_text(text, "mode", mode_of(record));
    bns_json_append_number(text, "pid", (uint64_t)record->pid);
    bns_json_append_number(text, "elapsed_s", (uint64_t)(elapsed_us / G_USEC_PER_SEC));
    bns_json_append_number(text, "allowed", record->n_allowed);
    g_string_append_c(text, '}');
}

static void
append_review(GString *text, const BnsReview *review)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsReviewChanges) changes = bns_review_changes(review, &error);

    append_common(text, review->session,
                  (int64_t)review->started.tv_sec * G_USEC_PER_SEC +
                      review->started.tv_nsec / 1000,
                  review->workdir, review->command, review->audit_path);
    bns_json_append_text(text, "path", review->path);
    if (changes != NULL) {
        bns_json_append_number(text, "changes", changes->list->len);
        bns_json_append_number(text, "marked", changes->n_marked);
        bns_json_append_number(text, "conflicts", changes->n_conflicts);
    } else {
        bns_json_append_text(text, "error", error->message);
    }
    g_string_append_c(text, '}');
}

static void
print_json(const Everything *all)
{
    g_autoptr(GString) text = g_string_new("{\"sessions\":[");
    const char *comma = "";

    for (guint i = 0; i < all->records->len; i++) {
        g_string_append(text, i > 0 ? "," : "");
        append_session(text, all->records->pdata[i]);
    }
    g_string_append(text, "],\"reviews\":[");
    for (guint i = 0; i < all->reviews->len; i++)
        if (!((const BnsReview *)all->reviews->pdata[i])->is_live) {
            g_string_append(text, comma);
            append_review(text, all->reviews->pdata[i]);
            comma = ",";
        }
    g_string_append(text, "]}");
    puts(text->str);
}

int
bns_ps(const BnsOptions *options)
{
    g_autoptr(GError) error = NULL;
    Everything all = { .records = bns_session_records(&error) };

    if (error == NULL)
        all.reviews = bns_review_list(&error);
    if (error != NULL)
        bns_log_print("%s", error->message);
    else
        (options->json ? print_json : print_text)(&all);
    everything_clear(&all);
    return error != NULL ? EXIT_FAILED : 0;
}

/* --- stop --- */

/* Returns: whether it ended in time. */
static bool
wait_for_end(int pidfd, int timeout_ms)
{
    struct pollfd end = { .fd = pidfd, .events = POLLIN };
    int64_t until_us = g_get_monotonic_time() + (int64_t)timeout_ms * 1000;
    int64_t left_us;

    while ((left_us = until_us - g_get_monotonic_time()) > 0) {
        int r = poll(&end, 1, (int)(left_us / 1000) + 1);

        if (r > 0)
            return true;
        if (r < 0 && errno != EINTR)
            return false;
    }
    return false;
}

/* 0 or -errno; that it is dead already is no error. */
static int
send_signal(int pidfd, int number)
{
    if (syscall(SYS_pidfd_send_signal, pidfd, number, NULL, 0) < 0 && errno != ESRCH)
        return -errno;
    return 0;
}

static bool
stop(const BnsSessionRecord *record)
{
    g_autoptr(GError) error = NULL;
    bns_autofd pidfd = bns_session_open_supervisor(record, &error);
    int r;

    if (pidfd < 0) {
        if (g_error_matches(error, BNS_SESSION_ERROR, BNS_SESSION_ERROR_NONE))
            return true;
        bns_log_print("%s", error->message);
        return false;
    }
    r = send_signal(pidfd, SIGTERM);
    /* It may be stopped. */
    if (r == 0)
        r = send_signal(pidfd, SIGCONT);
    if (r == 0 && wait_for_end(pidfd, GRACE_MS))
        return true;
    if (r == 0) {
        bns_log_print("%.8s did not end within %d s: killed", record->session,
                      GRACE_MS / 1000);
        r = send_signal(pidfd, SIGKILL);
    }
    if (r == 0 && wait_for_end(pidfd, KILLED_MS))
        return true;
    bns_log_print("%.8s could not be stopped: %s", record->session,
                  r < 0 ? g_strerror(-r) : "it does not end");
    return false;
}

static void
free_record(void *data)
{
    bns_session_record_free(data);
}

int
bns_stop(const BnsOptions *options)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) records = bns_session_records(&error);
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(free_record);
    g_autoptr(GPtrArray) chosen = g_ptr_array_new();
    bool are_stopped = true;

    if (records == NULL) {
        bns_log_print("%s", error->message);
        return EXIT_FAILED;
    }
    for (guint i = 0; options->all && i < records->len; i++)
        g_ptr_array_add(chosen, records->pdata[i]);
    for (char **prefix = options->arguments; *prefix != NULL; prefix++) {
        BnsSessionRecord *record = bns_session_find(*prefix, &error);

        if (record == NULL) {
            bns_log_print("%s", error->message);
            return EXIT_FAILED;
        }
        g_ptr_array_add(found, record);
        g_ptr_array_add(chosen, record);
    }
    for (guint i = 0; i < chosen->len; i++)
        are_stopped &= stop(chosen->pdata[i]);
    return are_stopped ? 0 : EXIT_FAILED;
}
