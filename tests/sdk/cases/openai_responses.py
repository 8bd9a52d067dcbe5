"""`openai` for Python, Responses."""

import openai

from .shared import ANSWERED, ARGUMENTS, BEFORE, CLEAR, PIXEL, SYSTEM, UNICODE, VAGUE, Weather, drain

CLIENT, DIALECT = "openai-python", "openai-responses"
TOOL = {"type": "function", "name": "get_weather", "description": "The weather now.", "parameters": ARGUMENTS, "strict": True}
CALL = {"type": "function_call", "call_id": "call_9pw1", "name": "get_weather", "arguments": "{\"city\": \"Paris\"}"}
RESULT = {"type": "function_call_output", "call_id": "call_9pw1", "output": "21"}


def user(content):
    return {"role": "user", "content": content}


def cases(base):
    client = openai.OpenAI(api_key="sk-test", base_url=base + "/v1", max_retries=0)

    def create(given, **more):
        return client.responses.create(model="gpt-5-mini", input=given, **more)

    def text(said):
        return {"type": "input_text", "text": said}

    def helped():
        with client.responses.stream(model="gpt-5-mini", input=VAGUE) as stream:
            drain(stream)

    def carried():
        """What the SDK gave back is handed in again as history."""
        first = create(BEFORE, store=False)
        create([user(BEFORE), *first.output, user("And the smallest?")], store=False)

    image = {"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL}", "detail": "auto"}
    answered = {"type": "message", "role": "assistant", "id": "msg_1", "status": "completed", "content": [{"type": "output_text", "text": ANSWERED, "annotations": []}]}
    yield "string", lambda: create(CLEAR)
    yield "vague", lambda: create(VAGUE)
    yield "stateless", lambda: create(VAGUE, store=False)
    yield "unicode", lambda: create(UNICODE)
    yield "instructions", lambda: create(VAGUE, instructions=SYSTEM)
    yield "items", lambda: create([user(VAGUE)])
    yield "items-parts", lambda: create([{"type": "message", "role": "user", "content": [text(VAGUE)]}])
    yield "developer", lambda: create([{"role": "developer", "content": SYSTEM}, user(VAGUE)])
    yield "multi-turn", lambda: create([user(BEFORE), answered, user("And the smallest?")], store=False)
    yield "easy-multi-turn", lambda: create([user(BEFORE), {"role": "assistant", "content": ANSWERED}, user("And the smallest?")])
    yield "carried-over", carried
    yield "previous-response", lambda: create("And the smallest?", previous_response_id="resp_67")
    yield "conversation", lambda: create("And the smallest?", conversation="conv_1")
    yield "stream", lambda: drain(create(VAGUE, stream=True))
    yield "stream-helper", helped
    yield "tools-offered", lambda: create("What is the weather like?", tools=[TOOL])
    yield "tools-empty", lambda: create(VAGUE, tools=[])
    yield "tools-hosted", lambda: create("What happened today?", tools=[{"type": "web_search"}, {"type": "code_interpreter", "container": {"type": "auto"}}])
    yield "tool-forced", lambda: create("Weather in Paris", tools=[TOOL], tool_choice={"type": "function", "name": "get_weather"})
    yield "tool-required", lambda: create("Weather in Paris", tools=[TOOL], tool_choice="required")
    yield "tool-result", lambda: create([user("Weather in Paris?"), CALL, RESULT], tools=[TOOL])
    yield "tool-result-stateful", lambda: create([RESULT], previous_response_id="resp_67", tools=[TOOL])
    yield "after-tool-result", lambda: create([user("Weather in Paris?"), CALL, RESULT, answered, user("And there?")], tools=[TOOL])
    yield "json-schema", lambda: create("Weather in Paris", text={"format": {"type": "json_schema", "name": "weather", "schema": ARGUMENTS, "strict": True}})
    yield "json-object", lambda: create("The weather as JSON", text={"format": {"type": "json_object"}})
    yield "verbosity", lambda: create(VAGUE, text={"format": {"type": "text"}, "verbosity": "low"})
    yield "parse", lambda: client.responses.parse(model="gpt-5-mini", input="Weather in Paris", text_format=Weather)
    yield "image", lambda: create([user([text("What is this?"), image])])
    yield "image-only", lambda: create([user([image])])
    yield "file", lambda: create([user([text("Summarize this."), {"type": "input_file", "file_id": "file-1"}])])
    yield "background", lambda: create(VAGUE, background=True)
    yield "reasoning", lambda: create([user(BEFORE), {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAA"}, answered, user("And the smallest?")], store=False, include=["reasoning.encrypted_content"], reasoning={"effort": "low"})
    yield "prompt", lambda: client.responses.create(prompt={"id": "pmpt_1", "variables": {"topic": "water"}})
    yield "logprobs", lambda: create(VAGUE, include=["message.output_text.logprobs"], top_logprobs=2)
    yield "options", lambda: create(VAGUE, temperature=0.2, max_output_tokens=256, metadata={"a": "b"}, truncation="auto", user="u-1", parallel_tool_calls=False, prompt_cache_key="k", service_tier="default")
    yield "input-tokens", lambda: client.responses.input_tokens.count(model="gpt-5-mini", input=VAGUE)
