-- What the second migration made room for: the work behind a saved mask, its checks, a submission in spite of them.
insert into work (mask_id, seconds, actions, origins, n_model, n_segment, n_propagate, n_hand) values (3, 41.5, '{"brush":3}', x'28b52ffd04584d00001000000100fbff0eb0f93dc4f5', 32768, 0, 0, 0);
update project set checks = '{"unlabelled_percent":5.0,"speck_pixels":3,"never_touch":[["sky","road"]]}' where project_id = 1;
insert into overruling (frame_id, version, user_id, findings, word, created_at) values (18, 2, 2, '["2 specks"]', 'They are far away.', 1795439630449);
