//! The knobs of a recipe as fields of a form: each is a place in the recipe's JSON.

use std::collections::BTreeMap;

use serde_json::Value;

use super::choosing;
use crate::domain::{Backbone, Choice, Recipe};

/// A field.
#[derive(Debug)]
pub(crate) struct Knob {
    /// Where in the recipe's JSON it is; also the field's name.
    pub(crate) pointer: &'static str,
    pub(crate) label: &'static str,
    pub(crate) help: &'static str,
}

/// Knobs that belong together.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) title: &'static str,
    pub(crate) knobs: &'static [Knob],
}

const fn knob(pointer: &'static str, label: &'static str, help: &'static str) -> Knob {
    Knob { pointer, label, help }
}

/// What people change.
pub(crate) const FEW: &[Knob] = &[
    knob("/warmup/steps", "Warm-up steps", "Longer is better up to a point. The paper: 20 epochs."),
    knob("/inject/steps", "Injection steps", "Fine-tuning on the new labels."),
    knob("/adapt/steps", "Adaptation steps", "Semi-supervised training. The paper: 200 epochs."),
];

/// The others.
pub(crate) const GROUPS: &[Group] = &[
    Group {
        title: "Frames and batches",
        knobs: &[
            knob("/frame/width", "Frame width", "Frames are resized to this first, in training and inference alike."),
            knob("/frame/height", "Frame height", "In pixels."),
            knob(
                "/crop/width",
                "Crop width",
                "What the network sees while training; a multiple of 16. The paper: 896.",
            ),
            knob("/crop/height", "Crop height", "A multiple of 16. The paper: 512."),
            knob(
                "/scale/0",
                "Smallest scale",
                "A frame is resized by a random factor before it is cropped. The paper: 0.5.",
            ),
            knob("/scale/1", "Largest scale", "The paper: 1.5."),
            knob("/batch_source", "Source frames a step", "MADAv2's code: 4."),
            knob("/batch_target", "Target frames a step", "MADAv2's code: 4."),
            knob("/batch_unlabelled", "Unlabelled frames a step", "In the adaptation. MADAv2's code: 2."),
        ],
    },
    Group {
        title: "Warm-up",
        knobs: &[
            knob("/warmup/rate", "Learning rate", "Of the backbone at the first step. The paper: 2.5e-4."),
            knob("/warmup/head_times", "Head learns faster by", "ASPP, decoder and classifier. AdaptSegNet: 10."),
            knob("/warmup/momentum", "Momentum", "0.9."),
            knob("/warmup/weight_decay", "Weight decay", "5e-4."),
            knob(
                "/warmup/power",
                "Power of the decay",
                "The rate falls as (1 - step / steps) ^ power. The paper: 0.9.",
            ),
            knob(
                "/adversarial_weight",
                "Adversarial weight",
                "How hard the domains are pulled together. The paper: 0.01.",
            ),
            knob("/discriminator_rate", "Discriminator's rate", "Adam. ProDA: 1e-4."),
        ],
    },
    Group {
        title: "Anchors",
        knobs: &[
            knob("/min_pixels", "Pixels of a class", "Fewer and the class counts as absent. MADAv2's code: 10."),
            knob("/k", "Anchors of the source", "K. The paper: 10."),
            knob("/v", "Anchors of the target", "V, for selection and for the adaptation. MADAv2's code: 10."),
            knob("/kmeans_iterations", "K-means iterations", "At most. MADAv2's code: 20."),
            knob("/kmeans_restarts", "K-means restarts", "The best is kept."),
        ],
    },
    Group {
        title: "Injection",
        knobs: &[
            knob("/inject/rate", "Learning rate", "Of the backbone at the first step. The paper: 2.5e-4."),
            knob("/inject/head_times", "Head learns faster by", "AdaptSegNet: 10."),
            knob("/inject/momentum", "Momentum", "0.9."),
            knob("/inject/weight_decay", "Weight decay", "5e-4."),
            knob("/inject/power", "Power of the decay", "0.9."),
        ],
    },
    Group {
        title: "Adaptation",
        knobs: &[
            knob("/adapt/rate", "Learning rate", "Of the backbone at the first step. The paper: 2.5e-4."),
            knob("/adapt/head_times", "Head learns faster by", "AdaptSegNet: 10."),
            knob("/adapt/momentum", "Momentum", "0.9."),
            knob("/adapt/weight_decay", "Weight decay", "5e-4."),
            knob("/adapt/power", "Power of the decay", "0.9."),
            knob("/ohem_threshold", "Hard pixels below", "Pixels whose class got less than this count. AEL: 0.7."),
            knob("/ohem_min_kept", "Hard pixels at least", "As a share of all. AEL: 0.055."),
            knob("/consistency_weight", "Consistency weight", "Eq. 13. The paper: 1."),
            knob("/teacher_decay", "Teacher's decay", "Closer to 1 follows more slowly."),
            knob("/alignment_weight", "Alignment weight", "Eq. 14. MADAv2's code: 0.1."),
            knob("/alignment_start", "Alignment begins at", "As a share of the steps. MADAv2's code: 0.25."),
            knob("/anchor_decay", "Anchor decay", "Eq. 8: how much of an anchor stays. The paper: 0.999."),
        ],
    },
    Group {
        title: "Keeping",
        knobs: &[knob("/checkpoint_every", "Checkpoint every", "Steps. What a killed job loses at most.")],
    },
];

/// The recommended recipe with what the form says put into it. Empty fields keep the recommended value. Errors by field.
pub(crate) fn recipe(backbone: Backbone, form: &BTreeMap<String, String>) -> Result<Recipe, BTreeMap<String, String>> {
    let mut errors = BTreeMap::new();
    let recommended = Recipe::recommended(backbone);
    let mut json = serde_json::to_value(&recommended).expect("a recipe is plain data");
    for knob in FEW.iter().chain(GROUPS.iter().flat_map(|group| group.knobs)) {
        let typed = form.get(knob.pointer).map_or("", |text| text.trim());
        let Some(value) = json.pointer_mut(knob.pointer).filter(|_| !typed.is_empty()) else { continue };
        match parse(typed, value) {
            Some(parsed) => *value = parsed,
            None if value.is_u64() => {
                errors.insert(knob.pointer.to_owned(), "Give a whole number.".to_owned());
            }
            None => {
                errors.insert(knob.pointer.to_owned(), "Give a number, such as 0.5 or 2.5e-4.".to_owned());
            }
        }
    }
    if let Some(norm @ ("frozen" | "trained")) = form.get("norm").map(String::as_str) {
        json["norm"] = norm.into();
    }
    let mut choice = Choice::of(&recommended);
    match choosing::read(&mut choice, form) {
        Ok(()) => {
            json["budget"] = serde_json::json!(choice.budget);
            json["strategy"] = choice.strategy.slug().into();
            json["quota"] = choice.quota.unwrap_or(0).into();
        }
        Err(wrong) => errors.extend(wrong),
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let recipe: Result<Recipe, _> = serde_json::from_value(json);
    match recipe.map_err(|error| error.to_string()).and_then(|recipe| recipe.check().map(|()| recipe)) {
        Ok(recipe) => Ok(recipe),
        Err(message) => Err(BTreeMap::from([("recipe".to_owned(), message)])),
    }
}

/// A number of the kind that stands there already.
fn parse(typed: &str, like: &Value) -> Option<Value> {
    if like.is_u64() {
        return typed.parse::<u64>().ok().map(Value::from);
    }
    typed.replace(',', ".").parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::from)
}

/// Every knob of a recipe as a form shows it, by the field's name.
pub(crate) fn values(recipe: &Recipe) -> BTreeMap<String, String> {
    let json = serde_json::to_value(recipe).expect("a recipe is plain data");
    let knobs = FEW.iter().chain(GROUPS.iter().flat_map(|group| group.knobs));
    let fields = knobs.filter_map(|knob| Some((knob.pointer.to_owned(), json.pointer(knob.pointer)?.to_string())));
    fields.chain(choosing::values(&Choice::of(recipe))).collect()
}

/// The recommended value of a knob, for the field's placeholder.
pub(crate) fn recommended(backbone: Backbone, pointer: &str) -> String {
    let json = serde_json::to_value(Recipe::recommended(backbone)).expect("a recipe is plain data");
    json.pointer(pointer).map_or_else(String::new, ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Budget;

    fn form(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn every_knob_is_in_the_recipe_and_every_number_of_the_recipe_is_a_knob() {
        fn count(value: &Value) -> usize {
            match value {
                Value::Object(fields) => fields.values().map(count).sum(),
                Value::Array(items) => items.iter().map(count).sum(),
                value => usize::from(value.is_number()),
            }
        }
        let json = serde_json::to_value(Recipe::recommended(Backbone::Resnet101)).unwrap();
        let knobs: Vec<_> = FEW.iter().chain(GROUPS.iter().flat_map(|group| group.knobs)).collect();
        for knob in &knobs {
            assert!(json.pointer(knob.pointer).is_some_and(Value::is_number), "{}", knob.pointer);
        }
        // All but budget and quota, which have fields of their own.
        assert_eq!(knobs.len(), count(&json) - 2);
    }

    #[test]
    fn empty_fields_keep_what_is_recommended() {
        let lite = Backbone::EfficientnetLite0;
        assert_eq!(recipe(lite, &form(&[("/k", ""), ("/warmup/steps", "  ")])).unwrap(), Recipe::recommended(lite));
        let typed = form(&[("/k", "7"), ("/warmup/rate", "1e-3"), ("budget", "30"), ("budget_unit", "frames")]);
        let changed = recipe(lite, &typed).unwrap();
        assert_eq!(recipe(lite, &values(&changed)).map(|again| again.k), Ok(7), "what is shown can be sent back");
        assert_eq!((changed.k, changed.warmup.rate, changed.budget), (7, 1e-3, Budget::Frames(30)));
    }

    #[test]
    fn what_cannot_be_is_said_at_its_field() {
        let lite = Backbone::EfficientnetLite0;
        assert!(recipe(lite, &form(&[("/k", "seven")])).unwrap_err().contains_key("/k"));
        assert!(recipe(lite, &form(&[("/warmup/rate", "NaN")])).unwrap_err().contains_key("/warmup/rate"));
        assert!(recipe(lite, &form(&[("budget", "many")])).unwrap_err().contains_key("budget"));
        let crop = recipe(lite, &form(&[("/crop/width", "250")])).unwrap_err();
        assert!(crop["recipe"].contains("multiples of 16"), "{crop:?}");
    }
}
