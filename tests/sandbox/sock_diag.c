/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's list of sockets, and what follows from it. */
#include "sandbox/sock_diag.h"

#include "base/fd.h"
#include "sandbox/host_sockets.h"
#include "sandbox/socket_watch.h"
#include "tests/support/test.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

/* --- the answer's bytes --- */

static void
add(GByteArray *bytes, const void *data, size_t len)
{
    static const uint8_t padding[4];

    g_byte_array_append(bytes, data, (guint)len);
    g_byte_array_append(bytes, padding, (guint)(-len & 3));
}

static void
add_attribute(GByteArray *bytes, uint16_t type, const void *data, size_t len)
{
    struct nlattr head = { .nla_len = (uint16_t)(NLA_HDRLEN + len), .nla_type = type };

    add(bytes, &head, sizeof(head));
    add(bytes, data, len);
}

static void
add_message(GByteArray *bytes, uint16_t type, const void *data, size_t len)
{
    struct nlmsghdr head = { .nlmsg_len = (uint32_t)(NLMSG_HDRLEN + len),
                             .nlmsg_type = type,
                             .nlmsg_flags = NLM_F_MULTI };

    add(bytes, &head, sizeof(head));
    add(bytes, data, len);
}

/* @inode 0: it lies nowhere. */
static void
add_in_state(GByteArray *bytes,
             uint8_t type,
             uint8_t state,
             const char *name,
             size_t name_len,
             uint32_t inode)
{
    struct unix_diag_msg message = { .udiag_family = AF_UNIX,
                                     .udiag_type = type,
                                     .udiag_state = state,
                                     .udiag_cookie = { 7, 1 } };
    struct unix_diag_vfs vfs = { .udiag_vfs_ino = inode,
                                 .udiag_vfs_dev = 259u << 20 | 300 };
    g_autoptr(GByteArray) body = g_byte_array_new();

    add(body, &message, sizeof(message));
    add_attribute(body, UNIX_DIAG_NAME, name, name_len);
    if (inode != 0)
        add_attribute(body, UNIX_DIAG_VFS, &vfs, sizeof(vfs));
    add_message(bytes, SOCK_DIAG_BY_FAMILY, body->data, body->len);
}

static void
add_socket(GByteArray *bytes, const char *name, size_t name_len, uint32_t inode)
{
    add_in_state(bytes, SOCK_STREAM, TCP_LISTEN, name, name_len, inode);
}

static void
on_text(void *data, const BnsHostSocket *found)
{
    g_string_append_printf(data, "%" G_GUINT64_FORMAT " %u:%u %u \"%s\"\n",
                           found->cookie, found->major, found->minor, found->inode,
                           found->name);
}

static BnsSockDiag
parse(const GByteArray *bytes, size_t len, GString *text, int *out_error)
{
    g_autofree uint8_t *exact = g_memdup2(bytes->data, len);

    g_string_truncate(text, 0);
    return bns_sock_diag_parse(exact, len, on_text, text, out_error);
}

static void
test_answer(void)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(GString) text = g_string_new(NULL);
    char longest[BNS_SOCK_DIAG_NAME_MAX + 1];
    int32_t none = 0;
    int error;

    memset(longest, 'n', sizeof(longest));
    add_socket(bytes, "/run/a", sizeof("/run/a"), 5);
    add_socket(bytes, "\0abstract", 9, 0);
    add_socket(bytes, "rel", 3, 0xffffffff);
    add_socket(bytes, longest, sizeof(longest), 6);
    g_assert_cmpint(parse(bytes, bytes->len, text, &error), ==, BNS_SOCK_DIAG_MORE);
    g_assert_cmpstr(text->str, ==,
                    "4294967303 259:300 5 \"/run/a\"\n"
                    "4294967303 259:300 4294967295 \"rel\"\n"
                    "4294967303 259:300 6 \"\"\n");
    add_message(bytes, NLMSG_DONE, &none, sizeof(none));
    add_socket(bytes, "/later", 6, 5);
    g_assert_cmpint(parse(bytes, bytes->len, text, &error), ==, BNS_SOCK_DIAG_DONE);
    g_assert_cmpint(error, ==, 0);
    g_assert_null(strstr(text->str, "later"));
}

/* A datagram socket is in the state of a connected one once somebody connected to it, a
 * connected stream leads to nobody else. */
static void
test_states(void)
{
    static const struct {
        uint8_t type, state;
        bool is_told;
    } rows[] = {
        { SOCK_STREAM, TCP_LISTEN, true },
        { SOCK_STREAM, TCP_CLOSE, true },
        { SOCK_STREAM, TCP_ESTABLISHED, false },
        { SOCK_SEQPACKET, TCP_LISTEN, true },
        { SOCK_SEQPACKET, TCP_ESTABLISHED, false },
        { SOCK_DGRAM, TCP_CLOSE, true },
        { SOCK_DGRAM, TCP_ESTABLISHED, true },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GByteArray) bytes = g_byte_array_new();
        g_autoptr(GString) text = g_string_new(NULL);
        int error;

        add_in_state(bytes, rows[i].type, rows[i].state, "s", 1, 5);
        g_assert_cmpint(parse(bytes, bytes->len, text, &error), ==, BNS_SOCK_DIAG_MORE);
        g_assert_cmpint(text->len > 0, ==, rows[i].is_told);
    }
}

/* A cut is not a shorter answer, except between two messages. */
static void
test_cut(void)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(GString) text = g_string_new(NULL);
    size_t first;
    int error;

    add_socket(bytes, "/run/a", sizeof("/run/a"), 5);
    first = bytes->len;
    add_socket(bytes, "/run/b", sizeof("/run/b"), 6);
    for (size_t len = 0; len < bytes->len; len++)
        g_assert_cmpint(parse(bytes, len, text, &error), ==,
                        len == 0 || len == first ? BNS_SOCK_DIAG_MORE
                                                 : BNS_SOCK_DIAG_BAD);
}

/* Lengths that lie, at each place where one stands. */
static void
test_lengths(void)
{
    static const size_t places[] = { 0, NLMSG_HDRLEN + sizeof(struct unix_diag_msg) };
    static const uint16_t lies[] = { 0, 1, 3, 0xfff0, 0xffff };
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(GString) text = g_string_new(NULL);
    int error;

    add_socket(bytes, "/run/a", sizeof("/run/a"), 5);
    for (size_t i = 0; i < G_N_ELEMENTS(places); i++)
        for (size_t j = 0; j < G_N_ELEMENTS(lies); j++) {
            g_autoptr(GByteArray) lying = g_byte_array_new();

            g_byte_array_append(lying, bytes->data, bytes->len);
            memcpy(lying->data + places[i], &lies[j], sizeof(lies[j]));
            g_assert_cmpint(parse(lying, lying->len, text, &error), ==,
                            BNS_SOCK_DIAG_BAD);
            g_assert_cmpstr(text->str, ==, "");
        }
}

static void
test_refusal(void)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(GByteArray) odd = g_byte_array_new();
    g_autoptr(GString) text = g_string_new(NULL);
    int32_t number = -ENOENT, no_number = 5;
    int error;

    add_message(bytes, NLMSG_ERROR, &number, sizeof(number));
    g_assert_cmpint(parse(bytes, bytes->len, text, &error), ==, BNS_SOCK_DIAG_DONE);
    g_assert_cmpint(error, ==, ENOENT);
    add_message(odd, NLMSG_ERROR, &no_number, sizeof(no_number));
    g_assert_cmpint(parse(odd, odd->len, text, &error), ==, BNS_SOCK_DIAG_BAD);
    g_byte_array_set_size(odd, 0);
    add_message(odd, NLMSG_NOOP, &number, sizeof(number));
    g_assert_cmpint(parse(odd, odd->len, text, &error), ==, BNS_SOCK_DIAG_BAD);
}

/* --- this machine's --- */

typedef struct {
    char *dir; /* owned; real */
    int fds[8];
    int n;
} Fixture;

static void
setup(Fixture *f)
{
    g_autofree char *current = g_get_current_dir();

    f->dir = g_build_filename(current, "bns-sock-XXXXXX", NULL);
    g_assert_nonnull(g_mkdtemp(f->dir));
    f->n = 0;
}

/* By a path that is short whatever the directory's is. */
static void
bind_socket(Fixture *f, int type, const char *name, bool listens)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

    g_assert_cmpint(chdir(f->dir), ==, 0);
    g_strlcpy(address.sun_path, name, sizeof(address.sun_path));
    g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
    if (listens)
        g_assert_cmpint(listen(fd, 1), ==, 0);
    f->fds[f->n++] = fd;
}

static void
clear(Fixture *f)
{
    static const char *const names[] = { "stream", "new", "linked", "dgram", "early" };

    for (int i = 0; i < f->n; i++)
        bns_fd_clear(&f->fds[i]);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        unlink(names[i]);
    g_assert_cmpint(chdir(".."), ==, 0);
    g_assert_cmpint(g_rmdir(f->dir), ==, 0);
    g_free(f->dir);
}

typedef struct {
    const char *name;
    BnsHostSocket found;
    int n;
} Wanted;

static void
on_wanted(void *data, const BnsHostSocket *found)
{
    Wanted *wanted = data;

    if (strcmp(found->name, wanted->name) == 0) {
        wanted->found = *found;
        wanted->n++;
    }
}

static void
test_found(void)
{
    static const char *const names[] = { "stream", "dgram", "early" };
    g_autoptr(GError) error = NULL;
    bns_autofd fd = bns_host_sockets_open(&error);
    Fixture f;

    g_assert_no_error(error);
    setup(&f);
    bind_socket(&f, SOCK_STREAM, "stream", true);
    bind_socket(&f, SOCK_DGRAM, "dgram", false);
    bind_socket(&f, SOCK_STREAM, "early", false);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        Wanted wanted = { .name = names[i] };
        struct stat info;

        /* A list may pass over one. */
        while (wanted.n == 0)
            g_assert_true(bns_host_sockets_read(fd, true, BNS_SOCK_DIAG_ANSWER_BYTES,
                                                on_wanted, &wanted, &error));
        g_assert_cmpint(stat(names[i], &info), ==, 0);
        g_assert_cmpint(wanted.n, >=, 1);
        g_assert_cmpuint(wanted.found.inode, ==, (uint32_t)info.st_ino);
        g_assert_cmpuint(wanted.found.cookie, !=, 0);
    }
    clear(&f);
}

/* Whether one of what is asked now is about the fixture's directory. */
static bool
asks_here(BnsSocketWatch *watch, const Fixture *f)
{
    g_autoptr(GError) error = NULL;
    char *question;
    bool is_here = false;

    g_assert_true(bns_socket_watch_poll(watch, &error));
    while ((question = bns_socket_watch_next(watch)) != NULL) {
        const char *dir = strchr(question, '\n');

        g_assert_nonnull(dir);
        g_assert_cmpuint(strlen(question), <, 4096);
        is_here |= strcmp(dir + 1, f->dir) == 0;
        g_free(question);
    }
    return is_here;
}

/* A list may pass over one. */
static void
await_question(BnsSocketWatch *watch, const Fixture *f)
{
    while (!asks_here(watch, f))
        ;
}

static void
test_watch(void)
{
    const BnsFileView view = { .is_shared = true };
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsSocketWatch) watch = bns_socket_watch_new(&view, NULL, &error);
    Fixture f;

    g_assert_no_error(error);
    setup(&f);
    g_assert_false(asks_here(watch, &f));
    bind_socket(&f, SOCK_STREAM, "stream", true);
    await_question(watch, &f);
    g_assert_false(asks_here(watch, &f));
    g_assert_cmpint(link("stream", "linked"), ==, 0);
    await_question(watch, &f);
    g_assert_false(asks_here(watch, &f));
    g_assert_cmpint(rename("stream", "new"), ==, 0);
    await_question(watch, &f);
    /* Another that may have got the same inode. */
    bns_fd_clear(&f.fds[0]);
    g_assert_cmpint(unlink("new") + unlink("linked"), ==, 0);
    g_assert_false(asks_here(watch, &f));
    bind_socket(&f, SOCK_STREAM, "stream", true);
    await_question(watch, &f);
    clear(&f);
}

/* One that was moved is searched for; one that was closed and removed is nowhere. */
static void
test_sought(gconstpointer data)
{
    bool is_closed = GPOINTER_TO_INT(data);
    const BnsFileView view = { .is_shared = true };
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsSocketWatch) watch = bns_socket_watch_new(&view, NULL, &error);
    Fixture f;

    setup(&f);
    bind_socket(&f, SOCK_STREAM, "stream", true);
    await_question(watch, &f);
    g_assert_cmpint(unlink("stream"), ==, 0);
    if (is_closed)
        bns_fd_clear(&f.fds[0]);
    for (int i = 0; i < 3; i++)
        g_assert_true(bns_socket_watch_poll(watch, &error));
    bns_socket_watch_search(watch, 0, true);
    /* Others of this machine may be sought, too. */
    if (!is_closed)
        g_assert_nonnull(bns_socket_watch_sought(watch));
    else
        g_assert_cmpstr(bns_socket_watch_sought(watch), !=, "stream");
    clear(&f);
}

static void
test_allowed(void)
{
    const BnsFileView view = { .is_shared = true };
    g_autoptr(GError) error = NULL;
    g_autofree char *path = NULL;
    const char *allowed[2] = { NULL };
    g_autoptr(BnsSocketWatch) watch = NULL;
    Fixture f;

    setup(&f);
    path = g_build_filename(f.dir, "stream", NULL);
    allowed[0] = path;
    watch = bns_socket_watch_new(&view, allowed, &error);
    bind_socket(&f, SOCK_STREAM, "stream", true);
    g_assert_false(asks_here(watch, &f));
    bind_socket(&f, SOCK_DGRAM, "dgram", false);
    await_question(watch, &f);
    clear(&f);
}

/* The list without connected ones has those that nobody has connected to. */
static void
test_connected(void)
{
    g_autoptr(GError) error = NULL;
    bns_autofd diag = bns_host_sockets_open(&error);
    bns_autofd client = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "dgram" };
    Wanted before = { .name = "dgram" }, after = before, all = before;
    Fixture f;

    setup(&f);
    bind_socket(&f, SOCK_DGRAM, "dgram", false);
    while (before.n == 0)
        g_assert_true(bns_host_sockets_read(diag, false, BNS_SOCK_DIAG_ANSWER_BYTES,
                                            on_wanted, &before, &error));
    g_assert_cmpint(connect(client, (struct sockaddr *)&address, sizeof(address)), ==,
                    0);
    g_assert_true(bns_host_sockets_read(diag, false, BNS_SOCK_DIAG_ANSWER_BYTES,
                                        on_wanted, &after, &error));
    g_assert_cmpint(after.n, ==, 0);
    while (all.n == 0)
        g_assert_true(bns_host_sockets_read(diag, true, BNS_SOCK_DIAG_ANSWER_BYTES,
                                            on_wanted, &all, &error));
    g_assert_cmpuint(all.found.cookie, ==, before.found.cookie);
    clear(&f);
}

static void
test_masked(void)
{
    static const char *const bad[] = { "", "1:2", "1:2:3", "1:2:3 /a", "x:2:3\n/a" };
    const BnsFileView view = { 0 };
    g_autoptr(BnsSocketWatch) watch = bns_socket_watch_new(&view, NULL, NULL);

    g_assert_nonnull(watch);
    g_assert_cmpstr(bns_socket_watch_masked(watch, "1:2:3\n/a\nb"), ==, "/a\nb");
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_null(bns_socket_watch_masked(watch, bad[i]));
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    bns_test_add("/sandbox/sock-diag/an-answer-names-sockets", test_answer);
    bns_test_add("/sandbox/sock-diag/who-is-connected-leads-nowhere", test_states);
    bns_test_add("/sandbox/sock-diag/a-cut-answer-is-bad", test_cut);
    bns_test_add("/sandbox/sock-diag/lengths-that-lie-are-bad", test_lengths);
    bns_test_add("/sandbox/sock-diag/a-refusal-is-its-errno", test_refusal);
    bns_test_add("/sandbox/sock-diag/this-machines-are-found", test_found);
    bns_test_add("/sandbox/sock-diag/connected-ones-too", test_connected);
    bns_test_add("/sandbox/sock-diag/each-is-asked-for-once", test_watch);
    bns_test_add_data("/sandbox/sock-diag/one-that-left-its-name-is-sought",
                      GINT_TO_POINTER(false), test_sought);
    bns_test_add_data("/sandbox/sock-diag/one-that-was-closed-is-not",
                      GINT_TO_POINTER(true), test_sought);
    bns_test_add("/sandbox/sock-diag/what-is-allowed-is-not", test_allowed);
    bns_test_add("/sandbox/sock-diag/an-answer-of-init", test_masked);
    return g_test_run();
}
