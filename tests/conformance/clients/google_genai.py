"""`google-genai` for Python: generateContent and streamGenerateContent."""

import asyncio

from google import genai
from google.genai import types

from said import ANSWERED, BEFORE, CLEAR, NEXT, SYSTEM, TURNS, UNICODE, VAGUE, WEATHER, Weather, faults, numbered, together

MODEL = "gemini-2.5-flash"


def content(role, *parts):
    return types.Content(role=role, parts=[types.Part(text=part) if isinstance(part, str) else part for part in parts])


class Gemini:
    schema = types.Schema(type="OBJECT", properties={"city": types.Schema(type="STRING")}, required=["city"])
    tool = types.Tool(function_declarations=[types.FunctionDeclaration(name="get_weather", description="The weather now.", parameters=schema)])

    def __init__(self, base):
        self.base = base
        self.client = self.made()

    def made(self, **more):
        return genai.Client(api_key="test", http_options=types.HttpOptions(base_url=self.base, **more))

    def create(self, contents, client=None, stream=False, **config):
        config = types.GenerateContentConfig(automatic_function_calling={"disable": True}, **config)
        models = (client or self.client).models
        return (models.generate_content_stream if stream else models.generate_content)(model=MODEL, contents=contents, config=config)

    def whole(self):
        turns = [content("user", BEFORE), content("model", ANSWERED), content("user", NEXT)]
        return [self.create(turns, system_instruction=SYSTEM), self.create(UNICODE, temperature=0.2),
                self.client.models.count_tokens(model=MODEL, contents=CLEAR)]

    def streamed(self):
        talk = self.client.chats.create(model=MODEL)
        said = [list(self.create(CLEAR, stream=True)), list(talk.send_message_stream(BEFORE)), list(talk.send_message_stream(NEXT))]
        return [*said, talk.get_history()]

    def tools(self):
        first = self.create(WEATHER, tools=[self.tool])
        assert first.function_calls[0].args == {"city": "Paris"}, first
        result = types.Part.from_function_response(name="get_weather", response={"degrees": 21})
        then = self.create([content("user", WEATHER), first.candidates[0].content, content("user", result)], tools=[self.tool])
        forced = {"function_calling_config": {"mode": "ANY"}}
        return [first, then, list(self.create(WEATHER, stream=True, tools=[self.tool], tool_config=forced))]

    def structured(self):
        parsed = self.create(WEATHER, response_mime_type="application/json", response_schema=Weather)
        assert parsed.parsed == Weather(city="Paris", degrees=21), parsed
        return parsed

    def errors(self):
        return faults(self.create)

    def retries(self):
        options = types.HttpRetryOptions(attempts=3, initial_delay=0.001, max_delay=0.001, jitter=0.0)
        return self.create(CLEAR + " [flaky]", self.made(retry_options=options))

    def cancellation(self):
        stream = self.create(CLEAR + " [slow]", stream=True)
        first = next(stream)
        stream.close()
        self.client.close()
        return first

    def concurrent(self):
        async def all_of_them():
            client = self.made()
            whole = await asyncio.gather(*(self.create(text, client.aio) for text in numbered()))
            stream = await self.create(CLEAR, client.aio, stream=True)
            streamed = [chunk async for chunk in stream]
            await client.aio.aclose()
            return [whole, streamed]

        return together(all_of_them)

    def steered(self):
        turn = content("user", "The first.", UNICODE)
        return [self.create(VAGUE, system_instruction=SYSTEM), self.create(turn), list(self.create(VAGUE, stream=True))]

    def conversation(self):
        talk = self.client.chats.create(model=MODEL)
        return [talk.send_message(text).text for text in TURNS]

    def reply(self):
        whole, pieces = self.create(VAGUE), list(self.create(VAGUE, stream=True))
        carried = self.create([content("user", VAGUE), whole.candidates[0].content, content("user", VAGUE)])
        assert pieces[-1].candidates[0].finish_reason == types.FinishReason.STOP and pieces[-1].usage_metadata, pieces
        return {"whole": whole.text, "streamed": "".join(piece.text for piece in pieces if piece.text), "after": carried.text}


DIALECTS = {"gemini": Gemini}
