//! Enums without fields that have one word each: in JSON, files, forms, addresses and the database.

/// `Variant = "word"`. Adds all variants in order, a variant's word, and the variant of a word.
macro_rules! words {
    (
        $(#[$about:meta])+
        pub enum $name:ident { $(
            $(#[$help:meta])+
            $variant:ident = $word:literal,
        )+ }
    ) => {
        $(#[$about])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub enum $name { $(
            $(#[$help])+
            #[serde(rename = $word)]
            $variant,
        )+ }

        impl $name {
            /// All of them, in order.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// In JSON, files, forms, addresses and the database.
            pub fn slug(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The one of a slug.
            pub fn from_slug(slug: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.slug() == slug)
            }
        }
    };
}

pub(crate) use words;
