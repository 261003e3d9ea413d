/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Model API: a stand-in of what agents talk to: Anthropic's messages, OpenAI's responses
 * (by WebSocket and by SSE) and Gemini's content, each as a stream of events. The answer
 * to everything is MODEL_API_ANSWER, in pieces.
 *
 * A prompt with MODEL_API_EDIT and the path of a file behind it, up to a blank, is
 * answered by a call of the tool with which the agent writes files, of those that it
 * offers; the result of that call by MODEL_API_ANSWER.
 */
#pragma once

#include "tests/support/origin.h"

#define MODEL_API_ANSWER "The boundary stood."

#define MODEL_API_EDIT "Note what the boundary did in "
/* What is in the file then: a line. */
#define MODEL_API_NOTE "noted by a model\n"

/* For bns_origin_set_answer(). */
bool model_api_answer(OriginConn *conn, const OriginRequest *request);
