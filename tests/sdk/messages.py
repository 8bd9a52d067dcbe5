"""Anthropic's Messages through the proxy with the official SDK, compared with the same SDK talking to the upstream directly.

Usage: messages.py GROUNDWIRE_BINARY
"""

import asyncio
import json
import sys

import anthropic

import checks
from checks import CLEAR, NOTE, REPLIES, VAGUE, check
from servers import BREAK, Proxy, Upstream, free_port

MODEL = "claude-sonnet-5-5"
KEY = "zq7-anthropic-key"
ROUTES = """
[[routes]]
path = "*/ask"
dialect = "anthropic-messages"
[[routes]]
path = "/batch/*"
dialect = "off"
"""


def speaks(target, asked):
    if target.startswith("/v1/messages/count_tokens"):
        return 200, "application/json", [b'{"input_tokens":7}']
    if asked["model"] == "overloaded":
        error = {"type": "error", "error": {"type": "overloaded_error", "message": "try later"}}
        return 529, "application/json", [json.dumps(error).encode()]
    text = "You said: " + str(asked["messages"][-1]["content"])
    usage = {"input_tokens": 4, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 3, "output_tokens": 5}
    whole = {"id": "msg_1", "type": "message", "role": "assistant", "model": asked["model"],
             "content": [{"type": "thinking", "thinking": "hmm", "signature": "x"}, {"type": "text", "text": text}],
             "stop_reason": "end_turn", "stop_sequence": None, "usage": usage}
    if not asked.get("stream"):
        return 200, "application/json", [json.dumps(whole).encode()]
    events = [
        ("message_start", {"message": {**whole, "content": [], "stop_reason": None, "usage": {**usage, "output_tokens": 1}}}),
        ("content_block_start", {"index": 0, "content_block": {"type": "thinking", "thinking": "", "signature": ""}}),
        ("ping", {}),
        ("content_block_delta", {"index": 0, "delta": {"type": "thinking_delta", "thinking": "hmm"}}),
        ("content_block_delta", {"index": 0, "delta": {"type": "signature_delta", "signature": "x"}}),
        ("content_block_stop", {"index": 0}),
        ("content_block_start", {"index": 1, "content_block": {"type": "text", "text": ""}}),
        ("content_block_delta", {"index": 1, "delta": {"type": "text_delta", "text": text[:9]}}),
        ("content_block_delta", {"index": 1, "delta": {"type": "text_delta", "text": text[9:]}}),
        ("content_block_stop", {"index": 1}),
        ("message_delta", {"delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 5}}),
        ("message_stop", {}),
    ]
    pieces = [f"event: {kind}\ndata: {json.dumps({'type': kind, **more})}\n\n".encode() for kind, more in events]
    return 200, "text/event-stream", pieces[:8] + [BREAK] if asked["model"] == "breaks" else pieces


def client(url, base=""):
    return anthropic.Anthropic(api_key=KEY, base_url=url + base, max_retries=0)


def ask(client, said, stream, **more):
    messages = said if isinstance(said, list) and "role" in said[0] else [{"role": "user", "content": said}]
    asked = dict(model=MODEL, max_tokens=1024, messages=messages, **more)
    if not stream:
        answer = client.messages.create(**asked)
    else:
        with client.messages.stream(**asked) as events:
            text = "".join(events.text_stream)
            answer = events.get_final_message()
        check(text == answer.content[-1].text, "what is streamed is what is said")
    check(answer.stop_reason == "end_turn" and answer.type == "message", f"{answer}")
    return answer.content[-1].text


def main(binary):
    upstream = Upstream(speaks)
    proxy = Proxy(binary, upstream.url, ROUTES)
    direct, ours = client(upstream.url), client(proxy.url)
    for text in CLEAR:
        for stream in (False, True):
            check(ask(direct, text, stream) == ask(ours, text, stream), "the same answer")
            checks.same(*upstream.take(), f"clear turn, stream={stream}")
    cached = {"type": "text", "text": VAGUE, "cache_control": {"type": "ephemeral"}}
    for said in (VAGUE, [{"type": "text", "text": VAGUE}], [cached]):
        for stream in (False, True):
            ask(direct, said, stream)
            ask(ours, said, stream)
            theirs, steered = upstream.take()
            checks.one_span(theirs, steered, f"vague turn, {said}, stream={stream}")
            now = steered.json["messages"][0]["content"]
            if isinstance(said, str):
                check(now.startswith(VAGUE + NOTE), f"a string stays one: {now}")
            else:
                check(now[0] == said[0] and now[1]["text"].startswith(NOTE) and len(now) == 2, f"a list gains one block: {now}")
                check("cache_control" not in now[1], "no breakpoint is added")
    ask(ours, VAGUE, False, cache_control={"type": "ephemeral"})
    upstream.take()

    for what, more in [
        ("a schema", {"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}}),
        ("a forced call", {"tools": [{"name": "f", "input_schema": {"type": "object"}}], "tool_choice": {"type": "any"}}),
    ]:
        ask(ours, VAGUE, False, **more)
        check(NOTE.strip() not in upstream.take()[0].body.decode(), f"{what} is left alone")
    ours.messages.create(model=MODEL, max_tokens=1, messages=[{"role": "user", "content": "quota"}])
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "21"}
    call = {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}]}
    ask(ours, [{"role": "user", "content": "Weather?"}, call, {"role": "user", "content": [result]}], False)
    check(ours.messages.count_tokens(model=MODEL, messages=[{"role": "user", "content": VAGUE}]).input_tokens == 7, "counted")
    check(NOTE.strip() not in str([received.body for received in upstream.take()]), "these are left alone")

    # Where the configuration knows the routes: the same bodies by another path, or no calls at all.
    ours.post("/bots/ask", body={"model": MODEL, "max_tokens": 9, "messages": [{"role": "user", "content": VAGUE}]}, cast_to=object)
    check(NOTE.strip() in upstream.take()[0].json["messages"][0]["content"], "a route that is configured is recognised")
    ask(client(proxy.url, "/batch"), VAGUE, False)
    check(upstream.take()[0].json["messages"][0]["content"] == VAGUE, "and one that is off is not")

    try:
        ours.messages.create(model="overloaded", max_tokens=9, messages=[{"role": "user", "content": CLEAR[0]}])
        check(False, "an upstream error is an error")
    except anthropic.APIStatusError as error:
        check(error.status_code == 529 and error.body["error"]["type"] == "overloaded_error", f"{error.body}")
    try:
        list(ours.messages.create(model="breaks", max_tokens=9, messages=[{"role": "user", "content": CLEAR[0]}], stream=True))
        check(False, "a stream that breaks off is an error")
    except anthropic.APIStatusError as error:
        check("broke off" in str(error) and error.body["error"]["type"] == "api_error", f"{error.body}")
    down = Proxy(binary, f"http://127.0.0.1:{free_port()}")
    try:
        ask(client(down.url), CLEAR[0], False)
        check(False, "an upstream that is down is an error")
    except anthropic.InternalServerError as error:
        check(error.status_code == 502 and error.body["error"]["type"] == "api_error", f"{error.body}")
    down.stop()

    async def concurrent():
        many = anthropic.AsyncAnthropic(api_key=KEY, base_url=proxy.url, max_retries=0)
        asked = (many.messages.create(model=MODEL, max_tokens=9, messages=[{"role": "user", "content": f"What is {i} plus {i}?"}])
                 for i in range(16))
        return await asyncio.gather(*asked)

    answers = [answer.content[-1].text for answer in asyncio.run(concurrent())]
    check(all(f"What is {i} plus {i}?" in answer for i, answer in enumerate(answers)), "answers are not mixed up")

    records = proxy.stop()
    check({record["dialect"] for record in records} == {"anthropic-messages"}, "the dialect is recorded")
    steered = [record for record in records if record["delivery"] == "steer"]
    check(len(steered) == 8 and all(record["act"] == "clarify" for record in steered), f"eight were steered: {len(steered)}")
    check(sum(record["added_at_breakpoint"] for record in records) == 1, "one stands where the provider puts a breakpoint")
    bypasses = {record["bypass"] for record in records} - {None}
    check(bypasses == {"structured_output", "forced_tools", "internal_call", "tool_result"}, f"{bypasses}")
    read = [r for r in records if r["status"] == 200 and r["finish_reason"] == "end_turn"]
    counts = {"prompt_tokens": 7, "completion_tokens": 5, "cached_tokens": 3}
    check(len(read) > 20 and all(r["usage"] == counts for r in read), f"usage is read: {read}")
    check(all(r["first_token_micros"] for r in read if r["stream"]), "the first text of a stream is timed")
    checks.secretless(records, KEY, "article", "boiling")
    replies(binary, upstream)
    print(f"anthropic {anthropic.__version__}: {checks.count} checks passed")


def replies(binary, upstream):
    """Delivery by `reply`: the SDK parses it, and no upstream connection is opened."""
    proxy = Proxy(binary, upstream.url, REPLIES)
    ours = client(proxy.url)
    upstream.take()
    before = upstream.connections
    whole = ours.messages.create(model=MODEL, max_tokens=9, messages=[{"role": "user", "content": VAGUE}])
    text = whole.content[0].text
    check("?" in text and whole.model == MODEL and whole.stop_reason == "end_turn" and whole.usage.output_tokens, f"{whole}")
    check(ask(ours, VAGUE, True) == text, "the streamed pieces are the same text")
    check(upstream.take() == [] and upstream.connections == before, "no upstream connection is opened")
    history = [{"role": "user", "content": VAGUE}, {"role": "assistant", "content": [block.model_dump(exclude_none=True) for block in whole.content]},
               {"role": "user", "content": "The one on tides: they come twice a day, since the Moon pulls the water."}]
    ask(ours, history, False)
    check(upstream.take()[0].json["messages"] == history, "the next turn goes on with it, as it came")
    records = proxy.stop()
    told = [(record["act"], record["delivery"]) for record in records]
    check(told[:2] == [("clarify", "reply")] * 2, f"{told}")
    check(records[2]["parent"] == records[0]["turn"], "the turn that follows knows the one that was answered")


if __name__ == "__main__":
    main(sys.argv[1])
