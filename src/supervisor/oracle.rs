//! Answers for people from labels that are known: the demo's short cut.

use super::Supervisor;
use crate::domain::{ProjectId, RoundId};
use crate::formats::label::read_label;
use crate::store::masks::{self, MaskKind};
use crate::store::rounds::PickState;
use crate::store::{Error, frames, now, projects, rounds};

impl Supervisor {
    /// Submits every pick of a round that nobody has submitted yet with the mask that its dataset's label gives. How many.
    ///
    /// Only in a project whose target labels are known (`oracle`).
    pub async fn answer_rest_from_oracle(&self, project: ProjectId, round: RoundId) -> anyhow::Result<usize> {
        let db = self.inner.workspace.db();
        let project = projects::get(db, project).await?;
        anyhow::ensure!(project.oracle, "the target's labels are not known in this project: people label its frames");
        anyhow::ensure!(rounds::get(db, round).await?.project == project.id, Error::NotFound);
        let mut answered = 0;
        for pick in rounds::picks(db, round).await?.iter().filter(|pick| pick.state != PickState::Submitted) {
            let (_, frame) = frames::get(db, pick.why.frame).await?;
            let code = project.code(frame.domain, frame.split);
            let (Some(label), Some(code)) = (frame.label, code) else {
                anyhow::bail!("frame {} has no label: label it by hand", frame.name)
            };
            let read = move || anyhow::Ok(masks::pack(&read_label(&label, &code, frame.size)?)?);
            let mask = tokio::task::spawn_blocking(read).await??;
            let mut tx = db.begin().await?;
            // Somebody may have been faster: then nothing is added on top of their mask.
            if rounds::submit_for_oracle(&mut tx, round, frame.id).await? {
                masks::add(&mut tx, frame.id, MaskKind::Oracle, None, &mask, now()).await?;
                answered += 1;
            }
            tx.commit().await.map_err(Error::from)?;
        }
        self.go_on(project.id).await?;
        Ok(answered)
    }
}
