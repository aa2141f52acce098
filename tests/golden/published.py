"""Makes published.json from the anchors that MADAv2's authors published (MIT, Copyright (c) 2021 Munan Ning).

Their target anchors of stage 1 stand for frames; every 64th column is kept, so that the file stays small. All columns:
`cargo run --example published -- DIR`.

pip install numpy==2.4.* && python tests/golden/published.py DIR
"""
import json
import pathlib
import sys

import numpy as np

folder = pathlib.Path(sys.argv[1]) / "anchors"
rows, source, target = (np.load(folder / f"cluster_centroids_sub_10{name}.npy")[:, ::64].astype(np.float32)
                        for name in ("_target_stage1", "", "_target_warmup"))
near = [((rows[:, None].astype(np.float64) - anchors[None]) ** 2).mean(-1) for anchors in (source, target)]
made = {name: [float(f"{value:.9g}") for value in array.ravel()]
        for name, array in (("rows", rows), ("source", source), ("target", target))}
made |= {"nearest": [d.argmin(1).tolist() for d in near], "distances": [d.min(1).tolist() for d in near]}
made["from"] = "github.com/munanning/MADAv2, MIT, Copyright (c) 2021 Munan Ning"
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(made) + "\n")
