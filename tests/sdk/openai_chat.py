"""The official `openai` SDK through the proxy, compared with the same SDK talking to the upstream directly.

Usage: openai_chat.py GROUNDWIRE_BINARY
"""

import asyncio
import sys

import openai

from servers import Proxy, Upstream

CLEAR = [
    "What is the boiling point of water at sea level in Celsius?",
    "Translate to French: The library closes at nine.",
    "Write a haiku about autumn leaves.",
]
VAGUE = "Summarize the article below."
NOTE = "\n\n<grounding-note>\n"
# What may differ between a direct request and a proxied one: the connection's own headers.
HOP = {"host", "connection", "keep-alive", "transfer-encoding", "te", "upgrade", "proxy-connection"}

checks = 0


def check(holds, what):
    global checks
    checks += 1
    if not holds:
        raise SystemExit(f"FAILED: {what}")


def ask(client, text, stream, **more):
    request = dict(model="gpt-4o-mini", messages=[{"role": "user", "content": text}], **more)
    if not stream:
        return client.chat.completions.create(**request).choices[0].message.content
    pieces = client.chat.completions.create(**request, stream=True, stream_options={"include_usage": True})
    out, usage = "", None
    for chunk in pieces:
        usage = chunk.usage or usage
        out += "".join(choice.delta.content or "" for choice in chunk.choices)
    check(usage is not None, "a stream that asks for usage ends with it")
    return out


def headers(received):
    return sorted((name, value) for name, value in received.headers if name not in HOP)


def main(binary):
    upstream = Upstream()
    proxy = Proxy(binary, upstream.url)
    direct = openai.OpenAI(api_key="sk-test", base_url=upstream.url + "/v1", max_retries=0)
    client = openai.OpenAI(api_key="sk-test", base_url=proxy.url + "/v1", max_retries=0)

    for text in CLEAR:
        for stream in (False, True):
            answers = [ask(direct, text, stream), ask(client, text, stream)]
            ours, theirs = upstream.take()[::-1]
            check(answers[0] == answers[1], f"the same answer: {answers}")
            check(ours.body == theirs.body, f"clear turn, stream={stream}: bodies differ:\n{ours.body}\n{theirs.body}")
            check(headers(ours) == headers(theirs), f"headers differ:\n{headers(ours)}\n{headers(theirs)}")
            check(ours.path == theirs.path == "/v1/chat/completions", "the path is the same")

    for stream in (False, True):
        ask(direct, VAGUE, stream)
        ask(client, VAGUE, stream)
        theirs, ours = upstream.take()
        at = theirs.body.index(VAGUE.encode()) + len(VAGUE)
        check(ours.body[:at] == theirs.body[:at], "a steered body is the same before the span")
        check(ours.body.endswith(theirs.body[at:]), "a steered body is the same after the span")
        check(ours.json["messages"][-1]["content"].startswith(VAGUE + NOTE), f"steered: {ours.body}")
        check({**ours.json, "messages": 0} == {**theirs.json, "messages": 0}, "nothing else changed")

    parts = [{"type": "text", "text": VAGUE}]
    client.chat.completions.create(model="m", messages=[{"role": "user", "content": parts}])
    steered = upstream.take()[0].json["messages"][0]["content"]
    check(len(steered) == 2 and steered[0] == parts[0], f"an array gains one part: {steered}")

    client.chat.completions.create(model="m", messages=[{"role": "user", "content": VAGUE}],
                                   response_format={"type": "json_object"})
    check(NOTE not in upstream.take()[0].json["messages"][0]["content"], "a machine's call is left alone")
    client.with_options(default_headers={"x-groundwire-mode": "off"}).chat.completions.create(
        model="m", messages=[{"role": "user", "content": VAGUE}])
    received = upstream.take()[0]
    check(received.json["messages"][0]["content"] == VAGUE, "x-groundwire-mode: off is obeyed")
    check(not any(name.startswith("x-groundwire") for name, _ in received.headers), "and stripped")

    try:
        client.chat.completions.create(model="overloaded", messages=[{"role": "user", "content": CLEAR[0]}])
        check(False, "an upstream error is an error")
    except openai.RateLimitError as error:
        check(error.status_code == 429 and "try later" in str(error), f"the upstream's error comes through: {error}")
    check(len(client.models.list().data) == 0, "other routes pass")

    async def concurrent():
        many = openai.AsyncOpenAI(api_key="sk-test", base_url=proxy.url + "/v1", max_retries=0)
        return await asyncio.gather(*(many.chat.completions.create(
            model="m", messages=[{"role": "user", "content": f"What is {i} plus {i}?"}]) for i in range(32)))

    answers = [reply.choices[0].message.content for reply in asyncio.run(concurrent())]
    check(all(f"What is {i} plus {i}?" in answer for i, answer in enumerate(answers)), "answers are not mixed up")

    records = proxy.stop()
    check(any(r["act"] == "clarify" and r["delivery"] == "steer" for r in records), "steered turns are recorded")
    read = [r for r in records if r["bypass"] != "opted_out"]
    check(all(r["schema"] == 1 and len(r["turn"]) == 32 for r in read), "every record of a read turn has its identity")
    check(len(read) == len(records) - 1, "the opted-out one was not read")
    text = str(records)
    check("article" not in text and "sk-test" not in text, "records hold neither text nor keys")
    usage = [r["usage"] for r in read if r["status"] == 200 and r["stream"] is False]
    check(all(u == {"prompt_tokens": 7, "completion_tokens": 5, "cached_tokens": 3} for u in usage), f"usage: {usage}")
    replies(binary, upstream)
    print(f"openai {openai.__version__}: {checks} checks passed")


def replies(binary, upstream):
    """Delivery by `reply`: the SDK parses it, and no upstream connection is opened."""
    policy = """
policy = "ask"
[policies.ask]
rules = [{ act = "clarify", delivery = "reply", gap = ["missing_material", "missing_referent"], ambiguity = 0.5 }]
"""
    proxy = Proxy(binary, upstream.url, policy)
    client = openai.OpenAI(api_key="sk-test", base_url=proxy.url + "/v1", max_retries=0)
    upstream.take()
    before = upstream.connections
    whole = client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": VAGUE}])
    check(whole.choices[0].finish_reason == "stop" and whole.model == "gpt-4o-mini", f"a normal completion: {whole}")
    check(whole.choices[0].message.content.endswith("?") or "?" in whole.choices[0].message.content, "it asks")
    check(whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens, "usage adds up")
    streamed = ask(client, VAGUE, True)
    check(streamed == whole.choices[0].message.content, "the streamed chunks concatenate to the same text")
    with client.chat.completions.stream(model="m", messages=[{"role": "user", "content": VAGUE}]) as stream:
        final = stream.get_final_completion()
    check(final.choices[0].message.content == streamed, "the strict stream helper accepts it")
    raw = client.chat.completions.with_raw_response.create(model="m", messages=[{"role": "user", "content": VAGUE}])
    check(raw.headers["x-groundwire-act"] == "clarify", "the act is announced")
    check(upstream.take() == [] and upstream.connections == before, "no upstream connection is opened")
    records = proxy.stop()
    check([r["delivery"] for r in records] == ["reply"] * 4, f"recorded as replies: {records}")


if __name__ == "__main__":
    main(sys.argv[1])
