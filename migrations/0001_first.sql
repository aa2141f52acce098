-- Windlass's tables. Times are milliseconds since 1970; paths are relative to the workspace unless they are a dataset's.

create table user (
    user_id integer primary key,
    name text not null unique collate nocase,
    role text not null check (role in ('lead', 'annotator')),
    -- argon2id in PHC form; null for the demo's visitor, who comes by link only
    password_hash text,
    created_at integer not null
) strict;

create table session (
    -- SHA-256 of the cookie's secret: a stolen database opens no session
    token_hash blob primary key,
    user_id integer not null references user on delete cascade,
    created_at integer not null,
    expires_at integer not null
) strict;

create table invitation (
    token_hash blob primary key,
    role text not null check (role in ('lead', 'annotator')),
    -- set for a link that signs an existing person in (the demo's)
    user_id integer references user on delete cascade,
    created_by integer references user on delete set null,
    created_at integer not null,
    expires_at integer not null,
    used_at integer
) strict;

create table project (
    project_id integer primary key,
    name text not null unique collate nocase,
    -- domain::Taxonomy and domain::Recipe as JSON
    taxonomy text not null,
    recipe text not null,
    -- how labels are read, by code name: map of domain::LabelCode as JSON
    codes text not null,
    seed integer not null,
    device text not null,
    -- weights of the backbone to start from, absolute
    imagenet text not null,
    -- start the next stage by itself until people are needed
    auto_advance integer not null check (auto_advance in (0, 1)),
    -- the target's labels are known and may answer for people: the demo
    oracle integer not null check (oracle in (0, 1)),
    -- where the frames come from, domain::Dataset as JSON; no val: nothing is measured
    source text not null,
    target text not null,
    val text,
    import_state text not null default 'queued' check (import_state in ('queued', 'running', 'done', 'failed')),
    -- frames checked, of so many
    import_done integer not null default 0,
    import_total integer not null default 0,
    -- a sentence for people, when it failed
    import_error text,
    created_at integer not null
) strict;

create table frame (
    -- never used again: pictures are cached by it
    frame_id integer primary key autoincrement,
    project_id integer not null references project on delete cascade,
    domain text not null check (domain in ('source', 'target')),
    split text not null check (split in ('train', 'val')),
    name text not null,
    frame_group text not null,
    -- absolute: originals are read in place
    image_path text not null,
    label_path text,
    width integer not null,
    height integer not null,
    unique (project_id, domain, split, name)
) strict;

-- what the import left out, and why
create table refusal (
    project_id integer not null references project on delete cascade,
    path text not null,
    reason text not null
) strict;
create index refusal_project on refusal (project_id);

create table round (
    round_id integer primary key,
    project_id integer not null references project on delete cascade,
    number integer not null,
    -- null in the first round: its warm-up makes the first model
    base_model_id integer references model,
    created_at integer not null,
    unique (project_id, number)
) strict;

create table job (
    job_id integer primary key,
    project_id integer not null references project on delete cascade,
    round_id integer not null references round on delete cascade,
    stage text not null,
    -- the model that an evaluation measures
    model_id integer references model,
    state text not null check (state in ('queued', 'running', 'stopping', 'stopped', 'done', 'failed')),
    pid integer,
    -- bytes of events.jsonl that are in the event table
    events_read integer not null default 0,
    -- the newest progress
    progress_done integer not null default 0,
    progress_total integer not null default 0,
    seconds_left real,
    -- a sentence for people, when it failed
    error text,
    created_at integer not null,
    started_at integer,
    ended_at integer
) strict;
create index job_round on job (round_id, stage);
-- the same thing is never queued twice, however fast somebody clicks
create unique index job_active on job (round_id, stage, coalesce(model_id, 0))
where state in ('queued', 'running', 'stopping');

-- every line that jobs said; event_id is what a page names in Last-Event-ID
create table event (
    event_id integer primary key autoincrement,
    project_id integer not null references project on delete cascade,
    job_id integer not null references job on delete cascade,
    -- domain::Line as JSON
    line text not null
) strict;
create index event_job on event (job_id, event_id);
create index event_project on event (project_id, event_id);

create table model (
    model_id integer primary key,
    project_id integer not null references project on delete cascade,
    round_id integer not null references round on delete cascade,
    job_id integer not null unique references job on delete cascade,
    stage text not null,
    path text not null,
    sha256 text not null,
    created_at integer not null
) strict;

create table evaluation (
    model_id integer primary key references model on delete cascade,
    job_id integer not null references job on delete cascade,
    -- domain::Evaluation as JSON
    body text not null,
    mean_iou real,
    created_at integer not null
) strict;

-- a frame chosen for labelling, and its way through the queue
create table pick (
    round_id integer not null references round on delete cascade,
    frame_id integer not null references frame on delete cascade,
    -- 1 is the first to label
    place integer not null,
    -- domain::Pick as JSON
    why text not null,
    score real not null,
    state text not null check (state in ('waiting', 'ready', 'submitted')),
    -- below the workspace, 8-bit PNG at the frame's size; null before prelabel
    uncertainty_path text,
    mean_uncertainty real,
    -- who works on it until when; past that anybody may take it
    lease_user_id integer references user on delete set null,
    lease_until integer,
    submitted_by integer references user on delete set null,
    submitted_at integer,
    primary key (round_id, frame_id)
) strict;
create index pick_frame on pick (frame_id);

-- masks are added, never overwritten; the newest version counts
create table mask (
    mask_id integer primary key,
    frame_id integer not null references frame on delete cascade,
    version integer not null,
    kind text not null check (kind in ('start', 'saved', 'oracle')),
    -- null for the model and the oracle
    user_id integer references user on delete set null,
    width integer not null,
    height integer not null,
    -- class indices row by row, zstd
    pixels blob not null,
    created_at integer not null,
    unique (frame_id, version)
) strict;
