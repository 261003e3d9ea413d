/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/run.h"

#include "sandbox/cgroup.h"
#include "sandbox/command_plan.h"
#include "sandbox/direct.h"
#include "sandbox/environment.h"
#include "sandbox/file_plan.h"
#include "sandbox/file_protect.h"
#include "sandbox/git_signing.h"
#include "sandbox/host_port.h"
#include "sandbox/java_homes.h"
#include "sandbox/landlock.h"
#include "sandbox/layer_store.h"
#include "sandbox/log.h"
#include "sandbox/originals.h"
#include "sandbox/places.h"
#include "sandbox/policy_source.h"
#include "sandbox/programs.h"
#include "sandbox/protect.h"
#include "sandbox/publish.h"
#include "sandbox/resolve.h"
#include "sandbox/review_begin.h"
#include "sandbox/sight.h"
#include "sandbox/signals.h"
#include "sandbox/spawn.h"
#include "sandbox/steps.h"
#include "sandbox/streams.h"
#include "sandbox/supervisor.h"
#include "sandbox/trust_variables.h"
#include "sandbox/upstream_proxy.h"
#include "sandbox/workdir.h"

#include <errno.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

/* What a session is made of. All owned. */
typedef struct {
    BnsPlaces *places;
    char *config; /* absolute; NULL: none */
    BnsPolicySource source;
    BnsPolicyTexts *texts; /* that the policy was made of */
    BnsPolicy *policy;
    GPtrArray *resolves;  /* of BnsResolve */
    GPtrArray *published; /* of BnsPublished */
    GStrv published_names;
    BnsProxies *proxies;
    BnsAuditFile *audit;
    char *executable;
    char *netstack;
    char *workdir;
    BnsEnvironment *environment;
    BnsTrustInherited trust;
    GStrv java_stores;
    BnsFilePlan *file_plan;
    BnsCommandPlan *command_plan;
    BnsCgroup *cgroup;
    BnsReview *review; /* NULL: nothing is written that is to be reviewed */
    BnsLayerStore *layer_store;
    GHashTable *git_keys;
    GHashTable *originals;
    GStrv protected_paths;
    GStrv protected_links;
    GStrv layers;
    BnsStreams streams;
    mode_t umask; /* the user's */
} Run;

static void
run_clear(Run *run)
{
    bns_places_free(run->places);
    g_free(run->config);
    bns_policy_texts_free(run->texts);
    bns_policy_free(run->policy);
    g_clear_pointer(&run->resolves, g_ptr_array_unref);
    g_clear_pointer(&run->published, g_ptr_array_unref);
    g_strfreev(run->published_names);
    bns_proxies_free(run->proxies);
    bns_audit_file_free(run->audit);
    g_free(run->executable);
    g_free(run->netstack);
    g_free(run->workdir);
    bns_environment_free(run->environment);
    bns_trust_inherited_clear(&run->trust);
    g_strfreev(run->java_stores);
    bns_file_plan_free(run->file_plan);
    bns_command_plan_free(run->command_plan);
    bns_cgroup_free(run->cgroup);
    bns_review_free(run->review);
    bns_layer_store_free(run->layer_store);
    g_clear_pointer(&run->git_keys, g_hash_table_unref);
    g_clear_pointer(&run->originals, g_hash_table_unref);
    g_strfreev(run->protected_paths);
    g_strfreev(run->protected_links);
    g_strfreev(run->layers);
    bns_streams_close(&run->streams);
}

static bool G_GNUC_PRINTF(2, 3) fail(GError **error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    if (error != NULL)
        *error = g_error_new_valist(BNS_SPAWN_ERROR, 0, format, args);
    va_end(args);
    return false;
}

/* A process that is more than its user has no business here, and the other way round. */
static bool
check_privileges(GError **error)
{
    return getauxval(AT_SECURE) == 0 ||
           fail(error, "must not be installed setuid or with file capabilities");
}

static bool
find_programs(Run *run, GError **error)
{
    run->executable = g_file_read_link("/proc/self/exe", error);
    if (run->executable == NULL)
        return false;
    run->netstack = bns_programs_find_netstack(run->executable);
    return run->netstack != NULL ||
           fail(error,
                "boundary-ns-netstack is neither beside %s nor in " BNS_LIBEXECDIR,
                run->executable);
}

static bool
find_workdir(Run *run, const BnsOptions *options, GError **error)
{
    run->workdir = bns_workdir_find(options->workdir, options->quiet, error);
    return run->workdir != NULL;
}

static bool
open_audit(Run *run, const BnsOptions *options, GError **error)
{
    g_autofree char *notice = NULL;

    run->audit = bns_audit_open(options->audit_log, &notice, error);
    if (run->audit != NULL && notice != NULL && !options->quiet)
        bns_log_print("%s", notice);
    if (run->audit != NULL)
        run->audit->max_bytes = bns_policy_limits(run->policy).audit_bytes;
    return run->audit != NULL;
}

static void
print_notices(const GPtrArray *notices, const BnsOptions *options)
{
    for (guint i = 0; i < notices->len && !options->quiet; i++)
        bns_log_print("%s", (const char *)notices->pdata[i]);
}

/* What git would say of it helps nobody. */
static void
note_signing(const Run *run, const BnsOptions *options)
{
    g_autofree char *notice = bns_git_signing_notice(
        &run->file_plan->view, run->environment->variables, run->workdir);

    if (notice != NULL && !options->quiet)
        bns_log_print("%s", notice);
}

static bool
plan_files(Run *run, const BnsOptions *options, GError **error)
{
    run->file_plan = bns_file_plan_new(run->policy, run->places, run->workdir, error);
    if (run->file_plan == NULL)
        return false;
    print_notices(run->file_plan->notices, options);
    note_signing(run, options);
    run->git_keys =
        bns_file_protect_git_keys((const char *const *)run->file_plan->watched->pdata);
    if (bns_policy_file_policy(run->policy)->on_protected ==
        BNS_ON_PROTECTED_QUARANTINE)
        run->originals =
            bns_originals_read((const char *const *)run->file_plan->watched->pdata);
    return true;
}

static bool
plan_commands(Run *run, const BnsOptions *options, GError **error)
{
    run->command_plan = bns_command_plan_new(
        bns_policy_commands(run->policy), run->places,
        g_environ_getenv(run->environment->variables, "PATH"), error);
    if (run->command_plan == NULL)
        return false;
    if (options->is_verify)
        bns_command_plan_allow(run->command_plan, options->arguments[0]);
    print_notices(run->command_plan->notices, options);
    return true;
}

/* Before anything starts. Returns: false, said so, or with @error set: what it is could not
 * be seen. */
static bool
may_be_executed(const Run *run, const BnsOptions *options, GError **error)
{
    g_autofree char *why =
        bns_command_plan_check(run->command_plan, bns_policy_commands(run->policy),
                               options->arguments[0], run->workdir);

    if (why != NULL && bns_sight_check(error))
        bns_log_print("%s", why);
    return why == NULL;
}

static void
protect(Run *run, const BnsOptions *options)
{
    const BnsProtectSource source = { .places = run->places,
                                      .policy = run->policy,
                                      .audit = run->audit,
                                      .audit_is_named = options->audit_log != NULL,
                                      .executable = run->executable,
                                      .netstack = run->netstack,
                                      .upstream_ca = options->upstream_ca,
                                      .pins = run->file_plan->pins };

    run->protected_paths = bns_protect_paths(&source);
    run->protected_links = bns_protect_links(&source);
}

/* Once: what was hidden is missing to somebody, who should not have to guess. */
static void
make_environment(Run *run, const BnsOptions *options)
{
    g_autofree char *notice = NULL;

    run->environment = bns_environment_new(environ, bns_policy_env(run->policy));
    notice = bns_environment_notice(run->environment);
    if (notice != NULL && !options->quiet)
        bns_log_print("%s", notice);
}

static bool
plan_cgroup(Run *run, const BnsOptions *options, GError **error)
{
    const BnsProcessLimits *limits = bns_policy_process_limits(run->policy);
    g_auto(BnsCgroupPlan) plan = { 0 };
    const char *notice;

    bns_cgroup_plan_find(limits, &plan);
    notice = bns_cgroup_plan_notice(&plan, limits);
    if (!bns_cgroup_plan_check(&plan, limits, error))
        return false;
    if (notice != NULL && !options->quiet)
        bns_log_print("%s", notice);
    run->cgroup = bns_cgroup_new(&plan, limits);
    return true;
}

static bool
publish(Run *run, const BnsOptions *options, GError **error)
{
    run->published = bns_publish_open(options->publish, error);
    if (run->published == NULL)
        return false;
    run->published_names = bns_publish_names(run->published);
    for (guint i = 0; i < run->published->len && !options->quiet; i++) {
        const BnsPublished *published = g_ptr_array_index(run->published, i);

        if (published->is_chosen)
            bns_log_print("published: %s", published->name);
    }
    return true;
}

static bool
check_review(const BnsPolicy *policy, const BnsOptions *options, GError **error)
{
    return bns_review_is_wanted(policy) || (!options->apply && !options->discard) ||
           fail(error, "--%s: there is nothing to review without --review",
                options->apply ? "apply" : "discard");
}

/* The last step: what is changed on the host from then on is not what the command sees. */
static bool
begin_review(Run *run, const BnsOptions *options, GError **error)
{
    const BnsReviewBeginning beginning = { .audit = run->audit,
                                           .workdir = run->workdir,
                                           .command = options->arguments };

    return bns_review_begin(&beginning, run->file_plan, &run->review, error);
}

static bool
prepare(Run *run, const BnsOptions *options, GError **error)
{
    /* With bits of the owner in it we could not use what we make. */
    run->umask = umask(077);
    run->resolves = bns_resolve_parse(options->resolve, error);
    if (run->resolves == NULL || !plan_cgroup(run, options, error) ||
        !check_review(run->policy, options, error) || !find_programs(run, error) ||
        !find_workdir(run, options, error))
        return false;
    bns_host_port_resolve(options->host_port, run->resolves);
    make_environment(run, options);
    run->proxies = bns_upstream_proxy_take(options->upstream_proxy, run->policy, error);
    if (run->proxies == NULL)
        return false;
    bns_trust_inherited_init(&run->trust, environ);
    run->java_stores = bns_java_homes_stores(run->environment->variables);
    /* Before the command could make them. */
    bns_places_create(run->places);
    if (!plan_files(run, options, error) || !plan_commands(run, options, error) ||
        !publish(run, options, error) || !open_audit(run, options, error))
        return false;
    bns_policy_read_interfaces(run->policy);
    run->layers = bns_policy_source_layers(run->policy, options);
    protect(run, options);
    if (!bns_sight_check(error) || !bns_cgroup_make(run->cgroup, error))
        return false;
    run->layer_store = bns_layer_store_plan(&run->file_plan->view);
    /* Last: what the host changes from then on is in conflict; it is to be removed. */
    return begin_review(run, options, error);
}

/* Agents draw full screens: until the person asks for more, helpers say only what ends
 * the session. */
static BnsLogLevel
choose_log_levels(const BnsPolicy *policy, const BnsOptions *options)
{
    const char *name = bns_policy_log_level(policy);
    BnsLogLevel level;

    if (options->has_log_level)
        return options->log_level;
    if (name == NULL || !bns_options_log_level(name, &level))
        return BNS_LOG_ERROR;
    bns_log_set_level(level);
    return level;
}

/* What a cgroup counts is counted once, so that it is known who was refused. */
static BnsProcessLimits
process_limits(const Run *run)
{
    BnsProcessLimits limits = *bns_policy_process_limits(run->policy);

    if (bns_cgroup_plan(run->cgroup)->holds[BNS_CGROUP_PIDS])
        limits.values[BNS_LIMIT_PROCESSES] = 0;
    return limits;
}

static void
note_landlock(const BnsInitConfig *config)
{
    int version = bns_landlock_version();

    if (version < BNS_LANDLOCK_FILES)
        g_info("Landlock: not on this kernel");
    else
        g_info("Landlock: version %d%s", version,
               bns_landlock_confines_files(config)
                   ? ""
                   : ", not for files (nested: full, or files.mode: shared)");
}

static BnsInitConfig
init_config(const Run *run, const BnsOptions *options, const sigset_t *ignored)
{
    return (BnsInitConfig){
        .uid = getuid(),
        .gid = getgid(),
        .streams = run->streams.inside,
        .argv = options->arguments,
        .envp = run->environment->variables,
        .workdir = run->workdir,
        .trust = { .roots = run->trust.roots,
                   .added = run->trust.added,
                   .java_stores = (const char *const *)run->java_stores },
        .limits = process_limits(run),
        .n_cgroups = bns_cgroup_n_doors(run->cgroup),
        .forbids_cgroups = bns_cgroup_plan_is_open(),
        .denied = run->command_plan->denied,
        .allowed = run->command_plan->allow->allowed,
        .exec = run->command_plan->exec,
        .nested = bns_policy_nested(run->policy),
        .umask = run->umask,
        .view = run->file_plan->view,
        .ignored = ignored,
        .protected_paths = (const char *const *)run->protected_paths,
        .protected_links = (const char *const *)run->protected_links,
    };
}

static int
run_session(Run *run, const BnsOptions *options)
{
    sigset_t ignored;
    const BnsSessionStart start = {
        .command = options->arguments,
        .policy_digest = bns_policy_digest(run->policy),
        .mode = bns_mode_name(bns_policy_mode(run->policy)),
        .system_mode = bns_policy_source_system_mode(run->policy),
        .layers = run->layers,
        .env_hidden = run->environment->hidden,
        .published = run->published_names,
        .host_ports = options->host_port,
    };
    const BnsSession session = {
        .options = options,
        .policy = run->policy,
        .source = &run->source,
        .texts = run->texts,
        .resolves = run->resolves,
        .published = run->published,
        .proxies = run->proxies,
        .audit = run->audit,
        .review = run->review,
        .start = &start,
        .watched = (const char *const *)run->file_plan->watched->pdata,
        .persisted = (const char *const *)run->file_plan->persisted->pdata,
        .git_keys = run->git_keys,
        .originals = run->originals,
        .sockets = (const char *const *)run->file_plan->sockets->pdata,
        .netstack_path = run->netstack,
        .streams = &run->streams,
        .cgroup = run->cgroup,
        .layer_store = run->layer_store,
        .helper_log_level = choose_log_levels(run->policy, options),
        .init = init_config(run, options, &ignored),
    };

    note_landlock(&session.init);
    bns_signals_read_ignored(&ignored);
    return bns_supervisor_run(&session);
}

/* Names are made absolute: who reads the files again may be elsewhere. */
static bool
load_policy(Run *run, const BnsOptions *options, GError **error)
{
    g_autofree char *named = bns_policy_source_config(options);
    g_autofree char *here = g_get_current_dir();
    BnsPolicySource source;

    run->config = named != NULL ? bns_policy_resolve_name(here, named) : NULL;
    run->source = bns_policy_source_of(options, run->config);
    run->texts = bns_policy_texts_new();
    source = run->source;
    source.out_texts = run->texts;
    run->policy = bns_policy_source_begin(&source, options, error);
    return run->policy != NULL;
}

/* Returns: an exit status; %BNS_EXIT_FAILED with @error set if nothing was started. */
static int
load_and_run(Run *run, const BnsOptions *options, GError **error)
{
    const char *why = NULL;
    GError *refused = NULL;

    if (!check_privileges(error))
        return BNS_EXIT_FAILED;
    run->places = bns_places_new();
    if (!load_policy(run, options, error))
        return BNS_EXIT_FAILED;
    if (bns_direct_is_wanted(run->policy, &why, &refused))
        return bns_direct_run(options, why);
    if (refused != NULL) {
        g_propagate_error(error, refused);
        return BNS_EXIT_FAILED;
    }
    bns_policy_source_announce(run->policy);
    bns_steps_note("the policy is read");
    if (!bns_streams_open(&run->streams, error) || !prepare(run, options, error))
        return BNS_EXIT_FAILED;
    if (!may_be_executed(run, options, error))
        return *error == NULL ? BNS_EXIT_NOT_EXECUTABLE : BNS_EXIT_FAILED;
    bns_steps_note("the files are planned");
    return run_session(run, options);
}

int
bns_run(const BnsOptions *options)
{
    g_autoptr(GError) error = NULL;
    Run run = { .streams = BNS_STREAMS_NONE };
    int status;

    bns_steps_begin();
    status = load_and_run(&run, options, &error);

    if (error != NULL)
        bns_log_print("%s", error->message);
    run_clear(&run);
    return status;
}
