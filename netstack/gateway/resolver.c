/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/resolver.h"

#include "base/fd.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

/* A message is the part of the struct that is used: a name without its NUL, the
 * addresses that there are. */
#define QUESTION_HEAD offsetof(BnsResolverQuestion, name)
#define ANSWER_HEAD   offsetof(BnsResolverAnswer, addresses)

int
bns_resolver_ask(int resolver_fd, uint64_t id, const char *canonical_name)
{
    BnsResolverQuestion question = { .id = id };
    size_t len = strlen(canonical_name);

    g_return_val_if_fail(len > 0 && len <= BNS_HOST_MAX, -EINVAL);
    memcpy(question.name, canonical_name, len);
    return bns_fd_send(resolver_fd, &question, QUESTION_HEAD + len, -1);
}

int
bns_resolver_receive_question(int gateway_fd, BnsResolverQuestion *out_question)
{
    BnsResolverQuestion question = { 0 };
    ssize_t n =
        bns_fd_receive(gateway_fd, &question, QUESTION_HEAD + BNS_HOST_MAX, NULL);

    if (n == -EMSGSIZE)
        return -EBADMSG;
    if (n <= 0)
        return (int)n;
    if ((size_t)n <= QUESTION_HEAD ||
        strlen(question.name) != (size_t)n - QUESTION_HEAD)
        return -EBADMSG;
    *out_question = question;
    return 1;
}

static bool
answer_is_valid(const BnsResolverAnswer *answer, size_t len)
{
    if (len < ANSWER_HEAD || answer->n_addresses > BNS_RESOLVER_ADDRESSES_MAX ||
        len != ANSWER_HEAD + answer->n_addresses * sizeof(answer->addresses[0]))
        return false;
    for (uint32_t i = 0; i < answer->n_addresses; i++)
        if (answer->addresses[i].family != AF_INET &&
            answer->addresses[i].family != AF_INET6)
            return false;
    if (answer->kind == BNS_RESOLVER_LIFETIME)
        return answer->error == 0 && answer->n_addresses == 0;
    /* An answer is a failure or addresses, never both and never neither. */
    return answer->kind == BNS_RESOLVER_ANSWER &&
           (answer->error == 0) == (answer->n_addresses > 0);
}

int
bns_resolver_receive(int resolver_fd, BnsResolverAnswer *out_answer)
{
    BnsResolverAnswer answer = { 0 };
    ssize_t n = bns_fd_receive(resolver_fd, &answer, sizeof(answer), NULL);

    if (n == -EMSGSIZE)
        return -EBADMSG;
    if (n <= 0)
        return (int)n;
    if (!answer_is_valid(&answer, (size_t)n))
        return -EBADMSG;
    *out_answer = answer;
    return 1;
}

int
bns_resolver_answer(int gateway_fd, const BnsResolverAnswer *answer)
{
    size_t len = ANSWER_HEAD + answer->n_addresses * sizeof(answer->addresses[0]);

    g_return_val_if_fail(answer->n_addresses <= BNS_RESOLVER_ADDRESSES_MAX, -EINVAL);
    return bns_fd_send(gateway_fd, answer, len, -1);
}
