/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Model API: a stand-in of what agents talk to: Anthropic's messages, OpenAI's responses
 * (by WebSocket and by SSE) and Gemini's content, each as a stream of events. The answer
 * to everything is MODEL_API_ANSWER, in pieces.
 */
#pragma once

#include "tests/support/origin.h"

#define MODEL_API_ANSWER "The boundary stood."

/* For bns_origin_set_answer(). */
bool model_api_answer(OriginConn *conn, const OriginRequest *request);
