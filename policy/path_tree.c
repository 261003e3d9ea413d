/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A node is a segment, as it stands in a pattern: a name, "*", "*.tgz" or "**". What
 * rules 1 and 2 say is done when a path comes in, so that many paths are few nodes;
 * rule 3 when patterns are made.
 */
#include "policy/path_tree.h"

#include "base/text.h"
#include "policy/path_pattern.h"
#include "policy/segment.h"

#include <string.h>

/* Longer ones are data. */
#define PATH_LEN_MAX 2048
#define DEPTH_MAX    64
/* Of one tree: no host takes the memory of the others. */
#define TREE_BYTES_MAX (1024 * 1024)
/* Paths of several readings that are tried at the end, too. */
#define ODD_MAX 512
/* What a node takes besides its name: itself, its table, its place in another. */
#define NODE_BYTES     256
#define PATH_BYTES_MAX (PATH_LEN_MAX + DEPTH_MAX * NODE_BYTES)

typedef struct {
    GHashTable *children; /* owned; owned segment to owned Node; NULL: none */
    const char *id;       /* static; of a name that is an id if there is another: the
                           * pattern; else NULL */
    guint n_names;        /* children that are no patterns */
    bool is_wide;         /* they were too many: new ones are "*" */
    bool ends;            /* a path ends here */
    uint64_t covers;      /* what covers all that end here */
} Node;

/* A path that may not be matched by what became of its nodes. */
typedef struct {
    char *path; /* owned */
    uint64_t covers;
} Odd;

struct BnsPathTree {
    Node *root; /* owned */
    bool is_read;
    size_t bytes;
    size_t *bytes_left; /* borrowed */
    GArray *odd;        /* owned, of Odd */
};

static void
node_free(void *data)
{
    Node *node = data;

    g_clear_pointer(&node->children, g_hash_table_unref);
    g_free(node);
}

static void
odd_clear(void *data)
{
    g_free(((Odd *)data)->path);
}

BnsPathTree *
bns_path_tree_new(bool is_read, size_t *bytes_left)
{
    BnsPathTree *tree = g_new0(BnsPathTree, 1);

    tree->root = g_new0(Node, 1);
    tree->is_read = is_read;
    tree->bytes_left = bytes_left;
    tree->odd = g_array_new(FALSE, FALSE, sizeof(Odd));
    g_array_set_clear_func(tree->odd, odd_clear);
    return tree;
}

void
bns_path_tree_free(BnsPathTree *tree)
{
    if (tree == NULL)
        return;
    *tree->bytes_left += tree->bytes;
    node_free(tree->root);
    g_array_unref(tree->odd);
    g_free(tree);
}

/* --- nodes --- */

static bool
is_pattern(const char *segment)
{
    return strchr(segment, '*') != NULL;
}

/* Not so of what stands behind a slash at the end. */
static bool
is_name(const char *segment)
{
    return *segment != '\0' && !is_pattern(segment);
}

static Node *
find(const Node *node, const char *segment)
{
    return node->children != NULL ? g_hash_table_lookup(node->children, segment) : NULL;
}

static Node *
make(BnsPathTree *tree, Node *node, const char *segment)
{
    Node *child = g_new0(Node, 1);
    size_t bytes = NODE_BYTES + strlen(segment);

    if (node->children == NULL)
        node->children =
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, node_free);
    g_hash_table_insert(node->children, g_strdup(segment), child);
    node->n_names += is_name(segment);
    tree->bytes += bytes;
    *tree->bytes_left -= MIN(bytes, *tree->bytes_left);
    return child;
}

static void merge(BnsPathTree *tree, Node *into, Node *take_from);

/* Makes a pattern of those names below @node that are an id of @id; of all, if it is
 * NULL. Returns: its node. */
static Node *
gather(BnsPathTree *tree, Node *node, const char *pattern, const char *id)
{
    Node *gathered = find(node, pattern);
    g_autoptr(GPtrArray) nodes = g_ptr_array_new();
    GHashTableIter iter;
    gpointer key, value;

    if (gathered == NULL)
        gathered = make(tree, node, pattern);
    g_hash_table_iter_init(&iter, node->children);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        const Node *child = value;

        if (!is_name(key) || (id != NULL && g_strcmp0(child->id, id) != 0))
            continue;
        g_ptr_array_add(nodes, value);
        tree->bytes -= NODE_BYTES + strlen(key);
        *tree->bytes_left += NODE_BYTES + strlen(key);
        node->n_names--;
        g_hash_table_iter_steal(&iter);
        g_free(key);
    }
    for (guint i = 0; i < nodes->len; i++)
        merge(tree, gathered, nodes->pdata[i]);
    return gathered;
}

static bool
has_id(const Node *node, const char *id)
{
    GHashTableIter iter;
    gpointer value;

    if (node->children == NULL)
        return false;
    g_hash_table_iter_init(&iter, node->children);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        if (g_strcmp0(((const Node *)value)->id, id) == 0)
            return true;
    return false;
}

static guint
siblings_max(const BnsPathTree *tree, const Node *node)
{
    return node == tree->root ? BNS_PATH_ROOT_SIBLINGS_MAX : BNS_PATH_SIBLINGS_MAX;
}

/* Whether new names below @node are "*". The file of a package has a pattern of its own. */
static bool
is_widened(const Node *node, const char *segment, const char *id)
{
    return node->is_wide && *segment != '\0' && (id == NULL || strcmp(id, "*") == 0);
}

/* Returns: the node that stands for @segment below @node, or NULL. */
static Node *
find_entry(const Node *node, const char *segment)
{
    const char *id = NULL;
    Node *child = find(node, segment);

    if (child != NULL || is_pattern(segment))
        return child;
    bns_segment_kind(segment, &id);
    if (id != NULL)
        child = find(node, id);
    return child == NULL && is_widened(node, segment, id) ? find(node, "*") : child;
}

/* Whether a name that comes in is one: for sure, or since there is another. */
static bool
is_id(const BnsPathTree *tree, const Node *node, BnsSegmentKind kind, const char *id)
{
    if (tree->is_read)
        return kind == BNS_SEGMENT_ID || has_id(node, id);
    return node != tree->root && has_id(node, id);
}

/* As find_entry(), of a name that comes in: made if it is not there. */
static Node *
enter(BnsPathTree *tree, Node *node, const char *segment)
{
    const char *id;
    BnsSegmentKind kind = bns_segment_kind(segment, &id);
    Node *child = find_entry(node, segment);

    if (child != NULL)
        return child;
    if (id != NULL && is_id(tree, node, kind, id))
        return gather(tree, node, id, id);
    child = make(tree, node, segment);
    child->id = id;
    if (!tree->is_read || node->n_names <= siblings_max(tree, node))
        return child;
    node->is_wide = true;
    return gather(tree, node, "*", NULL);
}

static void
end(Node *node, uint64_t covers)
{
    node->covers = node->ends ? node->covers & covers : covers;
    node->ends = true;
}

static void
merge(BnsPathTree *tree, Node *into, Node *take_from)
{
    GHashTableIter iter;
    gpointer key, value;

    if (take_from->ends)
        end(into, take_from->covers);
    if (take_from->is_wide && !into->is_wide) {
        into->is_wide = true;
        gather(tree, into, "*", NULL);
    }
    if (take_from->children != NULL) {
        g_hash_table_iter_init(&iter, take_from->children);
        while (g_hash_table_iter_next(&iter, &key, &value)) {
            Node *child =
                is_pattern(key) ? gather(tree, into, key, key) : enter(tree, into, key);

            tree->bytes -= NODE_BYTES + strlen(key);
            *tree->bytes_left += NODE_BYTES + strlen(key);
            g_hash_table_iter_steal(&iter);
            g_free(key);
            merge(tree, child, value);
        }
    }
    node_free(take_from);
}

/* --- adding --- */

static bool
is_full(const BnsPathTree *tree)
{
    return tree->bytes > TREE_BYTES_MAX || *tree->bytes_left < PATH_BYTES_MAX;
}

/* Returns: the node of @segments, or NULL: it would be a new one. */
static Node *
find_all(const BnsPathTree *tree, char **segments)
{
    Node *node = tree->root;

    for (; node != NULL && *segments != NULL; segments++)
        node = find_entry(node, *segments);
    return node;
}

static bool
add_odd(BnsPathTree *tree, const char *path, uint64_t covers)
{
    Odd odd = { .covers = covers };

    for (guint i = 0; i < tree->odd->len; i++) {
        Odd *other = &g_array_index(tree->odd, Odd, i);

        if (strcmp(other->path, path) != 0)
            continue;
        other->covers &= covers;
        return true;
    }
    if (tree->odd->len >= ODD_MAX)
        return false;
    odd.path = g_strdup(path);
    g_array_append_val(tree->odd, odd);
    return true;
}

static bool
has_readings(const char *path)
{
    g_auto(BnsReadings) readings = { 0 };

    bns_readings_init(&readings, path);
    return bns_readings_count(&readings) > 1;
}

/* Of "/" g_strsplit() makes nothing. */
static GStrv
split(const char *pattern)
{
    static const char *const root[] = { "", NULL };

    return strcmp(pattern, "/") == 0 ? g_strdupv((char **)(uintptr_t)root)
                                     : g_strsplit(pattern + 1, "/", -1);
}

bool
bns_path_tree_add(BnsPathTree *tree, const char *path, uint64_t covers)
{
    g_autofree char *pattern = NULL;
    g_auto(GStrv) segments = NULL;
    Node *node;

    if (strlen(path) > PATH_LEN_MAX)
        return false;
    pattern = bns_path_pattern(path);
    /* One "/.." would be everything. */
    if (g_str_has_suffix(pattern, "/**") || g_str_has_suffix(pattern, "/*"))
        return false;
    segments = split(pattern);
    if (g_strv_length(segments) > DEPTH_MAX)
        return false;
    node = find_all(tree, segments);
    if (node == NULL && is_full(tree))
        return false;
    if (has_readings(path) && !add_odd(tree, path, covers))
        return false;
    if (node == NULL) {
        node = tree->root;
        for (char **segment = segments; *segment != NULL; segment++)
            node = is_pattern(*segment) ? gather(tree, node, *segment, *segment)
                                        : enter(tree, node, *segment);
    }
    end(node, covers);
    return true;
}

/* --- patterns --- */

static bool
is_wanted(const Node *node, uint64_t covered)
{
    return node != NULL && node->ends && (node->covers & covered) == 0;
}

/* Returns: (transfer container): the names of the children, sorted; not NULL. */
static GPtrArray *
list_children(const Node *node)
{
    GPtrArray *keys = g_ptr_array_new();
    GHashTableIter iter;
    gpointer key;

    if (node->children == NULL)
        return keys;
    g_hash_table_iter_init(&iter, node->children);
    while (g_hash_table_iter_next(&iter, &key, NULL))
        g_ptr_array_add(keys, key);
    g_ptr_array_sort(keys, bns_text_compare);
    return keys;
}

/* Appends the patterns of @node, which @path leads to, and of what is below. */
static void
collect(const BnsPathTree *tree,
        const Node *node,
        GString *path,
        uint64_t covered,
        GPtrArray *patterns)
{
    bool is_root = node == tree->root;
    guint most = is_root ? BNS_PATH_ROOT_PATTERNS_MAX : BNS_PATH_PATTERNS_MAX;
    guint from = patterns->len;
    gsize len = path->len;
    g_autoptr(GPtrArray) keys = list_children(node);

    if (is_wanted(node, covered))
        g_ptr_array_add(patterns, g_strdup(path->str));
    if (is_wanted(find(node, "**"), covered)) {
        g_ptr_array_set_size(patterns, (gint)from);
        g_ptr_array_add(patterns, g_strconcat(path->str, "/**", NULL));
        return;
    }
    if (is_wanted(find(node, "*"), covered)) {
        g_ptr_array_add(patterns, g_strconcat(path->str, "/*", NULL));
        return;
    }
    for (guint i = 0; i < keys->len; i++) {
        const char *key = keys->pdata[i];

        g_string_append_printf(path, "/%s", key);
        collect(tree, find(node, key), path, covered, patterns);
        g_string_truncate(path, len);
    }
    if (tree->is_read && patterns->len - from > most) {
        g_ptr_array_set_size(patterns, (gint)from);
        g_ptr_array_add(patterns, g_strconcat(path->str, "/**", NULL));
    }
}

static bool
matches_any(const GPtrArray *patterns, const char *path)
{
    g_auto(BnsReadings) readings = { 0 };

    bns_readings_init(&readings, path);
    for (guint i = 0; i < patterns->len; i++)
        if (bns_path_pattern_matches(patterns->pdata[i], &readings))
            return true;
    return false;
}

GPtrArray *
bns_path_tree_patterns(const BnsPathTree *tree, uint64_t covered)
{
    GPtrArray *patterns = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GString) path = g_string_new(NULL);

    collect(tree, tree->root, path, covered, patterns);
    for (guint i = 0; i < tree->odd->len; i++) {
        const Odd *odd = &g_array_index(tree->odd, Odd, i);

        if ((odd->covers & covered) == 0 && !matches_any(patterns, odd->path))
            g_ptr_array_add(patterns, bns_path_pattern(odd->path));
    }
    g_ptr_array_sort(patterns, bns_text_compare);
    return patterns;
}
