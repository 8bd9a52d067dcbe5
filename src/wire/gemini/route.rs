//! What the target of a request says: the model, and whether and how the answer is streamed.

use crate::wire::call::AnswerForm;

/// A route of this dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Route<'a> {
    /// The model, as it stands in the path.
    pub(super) model: &'a str,
    pub(super) stream: bool,
}

/// What a model, or what serves as one, is listed under: Google's and tuned models, and endpoints of Vertex AI.
const COLLECTIONS: [&str; 3] = ["models", "tunedModels", "endpoints"];

impl<'a> Route<'a> {
    /// The route that `path` ends with; `None` for any other method of a model, such as counting tokens.
    pub(super) fn of(path: &'a str) -> Option<Self> {
        let (before, last) = path.rsplit_once('/')?;
        let collection = before.rsplit('/').next()?;
        let (model, method) =
            last.rsplit_once(':').or_else(|| last.rsplit_once("%3A")).or_else(|| last.rsplit_once("%3a"))?;
        let stream = match method {
            "generateContent" => false,
            "streamGenerateContent" => true,
            _ => return None,
        };
        (!model.is_empty() && COLLECTIONS.contains(&collection)).then_some(Self { model, stream })
    }

    /// What a target says, path and query: the route, where it is known, and the form of the answer.
    pub(super) fn of_target(target: &'a str) -> (Option<Self>, AnswerForm) {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let route = Self::of(path.strip_suffix('/').unwrap_or(path));
        // Google's system parameters may have a dollar sign before their name.
        let events = query.split('&').any(|pair| matches!(pair, "alt=sse" | "$alt=sse" | "%24alt=sse"));
        let array = route.is_some_and(|route| route.stream) && !events;
        (route, if array { AnswerForm::Array } else { AnswerForm::Usual })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_names_model_and_method() {
        for (path, model, stream) in [
            ("/v1beta/models/gemini-2.5-flash:generateContent", "gemini-2.5-flash", false),
            ("/v1/models/gemini-2.5-flash%3AstreamGenerateContent", "gemini-2.5-flash", true),
            ("/gemini/v1beta/tunedModels/mine-1:generateContent", "mine-1", false),
            (
                "/v1/projects/p/locations/l/publishers/google/models/gemini-pro:streamGenerateContent",
                "gemini-pro",
                true,
            ),
            ("/v1beta1/projects/p/locations/l/endpoints/123:generateContent", "123", false),
            ("/models/a:b:generateContent", "a:b", false),
        ] {
            assert_eq!(Route::of(path), Some(Route { model, stream }), "{path}");
        }
        for path in [
            "/v1beta/models/gemini-2.5-flash",
            "/v1beta/models/gemini-2.5-flash:countTokens",
            "/v1beta/models/text-embedding:embedContent",
            "/v1beta/models/gemini-2.5-flash:batchGenerateContent",
            "/v1beta/models/gemini-2.5-flash:generateContentX",
            "/v1/projects/p/locations/l/publishers/anthropic/models/claude:streamRawPredict",
            "/v1beta/models/:generateContent",
            "/v1beta/cachedContents/x:generateContent",
            "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent",
            "/v1internal:generateContent",
            "models:generateContent",
            "",
        ] {
            assert_eq!(Route::of(path), None, "{path}");
        }
    }

    #[test]
    fn a_stream_is_an_array_unless_events_are_asked_for() {
        for (query, form) in [
            ("", AnswerForm::Array),
            ("?alt=json", AnswerForm::Array),
            ("?key=k&xalt=sse", AnswerForm::Array),
            ("?alt=sse", AnswerForm::Usual),
            ("?key=k&alt=sse&x=1", AnswerForm::Usual),
            ("?$alt=sse", AnswerForm::Usual),
        ] {
            let target = format!("/v1beta/models/m:streamGenerateContent{query}");
            assert_eq!(Route::of_target(&target).1, form, "{target}");
            let target = format!("/v1beta/models/m:generateContent{query}");
            assert_eq!(Route::of_target(&target).1, AnswerForm::Usual, "{target}");
        }
        assert_eq!(Route::of_target(""), (None, AnswerForm::Usual));
    }
}
