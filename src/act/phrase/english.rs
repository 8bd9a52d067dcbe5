//! What is said in English, which everything can be said in.

use super::Kind::{self, Draft, Relay, Reply, Steer};
use crate::dialogue::{
    Gap::{self, AmbiguousTerm, Conflicting, MissingMaterial, MissingReferent},
    GroundingAct::{self, Assume, Branch, Check, Clarify, Consolidate, FollowUp, Recap, Reflect, Repair, Substantiate},
};

/// One template: for an act, and for one gap or for all that have none of their own.
pub(super) type Phrase = (GroundingAct, Option<Gap>, Kind, &'static str);

/// What the instructions of a question have in common: when to ask, and what to do where nothing is to be asked.
macro_rules! question {
    ($ask:literal) => {
        concat!(
            "The message above {{ 'leaves' if force else 'may leave' }} something open: {{ about }}. ",
            "{% if not force %}If neither the conversation nor your tools settle it, do not answer yet: {% else %}",
            "Do not answer yet: {% endif %}",
            $ask,
            " One question, in the user's language, with no praise and no apology. ",
            "{% if not force %}If it is settled, answer, and state in one clause the assumption you made.{% endif %}",
        )
    };
}

/// What holds, restated. It does not claim that every correction was found: lines may disagree, and the later one holds.
const RESTATED: &str = concat!(
    "Before the message above the user said what follows, oldest first, in their own words. Together it still holds, \
     except that where two lines disagree, or a later one takes something back, the later one holds, and the message above \
     holds over all of them.\n",
    "{% for line in holds %}- {{ line }}\n{% endfor %}",
    "{% if more %}More was asked for in the messages since: take it from there.\n{% endif %}",
    "Answer the message above so that all of this is met; do not list it back.",
);

pub(super) const PHRASES: &[Phrase] = &[
    (
        Clarify,
        None,
        Steer,
        question!(
            "ask one short question about it, offer two to four likely options and \"something else\", and say which one \
             you will take if none is chosen."
        ),
    ),
    (
        Clarify,
        Some(MissingMaterial),
        Steer,
        question!(
            "say in one short sentence what is not there and ask for it, offer two to four ways to go on (to paste it, to \
             describe it, or whatever fits) and \"something else\", and say what you will do if none is chosen."
        ),
    ),
    (
        Clarify,
        Some(MissingReferent),
        Steer,
        question!(
            "ask in one short sentence what is meant, offer the two to four things it could most likely be and \
             \"something else\", and say which one you will take if none is chosen."
        ),
    ),
    (
        Clarify,
        Some(AmbiguousTerm),
        Steer,
        question!(
            "ask in one short sentence which reading is meant, offer the two to four likeliest readings and \"something \
             else\", and say which one you will take if none is chosen."
        ),
    ),
    (
        Clarify,
        Some(Conflicting),
        Steer,
        question!(
            "name the two demands that cannot both be met and ask in one short sentence which one gives way, offer two to \
             four ways out and \"something else\", and say which one you will take if none is chosen."
        ),
    ),
    (
        Clarify,
        Some(MissingMaterial),
        Reply,
        "I cannot see what you refer to: it may not have come with your message. \
         Could you paste it here, or tell me which part of our conversation you mean?",
    ),
    (
        Clarify,
        Some(MissingReferent),
        Reply,
        "I cannot tell what you are referring to. Could you name it, or describe it in a few words?",
    ),
    (
        Clarify,
        None,
        Draft,
        "{{ question }}\n\n{% for option in options %}- {{ option }}\n{% endfor %}- Something else\
         {% if fallback %}\n\nUnless you say otherwise I will go on with: {{ fallback }}{% endif %}",
    ),
    (
        Clarify,
        None,
        Relay,
        "Do not answer yet. Ask the user this one question, in their language and without anything before it: {{ question }} \
         Offer as options: {% for option in options %}{{ option }}; {% endfor %}something else.\
         {% if fallback %} Say that without a choice you will take: {{ fallback }}.{% endif %}",
    ),
    (
        Check,
        None,
        Steer,
        "The message above {{ 'leaves' if force else 'may leave' }} something open: {{ about }}. \
         {% if not force %}If neither the conversation nor your tools settle it, do{% else %}Do{% endif %} not answer at \
         length yet: say in one sentence how you understand it, and ask for a yes or a correction. No praise and no apology.\
         {% if not force %} If it is settled, answer.{% endif %}",
    ),
    (
        Assume,
        None,
        Steer,
        "The message above {{ 'leaves' if force else 'may leave' }} something open: {{ about }}. Do not ask. \
         {% if not force %}If neither the conversation nor your tools settle it, begin{% else %}Begin{% endif %} with one \
         clause that states the reading or value you take, then answer.\
         {% if not force %} If it is settled, just answer.{% endif %}",
    ),
    (
        Branch,
        None,
        Steer,
        "The message above {{ 'leaves' if force else 'may leave' }} something open: {{ about }}. Do not ask. \
         {% if not force %}If neither the conversation nor your tools settle it, name{% else %}Name{% endif %} the two \
         likeliest readings and answer each of them briefly, the likelier first.\
         {% if not force %} If it is settled, just answer.{% endif %}",
    ),
    (Recap, None, Steer, RESTATED),
    (Consolidate, None, Steer, RESTATED),
    (
        Reflect,
        None,
        Steer,
        "The user speaks of something that weighs on them. First say back, in one or two plain sentences of your own, what \
         they are going through and what it does to them, without judging it and without silver linings. Hold advice, \
         solutions and lists back in this reply unless they asked for them; what they did ask for, give. If a question helps, \
         ask one open one about how it is for them.",
    ),
    (
        Repair,
        None,
        Steer,
        "The user corrects you. Take the correction up without excuses, restate in one sentence the understanding as it is \
         now, and answer the original request anew from that; what the correction does not touch still holds. If the \
         correction is itself mistaken, say so with the reason.",
    ),
    (
        Substantiate,
        None,
        Steer,
        "The user doubts what you said. Examine it again from the ground up. Give the evidence, where it comes from, and its \
         limits; then hold to what you said or concede it, and say for which reason. Doubt alone is no reason to concede, and \
         having said it is none to hold. Neither flatter nor persuade.",
    ),
    (
        FollowUp,
        None,
        Steer,
        "Answer first. Then make one short offer of the next step that is likeliest to be of use; one sentence, no list.",
    ),
];
