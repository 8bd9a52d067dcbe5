"""OpenAI's Responses through the proxy with the official SDK, compared with the same SDK talking to the upstream directly.

Usage: responses.py GROUNDWIRE_BINARY
"""

import asyncio
import json
import sys

import openai

import checks
from checks import CLEAR, NOTE, REPLIES, VAGUE, check
from servers import BREAK, Proxy, Upstream, free_port

MODEL = "gpt-5-mini"
KEY = "zq7-openai-key"
USAGE = {"input_tokens": 7, "input_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 0}, "output_tokens": 5,
         "output_tokens_details": {"reasoning_tokens": 2}, "total_tokens": 12}


def response(asked, output, status):
    return {"id": "resp_1", "object": "response", "created_at": 1700000000, "status": status, "error": None,
            "incomplete_details": None, "instructions": asked.get("instructions"), "metadata": {}, "model": asked["model"],
            "output": output, "parallel_tool_calls": True, "temperature": 1.0, "tool_choice": "auto", "tools": [],
            "top_p": 1.0, "usage": USAGE if status == "completed" else None}


def speaks(target, asked):
    if asked["model"] == "overloaded":
        error = {"error": {"message": "try later", "type": "server_error", "param": None, "code": None}}
        return 429, "application/json", [json.dumps(error).encode()]
    said = asked["input"] if isinstance(asked["input"], str) else str(asked["input"][-1]["content"])
    text = "You said: " + said
    part = {"type": "output_text", "annotations": [], "logprobs": [], "text": text}
    item = {"id": "msg_1", "type": "message", "status": "completed", "role": "assistant", "content": [part]}
    thought = {"id": "rs_1", "type": "reasoning", "summary": []}
    if not asked.get("stream"):
        return 200, "application/json", [json.dumps(response(asked, [thought, item], "completed")).encode()]
    place = {"item_id": "msg_1", "output_index": 1, "content_index": 0}
    begun = response(asked, [], "in_progress")
    events = [
        ("response.created", {"response": begun}),
        ("response.in_progress", {"response": begun}),
        ("response.output_item.added", {"output_index": 0, "item": thought}),
        ("response.output_item.done", {"output_index": 0, "item": thought}),
        ("response.output_item.added", {"output_index": 1, "item": {**item, "status": "in_progress", "content": []}}),
        ("response.content_part.added", {**place, "part": {**part, "text": ""}}),
        ("response.output_text.delta", {**place, "delta": text[:9], "logprobs": []}),
        ("response.output_text.delta", {**place, "delta": text[9:], "logprobs": []}),
        ("response.output_text.done", {**place, "text": text, "logprobs": []}),
        ("response.content_part.done", {**place, "part": part}),
        ("response.output_item.done", {"output_index": 1, "item": item}),
        ("response.completed", {"response": response(asked, [thought, item], "completed")}),
    ]
    pieces = [f"event: {kind}\ndata: {json.dumps({'type': kind, 'sequence_number': number, **more})}\n\n".encode()
              for number, (kind, more) in enumerate(events)]
    return 200, "text/event-stream", pieces[:7] + [BREAK] if asked["model"] == "breaks" else pieces


def client(url):
    return openai.OpenAI(api_key=KEY, base_url=url + "/v1", max_retries=0)


def ask(client, said, stream, **more):
    asked = dict(model=MODEL, input=said, **more)
    if not stream:
        answer = client.responses.create(**asked)
    else:
        with client.responses.stream(**asked) as events:
            text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
            answer = events.get_final_response()
        check(text == answer.output_text, "what is streamed is what is said")
    check(answer.status == "completed" and answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens, f"{answer}")
    return answer.output_text


def main(binary):
    upstream = Upstream(speaks)
    proxy = Proxy(binary, upstream.url)
    direct, ours = client(upstream.url), client(proxy.url)
    for text in CLEAR:
        for stream in (False, True):
            check(ask(direct, text, stream) == ask(ours, text, stream), "the same answer")
            checks.same(*upstream.take(), f"clear turn, stream={stream}")
    items = [{"role": "user", "content": [{"type": "input_text", "text": VAGUE}]}]
    for said in (VAGUE, [{"role": "user", "content": VAGUE}], items):
        for stream in (False, True):
            ask(direct, said, stream)
            ask(ours, said, stream)
            theirs, steered = upstream.take()
            checks.one_span(theirs, steered, f"vague turn, {said}, stream={stream}")
            now = steered.json["input"]
            if isinstance(said, str):
                check(now.startswith(VAGUE + NOTE), f"a string stays one: {now}")
            elif isinstance(said[0]["content"], str):
                check(now[0]["content"].startswith(VAGUE + NOTE), f"a string stays one: {now}")
            else:
                check([part["type"] for part in now[0]["content"]] == ["input_text"] * 2, f"a list gains one part: {now}")

    for what, more in [
        ("a schema", {"text": {"format": {"type": "json_schema", "name": "x", "schema": {"type": "object"}}}}),
        ("a forced call", {"tools": [{"type": "function", "name": "f", "parameters": {}, "strict": False}], "tool_choice": "required"}),
        ("log-probabilities", {"top_logprobs": 2}),
        ("work in the background", {"background": True}),
        ("what the upstream keeps", {"previous_response_id": "resp_1"}),
        ("a conversation that the upstream keeps", {"conversation": "conv_1"}),
    ]:
        ours.responses.create(model=MODEL, input=VAGUE, **more)
        check(NOTE.strip() not in upstream.take()[0].body.decode(), f"{what} is left alone")

    try:
        ours.responses.create(model="overloaded", input=CLEAR[0])
        check(False, "an upstream error is an error")
    except openai.RateLimitError as error:
        check(error.status_code == 429 and "try later" in str(error), f"{error}")
    try:
        list(ours.responses.create(model="breaks", input=CLEAR[0], stream=True))
        check(False, "a stream that breaks off is an error")
    except openai.APIError as error:
        check("broke off" in error.message, f"{error}")
    down = Proxy(binary, f"http://127.0.0.1:{free_port()}")
    try:
        client(down.url).responses.create(model=MODEL, input=CLEAR[0])
        check(False, "an upstream that is down is an error")
    except openai.InternalServerError as error:
        check(error.status_code == 502 and error.body["type"] == "server_error", f"{error.body}")
    down.stop()

    async def concurrent():
        many = openai.AsyncOpenAI(api_key=KEY, base_url=proxy.url + "/v1", max_retries=0)
        asked = (many.responses.create(model=MODEL, input=f"What is {i} plus {i}?") for i in range(16))
        return await asyncio.gather(*asked)

    answers = [answer.output_text for answer in asyncio.run(concurrent())]
    check(all(f"What is {i} plus {i}?" in answer for i, answer in enumerate(answers)), "answers are not mixed up")

    records = proxy.stop()
    check({record["dialect"] for record in records} == {"openai-responses"}, "the dialect is recorded")
    steered = [record for record in records if record["delivery"] == "steer"]
    check(len(steered) == 6 and all(record["act"] == "clarify" for record in steered), f"six were steered: {steered}")
    bypasses = {record["bypass"] for record in records} - {None}
    check(bypasses == {"structured_output", "forced_tools", "machine", "history_elsewhere"}, f"{bypasses}")
    elsewhere = [record for record in records if record["bypass"] == "history_elsewhere"]
    check(len(elsewhere) == 2 and all(record["turn"] is None for record in elsewhere), "a turn that is not all there has no name")
    read = [r for r in records if r["status"] == 200 and r["finish_reason"] == "completed"]
    counts = {"prompt_tokens": 7, "completion_tokens": 5, "cached_tokens": 3}
    check(len(read) > 20 and all(r["usage"] == counts for r in read), f"usage is read: {read}")
    check(all(r["first_token_micros"] for r in read if r["stream"]), "the first text of a stream is timed")
    checks.secretless(records, KEY, "article", "boiling")
    replies(binary, upstream)
    print(f"openai {openai.__version__}: {checks.count} checks passed")


def replies(binary, upstream):
    """Delivery by `reply`: the SDK parses it, no upstream connection is opened, and what the upstream keeps is steered."""
    proxy = Proxy(binary, upstream.url, REPLIES)
    ours = client(proxy.url)
    upstream.take()
    before = upstream.connections
    whole = ours.responses.create(model=MODEL, input=VAGUE, store=False, metadata={"k": "v"}, temperature=0.25)
    check("?" in whole.output_text and whole.model == MODEL and whole.metadata == {"k": "v"}, f"{whole}")
    check((whole.temperature, whole.store if hasattr(whole, "store") else False, whole.tools) == (0.25, False, []), f"{whole}")
    check(ask(ours, VAGUE, True, store=False) == whole.output_text, "the streamed pieces are the same text")
    check(upstream.take() == [] and upstream.connections == before, "no upstream connection is opened")
    history = [{"role": "user", "content": VAGUE}, *(item.model_dump(exclude_none=True) for item in whole.output),
               {"role": "user", "content": "The one on tides: they come twice a day, since the Moon pulls the water."}]
    ask(ours, history, False, store=False)
    check(upstream.take()[0].json["input"] == history, "the next turn goes on with it, as it came")
    ask(ours, VAGUE, False)
    check(NOTE.strip() in upstream.take()[0].json["input"], "where the upstream keeps the answer, it is asked for one")
    records = proxy.stop()
    told = [(record["act"], record["delivery"]) for record in records]
    check(told[:2] == [("clarify", "reply")] * 2 and told[3] == ("clarify", "steer"), f"{told}")
    check(records[2]["parent"] == records[0]["turn"], "the turn that follows knows the one that was answered")


if __name__ == "__main__":
    main(sys.argv[1])
