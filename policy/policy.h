/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policy: from rules to a decision.
 *
 * A policy is read once from a YAML file and from rules on the command line; after
 * that it is immutable. Every question is answered by a BnsDecision, a value that
 * names the rule. Matching does no I/O, takes no lock and allocates nothing that
 * outlives the call. The safe answer is deny: what no rule allows is refused.
 *
 * There may be a system layer above (BNS_POLICY_SYSTEM_DIR), each of whose rules and
 * settings is a ceiling: both layers decide, and both must allow; of settings the narrower
 * is in force (policy/layers.c).
 *
 * The meaning of rules is in boundary.1, POLICY.
 */
#pragma once

#include "policy/cap.h"
#include "policy/commands.h"
#include "policy/env.h"
#include "policy/files.h"
#include "policy/headers.h"
#include "policy/identity.h"
#include "policy/limits.h"
#include "policy/mode.h"
#include "policy/nested.h"
#include "policy/permit.h"
#include "policy/texts.h"

#include <glib.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define BNS_POLICY_ERROR (bns_policy_error_quark())
GQuark bns_policy_error_quark(void);

/**
 * BnsPolicyError:
 * @BNS_POLICY_ERROR_READ: a file could not be read
 * @BNS_POLICY_ERROR_INVALID: it was read and makes no valid policy; the message begins
 *                            with its origin ("file:line:column: ", "--allow#1: ")
 */
typedef enum {
    BNS_POLICY_ERROR_READ,
    BNS_POLICY_ERROR_INVALID,
} BnsPolicyError;

/**
 * BnsVerdict: each lets more through than the one before. A rule's is deny or allow.
 * @BNS_VERDICT_WOULD_DENY: it passes, since the layer that refuses it only observes
 *                          (policy/mode.h)
 */
typedef enum {
    BNS_VERDICT_DENY,
    BNS_VERDICT_WOULD_DENY,
    BNS_VERDICT_ALLOW,
    BNS_N_VERDICTS,
} BnsVerdict;

/* "deny", "would_deny", "allow" */
const char *bns_verdict_name(BnsVerdict verdict);

/**
 * BnsScheme: what is asked for.
 * @BNS_SCHEME_HTTP: a request
 * @BNS_SCHEME_HTTPS: a request inside TLS that is inspected
 * @BNS_SCHEME_TLS: a sealed flow: its ClientHello's name is known, and nothing else
 * @BNS_SCHEME_TCP: an opaque flow
 */
typedef enum {
    BNS_SCHEME_HTTP,
    BNS_SCHEME_HTTPS,
    BNS_SCHEME_TLS,
    BNS_SCHEME_TCP,
    BNS_N_SCHEMES,
} BnsScheme;

/* "http", "https", "tls", "tcp" */
const char *bns_scheme_name(BnsScheme scheme);

/**
 * BnsFlowKind: how a flow to a host and port is handled before its bytes are seen.
 * @BNS_FLOW_REFUSE: RST
 * @BNS_FLOW_READ: accept, then read TLS or HTTP
 * @BNS_FLOW_READ_AFTER_DIAL: a rule without port names the host, or the policy only
 *                            observes: dial, then read TLS or HTTP
 * @BNS_FLOW_TCP: an opaque flow: dial, then relay
 *
 * What is to be read and proves to be neither TLS nor HTTP is opaque if
 * bns_policy_decide_tcp() lets it pass, as it does where the policy observes; else it ends.
 */
typedef enum {
    BNS_FLOW_REFUSE,
    BNS_FLOW_READ,
    BNS_FLOW_READ_AFTER_DIAL,
    BNS_FLOW_TCP,
    BNS_N_FLOW_KINDS,
} BnsFlowKind;

/* What is decided. Strings are borrowed for the call. @host must have passed
 * bns_host_canonical() (policy/host.h), @path bns_path_check() (policy/path.h). */
typedef struct {
    BnsScheme scheme;
    const char *host; /* canonical: lower-case name, dotted quad, or IPv6 without [] */
    uint16_t port;    /* the flow's destination port */
    const char *method; /* NULL for tls and tcp */
    const char *path;   /* as received, without query; NULL for tls and tcp */
    const char *query;  /* as received, without its "?"; NULL: none */
    const BnsRequestHeader *header; /* NULL: no field, no body */
} BnsRequest;

/* Strings are owned by the policy or static. */
typedef struct {
    BnsVerdict verdict;
    const char *rule;    /* origin of the deciding rule; NULL: none; so of would_deny */
    const char *reason;  /* one sentence without a final dot */
    bool is_conditional; /* no rule allows it, but one would but for its conditions: one
                          * without them would allow more than was meant */
    const char *near; /* no rule allows it: origin of the first that came nearest; NULL:
                         * none is for that host */
    unsigned
        lifts_guard; /* which layers' rules lift the address guard (private:, cidr:):
                           * a bit each */
    bool is_ceiling; /* the system layer refused, or would: no rule of the person's
                      * helps */
    const char
        *condition; /* origin of a rule on which it depends what is decided, by its
                            * query:, headers: or content_type: alone; NULL: none. Who does
                            * not know these of the request does not know the decision */
    const BnsIdentity *identity; /* to be shown upstream; NULL: none */
    BnsCap caps[BNS_N_CAPS];     /* of what is allowed */
} BnsDecision;

/* Whether it may go on: by a rule, or because it is only observed. */
static inline bool
bns_decision_passes(const BnsDecision *decision)
{
    return decision->verdict != BNS_VERDICT_DENY;
}

typedef struct {
    guint names;     /* limits.names: synthetic addresses in a session */
    guint flows;     /* limits.flows: flows open at once */
    guint flow_rate; /* limits.flow_rate: new flows in a second; 0: any number */
    guint idle_s;    /* limits.idle: silence after which a WebSocket, a gRPC call or an
                   * opaque flow is cut, in seconds; 0: never */
    uint64_t audit_bytes; /* limits.audit_size; 0: none */
} BnsPolicyLimits;

typedef struct BnsPolicy BnsPolicy;

/* Where the system layer is: policy.yaml, then policy.d's files whose names end in .yaml, in
 * the order of their bytes. */
#define BNS_POLICY_SYSTEM_DIR "/etc/boundary-ns"

/* Whether the file at @path, absolute, may be opened. If not, @error says why. */
typedef bool (*BnsPolicyMayRead)(const char *path, void *data, GError **error);

/* coder/boundary's session headers, besides what a file says of them
 * (policy/correlation.h). Borrowed; all nullable. */
typedef struct {
    const char *enabled;     /* --enable-session-correlation: "true", "false" */
    const char *env_enabled; /* $BOUNDARY_SESSION_CORRELATION_ENABLED */
    GStrv targets;           /* --session-id-inject-target, in order */
    const char *env_target;  /* $BOUNDARY_SESSION_ID_INJECT_TARGET; one */
    const char *agent_url;   /* $CODER_AGENT_URL: the target if none is named */
} BnsCorrelationSource;

/* Where rules come from. Borrowed for bns_policy_load(). */
typedef struct {
    const char *system_dir;  /* of the system layer; may be absent; NULL: none */
    uid_t system_owner;      /* whose its files must be, if not root's; 0: root's */
    const char *config_path; /* NULL: no file */
    const char *command;     /* what is to be run, whose preset applies unless
                              * auto_preset: false; NULL: nothing */
    GStrv presets;           /* --preset, in order; NULL: none */
    const char *profile;     /* --profile; NULL: the one that is for the command */
    GStrv allow;             /* --allow, in order; NULL: none. Origin "--allow#N" */
    GStrv deny;              /* --deny; "--deny#N" */
    const char *env_allow;   /* $BOUNDARY_ALLOW, also its origin; NULL or "": unset */
    GStrv write;             /* --write; "--write#N" */
    GStrv read_only;         /* --read-only */
    GStrv hide;              /* --hide */
    bool review;             /* --review */
    bool observe;            /* --observe; wins over mode: */
    GStrv env;               /* --env */
    BnsCorrelationSource correlation;
    const GPtrArray *added; /* of BnsPolicyAdded: to the running session; NULL: none */
    const BnsPolicyTexts *texts; /* instead of files, none of which is looked for; NULL:
                                  * read them */
    BnsPolicyTexts *out_texts;   /* gets what was read, whatever comes of it; or NULL */
    BnsPolicyMayRead may_read;   /* asked before each file; NULL: any */
    void *may_read_data;
} BnsPolicySource;

/**
 * bns_policy_load:
 * @out_notices: (transfer full) (nullable): strings, one line each, for the person: keys
 *               and meanings of coder/boundary that were accepted with a difference
 *
 * Reads the file and all it extends. Regular files only: FIFOs, devices, sockets and
 * anything over 4 MiB are errors; so is what somebody else may change in a system layer.
 * Returns: (transfer full): the policy, or %NULL with
 * @error set; on errors in several places, the first.
 */
BnsPolicy *
bns_policy_load(const BnsPolicySource *source, GStrv *out_notices, GError **error);
/* Returns: (transfer full): @name, as written in a file of @folder, absolute: "~/" is
 * expanded, symbolic links are not looked at. */
char *bns_policy_resolve_name(const char *folder, const char *name);
void bns_policy_free(BnsPolicy *policy);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsPolicy, bns_policy_free)

/* Whether the host of the request @request is to be told of the session that made it. */
bool bns_policy_correlates(const BnsPolicy *policy, const BnsRequest *request);
/* Returns: (transfer full): `check`'s lines: "ORIGIN\tsession_id_inject_target\tCANONICAL\n";
 * none if that is off. */
char *bns_policy_describe_correlation(const BnsPolicy *policy);

/* One request of an inspected flow (scheme http or https), or a whole flow (tls or tcp),
 * of which only the host and port are looked at. */
BnsDecision bns_policy_decide(const BnsPolicy *policy, const BnsRequest *request);

/* An opaque flow. */
BnsDecision
bns_policy_decide_tcp(const BnsPolicy *policy, const char *host, uint16_t port);

/* Whether TLS to that host and port is sealed (a rule with inspect: false), allowed or
 * not: it is then a flow to decide with BNS_SCHEME_TLS, and no request to be read. */
bool bns_policy_is_sealed(const BnsPolicy *policy, const char *host, uint16_t port);

/* How to handle a flow, before any byte of it; @out_decision (nullable) tells which
 * rule refused it or made it tcp, or what lets it be dialled. */
BnsFlowKind bns_policy_flow_kind(const BnsPolicy *policy,
                                 const char *host,
                                 uint16_t port,
                                 BnsDecision *out_decision);

/* Whether some request with @scheme to @host and @port could be allowed: only then may
 * the name be resolved and dialled (a ClientHello's name is judged so). When not, the
 * decision's reason says why. For tls and tcp this is the decision. */
BnsDecision bns_policy_could_allow(const BnsPolicy *policy,
                                   BnsScheme scheme,
                                   const char *host,
                                   uint16_t port);

/**
 * bns_policy_decide_address:
 * @decision: what let the request or flow pass
 * @address: AF_INET or AF_INET6, about to be dialled for it
 *
 * The address guard: whether this resolved address may be dialled. Nobody who observes
 * lifts it; deny rules are rules, and would deny. A deny rule with
 * a cidr or an IP literal applies in any case, with methods or a path too, since the
 * connection could carry any request. Addresses given by --resolve are not asked about,
 * except for those deny rules: pass @is_given.
 *
 * Ask again for each request that reuses the connection: the rule that allows it may be
 * another one, without private:.
 */
BnsDecision bns_policy_decide_address(const BnsPolicy *policy,
                                      const BnsDecision *decision,
                                      BnsScheme scheme,
                                      const struct sockaddr *address,
                                      uint16_t port,
                                      bool is_given);

/* The same for a request whose host is an IP literal, before it is dialled; others are
 * returned as they are decided. For `explain`, which dials nothing. */
BnsDecision bns_policy_decide_literal(const BnsPolicy *policy,
                                      const BnsDecision *decision,
                                      const BnsRequest *request);

/* The name under which ports of the host's loopback are offered. */
#define BNS_POLICY_HOST_NAME "host.boundary.internal"

/* A port of the host (--host-port): BNS_POLICY_HOST_NAME with this port is from now on a
 * host as others are: rules decide. */
void bns_policy_offer_host_port(BnsPolicy *policy, uint16_t port);
bool bns_policy_offers_host_port(const BnsPolicy *policy, uint16_t port);
/* Whether @host, canonical, is not for rules to decide, and never dialled: the sandbox's
 * own loopback, or a name of ours that is not offered. */
bool bns_policy_is_reserved(const BnsPolicy *policy, const char *host, uint16_t port);

/* The host's own interface addresses, which the guard refuses too: read once with
 * getifaddrs(3), before the lock-down. Without this call none are known. Returns: false
 * with errno set if they cannot be read; the guard then refuses every address. */
bool bns_policy_read_interfaces(BnsPolicy *policy);

/* @policy follows @before in a running session: the host's ports and addresses are the
 * same. */
void bns_policy_inherit(BnsPolicy *policy, const BnsPolicy *before);

BnsPolicyLimits bns_policy_limits(const BnsPolicy *policy);
/* (transfer none): those of the command's processes. */
const BnsProcessLimits *bns_policy_process_limits(const BnsPolicy *policy);
/* enabled: false in the file. */
bool bns_policy_is_disabled(const BnsPolicy *policy);
/* mode: and --observe, of the policy below a system layer. */
BnsMode bns_policy_mode(const BnsPolicy *policy);
/* Of the system layer, if there is one: of its own rules alone. */
BnsMode bns_policy_system_mode(const BnsPolicy *policy);
/* Returns: (transfer none) (nullable): where the system layer says it ("file:line") */
const char *bns_policy_system_mode_origin(const BnsPolicy *policy);
/* Whether both modes are those of @other. */
bool bns_policy_has_modes_of(const BnsPolicy *policy, const BnsPolicy *other);
/* Whether one of them lets pass what it refuses. */
bool bns_policy_observes(const BnsPolicy *policy);
/* Whether there is a system layer. */
bool bns_policy_has_system(const BnsPolicy *policy);
/* Returns: (transfer none) (nullable): where the system layer forbids it ("file:line"), or
 * %NULL: it does not */
const char *bns_policy_forbid(const BnsPolicy *policy, BnsPermit permit);
/* Returns: (transfer none) (nullable): where the setting @key ("limits.names") that is in
 * force was made ("file:line"), or %NULL: nowhere, it is the default */
const char *bns_policy_origin(const BnsPolicy *policy, const char *key);
/* tty.clipboard: whether the command may use the clipboard of the user's terminal. */
bool bns_policy_clipboard(const BnsPolicy *policy);
/* log_level: of the file; NULL: not given. */
const char *bns_policy_log_level(const BnsPolicy *policy);
/* (transfer none): the files that were read, absolute, in order, as they were named: who
 * protects them must protect the target of a symbolic link too. */
const GPtrArray *bns_policy_files(const BnsPolicy *policy);
/* (transfer none): of owned names: the presets that apply, in order */
const GPtrArray *bns_policy_presets(const BnsPolicy *policy);
/* (transfer none) (nullable): the name of the profile that applies */
const char *bns_policy_profile(const BnsPolicy *policy);
/* (transfer none): of BnsIdentity: all that some decision may have, each once. */
const GPtrArray *bns_policy_identities(const BnsPolicy *policy);
/* (transfer none): files: and the like of the command line. */
const BnsFiles *bns_policy_file_policy(const BnsPolicy *policy);
/* (transfer none): env: and --env. */
const BnsEnv *bns_policy_env(const BnsPolicy *policy);
/* nested: */
BnsNested bns_policy_nested(const BnsPolicy *policy);
/* "none", "chromium", "full". */
const char *bns_nested_name(BnsNested nested);
/* (transfer none) (nullable): where it was said; %NULL: nowhere */
const char *bns_policy_nested_origin(const BnsPolicy *policy);
/* (transfer none): commands: */
const BnsCommands *bns_policy_commands(const BnsPolicy *policy);
/* (transfer none): lower-case hex SHA-256 over the effective rules and what is said of
 * files, commands and the environment, for the audit. Values of variables are not in it, since a
 * short secret could be found by trying. */
const char *bns_policy_digest(const BnsPolicy *policy);
/* (transfer none): to be compared only: of what a session does not change once it runs:
 * files, commands, the environment, limits, certificates. With values of variables. */
const char *bns_policy_fixed_digest(const BnsPolicy *policy);
/* Of all layers. */
guint bns_policy_n_rules(const BnsPolicy *policy);

/* Returns: (transfer full): `check`'s lines: "ORIGIN\tallow|deny\tCANONICAL\n" per rule, the
 * system layer's first; with one, then "ORIGIN\tpermit\tNAME\tyes|no\n" per permit. */
char *bns_policy_describe(const BnsPolicy *policy);

/* Returns: (transfer full): prose for `explain`: the deciding rule and the near misses
 * (which rule almost matched and which key failed). */
char *bns_policy_explain(const BnsPolicy *policy, const BnsRequest *request);

/**
 * bns_policy_suggest:
 * @method: (nullable), @path: (nullable): as received
 *
 * Returns: (transfer full): a rule in string form that would allow the request, safe to
 *          show and to copy (not yet quoted): the host, and the path only if it is made
 *          of A-Za-z0-9/._~- (else ** below the last safe segment). For tcp
 *          "tcp://host:port".
 */
char *bns_policy_suggest(BnsScheme scheme,
                         const char *host,
                         uint16_t port,
                         const char *method,
                         const char *path);
