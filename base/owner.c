/* SPDX-License-Identifier: Apache-2.0 */
#include "base/owner.h"

#include "base/fd.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define HEAD_BYTES offsetof(BnsOwnerAnswer, text)

int
bns_owner_ask(int sock, const BnsOwnerQuestion *question)
{
    return bns_fd_send(sock, question, sizeof(*question), -1);
}

int
bns_owner_answer(int sock, const BnsOwnerAnswer *answer)
{
    return bns_fd_send(sock, answer, HEAD_BYTES + answer->exe_len + answer->argv_len,
                       -1);
}

int
bns_owner_receive_question(int sock, BnsOwnerQuestion *out_question)
{
    ssize_t n = bns_fd_receive(sock, out_question, sizeof(*out_question), NULL);

    if (n <= 0)
        return (int)n;
    return n == sizeof(*out_question) ? 1 : -EBADMSG;
}

/* The lengths are the message's; exe is one string, argv whole ones. */
static bool
is_whole(const BnsOwnerAnswer *answer, size_t len)
{
    size_t exe_len = answer->exe_len, argv_len = answer->argv_len;

    if (len != HEAD_BYTES + exe_len + argv_len)
        return false;
    if (exe_len > 0 &&
        memchr(answer->text, '\0', exe_len) != answer->text + exe_len - 1)
        return false;
    if (argv_len > 0 && answer->text[exe_len + argv_len - 1] != '\0')
        return false;
    return answer->pid != 0 || (exe_len == 0 && argv_len == 0);
}

int
bns_owner_receive_answer(int sock, BnsOwnerAnswer *out_answer)
{
    ssize_t n = bns_fd_receive(sock, out_answer, sizeof(*out_answer), NULL);

    if (n <= 0)
        return (int)n;
    if ((size_t)n < HEAD_BYTES || !is_whole(out_answer, (size_t)n))
        return -EBADMSG;
    return 1;
}
