//! The whole site over the fake engine, and visitors who look at pages and press buttons.

use axum::Router;
use axum::body::{Body, BodyDataStream, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use tokio_stream::StreamExt;
use tower::ServiceExt;
use windlass::domain::{ProjectId, RoundId};
use windlass::store::people::Role;
use windlass::web::{self, App, Settings, router};

use crate::fake::Fake;

const HOST: &str = "windlass.test";

/// A site.
pub(crate) struct Site {
    pub(crate) fake: Fake,
    pub(crate) router: Router,
}

/// Somebody with a browser: keeps a cookie, sends the origin.
#[derive(Clone)]
pub(crate) struct Visitor {
    router: Router,
    pub(crate) cookie: Option<String>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Site {
    pub(crate) async fn open() -> Self {
        Self::reached(false).await
    }

    /// By https or not, as its operator says.
    pub(crate) async fn reached(secure: bool) -> Self {
        let fake = Fake::new().await;
        let folder = fake.folder.path();
        std::fs::write(folder.join("imagenet.safetensors"), "weights").unwrap();
        let settings = Settings {
            data_roots: vec![folder.join("data"), folder.join("results")],
            imagenet_lite0: folder.join("imagenet.safetensors"),
            imagenet_resnet101: folder.join("none"),
            device: "cpu".into(),
            secure,
        };
        let router = router(App::new(fake.supervisor.clone(), settings));
        Self { fake, router }
    }

    pub(crate) fn visitor(&self) -> Visitor {
        Visitor { router: self.router.clone(), cookie: None }
    }

    /// Somebody who came by a link of that role.
    pub(crate) async fn joined(&self, name: &str, role: Role) -> Visitor {
        let link = web::invitation_link(self.fake.workspace.db(), role).await.unwrap();
        let mut visitor = self.visitor();
        let answer = visitor.post(&link, &[("name", name), ("password", "a long password")]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
        visitor
    }

    pub(crate) async fn lead(&self) -> Visitor {
        self.joined("Lea", Role::Lead).await
    }

    pub(crate) async fn annotator(&self) -> Visitor {
        self.joined("Ada", Role::Annotator).await
    }

    /// A project whose picks are ready to be labelled.
    pub(crate) async fn ready_project(&self) -> (ProjectId, RoundId) {
        let (project, round) = self.fake.project(true).await;
        self.fake.wait_for_stage(round, windlass::domain::Stage::Prelabel).await;
        (project, round)
    }
}

impl Visitor {
    pub(crate) async fn send(&mut self, request: Request<Body>) -> Answer {
        let (mut parts, body) = request.into_parts();
        parts.headers.insert(header::HOST, HOST.parse().unwrap());
        if let Some(cookie) = &self.cookie {
            parts.headers.insert(header::COOKIE, cookie.parse().unwrap());
        }
        let answer = self.router.clone().oneshot(Request::from_parts(parts, body)).await.unwrap();
        for line in answer.headers().get_all(header::SET_COOKIE) {
            let pair = line.to_str().unwrap().split(';').next().unwrap();
            if pair.starts_with("windlass-") {
                self.cookie = (!pair.ends_with('=')).then(|| pair.to_owned());
            }
        }
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = to_bytes(answer.into_body(), 1 << 28).await.unwrap().to_vec();
        Answer { status, headers, body }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(request(Method::GET, path).body(Body::empty()).unwrap()).await
    }

    /// Sends a form from our own page.
    pub(crate) async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Answer {
        let request = request(Method::POST, path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let request = request.header(header::ORIGIN, format!("http://{HOST}"));
        self.send(request.body(Body::from(encode(form))).unwrap()).await
    }

    /// Follows a project's page; gives the messages as they come.
    pub(crate) async fn follows(&mut self, path: &str) -> Followed {
        let request = request(Method::GET, path).header(header::COOKIE, self.cookie.clone().unwrap());
        let answer = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(
            (answer.status(), &answer.headers()["content-type"]),
            (StatusCode::OK, &"text/event-stream".parse().unwrap())
        );
        Followed { stream: answer.into_body().into_data_stream(), rest: String::new() }
    }

    /// How a request is answered, without reading what never ends.
    pub(crate) async fn status(&mut self, path: &str) -> StatusCode {
        let request = request(Method::GET, path).header(header::COOKIE, self.cookie.clone().unwrap());
        self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status()
    }

    /// Looks at a page that must be there.
    pub(crate) async fn sees(&mut self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        answer.text()
    }

    /// Presses a button that must work.
    pub(crate) async fn presses(&mut self, path: &str) {
        let answer = self.post(path, &[]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}: {}", answer.text());
    }
}

/// A stream of server-sent events.
pub(crate) struct Followed {
    stream: BodyDataStream,
    rest: String,
}

impl Followed {
    /// The next message that the test wants; none where the stream ended.
    pub(crate) async fn next(&mut self, wanted: impl Fn(&str) -> bool) -> Option<String> {
        let read = async {
            loop {
                while let Some((message, rest)) =
                    self.rest.split_once("\n\n").map(|(m, r)| (m.to_owned(), r.to_owned()))
                {
                    self.rest = rest;
                    let lines = message.lines().filter_map(|line| line.strip_prefix("data:"));
                    let data = lines.map(str::trim_start).collect::<Vec<_>>().join("\n");
                    if !data.is_empty() && wanted(&data) {
                        return Some(data);
                    }
                }
                let piece = self.stream.next().await?.unwrap();
                self.rest += std::str::from_utf8(&piece).unwrap();
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(30), read).await.expect("the page is told")
    }
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// A request as a browser begins it.
pub(crate) fn request(method: Method, path: &str) -> axum::http::request::Builder {
    Request::builder().method(method).uri(path).header(header::ACCEPT, "text/html")
}

fn encode(form: &[(&str, &str)]) -> String {
    let word = |text: &str| -> String {
        let plain = |byte: u8| byte.is_ascii_alphanumeric();
        text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
    };
    form.iter().map(|(name, value)| format!("{}={}", word(name), word(value))).collect::<Vec<_>>().join("&")
}
