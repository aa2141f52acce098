//! How the frames of a round are chosen, as fields of a form: in a project's knobs and on the page of picks.

use std::collections::BTreeMap;

use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};

use super::control::refused;
use super::picks;
use crate::domain::{Budget, Choice, Domain, FrameId, ProjectId, Split, Strategy};
use crate::formats::pick_list::read_list;
use crate::store::frames;
use crate::store::projects::{self, Project};
use crate::supervisor::StartError;
use crate::web::App;
use crate::web::error::Result;
use crate::web::page::Page;
use crate::web::words::sentence;

type Values = BTreeMap<String, String>;

/// A choice of a form: value, label, what it does.
pub(crate) fn strategies() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    Strategy::ALL.iter().map(|strategy| (strategy.slug(), strategy.title(), strategy.purpose()))
}

/// The units of a budget: value and label.
pub(crate) const UNITS: [(&str, &str); 3] =
    [("percent", "% of the target"), ("frames", "frames"), ("total_percent", "% in all rounds")];

/// A choice as the form shows it.
pub(crate) fn values(choice: &Choice) -> Values {
    let (amount, unit) = match choice.budget {
        Budget::Percent(percent) => (percent.to_string(), "percent"),
        Budget::Frames(frames) => (frames.to_string(), "frames"),
        Budget::TotalPercent(percent) => (percent.to_string(), "total_percent"),
    };
    let quota = choice.quota.map_or_else(String::new, |quota| quota.to_string());
    let values = [
        ("stratified", choice.stratified.to_string()),
        ("budget", amount),
        ("budget_unit", unit.to_owned()),
        ("strategy", choice.strategy.slug().to_owned()),
        ("quota", quota),
    ];
    values.map(|(name, value)| (name.to_owned(), value)).into()
}

/// Puts what the form says into a choice; empty fields keep what is there. Errors by field.
pub(crate) fn read(choice: &mut Choice, form: &Values) -> Result<(), Values> {
    let typed = |name: &str| form.get(name).map(|text| text.trim()).filter(|text| !text.is_empty());
    let mut errors = Values::new();
    if let Some(amount) = typed("budget") {
        let percent = || amount.replace(',', ".").parse::<f64>().ok();
        let budget = match typed("budget_unit") {
            Some("frames") => amount.parse().ok().map(Budget::Frames),
            Some("total_percent") => percent().map(Budget::TotalPercent),
            _ => percent().map(Budget::Percent),
        };
        match budget.ok_or_else(|| "Give a number.".to_owned()).and_then(|budget| budget.check().map(|()| budget)) {
            Ok(budget) => choice.budget = budget,
            Err(message) => _ = errors.insert("budget".into(), sentence(&message)),
        }
    }
    if let Some(slug) = typed("strategy") {
        match Strategy::from_slug(slug) {
            Some(strategy) => choice.strategy = strategy,
            None => _ = errors.insert("strategy".into(), "Choose one of the ways.".into()),
        }
    }
    match typed("stratified").map(str::parse) {
        None => {}
        Some(Ok(stratified)) => choice.stratified = stratified,
        Some(Err(_)) => _ = errors.insert("stratified".into(), "Choose yes or no.".into()),
    }
    if form.contains_key("quota") {
        match typed("quota").map(str::parse::<usize>) {
            None | Some(Ok(0)) => choice.quota = None,
            Some(Ok(quota)) => choice.quota = Some(quota),
            Some(Err(_)) => _ = errors.insert("quota".into(), "Give a whole number, or nothing.".into()),
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// POST `/projects/{project}/choice`: how the newest round chooses. Starts the selection where it can be.
pub(crate) async fn choose(
    State(app): State<App>,
    page: Page,
    Path(id): Path<i64>,
    Form(form): Form<Values>,
) -> Result<Response> {
    let project = projects::get(app.workspace.db(), ProjectId(id)).await?;
    match choice_of(&app, &project, &form).await? {
        Ok(choice) => match app.supervisor.choose(project.id, &choice).await {
            Ok(()) => Ok(Redirect::to(&format!("/projects/{id}/picks")).into_response()),
            // Once it is done they may choose by what they typed.
            Err(error @ StartError::Active(_)) => {
                let errors = Values::from([("list".into(), sentence(&error.to_string()))]);
                picks::again(&app, page, project, form, errors).await
            }
            Err(error) => Err(refused(error)),
        },
        Err(errors) => picks::again(&app, page, project, form, errors).await,
    }
}

/// The choice of the form, with the frames of its list; or errors by field.
async fn choice_of(app: &App, project: &Project, form: &Values) -> Result<Result<Choice, Values>> {
    let mut choice = Choice::of(&project.recipe);
    if let Err(errors) = read(&mut choice, form) {
        return Ok(Err(errors));
    }
    let mut checked = Ok(());
    if choice.strategy == Strategy::Listed {
        checked = listed(app, project.id, form).await?.map(|frames| choice.listed = frames);
    }
    let checked = checked.and_then(|()| choice.check());
    Ok(checked.map(|()| choice).map_err(|message| Values::from([("list".into(), sentence(&message))])))
}

/// The frames of the list in the form, or what is wrong with it.
async fn listed(app: &App, project: ProjectId, form: &Values) -> Result<Result<Vec<FrameId>, String>> {
    let text = |name: &str| form.get(name).map_or("", String::as_str);
    let target = frames::list(app.workspace.db(), project, Domain::Target, Split::Train).await?;
    let names: Vec<(&str, FrameId)> = target.iter().map(|frame| (frame.name.as_str(), frame.id)).collect();
    let names_file = Some(text("names")).filter(|names| !names.trim().is_empty());
    Ok(read_list(text("list"), names_file, &names).map_err(|error| error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Backbone, Recipe};

    #[test]
    fn what_is_shown_can_be_sent_back_and_mistakes_stand_at_their_field() {
        let mut choice = Choice::of(&Recipe::recommended(Backbone::EfficientnetLite0));
        let typed = |pairs: &[(&str, &str)]| -> Values {
            pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
        };
        let form = typed(&[
            ("budget", "2,2"),
            ("budget_unit", "total_percent"),
            ("strategy", "aada"),
            ("stratified", "true"),
            ("quota", "3"),
        ]);
        read(&mut choice, &form).unwrap();
        let mut again = Choice::of(&Recipe::recommended(Backbone::EfficientnetLite0));
        read(&mut again, &values(&choice)).unwrap();
        assert_eq!((&again, choice.budget), (&choice, Budget::TotalPercent(2.2)));
        assert_eq!((choice.stratified, choice.quota), (true, Some(3)));
        read(&mut choice, &typed(&[("quota", "")])).unwrap();
        assert_eq!(choice.quota, None);
        for (name, value) in
            [("budget", "many"), ("budget", "0"), ("budget", "101"), ("strategy", "best"), ("quota", "-1")]
        {
            assert!(read(&mut choice, &typed(&[(name, value)])).unwrap_err().contains_key(name), "{name} = {value}");
        }
    }
}
