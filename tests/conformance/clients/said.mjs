// What the clients say, and how what they get is written down for comparison: see said.py.

export const CLEAR = "What is the boiling point of water at sea level in Celsius?";
export const UNICODE = 'Translate to French, please: “The café closes at nine” – \\ <b>"日本語"</b> & 😀\n\tThank you.';
export const SYSTEM = "You are a helpful assistant.";
export const BEFORE = "Which planet is the largest?";
export const ANSWERED = "Jupiter is the largest planet.";
export const NEXT = "Which planet of the solar system is the smallest?";
export const WEATHER = "What is the weather in Paris, France right now in degrees Celsius?";
export const VAGUE = "Summarize the article below.";
export const ARGUMENTS = { type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false };
export const TURNS = [0, 1, 2, 3, 4].flatMap((i) => [`What is ${i} plus ${i}? [ask]`, "Fix the bug in my function. [tell]"]);
export const FEW = 12;
export const NUMBERED = Array.from({ length: 12 }, (_, i) => `What is ${i} plus ${i}?`);

export const user = (content) => ({ role: "user", content });
export const assistant = (content) => ({ role: "assistant", content });

export async function all(stream) {
  const events = [];
  for await (const event of stream) events.push(event);
  return events;
}

export async function first(stream) {
  for await (const event of stream) return event;
}

// What a call that fails throws, for each status.
export async function faults(call) {
  const found = [];
  for (const status of [400, 401, 429, 500]) {
    try {
      found.push({ answered: await call(`${CLEAR} [status ${status}]`) });
    } catch (error) {
      found.push({ raised: error.constructor.name, said: error.message, status: error.status ?? error.statusCode, body: error.error ?? error.responseBody });
    }
  }
  if (found.some((each) => each.answered !== undefined)) throw new Error(`no error: ${JSON.stringify(found)}`);
  return found;
}

export function holds(condition, what) {
  if (!condition) throw new Error(`does not hold: ${JSON.stringify(what)}`);
}
