//! People and how they come in: forgotten passwords, roles, links, cookies.

use std::process::Command;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use sha2::{Digest, Sha256};
use windlass::domain::{FrameId, RoundId};
use windlass::store::people::{self, Role};
use windlass::store::{masks, now, rounds};

use crate::annotate::{self, ADA, BEA, LEA, drawn};
use crate::support::{Site, Visitor, request};

/// The link that stands on the page, as a path.
fn link_on(page: &str) -> String {
    let at = page.find("/invitations/").expect("there is a link");
    page[at..].split('"').next().unwrap().to_owned()
}

async fn id_of(site: &Site, name: &str) -> String {
    people::by_name(site.fake.workspace.db(), name).await.unwrap().unwrap().0.id.to_string()
}

async fn role(lead: &mut Visitor, user: &str, role: &str) -> StatusCode {
    lead.post(&format!("/people/{user}/role"), &[("role", role)]).await.status
}

#[tokio::test]
async fn who_forgot_the_password_chooses_a_new_one_by_a_link_and_is_signed_out_elsewhere() {
    let site = Site::open().await;
    let (mut lead, mut at_home) = (site.lead().await, site.annotator().await);
    let ada = id_of(&site, "Ada").await;
    let [first, link] = [
        link_on(&lead.post(&format!("/people/{ada}/link"), &[]).await.text()),
        link_on(&lead.post(&format!("/people/{ada}/link"), &[]).await.text()),
    ];
    let mut here = site.visitor();
    assert!(here.sees(&link).await.contains("Welcome back, Ada"));
    at_home.sees("/").await;
    let short = here.post(&link, &[("password", "short")]).await;
    assert_eq!((short.status, short.text().contains("at least 8")), (StatusCode::UNPROCESSABLE_ENTITY, true));
    assert_eq!(here.post(&link, &[("password", "another password")]).await.header("location"), "/");
    assert!(here.sees("/").await.contains("Ada"));
    assert!(at_home.get("/").await.header("location").starts_with("/sign-in"), "whoever sits there is out");
    for used in [link, first] {
        assert_eq!(site.visitor().get(&used).await.status, StatusCode::GONE);
    }
    let sign_in = async |password| site.visitor().post("/sign-in", &[("name", "Ada"), ("password", password)]).await;
    assert_eq!(sign_in("a long password").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(sign_in("another password").await.status, StatusCode::SEE_OTHER);
    assert_eq!(lead.post("/people/4711/link", &[]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn roles_change_but_the_last_lead_stays() {
    let site = Site::open().await;
    let (mut lead, mut ada) = (site.lead().await, site.annotator().await);
    let [lea_id, ada_id] = [id_of(&site, "Lea").await, id_of(&site, "Ada").await];
    assert_eq!(role(&mut lead, &lea_id, "annotator").await, StatusCode::CONFLICT);
    assert_eq!(ada.get("/people").await.status, StatusCode::FORBIDDEN);
    assert_eq!(role(&mut lead, &ada_id, "lead").await, StatusCode::SEE_OTHER);
    assert!(ada.sees("/people").await.contains("Make an annotator"), "at once");

    let out = link_on(&ada.post("/people/invite", &[("role", "lead")]).await.text());
    assert_eq!(role(&mut lead, &ada_id, "annotator").await, StatusCode::SEE_OTHER);
    assert_eq!(ada.get("/people").await.status, StatusCode::FORBIDDEN);
    assert_eq!(site.visitor().get(&out).await.status, StatusCode::GONE, "no lead's link outlives the lead");

    lead.presses(&format!("/people/{ada_id}/remove")).await;
    assert_eq!(lead.post(&format!("/people/{ada_id}/remove"), &[]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(role(&mut lead, &ada_id, "lead").await, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_operator_lets_somebody_in_again_by_the_address_that_the_server_has() {
    let site = Site::open().await;
    site.lead().await;
    site.fake.workspace.sign("https://windlass.example").unwrap();
    let invite = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_windlass"));
        command.env_remove("WINDLASS_URL").arg("invite").arg("--workspace").arg(site.fake.workspace.dir());
        let output = command.args(words).output().unwrap();
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };
    let link = invite(&["--user", "lea"]);
    let path = link.strip_prefix("https://windlass.example").expect("the lock knows it").trim();
    assert!(site.visitor().sees(path).await.contains("Welcome back, Lea"));
    assert!(invite(&["--user", "Eve"]).contains("nobody is called Eve"));
    assert!(invite(&["--role", "lead", "--url", "http://box/"]).starts_with("http://box/invitations/"));
}

#[tokio::test]
async fn links_and_sessions_run_out_and_a_session_in_use_is_prolonged() {
    const DAY: i64 = 24 * 60 * 60 * 1000;
    let site = Site::open().await;
    let lead = site.lead().await;
    let db = site.fake.workspace.db();
    let hash = |secret: &str| -> [u8; 32] { Sha256::digest(secret).into() };
    let (user, _) = people::by_name(db, "Lea").await.unwrap().unwrap();
    people::invite(db, &hash("late"), Role::Lead, None, None, now() - 1).await.unwrap();
    assert_eq!(site.visitor().get("/invitations/late").await.status, StatusCode::GONE);
    let form = [("name", "Eve"), ("password", "a long password")];
    assert_eq!(site.visitor().post("/invitations/late", &form).await.status, StatusCode::GONE);

    let name = lead.cookie.as_ref().unwrap().split('=').next().unwrap().to_owned();
    let with = async |secret: &str, until: i64| {
        people::open_session(db, user.id, &hash(secret), until).await.unwrap();
        let mut visitor = site.visitor();
        visitor.cookie = Some(format!("{name}={secret}"));
        visitor.get("/").await
    };
    assert!(with("old", now() - 1).await.header("location").starts_with("/sign-in"));
    let set = with("aging", now() + DAY).await.header("set-cookie").to_owned();
    assert!(set.contains("Max-Age=2592000") && set.contains("HttpOnly; SameSite=Lax"), "{set}");
    let fresh = with("fresh", now() + 30 * DAY).await;
    assert!(fresh.status == StatusCode::OK && !fresh.headers.contains_key("set-cookie"));
}

#[tokio::test]
async fn a_link_is_taken_back_and_who_is_removed_is_out_at_once_but_for_the_last_lead() {
    let site = Site::open().await;
    let (mut lead, mut ada) = (site.lead().await, site.annotator().await);
    let link = link_on(&lead.post("/people/invite", &[("role", "annotator")]).await.text());
    let page = lead.sees("/people").await;
    let invitation = page.split("name=\"invitation\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(lead.post("/people/revoke", &[("invitation", invitation)]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(site.visitor().get(&link).await.status, StatusCode::GONE);
    assert_eq!(lead.post("/people/revoke", &[("invitation", invitation)]).await.status, StatusCode::NOT_FOUND);

    let [lea_id, ada_id] = [id_of(&site, "Lea").await, id_of(&site, "Ada").await];
    assert_eq!(lead.post(&format!("/people/{lea_id}/remove"), &[]).await.status, StatusCode::CONFLICT);
    lead.sees("/people").await;
    lead.presses(&format!("/people/{ada_id}/remove")).await;
    assert!(ada.get("/").await.header("location").starts_with("/sign-in"));
}

#[tokio::test]
async fn light_or_dark_leads_back_to_the_page_and_to_no_other_site() {
    let site = Site::open().await;
    let mut ada = site.annotator().await;
    let mut choose = async |theme: &str, referer: Option<&str>| {
        let mut asked = request(Method::POST, "/theme").header("content-type", "application/x-www-form-urlencoded");
        if let Some(referer) = referer {
            asked = asked.header("referer", referer);
        }
        let asked = asked.header("origin", "http://windlass.test").body(Body::from(format!("theme={theme}"))).unwrap();
        let answer = ada.send(asked).await;
        (answer.header("location").to_owned(), answer.header("set-cookie").split(';').next().unwrap().to_owned())
    };
    let dark = "theme=dark".to_owned();
    assert_eq!(choose("dark", Some("http://windlass.test/people?x=1")).await, ("/people?x=1".into(), dark.clone()));
    assert_eq!(choose("dark", Some("http://evil.test//evil.test/x")).await, ("/".into(), dark.clone()));
    assert_eq!(choose("dark", None).await, ("/".into(), dark));
    assert_eq!(choose("x%3B%20Domain%3Devil.test", None).await.1, "theme=system");
}

#[tokio::test]
async fn what_only_a_form_leads_to_leads_back_to_the_form() {
    let site = Site::open().await;
    let mut lead = site.lead().await;
    for (path, form) in [
        ("/people/invite", "/people"),
        ("/people/7/link", "/people"),
        ("/account/password", "/account"),
        ("/projects", "/projects/new"),
        ("/projects/check", "/projects/new"),
        ("/projects/12/choice", "/projects/12/picks"),
    ] {
        let answer = lead.get(path).await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, form), "{path}");
    }
}

#[tokio::test]
async fn a_cookie_of_an_https_site_is_secure_and_each_workspace_has_its_own() {
    let (site, other) = (Site::reached(true).await, Site::reached(false).await);
    let link = windlass::web::invitation_link(site.fake.workspace.db(), Role::Lead).await.unwrap();
    let form = [("name", "Lea"), ("password", "a long password")];
    let mut visitor = site.visitor();
    let set = visitor.post(&link, &form).await.header("set-cookie").to_owned();
    assert!(set.ends_with("; HttpOnly; SameSite=Lax; Secure"), "{set}");
    let elsewhere = other.lead().await.cookie.unwrap();
    let [mine, theirs] = [&set, &elsewhere].map(|cookie| cookie.split('=').next().unwrap().to_owned());
    assert!(mine != theirs && mine.starts_with("windlass-"), "{mine} {theirs}");
}

#[tokio::test]
async fn what_never_reached_a_handler_gets_a_page_like_any_other() {
    let site = Site::open().await;
    let mut lead = site.lead().await;
    let odd = lead.get("/projects/abc").await;
    assert_eq!((odd.status, odd.text().contains("There is no such page")), (StatusCode::NOT_FOUND, true));
    assert!(odd.header("content-security-policy").starts_with("default-src 'none'") && odd.text().contains("Lea"));
    let long = "x".repeat(100_000);
    let large = lead.post("/people/invite", &[("role", &long)]).await;
    assert!(large.status.is_client_error() && large.text().contains("more than this page takes"), "{}", large.text());
    let bare = lead.post("/people/invite", &[]).await;
    assert!(bare.status == 422 && bare.text().contains("open its page again"), "{}", bare.text());
    // A script gets what axum says.
    let mut script = request(Method::GET, "/projects/abc").body(Body::empty()).unwrap();
    script.headers_mut().insert("accept", "application/json".parse().unwrap());
    assert!(!lead.send(script).await.text().contains("<html"));
}

#[tokio::test]
async fn who_has_no_password_comes_in_by_link_alone_and_is_no_lead_that_a_server_can_do_with() {
    let site = Site::open().await;
    let db = site.fake.workspace.db();
    people::add_without_password(db, "visitor", Role::Lead).await.unwrap();
    for password in ["nobody's password", "", "x"] {
        let tried = site.visitor().post("/sign-in", &[("name", "visitor"), ("password", password)]).await;
        assert!(tried.status == StatusCode::UNPROCESSABLE_ENTITY && !tried.headers.contains_key("set-cookie"));
    }
    // As after the demo, in its workspace.
    let mut invited = site.visitor();
    let by_lead = windlass::web::invitation_link(db, Role::Annotator).await.unwrap();
    let first = windlass::web::first_link(db).await.unwrap().unwrap();
    let form = [("name", "Lea"), ("password", "a long password")];
    assert_eq!(invited.post(&first, &form).await.status, StatusCode::SEE_OTHER);
    invited.sees("/people").await;
    assert_eq!(windlass::web::first_link(db).await.unwrap(), None);
    assert_eq!(site.visitor().get(&by_lead).await.status, StatusCode::OK, "it was not the server's to take back");
}

#[tokio::test]
async fn masks_of_who_is_removed_stay_and_the_frame_in_hand_goes_on_to_the_next() {
    let site = annotate::Site::open().await;
    let db = site.fixture.workspace.db();
    let put_back = site.takes_next(ADA).await.unwrap();
    site.post(ADA, &format!("/frames/{put_back}/release")).await;
    site.post(ADA, "/frames/2/take").await;
    site.saves(ADA, 2, 1, drawn(255)).await;
    let word = r#"{"findings": ["All of it is unlabelled"], "word": "fog"}"#;
    assert_eq!(site.submits(ADA, 2, 2, word).await.status, StatusCode::OK);
    site.post(ADA, "/frames/3/take").await;
    site.saves(ADA, 3, 1, drawn(4)).await;

    let removed = site.post(LEA, &format!("/people/{}/remove", site.fixture.people[ADA].0)).await;
    assert_eq!(removed.status, StatusCode::SEE_OTHER);
    for frame in [2, 3] {
        assert_eq!(masks::versions(db, FrameId(frame)).await.unwrap().len(), 2, "frame {frame}");
    }
    assert_eq!(rounds::pick_counts(db, RoundId(1)).await.unwrap().submitted, 1);
    let history = site.send(LEA, "GET", "/frames/2/history", &[], ()).await.json();
    assert_eq!(history[0]["who"], "somebody");
    assert!(site.sees(LEA, "/projects/1/picks").await.contains("fog"));
    let taken = [site.takes_next(BEA).await, site.takes_next(LEA).await];
    assert_eq!(taken, [Some(1), Some(3)]);
    let mask = site.send(LEA, "GET", "/frames/3/mask", &[], ()).await;
    assert!(mask.body == drawn(4), "what she drew is what the next one sees");
}
