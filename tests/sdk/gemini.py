"""The official `google-genai` SDK through the proxy, compared with the same SDK talking to the upstream directly.

Usage: gemini.py GROUNDWIRE_BINARY
"""

import asyncio
import json
import sys
import urllib.request

from google import genai
from google.genai import errors, types

import checks
from checks import CLEAR, NOTE, REPLIES, VAGUE, check
from servers import BREAK, Proxy, Upstream, free_port

MODEL = "gemini-2.5-flash"
KEY = "zq7-google-key"


def chunk(text, last):
    candidate = {"content": {"parts": [{"text": text}], "role": "model"}, "index": 0}
    counts = {"promptTokenCount": 7, "totalTokenCount": 7}
    if last:
        candidate["finishReason"] = "STOP"
        counts = {"promptTokenCount": 7, "candidatesTokenCount": 5, "totalTokenCount": 12, "cachedContentTokenCount": 3}
    return json.dumps({"candidates": [candidate], "usageMetadata": counts, "modelVersion": MODEL, "responseId": "x"}).encode()


def speaks(target, asked):
    if "/overloaded:" in target:
        error = {"error": {"code": 429, "message": "try later", "status": "RESOURCE_EXHAUSTED"}}
        return 429, "application/json", [json.dumps(error).encode()]
    text = "You said: " + asked["contents"][-1]["parts"][0].get("text", "")
    if ":streamGenerateContent" not in target:
        return 200, "application/json", [chunk(text, True)]
    half = [b"data: " + chunk(text[:9], False) + b"\r\n\r\n"]
    rest = [BREAK] if "/breaks:" in target else [b"data: " + chunk(text[9:], True) + b"\r\n\r\n"]
    if "alt=sse" in target:
        return 200, "text/event-stream", half + rest
    return 200, "application/json", [b"[" + chunk(text[:9], False), b"\n,\r\n" + chunk(text[9:], True), b"\n]\n"]


def client(url):
    return genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=url))


def ask(client, text, stream, **config):
    config = types.GenerateContentConfig(**config)
    if not stream:
        answer = client.models.generate_content(model=MODEL, contents=text, config=config)
        check(answer.candidates[0].finish_reason == types.FinishReason.STOP, f"{answer}")
        return answer.text
    chunks = list(client.models.generate_content_stream(model=MODEL, contents=text, config=config))
    check(chunks[-1].candidates[0].finish_reason == types.FinishReason.STOP, f"{chunks[-1]}")
    check(chunks[-1].usage_metadata.candidates_token_count > 0, "the last chunk counts all tokens")
    return "".join(chunk.text for chunk in chunks)


def main(binary):
    upstream = Upstream(speaks)
    proxy = Proxy(binary, upstream.url)
    direct, ours = client(upstream.url), client(proxy.url)
    for text in CLEAR:
        for stream in (False, True):
            check(ask(direct, text, stream) == ask(ours, text, stream), "the same answer")
            checks.same(*upstream.take(), f"clear turn, stream={stream}")
    for stream in (False, True):
        ask(direct, VAGUE, stream)
        ask(ours, VAGUE, stream)
        theirs, steered = upstream.take()
        checks.one_span(theirs, steered, f"vague turn, stream={stream}")
        parts = steered.json["contents"][0]["parts"]
        check(parts[0] == {"text": VAGUE} and parts[1]["text"].startswith(NOTE) and len(parts) == 2, f"{parts}")

    for what, config in [
        ("a schema", {"response_mime_type": "application/json", "response_schema": {"type": "OBJECT"}}),
        ("candidates", {"candidate_count": 2}),
        ("a forced call", {"tools": [{"function_declarations": [{"name": "f"}]}],
                           "tool_config": {"function_calling_config": {"mode": "ANY"}}}),
    ]:
        ours.models.generate_content(model=MODEL, contents=VAGUE, config=types.GenerateContentConfig(**config))
        check(NOTE.strip() not in upstream.take()[0].body.decode(), f"{what} is left alone")

    try:
        ours.models.generate_content(model="overloaded", contents=CLEAR[0])
        check(False, "an upstream error is an error")
    except errors.ClientError as error:
        check((error.code, error.status, error.message) == (429, "RESOURCE_EXHAUSTED", "try later"), f"{error}")
    try:
        list(ours.models.generate_content_stream(model="breaks", contents=CLEAR[0]))
        check(False, "a stream that breaks off is an error")
    except errors.ServerError as error:
        check(error.code == 502 and "broke off" in error.message, f"{error}")
    down = Proxy(binary, f"http://127.0.0.1:{free_port()}")
    alone = client(down.url)
    try:
        alone.models.generate_content(model=MODEL, contents=CLEAR[0])
        check(False, "an upstream that is down is an error")
    except errors.ServerError as error:
        check((error.code, error.status) == (502, "UNAVAILABLE"), f"{error}")
    down.stop()

    array = post(f"{proxy.url}/v1beta/models/{MODEL}:streamGenerateContent?key={KEY}", CLEAR[0])
    check(len(json.loads(array)) == 2, f"a stream without events is an array: {array}")

    async def concurrent():
        asked = (ours.aio.models.generate_content(model=MODEL, contents=f"What is {i} plus {i}?") for i in range(16))
        return await asyncio.gather(*asked)

    answers = [answer.text for answer in asyncio.run(concurrent())]
    check(all(f"What is {i} plus {i}?" in answer for i, answer in enumerate(answers)), "answers are not mixed up")

    records = proxy.stop()
    check({record["dialect"] for record in records} == {"gemini"}, "the dialect is recorded")
    check({record["model"] for record in records} >= {MODEL, "overloaded"}, "the model is that of the path")
    steered = [record for record in records if record["delivery"] == "steer"]
    check(len(steered) == 2, f"two were steered: {steered}")
    # The upstream echoes the first part, which is the user's own.
    check(all((r["complied"], r["leaked"]) == (False, False) for r in steered), f"an echo of the user is no leak: {steered}")
    read = [r for r in records if r["status"] == 200 and r["finish_reason"] == "STOP"]
    counts = {"prompt_tokens": 7, "completion_tokens": 5, "cached_tokens": 3}
    check(len(read) > 20 and all(r["usage"] == counts for r in read), f"usage is read: {read}")
    check(all(r["first_token_micros"] for r in read if r["stream"]), "the first text of a stream is timed")
    checks.secretless(records, KEY, "article", "boiling")
    replies(binary, upstream)
    print(f"google-genai {genai.__version__}: {checks.count} checks passed")


def post(url, text):
    body = json.dumps({"contents": [{"parts": [{"text": text}]}]}).encode()
    request = urllib.request.Request(url, body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return response.read()


def replies(binary, upstream):
    """Delivery by `reply`: the SDK parses it, and no upstream connection is opened."""
    proxy = Proxy(binary, upstream.url, REPLIES)
    ours = client(proxy.url)
    upstream.take()
    before = upstream.connections
    whole = ours.models.generate_content(model=MODEL, contents=VAGUE)
    check("?" in whole.text and whole.model_version == MODEL and whole.response_id, f"{whole}")
    tokens = whole.usage_metadata
    check(tokens.total_token_count == tokens.prompt_token_count + tokens.candidates_token_count, f"{tokens}")
    check(ask(ours, VAGUE, True) == whole.text, "the streamed chunks concatenate to the same text")
    # The SDK's types forbid what they do not know.
    url = f"{proxy.url}/v1beta/models/{MODEL}"
    types.GenerateContentResponse.model_validate_json(post(f"{url}:generateContent", VAGUE))
    chunks = [types.GenerateContentResponse.model_validate(each)
              for each in json.loads(post(f"{url}:streamGenerateContent", VAGUE))]
    check("".join(each.text for each in chunks) == whole.text, "and so do those of an array")
    chat = ours.chats.create(model=MODEL)
    check(chat.send_message(VAGUE).text == whole.text, "a chat takes it as the model's turn")
    check(upstream.take() == [] and upstream.connections == before, "no upstream connection is opened")
    follow = chat.send_message("The one on tides: they come twice a day, since the Moon pulls the water.")
    check(follow.text and upstream.take()[0].json["contents"][1]["role"] == "model", "the next turn goes on with it")
    records = proxy.stop()
    check([r["delivery"] for r in records if r["act"] == "clarify"] == ["reply"] * 5, f"recorded as replies: {records}")


if __name__ == "__main__":
    main(sys.argv[1])
