//! One description of every knob: the doc comment of its field.
//!
//! [`knobs!`] declares a struct whose fields are knobs and [`choice!`] an enum that is the value of one. Their doc
//! comments serve rustdoc, the help on the project page, and the comments of `windlass knobs`.

use std::fmt::Write;
use std::sync::LazyLock;

use serde_json::Value;

use super::{Budget, Recipe, Size, Stage, Strategy};

/// A knob as a form or a file shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Knob {
    /// Where in the recipe's JSON it is: `/warmup/steps`.
    pub pointer: String,
    /// Heads the knobs that belong together.
    pub group: &'static str,
    /// Its name for people.
    pub label: String,
    /// What it does, with the paper's value.
    pub help: String,
    /// What it may be and what that means; empty where it is no choice.
    pub choices: &'static [(&'static str, &'static str)],
}

/// More than a field each: the preset, the backbone, and how frames are chosen.
const APART: [&str; 6] = ["preset", "backbone", "budget", "strategy", "stratified", "quota"];

impl Recipe {
    /// Every knob, in order, but those that are more than a field.
    pub fn knobs() -> Vec<Knob> {
        let mut knobs = vec![];
        for part in Self::PARTS.iter().filter(|part| !APART.contains(&part.name)) {
            let inner = (part.parts)();
            let knob = |pointer, label, help| {
                knobs.push(Knob { pointer, group: part.group, label, help, choices: (part.choices)() });
            };
            let mut knob = knob;
            if inner.is_empty() {
                knob(format!("/{}", part.name), part.label.to_owned(), sentence(part.help));
            }
            for inner in inner {
                let help = if inner.help.is_empty() { part.help } else { inner.help };
                let label = format!("{} {}", part.label, inner.label);
                knob(format!("/{}/{}", part.name, inner.name), label, sentence(help));
            }
        }
        knobs
    }
}

impl Recipe {
    /// The knobs that a stage's result depends on: those of the adaptation count for the adaptation alone, and by what
    /// frames are chosen is said by each round.
    pub fn read_by(&self, stage: Stage) -> Value {
        let mut json = serde_json::to_value(self).expect("a recipe is plain data");
        let unread = |part: &&Part| {
            ["strategy", "stratified"].contains(&part.name) || part.group == "Adaptation" && stage != Stage::Adapt
        };
        for part in Self::PARTS.iter().filter(unread) {
            json[part.name].take();
        }
        json
    }

    /// As the `[recipe]` of an experiment file, each knob below what it does.
    pub fn to_toml(&self) -> String {
        let json = serde_json::to_value(self).expect("a recipe is plain data");
        let mut text = String::new();
        let mut tables = String::new();
        let mut table = "";
        let _ = writeln!(text, "[recipe]\npreset = {}\nbackbone = {}", json["preset"], json["backbone"]);
        let mut group = "";
        for part in Self::PARTS.iter().filter(|part| !["preset", "backbone"].contains(&part.name)) {
            if part.group != group {
                group = part.group;
                let _ = writeln!(text, "\n## {group}");
            }
            let value = &json[part.name];
            let inner = (part.parts)();
            let own = inner.iter().any(|inner| !inner.help.is_empty());
            // A schedule is a table of its own, and tables stand last in TOML.
            for inner in inner.iter().filter(|_| own) {
                if table != part.name {
                    table = part.name;
                    let _ = writeln!(tables, "\n## {}\n[recipe.{table}]", sentence(part.help));
                }
                write_knob(&mut tables, inner, &value[inner.name]);
            }
            if !own {
                write_knob(&mut text, part, value);
            }
        }
        text + &tables
    }
}

fn write_knob(text: &mut String, part: &Part, value: &Value) {
    let _ = writeln!(text, "\n# {}", sentence(part.help));
    for (choice, about) in (part.choices)().iter().filter(|_| value.is_string()) {
        let _ = writeln!(text, "#   {choice}: {}", sentence(about));
    }
    let value = match value {
        Value::Object(fields) => {
            let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name} = {value}")).collect();
            format!("{{ {} }}", fields.join(", "))
        }
        value => value.to_string(),
    };
    let _ = writeln!(text, "{} = {value}", part.name);
}

/// A doc comment's lines as one.
fn sentence(doc: &str) -> String {
    doc.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A field that is a knob, or that holds some.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) group: &'static str,
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) help: &'static str,
    pub(super) choices: fn() -> &'static [(&'static str, &'static str)],
    pub(super) parts: fn() -> &'static [Self],
}

/// The type of a knob.
pub(super) trait Kind {
    /// What it may be, where it is a choice.
    fn choices() -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// What it holds, where it is more than one knob.
    fn parts() -> &'static [Part] {
        &[]
    }
}

impl Kind for f64 {}
impl Kind for u64 {}
impl Kind for usize {}
impl Kind for Vec<String> {}
impl Kind for Budget {}

impl Kind for Strategy {
    fn choices() -> &'static [(&'static str, &'static str)] {
        static ALL: LazyLock<Vec<(&str, &str)>> =
            LazyLock::new(|| Strategy::ALL.iter().map(|strategy| (strategy.slug(), strategy.purpose())).collect());
        &ALL
    }
}

impl Kind for bool {
    fn choices() -> &'static [(&'static str, &'static str)] {
        &[("true", "Yes."), ("false", "No.")]
    }
}

const fn side(name: &'static str, label: &'static str) -> Part {
    Part { group: "", name, label, help: "", choices: <f64 as Kind>::choices, parts: <f64 as Kind>::parts }
}

impl Kind for Size {
    fn parts() -> &'static [Part] {
        const { &[side("width", "width"), side("height", "height")] }
    }
}

impl Kind for [f64; 2] {
    fn parts() -> &'static [Part] {
        const { &[side("0", "at least"), side("1", "at most")] }
    }
}

/// A struct of knobs: `group { /// help  #[serde(…)]  "Label" name: Type, … }`.
macro_rules! knobs {
    (
        $(#[doc = $about:literal])+
        pub struct $name:ident {
            $( $group:literal { $(
                $(#[doc = $help:literal])+
                $(#[serde($($serde:tt)+)])?
                $label:literal $field:ident: $type:ty,
            )+ } )+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        pub struct $name { $($(
            $(#[doc = $help])+
            $(#[serde($($serde)+)])?
            pub $field: $type,
        )+)+ }

        impl $name {
            pub(super) const PARTS: &[super::knobs::Part] = &[$($(
                super::knobs::Part {
                    group: $group,
                    name: stringify!($field),
                    label: $label,
                    help: concat!($($help),+),
                    choices: <$type as super::knobs::Kind>::choices,
                    parts: <$type as super::knobs::Kind>::parts,
                },
            )+)+];
        }

        impl super::knobs::Kind for $name {
            fn parts() -> &'static [super::knobs::Part] {
                Self::PARTS
            }
        }
    };
}

/// An enum that is a knob's value: `/// help  Variant = "name in files"`.
macro_rules! choice {
    (
        $(#[doc = $about:literal])+
        pub enum $name:ident { $(
            $(#[doc = $help:literal])+
            $(#[default $($default:tt)?])?
            $variant:ident = $text:literal,
        )+ }
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub enum $name { $(
            $(#[doc = $help])+
            $(#[default $($default)?])?
            #[serde(rename = $text)]
            $variant,
        )+ }

        impl super::knobs::Kind for $name {
            fn choices() -> &'static [(&'static str, &'static str)] {
                &[$(($text, concat!($($help),+))),+]
            }
        }
    };
}

pub(super) use {choice, knobs};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Backbone;

    #[test]
    fn knobs_of_the_adaptation_count_for_nothing_else() {
        let recipe = Recipe::recommended(Backbone::EfficientnetLite0);
        let counts = |other: &Recipe, stage| recipe.read_by(stage) != other.read_by(stage);
        let coloured = Recipe { jitter: 0.4, ..recipe.clone() };
        assert!(counts(&coloured, Stage::Adapt) && !counts(&coloured, Stage::Inject));
        let chosen = Recipe { strategy: Strategy::Coverage, ..recipe.clone() };
        assert!(!counts(&chosen, Stage::Select));
        let anchored = Recipe { k: 3, ..recipe.clone() };
        assert!(counts(&anchored, Stage::Inject) && counts(&anchored, Stage::Adapt));
    }

    #[test]
    fn every_value_of_a_recipe_is_a_knob_and_every_knob_is_in_the_recipe() {
        fn count(value: &Value) -> usize {
            match value {
                Value::Object(fields) => fields.values().map(count).sum(),
                Value::Array(items) if items.iter().all(Value::is_number) => items.len(),
                _ => 1,
            }
        }
        let recipe = serde_json::to_value(Recipe::recommended(Backbone::Resnet101)).unwrap();
        let knobs = Recipe::knobs();
        for knob in &knobs {
            let value = recipe.pointer(&knob.pointer).unwrap_or_else(|| panic!("{}", knob.pointer));
            assert!(!knob.help.is_empty() && !knob.label.is_empty(), "{knob:?}");
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let chosen = knob.choices.iter().any(|(choice, _)| *choice == text);
            assert_eq!(chosen, value.is_string() || value.is_boolean(), "{knob:?}");
        }
        assert_eq!(knobs.len(), count(&recipe) - APART.len());
    }
}
