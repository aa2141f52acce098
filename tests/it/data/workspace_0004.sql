-- What the fourth migration made room for: how the picks were chosen.
update round set choice = '{"strategy":"madav2","budget":{"frames":2},"quota":1}', selection = '{"strategy":"madav2","budget":2,"quota":1,"anchors":[10,10],"candidates":20,"mix":{"picked_frames":[],"pool_frames":[],"picked_pixels":[],"pool_pixels":[]},"picks":[]}' where round_id = 1;
