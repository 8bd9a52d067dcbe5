"""What the clients say, and how what they get is written down for comparison."""

import asyncio
import dataclasses

import pydantic

# Turns that are left alone, one of them with all that serialisers write differently.
CLEAR = "What is the boiling point of water at sea level in Celsius?"
UNICODE = "Translate to French, please: “The café closes at nine” – \\ <b>\"日本語\"</b> & 😀\n\tThank you."
SYSTEM, BEFORE, ANSWERED = "You are a helpful assistant.", "Which planet is the largest?", "Jupiter is the largest planet."
NEXT = "Which planet of the solar system is the smallest?"
WEATHER = "What is the weather in Paris, France right now in degrees Celsius?"
# A turn that is asked about wherever asking is allowed.
VAGUE = "Summarize the article below."
ARGUMENTS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False}
# Ten turns, after half of which the upstream asks something.
TURNS = [text for i in range(5) for text in (f"What is {i} plus {i}? [ask]", "Fix the bug in my function. [tell]")]
STATUSES = (400, 401, 429, 500)
MANY = 12
# Of a real model: the most likely words, and few of them.
FEW = 12
LOOP = asyncio.Runner()


class Weather(pydantic.BaseModel):
    """A city's weather."""

    city: str
    degrees: int


def plain(value):
    """Anything that a client gives back, as JSON can hold it, with all its fields."""
    if isinstance(value, pydantic.BaseModel):
        return plain(value.model_dump(mode="json", warnings=False))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return plain(dataclasses.asdict(value))
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else repr(value)


def fault(call):
    """What a call that fails raises."""
    try:
        value = call()
    except Exception as error:
        found = {name: plain(getattr(error, name)) for name in ("status_code", "code", "body", "details") if hasattr(error, name)}
        return {"raised": type(error).__name__, "said": str(error), **found}
    raise AssertionError(f"no error: {value}")


def faults(call):
    """Those of a call for each status."""
    return [fault(lambda status=status: call(f"{CLEAR} [status {status}]")) for status in STATUSES]


def numbered(count=MANY):
    return [f"What is {i} plus {i}?" for i in range(count)]


def together(make):
    """Runs what `make` gives, in the process's one loop: clients keep their connections from call to call."""
    return LOOP.run(make())
