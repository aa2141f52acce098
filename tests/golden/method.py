"""Makes method.json, the numbers that src/method is compared with.

pip install numpy==2.4.* scikit-learn==1.9.* torch==2.11.* && python tests/golden/method.py
"""
import json
import math
import pathlib

import numpy as np
import torch
from sklearn.cluster import KMeans

rng = np.random.default_rng(0)


def numbers(array, digits=9):
    return [float(f"{value:.{digits}g}") for value in np.asarray(array, np.float64).ravel()]


def f32(array):
    return np.asarray(numbers(np.float32(array))).reshape(np.shape(array)).astype(np.float32)


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
    return {"row": numbers(row), "anchors": numbers(anchors), "distances": d.tolist(), "nearest": int(d.argmin())}


def scores():
    """The scores of Table 4 in PyTorch, from maps of logits and of a discriminator, and what is chosen by them."""
    n, c, d, size = 12, 4, 5, 16
    torch.manual_seed(0)
    logits = 3 * torch.randn(n, c, size, size, dtype=torch.float64)
    logits[3] = torch.tensor([9.0, 0, 0, 0]).view(4, 1, 1)  # one class all over
    p = logits.softmax(1)
    guess = torch.nn.functional.one_hot(logits.argmax(1), c).permute(0, 3, 1, 2).double()  # [n, c, size, size]
    judged = torch.rand(n, 1, size, size, dtype=torch.float64)  # P(target)
    map_entropy = -(p * p.log()).sum(1, keepdim=True) / math.log(c)  # [n, 1, size, size]
    pixels, entropy, foreign = (f32((guess * weight).mean((2, 3))) for weight in (1.0, map_entropy, judged))
    present = (pixels > 0.1).astype(np.float32)
    present[:, 3] *= rng.random(n) < 0.5
    rows = f32(rng.random((n, c * d)) * np.repeat(present, d, 1))
    source_present = (rng.random((9, c)) < 0.7).astype(np.float32)
    source_rows = f32(rng.random((9, c * d)) * np.repeat(source_present, d, 1))
    source = f32(np.stack([source_rows[g].mean(0) for g in (slice(0, 3), slice(3, 6), slice(6, 9))]))
    target = f32(np.stack([rows[g].mean(0) for g in (slice(0, 3), slice(3, 6), slice(6, 9), slice(9, 12))]))
    t = {name: torch.tensor(value, dtype=torch.float64) for name, value in
         {"rows": rows, "source": source, "target": target, "source_rows": source_rows}.items()}

    def near(rows, anchors):
        return ((rows[:, None] - anchors[None]) ** 2).mean(-1)  # [n, k]

    def near_present(anchors, members, member_present):
        """The mean over the classes that frame and anchor both have, the anchor's block freed of its zeros."""
        own = near(members, anchors).argmin(1)
        share = torch.stack([torch.tensor(member_present, dtype=torch.float64)[own == k].mean(0) if (own == k).any()
                             else torch.zeros(c, dtype=torch.float64) for k in range(len(anchors))])  # [k, c]
        blocks = anchors.view(-1, c, d) / share.clamp_min(1e-12)[..., None]
        both = torch.tensor(present, dtype=torch.float64)[:, None] * (share > 0)[None]  # [n, k, c]
        square = ((t["rows"].view(-1, 1, c, d) - blocks[None]) ** 2).mean(-1) * both
        found = square.sum(-1) / both.sum(-1).clamp_min(1)
        found[both.sum(-1) == 0] = float("inf")
        found = found.min(1).values
        return torch.where(found.isinf(), torch.zeros_like(found), found)

    by_source, by_target = near(t["rows"], t["source"]).min(1).values, near(t["rows"], t["target"]).min(1).values
    ent = torch.tensor(entropy, dtype=torch.float64).sum(1)
    f = (1 - torch.tensor(foreign, dtype=torch.float64).sum(1)).clamp(1e-6, 1 - 1e-6)
    adv = (1 - f) / f
    assert torch.allclose(ent, map_entropy.mean((1, 2, 3))) and torch.allclose(1 - f, judged.mean((1, 2, 3)))
    eta = t["source_rows"].mean(0)
    found = {"madav2": by_source + by_target, "closest": by_source + by_target, "mada": by_source,
             "target_only": by_target, "entropy": ent, "adversarial": adv, "aada": ent * adv,
             "prototype": ((t["rows"] - eta) ** 2).mean(1),
             "present": near_present(t["source"], t["source_rows"], source_present)
             + near_present(t["target"], t["rows"], present)}

    # Frames 0 and 1 are labelled; five of the others are chosen.
    left = list(range(2, n))
    picks = {name: sorted(left, key=lambda i: (-found[name][i].item(), i))[:5] for name in ("madav2", "entropy")}
    picks["closest"] = sorted(left, key=lambda i: (found["closest"][i].item(), i))[:5]
    between = near(t["rows"], t["rows"])
    chosen = []
    for _ in range(5):
        seen = between[:, [0, 1] + chosen].min(1).values
        gain = torch.minimum(by_source, seen) + torch.minimum(by_target, seen)
        chosen.append(max((i for i in left if i not in chosen), key=lambda i: gain[i].item()))
    picks["diverse"] = chosen
    doubt = torch.tensor(entropy, dtype=torch.float64)
    doubt = doubt / doubt[left].mean(0)
    chosen = []
    for _ in range(5):
        covered = doubt[[0, 1] + chosen].sum(0)
        gain = ((1 + covered + doubt).log() - (1 + covered).log()).sum(1)
        chosen.append(max((i for i in left if i not in chosen), key=lambda i: gain[i].item()))
    picks["coverage"] = chosen
    made = {"rows": rows, "present": present, "entropy": entropy, "foreign": foreign, "pixels": pixels,
            "source": source, "target": target, "source_rows": source_rows, "source_present": source_present,
            "mean": eta.numpy()}
    return {name: numbers(value) for name, value in made.items()} | {
        "scores": {name: value.tolist() for name, value in found.items()}, "picks": picks}


def tsne():
    """Affinities and one gradient of exact t-SNE, as van der Maaten and Hinton define them."""
    x, y = rng.normal(size=(9, 4)), rng.normal(size=(9, 2))
    perplexity = 3.0
    squares = ((x[:, None] - x[None]) ** 2).sum(-1)
    p = np.zeros((9, 9))
    for i in range(9):
        low, high = 1e-12, 1e12
        for _ in range(200):
            beta = math.sqrt(low * high)
            row = np.exp(-beta * (squares[i] - np.delete(squares[i], i).min()))
            row[i] = 0
            row /= row.sum()
            entropy = -(row[row > 0] * np.log(row[row > 0])).sum()
            low, high = (beta, high) if entropy > math.log(perplexity) else (low, beta)
        p[i] = row
    p = (p + p.T) / 18
    t = torch.tensor(y, requires_grad=True)
    q = 1 / (1 + ((t[:, None] - t[None]) ** 2).sum(-1))
    q = q * (1 - torch.eye(9))
    q = q / q.sum()
    mask = ~torch.eye(9, dtype=bool)
    kl = (torch.tensor(p)[mask] * (torch.tensor(p)[mask].log() - q[mask].log())).sum()
    kl.backward()
    return {"squares": numbers(squares, 17), "perplexity": perplexity, "p": numbers(p, 12), "y": numbers(y, 17),
            "gradient": numbers(t.grad.numpy(), 12), "kl": float(kl.detach())}


made = {"kmeans": kmeans(), "anchors": anchors(), "scores": scores(),
        "tsne": tsne()}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(made) + "\n")
