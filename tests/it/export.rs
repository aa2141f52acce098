//! What leaves the box: labels as Cityscapes has them, and a model.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use windlass::domain::{Layers, Mask, Origin, Stage};
use windlass::store::models;
use zip::ZipArchive;

use crate::fake::{SIZE, until};
use crate::support::{Answer, Site, Visitor, request};

/// Whether a file of that project's can be downloaded.
fn has_file(site: &Site) -> bool {
    let listed = std::fs::read_dir(site.fake.workspace.exports()).unwrap();
    listed.map(|entry| entry.unwrap().path()).any(|path| path.extension() == Some("zip".as_ref()))
}

async fn makes(lead: &mut Visitor, page: &str, model: &str) -> Answer {
    lead.post(&format!("{page}/export"), &[("masks", "yes"), ("model", model)]).await
}

#[tokio::test]
async fn a_lead_exports_the_labels_and_the_model_and_everybody_downloads_them() {
    let site = Site::open().await;
    let (project, round) = site.ready_project().await;
    let (mut lead, mut ada) = (site.lead().await, site.annotator().await);
    let page = format!("/projects/{project}");
    let nothing = makes(&mut lead, &page, "").await;
    assert!(nothing.status == StatusCode::UNPROCESSABLE_ENTITY && nothing.text().contains("nothing to put in"));

    // Ada draws the first frame, the drawn labels answer for the other.
    let frame = ada.post(&format!("{page}/queue/next"), &[]).await.header("location").to_owned();
    assert_eq!(frame, "/frames/6/annotate");
    let tag = ada.get("/frames/6/mask").await.header("etag").to_owned();
    let patch = Layers::uniform(Mask::new(SIZE, vec![5; SIZE.pixels()], 11).unwrap(), Origin::Hand).patch();
    let save =
        request(Method::PATCH, "/frames/6/mask").header("origin", "http://windlass.test").header("if-match", &tag);
    let saved = ada.send(save.body(Body::from(patch)).unwrap()).await;
    let submit = request(Method::POST, "/frames/6/submit").header("origin", "http://windlass.test");
    let submit = submit.header("if-match", saved.header("etag")).body(Body::empty()).unwrap();
    assert_eq!(ada.send(submit).await.status, StatusCode::OK);
    lead.presses(&format!("{page}/answer")).await;
    site.fake.wait_for_stage(round, Stage::Adapt).await;

    assert!(lead.sees(&format!("{page}/export")).await.contains("2 submitted frames"));
    let shown = lead.sees(&format!("{page}/export")).await;
    let model = shown.split("<option value=\"").nth(2).unwrap().split('"').next().unwrap();
    let made = makes(&mut lead, &page, model).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.text());
    until("the file is made", async || has_file(&site)).await;
    let listed = ada.sees(&format!("{page}/export")).await;
    let file = listed.split('"').find(|part| part.ends_with(".zip")).unwrap().to_owned();
    let packing = request(Method::GET, &file).header(header::ACCEPT_ENCODING, "gzip").body(Body::empty()).unwrap();
    let downloaded = ada.send(packing).await;
    let length = downloaded.body.len().to_string();
    assert_eq!(downloaded.header("content-length"), length, "a browser sees how much is left");

    let mut zip = ZipArchive::new(Cursor::new(downloaded.body)).unwrap();
    let names: Vec<String> = zip.file_names().map(str::to_owned).collect();
    let mut ids = BTreeMap::new();
    for name in names.iter().filter(|name| name.ends_with("_gtFine_labelIds.png")) {
        let mut png = vec![];
        zip.by_name(name).unwrap().read_to_end(&mut png).unwrap();
        let pixels = image::load_from_memory(&png).unwrap().to_luma8().into_raw();
        assert!(pixels.iter().all(|id| *id == pixels[0]), "{name}");
        ids.insert(name.rsplit('/').next().unwrap(), pixels[0]);
    }
    let (drawn, answered) = (("frames_1_000000_gtFine_labelIds.png", 21), ("frames_4_000000_gtFine_labelIds.png", 8));
    assert_eq!(ids, [drawn, answered].into(), "vegetation where Ada drew, the label's pavement in the other");
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert!(names.contains(&"effort.csv"), "{names:?}");
    for name in ["model/model.safetensors", "model/model.json", "model/model.py"] {
        assert!(names.contains(&name), "{names:?}");
    }
    assert_eq!(ada.get(&format!("{page}/exports/..%2Fwindlass.db")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(ada.post(&format!("{file}/delete"), &[]).await.status, StatusCode::FORBIDDEN);
    lead.presses(&format!("{file}/delete")).await;
    assert!(!has_file(&site) && lead.sees(&format!("{page}/export")).await.contains("Nothing exported yet"));
}

#[tokio::test]
async fn a_file_that_cannot_be_made_leaves_nothing_behind_and_is_made_when_it_can() {
    let site = Site::open().await;
    let (project, round) = site.ready_project().await;
    let mut lead = site.lead().await;
    let page = format!("/projects/{project}");
    lead.presses(&format!("{page}/answer")).await;
    site.fake.wait_for_stage(round, Stage::Adapt).await;
    let model = models::list(site.fake.workspace.db(), project).await.unwrap().remove(0);
    let weights = site.fake.workspace.dir().join(&model.path);
    let kept = std::fs::read(&weights).unwrap();
    std::fs::remove_file(&weights).unwrap();

    assert_eq!(makes(&mut lead, &page, &model.id.to_string()).await.status, StatusCode::SEE_OTHER);
    let failed = async || lead.clone().sees(&format!("{page}/export")).await.contains("could not be made");
    until("it fails", failed).await;
    assert_eq!(std::fs::read_dir(site.fake.workspace.exports()).unwrap().count(), 0, "no half of it");

    std::fs::write(&weights, kept).unwrap();
    assert_eq!(makes(&mut lead, &page, &model.id.to_string()).await.status, StatusCode::SEE_OTHER);
    until("the file is made", async || has_file(&site)).await;
}
