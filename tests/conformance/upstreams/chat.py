"""OpenAI Chat Completions, with any base path or Azure's; and the list of models, which every client may ask for."""

import json

from .said import CALL, OBJECT, USAGE, event, dumped, offers, text, words


def takes(path):
    return path.endswith(("/chat/completions", "/models"))


def fault(status):
    return {"error": {"message": f"try later ({status})", "type": "server_error", "param": None, "code": "overloaded"}}


def usage():
    return {"prompt_tokens": USAGE["in"], "completion_tokens": USAGE["out"], "total_tokens": USAGE["in"] + USAGE["out"],
            "prompt_tokens_details": {"cached_tokens": USAGE["cached"], "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0}}


def message(asked):
    """The message that answers, and why it ends."""
    last = asked["messages"][-1]
    if last["role"] not in ("tool", "function") and offers(asked.get("tools"), CALL["name"]):
        call = {"id": "call_9pw1", "type": "function", "function": {**CALL, "arguments": json.dumps(CALL["arguments"])}}
        return {"role": "assistant", "content": None, "refusal": None, "tool_calls": [call]}, "tool_calls"
    said = json.dumps(OBJECT) if (asked.get("response_format") or {}).get("type", "text") != "text" else text(asked)
    return {"role": "assistant", "content": said, "refusal": None, "annotations": []}, "stop"


def logprobs(asked, said):
    if not asked.get("logprobs"):
        return None
    return {"content": [{"token": w, "logprob": -0.25, "bytes": list(w.encode()), "top_logprobs": []} for w in words(said)],
            "refusal": None}


def answer(method, target, asked):
    if "/chat/" not in target:
        models = [{"id": "gpt-5-mini", "object": "model", "created": 1700000000, "owned_by": "system"}]
        return "application/json", [dumped({"object": "list", "data": models})]
    said, why = message(asked)
    if asked.get("stream"):
        return "text/event-stream; charset=utf-8", list(chunks(asked, said, why)), [], True
    choices = [{"index": i, "message": said, "logprobs": logprobs(asked, said["content"] or ""), "finish_reason": why}
               for i in range(asked.get("n") or 1)]
    whole = {"id": "chatcmpl-C8kd0", "object": "chat.completion", "created": 1700000000, "model": asked["model"],
             "choices": choices, "usage": usage(), "service_tier": "default", "system_fingerprint": None}
    return "application/json", [dumped(whole)]


def chunks(asked, said, why):
    counted = (asked.get("stream_options") or {}).get("include_usage")

    def chunk(choices, **more):
        return event({"id": "chatcmpl-C8kd0", "object": "chat.completion.chunk", "created": 1700000000,
                      "model": asked["model"], "service_tier": "default", "choices": choices, **more})

    none = {"usage": None} if counted else {}
    for index in range(asked.get("n") or 1):
        def delta(value, finish=None):
            return chunk([{"index": index, "delta": value, "logprobs": None, "finish_reason": finish}], **none)

        calls = said.get("tool_calls")
        yield delta({"role": "assistant", "content": said["content"] and "", "refusal": None})
        if calls:
            call = calls[0]
            yield delta({"tool_calls": [{"index": 0, **call, "function": {"name": CALL["name"], "arguments": ""}}]})
            for part in words(call["function"]["arguments"]):
                yield delta({"tool_calls": [{"index": 0, "function": {"arguments": part}}]})
        for word in [] if calls else words(said["content"]):
            yield delta({"content": word})
        yield delta({}, why)
    if counted:
        yield chunk([], usage=usage())
    yield b"data: [DONE]\n\n"
