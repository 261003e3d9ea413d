/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading: the system layer (load_system.c); then presets, the file, what it extends, and
 * the rules of the command line, in the order in which they are numbered: presets, what is
 * extended, the file itself, what a profile is built on, the profile, --allow,
 * $BOUNDARY_ALLOW, --deny; then --write and the like, and --env. Presets come first,
 * wherever they are named, so that what a person wrote has the last word.
 *
 * Names are made absolute without looking at symbolic links, so that the name in an
 * error, the file that is opened and the file that is protected inside are the same.
 */
#include "base/fd.h"
#include "base/text.h"
#include "policy/load_private.h"
#include "policy/profile.h"
#include "policy/trusted.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* More than any chain that a person could still follow. */
#define EXTENDS_DEPTH_MAX 8

/* A file that is being read, and the one that extends it. */
typedef struct Frame {
    const struct Frame *parent; /* NULL: named on the command line */
    const char *path;
    const char *place; /* what an error begins with if the file cannot be read */
    unsigned depth;
    struct stat status; /* once it is open */
} Frame;

bool
bns_loader_fail(GError **error, const char *path, const char *why)
{
    g_autofree char *shown = bns_text_escape(path, -1);

    g_set_error(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_READ,
                "Could not read policy file \"%s\": %s", shown, why);
    return false;
}

/* What others may exchange is no ceiling. */
static bool
check_trusted(const BnsLoader *loader, const Frame *frame, GError **error)
{
    g_autofree char *directory = NULL;
    g_autofree char *fault = NULL;
    const char *why;

    if (loader->owner == NULL)
        return true;
    directory = g_path_get_dirname(frame->path);
    fault = bns_trusted_check_directory(directory, *loader->owner);
    why = fault != NULL ? fault
                        : bns_trusted_check_status(&frame->status, *loader->owner);
    return why == NULL || bns_loader_fail(error, frame->path, why);
}

/* Opens without waiting for the other end of a FIFO or for a terminal's carrier. */
static int
open_regular(const char *path, int flags, struct stat *out_status, GError **error)
{
    bns_autofd fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags);

    if (fd < 0 || fstat(fd, out_status) < 0) {
        bns_loader_fail(error, path, g_strerror(errno));
        return -1;
    }
    if (!S_ISREG(out_status->st_mode)) {
        bns_loader_fail(error, path, "not a regular file");
        return -1;
    }
    return g_steal_fd(&fd);
}

/* Returns: (transfer full): all bytes of @fd, or %NULL with @error. */
static GByteArray *
read_all(int fd, const char *path, GError **error)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    guint8 chunk[16 * 1024];
    ssize_t n;

    while ((n = TEMP_FAILURE_RETRY(read(fd, chunk, sizeof chunk))) > 0) {
        if (bytes->len + (size_t)n > BNS_POLICY_FILE_MAX) {
            bns_loader_fail(error, path, "larger than 4 MiB");
            return NULL;
        }
        g_byte_array_append(bytes, chunk, (guint)n);
    }
    if (n < 0) {
        bns_loader_fail(error, path, g_strerror(errno));
        return NULL;
    }
    return g_steal_pointer(&bytes);
}

char *
bns_policy_resolve_name(const char *folder, const char *name)
{
    g_autofree char *below_home = NULL;

    if (g_str_has_prefix(name, "~/"))
        name = below_home = g_build_filename(g_get_home_dir(), name + 2, NULL);
    return g_canonicalize_filename(name, folder);
}

static bool
check_chain(const Frame *frame, GError **error)
{
    if (frame->depth > EXTENDS_DEPTH_MAX)
        return bns_loader_fail(error, frame->path, "extends more than 8 files deep");
    for (const Frame *above = frame->parent; above != NULL; above = above->parent)
        if (above->status.st_dev == frame->status.st_dev &&
            above->status.st_ino == frame->status.st_ino)
            return bns_loader_fail(error, frame->path, "it extends itself");
    return true;
}

/* Opens, checks and reads the frame's file. */
static GBytes *
read_from_disk(const BnsLoader *loader, Frame *frame, GError **error)
{
    const BnsPolicySource *source = loader->source;
    int flags = loader->owner != NULL ? O_NOFOLLOW : 0;
    bns_autofd fd = -1;
    GByteArray *bytes;

    if (source->may_read != NULL &&
        !source->may_read(frame->path, source->may_read_data, error))
        return NULL;
    fd = open_regular(frame->path, flags, &frame->status, error);
    if (fd < 0 || !check_trusted(loader, frame, error) || !check_chain(frame, error))
        return NULL;
    bytes = read_all(fd, frame->path, error);
    return bytes != NULL ? g_byte_array_free_to_bytes(bytes) : NULL;
}

/* The same of a file that was read by another process, which has checked it. */
static GBytes *
take_text(const BnsLoader *loader, Frame *frame, GError **error)
{
    const BnsPolicyText *text =
        bns_policy_texts_find(loader->source->texts, frame->path);

    if (text == NULL || text->bytes == NULL) {
        bns_loader_fail(error, frame->path, "it was not read");
        return NULL;
    }
    frame->status.st_dev = text->device;
    frame->status.st_ino = text->inode;
    return check_chain(frame, error) ? g_bytes_ref(text->bytes) : NULL;
}

/* Returns: (transfer full): all bytes of the frame's file, or %NULL with @error. */
static GBytes *
read_file(const BnsLoader *loader, Frame *frame, GError **error)
{
    g_autoptr(GBytes) bytes = NULL;

    if (loader->source->texts != NULL)
        return take_text(loader, frame, error);
    bytes = read_from_disk(loader, frame, error);
    if (loader->source->out_texts != NULL)
        bns_policy_texts_add(loader->source->out_texts, frame->path, &frame->status,
                             bytes);
    return g_steal_pointer(&bytes);
}

/* Returns: false if the file was read before, by another way through what is extended. */
static bool
is_first_time(BnsLoader *loader, const Frame *frame)
{
    return g_hash_table_add(loader->done,
                            g_strdup_printf("%ju:%ju", (uintmax_t)frame->status.st_dev,
                                            (uintmax_t)frame->status.st_ino));
}

static bool load_file(BnsLoader *loader, Frame *frame, GError **error);

static bool
load_extends(BnsLoader *loader,
             const Frame *frame,
             const BnsConfig *config,
             GError **error)
{
    g_autofree char *folder = g_path_get_dirname(frame->path);
    g_autofree char *shown = bns_text_escape(frame->path, -1);

    for (guint i = 0; i < config->extends->len; i++) {
        const BnsConfigExtend *extend = config->extends->pdata[i];
        g_autofree char *path = bns_policy_resolve_name(folder, extend->name);
        g_autofree char *place =
            g_strdup_printf("%s:%u:%u: ", shown, extend->line, extend->column);
        Frame child = { frame, path, place, frame->depth + 1, { 0 } };

        if (g_str_has_prefix(extend->name, BNS_PRESET_PREFIX)
                ? !bns_preset_list_add(&loader->presets,
                                       extend->name + strlen(BNS_PRESET_PREFIX), place,
                                       error)
                : !load_file(loader, &child, error))
            return false;
    }
    return true;
}

/* Such keys in a file below, and profiles in one above, would look as if they held. */
static bool
check_keys(const BnsLoader *loader, const BnsConfig *config, GError **error)
{
    const char *profiles = g_hash_table_lookup(config->origins, "profiles");
    static const char *const system_keys[] = { "permit", "required" };

    if (loader->owner != NULL && profiles != NULL) {
        g_autofree char *shown = bns_text_escape(profiles, -1);

        g_set_error(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID,
                    "%s: profiles: a system policy holds in every session", shown);
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(system_keys) && loader->owner == NULL; i++) {
        const char *origin = g_hash_table_lookup(config->origins, system_keys[i]);
        g_autofree char *shown = bns_text_escape(origin, -1);

        if (origin != NULL) {
            g_set_error(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID,
                        "%s: %s: is for the system policy, " BNS_POLICY_SYSTEM_DIR
                        "/policy.yaml",
                        shown, system_keys[i]);
            return false;
        }
    }
    return true;
}

static bool
load_file(BnsLoader *loader, Frame *frame, GError **error)
{
    g_autoptr(GBytes) bytes = read_file(loader, frame, error);
    g_autoptr(BnsConfig) config = NULL;
    const char *text;
    gsize len;

    if (bytes == NULL) {
        g_prefix_error(error, "%s", frame->place);
        return false;
    }
    if (!is_first_time(loader, frame))
        return true;
    g_ptr_array_add(loader->policy->files, g_strdup(frame->path));
    text = g_bytes_get_data(bytes, &len);
    config = bns_config_parse(frame->path, text != NULL ? text : "", len, error);
    if (config == NULL || !check_keys(loader, config, error) ||
        !load_extends(loader, frame, config, error))
        return false;
    g_ptr_array_add(loader->configs, g_steal_pointer(&config));
    return true;
}

bool
bns_loader_add_file(BnsLoader *loader, const char *name, GError **error)
{
    g_autofree char *folder = g_path_is_absolute(name) ? NULL : g_get_current_dir();
    g_autofree char *path = bns_policy_resolve_name(folder, name);
    Frame frame = { NULL, path, "", 0, { 0 } };

    return load_file(loader, &frame, error);
}

void
bns_loader_init(BnsLoader *loader)
{
    loader->done = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    loader->configs = g_ptr_array_new_with_free_func((GDestroyNotify)bns_config_free);
    bns_preset_list_init(&loader->presets);
}

void
bns_loader_clear(BnsLoader *loader)
{
    g_hash_table_unref(loader->done);
    g_ptr_array_unref(loader->configs);
    bns_preset_list_clear(&loader->presets);
}

static bool
stops_auto_preset(const BnsLoader *loader)
{
    for (guint i = 0; i < loader->configs->len; i++) {
        const BnsConfig *config = loader->configs->pdata[i];

        if (config->stops_auto_preset)
            return true;
    }
    return loader->stops_auto_preset;
}

void
bns_loader_apply(BnsLoader *loader)
{
    loader->policy->stops_auto_preset = stops_auto_preset(loader);
    bns_preset_list_apply(&loader->presets, loader->policy);
    for (guint i = 0; i < loader->configs->len; i++)
        bns_policy_add_config(loader->policy, loader->configs->pdata[i],
                              loader->notices);
    if (loader->profile != NULL)
        bns_policy_add_config(loader->policy, loader->profile, loader->notices);
}

static bool
load_presets(BnsLoader *loader, char *const *names, GError **error)
{
    for (unsigned i = 0; names != NULL && names[i] != NULL; i++) {
        g_autofree char *place = g_strdup_printf("--preset#%u: ", i + 1);

        if (!bns_preset_list_add(&loader->presets, names[i], place, error))
            return false;
    }
    return true;
}

/* The profile and what it is built on, of the files alone that were read before. */
static bool
take_profile(BnsLoader *loader,
             BnsConfig *profile,
             const BnsConfig *config,
             GError **error)
{
    Frame frame = { NULL, config->file, "", 0, { 0 } };

    loader->profile = profile;
    loader->policy->profile = g_strdup(profile->name);
    return load_extends(loader, &frame, profile, error);
}

static bool
load_profile(BnsLoader *loader, const BnsPolicySource *source, GError **error)
{
    const BnsConfig *config = NULL;
    BnsConfig *profile = NULL;
    g_autofree char *program = NULL;

    if (source->profile != NULL) {
        profile = bns_profile_find(loader->configs, source->profile, &config, error);
        g_prefix_error(error, "--profile: ");
        return profile != NULL && take_profile(loader, profile, config, error);
    }
    if (source->command != NULL)
        profile = bns_profile_for_command(loader->configs, source->command, &config);
    if (profile == NULL)
        return true;
    program = g_path_get_basename(source->command);
    g_ptr_array_add(loader->notices, g_strdup_printf("policy: profile %s, for %s",
                                                     profile->name, program));
    return take_profile(loader, profile, config, error);
}

/* The command's own, unless somebody has named it. */
static bool
load_auto_preset(BnsLoader *loader, const char *command, GError **error)
{
    const BnsPreset *preset = command != NULL ? bns_preset_for_command(command) : NULL;
    g_autofree char *program = NULL;

    if (preset == NULL || bns_preset_list_has(&loader->presets, preset) ||
        stops_auto_preset(loader))
        return true;
    program = g_path_get_basename(command);
    g_ptr_array_add(loader->notices,
                    g_strdup_printf("policy: preset %s, for %s; auto_preset: false "
                                    "in a policy stops it",
                                    preset->name, program));
    return bns_preset_list_add(&loader->presets, preset->name, "", error);
}

static bool
load_files(BnsLoader *loader, const BnsPolicySource *source, GError **error)
{
    if (!load_presets(loader, source->presets, error))
        return false;
    if (source->config_path != NULL &&
        !bns_loader_add_file(loader, source->config_path, error))
        return false;
    if (!load_profile(loader, source, error))
        return false;
    if (!load_auto_preset(loader, source->command, error))
        return false;
    bns_loader_apply(loader);
    return true;
}

static bool
add_option(BnsLoader *loader,
           BnsVerdict verdict,
           const char *origin,
           const char *text,
           GError **error)
{
    BnsRule *rule = bns_rule_parse(verdict, origin, text, loader->notices, error);

    if (rule == NULL) {
        g_prefix_error(error, "%s: ", origin);
        return false;
    }
    bns_policy_add_rule(loader->policy, rule);
    return true;
}

static bool
add_options(BnsLoader *loader,
            BnsVerdict verdict,
            const char *option,
            char *const *rules,
            GError **error)
{
    for (unsigned i = 0; rules != NULL && rules[i] != NULL; i++) {
        g_autofree char *origin = g_strdup_printf("%s#%u", option, i + 1);

        if (!add_option(loader, verdict, origin, rules[i], error))
            return false;
    }
    return true;
}

static bool
add_added(BnsLoader *loader, const BnsPolicySource *source, GError **error)
{
    const GPtrArray *list =
        source->texts != NULL ? source->texts->added : source->added;

    for (guint i = 0; list != NULL && i < list->len; i++) {
        const BnsPolicyAdded *added = list->pdata[i];

        if (source->out_texts != NULL)
            g_ptr_array_add(source->out_texts->added,
                            bns_policy_added_new(added->origin, added->rule));
        if (!add_option(loader, BNS_VERDICT_ALLOW, added->origin, added->rule, error))
            return false;
    }
    return true;
}

static bool
add_paths(BnsLoader *loader,
          BnsFileKind kind,
          const char *option,
          char *const *paths,
          GError **error)
{
    for (unsigned i = 0; paths != NULL && paths[i] != NULL; i++) {
        g_autofree char *origin = g_strdup_printf("%s#%u", option, i + 1);

        if (!bns_files_add(loader->policy->file_policy, kind, paths[i], origin, error))
            return false;
    }
    return true;
}

static bool
add_files(BnsLoader *loader, const BnsPolicySource *source, GError **error)
{
    if (source->review)
        loader->policy->file_policy->review = BNS_FILES_REVIEW_ON;
    return add_paths(loader, BNS_FILE_WRITE, "--write", source->write, error) &&
           add_paths(loader, BNS_FILE_READ_ONLY, "--read-only", source->read_only,
                     error) &&
           add_paths(loader, BNS_FILE_HIDE, "--hide", source->hide, error);
}

static bool
add_env(BnsLoader *loader, char *const *options, GError **error)
{
    for (unsigned i = 0; options != NULL && options[i] != NULL; i++) {
        g_autofree char *origin = g_strdup_printf("--env#%u", i + 1);

        if (!bns_env_add(loader->policy->env, options[i], origin, error))
            return false;
    }
    return true;
}

static bool
load(BnsLoader *loader, const BnsPolicySource *source, GError **error)
{
    const char *env_allow = source->env_allow != NULL ? source->env_allow : "";

    if (!load_files(loader, source, error))
        return false;
    if (!add_options(loader, BNS_VERDICT_ALLOW, "--allow", source->allow, error))
        return false;
    if (*env_allow != '\0' &&
        !add_option(loader, BNS_VERDICT_ALLOW, "$BOUNDARY_ALLOW", env_allow, error))
        return false;
    if (!add_added(loader, source, error) ||
        !add_options(loader, BNS_VERDICT_DENY, "--deny", source->deny, error) ||
        !add_files(loader, source, error) || !add_env(loader, source->env, error) ||
        !bns_correlation_finish(&loader->policy->correlation, &source->correlation,
                                loader->notices, error))
        return false;
    if (source->observe)
        bns_policy_observe(loader->policy);
    return bns_policy_complete(loader->policy, error);
}

/* The system layer first: what is wrong with it no person below can mend. */
static bool
load_layers(BnsLoader *loader, const BnsPolicySource *source, GError **error)
{
    g_autoptr(BnsPolicy) system = NULL;

    if (source->system_dir != NULL &&
        !bns_loader_read_system(source, loader->notices, &system, error))
        return false;
    loader->stops_auto_preset = system != NULL && system->stops_auto_preset;
    if (!load(loader, source, error))
        return false;
    return system == NULL ||
           bns_policy_set_ceiling(loader->policy, g_steal_pointer(&system), error);
}

BnsPolicy *
bns_policy_load(const BnsPolicySource *source, GStrv *out_notices, GError **error)
{
    g_autoptr(BnsPolicy) policy = bns_policy_new();
    g_autoptr(GPtrArray) notices = g_ptr_array_new_with_free_func(g_free);
    g_auto(BnsLoader) loader = { .source = source,
                                 .policy = policy,
                                 .notices = notices };

    bns_loader_init(&loader);
    if (out_notices != NULL)
        *out_notices = NULL;
    if (!load_layers(&loader, source, error))
        return NULL;
    if (out_notices != NULL) {
        g_ptr_array_add(notices, NULL);
        *out_notices = (GStrv)g_ptr_array_steal(notices, NULL);
    }
    return g_steal_pointer(&policy);
}

BnsPolicy *
bns_policy_parse(const char *file, const char *bytes, size_t len, GError **error)
{
    g_autoptr(BnsPolicy) policy = bns_policy_new();
    g_autoptr(BnsConfig) config = bns_config_parse(file, bytes, len, error);

    if (config == NULL)
        return NULL;
    bns_policy_add_config(policy, config, NULL);
    return bns_policy_complete(policy, error) ? g_steal_pointer(&policy) : NULL;
}
