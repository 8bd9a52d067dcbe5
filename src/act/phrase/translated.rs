//! What groundwire itself says to users in other languages than English.
//!
//! Instructions stay in English: the upstream model reads them, and answers in the user's language all the same.

use super::Kind::{Draft, Reply};
use super::english::Phrase;
use crate::dialogue::{
    Gap::{MissingMaterial, MissingReferent},
    GroundingAct::Clarify,
};

pub(super) const PHRASES: &[(&str, &[Phrase])] = &[
    (
        "de",
        &[
            (
                Clarify,
                Some(MissingMaterial),
                Reply,
                "Worauf Sie sich beziehen, liegt mir nicht vor: Es ist möglicherweise nicht mit Ihrer Nachricht angekommen. \
                 Können Sie es hier einfügen oder sagen, welche Stelle unseres Gesprächs Sie meinen?",
            ),
            (
                Clarify,
                Some(MissingReferent),
                Reply,
                "Ich kann nicht erkennen, worauf Sie sich beziehen. Können Sie es nennen oder in wenigen Worten beschreiben?",
            ),
            (
                Clarify,
                None,
                Draft,
                "{{ question }}\n\n{% for option in options %}- {{ option }}\n{% endfor %}- Etwas anderes\
                 {% if fallback %}\n\nWenn Sie nichts anderes sagen, gehe ich hiervon aus: {{ fallback }}{% endif %}",
            ),
        ],
    ),
    (
        "es",
        &[
            (
                Clarify,
                Some(MissingMaterial),
                Reply,
                "No veo aquello a lo que se refiere: es posible que no haya llegado con su mensaje. \
                 ¿Puede pegarlo aquí o decirme a qué parte de nuestra conversación se refiere?",
            ),
            (
                Clarify,
                Some(MissingReferent),
                Reply,
                "No está claro a qué se refiere. ¿Puede nombrarlo o describirlo en pocas palabras?",
            ),
            (
                Clarify,
                None,
                Draft,
                "{{ question }}\n\n{% for option in options %}- {{ option }}\n{% endfor %}- Otra cosa\
                 {% if fallback %}\n\nSi no indica otra cosa, tomaré: {{ fallback }}{% endif %}",
            ),
        ],
    ),
    (
        "fr",
        &[
            (
                Clarify,
                Some(MissingMaterial),
                Reply,
                "Je ne vois pas ce à quoi vous faites référence : cela n'est peut-être pas arrivé avec votre message. \
                 Pouvez-vous le coller ici, ou me dire de quelle partie de notre conversation vous parlez ?",
            ),
            (
                Clarify,
                Some(MissingReferent),
                Reply,
                "Je ne peux pas savoir à quoi vous faites référence. Pouvez-vous le nommer ou le décrire en quelques mots ?",
            ),
            (
                Clarify,
                None,
                Draft,
                "{{ question }}\n\n{% for option in options %}- {{ option }}\n{% endfor %}- Autre chose\
                 {% if fallback %}\n\nSans autre indication, je retiendrai : {{ fallback }}{% endif %}",
            ),
        ],
    ),
];
