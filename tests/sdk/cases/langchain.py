"""`langchain-openai`, over Chat Completions and over Responses."""

from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI

from .shared import ANSWERED, BEFORE, CLEAR, PIXEL, SYSTEM, VAGUE, Weather, drain

CLIENT, DIALECT = "langchain-openai", None


@tool
def get_weather(city: str) -> str:
    """The weather now."""
    return city


def cases(base):
    for api, responses in (("chat", False), ("responses", True)):
        model = ChatOpenAI(model="gpt-5-mini", api_key="sk-test", base_url=base + "/v1", max_retries=0, use_responses_api=responses)
        image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
        call = {"name": "get_weather", "args": {"city": "Paris"}, "id": "call_9pw1", "type": "tool_call"}

        def results(model=model, call=call):
            model.bind_tools([get_weather]).invoke([HumanMessage("Weather in Paris?"), AIMessage("", tool_calls=[call]), ToolMessage("21", tool_call_id="call_9pw1")])

        yield f"{api}/plain", lambda model=model: model.invoke(CLEAR)
        yield f"{api}/system", lambda model=model: model.invoke([SystemMessage(SYSTEM), HumanMessage(VAGUE)])
        yield f"{api}/multi-turn", lambda model=model: model.invoke([HumanMessage(BEFORE), AIMessage(ANSWERED), HumanMessage("And the smallest?")])
        yield f"{api}/carried-over", lambda model=model: model.invoke([HumanMessage(BEFORE), model.invoke(BEFORE), HumanMessage("And the smallest?")])
        yield f"{api}/stream", lambda model=model: drain(model.stream(VAGUE))
        yield f"{api}/tools-offered", lambda model=model: model.bind_tools([get_weather]).invoke("What is the weather like?")
        yield f"{api}/tool-forced", lambda model=model: model.bind_tools([get_weather], tool_choice="get_weather").invoke("Weather in Paris")
        yield f"{api}/tool-result", results
        yield f"{api}/structured", lambda model=model: model.with_structured_output(Weather).invoke("Weather in Paris")
        yield f"{api}/structured-json-mode", lambda model=model: model.with_structured_output(Weather, method="json_mode").invoke("The weather as JSON")
        yield f"{api}/structured-function", lambda model=model: model.bind_tools([Weather], tool_choice="Weather").invoke("Weather in Paris")
        yield f"{api}/image", lambda model=model, image=image: model.invoke([HumanMessage([{"type": "text", "text": "What is this?"}, image])])
