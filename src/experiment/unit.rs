//! What an experiment assigns: where the unit of a request comes from.

use std::fmt;
use std::str::FromStr;

use http::HeaderName;

/// Our header that names the user, where the configuration trusts it.
const USER: &str = "x-groundwire-user";

/// The one kind of unit that an experiment assigns to arms.
///
/// A request without it is not enrolled: another kind in its place would put one person in two arms.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnitSource {
    /// `header:NAME`: the value of a request header. Of several that differ, none is believed.
    Header(HeaderName),
    /// `body:KEY.KEY…`: a text or a number in the request's JSON body.
    Body(Vec<String>),
    /// `conversation`: the conversation, however it was recognised.
    Conversation,
}

impl UnitSource {
    /// Whether it is our own header, `x-groundwire-user`.
    pub fn is_trusted_user(&self) -> bool {
        matches!(self, Self::Header(name) if name == USER)
    }
}

impl fmt::Display for UnitSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name) => write!(f, "header:{name}"),
            Self::Body(path) => write!(f, "body:{}", path.join(".")),
            Self::Conversation => f.write_str("conversation"),
        }
    }
}

impl FromStr for UnitSource {
    /// What is wrong.
    type Err = &'static str;

    /// ```
    /// use groundwire::experiment::UnitSource;
    ///
    /// for text in ["conversation", "header:x-groundwire-user", "body:metadata.user_id"] {
    ///     assert_eq!(text.parse::<UnitSource>().unwrap().to_string(), text);
    /// }
    /// assert!("user".parse::<UnitSource>().is_err());
    /// ```
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "conversation" {
            return Ok(Self::Conversation);
        }
        if let Some(name) = text.strip_prefix("header:") {
            let name: HeaderName = name.parse().map_err(|_| "names no header")?;
            return match name.as_str() {
                "x-groundwire-conversation" => Err("names the header of conversations, whose unit is \"conversation\""),
                name if name.starts_with("x-groundwire-") && name != USER => {
                    Err("names a header of ours that holds no unit")
                }
                _ => Ok(Self::Header(name)),
            };
        }
        let path = text.strip_prefix("body:").ok_or("is no kind of unit")?;
        let path: Vec<String> = path.split('.').map(str::to_owned).collect();
        if path.iter().any(String::is_empty) { Err("names no key of the body") } else { Ok(Self::Body(path)) }
    }
}
