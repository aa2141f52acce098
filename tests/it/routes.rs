//! Ways in: whom each lets in, and how much it reads.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use windlass::domain::{Layers, Mask, Origin, Size};
use windlass::store::people::Role;
use windlass::web::{Policy, routes};

use crate::annotate::{self, ADA};
use crate::support::{Site, request};

/// What may be changed without being a lead: written out, so that whoever changes the table means it.
const OPEN: [&str; 14] = [
    "Public POST /theme",
    "Public POST /sign-in",
    "Public POST /invitations/{secret}",
    "Member POST /sign-out",
    "Member POST /sign-out-everywhere",
    "Member POST /account/password",
    "Member POST /projects/{project}/queue/next",
    "Member POST /frames/{frame}/take",
    "Member POST /frames/{frame}/lease",
    "Member POST /frames/{frame}/release",
    "Member POST /frames/{frame}/submit",
    "Member POST /frames/{frame}/reopen",
    "Member POST /frames/{frame}/reopen-for",
    "Member PATCH /frames/{frame}/mask",
];

/// A path of the table with something in its gaps.
fn filled(path: &str) -> String {
    let part = |part: &str| match part {
        "{build}" | "{secret}" => "none".to_owned(),
        "{*path}" => "app.css".to_owned(),
        "{stage}" => "warmup".to_owned(),
        "{file}" => "none.zip".to_owned(),
        gap if gap.starts_with('{') => "4711".to_owned(),
        plain => plain.to_owned(),
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn every_route_keeps_its_policy() {
    let site = Site::open().await;
    let routes = routes();
    for route in routes {
        // Fresh ones each time: some routes sign out.
        let visitors = [
            (site.visitor(), "nobody"),
            (site.joined(&format!("Ada {}{}", route.method, route.path), Role::Annotator).await, "an annotator"),
            (site.joined(&format!("Lea {}{}", route.method, route.path), Role::Lead).await, "a lead"),
        ];
        for (mut visitor, who) in visitors {
            let path = filled(route.path);
            let request = request(route.method.clone(), &path).header("sec-fetch-site", "same-origin");
            let answer = visitor.send(request.body(Body::empty()).unwrap()).await;
            let sent_away =
                answer.status == StatusCode::UNAUTHORIZED || answer.header("location").starts_with("/sign-in?next=");
            let forbidden = answer.status == StatusCode::FORBIDDEN;
            let (away, refused) = match (route.policy, who) {
                (Policy::Public, _) | (Policy::Member, "an annotator") | (_, "a lead") => (false, false),
                (Policy::Member | Policy::Lead, "nobody") => (true, false),
                _ => (false, true),
            };
            let is = format!("{} {path} for {who}: {} {}", route.method, answer.status, answer.header("location"));
            assert_eq!((sent_away, forbidden), (away, refused), "{is}");
        }
    }
}

#[tokio::test]
async fn a_change_from_another_site_is_refused_on_every_route() {
    let site = Site::open().await;
    let mut lead = site.lead().await;
    for route in routes().into_iter().filter(|route| route.method != Method::GET) {
        for (name, value) in [("origin", "http://evil.test"), ("sec-fetch-site", "cross-site"), ("x-nothing", "said")] {
            let request = request(route.method.clone(), &filled(route.path)).header(name, value);
            let answer = lead.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{} {}", route.method, route.path);
            assert!(answer.text().contains("came from elsewhere"));
        }
    }
}

#[test]
fn only_leads_change_what_is_not_their_own() {
    let routes = routes();
    let changes = routes.iter().filter(|route| route.method != Method::GET && route.policy != Policy::Lead);
    let open: Vec<String> =
        changes.map(|route| format!("{:?} {} {}", route.policy, route.method, route.path)).collect();
    assert_eq!(open, OPEN);
    let public = routes.iter().filter(|route| route.method == Method::GET && route.policy == Policy::Public);
    let public: Vec<&str> = public.map(|route| route.path).collect();
    assert_eq!(public, ["/static/{build}/{*path}", "/health", "/sign-in", "/invitations/{secret}"]);
}

#[tokio::test]
async fn a_frame_changed_in_every_pixel_is_saved_and_a_list_of_every_name_is_read() {
    let size = Size { width: 512, height: 256 };
    let site = annotate::Site::of(1, size).await;
    let frame = site.takes_next(ADA).await.unwrap();
    let stripes = (0..size.pixels()).map(|at| (at % 2) as u8).collect();
    let patch = Layers::uniform(Mask::new(size, stripes, 19).unwrap(), Origin::Hand).patch();
    assert_eq!(patch.len(), Layers::longest_patch(size));
    let save = async |patch: Vec<u8>| {
        site.send(ADA, "PATCH", &format!("/frames/{frame}/mask"), &[("if-match", "\"1\"")], patch).await
    };
    let longer = save([&patch[..], &[0]].concat()).await;
    assert_eq!(longer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(longer.message().contains("131072 pixels"), "{}", longer.message());
    assert_eq!(save(patch).await.status, StatusCode::NO_CONTENT);
    let body = serde_json::json!({ "findings": vec!["x".repeat(2000); 100], "word": "x".repeat(2000) }).to_string();
    assert_eq!(site.submits(ADA, frame, 2, body).await.status, StatusCode::OK);

    let site = Site::open().await;
    let (project, _) = site.fake.project(false).await;
    let names = (0..3000)
        .fold("1.png\n".to_owned(), |names, n| names + &format!("frankfurt/frankfurt_{n:06}_019000_leftImg8bit.png\n"));
    let form = [("strategy", "listed"), ("list", "0"), ("names", names.as_str())];
    assert_eq!(site.lead().await.post(&format!("/projects/{project}/choice"), &form).await.status, 303);
}
