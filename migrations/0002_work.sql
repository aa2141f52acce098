-- How a saved mask came about: a row a version that a person saved. Versions from before this table have none.
create table work (
    mask_id integer primary key references mask on delete cascade,
    -- of work since the version before, idle time taken out
    seconds real not null,
    -- how often each tool was used since the version before, JSON: {"brush": 3}
    actions text not null,
    -- where each pixel came from, row by row as domain::Origin numbers them, zstd
    origins blob not null,
    -- how many pixels came from where
    n_model integer not null,
    n_segment integer not null,
    n_propagate integer not null,
    n_hand integer not null
) strict;

-- what a frame is looked at for before it is submitted: domain::Checks as JSON
alter table project add column checks text not null default '{}';

-- what was found in a submitted mask, and why it was submitted all the same
create table overruling (
    frame_id integer not null references frame on delete cascade,
    version integer not null,
    user_id integer references user on delete set null,
    -- sentences, JSON
    findings text not null,
    word text not null,
    created_at integer not null,
    primary key (frame_id, version)
) strict;
