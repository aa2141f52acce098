-- What the seventh migration made room for: a save's own name, the work behind a submission, who put a frame back.
update work set save = 'd1f0' where mask_id = 3;
insert into submission (frame_id, version, user_id, seconds, actions, created_at) values (18, 2, 2, 3.5, '{"brush":1}', 1795439630451);
update pick set released_by = 2, released_at = 1795439630449 where frame_id = 13;
