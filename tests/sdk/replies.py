"""Answers and errors of ours, judged by the parsers of the official SDKs.

The golden cases (`tests/data/wire/<dialect>/<case>/reply.json`, `reply.stream`, and `fault.json`, `fault.stream` beside the cases) are
given to each dialect's SDK as if a server had sent them, and to its types, with every field required that these require.

Usage: replies.py FOLDER_OF_WIRE_DATA
"""

import json
import pathlib
import sys

import anthropic
import httpx
import httpx2
import ollama as ollama_sdk
import openai
from anthropic.types import Message, RawMessageStreamEvent
from google import genai
from google.genai import errors as genai_errors
from google.genai import types as genai_types
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


def gemini_client(body, stream, status=200):
    options = genai_types.HttpOptions(base_url="http://h", httpx_client=served(body, stream, status))
    return genai.Client(api_key="k", http_options=options)


def gemini(request, body, stream):
    parse = genai_types.GenerateContentResponse.model_validate
    if stream and body.startswith(b"["):
        # The SDK asks for events; an array is for those who do not.
        chunks = [parse(each) for each in json.loads(body)]
    elif stream:
        # The types take no field that they do not know.
        [parse(json.loads(event.removeprefix("data: "))) for event in body.decode().split("\r\n\r\n")[:-1]]
        client = gemini_client(body, stream)
        chunks = list(client.models.generate_content_stream(model="m", contents="hi"))
    else:
        parse(json.loads(body))
        client = gemini_client(body, stream)
        chunks = [client.models.generate_content(model="m", contents="hi")]
    check(len({chunk.response_id for chunk in chunks}) == 1, "one answer has one identifier")
    tokens = chunks[-1].usage_metadata
    check(tokens.total_token_count == tokens.prompt_token_count + tokens.candidates_token_count, f"{tokens}")
    ends = [chunk.candidates[0].finish_reason for chunk in chunks]
    ended = ends[-1] == genai_types.FinishReason.STOP and not any(ends[:-1])
    return "".join(chunk.text for chunk in chunks), ended


def ollama_client(body, stream, status=200):
    kind = "application/x-ndjson" if stream else "application/json; charset=utf-8"

    def answer(_):
        pieces = (body[at:at + 7] for at in range(0, len(body), 7))
        return httpx.Response(status, headers={"content-type": kind}, content=pieces)

    return ollama_sdk.Client("http://h", transport=httpx.MockTransport(answer))


def ollama(request, body, stream):
    client = ollama_client(body, stream)
    if "prompt" in request:
        answer = client.generate(model="m", prompt="hi", stream=stream)
    else:
        answer = client.chat(model="m", messages=[{"role": "user", "content": "hi"}], stream=stream)
    lines = list(answer) if stream else [answer]
    end = lines[-1]
    check({line.model for line in lines} == {request["model"]}, "the model that was asked for")
    counts = ["total_duration", "load_duration", "prompt_eval_count", "prompt_eval_duration", "eval_count", "eval_duration"]
    check(all(getattr(end, name) for name in counts), f"every count and duration is there: {end}")
    said = "".join(line.response if "prompt" in request else line.message.content for line in lines)
    return said, end.done and end.done_reason == "stop" and not any(line.done for line in lines[:-1])


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
    body = (folder / "gemini" / "fault.json").read_bytes()
    client = gemini_client(body, False, 502)
    error = raised(lambda: client.models.generate_content(model="m", contents="hi"), genai_errors.ServerError, "gemini 502")
    check((error.code, error.status) == (502, "UNAVAILABLE"), f"gemini: the status: {error}")
    client = gemini_client((folder / "gemini" / "fault.stream").read_bytes(), True)
    stream = client.models.generate_content_stream(model="m", contents="hi")
    raised(lambda: list(stream), genai_errors.ServerError, "gemini in a stream")
    for name, status in [("fault.json", 502), ("fault.stream", 200)]:
        client = ollama_client((folder / "ollama" / name).read_bytes(), status == 200, status)
        error = raised(lambda: list(client.chat(model="m", stream=status == 200)), ollama_sdk.ResponseError, f"ollama {name}")
        check(error.status_code in (502, -1), f"ollama: the status: {error}")


def main(folder):
    folder = pathlib.Path(folder)
    judges = {"openai-chat": chat, "openai-responses": responses, "anthropic-messages": messages, "gemini": gemini,
              "ollama": ollama}
    for dialect, judge in judges.items():
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
    print(f"openai {openai.__version__}, anthropic {anthropic.__version__}, google-genai {genai.__version__} and ollama: "
          f"{checks} checks passed")


if __name__ == "__main__":
    main(sys.argv[1])
