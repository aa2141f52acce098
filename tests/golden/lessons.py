"""Makes lessons.json: one step of warm-up, injection and adaptation by PyTorch, for engine/tests/golden/lessons.rs.

    pip install torch==2.11.0 numpy safetensors
    python tests/golden/lessons.py

Weights, pictures and labels come from the formula of net.py. The step runs in f64, so that the other side is measured
against the truth. Of each tensor two numbers are kept: how far it moved, and how far along a fixed direction.
"""
import json
import pathlib

import numpy as np
import torch
from torch.nn import functional as F

import mixing
import net

CLASSES, SIDE, STEPS, RATE, IGNORE = net.CLASSES, 64, 12, 0.002, 255

# What Windlass's generator draws for seed 2 at step 5; engine/src/adaptive.rs says in which order.
PASTED = [[0.6295288688029074, 0.6431840598830839, 0.4569331374294424],
          [0.22529389301117952, 0.14047950688501942, 0.9678522294549805]]     # two rows of three numbers that pick classes
PAIR = [0.6950033557774045, 0.9509306951332602, 0.7516497078147422, 0.5849702927723092, 0.7332138668157081]                     # class, frame, and three for the place of the box


def noise(name, shape):
    return net.noise(name, shape).double()


def fill(module, prefix=""):
    """As net.py does, by names that begin with a prefix."""
    with torch.no_grad():
        net.fill(module)
        if prefix:
            for name, tensor in module.state_dict().items():
                if not name.endswith("num_batches_tracked"):
                    u = net.noise(prefix + name, tensor.shape)
                    if tensor.dim() == 4:
                        u = (u * 2 - 1) * np.float32((4 / tensor[0].numel()) ** 0.5)
                    elif name.endswith(("bias", "mean")):
                        u = (u - 0.5) * 0.25
                    else:
                        u = u + 0.5
                    tensor.copy_(u)
    return module.double()


def network(prefix=""):
    return fill(net.Segmenter(net.Lite0(16), 320, 24, 128, 32, True, False), prefix)


def learner():
    """In training, its backbone's norms frozen."""
    model = network()
    model.head.train()
    model.backbone.eval()
    for name, weight in model.backbone.named_parameters():
        weight.requires_grad_("_bn" not in name)
    return model


def batch(name, n):
    labels = (net.noise(f"{name}.label", (n, SIDE, SIDE)) * 4).long()
    labels[labels == 3] = IGNORE
    return net.picture(name, SIDE, SIDE, n), labels


def see(model, pixels):
    return model(net.lite_input(pixels.double()))


def enlarge(logits, side=SIDE):
    return F.interpolate(logits, (side, side), mode="bilinear", align_corners=False)


def sgd(model, step):
    rate = RATE * (1 - step / STEPS) ** 0.9
    groups = [{"params": [w for w in model.backbone.parameters() if w.requires_grad], "lr": rate},
              {"params": list(model.head.parameters()), "lr": 10 * rate}]
    return torch.optim.SGD(groups, lr=rate, momentum=0.9, weight_decay=5e-4)


def state(prefix, module):
    return {f"{prefix}.{name}": tensor.detach().clone() for name, tensor in module.state_dict().items()
            if not name.endswith("num_batches_tracked")}


def case(losses, before, after):
    moved = {}
    for name, tensor in after.items():
        by = tensor - before[name]
        along = noise(f"{name}.probe", tensor.shape) - 0.5
        moved[name] = [float(f"{by.norm().item():.7g}"), float(f"{(by * along).sum().item():.7g}")]
    return {"losses": {name: value.item() for name, value in losses.items()}, "moved": moved}


def cross_entropy(logits, labels):
    return F.cross_entropy(logits, labels, ignore_index=IGNORE)


def warmup():
    model, judge = learner(), fill(net.Discriminator()).train()
    before = {**state("model", model), **state("discriminator", judge)}
    (source, labels), (target, _) = batch("source", 2), batch("target", 2)
    down, adam = sgd(model, 0), torch.optim.Adam(judge.parameters(), lr=1e-4, betas=(0.9, 0.99))
    _, logits = see(model, torch.cat([source, target]))
    segmentation = cross_entropy(enlarge(logits[:2]), labels)
    maps = enlarge(logits, SIDE // 2).softmax(1)
    fooled = judge(maps[2:]).square().mean()
    total = segmentation + 0.5 * fooled
    total.backward()
    down.step()
    adam.zero_grad()
    verdict = judge(maps.detach())
    told = verdict[:2].square().mean() + (verdict[2:] - 1).square().mean()
    told.backward()
    adam.step()
    losses = {"loss/source": segmentation, "loss/adversarial": fooled, "loss/discriminator": told, "total": total}
    return case(losses, before, {**state("model", model), **state("discriminator", judge)})


def inject():
    model = learner()
    before = state("model", model)
    (source, labels), (target, own) = batch("source", 2), batch("labelled", 2)
    _, logits = see(model, torch.cat([source, target]))
    full = enlarge(logits)
    on_source, on_target = cross_entropy(full[:2], labels), cross_entropy(full[2:], own)
    (on_source + on_target).backward()
    sgd(model, 0).step()
    losses = {"loss/source": on_source, "loss/labelled": on_target, "total": on_source + on_target}
    return case(losses, before, state("model", model))


def pick(draw):
    """Of equal odds, as the bank begins."""
    return min(int(draw * CLASSES), CLASSES - 1)


def ohem(logits, labels, threshold=0.7, min_kept=0.055):
    seen = labels != IGNORE
    p = logits.detach().softmax(1).gather(1, labels.clamp(max=CLASSES - 1)[:, None])[:, 0]
    hardest = p[seen].sort().values
    limit = max(threshold, hardest[min(int(min_kept * labels.numel()), len(hardest)) - 1].item())
    kept = seen & (p <= limit)
    print("ohem keeps", int(kept.sum()), "of", int(seen.sum()))
    return F.cross_entropy(logits, labels, ignore_index=IGNORE, reduction="none")[kept].mean()


def consistency(logits, guide):
    confidence, guess = guide.softmax(1).max(1)
    return (F.cross_entropy(logits, guess, reduction="none") * confidence ** 2).sum() / (confidence ** 2).sum()


def class_means(features, classes):
    means, present = torch.zeros(len(features), CLASSES, features.shape[1], dtype=torch.double), []
    for frame in range(len(features)):
        for c in range(CLASSES):
            here = classes[frame] == c
            present.append(bool(here.sum() >= 2))
            if present[-1]:
                means[frame, c] = features[frame, :, here].mean(1)
    return means, torch.tensor(present).view(len(features), CLASSES)


def adapt():
    step, model, teacher = 5, learner(), network("teacher.").eval()
    anchors, bank = noise("anchors", (2, CLASSES * 128)), torch.full((CLASSES,), 0.5, dtype=torch.double)
    zeros = {"adaptive.confidence": torch.zeros(CLASSES).double(), "adaptive.seen": torch.zeros(4, CLASSES).double()}
    before = {**state("model", model), **state("teacher", teacher), "anchors": anchors.clone(), **zeros}

    (source, truth), (labelled, own) = batch("source", 2), batch("labelled", 2)
    givers, given = batch("givers", 2)
    for frame, draws in enumerate(PASTED):
        here = torch.isin(given[frame], torch.tensor([pick(draw) for draw in draws]))
        labelled[frame][here], own[frame][here] = givers[frame][here], given[frame][here]
    drawn, chosen = batch("drawn", 1)[0], batch("chosen", 1)[0]
    plain = torch.cat([drawn, chosen])
    with torch.no_grad():
        guide = enlarge(see(teacher, torch.cat([labelled, plain]))[1])
    guesses = guide[2:].argmax(1)
    cut = mixing.cut(guesses[1], pick(PAIR[0]), PAIR[2:])
    left, top, width, height = cut["box"]
    print("cut", pick(PAIR[0]), cut["box"], "classes", [guesses[i].flatten().bincount(minlength=CLASSES).tolist() for i in (0, 1)])
    mixed, mixed_guide = plain.clone(), guide[2:].clone()
    rows, columns = slice(top, top + height), slice(left, left + width)
    mixed[:, rows, columns] = plain.flip(0)[:, rows, columns]
    mixed_guide[:, :, rows, columns] = guide[2:].flip(0)[:, :, rows, columns]

    features, logits = see(model, torch.cat([source, labelled, mixed, plain]))
    full = enlarge(logits[:6])
    on_source, on_labelled = cross_entropy(full[:2], truth), ohem(full[2:4], own)
    consistent = consistency(full[2:4], guide[:2]) + consistency(full[4:], mixed_guide)
    vectors, present = class_means(features[6:], logits[6:].argmax(1))
    print("present", present.tolist())
    aligned = 0
    for vector in vectors.flatten(1):
        d = ((vector - anchors) ** 2).mean(1)
        aligned = aligned + len(d) / (1 / (d + 1e-8)).sum() / len(vectors)
    total = on_source + on_labelled + consistent + 2.0 * aligned
    total.backward()
    p = full[2:4].detach().softmax(1)
    for c in range(CLASSES):
        bank[c] = 0.9 * bank[c] + 0.1 * p[:, c][own == c].mean()
    sgd(model, step).step()
    keep, students = 0.9, model.state_dict()
    with torch.no_grad():
        for name, tensor in teacher.state_dict().items():
            if tensor.is_floating_point():
                tensor.lerp_(students[name], 1 - keep)
        for vector, here in zip(vectors.detach(), present):
            block = anchors[((vector.flatten() - anchors) ** 2).mean(1).argmin()].view(CLASSES, 128)
            block[here] = 0.9 * block[here] + 0.1 * vector[here]
    seen = zeros["adaptive.seen"].clone()
    for frame, guess in enumerate(guesses):
        seen[frame] = torch.tensor([float((guess == c).double().mean() > 0.01) for c in range(CLASSES)])
    losses = {"loss/source": on_source, "loss/labelled": on_labelled, "loss/consistency": consistent,
              "loss/alignment": aligned, "total": total}
    after = {**state("model", model), **state("teacher", teacher), "anchors": anchors, "adaptive.confidence": bank,
             "adaptive.seen": seen}
    return case(losses, before, after)


def main():
    golden = {"warmup": warmup(), "inject": inject(), "adapt": adapt()}
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(golden, separators=(",", ":")).replace('],"', '],\n"') + "\n")


if __name__ == "__main__":
    main()
