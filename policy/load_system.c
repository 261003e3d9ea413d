/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system layer: policy.yaml, then the files of policy.d. Fails closed: that it is not
 * there counts only where the kernel says so.
 */
#include "base/text.h"
#include "policy/load_private.h"
#include "policy/trusted.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* More than any package manager leaves in such a directory. */
#define FILES_MAX 256

/* Adds the names in @dir that are policies. */
static bool
take_names(DIR *dir, const char *path, GPtrArray *names, GError **error)
{
    const struct dirent *entry;

    while (errno = 0, (entry = readdir(dir)) != NULL) {
        g_autofree char *file = g_build_filename(path, entry->d_name, NULL);

        /* Editors' files, and what a package manager left aside. */
        if (entry->d_name[0] == '.')
            continue;
        if (g_str_has_suffix(entry->d_name, ".yml"))
            return bns_loader_fail(error, file, "its name must end in .yaml");
        if (!g_str_has_suffix(entry->d_name, ".yaml"))
            continue;
        if (names->len >= FILES_MAX)
            return bns_loader_fail(error, path, "more than 256 files");
        g_ptr_array_add(names, g_steal_pointer(&file));
    }
    return errno == 0 || bns_loader_fail(error, path, g_strerror(errno));
}

/* Adds the policies in the directory @path, sorted. */
static bool
list(const char *path, GPtrArray *files, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    DIR *dir = opendir(path);
    bool is_read;

    if (dir == NULL && errno == ENOENT && !g_file_test(path, G_FILE_TEST_IS_SYMLINK))
        return true;
    if (dir == NULL)
        return bns_loader_fail(error, path, g_strerror(errno));
    is_read = take_names(dir, path, names, error);
    closedir(dir);
    if (!is_read)
        return false;
    g_ptr_array_sort(names, bns_text_compare);
    g_ptr_array_extend_and_steal(files, g_steal_pointer(&names));
    return true;
}

static bool
check_directory(const char *path, uid_t owner, GError **error)
{
    g_autofree char *fault = bns_trusted_check_directory(path, owner);

    return fault == NULL || bns_loader_fail(error, path, fault);
}

/* Adds policy.yaml if it is there; one of a similar name is no policy that anybody would
 * miss. */
static bool
take_main(const char *path, GPtrArray *files, GError **error)
{
    g_autofree char *file = g_build_filename(path, "policy.yaml", NULL);
    g_autofree char *misnamed = g_build_filename(path, "policy.yml", NULL);
    struct stat status;

    if (lstat(misnamed, &status) == 0)
        return bns_loader_fail(error, misnamed, "its name must be policy.yaml");
    if (lstat(file, &status) == 0)
        g_ptr_array_add(files, g_steal_pointer(&file));
    else if (errno != ENOENT)
        return bns_loader_fail(error, file, g_strerror(errno));
    return true;
}

/* Where there is no policy nobody is asked whose the directories are: in a user namespace
 * they may be anybody's. */
static bool
find_on_disk(const BnsPolicySource *source, GPtrArray *files, GError **error)
{
    g_autofree char *more = g_build_filename(source->system_dir, "policy.d", NULL);

    return take_main(source->system_dir, files, error) && list(more, files, error) &&
           (files->len == 0 || check_directory(more, source->system_owner, error));
}

static void
copy_names(const GPtrArray *from, GPtrArray *names)
{
    for (guint i = 0; i < from->len; i++)
        g_ptr_array_add(names, g_strdup(from->pdata[i]));
}

static bool
find_files(const BnsPolicySource *source, GPtrArray *files, GError **error)
{
    if (source->texts != NULL) {
        copy_names(source->texts->system, files);
        return true;
    }
    if (!find_on_disk(source, files, error))
        return false;
    if (source->out_texts != NULL)
        copy_names(files, source->out_texts->system);
    return true;
}

/* What a ceiling cannot mean. */
static bool
check(const BnsPolicy *policy, GPtrArray *notices, GError **error)
{
    const char *origin = bns_policy_origin(policy, "enabled");

    if (policy->is_disabled) {
        g_autofree char *shown = bns_text_escape(origin, -1);

        g_set_error(
            error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID,
            "%s: enabled: false: a system policy cannot be turned off in itself; "
            "remove it, or let others do so by permit: [disable]",
            shown);
        return false;
    }
    for (guint i = 0; i < policy->rules->len; i++) {
        const BnsRule *rule = policy->rules->pdata[i];

        if (rule->verdict == BNS_VERDICT_ALLOW)
            return true;
    }
    if (bns_policy_observes(policy))
        return true;
    g_ptr_array_add(notices,
                    g_strdup_printf("the system policy (%s) has no allow rule, so it "
                                    "refuses everything; allow: [\"*\"] there leaves "
                                    "HTTP to the policies below",
                                    (const char *)policy->files->pdata[0]));
    return true;
}

static bool
load(BnsLoader *loader, const GPtrArray *files, GError **error)
{
    for (guint i = 0; i < files->len; i++)
        if (!bns_loader_add_file(loader, files->pdata[i], error))
            return false;
    bns_loader_apply(loader);
    return bns_policy_complete(loader->policy, error) &&
           check(loader->policy, loader->notices, error);
}

bool
bns_loader_read_system(const BnsPolicySource *source,
                       GPtrArray *notices,
                       BnsPolicy **out_policy,
                       GError **error)
{
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(BnsPolicy) policy = bns_policy_new();
    g_auto(BnsLoader) loader = { .source = source,
                                 .policy = policy,
                                 .notices = notices,
                                 .owner = &source->system_owner };

    bns_loader_init(&loader);
    *out_policy = NULL;
    if (!find_files(source, files, error))
        return false;
    if (files->len == 0)
        return true;
    if (!load(&loader, files, error))
        return false;
    *out_policy = g_steal_pointer(&policy);
    return true;
}
