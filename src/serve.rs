//! The server from its first to its last moment.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;

use crate::config::Common;
use crate::domain::Backbone;
use crate::store::Workspace;
use crate::supervisor::Supervisor;
use crate::web::{self, App, Settings};

/// Connections that still stream after this are cut.
const GRACE: Duration = Duration::from_secs(3);

/// A server whose workspace and port are taken.
pub struct Server {
    listener: TcpListener,
    /// Where it listens.
    pub address: SocketAddr,
    /// The beginning of every link.
    pub url: String,
    /// Its folder.
    pub workspace: Workspace,
    /// Its jobs.
    pub supervisor: Supervisor,
    settings: Settings,
}

impl Server {
    /// Takes workspace and port, then takes up the jobs that an earlier server left. Projects may read below `data`.
    pub async fn open(common: &Common, data: &[PathBuf]) -> anyhow::Result<Self> {
        let data_roots = data.iter().map(|root| existing(root)).collect::<anyhow::Result<_>>()?;
        let workspace = Workspace::open(&common.workspace).await?;
        let listener = TcpListener::bind(common.listen).await.with_context(|| {
            format!("cannot listen on {}: give another address by --listen, or stop what has it", common.listen)
        })?;
        let address = listener.local_addr()?;
        let url = common.base_url(address);
        workspace.sign(&url)?;
        let config = common.engine.supervisor();
        if config.launcher.is_empty() && !config.engine.exists() {
            let engine = config.engine.display();
            tracing::warn!(
                "there is no engine at {engine}, so no stage will run: build it with `cargo build --workspace` or \
                 `make release`, or give its path by --engine"
            );
        }
        let supervisor = Supervisor::start(workspace.clone(), config).await?;
        let settings = Settings {
            data_roots,
            imagenet_lite0: common.engine.imagenet(Backbone::EfficientnetLite0),
            imagenet_resnet101: common.engine.imagenet(Backbone::Resnet101),
            device: common.engine.device.clone(),
            secure: url.starts_with("https://"),
        };
        Ok(Self { listener, address, url, workspace, supervisor, settings })
    }

    /// Lets projects read below one more folder.
    pub fn allow(&mut self, data: &Path) -> anyhow::Result<()> {
        self.settings.data_roots.push(existing(data)?);
        Ok(())
    }

    /// Until a lead is there who can sign in: a link, good once, that makes one.
    pub async fn first_link(&self) -> anyhow::Result<Option<String>> {
        let path = web::first_link(self.workspace.db()).await?;
        Ok(path.map(|path| format!("{}{path}", self.url)))
    }

    /// Serves until `stop`. Jobs go on.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) -> anyhow::Result<()> {
        let app = web::router(App::new(self.supervisor.clone(), self.settings));
        // Sign-in slows guessing down by address.
        let app = app.into_make_service_with_connect_info::<SocketAddr>();
        let stopping = std::sync::Arc::new(tokio::sync::Notify::new());
        let asked = std::sync::Arc::clone(&stopping);
        let graceful = async move {
            stop.await;
            asked.notify_one();
        };
        let serving = axum::serve(self.listener, app).with_graceful_shutdown(graceful);
        tokio::select! {
            served = serving => served?,
            // Pages that follow a job stream for ever.
            () = async { stopping.notified().await; tokio::time::sleep(GRACE).await; } => {}
        }
        self.supervisor.shutdown().await;
        self.workspace.db().close().await;
        Ok(())
    }
}

fn existing(root: &Path) -> anyhow::Result<PathBuf> {
    let cannot = || format!("the data folder {} cannot be opened: give another by --data", root.display());
    root.canonicalize().with_context(cannot)
}

/// Waits for Ctrl-C or SIGTERM.
pub async fn asked_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => drop(tokio::signal::ctrl_c().await),
    }
}
