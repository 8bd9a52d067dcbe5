"""OpenAI Responses, whole and as a stream of typed events."""

import json

from .said import CALL, OBJECT, USAGE, dumped, event, offers, text, words


def takes(path):
    return path.endswith(("/responses", "/responses/input_tokens", "/responses/compact"))


def fault(status):
    return {"error": {"message": f"try later ({status})", "type": "server_error", "param": None, "code": "overloaded"}}


def item(asked):
    """The one output item."""
    given = asked.get("input")
    back = isinstance(given, list) and given and given[-1].get("type") == "function_call_output"
    if not back and offers(asked.get("tools"), CALL["name"]):
        return {"id": "fc_68", "type": "function_call", "status": "completed", "call_id": "call_9pw1", "name": CALL["name"],
                "arguments": json.dumps(CALL["arguments"])}
    shaped = ((asked.get("text") or {}).get("format") or {}).get("type", "text") != "text"
    part = {"type": "output_text", "text": json.dumps(OBJECT) if shaped else text(asked), "annotations": [], "logprobs": []}
    return {"id": "msg_68", "type": "message", "status": "completed", "role": "assistant", "content": [part]}


def response(asked, output, status="completed"):
    tokens = {"input_tokens": USAGE["in"], "input_tokens_details": {"cached_tokens": USAGE["cached"]},
              "output_tokens": USAGE["out"], "output_tokens_details": {"reasoning_tokens": 0},
              "total_tokens": USAGE["in"] + USAGE["out"]}
    return {"id": "resp_68", "object": "response", "created_at": 1760000000, "status": status, "background": False,
            "error": None, "incomplete_details": None, "instructions": asked.get("instructions"),
            "max_output_tokens": asked.get("max_output_tokens"), "model": asked.get("model", "gpt-5-mini"), "output": output,
            "parallel_tool_calls": asked.get("parallel_tool_calls", True),
            "previous_response_id": asked.get("previous_response_id"), "reasoning": {"effort": None, "summary": None},
            "store": asked.get("store", True), "temperature": 1.0, "text": asked.get("text") or {"format": {"type": "text"}},
            "tool_choice": asked.get("tool_choice") or "auto", "tools": asked.get("tools") or [], "top_p": 1.0,
            "truncation": "disabled", "usage": tokens if status == "completed" else None, "user": None, "metadata": {}}


def answer(method, target, asked):
    if "/input_tokens" in target:
        return "application/json", [dumped({"object": "response.input_tokens", "input_tokens": USAGE["in"]})]
    said = item(asked)
    if not asked.get("stream"):
        return "application/json", [dumped(response(asked, [said]))]
    return "text/event-stream; charset=utf-8", list(events(asked, said)), [], True


def events(asked, said):
    count = iter(range(10_000))

    def named(kind, **more):
        return event({"type": kind, "sequence_number": next(count), **more}, kind)

    yield named("response.created", response=response(asked, [], "in_progress"))
    yield named("response.in_progress", response=response(asked, [], "in_progress"))
    at = {"output_index": 0}
    if said["type"] == "function_call":
        yield named("response.output_item.added", **at, item={**said, "status": "in_progress", "arguments": ""})
        for part in words(said["arguments"]):
            yield named("response.function_call_arguments.delta", **at, item_id=said["id"], delta=part)
        yield named("response.function_call_arguments.done", **at, item_id=said["id"], name=said["name"],
                    arguments=said["arguments"])
    else:
        part, place = said["content"][0], {**at, "item_id": said["id"], "content_index": 0}
        yield named("response.output_item.added", **at, item={**said, "status": "in_progress", "content": []})
        yield named("response.content_part.added", **place, part={**part, "text": ""})
        for word in words(part["text"]):
            yield named("response.output_text.delta", **place, delta=word, logprobs=[])
        yield named("response.output_text.done", **place, text=part["text"], logprobs=[])
        yield named("response.content_part.done", **place, part=part)
    yield named("response.output_item.done", **at, item=said)
    yield named("response.completed", response=response(asked, [said]))
