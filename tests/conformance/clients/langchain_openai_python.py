"""`langchain-openai`: over Chat Completions and over Responses."""

import asyncio

from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI

from said import ANSWERED, BEFORE, CLEAR, FEW, NEXT, SYSTEM, TURNS, UNICODE, VAGUE, WEATHER, Weather, faults, numbered, together


@tool
def get_weather(city: str) -> str:
    """The weather now."""
    return city


class Chat:
    more = {"use_responses_api": False, "stream_usage": True}

    def __init__(self, base):
        self.base = base
        self.model = self.made()

    def made(self, retries=0, **more):
        return ChatOpenAI(**{"model": "gpt-5-mini", **self.more, **more}, api_key="sk-test", base_url=self.base + "/v1", max_retries=retries)

    def whole(self):
        return [self.model.invoke([SystemMessage(SYSTEM), HumanMessage(BEFORE), AIMessage(ANSWERED), HumanMessage(NEXT)]), self.model.invoke(UNICODE)]

    def streamed(self):
        return list(self.model.stream(CLEAR))

    def tools(self):
        able = self.model.bind_tools([get_weather])
        first = able.invoke(WEATHER)
        assert first.tool_calls[0]["args"] == {"city": "Paris"}, first
        result = ToolMessage("21", tool_call_id=first.tool_calls[0]["id"])
        return [first, able.invoke([HumanMessage(WEATHER), first, result]), list(able.stream(WEATHER))]

    def structured(self):
        parsed = self.model.with_structured_output(Weather).invoke(WEATHER)
        assert parsed == Weather(city="Paris", degrees=21), parsed
        return [parsed, self.model.with_structured_output(Weather, method="json_mode").invoke("The weather of Paris as JSON.")]

    def errors(self):
        return faults(self.model.invoke)

    def retries(self):
        return self.made(2).invoke(CLEAR + " [flaky]")

    def cancellation(self):
        stream = self.model.stream(CLEAR + " [slow]")
        first = next(stream)
        stream.close()
        return first

    def concurrent(self):
        async def all_of_them():
            model = self.made()
            return [await asyncio.gather(*map(model.ainvoke, numbered())), [chunk async for chunk in model.astream(CLEAR)]]

        return together(all_of_them)

    def steered(self):
        parts = HumanMessage([{"type": "text", "text": UNICODE}])
        return [self.model.invoke([SystemMessage(SYSTEM), HumanMessage(VAGUE)]), self.model.invoke([parts]), list(self.model.stream(VAGUE))]

    def conversation(self):
        turns = []
        for text in TURNS:
            turns.append(HumanMessage(text))
            turns.append(self.model.invoke(turns))
        return len(turns)

    def real(self):
        model = self.made(model="gpt-4o-mini", temperature=0, max_tokens=FEW)
        return [model.invoke(CLEAR).text, "".join(piece.text for piece in model.stream(CLEAR))]

    def reply(self):
        whole, pieces = self.model.invoke(VAGUE), list(self.model.stream(VAGUE))
        carried = self.model.invoke([HumanMessage(VAGUE), whole, HumanMessage(VAGUE)])
        return {"whole": whole.text, "streamed": "".join(piece.text for piece in pieces), "after": carried.text}


class Responses(Chat):
    more = {"use_responses_api": True, "store": False}


DIALECTS = {"openai-chat": Chat, "openai-responses": Responses}
