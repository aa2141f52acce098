"""Makes method.json, the numbers that src/method is compared with.

pip install numpy==2.4.* scikit-learn==1.9.* && python tests/golden/method.py
"""
import json
import pathlib

import numpy as np
from sklearn.cluster import KMeans

rng = np.random.default_rng(0)


def numbers(array, digits=9):
    return [float(f"{value:.{digits}g}") for value in np.asarray(array, np.float64).ravel()]


def f32(array):
    return np.asarray(numbers(np.float32(array))).reshape(np.shape(array)).astype(np.float32)


def pooling():
    features = f32(np.maximum(rng.normal(size=(3, 60)), 0))
    classes = np.repeat(rng.choice([0, 1, 2, 4, 255], 20, p=[0.3, 0.3, 0.2, 0.1, 0.1]), 3)
    means, present = np.zeros((5, 3)), []
    for c in range(5):
        here = classes == c
        present.append(bool(here.sum() >= 10))
        if present[-1]:
            means[c] = features.astype(np.float64)[:, here].mean(1)
    assert any(present) and not all(present)
    return {"features": numbers(features), "classes": classes.tolist(), "means": numbers(means), "present": present}


def kmeans():
    rows = f32(rng.normal(size=(120, 6)) + 3 * rng.integers(0, 4, size=(120, 1)))
    start = [3, 50, 77, 110]
    fit = KMeans(4, init=rows[start], n_init=1, max_iter=50, tol=0).fit(rows)
    return {"rows": numbers(rows), "start": start, "centres": numbers(fit.cluster_centers_),
            "counts": np.bincount(fit.labels_, minlength=4).tolist(), "inertia": float(fit.inertia_)}


def distances(rows, anchors):
    return ((rows[:, None].astype(np.float64) - anchors[None]) ** 2).mean(-1)  # [n, k]


def anchors():
    row, anchors = f32(rng.random(9)), f32(rng.random((4, 9)))
    d = distances(row[None], anchors)[0]
    moved = anchors[0].astype(np.float64).copy()
    for c in (0, 2):  # class 1 is absent
        part = slice(3 * c, 3 * c + 3)
        moved[part] = 0.9 * moved[part] + 0.1 * row[part]
    return {"row": numbers(row), "anchors": numbers(anchors), "distances": d.tolist(), "nearest": int(d.argmin()),
            "alignment": float(len(d) / (1 / (d + 1e-8)).sum()), "moved": numbers(moved)}


def selection():
    rows, source, target = (f32(rng.random((n, 20))) for n in (12, 3, 4))
    scores = distances(rows, source).min(1) + distances(rows, target).min(1)
    return {"rows": numbers(rows), "source": numbers(source), "target": numbers(target), "scores": numbers(scores),
            "largest": np.argsort(-scores, kind="stable")[:5].tolist()}


made = {"pooling": pooling(), "kmeans": kmeans(), "anchors": anchors(), "selection": selection()}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(made) + "\n")
