/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/commands.h"

#include "base/text.h"
#include "policy/policy.h"
#include "sandbox/explain_target.h"
#include "sandbox/explainers.h"
#include "sandbox/places.h"
#include "sandbox/policy_source.h"
#include "sandbox/sight.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define EXIT_CANNOT 2

typedef struct {
    BnsExplainFunc explain;
    const void *subject; /* borrowed, or one of those below */
    BnsExplainTarget target;
    BnsExplainPath path;
} Question;

static void
question_clear(Question *question)
{
    bns_explain_target_clear(&question->target);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Question, question_clear)

/* --- what is asked --- */

static bool
is_path(const char *text)
{
    size_t first = strcspn(text, "/");

    return text[0] == '/' || (first <= 2 && strspn(text, ".") == first && first > 0) ||
           (text[0] == '~' && first == 1);
}

/* "read" and "write" are methods of no protocol that is read here. */
static bool
is_access(const char *word)
{
    return word != NULL && (strcmp(word, "read") == 0 || strcmp(word, "write") == 0);
}

/* What may be a host and is a file here is not guessed. */
static bool
check_ambiguous(const char *text, GError **error)
{
    g_autofree char *shown = bns_text_escape(text, -1);

    if (strstr(text, "://") != NULL || !bns_sight_has(text))
        return true;
    g_set_error(error, BNS_OPTIONS_ERROR, BNS_OPTIONS_ERROR_COMMAND,
                "\"%s\" may be a host, and is a file here: write ./%s for the file, "
                "https://%s for the host, or -- %s for the command",
                shown, shown, shown, shown);
    return false;
}

/* @text: behind a method */
static bool
check_no_path(const char *text, GError **error)
{
    g_autofree char *shown = bns_text_escape(text, -1);

    if (!is_path(text))
        return true;
    g_set_error(error, BNS_OPTIONS_ERROR, BNS_OPTIONS_ERROR_COMMAND,
                "\"%s\" is a file's path: write read or write before it", shown);
    return false;
}

static bool
ask_operands(Question *question, char *const *words, GError **error)
{
    const char *method = words[1] != NULL ? words[0] : NULL;
    const char *text = words[1] != NULL ? words[1] : words[0];

    if (is_access(method) || (method == NULL && is_path(text))) {
        question->path = (BnsExplainPath){ text, g_strcmp0(method, "write") == 0 };
        question->explain = bns_explain_file;
        question->subject = &question->path;
        return true;
    }
    if (method == NULL ? !check_ambiguous(text, error) : !check_no_path(text, error))
        return false;
    question->explain = bns_explain_request;
    question->subject = &question->target;
    return bns_explain_target_parse(method, text, &question->target, error);
}

static bool
add_headers(Question *question, const BnsOptions *options, GError **error)
{
    if (question->explain == bns_explain_request)
        return bns_explain_target_add_headers(&question->target, options->header,
                                              error);
    if (options->header[0] == NULL)
        return true;
    g_set_error(error, BNS_OPTIONS_ERROR, BNS_OPTIONS_ERROR_COMMAND,
                "--header is for requests: leave it out, or write a URL");
    return false;
}

static bool
ask(Question *question, const BnsOptions *options, GError **error)
{
    if (options->variable != NULL) {
        question->explain = bns_explain_variable;
        question->subject = options->variable;
        return true;
    }
    if (options->command_line[0] != NULL) {
        question->explain = bns_explain_command;
        question->subject = options->command_line;
        return true;
    }
    return ask_operands(question, options->arguments, error);
}

/* --- the answer --- */

static void
add_suggestion(BnsExplanation *explanation, const BnsExplanation *system)
{
    if (explanation->verdict == BNS_VERDICT_ALLOW)
        return;
    if (system->reason != NULL && system->verdict != BNS_VERDICT_ALLOW) {
        g_clear_pointer(&explanation->suggestion, g_free);
        bns_explanation_say(explanation, "Nothing of yours can allow it: ask whoever "
                                         "keeps " BNS_POLICY_SYSTEM_DIR ".");
    }
    if (explanation->suggestion != NULL)
        bns_explanation_say(explanation, "This would allow it: %s",
                            explanation->suggestion);
}

/* A request's explanation has all that by itself. */
static bool
add_rest(BnsExplanation *explanation,
         const BnsExplainSource *source,
         const Question *question,
         GError **error)
{
    g_auto(BnsExplanation) system = { 0 };

    if (question->explain == bns_explain_request)
        return true;
    if (!bns_explanation_add_layers(explanation, source, question->explain,
                                    question->subject, &system, error))
        return false;
    add_suggestion(explanation, &system);
    return bns_sight_check(error);
}

static bool
load_layers(const BnsOptions *options,
            const BnsPolicy *policy,
            BnsPolicy **out_system,
            BnsPolicy **out_below,
            GError **error)
{
    if (!bns_policy_has_system(policy))
        return true;
    *out_system = bns_policy_source_load_layer(options, BNS_POLICY_LAYER_SYSTEM, error);
    if (*out_system != NULL)
        *out_below =
            bns_policy_source_load_layer(options, BNS_POLICY_LAYER_BELOW, error);
    return *out_below != NULL;
}

static bool
answer(const BnsOptions *options,
       const Question *question,
       BnsExplanation *out_explanation,
       GError **error)
{
    g_autoptr(BnsPolicy) policy = bns_policy_source_load(options, NULL, error);
    g_autoptr(BnsPolicy) system = NULL;
    g_autoptr(BnsPolicy) below = NULL;
    g_autoptr(BnsPlaces) places = bns_places_new();
    g_autofree char *here = g_get_current_dir();
    g_autofree char *workdir = bns_sight_real(here);
    BnsExplainSource source = { .policy = policy,
                                .places = places,
                                .workdir = workdir != NULL ? workdir : here,
                                .environ = environ };

    if (policy == NULL || !load_layers(options, policy, &system, &below, error))
        return false;
    source.system = system;
    source.below = below;
    return question->explain(&source, question->subject, out_explanation, error) &&
           add_rest(out_explanation, &source, question, error);
}

int
bns_explain(const BnsOptions *options)
{
    g_auto(Question) question = { 0 };
    g_auto(BnsExplanation) explanation = { 0 };
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;

    bns_explanation_init(&explanation);
    if (!ask(&question, options, &error) || !add_headers(&question, options, &error) ||
        !answer(options, &question, &explanation, &error)) {
        fprintf(stderr, "boundary-ns: %s\n", error->message);
        return EXIT_CANNOT;
    }
    text = g_strcmp0(options->format, "json") == 0 ? bns_explanation_json(&explanation)
                                                   : bns_explanation_text(&explanation);
    fputs(text, stdout);
    return explanation.verdict == BNS_VERDICT_DENY ? 1 : 0;
}
