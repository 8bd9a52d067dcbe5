"""`google-genai` for Python, generateContent and streamGenerateContent."""

from google import genai
from google.genai import types

from .shared import ANSWERED, BEFORE, CLEAR, PIXEL, SYSTEM, UNICODE, VAGUE, Weather, drain

CLIENT, DIALECT = "google-genai", "gemini"
MODEL = "gemini-2.5-flash"


def content(role, *parts):
    return types.Content(role=role, parts=[types.Part(text=part) if isinstance(part, str) else part for part in parts])


def cases(base):
    client = genai.Client(api_key="test", http_options=types.HttpOptions(base_url=base))
    import base64
    image = types.Part.from_bytes(data=base64.b64decode(PIXEL), mime_type="image/png")
    schema = types.Schema(type="OBJECT", properties={"city": types.Schema(type="STRING")}, required=["city"])
    tool = types.Tool(function_declarations=[types.FunctionDeclaration(name="get_weather", description="The weather now.", parameters=schema)])
    call = types.Part(function_call=types.FunctionCall(name="get_weather", args={"city": "Paris"}))
    result = types.Part(function_response=types.FunctionResponse(name="get_weather", response={"degrees": 21}))
    signed = types.Part(function_call=types.FunctionCall(name="get_weather", args={"city": "Paris"}), thought_signature=b"sig")

    def create(*contents, stream=False, model=MODEL, **config):
        given = contents[0] if len(contents) == 1 else list(contents)
        options = types.GenerateContentConfig(automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True), **config) if config else None
        if stream:
            return drain(client.models.generate_content_stream(model=model, contents=given, config=options))
        return client.models.generate_content(model=model, contents=given, config=options)

    def mode(name):
        return types.ToolConfig(function_calling_config=types.FunctionCallingConfig(mode=name))

    def chat():
        talk = client.chats.create(model=MODEL)
        talk.send_message(BEFORE)
        talk.send_message("And the smallest?")

    yield "plain", lambda: create(CLEAR)
    yield "vague", lambda: create(VAGUE)
    yield "unicode", lambda: create(UNICODE)
    yield "system", lambda: create(VAGUE, system_instruction=SYSTEM)
    yield "parts", lambda: create(content("user", "The article says that water boils.", VAGUE))
    yield "multi-turn", lambda: create(content("user", BEFORE), content("model", ANSWERED), content("user", "And the smallest?"))
    yield "chat", chat
    yield "stream", lambda: create(VAGUE, stream=True)
    yield "tools-offered", lambda: create("What is the weather like?", tools=[tool])
    yield "tools-auto", lambda: create("What is the weather like?", tools=[tool], tool_config=mode("AUTO"))
    yield "tools-hosted", lambda: create("What happened today?", tools=[types.Tool(google_search=types.GoogleSearch()), types.Tool(url_context=types.UrlContext())])
    yield "tool-forced", lambda: create("Weather in Paris", tools=[tool], tool_config=mode("ANY"))
    yield "tool-none", lambda: create(VAGUE, tools=[tool], tool_config=mode("NONE"))
    yield "tool-result", lambda: create(content("user", "Weather in Paris?"), content("model", call), content("user", result), tools=[tool])
    yield "after-tool-result", lambda: create(content("user", "Weather in Paris?"), content("model", signed), content("user", result), content("model", "21 degrees."), content("user", "And there?"), tools=[tool])
    yield "json", lambda: create("The weather as JSON", response_mime_type="application/json")
    yield "schema", lambda: create("Weather in Paris", response_mime_type="application/json", response_schema=Weather)
    yield "json-schema", lambda: create("Weather in Paris", response_mime_type="application/json", response_json_schema=Weather.model_json_schema())
    yield "image", lambda: create(content("user", image, "What is this?"))
    yield "image-only", lambda: create(content("user", image))
    yield "candidates", lambda: create(VAGUE, candidate_count=2)
    yield "logprobs", lambda: create(VAGUE, response_logprobs=True, logprobs=2)
    yield "thinking", lambda: create(VAGUE, thinking_config=types.ThinkingConfig(thinking_budget=0))
    yield "options", lambda: create(VAGUE, temperature=0.2, max_output_tokens=256, seed=7, stop_sequences=["END"], safety_settings=[types.SafetySetting(category="HARM_CATEGORY_HARASSMENT", threshold="BLOCK_NONE")])
    yield "cached-content", lambda: create(VAGUE, cached_content="cachedContents/1")
    yield "audio-out", lambda: create(VAGUE, response_modalities=["AUDIO"])
    yield "count-tokens", lambda: client.models.count_tokens(model=MODEL, contents=VAGUE)
