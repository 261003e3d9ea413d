/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/tickets.h"

#include <arpa/inet.h>
#include <glib.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

/* Whose: what a connection must share with another to resume its session. */
typedef struct {
    char *key;      /* owned */
    GQueue tickets; /* of owned Ticket, the newest at the head */
    GList *link;    /* in tickets->by_use */
} Origin;

typedef struct {
    SSL_SESSION *session; /* owned */
    int64_t verified_s;   /* when the origin was verified in full; seconds, real time */
} Ticket;

struct BnsTickets {
    GHashTable *origins; /* owned; key -> owned Origin */
    GQueue by_use;       /* of borrowed Origin, the last used at the head */
};

/* What an SSL carries until its end. */
typedef struct {
    BnsTickets *tickets; /* borrowed */
    char *key;           /* owned */
    int64_t verified_s;  /* of the session that it resumes; 0: of none */
} Use;

static int64_t
now_s(void)
{
    return g_get_real_time() / G_USEC_PER_SEC;
}

/* --- one SSL --- */

static void
on_use_free(void *parent,
            void *pointer,
            CRYPTO_EX_DATA *data,
            int index,
            long number,
            void *argument)
{
    Use *use = pointer;

    if (use != NULL)
        g_free(use->key);
    g_free(use);
}

static int
use_index(void)
{
    static int index = -1;

    if (index < 0)
        index = SSL_get_ex_new_index(0, NULL, NULL, NULL, on_use_free);
    return index;
}

/* --- tickets --- */

static void
ticket_free(gpointer data)
{
    Ticket *ticket = data;

    SSL_SESSION_free(ticket->session);
    g_free(ticket);
}

static void
origin_free(gpointer data)
{
    Origin *origin = data;

    g_queue_clear_full(&origin->tickets, ticket_free);
    g_free(origin->key);
    g_free(origin);
}

static void
drop(BnsTickets *tickets, Origin *origin)
{
    g_queue_delete_link(&tickets->by_use, origin->link);
    g_hash_table_remove(tickets->origins, origin->key);
}

static Origin *
origin_of(BnsTickets *tickets, const char *key)
{
    Origin *origin = g_hash_table_lookup(tickets->origins, key);

    if (origin != NULL) {
        g_queue_unlink(&tickets->by_use, origin->link);
        g_queue_push_head_link(&tickets->by_use, origin->link);
        return origin;
    }
    if (g_hash_table_size(tickets->origins) == BNS_TICKETS_ORIGINS_MAX)
        drop(tickets, g_queue_peek_tail(&tickets->by_use));
    origin = g_new0(Origin, 1);
    origin->key = g_strdup(key);
    g_queue_init(&origin->tickets);
    g_queue_push_head(&tickets->by_use, origin);
    origin->link = tickets->by_use.head;
    g_hash_table_insert(tickets->origins, origin->key, origin);
    return origin;
}

/* --- keeping --- */

/* Called by OpenSSL. It marks what a connection holds at an unclean end as not resumable,
 * a rule of SSL 3.0 that TLS 1.1 dropped: so a copy is kept here, and lent below. Returns:
 * whether @session is ours now. */
static int
on_new_session(SSL *ssl, SSL_SESSION *session)
{
    Use *use = SSL_get_ex_data(ssl, use_index());
    Origin *origin;
    Ticket *ticket;

    if (use == NULL || SSL_get_verify_result(ssl) != X509_V_OK ||
        SSL_SESSION_is_resumable(session) != 1)
        return 0;
    ticket = g_new0(Ticket, 1);
    ticket->session = SSL_SESSION_dup(session);
    if (ticket->session == NULL)
        g_error("Could not keep a TLS session: out of memory");
    ticket->verified_s =
        SSL_session_reused(ssl) && use->verified_s != 0 ? use->verified_s : now_s();
    origin = origin_of(use->tickets, use->key);
    g_queue_push_head(&origin->tickets, ticket);
    if (origin->tickets.length > BNS_TICKETS_EACH_MAX)
        ticket_free(g_queue_pop_tail(&origin->tickets));
    return 0;
}

/* --- using --- */

static bool
is_for(X509 *certificate, const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];

    if (inet_pton(AF_INET, host, address) == 1 ||
        inet_pton(AF_INET6, host, address) == 1)
        return X509_check_ip_asc(certificate, host, 0) == 1;
    return X509_check_host(certificate, host, 0,
                           X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                               X509_CHECK_FLAG_NEVER_CHECK_SUBJECT,
                           NULL) == 1;
}

/* What a handshake in full would find out, as far as it can have changed. */
static bool
is_good(const Ticket *ticket, const char *host)
{
    X509 *certificate = SSL_SESSION_get0_peer(ticket->session);
    int64_t now = now_s();
    time_t when = (time_t)now;

    return certificate != NULL && now >= ticket->verified_s &&
           now - ticket->verified_s < BNS_TICKETS_AGE_MAX_S &&
           X509_cmp_time(X509_get0_notAfter(certificate), &when) > 0 &&
           is_for(certificate, host);
}

/* Returns: (transfer none) (nullable): the newest that is good; others go. */
static Ticket *
find(Origin *origin, const char *host)
{
    Ticket *ticket;

    while ((ticket = g_queue_peek_head(&origin->tickets)) != NULL &&
           !is_good(ticket, host))
        ticket_free(g_queue_pop_head(&origin->tickets));
    return ticket;
}

static bool
lend(SSL *ssl, const Ticket *ticket)
{
    SSL_SESSION *copy = SSL_SESSION_dup(ticket->session);
    bool is_set = copy != NULL && SSL_set_session(ssl, copy) == 1;

    SSL_SESSION_free(copy);
    return is_set;
}

static void
resume(Use *use, SSL *ssl, const char *host)
{
    Origin *origin = g_hash_table_lookup(use->tickets->origins, use->key);
    Ticket *ticket = origin != NULL ? find(origin, host) : NULL;

    if (ticket != NULL && lend(ssl, ticket))
        use->verified_s = ticket->verified_s;
    /* TLS 1.2's server need not give another. */
    if (ticket != NULL &&
        SSL_SESSION_get_protocol_version(ticket->session) >= TLS1_3_VERSION)
        ticket_free(g_queue_pop_head(&origin->tickets));
    if (origin != NULL && g_queue_is_empty(&origin->tickets))
        drop(use->tickets, origin);
    ERR_clear_error();
}

void
bns_tickets_use(BnsTickets *tickets,
                SSL *ssl,
                const char *host,
                uint16_t port,
                const BnsIdentity *identity)
{
    Use *use = g_new0(Use, 1);
    const char *cert = identity != NULL ? identity->cert_file : "";
    const char *key = identity != NULL ? identity->key_file : "";

    use->tickets = tickets;
    use->key = g_strdup_printf("%s:%u %zu:%s%s", host, port, strlen(cert), cert, key);
    if (SSL_set_ex_data(ssl, use_index(), use) != 1)
        g_error("Could not prepare a TLS connection to \"%s\"", host);
    resume(use, ssl, host);
}

void
bns_tickets_forget(SSL *ssl)
{
    const Use *use = SSL_get_ex_data(ssl, use_index());
    Origin *origin =
        use != NULL ? g_hash_table_lookup(use->tickets->origins, use->key) : NULL;

    if (origin != NULL)
        drop(use->tickets, origin);
}

/* --- life --- */

BnsTickets *
bns_tickets_new(SSL_CTX *context)
{
    BnsTickets *tickets = g_new0(BnsTickets, 1);

    tickets->origins =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, origin_free);
    g_queue_init(&tickets->by_use);
    SSL_CTX_set_session_cache_mode(context,
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, on_new_session);
    return tickets;
}

void
bns_tickets_free(BnsTickets *tickets)
{
    if (tickets == NULL)
        return;
    g_queue_clear(&tickets->by_use);
    g_hash_table_unref(tickets->origins);
    g_free(tickets);
}
