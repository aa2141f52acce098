"""Makes losses.json, the numbers that the engine's losses, pooling and optimisers are compared with.

pip install torch==2.11.* && python tests/golden/losses.py
"""
import json
import pathlib

import torch
from torch.nn import functional as F

torch.manual_seed(0)
IGNORE = 255


def f32(tensor):
    """With few digits, so that the file is short and both sides begin with the same numbers."""
    return torch.tensor([float(f"{v:.4g}") for v in tensor.flatten().tolist()]).view(tensor.shape)


def array(tensor):
    return {"shape": list(tensor.shape), "values": [float(f"{v:.9g}") for v in tensor.detach().flatten().tolist()]}


def with_gradient(loss, by):
    loss.backward()
    return {"loss": loss.item(), "gradient": array(by.grad)}


def labels(n_classes, *shape):
    drawn = torch.randint(0, n_classes, shape)
    drawn[torch.rand(shape) < 0.2] = IGNORE
    return drawn


def cross_entropy():
    logits, truth = f32(torch.randn(2, 3, 4, 5)).requires_grad_(), labels(3, 2, 4, 5)
    loss = F.cross_entropy(logits, truth, ignore_index=IGNORE)
    return {"logits": array(logits), "labels": array(truth), **with_gradient(loss, logits)}


def ohem(threshold, min_kept):
    logits, truth = f32(2 * torch.randn(2, 3, 6, 5)).requires_grad_(), labels(3, 2, 6, 5)
    seen = truth != IGNORE
    p = F.softmax(logits.detach(), 1).gather(1, truth.clamp(max=2)[:, None])[:, 0]
    hardest = p[seen].sort().values
    limit = max(threshold, hardest[min(int(min_kept * truth.numel()), len(hardest)) - 1].item())
    kept = seen & (p <= limit)
    loss = F.cross_entropy(logits, truth, ignore_index=IGNORE, reduction="none")[kept].mean()
    return {"logits": array(logits), "labels": array(truth), "threshold": threshold, "min_kept": min_kept,
            "kept": int(kept.sum()), **with_gradient(loss, logits)}


def ls_gan():
    judged = f32(torch.randn(2, 1, 3, 2)).requires_grad_()
    loss = F.mse_loss(judged[:1], torch.zeros(1, 1, 3, 2)) + F.mse_loss(judged[1:], torch.ones(1, 1, 3, 2))
    return {"map": array(judged), **with_gradient(loss, judged)}


def bce_gan():
    judged = f32(torch.randn(2, 1, 3, 2)).requires_grad_()
    loss = F.binary_cross_entropy_with_logits(judged[:1], torch.zeros(1, 1, 3, 2)) \
        + F.binary_cross_entropy_with_logits(judged[1:], torch.ones(1, 1, 3, 2))
    return {"map": array(judged), **with_gradient(loss, judged)}


def selective():
    """Without the fifth of lowest entropy, the tenth of highest, and what is not drawn."""
    logits, teacher = f32(torch.randn(2, 3, 4, 5)).requires_grad_(), f32(2 * torch.randn(2, 3, 4, 5))
    keep_odds, draws = torch.tensor([1.0, 0.5, 0.1]), f32(torch.rand(2, 4, 5))
    p = F.softmax(teacher, 1)
    confidence, guess = p.max(1)
    entropy = -(p * p.log()).sum(1)
    ranked = entropy.flatten().sort().values
    weight = confidence ** 2
    weight[(entropy < ranked[8]) | (entropy > ranked[40 - 4 - 1])] = 0
    weight[draws >= keep_odds[logits.argmax(1)]] = 0
    loss = (F.cross_entropy(logits, guess, reduction="none") * weight).sum() / weight.sum()
    return {"logits": array(logits), "teacher": array(teacher), "keep_odds": keep_odds.tolist(), "draws": array(draws),
            "weights": array(weight), **with_gradient(loss, logits)}


def consistency():
    logits, teacher = f32(torch.randn(2, 3, 4, 5)).requires_grad_(), f32(2 * torch.randn(2, 3, 4, 5))
    confidence, guess = F.softmax(teacher, 1).max(1)
    loss = F.cross_entropy(logits, guess, reduction="none")
    loss = (loss * confidence ** 2).sum() / (confidence ** 2).sum()
    return {"logits": array(logits), "teacher": array(teacher), **with_gradient(loss, logits)}


def pooling():
    features = f32(torch.rand(2, 4, 5, 6)).requires_grad_()
    classes = torch.randint(0, 2, (2, 5, 6))
    classes[0, 0, :4], classes[:, 4] = 2, IGNORE
    means, present = torch.zeros(2, 3, 4), torch.zeros(2, 3, dtype=torch.bool)
    for frame in range(2):
        for c in range(3):
            here = classes[frame] == c
            if here.sum() >= 5:
                means[frame, c], present[frame, c] = features[frame, :, here].mean(1), True
    assert present.any() and not present.all()
    weight = f32(torch.randn(2, 3, 4))
    return {"features": array(features), "classes": array(classes), "means": array(means), "present": array(present.int()),
            "weight": array(weight), **with_gradient((means * weight).sum(), features)}


def alignment():
    vectors, anchors = f32(torch.rand(2, 12)).requires_grad_(), f32(torch.rand(3, 12))
    loss = 0
    for vector in vectors:
        d = torch.stack([((vector - anchor) ** 2).mean() for anchor in anchors])
        loss = loss + 1 / (1 / (d + 1e-8)).mean() / len(vectors)
    return {"vectors": array(vectors), "anchors": array(anchors), **with_gradient(loss, vectors)}


def follow():
    vectors, anchors, decay = f32(torch.rand(3, 3, 4)), f32(torch.rand(2, 12)), 0.75
    present = torch.tensor([[1, 1, 0], [1, 0, 1], [0, 1, 1]]).bool()
    vectors[~present] = 0
    moved = anchors.clone()
    for vector, here in zip(vectors, present):
        nearest = ((vector.flatten() - moved) ** 2).mean(1).argmin()
        block = moved[nearest].view(3, 4)
        block[here] = decay * block[here] + (1 - decay) * vector[here]
    return {"vectors": array(vectors), "present": array(present.int()), "anchors": array(anchors), "decay": decay,
            "moved": array(moved)}


def descend(make, rates):
    """Weights after steps down the sum of `w * slope + w ** 3`, one row of rates a step."""
    body, head = (f32(torch.randn(3, 2)).requires_grad_() for _ in range(2))
    begin = {"body": array(body), "head": array(head)}
    optimizer, slopes = make(body, head), f32(torch.randn(len(rates), 2, 3, 2))
    for row, slope in zip(rates, slopes):
        for group, rate in zip(optimizer.param_groups, row):
            group["lr"] = rate
        optimizer.zero_grad()
        ((body * slope[0] + body ** 3).sum() + (head * slope[1] + head ** 3).sum()).backward()
        optimizer.step()
    return {"begin": begin, "slopes": array(slopes), "end": {"body": array(body), "head": array(head)}}


def main():
    poly = [0.01 * (1 - step / 4) ** 0.9 for step in range(4)]
    sgd = lambda body, head: torch.optim.SGD([{"params": [body]}, {"params": [head]}], lr=1, momentum=0.9, weight_decay=5e-4)
    adam = lambda body, head: torch.optim.Adam([body, head], betas=(0.9, 0.99))
    golden = {
        "cross_entropy": cross_entropy(),
        "ohem": [ohem(0.7, 0.055), ohem(0.1, 0.5), ohem(0.3, 0.99)],
        "ls_gan": ls_gan(),
        "consistency": consistency(),
        "pooling": pooling(),
        "alignment": alignment(),
        "follow": follow(),
        "poly": poly,
        "sgd": descend(sgd, [(rate, 10 * rate) for rate in poly]),
        "adam": descend(adam, [(rate,) for rate in poly]),
        # After the others, whose draws stay as they were.
        "bce_gan": bce_gan(),
        "selective": selective(),
    }
    path = pathlib.Path(__file__).with_name("losses.json")
    path.write_text(json.dumps(golden, separators=(",", ":")).replace('},"', '},\n"') + "\n")


main()
