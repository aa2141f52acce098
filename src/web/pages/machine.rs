//! The fields of a form that say where a project trains and what its network starts from.

use std::path::PathBuf;

use crate::domain::Backbone;
use crate::formats::safetensors;
use crate::store::projects::Project;
use crate::web::Settings;

/// A device as it was typed; the server's where nothing was. The error is a sentence.
pub(super) fn device(settings: &Settings, typed: &str) -> Result<String, String> {
    let device = if typed.is_empty() { settings.device.as_str() } else { typed };
    let is_card = || device.strip_prefix("cuda:").is_some_and(|card| card.parse::<u8>().is_ok());
    match device {
        "auto" | "cpu" => Ok(device.into()),
        _ if is_card() => Ok(device.into()),
        _ => Err("Write auto, cpu or cuda:0.".into()),
    }
}

/// Weights to start from as they were typed; the ImageNet weights that the server has where nothing was. The error is a sentence.
pub(super) fn imagenet(settings: &Settings, backbone: Backbone, typed: &str) -> Result<PathBuf, String> {
    let installed = settings.imagenet(backbone);
    if typed.is_empty() {
        let missing = "This server has no ImageNet weights for that network: name a file, or ask your operator.";
        return if installed.is_file() { Ok(installed.to_owned()) } else { Err(missing.into()) };
    }
    let path = settings.locate(typed).map_err(|error| format!("{error}."))?;
    match () {
        () if !path.is_file() => Err("That is not a file.".into()),
        () if !safetensors::is_one(&path) => {
            Err("That is no safetensors file: make one by `windlass-engine weights convert FILE.pth OUT.safetensors`."
                .into())
        }
        () => Ok(path),
    }
}

/// A project's weights as the form shows them: nothing where they are the server's own.
pub(super) fn shown(settings: &Settings, project: &Project) -> String {
    let own = project.imagenet == settings.imagenet(project.recipe.backbone);
    if own { String::new() } else { project.imagenet.display().to_string() }
}
