"""The official `ollama` SDK through the proxy, compared with the same SDK talking to the upstream directly.

Usage: ollama_api.py GROUNDWIRE_BINARY
"""

import asyncio
import datetime
import json
import sys

import ollama

import checks
from checks import CLEAR, NOTE, REPLIES, VAGUE, check
from servers import BREAK, Proxy, Upstream, free_port

MODEL = "llama3.2"
DURATIONS = ["total_duration", "load_duration", "prompt_eval_duration", "eval_duration"]
END = {"done_reason": "stop", "prompt_eval_count": 7, "eval_count": 5, **dict.fromkeys(DURATIONS, 1000)}


def speaks(target, asked):
    if asked["model"] == "missing":
        return 404, "application/json; charset=utf-8", [b'{"error":"model \'missing\' not found"}']
    generate = target == "/api/generate"
    text = "You said: " + (asked.get("prompt", "") if generate else asked["messages"][-1]["content"])

    def line(said, done, **more):
        body = {"response": said} if generate else {"message": {"role": "assistant", "content": said}}
        head = {"model": asked["model"], "created_at": "2026-11-24T10:00:00.123456Z"}
        return json.dumps({**head, **body, "done": done, **more}).encode() + b"\n"

    if asked.get("stream") is False:
        return 200, "application/json; charset=utf-8", [line(text, True, **END)]
    rest = [BREAK] if asked["model"] == "breaks" else [line(text[9:], False), line("", True, **END)]
    return 200, "application/x-ndjson", [line(text[:9], False), *rest]


def messages(text):
    return [{"role": "user", "content": text}]


def ask(client, text, stream, generate, **more):
    if generate:
        answer = client.generate(model=MODEL, prompt=text, stream=stream, **more)
    else:
        answer = client.chat(model=MODEL, messages=messages(text), stream=stream, **more)
    lines = list(answer) if stream else [answer]
    end = lines[-1]
    check(end.done and end.done_reason == "stop" and end.prompt_eval_count and end.eval_count, f"{end}")
    check(all(getattr(end, name) > 0 for name in DURATIONS), f"a client may divide by each of them: {end}")
    check(all(not line.done for line in lines[:-1]), "only the last line is the end")
    for line in lines:
        datetime.datetime.fromisoformat(line.created_at)
    return "".join(line.response if generate else line.message.content for line in lines)


FORMS = [(stream, generate) for stream in (False, True) for generate in (False, True)]


def main(binary):
    upstream = Upstream(speaks)
    proxy = Proxy(binary, upstream.url)
    direct, ours = ollama.Client(upstream.url), ollama.Client(proxy.url)
    for stream, generate in FORMS:
        what = f"stream={stream}, generate={generate}"
        for text in CLEAR:
            check(ask(direct, text, stream, generate) == ask(ours, text, stream, generate), "the same answer")
            checks.same(*upstream.take(), f"clear turn, {what}")
        ask(direct, VAGUE, stream, generate)
        ask(ours, VAGUE, stream, generate)
        theirs, steered = upstream.take()
        checks.one_span(theirs, steered, f"vague turn, {what}")
        said = steered.json["prompt"] if generate else steered.json["messages"][0]["content"]
        check(said.startswith(VAGUE + NOTE), f"a string stays a string: {said}")
        for what, more in [("JSON", {"format": "json"}), ("a schema", {"format": {"type": "object"}}),
                           ("a probe", {"options": {"num_predict": 1}})]:
            ask(ours, VAGUE, stream, generate, **more)
            check(NOTE.strip() not in upstream.take()[0].body.decode(), f"{what} is left alone")
    for more in ({"raw": True}, {"suffix": "x"}, {"context": [1, 2]}):
        ask(ours, VAGUE, False, True, **more)
        check(NOTE.strip() not in upstream.take()[0].body.decode(), f"{more} is left alone")
    for load in (lambda c: c.generate(model=MODEL, prompt=""), lambda c: c.generate(model=MODEL, keep_alive=0)):
        load(ours), load(direct)
        checks.same(*upstream.take()[::-1], "loading a model")

    for stream in (False, True):
        try:
            list(ours.chat(model="missing", messages=messages(CLEAR[0]), stream=stream))
            check(False, "an upstream error is an error")
        except ollama.ResponseError as error:
            check((error.status_code, error.error) == (404, "model 'missing' not found"), f"{error}")
    try:
        list(ours.chat(model="breaks", messages=messages(CLEAR[0]), stream=True))
        check(False, "a stream that breaks off is an error")
    except ollama.ResponseError as error:
        check("broke off" in error.error, f"{error}")
    down = Proxy(binary, f"http://127.0.0.1:{free_port()}")
    try:
        ollama.Client(down.url).chat(model=MODEL, messages=messages(CLEAR[0]))
        check(False, "an upstream that is down is an error")
    except ollama.ResponseError as error:
        check(error.status_code == 502 and "could not be reached" in error.error, f"{error}")
    down.stop()

    async def concurrent():
        client = ollama.AsyncClient(proxy.url)
        asked = (client.chat(model=MODEL, messages=messages(f"What is {i} plus {i}?")) for i in range(16))
        return await asyncio.gather(*asked)

    answers = [answer.message.content for answer in asyncio.run(concurrent())]
    check(all(f"What is {i} plus {i}?" in answer for i, answer in enumerate(answers)), "answers are not mixed up")

    records = proxy.stop()
    check({record["dialect"] for record in records} == {"ollama"}, "the dialect is recorded")
    steered = [record for record in records if record["delivery"] == "steer"]
    check(len(steered) == 4, f"four were steered: {steered}")
    # The upstream echoes what it is told, the note included.
    check(all((r["complied"], r["leaked"]) == (False, True) for r in steered), f"an echo is a leak: {steered}")
    read = [r for r in records if r["status"] == 200 and r["finish_reason"] == "stop"]
    counts = {"prompt_tokens": 7, "completion_tokens": 5, "cached_tokens": None}
    check(len(read) > 30 and all(r["usage"] == counts for r in read), f"usage is read: {read}")
    check(all(r["first_token_micros"] for r in read if r["stream"]), "the first text of a stream is timed")
    bypasses = {record["bypass"] for record in records}
    check(bypasses >= {"structured_output", "internal_call", "machine", "history_elsewhere", "not_human_text"}, bypasses)
    checks.secretless(records, "article", "boiling")
    replies(binary, upstream)
    print(f"ollama: {checks.count} checks passed")


def replies(binary, upstream):
    """Delivery by `reply`: the SDK parses it, and no upstream connection is opened."""
    proxy = Proxy(binary, upstream.url, REPLIES)
    ours = ollama.Client(proxy.url)
    upstream.take()
    before = upstream.connections
    texts = {ask(ours, VAGUE, stream, generate) for stream, generate in FORMS}
    check(len(texts) == 1 and "?" in texts.pop(), f"one question in every form: {texts}")
    check(upstream.take() == [] and upstream.connections == before, "no upstream connection is opened")
    question = ours.chat(model=MODEL, messages=messages(VAGUE)).message
    ours.chat(model=MODEL, messages=[*messages(VAGUE), question, *messages("The one on tides: they come twice a day.")])
    check(upstream.take()[0].json["messages"][1]["content"] == question.content, "the next turn goes on with it")
    records = proxy.stop()
    check([r["delivery"] for r in records if r["act"] == "clarify"] == ["reply"] * 5, f"recorded as replies: {records}")


if __name__ == "__main__":
    main(sys.argv[1])
