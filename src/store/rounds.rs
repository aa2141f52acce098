//! Rounds and their picks.

use sqlx::FromRow;

use super::column::{from_json, from_word, json};
use super::{Db, Error, Result, Tx, now};
use crate::domain::{Choice, FrameId, ModelId, Pick, ProjectId, RoundId, Selection, UserId, words};

/// One way through selection, labelling and training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Round {
    pub id: RoundId,
    pub project: ProjectId,
    /// Counted from 1.
    pub number: u32,
    /// None in the first round: its warm-up makes the first model.
    pub base_model: Option<ModelId>,
    pub created_at: i64,
}

words! {
    /// Where a pick is on its way through the queue.
    pub enum PickState {
        /// For its start mask.
        Waiting = "waiting",
        /// To be labelled.
        Ready = "ready",
        /// Labelled.
        Submitted = "submitted",
    }
}

/// A pick on its way through the queue.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Picked {
    pub round: RoundId,
    /// 1 is the first to label.
    pub place: u32,
    /// The frame, and what it was chosen for.
    pub why: Pick,
    pub state: PickState,
    /// Below the workspace, 8-bit PNG at the frame's size; none before the prelabel stage.
    pub uncertainty_path: Option<String>,
    pub mean_uncertainty: Option<f64>,
    /// Who works on it, until when.
    pub lease: Option<(UserId, i64)>,
    /// Who finished it last, also while it is open again. None, too, where the drawn labels answered.
    pub submitted_by: Option<UserId>,
    pub submitted_at: Option<i64>,
}

impl Picked {
    /// Who works on it now.
    pub fn holder(&self, now: i64) -> Option<UserId> {
        let (user, until) = self.lease?;
        (until > now && self.state == PickState::Ready).then_some(user)
    }
}

/// The round to look at: that of a number, [`Error::NotFound`], or the newest.
pub fn looked_at(rounds: &[Round], number: Option<u32>) -> Result<Option<Round>> {
    match number {
        None => Ok(rounds.last().copied()),
        Some(number) => {
            rounds.iter().find(|round| round.number == number).map(|round| Some(*round)).ok_or(Error::NotFound)
        }
    }
}

/// How many picks of a round are where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct PickCounts {
    pub waiting: u64,
    pub ready: u64,
    pub submitted: u64,
    /// When somebody last was done with a frame.
    pub last_submitted_at: Option<i64>,
    /// Whether people have begun: the picks must stay.
    pub begun: bool,
}

impl PickCounts {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.waiting + self.ready + self.submitted
    }

    /// Whether people are finished with the round.
    pub fn complete(&self) -> bool {
        self.submitted > 0 && self.submitted == self.total()
    }
}

#[derive(FromRow)]
struct RoundRow {
    round_id: i64,
    project_id: i64,
    number: u32,
    base_model_id: Option<i64>,
    created_at: i64,
}

impl From<RoundRow> for Round {
    fn from(row: RoundRow) -> Self {
        Self {
            id: RoundId(row.round_id),
            project: ProjectId(row.project_id),
            number: row.number,
            base_model: row.base_model_id.map(ModelId),
            created_at: row.created_at,
        }
    }
}

#[derive(FromRow)]
struct PickRow {
    round_id: i64,
    place: u32,
    why: String,
    state: String,
    uncertainty_path: Option<String>,
    mean_uncertainty: Option<f64>,
    lease_user_id: Option<i64>,
    lease_until: Option<i64>,
    submitted_by: Option<i64>,
    submitted_at: Option<i64>,
}

impl PickRow {
    fn read(self) -> Result<Picked> {
        Ok(Picked {
            round: RoundId(self.round_id),
            place: self.place,
            why: from_json(&self.why)?,
            state: from_word(self.state)?,
            uncertainty_path: self.uncertainty_path,
            mean_uncertainty: self.mean_uncertainty,
            lease: self.lease_user_id.map(UserId).zip(self.lease_until),
            submitted_by: self.submitted_by.map(UserId),
            submitted_at: self.submitted_at,
        })
    }
}

/// Opens the next round of a project, on the model it starts from.
pub async fn create(tx: &mut Tx, project: ProjectId, base_model: Option<ModelId>) -> Result<RoundId> {
    let id = sqlx::query_scalar(
        "insert into round (project_id, number, base_model_id, created_at)
         values (?1, (select coalesce(max(number), 0) + 1 from round where project_id = ?1), ?2, ?3)
         returning round_id",
    )
    .bind(project.0)
    .bind(base_model.map(|model| model.0))
    .bind(now())
    .fetch_one(&mut **tx)
    .await?;
    Ok(RoundId(id))
}

/// A round; [`Error::NotFound`].
pub async fn get(db: &Db, id: RoundId) -> Result<Round> {
    let row: RoundRow =
        sqlx::query_as("select * from round where round_id = ?").bind(id.0).fetch_one(db.read()).await?;
    Ok(row.into())
}

/// All rounds of a project, in order.
pub async fn list(db: &Db, project: ProjectId) -> Result<Vec<Round>> {
    let rows: Vec<RoundRow> = sqlx::query_as("select * from round where project_id = ? order by number")
        .bind(project.0)
        .fetch_all(db.read())
        .await?;
    Ok(rows.into_iter().map(Round::from).collect())
}

/// The round that a project is in; none before its import is done.
pub async fn newest(db: &Db, project: ProjectId) -> Result<Option<Round>> {
    Ok(list(db, project).await?.pop())
}

/// Replaces the round's picks by these, in order. Submitted ones are never replaced: the caller has made sure that
/// there are none.
pub async fn set_picks(tx: &mut Tx, round: RoundId, picks: &[Pick]) -> Result<()> {
    sqlx::query("delete from pick where round_id = ? and state <> 'submitted'")
        .bind(round.0)
        .execute(&mut **tx)
        .await?;
    for (index, pick) in picks.iter().enumerate() {
        sqlx::query(
            "insert into pick (round_id, frame_id, place, why, score, state) values (?, ?, ?, ?, ?, 'waiting')",
        )
        .bind(round.0)
        .bind(pick.frame.0)
        .bind(index as i64 + 1)
        .bind(json(pick)?)
        .bind(pick.score)
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

/// The start mask of a pick is there: people may have it. Its uncertainty map lies at that path below the workspace.
pub async fn make_ready(
    tx: &mut Tx,
    round: RoundId,
    frame: FrameId,
    uncertainty_path: &str,
    mean_uncertainty: f64,
) -> Result<()> {
    sqlx::query(
        "update pick set uncertainty_path = ?, mean_uncertainty = ?,
            state = case state when 'waiting' then 'ready' else state end
         where round_id = ? and frame_id = ?",
    )
    .bind(uncertainty_path)
    .bind(mean_uncertainty)
    .bind(round.0)
    .bind(frame.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The segments of a pick lie at that path below the workspace.
pub async fn set_segments(tx: &mut Tx, round: RoundId, frame: FrameId, path: Option<&str>) -> Result<()> {
    sqlx::query("update pick set segments_path = ? where round_id = ? and frame_id = ?")
        .bind(path)
        .bind(round.0)
        .bind(frame.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Takes frames that nobody has back out of the queue, until their start masks are made again.
pub async fn withdraw(tx: &mut Tx, round: RoundId) -> Result<()> {
    sqlx::query(
        "update pick set state = 'waiting' where round_id = ? and state = 'ready' and coalesce(lease_until, 0) < ?",
    )
    .bind(round.0)
    .bind(now())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Puts the frames whose start masks are there back into the queue: nothing came of what they were withdrawn for.
pub async fn hand_back(tx: &mut Tx, round: RoundId) -> Result<()> {
    sqlx::query(
        "update pick set state = 'ready' where round_id = ? and state = 'waiting' and uncertainty_path is not null",
    )
    .bind(round.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// How the frames of a round are chosen; none: as the project's recipe says.
pub async fn choice(db: &Db, round: RoundId) -> Result<Option<Choice>> {
    let json: Option<String> =
        sqlx::query_scalar("select choice from round where round_id = ?").bind(round.0).fetch_one(db.read()).await?;
    json.as_deref().map(from_json).transpose()
}

/// Says how the frames of a round are to be chosen from now on.
pub async fn set_choice(tx: &mut Tx, round: RoundId, choice: &Choice) -> Result<()> {
    let change = sqlx::query("update round set choice = ? where round_id = ?").bind(json(choice)?).bind(round.0);
    change.execute(&mut **tx).await?;
    Ok(())
}

/// How the picks of a round came about; without the picks. None before there are any.
pub async fn selection(db: &Db, round: RoundId) -> Result<Option<Selection>> {
    let json: Option<String> =
        sqlx::query_scalar("select selection from round where round_id = ?").bind(round.0).fetch_one(db.read()).await?;
    json.as_deref().map(from_json).transpose()
}

/// Keeps how the picks of a round came about, and the picks: see [`set_picks`].
pub async fn set_selection(tx: &mut Tx, round: RoundId, selection: &Selection) -> Result<()> {
    let summary = Selection { picks: vec![], ..selection.clone() };
    sqlx::query("update round set selection = ? where round_id = ?")
        .bind(json(&summary)?)
        .bind(round.0)
        .execute(&mut **tx)
        .await?;
    set_picks(tx, round, &selection.picks).await
}

/// The picks of a round, the first to label first.
pub async fn picks(db: &Db, round: RoundId) -> Result<Vec<Picked>> {
    let rows: Vec<PickRow> = sqlx::query_as("select * from pick where round_id = ? order by place")
        .bind(round.0)
        .fetch_all(db.read())
        .await?;
    rows.into_iter().map(PickRow::read).collect()
}

/// How many picks of a round are where.
pub async fn pick_counts(db: &Db, round: RoundId) -> Result<PickCounts> {
    let (waiting, ready, submitted, last_submitted_at): (i64, i64, i64, Option<i64>) = sqlx::query_as(
        "select count(*) filter (where state = 'waiting'), count(*) filter (where state = 'ready'),
            count(*) filter (where state = 'submitted'), max(submitted_at) from pick where round_id = ?",
    )
    .bind(round.0)
    .fetch_one(db.read())
    .await?;
    let [waiting, ready, submitted] = [waiting, ready, submitted].map(i64::cast_unsigned);
    let begun = labelling_begun(db, round).await?;
    Ok(PickCounts { waiting, ready, submitted, last_submitted_at, begun })
}

/// Frames that people labelled in this project up to and with a round, by id. A frame of a round that is over counts
/// while it is open again, too.
pub async fn labelled(db: &Db, project: ProjectId, up_to: u32) -> Result<Vec<FrameId>> {
    let ids: Vec<i64> = sqlx::query_scalar(
        "select distinct frame_id from pick join round using (round_id)
         where project_id = ?1 and number <= ?2 and (
            state = 'submitted'
            or number < (select max(number) from round where project_id = ?1)
                and exists (select 1 from mask where mask.frame_id = pick.frame_id and kind <> 'start'))
         order by frame_id",
    )
    .bind(project.0)
    .bind(up_to)
    .fetch_all(db.read())
    .await?;
    Ok(ids.into_iter().map(FrameId).collect())
}

/// Frames that earlier rounds picked, by id: they are not chosen twice.
pub async fn picked_before(db: &Db, project: ProjectId, round: u32) -> Result<Vec<FrameId>> {
    let ids: Vec<i64> = sqlx::query_scalar(
        "select distinct frame_id from pick join round using (round_id)
         where project_id = ? and number < ? order by frame_id",
    )
    .bind(project.0)
    .bind(round)
    .fetch_all(db.read())
    .await?;
    Ok(ids.into_iter().map(FrameId).collect())
}

/// Whether somebody has saved, submitted or is working on a frame of this round: its picks must stay.
pub async fn labelling_begun(db: &Db, round: RoundId) -> Result<bool> {
    Ok(sqlx::query_scalar(
        "select exists (
            select 1 from pick where round_id = ?1 and (
                state = 'submitted' or lease_until > ?2
                -- Without a proposal it is a mask from before the frame was left out of a round.
                or uncertainty_path is not null
                    and exists (select 1 from mask where mask.frame_id = pick.frame_id and kind <> 'start')))",
    )
    .bind(round.0)
    .bind(now())
    .fetch_one(db.read())
    .await?)
}

/// A pick is answered by the dataset's own label, in people's stead: the frame's next mask. Whether nobody was faster.
pub async fn submit_for_oracle(tx: &mut Tx, round: RoundId, frame: FrameId) -> Result<bool> {
    let changed = sqlx::query(
        "update pick set state = 'submitted', submitted_by = null, submitted_at = ?3, lease_user_id = null,
            lease_until = null, submitted_version = (select coalesce(max(version), 0) + 1 from mask where frame_id = ?2)
         where round_id = ?1 and frame_id = ?2 and state <> 'submitted'",
    )
    .bind(round.0)
    .bind(frame.0)
    .bind(now())
    .execute(&mut **tx)
    .await?;
    Ok(changed.rows_affected() == 1)
}
