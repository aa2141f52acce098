//! The knobs of a recipe as fields of a form. What they are and mean stands at [`Recipe`].

use std::collections::BTreeMap;

use serde_json::Value;

use super::choosing;
use crate::domain::{Backbone, Choice, Knob, Preset, Recipe};
use crate::web::words::sentence;

type Values = BTreeMap<String, String>;

/// What people change most.
const FEW: [&str; 3] = ["/warmup/steps", "/inject/steps", "/adapt/steps"];

/// The presets by name.
pub(crate) const PRESETS: [(&str, &str); 3] =
    [("recommended", "Recommended"), ("paper", "The paper"), ("released-code", "The authors' code")];

/// A knob in a form.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) knob: Knob,
    /// As typed, or as the recipe has it; empty keeps the preset's.
    pub(crate) value: String,
    pub(crate) preset: String,
    pub(crate) error: Option<String>,
}

impl Field {
    /// Whether it is something else than in the preset.
    pub(crate) fn is_changed(&self) -> bool {
        !self.value.is_empty() && self.value != self.preset
    }
}

/// Fields that belong together.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) title: &'static str,
    pub(crate) fields: Vec<Field>,
}

impl Group {
    /// Whether there is something in it that should be seen.
    pub(crate) fn is_open(&self) -> bool {
        self.fields.iter().any(|field| field.error.is_some())
    }

    /// How many of its fields are something else than in the preset.
    pub(crate) fn n_changed(&self) -> usize {
        self.fields.iter().filter(|field| field.is_changed()).count()
    }
}

/// The fields that people change most.
pub(crate) fn few(preset: &Recipe, values: &Values, errors: &Values) -> Vec<Field> {
    fields(preset, values, errors).filter(|field| FEW.contains(&field.knob.pointer.as_str())).collect()
}

/// All others.
pub(crate) fn groups(preset: &Recipe, values: &Values, errors: &Values) -> Vec<Group> {
    let mut groups: Vec<Group> = vec![];
    for field in fields(preset, values, errors).filter(|field| !FEW.contains(&field.knob.pointer.as_str())) {
        match groups.iter_mut().find(|group| group.title == field.knob.group) {
            Some(group) => group.fields.push(field),
            None => groups.push(Group { title: field.knob.group, fields: vec![field] }),
        }
    }
    groups
}

fn fields(preset: &Recipe, values: &Values, errors: &Values) -> impl Iterator<Item = Field> {
    let of_preset = self::values(preset);
    Recipe::knobs().into_iter().map(move |knob| {
        let of = |values: &Values| values.get(&knob.pointer).cloned();
        let (value, error) = (of(values).unwrap_or_default(), of(errors));
        Field { value, preset: of(&of_preset).unwrap_or_default(), error, knob }
    })
}

/// The preset that a form names; what is recommended where it names none.
pub(crate) fn preset(backbone: Backbone, form: &Values) -> Recipe {
    let named = form.get("preset").and_then(|name| serde_json::from_value::<Preset>(name.as_str().into()).ok());
    Recipe::preset(named.unwrap_or_default(), backbone)
}

/// The form's preset with what the form says put into it. Empty fields keep the preset's value. Errors by field.
pub(crate) fn recipe(backbone: Backbone, form: &Values) -> Result<Recipe, Values> {
    let mut errors = Values::new();
    let preset = preset(backbone, form);
    let mut json = serde_json::to_value(&preset).expect("a recipe is plain data");
    for knob in Recipe::knobs() {
        let typed = form.get(&knob.pointer).map_or("", |text| text.trim());
        let Some(value) = json.pointer_mut(&knob.pointer).filter(|_| !typed.is_empty()) else { continue };
        match parse(typed, value, &knob) {
            Ok(parsed) => *value = parsed,
            Err(message) => {
                errors.insert(knob.pointer, message.to_owned());
            }
        }
    }
    let mut choice = Choice::of(&preset);
    match choosing::read(&mut choice, form) {
        Ok(()) => {
            json["budget"] = serde_json::json!(choice.budget);
            json["strategy"] = choice.strategy.slug().into();
            json["stratified"] = choice.stratified.into();
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
        Err(message) => Err(Values::from([at_its_field(&message)])),
    }
}

/// The field of the knob that a sentence of [`Recipe::check`] begins with, and the sentence by the knob's label; `recipe`
/// where it is about several.
fn at_its_field(message: &str) -> (String, String) {
    let name = message.split(' ').next().unwrap_or_default();
    let at = format!("/{}", name.replace('.', "/"));
    let knobs = Recipe::knobs();
    if let Some(knob) = knobs.iter().find(|knob| knob.pointer == at) {
        return (at, sentence(&message.replacen(name, &knob.label, 1)));
    }
    // Two sides, or the smallest and the largest.
    let part = knobs.iter().find(|knob| knob.pointer.starts_with(&format!("{at}/")));
    (part.map_or_else(|| "recipe".into(), |part| part.pointer.clone()), sentence(message))
}

/// A value of the kind that stands there already.
fn parse(typed: &str, like: &Value, knob: &Knob) -> Result<Value, &'static str> {
    match like {
        Value::Bool(_) => typed.parse().map(Value::Bool).map_err(|_| "Choose yes or no."),
        Value::String(_) if knob.choices.iter().any(|(choice, _)| *choice == typed) => Ok(typed.into()),
        Value::String(_) => Err("Choose one of the list."),
        Value::Array(_) if typed == "none" => Ok(Value::Array(vec![])),
        Value::Array(_) => Ok(typed.split(',').map(str::trim).filter(|word| !word.is_empty()).collect()),
        like if like.is_u64() => typed.parse::<u64>().map(Value::from).map_err(|_| "Give a whole number."),
        _ => {
            let number = typed.replace(',', ".").parse::<f64>().ok().filter(|number| number.is_finite());
            number.map(Value::from).ok_or("Give a number, such as 0.5 or 2.5e-4.")
        }
    }
}

/// Every knob of a recipe as a form shows it, by the field's name.
pub(crate) fn values(recipe: &Recipe) -> Values {
    let json = serde_json::to_value(recipe).expect("a recipe is plain data");
    let preset = ("preset".to_owned(), text(&json["preset"]));
    let knobs = Recipe::knobs().into_iter();
    knobs
        .filter_map(|knob| Some((text(json.pointer(&knob.pointer)?), knob.pointer)))
        .map(|(text, at)| (at, text))
        .chain([preset])
        .chain(choosing::values(&Choice::of(recipe)))
        .collect()
}

fn text(value: &Value) -> String {
    match value {
        Value::String(word) => word.clone(),
        Value::Array(words) if words.is_empty() => "none".into(),
        Value::Array(words) => words.iter().map(text).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// A choice's name for people.
pub(crate) fn word(choice: &str) -> String {
    match choice {
        "true" => "yes".into(),
        "false" => "no".into(),
        other => other.replace('_', " "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Budget, Consistency};

    const LITE: Backbone = Backbone::EfficientnetLite0;

    fn form(pairs: &[(&str, &str)]) -> Values {
        pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn empty_fields_keep_what_the_preset_has() {
        assert_eq!(recipe(LITE, &form(&[("/k", ""), ("/warmup/steps", "  ")])).unwrap(), Recipe::recommended(LITE));
        assert_eq!(recipe(LITE, &form(&[("preset", "paper")])).unwrap(), Recipe::preset(Preset::Paper, LITE));
        let typed = form(&[("/k", "7"), ("/warmup/rate", "1e-3"), ("budget", "30"), ("budget_unit", "frames")]);
        let changed = recipe(LITE, &typed).unwrap();
        assert_eq!((changed.k, changed.warmup.rate, changed.budget), (7, 1e-3, Budget::Frames(30)));
    }

    #[test]
    fn what_is_shown_can_be_sent_back() {
        for preset in [Preset::Paper, Preset::ReleasedCode, Preset::Recommended] {
            let made = Recipe::preset(preset, LITE);
            assert_eq!(recipe(LITE, &values(&made)).unwrap(), made);
            assert!(groups(&made, &values(&made), &Values::new()).iter().all(|group| group.n_changed() == 0));
        }
    }

    #[test]
    fn choices_lists_and_switches_are_read() {
        let typed =
            [("/cutmix", "false"), ("/consistency", "ohem"), ("/never_pasted", "road, sky"), ("/norm", "trained")];
        let made = recipe(LITE, &form(&typed)).unwrap();
        assert!(!made.cutmix && made.consistency == Consistency::Ohem && made.never_pasted == ["road", "sky"]);
        assert!(recipe(LITE, &form(&[("/never_pasted", "none")])).unwrap().never_pasted.is_empty());
        let errors = Values::from([("/cutmix".to_owned(), "No.".to_owned())]);
        let groups = groups(&Recipe::recommended(LITE), &form(&typed), &errors);
        let adaptation = groups.iter().find(|group| group.title == "Adaptation").unwrap();
        assert!(adaptation.is_open() && adaptation.n_changed() == 3);
    }

    #[test]
    fn what_cannot_be_is_said_at_its_field() {
        let wrong = |name: &str, value: &str| recipe(LITE, &form(&[(name, value)])).unwrap_err();
        for (name, value) in
            [("/k", "seven"), ("/warmup/rate", "NaN"), ("budget", "many"), ("/norm", "thawed"), ("/cutmix", "maybe")]
        {
            assert!(wrong(name, value).contains_key(name), "{name}");
        }
        assert!(wrong("/crop/width", "250")["/crop/width"].contains("multiples of 16"));
        assert!(wrong("/adapt/horizon", "10")["/adapt/horizon"].contains("0 before the end"));
        assert!(wrong("/dropout", "2")["/dropout"].ends_with(" is 2: give 0 to 1."));
        assert!(wrong("/batch_source", "0")["recipe"].starts_with("Batches are of"));
    }
}
