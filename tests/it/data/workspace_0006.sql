-- What the sixth migration made room for: what the source's labels tell.
update project set survey = '{"labels":12,"never_touch":[[0,10]],"examples":{"0":1}}' where project_id = 1;
