/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/find_owner.h"

#include "base/clock.h"
#include "base/fd.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Numbers of one directory; the highest are the newest, and looked at first. */
#define NUMBERS_MAX 65536

/* The next descriptor mostly has a number beside the last one's. */
#define HINT_BELOW 2
#define HINT_ABOVE 6

/* Looks between two readings of the clock. */
#define LOOKS_PER_CLOCK 16

#define LINK_MAX_BYTES 32 /* "socket:[18446744073709551615]" */

static const char cut_mark[] = "...";

/* A search, and when it is over. */
typedef struct {
    char wanted[LINK_MAX_BYTES]; /* "socket:[12345]" */
    size_t wanted_len;
    int64_t deadline_us;
    unsigned looks;
} Search;

/* --- the socket --- */

typedef struct {
    struct nlmsghdr head;
    struct inet_diag_req_v2 body;
} DiagRequest;

static bool
send_request(BnsFind *find, const BnsOwnerQuestion *question, uint32_t source_addr)
{
    DiagRequest request = {
        .head = { .nlmsg_len = sizeof(request),
                  .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                  .nlmsg_flags = NLM_F_REQUEST,
                  .nlmsg_seq = ++find->sequence },
        .body = { .sdiag_family = AF_INET,
                  .sdiag_protocol = IPPROTO_TCP,
                  .idiag_states = ~0u,
                  .id = { .idiag_sport = htons(question->guest_port),
                          .idiag_dport = htons(question->port),
                          .idiag_src = { source_addr },
                          .idiag_dst = { question->addr },
                          .idiag_cookie = { INET_DIAG_NOCOOKIE,
                                            INET_DIAG_NOCOOKIE } } },
    };

    return send(find->diag_fd, &request, sizeof(request), 0) == sizeof(request);
}

/* Returns: the socket's inode, 0 if there is none (any more). */
static uint32_t
find_inode(BnsFind *find, const BnsOwnerQuestion *question, uint32_t source_addr)
{
    union {
        struct nlmsghdr head;
        char bytes[8192];
    } reply;
    struct inet_diag_msg message;
    ssize_t n;

    if (!send_request(find, question, source_addr))
        return 0;
    /* The kernel has answered before send(2) returned. */
    do
        n = recv(find->diag_fd, &reply, sizeof(reply), MSG_DONTWAIT);
    while (n >= (ssize_t)sizeof(reply.head) && reply.head.nlmsg_seq != find->sequence);
    if (n < (ssize_t)NLMSG_LENGTH(sizeof(message)) ||
        reply.head.nlmsg_type != SOCK_DIAG_BY_FAMILY)
        return 0;
    memcpy(&message, NLMSG_DATA(&reply.head), sizeof(message));
    return message.idiag_inode;
}

/* --- directories of numbers --- */

/* The kernel's; glibc has none for the system call. */
typedef struct {
    uint64_t ino;
    int64_t off;
    unsigned short len;
    unsigned char type;
    char name[];
} Entry;

static size_t
take_entries(const char *at, size_t len, int *numbers, size_t n)
{
    for (size_t done = 0; done < len && n < NUMBERS_MAX;) {
        const Entry *entry = (const Entry *)(const void *)(at + done);
        char *end;
        long number = strtol(entry->name, &end, 10);

        if (*end == '\0' && end != entry->name && number >= 0 && number <= INT32_MAX)
            numbers[n++] = (int)number;
        done += entry->len;
    }
    return n;
}

/* Reads the numbers that are names in @dir_fd. Returns: how many, in rising order. */
static size_t
list_numbers(int dir_fd, int *numbers)
{
    _Alignas(Entry) char block[32768];
    size_t n = 0;
    long len;

    if (lseek(dir_fd, 0, SEEK_SET) < 0)
        return 0;
    while ((len = syscall(SYS_getdents64, dir_fd, block, sizeof(block))) > 0)
        n = take_entries(block, (size_t)len, numbers, n);
    return n;
}

/* --- one process --- */

static bool
is_over(Search *search)
{
    return ++search->looks % LOOKS_PER_CLOCK == 0 &&
           bns_clock_us(CLOCK_MONOTONIC) >= search->deadline_us;
}

static bool
is_wanted(const Search *search, int fds_fd, int number)
{
    char name[16];
    char link[LINK_MAX_BYTES];

    snprintf(name, sizeof(name), "%d", number);
    return readlinkat(fds_fd, name, link, sizeof(link)) ==
               (ssize_t)search->wanted_len &&
           memcmp(link, search->wanted, search->wanted_len) == 0;
}

static void
seen_clear(BnsFindSeen *seen)
{
    bns_fd_clear(&seen->dir_fd);
    bns_fd_clear(&seen->fds_fd);
    seen->pid = 0;
}

static bool
seen_open(BnsFindSeen *seen, int proc_fd, pid_t pid)
{
    char name[16];

    snprintf(name, sizeof(name), "%d", pid);
    *seen = (BnsFindSeen){ .pid = pid, .dir_fd = -1, .fds_fd = -1 };
    seen->dir_fd = openat(proc_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (seen->dir_fd >= 0)
        seen->fds_fd = openat(seen->dir_fd, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (seen->fds_fd >= 0)
        return true;
    seen_clear(seen);
    return false;
}

static bool
holds_nearby(BnsFindSeen *seen, const Search *search)
{
    int first = seen->last_fd > HINT_BELOW ? seen->last_fd - HINT_BELOW : 0;

    for (int number = first; number <= seen->last_fd + HINT_ABOVE; number++)
        if (is_wanted(search, seen->fds_fd, number)) {
            seen->last_fd = number;
            return true;
        }
    return false;
}

static bool
holds(BnsFindSeen *seen, Search *search)
{
    static int numbers[NUMBERS_MAX];
    size_t n = list_numbers(seen->fds_fd, numbers);

    while (n-- > 0 && !is_over(search))
        if (is_wanted(search, seen->fds_fd, numbers[n])) {
            seen->last_fd = numbers[n];
            return true;
        }
    return false;
}

/* --- all of them --- */

/* Makes @found the latest; the one that was longest silent is forgotten. */
static void
remember(BnsFind *find, BnsFindSeen found)
{
    seen_clear(&find->seen[BNS_FIND_SEEN_MAX - 1]);
    memmove(&find->seen[1], &find->seen[0],
            (BNS_FIND_SEEN_MAX - 1) * sizeof(find->seen[0]));
    find->seen[0] = found;
}

/* Makes it the latest. */
static void
promote(BnsFind *find, size_t i)
{
    BnsFindSeen found = find->seen[i];

    memmove(&find->seen[1], &find->seen[0], i * sizeof(find->seen[0]));
    find->seen[0] = found;
}

static bool
find_among_seen(BnsFind *find, Search *search)
{
    for (int is_thorough = 0; is_thorough <= 1; is_thorough++)
        for (size_t i = 0; i < BNS_FIND_SEEN_MAX && find->seen[i].pid != 0; i++) {
            BnsFindSeen *seen = &find->seen[i];

            if (is_thorough ? holds(seen, search) : holds_nearby(seen, search)) {
                promote(find, i);
                return true;
            }
        }
    return false;
}

/* Their numbers may be others' by now. */
static void
forget_dead(BnsFind *find)
{
    size_t n = 0;

    for (size_t i = 0; i < BNS_FIND_SEEN_MAX; i++) {
        BnsFindSeen seen = find->seen[i];

        find->seen[i] = (BnsFindSeen){ .dir_fd = -1, .fds_fd = -1 };
        if (seen.pid != 0 && faccessat(seen.dir_fd, "fd", F_OK, 0) == 0)
            find->seen[n++] = seen;
        else
            seen_clear(&seen);
    }
}

static bool
is_seen(const BnsFind *find, pid_t pid)
{
    for (size_t i = 0; i < BNS_FIND_SEEN_MAX; i++)
        if (find->seen[i].pid == pid)
            return true;
    return false;
}

static bool
find_among_all(BnsFind *find, Search *search)
{
    static int pids[NUMBERS_MAX];
    size_t n;

    forget_dead(find);
    n = list_numbers(find->proc_fd, pids);
    while (n-- > 0 && bns_clock_us(CLOCK_MONOTONIC) < search->deadline_us) {
        BnsFindSeen seen;

        if (is_seen(find, pids[n]) || !seen_open(&seen, find->proc_fd, pids[n]))
            continue;
        if (holds(&seen, search)) {
            remember(find, seen);
            return true;
        }
        seen_clear(&seen);
    }
    return false;
}

/* --- what it is --- */

/* Makes the end of @len bytes, of which there is more, say so. */
static void
mark_cut(char *text, size_t len)
{
    memcpy(text + len - sizeof(cut_mark), cut_mark, sizeof(cut_mark));
}

static uint16_t
read_exe(int dir_fd, char *text)
{
    ssize_t n = readlinkat(dir_fd, "exe", text, BNS_OWNER_EXE_MAX);

    if (n <= 0)
        return 0;
    if (n == BNS_OWNER_EXE_MAX) {
        mark_cut(text, BNS_OWNER_EXE_MAX);
        return BNS_OWNER_EXE_MAX;
    }
    text[n] = '\0';
    return (uint16_t)(n + 1);
}

static uint16_t
read_argv(int dir_fd, char *text)
{
    bns_autofd fd = openat(dir_fd, "cmdline", O_RDONLY | O_CLOEXEC);
    ssize_t n = 0, more;

    while (fd >= 0 && n < BNS_OWNER_ARGV_MAX &&
           (more = read(fd, text + n, (size_t)(BNS_OWNER_ARGV_MAX - n))) > 0)
        n += more;
    if (n == BNS_OWNER_ARGV_MAX)
        mark_cut(text, BNS_OWNER_ARGV_MAX);
    else if (n > 0 && text[n - 1] != '\0')
        text[n++] = '\0';
    return (uint16_t)n;
}

static void
describe(const BnsFindSeen *seen, BnsOwnerAnswer *answer)
{
    answer->pid = (uint32_t)seen->pid;
    answer->exe_len = read_exe(seen->dir_fd, answer->text);
    answer->argv_len = read_argv(seen->dir_fd, answer->text + answer->exe_len);
}

void
bns_find_owner(BnsFind *find,
               const BnsOwnerQuestion *question,
               uint32_t source_addr,
               int64_t deadline_us,
               BnsOwnerAnswer *out_answer)
{
    uint32_t inode = find_inode(find, question, source_addr);
    Search search = { .deadline_us = deadline_us };

    out_answer->flow = question->flow;
    out_answer->pid = 0;
    out_answer->exe_len = 0;
    out_answer->argv_len = 0;
    if (inode == 0)
        return;
    search.wanted_len =
        (size_t)snprintf(search.wanted, sizeof(search.wanted), "socket:[%u]", inode);
    if (find_among_seen(find, &search) || find_among_all(find, &search))
        describe(&find->seen[0], out_answer);
}

/* --- life --- */

bool
bns_find_init(BnsFind *find)
{
    *find = (BnsFind){ .diag_fd = -1, .proc_fd = -1 };
    for (size_t i = 0; i < BNS_FIND_SEEN_MAX; i++)
        find->seen[i].dir_fd = find->seen[i].fds_fd = -1;
    find->diag_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    find->proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return find->diag_fd >= 0 && find->proc_fd >= 0;
}

void
bns_find_clear(BnsFind *find)
{
    for (size_t i = 0; i < BNS_FIND_SEEN_MAX; i++)
        seen_clear(&find->seen[i]);
    bns_fd_clear(&find->diag_fd);
    bns_fd_clear(&find->proc_fd);
}
