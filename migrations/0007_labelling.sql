-- What a save calls itself: by it a browser that got no answer knows whether it arrived. Older ones have none.
alter table work add column save text;

-- What was done since the last save when a frame was submitted; a row a submission. A frame that is right as the model
-- proposed it costs this alone.
create table submission (
    frame_id integer not null references frame on delete cascade,
    version integer not null,
    user_id integer references user on delete set null,
    -- as in work
    seconds real not null,
    actions text not null,
    created_at integer not null
) strict;
create index submission_frame on submission (frame_id);

-- The version that was submitted: opened again and not changed, a frame is finished as before.
alter table pick add column submitted_version integer;
update pick set submitted_version = (select max(version) from mask where mask.frame_id = pick.frame_id)
where state = 'submitted';
-- Who put it back last, and when: they get it last.
alter table pick add column released_by integer references user on delete set null;
alter table pick add column released_at integer;
