//! What jobs said, line by line.

use std::collections::HashMap;

use super::{Db, Result, Tx};
use crate::domain::{JobId, Line, ProjectId, RoundId};

/// A line and its place among all lines.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Said {
    /// Grows with every line of every job.
    pub event_id: i64,
    pub line: Line,
}

/// Adds lines; the job's `events_read` moves in the same transaction, so that none is lost or doubled. It stays where the
/// lines are not from the file.
pub async fn append(
    tx: &mut Tx,
    project: ProjectId,
    job: JobId,
    lines: Vec<Line>,
    events_read: Option<u64>,
) -> Result<()> {
    for line in lines {
        sqlx::query("insert into event (project_id, job_id, line) values (?, ?, ?)")
            .bind(project.0)
            .bind(job.0)
            .bind(serde_json::to_string(&line)?)
            .execute(&mut **tx)
            .await?;
    }
    sqlx::query("update job set events_read = coalesce(?, events_read) where job_id = ?")
        .bind(events_read.map(u64::cast_signed))
        .bind(job.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Lines of a job after that event, the oldest first, at most `limit`.
pub async fn of_job(db: &Db, job: JobId, after: i64, limit: u32) -> Result<Vec<Said>> {
    let rows: Vec<(i64, String)> =
        sqlx::query_as("select event_id, line from event where job_id = ? and event_id > ? order by event_id limit ?")
            .bind(job.0)
            .bind(after)
            .bind(limit)
            .fetch_all(db.read())
            .await?;
    rows.into_iter().map(|(event_id, line)| Ok(Said { event_id, line: serde_json::from_str(&line)? })).collect()
}

/// What the jobs of a round said that people should read, in order.
pub async fn notes(db: &Db, round: RoundId) -> Result<HashMap<JobId, Vec<String>>> {
    let rows: Vec<(i64, String)> = sqlx::query_as(
        "select job_id, line ->> '$.message' from job join event using (job_id)
         where round_id = ? and line ->> '$.event' = 'note' order by event_id",
    )
    .bind(round.0)
    .fetch_all(db.read())
    .await?;
    let mut notes: HashMap<JobId, Vec<String>> = HashMap::new();
    for (job, message) in rows {
        let of_job = notes.entry(JobId(job)).or_default();
        // A job that goes on may say the same again.
        if of_job.last() != Some(&message) {
            of_job.push(message);
        }
    }
    Ok(notes)
}

/// Steps that a job had finished at its newest checkpoint, 0 where it has none.
pub async fn newest_checkpoint(db: &Db, job: JobId) -> Result<u64> {
    let step: Option<i64> = sqlx::query_scalar(
        "select line ->> '$.step' from event where job_id = ? and line ->> '$.event' = 'checkpoint'
         order by event_id desc limit 1",
    )
    .bind(job.0)
    .fetch_optional(db.read())
    .await?;
    Ok(step.map_or(0, i64::cast_unsigned))
}
