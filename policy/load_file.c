/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading a file, and what it extends, depth first: what is extended comes before the file
 * itself, and a file that is reached by two ways counts once.
 *
 * Bytes come from the disk, or from what another process has read (policy/texts.h). A
 * policy is a regular file, and opening it never waits.
 */
#include "base/bytes.h"
#include "base/fd.h"
#include "base/text.h"
#include "policy/load_private.h"
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
static GBytes *
read_all(int fd, const char *path, GError **error)
{
    g_autoptr(GByteArray) bytes = bns_bytes_read(fd, BNS_POLICY_FILE_MAX);

    if (bytes != NULL && bytes->len <= BNS_POLICY_FILE_MAX)
        return g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
    bns_loader_fail(error, path,
                    bytes != NULL ? "larger than 4 MiB" : g_strerror(errno));
    return NULL;
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

    if (source->may_read != NULL &&
        !source->may_read(frame->path, source->may_read_data, error))
        return NULL;
    fd = open_regular(frame->path, flags, &frame->status, error);
    if (fd < 0 || !check_trusted(loader, frame, error) || !check_chain(frame, error))
        return NULL;
    return read_all(fd, frame->path, error);
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

bool
bns_loader_add_extends(BnsLoader *loader,
                       const char *file,
                       const BnsConfig *config,
                       GError **error)
{
    const Frame frame = { NULL, file, "", 0, { 0 } };

    return load_extends(loader, &frame, config, error);
}
