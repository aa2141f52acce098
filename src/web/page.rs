//! What every page knows: who looks at it, in which colours, and where it stands.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::session::{Person, cookie};

/// Light, dark, or as the system has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    /// In the cookie and in `data-theme`.
    pub(crate) fn slug(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    pub(crate) fn from_slug(slug: &str) -> Self {
        [Self::Light, Self::Dark].into_iter().find(|theme| theme.slug() == slug).unwrap_or_default()
    }

    /// What the button in the bar changes to.
    pub(crate) fn next(self) -> Self {
        match self {
            Self::System => Self::Dark,
            Self::Dark => Self::Light,
            Self::Light => Self::System,
        }
    }
}

/// Only an address of ours: `//elsewhere` and `/\elsewhere` would leave it.
pub(crate) fn local(next: &str) -> &str {
    let ours = next.starts_with('/') && !next.starts_with("//") && !next.contains(['\\', '\n', '\r', '\t']);
    if ours { next } else { "/" }
}

/// The frame around every page; an argument of its handler and the field `page` of its template.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) person: Option<Person>,
    pub(crate) theme: Theme,
    /// The address it was asked by.
    pub(crate) path: String,
}

impl Page {
    /// Whether a lead looks at it.
    pub(crate) fn is_lead(&self) -> bool {
        self.person.as_ref().is_some_and(Person::is_lead)
    }
}

impl<S: Sync> FromRequestParts<S> for Page {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let theme = cookie(&parts.headers, "theme").map_or_else(Theme::default, |slug| Theme::from_slug(&slug));
        let path = parts.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
        Ok(Self { person: parts.extensions.get().cloned(), theme, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_never_leaves_the_site() {
        assert_eq!(local("/projects/1?tab=2"), "/projects/1?tab=2");
        for away in ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "", "/\t/evil"]
        {
            assert_eq!(local(away), "/", "{away}");
        }
    }
}
