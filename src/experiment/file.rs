//! An experiment's file: which data, which knobs, what to compare.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde::Deserialize;
use serde_json::Value;

use crate::domain::{Backbone, Dataset, Preset, Recipe, Stage, Strategy, Taxonomy};

/// What `windlass run` plays.
#[derive(Clone, Debug, PartialEq)]
pub struct Experiment {
    /// Heads the report.
    pub name: String,
    /// The classes.
    pub taxonomy: Taxonomy,
    /// Every arm is played once with each.
    pub seeds: Vec<u64>,
    /// Labelled.
    pub source: Dataset,
    /// To choose from. Its labels answer for people.
    pub target: Dataset,
    /// To measure on.
    pub val: Dataset,
    /// Of all arms.
    pub recipe: Recipe,
    /// Keep every arm's answer on the validation frames, for other programs to judge.
    pub predictions: bool,
    /// In the order of playing.
    pub arms: Vec<Arm>,
}

/// One way to a model, which is then measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Arm {
    /// Stands in the table.
    pub name: String,
    /// `warmup`, `inject` or `adapt`.
    pub stage: Stage,
    /// Name of the earlier arm whose model this one starts from.
    pub from: Option<String>,
    /// How an `inject` finds frames to label. Without one it trains on with the labels that its parent has: a control.
    pub strategy: Option<Strategy>,
    /// Of [`Strategy::Listed`]: a file of names, or of numbers.
    pub list: Option<PathBuf>,
    /// The names that the numbers of the list count.
    pub names: Option<PathBuf>,
    /// Name of the arm, of as many steps, that this one is compared with; the first where none is named.
    pub control: Option<String>,
    /// The experiment's knobs with the arm's own over them.
    pub recipe: Recipe,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ArmFile {
    name: String,
    stage: Stage,
    from: Option<String>,
    strategy: Option<Strategy>,
    list: Option<PathBuf>,
    names: Option<PathBuf>,
    control: Option<String>,
    #[serde(default)]
    recipe: toml::Table,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    taxonomy: String,
    #[serde(default = "first_seed")]
    seeds: Vec<u64>,
    source: Dataset,
    target: Dataset,
    val: Dataset,
    #[serde(default)]
    predictions: bool,
    #[serde(default)]
    recipe: toml::Table,
    arm: Vec<ArmFile>,
}

fn first_seed() -> Vec<u64> {
    vec![1]
}

impl Experiment {
    /// Reads a file, on the data and with the knobs of another one where that is given; its own win. Paths of datasets
    /// are taken as being below `data`.
    pub fn read(path: &Path, on: Option<&Path>, data: &Path) -> Result<Self> {
        let table = |path: &Path| -> Result<toml::Table> {
            let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
            toml::from_str(&text).map_err(|error: toml::de::Error| {
                let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
                let line = 1 + before.matches('\n').count();
                let what = error.message().lines().next().unwrap_or_default();
                anyhow!(
                    "{} is no experiment: line {line} is no TOML ({what}). Those in experiments/ show what one has",
                    path.display()
                )
            })
        };
        let mut whole = match on {
            Some(on) => table(on)?,
            None => toml::Table::new(),
        };
        let ground = whole.get("name").and_then(|name| name.as_str()).map(str::to_owned);
        put_over(&mut whole, table(path)?);
        let parsed = File::deserialize(whole).map_err(|error| anyhow!("{}", error.message())).and_then(Self::new);
        let mut experiment = parsed.with_context(|| {
            let hint = if on.is_none() { ", or wants a pair of domains by --on" } else { "" };
            format!("{} is no experiment{hint}", path.display())
        })?;
        if let Some(ground) = ground {
            experiment.name = format!("{}, {ground}", experiment.name);
        }
        let data = std::path::absolute(data)?;
        for dataset in [&mut experiment.source, &mut experiment.target, &mut experiment.val] {
            dataset.root = data.join(&dataset.root);
            dataset.labels = dataset.labels.as_ref().map(|labels| data.join(labels));
            dataset.mapping = dataset.mapping.as_ref().map(|mapping| data.join(mapping));
        }
        for path in experiment.arms.iter_mut().flat_map(|arm| [&mut arm.list, &mut arm.names]).flatten() {
            *path = data.join(&*path);
        }
        Ok(experiment)
    }

    #[cfg(test)]
    fn parse(text: &str) -> Result<Self> {
        Self::new(toml::from_str(text)?)
    }

    fn new(file: File) -> Result<Self> {
        let taxonomy = Taxonomy::built_in(&file.taxonomy).with_context(|| {
            format!("there is no taxonomy `{}`: give one of {}", file.taxonomy, Taxonomy::BUILT_IN.join(", "))
        })?;
        ensure!(!file.seeds.is_empty(), "give at least one seed");
        let File { name, seeds, source, target, val, predictions, .. } = file;
        let knobs = file.recipe;
        let recipe = self::recipe(&[&knobs])?;
        let mut arms: Vec<Arm> = Vec::with_capacity(file.arm.len());
        for arm in file.arm {
            let ArmFile { name, stage, from, strategy, list, names, control, recipe: own } = arm;
            let mut recipe = self::recipe(&[&knobs, &own]).with_context(|| format!("arm `{name}`"))?;
            if let Some(parent) = arms.iter().find(|other| from.as_ref() == Some(&other.name)) {
                // The weights know these from their warm-up, whatever the arm's preset says.
                let Recipe { input, gan, .. } = parent.recipe;
                for (knob, differs) in [("input", input != recipe.input), ("gan", gan != recipe.gan)] {
                    let says = differs && own.contains_key(knob);
                    ensure!(!says, "arm `{name}` has a `{knob}` of its own, which only a warm-up reads: leave it out");
                }
                recipe = Recipe { input, gan, ..recipe };
            }
            arms.push(Arm { name, stage, from, strategy, list, names, control, recipe });
        }
        check_arms(&arms)?;
        Ok(Self { name, taxonomy, seeds, source, target, val, recipe, predictions, arms })
    }
}

/// Tables are laid over each other, anything else takes the place of what was there; so does a budget, which is one of
/// several keys, never two.
fn put_over(base: &mut toml::Table, over: toml::Table) {
    for (name, value) in over {
        match (base.get_mut(&name), value) {
            (Some(toml::Value::Table(base)), toml::Value::Table(over)) if name != "budget" => put_over(base, over),
            (_, value) => _ = base.insert(name, value),
        }
    }
}

fn check_arms(arms: &[Arm]) -> Result<()> {
    ensure!(!arms.is_empty(), "give at least one [[arm]]");
    for (at, arm) in arms.iter().enumerate() {
        let (name, before) = (&arm.name, &arms[..at]);
        ensure!(before.iter().all(|other| slug(&other.name) != slug(name)), "two arms are called `{name}`");
        let parent = match &arm.from {
            Some(from) => Some(
                before
                    .iter()
                    .find(|other| other.name == *from)
                    .with_context(|| format!("arm `{name}` is from `{from}`, which is no earlier arm"))?,
            ),
            None => None,
        };
        if let Some(control) = &arm.control {
            ensure!(
                arms.iter().any(|other| other.name == *control),
                "arm `{name}` has the control `{control}`, no arm"
            );
        }
        if let Some(parent) = parent.filter(|_| arm.stage == Stage::Adapt || arm.strategy.is_some()) {
            // Which classes a frame has is told by features, which are the parent's and of its knobs.
            let (ours, theirs) = (arm.recipe.min_pixels, parent.recipe.min_pixels);
            ensure!(
                ours == theirs,
                "arm `{name}` has min_pixels {ours} and the features of arm `{}`, which has {theirs}: give both the same",
                parent.name
            );
        }
        let is_listed = arm.strategy == Some(Strategy::Listed);
        ensure!(is_listed == arm.list.is_some(), "arm `{name}`: the strategy `listed` and a `list` go together");
        ensure!(arm.list.is_some() || arm.names.is_none(), "arm `{name}` has `names` for no `list`");
        match (arm.stage, parent, arm.strategy) {
            (Stage::Warmup, None, None) | (Stage::Inject, Some(_), Some(_)) => {}
            (Stage::Inject, Some(parent), None) if parent.stage != Stage::Warmup => {}
            (Stage::Warmup, ..) => bail!("arm `{name}` is a warm-up: it has neither `from` nor `strategy`"),
            (Stage::Inject, ..) => {
                let strategies = Strategy::ALL.iter().map(|strategy| strategy.slug()).collect::<Vec<_>>().join(", ");
                bail!("arm `{name}` injects: give `from` and `strategy` ({strategies})")
            }
            (Stage::Adapt, Some(parent), None) if parent.stage != Stage::Warmup => {}
            (Stage::Adapt, ..) => bail!("arm `{name}` adapts: give `from`, an arm with labels, and no `strategy`"),
            _ => bail!("arm `{name}` cannot be a {}: give warmup, inject or adapt", arm.stage.slug()),
        }
    }
    Ok(())
}

/// The preset of the backbone that these tables name, with their knobs over it, the last table's over all.
fn recipe(tables: &[&toml::Table]) -> Result<Recipe> {
    let named = |name: &str| tables.iter().rev().find_map(|knobs| knobs.get(name)).cloned();
    let backbone = named("backbone").map(toml::Value::try_into::<Backbone>).transpose().context("recipe.backbone")?;
    let preset = named("preset").map(toml::Value::try_into::<Preset>).transpose().context("recipe.preset")?;
    let recipe = Recipe::preset(preset.unwrap_or_default(), backbone.unwrap_or_default());
    let mut recipe = serde_json::to_value(recipe)?;
    for knobs in tables {
        lay_over(&mut recipe, serde_json::to_value(knobs)?, "recipe")?;
    }
    let recipe: Recipe = serde_json::from_value(recipe).context("the recipe cannot be read")?;
    recipe.check().map_err(|wrong| anyhow::anyhow!("the recipe cannot be followed: {wrong}"))?;
    Ok(recipe)
}

/// Replaces knobs one by one; a name that does not exist is a mistake, not a new knob.
fn lay_over(base: &mut Value, over: Value, path: &str) -> Result<()> {
    match (base, over) {
        // `{ percent = 5 }` or `{ frames = 149 }`: one of the two, never both.
        (base, over @ Value::Object(_)) if path == "recipe.budget" => *base = over,
        (Value::Object(base), Value::Object(over)) => {
            for (name, value) in over {
                let path = format!("{path}.{name}");
                let base = base.get_mut(&name).with_context(|| format!("there is no knob {path}"))?;
                lay_over(base, value, &path)?;
            }
        }
        (base, over) => *base = over,
    }
    Ok(())
}

/// A name as a part of file names: `149 random` is `149-random`.
pub(super) fn slug(name: &str) -> String {
    let keep = |c: char| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let words: String = name.chars().map(keep).collect();
    words.split('-').filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Budget, Gan, Input};

    const DATA: &str = r#"
        name = "test"
        taxonomy = "camvid11"
        source = { layout = "camvid", root = "camvid", split = "train" }
        target = { layout = "cityscapes", root = "city", split = "train" }
        val = { layout = "cityscapes", root = "city", split = "val" }
    "#;

    fn parse(rest: &str) -> Result<Experiment, String> {
        Experiment::parse(&format!("{DATA}{rest}")).map_err(|error| format!("{error:#}"))
    }

    const WARMUP: &str = "\n[[arm]]\nname = \"M0\"\nstage = \"warmup\"\n";

    #[test]
    fn knobs_replace_what_is_recommended() {
        let knobs = "[recipe]\nbatch_source = 3\nbudget = { frames = 9 }\n[recipe.warmup]\nsteps = 7\n";
        let recipe = parse(&format!("{knobs}{WARMUP}")).unwrap().recipe;
        assert_eq!((recipe.batch_source, recipe.budget, recipe.warmup.steps), (3, Budget::Frames(9), 7));
        assert_eq!(recipe.warmup.rate, Recipe::recommended(Backbone::EfficientnetLite0).warmup.rate);
    }

    #[test]
    fn a_file_can_begin_with_another_preset() {
        let recipe = parse(&format!("[recipe]\npreset = \"paper\"\nnever_pasted = []\ncutmix = false\n{WARMUP}"))
            .unwrap()
            .recipe;
        let paper = Recipe::preset(Preset::Paper, Backbone::EfficientnetLite0);
        assert_eq!(recipe, Recipe { never_pasted: vec![], cutmix: false, ..paper });
    }

    #[test]
    fn what_windlass_knobs_prints_is_a_recipe() {
        for preset in [Preset::Paper, Preset::ReleasedCode, Preset::Recommended] {
            for backbone in [Backbone::Resnet101, Backbone::EfficientnetLite0] {
                let recipe = Recipe::preset(preset, backbone);
                assert_eq!(parse(&format!("{}{WARMUP}", recipe.to_toml())).unwrap().recipe, recipe);
            }
        }
    }

    #[test]
    fn mistakes_are_named() {
        let says = |rest: &str, sentence: &str| {
            let said = parse(rest).unwrap_err();
            assert!(said.contains(sentence), "{said}");
        };
        says(&format!("[recipe.warmup]\nstep = 7\n{WARMUP}"), "there is no knob recipe.warmup.step");
        says(&format!("[recipe]\nk = 0\n{WARMUP}"), "k and v must be at least 1");
        says(&format!("[recipe]\npreset = \"best\"\n{WARMUP}"), "unknown variant `best`");
        says(&format!("[recipe]\ngan = \"wasserstein\"\n{WARMUP}"), "unknown variant `wasserstein`");
        says("", "missing field `arm`");
        says(&WARMUP.repeat(2), "two arms are called `M0`");
        let arm = |rest: &str| format!("{WARMUP}[[arm]]\nname = \"M1\"\n{rest}");
        says(&arm("stage = \"inject\"\nfrom = \"M9\"\nstrategy = \"random\""), "`M9`, which is no earlier arm");
        says(&arm("stage = \"inject\"\nfrom = \"M0\""), "give `from` and `strategy`");
        says(&arm("stage = \"inject\"\nfrom = \"M0\"\nstrategy = \"best\""), "unknown variant `best`");
        says(&arm("stage = \"inject\"\nfrom = \"M0\"\nstrategy = \"listed\""), "`listed` and a `list` go together");
        says(&arm("stage = \"inject\"\nfrom = \"M0\"\nstrategy = \"mada\"\ncontrol = \"M9\""), "control `M9`, no arm");
        says(&arm("stage = \"warmup\"\n[arm.recipe]\nkay = 3"), "there is no knob recipe.kay");
        says(&arm("stage = \"adapt\"\nfrom = \"M0\""), "an arm with labels");
        says(&arm("stage = \"prelabel\"\nfrom = \"M0\""), "cannot be a prelabel");
        says(&arm("stage = \"adapt\"\nform = \"M0\""), "unknown field `form`");
        let inject = |knobs: &str| {
            arm(&format!("stage = \"inject\"\nfrom = \"M0\"\nstrategy = \"random\"\nrecipe = {{ {knobs} }}"))
        };
        says(&inject("min_pixels = 7"), "has min_pixels 7 and the features of arm `M0`, which has 10");
        says(&inject("input = \"unit\""), "a `input` of its own, which only a warm-up reads");
        says(&inject("gan = \"cross_entropy\""), "a `gan` of its own");
    }

    #[test]
    fn an_arm_lays_its_knobs_over_those_of_the_experiment() {
        let arms = "[recipe]\nk = 5\n[[arm]]\nname = \"M0\"\nstage = \"warmup\"\n[[arm]]\nname = \"M1\"\nstage = \"inject\"\n\
            from = \"M0\"\nstrategy = \"target_only\"\nrecipe = { v = 3, budget = { total_percent = 2.2 } }\n\
            [[arm]]\nname = \"M1, longer\"\nstage = \"inject\"\nfrom = \"M1\"\n";
        let arms = parse(arms).unwrap().arms;
        assert_eq!((arms[0].recipe.k, arms[0].recipe.v), (5, 10));
        let Arm { strategy, recipe, .. } = &arms[1];
        assert_eq!((recipe.k, recipe.v, recipe.budget), (5, 3, Budget::TotalPercent(2.2)));
        assert_eq!((*strategy, arms[2].strategy), (Some(Strategy::TargetOnly), None));
    }

    #[test]
    fn an_arm_of_another_preset_keeps_the_sizes_of_the_experiment() {
        let arms = "[recipe]\nadapt = { steps = 9 }\n[[arm]]\nname = \"M0\"\nstage = \"warmup\"\nrecipe = { preset = \"paper\", k = 2 }\n";
        let recipe = parse(arms).unwrap().arms.remove(0).recipe;
        let paper = Recipe::preset(Preset::Paper, Backbone::EfficientnetLite0);
        let adapt = crate::domain::Schedule { steps: 9, ..paper.adapt };
        assert_eq!(recipe, Recipe { adapt, k: 2, ..paper });
    }

    #[test]
    fn what_belongs_to_the_weights_is_the_warm_ups_whatever_preset_trains_them_on() {
        let arms = "[[arm]]\nname = \"M0\"\nstage = \"warmup\"\nrecipe = { gan = \"cross_entropy\" }\n[[arm]]\nname = \"M1\"\n\
            stage = \"inject\"\nfrom = \"M0\"\nstrategy = \"random\"\n[[arm]]\nname = \"M2\"\nstage = \"adapt\"\nfrom = \"M1\"\n\
            recipe = { preset = \"released-code\", input = \"imagenet\" }\n";
        for text in [arms.to_owned(), arms.replace(", input = \"imagenet\"", "")] {
            let recipe = parse(&text).unwrap().arms.remove(2).recipe;
            let (input, gan) = (Input::Imagenet, Gan::CrossEntropy);
            let released = Recipe::preset(Preset::ReleasedCode, Backbone::EfficientnetLite0);
            assert_eq!(recipe, Recipe { input, gan, ..released });
        }
    }

    #[test]
    fn a_budget_of_an_experiment_takes_the_place_of_its_pairs() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let pair = file("pair.toml", &format!("{DATA}\n[recipe]\nbatch_source = 3\nbudget = {{ percent = 5.0 }}\n"));
        let own = file("own.toml", &format!("name = \"own\"\n[recipe]\nbudget = {{ frames = 9 }}\n{WARMUP}"));
        let recipe = Experiment::read(&own, Some(&pair), folder.path()).unwrap().recipe;
        assert_eq!((recipe.batch_source, recipe.budget), (3, Budget::Frames(9)));
    }

    #[test]
    fn every_experiment_of_the_folder_can_be_read() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments");
        let files = |folder: PathBuf| -> Vec<PathBuf> {
            let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
            paths.filter(|path| path.extension().is_some_and(|ending| ending == "toml")).collect()
        };
        let pairs = files(folder.join("pairs"));
        let (alone, on_pairs): (Vec<_>, Vec<_>) = files(folder)
            .into_iter()
            .partition(|file| std::fs::read_to_string(file).unwrap().contains("\ntaxonomy = "));
        assert!(pairs.len() == 2 && !alone.is_empty() && !on_pairs.is_empty());
        let read = |file: &Path, on| {
            let read = Experiment::read(file, on, Path::new("/data"));
            assert!(read.is_ok(), "{}: {:#}", file.display(), read.unwrap_err());
            read.unwrap()
        };
        alone.iter().for_each(|file| _ = read(file, None));
        for file in on_pairs {
            let both = pairs.iter().map(|pair| read(&file, Some(pair))).collect::<Vec<_>>();
            assert_ne!(both[0].name, both[1].name);
            let alone = Experiment::read(&file, None, Path::new("/data")).unwrap_err();
            assert!(format!("{alone:#}").contains("by --on"), "{alone:#}");
        }
    }

    #[test]
    fn a_name_becomes_part_of_a_file_name() {
        assert_eq!(slug("149 random, seed 2"), "149-random-seed-2");
    }
}
