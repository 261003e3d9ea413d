/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/gateway/engine_rig.h"

#include "base/fd.h"
#include "base/ready.h"
#include "netstack/gateway/engine.h"
#include "netstack/gateway/flow.h"
#include "netstack/gateway/reload.h"
#include "tests/gateway/engine_rig_private.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <openssl/pem.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* --- time --- */

static gint64 offset_us; /* atomic */

/* In place of GLib's: the engine's loop reads this clock. */
gint64
g_get_monotonic_time(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000 +
           __atomic_load_n(&offset_us, __ATOMIC_SEQ_CST);
}

/* The record of the refusal has come: all before it are answered. */
static void
sync_recorder(Rig *rig, guint n_before)
{
    g_mutex_lock(&rig->mutex);
    while (rig->n_syncs == n_before && rig->hold == RIG_HOLD_NONE && !rig->is_deaf)
        g_cond_wait(&rig->cond, &rig->mutex);
    g_mutex_unlock(&rig->mutex);
}

/* Every turn sees all that is ready, and the refusal's record goes at its end: by the
 * second one the engine has seen whatever was said before the first question, the
 * recorder's answers too. */
void
rig_sync(Rig *rig)
{
    for (int i = 0; i < 2; i++) {
        guint n_before;

        g_mutex_lock(&rig->mutex);
        n_before = rig->n_syncs;
        g_mutex_unlock(&rig->mutex);
        rig_verdict(rig, rig_offer(rig, SYNC_HOST, 1));
        sync_recorder(rig, n_before);
    }
}

/* One turn may go on while messages come; the one after the next has begun with the new
 * time. */
void
rig_advance(Rig *rig, int64_t seconds)
{
    unsigned before;

    rig_sync(rig);
    __atomic_add_fetch(&offset_us, seconds * G_USEC_PER_SEC, __ATOMIC_SEQ_CST);
    before = __atomic_load_n(&rig->n_turns, __ATOMIC_SEQ_CST);
    do
        rig_sync(rig);
    while (__atomic_load_n(&rig->n_turns, __ATOMIC_SEQ_CST) - before < 2);
}

unsigned
rig_turns(Rig *rig, unsigned ms)
{
    unsigned before = __atomic_load_n(&rig->n_turns, __ATOMIC_SEQ_CST);

    g_usleep(ms * 1000UL);
    return __atomic_load_n(&rig->n_turns, __ATOMIC_SEQ_CST) - before;
}

/* --- the resolver --- */

typedef struct {
    const char *name;
    const char *addresses[2];
} KnownName;

static const KnownName known_names[] = {
    { "private.test", { "10.0.0.1" } },
    { "loop.test", { "127.0.0.1" } },
    { "mixed.test", { "10.0.0.1", "127.0.0.1" } },
    { "second.test", { "127.0.0.2", "127.0.0.1" } },
    { "six.test", { "::1" } },
};

static void
answer_question(int fd, const BnsResolverQuestion *question)
{
    BnsResolverAnswer answer = { .id = question->id,
                                 .error = EAI_NONAME,
                                 .lifetime_ms = 10 * 1000 };

    for (size_t i = 0; i < G_N_ELEMENTS(known_names); i++) {
        const KnownName *known = &known_names[i];

        if (strcmp(known->name, question->name) != 0)
            continue;
        answer.error = 0;
        for (; answer.n_addresses < G_N_ELEMENTS(known->addresses) &&
               known->addresses[answer.n_addresses] != NULL;
             answer.n_addresses++) {
            BnsResolverAddress *address = &answer.addresses[answer.n_addresses];
            const char *text = known->addresses[answer.n_addresses];

            address->family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
            inet_pton(address->family, text, address->bytes);
        }
    }
    bns_resolver_answer(fd, &answer);
}

static gpointer
run_resolver(gpointer data)
{
    Rig *rig = data;
    BnsResolverQuestion question;

    while (bns_resolver_receive_question(rig->resolver_pair[0], &question) == 1)
        if (strcmp(question.name, "silent.test") != 0)
            answer_question(rig->resolver_pair[0], &question);
    return NULL;
}

/* --- the engine --- */

void
rig_break_netstack(Rig *rig)
{
    shutdown(rig->wire_pair[0], SHUT_RDWR);
}

void
rig_break_resolver(Rig *rig)
{
    shutdown(rig->resolver_pair[0], SHUT_RDWR);
}

static void
on_control(uint32_t events, void *data)
{
    BnsEngine *engine = data;
    char text[BNS_READY_TEXT_MAX + 1];
    bns_autofd fd = -1;

    if (bns_ready_receive(engine->config->control_fd, text, &fd) == BNS_READY_POLICY)
        bns_engine_on_policy(engine, text, fd);
}

static gpointer
run_engine(gpointer data)
{
    Rig *rig = data;
    g_autoptr(GError) error = NULL;
    BnsLoop *loop = bns_loop_new();
    BnsWatch *life = bns_loop_watch_life(loop, rig->life[0]);
    BnsEngine *engine = bns_engine_new(&rig->config, bns_ca_new(NULL), loop, &error);
    struct pollfd end = { .fd = rig->life[0], .events = POLLIN };
    BnsWatch *control =
        bns_loop_watch(loop, rig->config.control_fd, EPOLLIN, on_control, engine);

    g_assert_no_error(error);
    g_mutex_lock(&rig->mutex);
    rig->ca = X509_dup(bns_ca_certificate(engine->ca));
    g_cond_broadcast(&rig->cond);
    g_mutex_unlock(&rig->mutex);
    while (poll(&end, 1, 0) == 0 && engine->failure == NULL) {
        bns_loop_turn(loop, -1);
        __atomic_add_fetch(&rig->n_turns, 1, __ATOMIC_SEQ_CST);
    }
    rig->failure = g_strdup(engine->failure);
    rig->n_left = g_hash_table_size(engine->flows);
    bns_engine_free(engine);
    bns_watch_free(control);
    bns_watch_free(life);
    bns_loop_turn(loop, 0);
    bns_loop_free(loop);
    return NULL;
}

/* --- life --- */

static void
resolve_free(gpointer data)
{
    BnsResolve *resolve = data;

    g_free(resolve->host);
    g_free(resolve);
}

static void
add_resolve(GPtrArray *resolves, const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, ":", -1);
    BnsResolve *resolve = g_new0(BnsResolve, 1);
    struct sockaddr_in *address = (struct sockaddr_in *)&resolve->address;

    g_assert_cmpuint(g_strv_length(parts), ==, 3);
    resolve->host = g_strdup(parts[0]);
    resolve->port = (uint16_t)atoi(parts[1]);
    address->sin_family = AF_INET;
    address->sin_port = htons((uint16_t)atoi(parts[2]));
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    g_ptr_array_add(resolves, resolve);
}

static BnsPolicy *
load_policy(const char *yaml)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = NULL;
    BnsPolicySource source = { 0 };
    BnsPolicy *policy;
    int fd = g_file_open_tmp("engine-XXXXXX.yaml", &path, &error);

    g_assert_no_error(error);
    g_assert_cmpint(bns_fd_write_all(fd, yaml, strlen(yaml)), ==, 0);
    close(fd);
    source.config_path = path;
    policy = bns_policy_load(&source, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpint(unlink(path), ==, 0);
    return policy;
}

static void
make_pair(int pair[2])
{
    g_assert_cmpint(bns_fd_pair(pair), ==, 0);
}

static Rig *
rig_prepare(const char *yaml, const char *resolves, const char *upstream_ca)
{
    Rig *rig = g_new0(Rig, 1);
    g_auto(GStrv) words = g_strsplit(resolves == NULL ? "" : resolves, " ", -1);

    rig->policy = load_policy(yaml);
    rig->resolves = g_ptr_array_new_with_free_func(resolve_free);
    for (guint i = 0; words[i] != NULL; i++)
        add_resolve(rig->resolves, words[i]);
    rig->upstream_ca[0] = upstream_ca;
    rig->records = g_ptr_array_new_with_free_func(rig_record_free);
    rig->flows = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
    g_mutex_init(&rig->mutex);
    g_cond_init(&rig->cond);
    make_pair(rig->wire_pair);
    make_pair(rig->recorder_pair);
    make_pair(rig->resolver_pair);
    make_pair(rig->control_pair);
    g_assert_cmpint(pipe2(rig->life, O_CLOEXEC), ==, 0);
    rig->config = (BnsGatewayConfig){
        .control_fd = rig->control_pair[1],
        .life_fd = rig->life[0],
        .wire_fd = rig->wire_pair[1],
        .recorder_fd = rig->recorder_pair[1],
        .resolver_fd = rig->resolver_pair[1],
        .owner_fd = -1,
        .session = RIG_SESSION,
        .policy = rig->policy,
        .source = &rig_reload_source,
        .resolves = rig->resolves,
        .upstream_ca = rig->upstream_ca,
    };
    return rig;
}

static void
start_neighbours(Rig *rig)
{
    rig->recorder_thread = g_thread_new("recorder", rig_run_recorder, rig);
    rig->resolver_thread = g_thread_new("resolver", run_resolver, rig);
    rig->netstack_thread = g_thread_new("netstack", rig_run_netstack, rig);
}

static Rig *
rig_start(Rig *rig)
{
    rig->engine_thread = g_thread_new("engine", run_engine, rig);
    start_neighbours(rig);
    return rig;
}

Rig *
rig_new(const char *yaml, const char *resolves, const char *upstream_ca)
{
    return rig_start(rig_prepare(yaml, resolves, upstream_ca));
}

Rig *
rig_new_proxied(const char *yaml,
                const char *resolves,
                const char *upstream_ca,
                const char *proxy_url,
                const char *no_proxy)
{
    Rig *rig = rig_prepare(yaml, resolves, upstream_ca);

    rig->proxies = g_new0(BnsProxies, 1);
    rig->proxies->except = bns_no_proxy_new(no_proxy);
    rig->proxies->plain = rig->proxies->other = bns_proxy_parse(proxy_url, NULL);
    g_assert_nonnull(rig->proxies->plain);
    rig->config.proxies = rig->proxies;
    return rig_start(rig);
}

Rig *
rig_new_published(const char *yaml, const GPtrArray *published, int lend_fd)
{
    Rig *rig = rig_prepare(yaml, NULL, NULL);

    rig->config.published = published;
    rig->config.lend_fd = lend_fd;
    return rig_start(rig);
}

Rig *
rig_new_owned(const char *yaml, int owner_fd)
{
    Rig *rig = rig_prepare(yaml, NULL, NULL);

    rig->config.owner_fd = owner_fd;
    return rig_start(rig);
}

/* "HASH" and PEM, as the supervisor gets it. */
static X509 *
receive_ca(int control_fd)
{
    char text[BNS_READY_TEXT_MAX + 1];
    g_autofree char *hash = NULL;
    X509 *ca;
    BIO *bio;

    g_assert_cmpint(bns_ready_receive(control_fd, text, NULL), ==, BNS_READY_CA);
    bio = BIO_new_mem_buf(text + 8, -1);
    ca = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    g_assert_nonnull(ca);
    hash = g_strdup_printf("%08lx", X509_subject_name_hash(ca));
    g_assert_true(g_str_has_prefix(text, hash));
    return ca;
}

Rig *
rig_new_process(const char *yaml, const char *resolves, const char *upstream_ca)
{
    Rig *rig = rig_prepare(yaml, resolves, upstream_ca);
    char text[BNS_READY_TEXT_MAX + 1];

    rig->pid = fork();
    g_assert_cmpint(rig->pid, >=, 0);
    if (rig->pid == 0) {
        bns_fd_clear(&rig->life[1]);
        _exit(bns_gateway_run(&rig->config));
    }
    bns_fd_clear(&rig->wire_pair[1]);
    bns_fd_clear(&rig->recorder_pair[1]);
    bns_fd_clear(&rig->resolver_pair[1]);
    bns_fd_clear(&rig->control_pair[1]);
    rig->ca = receive_ca(rig->control_pair[0]);
    g_assert_cmpint(bns_ready_receive(rig->control_pair[0], text, NULL), ==,
                    BNS_READY_READY);
    start_neighbours(rig);
    return rig;
}

static void
close_pair(int pair[2])
{
    bns_fd_clear(&pair[0]);
    bns_fd_clear(&pair[1]);
}

/* A call outside the role's list would have killed it. */
static void
wait_process(Rig *rig)
{
    int status;

    g_assert_cmpint(waitpid(rig->pid, &status, 0), ==, rig->pid);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
}

static void
end_threads(Rig *rig)
{
    bns_fd_clear(&rig->life[1]);
    if (rig->engine_thread != NULL)
        g_thread_join(rig->engine_thread);
    if (rig->pid != 0)
        wait_process(rig);
    rig_release_recorder(rig);
    shutdown(rig->wire_pair[0], SHUT_RDWR);
    shutdown(rig->recorder_pair[0], SHUT_RDWR);
    shutdown(rig->resolver_pair[0], SHUT_RDWR);
    g_thread_join(rig->recorder_thread);
    g_thread_join(rig->resolver_thread);
    g_thread_join(rig->netstack_thread);
}

static void
rig_clear(Rig *rig)
{
    close_pair(rig->wire_pair);
    close_pair(rig->recorder_pair);
    close_pair(rig->resolver_pair);
    close_pair(rig->control_pair);
    bns_fd_clear(&rig->life[0]);
    g_ptr_array_unref(rig->records);
    g_ptr_array_unref(rig->resolves);
    bns_proxies_free(rig->proxies);
    g_hash_table_unref(rig->flows);
    bns_policy_free(rig->policy);
    X509_free(rig->ca);
    g_mutex_clear(&rig->mutex);
    g_cond_clear(&rig->cond);
    g_free(rig->failure);
    g_free(rig);
}

void
rig_free(Rig *rig)
{
    end_threads(rig);
    g_assert_cmpstr(rig->failure, ==, NULL);
    g_assert_cmpuint(rig->n_left, ==, 0);
    rig_clear(rig);
}

void
rig_free_early(Rig *rig)
{
    end_threads(rig);
    g_assert_cmpstr(rig->failure, ==, NULL);
    g_assert_cmpuint(rig->n_left, ==, 1);
    rig_clear(rig);
}

void
rig_let_unknown(Rig *rig)
{
    g_mutex_lock(&rig->mutex);
    rig->lets_unknown = true;
    g_mutex_unlock(&rig->mutex);
}

void
rig_free_failed(Rig *rig)
{
    /* It has to end by itself. */
    g_thread_join(g_steal_pointer(&rig->engine_thread));
    end_threads(rig);
    g_assert_nonnull(rig->failure);
    rig_clear(rig);
}
