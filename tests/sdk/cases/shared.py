"""What the recorded calls speak of."""

import pydantic

SYSTEM = "You are a helpful assistant."
CLEAR = "What is the boiling point of water at sea level in Celsius?"
VAGUE = "Summarize the article below."
UNICODE = "Résumé “naïve” – \\ <b>\"日本語\"</b> & 😀\n\tCan you fix it?"
BEFORE = "Which planet is the largest?"
ANSWERED = "Jupiter is the largest planet."
# A picture of one pixel.
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
ARGUMENTS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False}
TOOL = {"type": "function", "function": {"name": "get_weather", "description": "The weather now.", "parameters": ARGUMENTS}}


class Weather(pydantic.BaseModel):
    """A city's weather."""

    city: str
    degrees: int


def drain(stream):
    """Reads a stream to its end."""
    for _ in stream:
        pass
