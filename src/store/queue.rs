//! The queue: who works on which chosen frame, and until when.
//!
//! A lease is a person's for five minutes and is prolonged by every sign of life: a heartbeat, a save. Past its end
//! anybody may take the frame. `now` is an argument everywhere, in milliseconds since 1970.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::column::{from_json, from_word, json};
use super::rounds::PickState;
use super::work::{self, Overruled};
use super::{Db, Result, Tx};
use crate::domain::{Checks, FrameId, ProjectId, Size, Taxonomy, UserId, Work};

/// How long a lease lasts without a sign of life, in milliseconds.
pub const LEASE: i64 = 5 * 60 * 1000;

/// How long a frame that was opened again for somebody waits for them, in milliseconds: a day, for they may have gone home.
const AWAITED: i64 = 24 * 3600 * 1000;

/// Of a pick: its mask is the one that was submitted last.
const UNCHANGED: &str = "submitted_version = (select max(version) from mask where mask.frame_id = pick.frame_id)";

/// Somebody's lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Whose.
    pub user: UserId,
    /// Their name.
    pub name: String,
    /// Milliseconds since 1970.
    pub until: i64,
}

impl Holder {
    /// Whether the frame was opened again for them, and they have not come to it yet.
    pub fn is_awaited(&self, now: i64) -> bool {
        self.until > now + LEASE
    }
}

/// Somebody for whom a frame may be opened again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Other {
    /// Who.
    pub user: UserId,
    /// Their name.
    pub name: String,
    /// Whether a version of its mask is theirs.
    pub has_saved: bool,
}

/// A frame that was chosen for labelling, as the annotate page meets it.
#[derive(Clone, Debug, PartialEq)]
pub struct Chosen {
    /// The frame.
    pub frame: FrameId,
    /// Its project.
    pub project: ProjectId,
    /// As the dataset calls it.
    pub name: String,
    /// Of picture and mask.
    pub size: Size,
    /// The project's classes.
    pub taxonomy: Taxonomy,
    /// What the mask is looked at for before it is submitted.
    pub checks: Checks,
    /// When the project was made, in milliseconds since 1970: tells it from an older one of the same number.
    pub project_created_at: i64,
    /// How far it is.
    pub state: PickState,
    /// Who works on it now; a lease that ran out is none.
    pub holder: Option<Holder>,
    /// Who finished it last.
    pub submitted_by: Option<UserId>,
    /// Their name.
    pub submitter: Option<String>,
    /// Below the workspace, an 8-bit PNG of the frame's size.
    pub uncertainty: Option<String>,
    /// Below the workspace, a segments file (`formats::segments`).
    pub segments: Option<String>,
    /// Frames of its round that are finished.
    pub finished: i64,
    /// Frames of its round.
    pub of: i64,
}

/// Why a frame cannot be worked on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It was never chosen, or there is no such frame.
    #[error("this frame is not chosen for labelling: a lead may have left it out")]
    NotChosen,
    /// The proposal is not there yet.
    #[error("the model's proposal for this frame is still being made: come back in a moment")]
    NotReady,
    /// It is finished.
    #[error("{}", submitted(.0.as_deref()))]
    Submitted(Option<String>),
    /// It is finished, by who asks.
    #[error("you submitted this frame: open it again to change it")]
    SubmittedByYou,
    /// Somebody else works on it.
    #[error("{} works on this frame now", .0.name)]
    Leased(Holder),
    /// There is a newer mask than the one that was to be submitted.
    #[error("there is a newer version of the mask: reload the page and look at it")]
    Stale,
    /// Without it the round would have no frame at all.
    #[error("this is the round's only frame: choose others under Picks instead")]
    OnlyOne,
    /// Only who submitted it, or a lead, may open it again.
    #[error(
        "only the person who submitted this frame or a lead may open it again, and only while no stage is training on the labels"
    )]
    NotYours,
}

fn submitted(by: Option<&str>) -> String {
    match by {
        Some(name) => format!("{name} submitted this frame: ask them or a lead to open it again for you"),
        None => "this frame was submitted: ask a lead to open it again for you".into(),
    }
}

/// A chosen frame, by its newest round.
pub async fn chosen(db: &Db, frame: FrameId, now: i64) -> Result<Option<Chosen>> {
    let row = sqlx::query(
        "select f.frame_id, f.project_id, f.name, f.width, f.height, project.taxonomy, project.checks, project.created_at, p.state,
             p.lease_user_id, holder.name as holder, p.lease_until, p.submitted_by, submitter.name as submitter,
             p.uncertainty_path, p.segments_path,
             (select count(*) from pick where round_id = p.round_id and state = 'submitted') as finished,
             (select count(*) from pick where round_id = p.round_id) as total
         from pick p join frame f using (frame_id) join project using (project_id)
             left join user holder on holder.user_id = p.lease_user_id
             left join user submitter on submitter.user_id = p.submitted_by
         where p.frame_id = ? order by p.round_id desc limit 1",
    )
    .bind(frame.0)
    .fetch_optional(db.read())
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Chosen {
        frame: FrameId(row.get("frame_id")),
        project: ProjectId(row.get("project_id")),
        name: row.get("name"),
        size: Size { width: row.get("width"), height: row.get("height") },
        taxonomy: from_json(row.get("taxonomy"))?,
        checks: from_json(row.get("checks"))?,
        project_created_at: row.get("created_at"),
        state: from_word(row.get("state"))?,
        holder: holder_of(&row, now),
        submitted_by: row.get::<Option<i64>, _>("submitted_by").map(UserId),
        submitter: row.get("submitter"),
        uncertainty: row.get("uncertainty_path"),
        segments: row.get("segments_path"),
        finished: row.get("finished"),
        of: row.get("total"),
    }))
}

/// Leases the next ready frame of a project: the one they hold already, else the first by round and place that is free;
/// those that they put back come last.
///
/// On the one writing connection: two people never get the same frame.
pub async fn next(db: &Db, project: ProjectId, user: UserId, now: i64) -> Result<Option<FrameId>> {
    let mut tx = db.begin().await?;
    // Opened again, not changed, and left alone: finished work is not handed out.
    sqlx::query(sqlx::AssertSqlSafe(format!(
        "update pick set state = 'submitted', lease_user_id = null, lease_until = null
         where state = 'ready' and coalesce(lease_until, 0) <= ?2 and {UNCHANGED}
             and round_id in (select round_id from round where project_id = ?1)"
    )))
    .bind(project.0)
    .bind(now)
    .execute(&mut *tx)
    .await?;
    let frame: Option<i64> = sqlx::query_scalar(
        "update pick set lease_user_id = ?2, lease_until = ?4
         where rowid = (
             select p.rowid from pick p join round using (round_id)
             where project_id = ?1 and p.state = 'ready'
                 and (p.lease_user_id is null or p.lease_user_id = ?2 or p.lease_until <= ?3)
             order by (p.lease_user_id is ?2 and p.lease_until > ?3) desc,
                 case when p.released_by = ?2 then p.released_at else 0 end, round.number, p.place limit 1)
         returning frame_id",
    )
    .bind(project.0)
    .bind(user.0)
    .bind(now)
    .bind(now + LEASE)
    .fetch_optional(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(frame.map(FrameId))
}

/// Leases this frame, or prolongs the lease, if nobody else holds it; gives its end.
pub async fn take(db: &Db, frame: FrameId, user: UserId, now: i64) -> Result<Result<i64, Refusal>> {
    let mut tx = db.begin().await?;
    let taken = take_in(&mut tx, frame, user, now).await?;
    if taken.is_ok() {
        tx.commit().await?;
    }
    Ok(taken)
}

/// [`take`] within other changes.
pub async fn take_in(tx: &mut Tx, frame: FrameId, user: UserId, now: i64) -> Result<Result<i64, Refusal>> {
    if let Err(refusal) = may_work(tx, frame, user, now).await? {
        return Ok(Err(refusal));
    }
    let until = sqlx::query_scalar(
        "update pick set lease_user_id = ?2, lease_until = ?3
         where frame_id = ?1 and state = 'ready' returning lease_until",
    );
    Ok(Ok(until.bind(frame.0).bind(user.0).bind(now + LEASE).fetch_one(&mut **tx).await?))
}

/// Leases this frame to a lead, whoever works on it; what that person has not saved is saved once the frame is free again, or
/// opened again for them.
pub async fn take_over(db: &Db, frame: FrameId, lead: UserId, now: i64) -> Result<()> {
    sqlx::query("update pick set lease_user_id = ?2, lease_until = ?3 where frame_id = ?1 and state = 'ready'")
        .bind(frame.0)
        .bind(lead.0)
        .bind(now + LEASE)
        .execute(db.write())
        .await?;
    Ok(())
}

/// Ends this person's lease, if it is theirs. A frame that they opened again and did not change is finished as before.
pub async fn release(db: &Db, frame: FrameId, user: UserId, now: i64) -> Result<()> {
    sqlx::query(sqlx::AssertSqlSafe(format!(
        "update pick set lease_user_id = null, lease_until = null, released_by = ?2, released_at = ?3,
             state = case when {UNCHANGED} then 'submitted' else state end
         where frame_id = ?1 and lease_user_id = ?2"
    )))
    .bind(frame.0)
    .bind(user.0)
    .bind(now)
    .execute(db.write())
    .await?;
    Ok(())
}

/// Takes an unfinished frame on which nobody else works out of its round, which can end without it: not the only one. Its
/// masks stay.
pub async fn leave_out(db: &Db, frame: FrameId, lead: UserId, now: i64) -> Result<Result<(), Refusal>> {
    let mut tx = db.begin().await?;
    match may_work(&mut tx, frame, lead, now).await? {
        Ok(()) | Err(Refusal::NotReady) => {}
        Err(refusal) => return Ok(Err(refusal)),
    }
    let left: u64 = sqlx::query_scalar(
        "select count(*) - 1 from pick where round_id = (select max(round_id) from pick where frame_id = ?)",
    )
    .bind(frame.0)
    .fetch_one(&mut *tx)
    .await?;
    if left == 0 {
        return Ok(Err(Refusal::OnlyOne));
    }
    sqlx::query("delete from pick where frame_id = ? and state <> 'submitted'").bind(frame.0).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(Ok(()))
}

/// A submission.
#[derive(Clone, Copy, Debug)]
pub struct Submission<'a> {
    /// Of which frame.
    pub frame: FrameId,
    /// By whom.
    pub user: UserId,
    /// The version that this person last saw.
    pub version: i64,
    /// What was done since the version was saved.
    pub work: &'a Work,
    /// What its checks found and the person said to it; none where they found nothing.
    pub overruled: Option<&'a Overruled>,
    /// Milliseconds since 1970.
    pub now: i64,
}

/// Finishes a frame. The lease ends. Who submits again what they submitted, as after an answer that was lost, is told that
/// it is done.
pub async fn submit(db: &Db, submission: Submission<'_>) -> Result<Result<(), Refusal>> {
    let Submission { frame, user, version, overruled, now, .. } = submission;
    let mut tx = db.begin().await?;
    let done: bool = sqlx::query_scalar(
        "select exists (select 1 from pick
            where frame_id = ? and state = 'submitted' and submitted_by = ? and submitted_version = ?)",
    )
    .bind(frame.0)
    .bind(user.0)
    .bind(version)
    .fetch_one(&mut *tx)
    .await?;
    if done {
        return Ok(Ok(()));
    }
    if let Err(refusal) = may_work(&mut tx, frame, user, now).await? {
        return Ok(Err(refusal));
    }
    let newest: Option<i64> = sqlx::query_scalar("select max(version) from mask where frame_id = ?")
        .bind(frame.0)
        .fetch_one(&mut *tx)
        .await?;
    if newest != Some(version) {
        return Ok(Err(Refusal::Stale));
    }
    sqlx::query(
        "update pick set state = 'submitted', submitted_by = ?2, submitted_at = ?3, submitted_version = ?4,
             lease_user_id = null, lease_until = null
         where frame_id = ?1 and state = 'ready'",
    )
    .bind(frame.0)
    .bind(user.0)
    .bind(now)
    .bind(version)
    .execute(&mut *tx)
    .await?;
    work::add_submission(&mut tx, &submission).await?;
    // Of an earlier submission of the same version nothing holds any more.
    sqlx::query("delete from overruling where frame_id = ? and version = ?")
        .bind(frame.0)
        .bind(version)
        .execute(&mut *tx)
        .await?;
    if let Some(Overruled { findings, word }) = overruled {
        sqlx::query(
            "insert into overruling (frame_id, version, user_id, findings, word, created_at) values (?, ?, ?, ?, ?, ?)",
        )
        .bind(frame.0)
        .bind(version)
        .bind(user.0)
        .bind(json(findings)?)
        .bind(word)
        .bind(now)
        .execute(&mut *tx)
        .await?;
    }
    tx.commit().await?;
    Ok(Ok(()))
}

/// Opens a finished frame again and leases it to whoever does: its submitter, or a lead; who submitted it stays known, see
/// [`release`]. Not while a stage learns from the labels, of whatever round: the stage after would not find what it stands
/// on.
pub async fn reopen(db: &Db, frame: FrameId, user: UserId, is_lead: bool, now: i64) -> Result<Result<(), Refusal>> {
    open_again(db, frame, (user, is_lead), (user, now + LEASE)).await
}

/// [`reopen`] for another, as for who drew on it and could not save before it was handed on: it waits for them for a day.
pub async fn reopen_for(
    db: &Db,
    frame: FrameId,
    other: UserId,
    user: UserId,
    is_lead: bool,
    now: i64,
) -> Result<Result<(), Refusal>> {
    open_again(db, frame, (user, is_lead), (other, now + AWAITED)).await
}

async fn open_again(
    db: &Db,
    frame: FrameId,
    (user, is_lead): (UserId, bool),
    (holder, until): (UserId, i64),
) -> Result<Result<(), Refusal>> {
    let opened = sqlx::query(
        "update pick set state = 'ready', lease_user_id = ?3, lease_until = ?4
         where frame_id = ?1 and state = 'submitted' and (submitted_by = ?2 or ?5)
            and not exists (
                select 1 from job join round using (project_id)
                where round.round_id = pick.round_id and job.state in ('queued', 'running', 'stopping') and stage in (
                    'inject', 'target_features', 'target_anchors', 'adapt'))",
    )
    .bind(frame.0)
    .bind(user.0)
    .bind(holder.0)
    .bind(until)
    .bind(is_lead)
    .execute(db.write())
    .await?;
    Ok(if opened.rows_affected() > 0 { Ok(()) } else { Err(Refusal::NotYours) })
}

/// For whom this person may open a frame again: who saved it first, the latest foremost. Who drew on it and could not save
/// has left no trace here, so that everybody else comes after.
pub async fn others(db: &Db, chosen: &Chosen, user: UserId) -> Result<Vec<Other>> {
    let rows = sqlx::query(
        "select user.user_id, name, max(version) as latest from user
             left join mask on mask.user_id = user.user_id and frame_id = ?1
         where user.user_id <> ?2 and user.user_id is not ?3
         group by user.user_id order by latest desc, name",
    )
    .bind(chosen.frame.0)
    .bind(user.0)
    .bind(chosen.submitted_by.map(|user| user.0))
    .fetch_all(db.read())
    .await?;
    let other = |row: &SqliteRow| Other {
        user: UserId(row.get("user_id")),
        name: row.get("name"),
        has_saved: row.get::<Option<i64>, _>("latest").is_some(),
    };
    Ok(rows.iter().map(other).collect())
}

/// Whether this person may draw on a frame now.
async fn may_work(tx: &mut Tx, frame: FrameId, user: UserId, now: i64) -> Result<Result<(), Refusal>> {
    let row = sqlx::query(
        "select state, lease_user_id, holder.name as holder, lease_until, submitted_by, submitter.name as submitter
         from pick left join user holder on holder.user_id = lease_user_id
             left join user submitter on submitter.user_id = submitted_by
         where frame_id = ? order by round_id desc limit 1",
    )
    .bind(frame.0)
    .fetch_optional(&mut **tx)
    .await?;
    let Some(row) = row else { return Ok(Err(Refusal::NotChosen)) };
    Ok(match (from_word(row.get("state"))?, holder_of(&row, now)) {
        (PickState::Waiting, _) => Err(Refusal::NotReady),
        (PickState::Submitted, _) if row.get::<Option<i64>, _>("submitted_by") == Some(user.0) => {
            Err(Refusal::SubmittedByYou)
        }
        (PickState::Submitted, _) => Err(Refusal::Submitted(row.get("submitter"))),
        (PickState::Ready, Some(holder)) if holder.user != user => Err(Refusal::Leased(holder)),
        (PickState::Ready, _) => Ok(()),
    })
}

fn holder_of(row: &SqliteRow, now: i64) -> Option<Holder> {
    let user = UserId(row.get::<Option<i64>, _>("lease_user_id")?);
    let until: i64 = row.get::<Option<i64>, _>("lease_until")?;
    (until > now).then(|| Holder { user, name: row.get("holder"), until })
}
