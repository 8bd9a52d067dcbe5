"""Ollama's /api/chat and /api/generate: JSON lines unless `stream` is false."""

import json

from .said import CALL, OBJECT, USAGE, dumped, offers, text, words


def takes(path):
    return path.endswith(("/api/chat", "/api/generate", "/api/show", "/api/tags"))


def fault(status):
    return {"error": f"try later ({status})"}


def answer(method, target, asked):
    if "/api/show" in target:
        return "application/json", [dumped({"details": {"family": "llama"}, "capabilities": ["completion", "tools"],
                                            "model_info": {}, "template": "{{ .Prompt }}"})]
    if "/api/tags" in target:
        return "application/json", [dumped({"models": []})]
    generate = "/api/generate" in target
    back = not generate and asked["messages"] and asked["messages"][-1]["role"] == "tool"
    call = not generate and not back and offers(asked.get("tools"), CALL["name"])
    said = json.dumps(OBJECT) if asked.get("format") else text(asked)

    def line(said, done, **more):
        head = {"model": asked["model"], "created_at": "2026-11-24T10:00:00.123456Z"}
        body = {"response": said.get("content", "")} if generate else {"message": {"role": "assistant", **said}}
        return dumped({**head, **body, "done": done, **more}) + b"\n"

    end = {"done_reason": "stop", "total_duration": 174560334, "load_duration": 101397084, "prompt_eval_count": USAGE["in"],
           "prompt_eval_duration": 13074791, "eval_count": USAGE["out"], "eval_duration": 52479709}
    calling = {"content": "", "tool_calls": [{"function": CALL}]}
    if asked.get("stream", True) is False:
        return "application/json; charset=utf-8", [line(calling if call else {"content": said}, True, **end)]
    parts = [calling] if call else [{"content": word} for word in words(said)]
    lines = [*(line(each, False) for each in parts), line({"content": ""}, True, **end)]
    return "application/x-ndjson", lines, [], True
