"""`litellm` as a library, one provider prefix a dialect."""

import os

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
os.environ["LITELLM_LOG"] = "ERROR"

import litellm  # noqa: E402

from .shared import ANSWERED, BEFORE, CLEAR, PIXEL, SYSTEM, TOOL, VAGUE, Weather, drain  # noqa: E402

CLIENT, DIALECT = "litellm", None
litellm.telemetry = False
litellm.suppress_debug_info = True


def user(content):
    return {"role": "user", "content": content}


def cases(base):
    call = {"id": "call_9pw1", "type": "function", "function": {"name": "get_weather", "arguments": "{\"city\": \"Paris\"}"}}
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
    for api, model, at in (
        ("openai", "openai/gpt-5-mini", base + "/v1"), ("anthropic", "anthropic/claude-haiku-4-5", base),
        ("gemini", "gemini/gemini-2.5-flash", base + "/v1beta"), ("ollama", "ollama_chat/llama3.2", base), ("ollama-generate", "ollama/llama3.2", base),
    ):
        def create(*messages, model=model, at=at, **more):
            return litellm.completion(model=model, messages=list(messages), api_base=at, api_key="test", num_retries=0, **more)

        yield f"{api}/plain", lambda create=create: create(user(CLEAR))
        yield f"{api}/system", lambda create=create: create({"role": "system", "content": SYSTEM}, user(VAGUE))
        yield f"{api}/multi-turn", lambda create=create: create(user(BEFORE), {"role": "assistant", "content": ANSWERED}, user("And the smallest?"))
        yield f"{api}/stream", lambda create=create: drain(create(user(VAGUE), stream=True))
        yield f"{api}/json-object", lambda create=create: create(user("The weather as JSON"), response_format={"type": "json_object"})
        if api == "ollama-generate":
            continue
        yield f"{api}/tools-offered", lambda create=create: create(user("What is the weather like?"), tools=[TOOL])
        yield f"{api}/tool-forced", lambda create=create: create(user("Weather in Paris"), tools=[TOOL], tool_choice="required")
        yield f"{api}/tool-result", lambda create=create: create(user("Weather in Paris?"), {"role": "assistant", "content": None, "tool_calls": [call]}, {"role": "tool", "tool_call_id": "call_9pw1", "content": "21"}, tools=[TOOL])
        yield f"{api}/structured", lambda create=create: create(user("Weather in Paris"), response_format=Weather)
        yield f"{api}/image", lambda create=create: create(user([{"type": "text", "text": "What is this?"}, image]))
    yield "responses/plain", lambda: litellm.responses(model="openai/gpt-5-mini", input=VAGUE, api_base=base + "/v1", api_key="test")
    yield "responses/stream", lambda: drain(litellm.responses(model="openai/gpt-5-mini", input=VAGUE, api_base=base + "/v1", api_key="test", stream=True))
