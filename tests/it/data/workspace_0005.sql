-- What the fifth migration made room for: a pick's segments.
update pick set segments_path = 'jobs/6/out/prelabel/18.segments.gz' where frame_id = 18;
