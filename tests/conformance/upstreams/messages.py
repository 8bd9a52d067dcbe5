"""Anthropic Messages, with thinking, tools, and the count of tokens."""

import json

from .said import CALL, OBJECT, USAGE, dumped, event, offers, text, words


def takes(path):
    return path.endswith(("/v1/messages", "/v1/messages/count_tokens"))


def fault(status):
    kinds = {400: "invalid_request_error", 401: "authentication_error", 429: "rate_limit_error", 529: "overloaded_error"}
    error = {"type": kinds.get(status, "api_error"), "message": f"try later ({status})"}
    return {"type": "error", "error": error, "request_id": "req_011"}


def blocks(asked):
    """The content blocks that answer, and why they end."""
    content = asked["messages"][-1]["content"]
    back = isinstance(content, list) and any(part.get("type") == "tool_result" for part in content)
    said = []
    if (asked.get("thinking") or {}).get("type") in ("enabled", "adaptive"):
        said.append({"type": "thinking", "thinking": "They ask about Paris.", "signature": "EqQBCgIYAhIM1gbcDa9GJwZA2b3h"})
    forced = (asked.get("tool_choice") or {}).get("type") == "tool" and asked["tool_choice"]["name"] != CALL["name"]
    if forced:
        call = {"name": asked["tool_choice"]["name"], "input": OBJECT}
        return [*said, {"type": "tool_use", "id": "toolu_01A0", **call}], "tool_use"
    if not back and offers(asked.get("tools"), CALL["name"]):
        call = {"type": "tool_use", "id": "toolu_01A0", "name": CALL["name"], "input": CALL["arguments"]}
        return [*said, {"type": "text", "text": "I’ll look."}, call], "tool_use"
    shaped = asked.get("output_format") or (asked.get("output_config") or {}).get("format")
    return [*said, {"type": "text", "text": json.dumps(OBJECT) if shaped else text(asked)}], "end_turn"


def usage():
    return {"input_tokens": USAGE["in"] - USAGE["cached"], "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": USAGE["cached"], "output_tokens": USAGE["out"], "service_tier": "standard"}


def answer(method, target, asked):
    if "count_tokens" in target:
        return "application/json", [dumped({"input_tokens": USAGE["in"]})]
    said, why = blocks(asked)
    whole = {"id": "msg_01XFD", "type": "message", "role": "assistant", "model": asked["model"], "content": said,
             "stop_reason": why, "stop_sequence": None, "usage": usage()}
    if not asked.get("stream"):
        return "application/json", [dumped(whole)]
    return "text/event-stream; charset=utf-8", list(events(whole)), [], True


def events(whole):
    def named(kind, **more):
        return event({"type": kind, **more}, kind)

    begun = {**whole, "content": [], "stop_reason": None, "usage": {**usage(), "output_tokens": 1}}
    yield named("message_start", message=begun)
    for index, block in enumerate(whole["content"]):
        empty = {"text": {"text": ""}, "tool_use": {"input": {}}, "thinking": {"thinking": "", "signature": ""}}
        yield named("content_block_start", index=index, content_block={**block, **empty[block["type"]]})
        if index == 0:
            yield named("ping")
        deltas = {
            "text": lambda: [{"type": "text_delta", "text": word} for word in words(block["text"])],
            "tool_use": lambda: [{"type": "input_json_delta", "partial_json": part}
                                 for part in ["", *words(json.dumps(block["input"]))]],
            "thinking": lambda: [{"type": "thinking_delta", "thinking": word} for word in words(block["thinking"])]
            + [{"type": "signature_delta", "signature": block["signature"]}],
        }
        for delta in deltas[block["type"]]():
            yield named("content_block_delta", index=index, delta=delta)
        yield named("content_block_stop", index=index)
    ended = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    yield named("message_delta", delta=ended, usage=usage())
    yield named("message_stop")
