"""Answers and errors of ours, judged by the parsers of the official SDKs.

The golden cases (`tests/data/wire/<dialect>/<case>/reply.json`, `reply.stream`, and `fault.json`, `fault.stream` beside the cases) are
given to each dialect's SDK as if a server had sent them, and to its types, with every field required that these require.

Usage: replies.py FOLDER_OF_WIRE_DATA
"""

import json
import pathlib
import sys

import anthropic
import httpx2
import openai
from anthropic.types import Message, RawMessageStreamEvent
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

ANSWER = "Which one do you mean?\n\n- the \"first\"\n- the second 😀"
checks = 0


def check(holds, what):
    global checks
    checks += 1
    if not holds:
        raise SystemExit(f"FAILED: {what}")


def served(body, stream, status=200):
    """A transport that answers every request with `body`, in pieces that cut characters and events."""
    kind = "text/event-stream; charset=utf-8" if stream else "application/json"

    def answer(_):
        pieces = (body[at:at + 7] for at in range(0, len(body), 7))
        return httpx2.Response(status, headers={"content-type": kind}, content=pieces)

    return httpx2.Client(transport=httpx2.MockTransport(answer))


def payloads(body):
    """The events of a stream, as their names and payloads."""
    for event in body.decode().split("\n\n")[:-1]:
        fields = dict(line.split(": ", 1) for line in event.split("\n"))
        yield fields.get("event"), fields["data"]


def chat(request, body, stream):
    client = openai.OpenAI(api_key="sk", base_url="http://h/v1", http_client=served(body, stream), max_retries=0)
    asked = dict(model="m", messages=[{"role": "user", "content": "hi"}])
    if not stream:
        ChatCompletion.model_validate_json(body)
        said = client.chat.completions.create(**asked).choices[0]
        return said.message.content, said.finish_reason == "stop"
    for _, data in payloads(body):
        data == "[DONE]" or ChatCompletionChunk.model_validate_json(data)
    with client.chat.completions.stream(**asked) as events:
        final = events.get_final_completion()
    usage = bool((request.get("stream_options") or {}).get("include_usage"))
    check((final.usage is not None) == usage, "usage comes where it was asked for")
    return final.choices[0].message.content, final.choices[0].finish_reason == "stop"


def responses(request, body, stream):
    client = openai.OpenAI(api_key="sk", base_url="http://h/v1", http_client=served(body, stream), max_retries=0)
    asked = dict(model="m", input="hi", store=False)
    if stream:
        kinds = TypeAdapter(ResponseStreamEvent)
        for number, (name, data) in enumerate(payloads(body)):
            event = kinds.validate_json(data)
            check(event.type == name and event.sequence_number == number, f"events are named and numbered: {event}")
        with client.responses.stream(**asked) as events:
            said = "".join(event.delta for event in events if event.type == "response.output_text.delta")
            final = events.get_final_response()
        check(said == final.output_text, "what is streamed is what is said")
    else:
        Response.model_validate_json(body)
        final = client.responses.create(**asked)
    check(final.model == request.get("model", ""), "the model that was asked for")
    for key in ("metadata", "temperature", "instructions"):
        if request.get(key) is not None:
            check(getattr(final, key) == request[key], f"{key} comes back")
    return final.output_text, final.status == "completed" and final.error is None


def messages(request, body, stream):
    client = anthropic.Anthropic(api_key="sk", base_url="http://h", http_client=served(body, stream), max_retries=0)
    asked = dict(model="claude-sonnet-5-5", max_tokens=9, messages=[{"role": "user", "content": "hi"}])
    if stream:
        kinds = TypeAdapter(RawMessageStreamEvent)
        for name, data in payloads(body):
            check(kinds.validate_json(data).type == name, f"events are named: {name} {data}")
        with client.messages.stream(**asked) as events:
            said = "".join(events.text_stream)
            final = events.get_final_message()
        check(said == final.content[0].text, "what is streamed is what is said")
    else:
        Message.model_validate_json(body)
        final = client.messages.create(**asked)
    check(final.model == request.get("model", ""), "the model that was asked for")
    return final.content[0].text, final.stop_reason == "end_turn"


def raised(call, kinds, what):
    try:
        call()
    except kinds as error:
        check("broke off" in str(error), f"{what} says what happened: {error}")
        return error
    check(False, f"{what} raises no error")


def faults(folder):
    def clients(dialect, name, status):
        body = (folder / dialect / name).read_bytes()
        http = served(body, name.endswith("stream"), status)
        if dialect == "anthropic-messages":
            return anthropic.Anthropic(api_key="sk", base_url="http://h", http_client=http, max_retries=0)
        return openai.OpenAI(api_key="sk", base_url="http://h/v1", http_client=http, max_retries=0)

    user = [{"role": "user", "content": "hi"}]
    for dialect, ask in {
        "openai-chat": lambda client, **more: client.chat.completions.create(model="m", messages=user, **more),
        "openai-responses": lambda client, **more: client.responses.create(model="m", input="hi", **more),
        "anthropic-messages": lambda client, **more: client.messages.create(
            model="claude-sonnet-5-5", max_tokens=9, messages=user, **more),
    }.items():
        errors = anthropic if dialect == "anthropic-messages" else openai
        error = raised(lambda: ask(clients(dialect, "fault.json", 502)), errors.InternalServerError, f"{dialect} 502")
        check(error.status_code == 502, f"{dialect}: the status")
        # Behind the first event of an answer as well as in its place.
        stream = clients(dialect, "fault.stream", 200)
        raised(lambda: list(ask(stream, stream=True)), errors.APIError, f"{dialect} in a stream")


def main(folder):
    folder = pathlib.Path(folder)
    for dialect, judge in {"openai-chat": chat, "openai-responses": responses, "anthropic-messages": messages}.items():
        seen = set()
        for reply in sorted(folder.glob(f"{dialect}/*/reply.*")):
            try:
                request = json.loads((reply.parent / "request.json").read_bytes())
            except ValueError:
                # Its codec reads what no parser takes, and leaves it to the engine to refuse an answer.
                continue
            said, ended = judge(request, reply.read_bytes(), reply.suffix == ".stream")
            check(said == ANSWER, f"{reply}: {said!r}")
            check(ended, f"{reply} ends as an answer does")
            seen.add(reply.suffix)
        check(seen == {".json", ".stream"}, f"{dialect} is answered whole and streamed: {seen}")
    faults(folder)
    print(f"openai {openai.__version__}, anthropic {anthropic.__version__}: {checks} checks passed")


if __name__ == "__main__":
    main(sys.argv[1])
