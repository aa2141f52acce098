-- What the source's labels tell about classes, domain::Survey as JSON; null until somebody asks.
alter table project add column survey text;

-- What people should read among the lines of jobs is looked for at every change of a project's page.
create index event_note on event (job_id, event_id) where line ->> '$.event' = 'note';
