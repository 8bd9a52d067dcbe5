"""`openai` for Python, Chat Completions."""

import openai

from .shared import ANSWERED, BEFORE, CLEAR, PIXEL, SYSTEM, TOOL, UNICODE, VAGUE, Weather, drain

CLIENT, DIALECT = "openai-python", "openai-chat"
CALL = {"id": "call_9pw1", "type": "function", "function": {"name": "get_weather", "arguments": "{\"city\": \"Paris\"}"}}


def user(content):
    return {"role": "user", "content": content}


def cases(base):
    client = openai.OpenAI(api_key="sk-test", base_url=base + "/v1", max_retries=0)
    azure = openai.AzureOpenAI(api_key="test", azure_endpoint=base, api_version="2024-10-21", max_retries=0)
    system = {"role": "system", "content": SYSTEM}

    def create(*messages, on=client, **more):
        return on.chat.completions.create(model="gpt-5-mini", messages=list(messages), **more)

    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
    yield "plain", lambda: create(user(CLEAR))
    yield "vague", lambda: create(user(VAGUE))
    yield "unicode", lambda: create(user(UNICODE))
    yield "system", lambda: create(system, user(VAGUE))
    yield "developer", lambda: create({"role": "developer", "content": SYSTEM}, user(VAGUE))
    yield "multi-turn", lambda: create(system, user(BEFORE), {"role": "assistant", "content": ANSWERED}, user("And the smallest?"))
    yield "parts", lambda: create(user([{"type": "text", "text": VAGUE}]))
    yield "stream", lambda: drain(create(user(VAGUE), stream=True))
    yield "stream-usage", lambda: drain(create(user(VAGUE), stream=True, stream_options={"include_usage": True}))
    yield "tools-offered", lambda: create(user("What is the weather like?"), tools=[TOOL])
    yield "tools-empty", lambda: create(user(VAGUE), tools=[])
    yield "tool-forced", lambda: create(user("Weather in Paris"), tools=[TOOL], tool_choice={"type": "function", "function": {"name": "get_weather"}})
    yield "tool-required", lambda: create(user("Weather in Paris"), tools=[TOOL], tool_choice="required")
    yield "tool-result", lambda: create(user("Weather in Paris?"), {"role": "assistant", "tool_calls": [CALL]}, {"role": "tool", "tool_call_id": CALL["id"], "content": "21"}, tools=[TOOL])
    yield "after-tool-result", lambda: create(user("Weather in Paris?"), {"role": "assistant", "tool_calls": [CALL]}, {"role": "tool", "tool_call_id": CALL["id"], "content": "21"}, {"role": "assistant", "content": "21 degrees."}, user("And there?"), tools=[TOOL])
    yield "json-object", lambda: create(user("The weather as JSON"), response_format={"type": "json_object"})
    yield "parse", lambda: client.chat.completions.parse(model="gpt-5-mini", messages=[user("Weather in Paris")], response_format=Weather)
    yield "image", lambda: create(user([{"type": "text", "text": "What is this?"}, image]))
    yield "image-only", lambda: create(user([image]))
    yield "n", lambda: create(user(VAGUE), n=2)
    yield "logprobs", lambda: create(user(VAGUE), logprobs=True, top_logprobs=2)
    yield "options", lambda: create(user(VAGUE), temperature=0.2, max_completion_tokens=256, seed=7, user="u-1", stop=["END"], metadata={"a": "b"}, store=False, reasoning_effort="low", safety_identifier="s-1")
    yield "one-token", lambda: create(user("hi"), max_tokens=1)
    yield "audio", lambda: create(user(VAGUE), modalities=["text", "audio"], audio={"voice": "alloy", "format": "mp3"})
    yield "prediction", lambda: create(user("Rename x to y"), prediction={"type": "content", "content": "let x = 1;"})
    yield "azure", lambda: create(user(VAGUE), on=azure)
    yield "azure-stream", lambda: drain(create(user(VAGUE), on=azure, stream=True))
    yield "models", lambda: client.models.list()
