"""Makes lessons.json: one step of warm-up, injection and adaptation by PyTorch, for engine/tests/golden/lessons.rs; the
adaptation as each preset has it, but for the backbone's norms: f32 rounds too coarsely through trained ones.

    pip install torch==2.11.0 numpy safetensors pillow
    python tests/golden/lessons.py

Weights, pictures and labels come from the formula of net.py. The step runs in f64, so that the other side is measured
against the truth. Of each tensor that moved two numbers are kept: how far, and how far along a fixed direction.
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
    return fill(net.network("efficientnet_lite0", CLASSES), prefix)


def learner(norms=False, decoder=True):
    """In training; its backbone's norms frozen or not, its decoder and classifier, too."""
    model = network().train()
    if not norms:
        model.backbone.eval()
        for name, weight in model.backbone.named_parameters():
            weight.requires_grad_("_bn" not in name)
    if not decoder:
        model.head.decoder.requires_grad_(False)
        model.head.classifier.requires_grad_(False)
    return model


def batch(name, n):
    labels = (net.noise(f"{name}.label", (n, SIDE, SIDE)) * 4).long()
    labels[labels == 3] = IGNORE
    return net.picture(name, SIDE, SIDE, n), labels


def see(model, pixels, unit=False):
    return model((pixels.double() / 255).permute(0, 3, 1, 2) if unit else net.lite_input(pixels.double()))


def enlarge(logits, side=SIDE):
    return F.interpolate(logits, (side, side), mode="bilinear", align_corners=False)


def sgd(model, step, horizon=STEPS, decay=5e-4):
    rate = RATE * (1 - step / horizon) ** 0.9
    groups = [{"params": [w for w in part.parameters() if w.requires_grad], "lr": times * rate}
              for part, times in ((model.backbone, 1), (model.head, 10))]
    return torch.optim.SGD(groups, lr=rate, momentum=0.9, weight_decay=decay)


def state(prefix, module):
    return {f"{prefix}.{name}": tensor.detach().clone() for name, tensor in module.state_dict().items()
            if not name.endswith("num_batches_tracked")}


def case(losses, before, after):
    moved = {}
    for name, tensor in after.items():
        by = tensor - before[name]
        if not by.any():
            continue
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


def inject(norms=False):
    model = learner(norms)
    before = state("model", model)
    (source, labels), (target, own) = batch("source", 2), batch("labelled", 2)
    _, logits = see(model, torch.cat([source, target]))
    full = enlarge(logits)
    on_source, on_target = cross_entropy(full[:2], labels), cross_entropy(full[2:], own)
    (on_source + on_target).backward()
    sgd(model, 0).step()
    losses = {"loss/source": on_source, "loss/labelled": on_target, "total": on_source + on_target}
    return case(losses, before, state("model", model))


def pick(draw, odds):
    """The class at a draw of classes laid end to end."""
    return min(int((odds.softmax(0).cumsum(0) <= draw).sum()), CLASSES - 1)


def ohem(logits, labels, threshold=0.7, min_kept=0.055):
    seen = labels != IGNORE
    p = logits.detach().softmax(1).gather(1, labels.clamp(max=CLASSES - 1)[:, None])[:, 0]
    hardest = p[seen].sort().values
    limit = max(threshold, hardest[min(int(min_kept * labels.numel()), len(hardest)) - 1].item())
    kept = seen & (p <= limit)
    print("ohem keeps", int(kept.sum()), "of", int(seen.sum()))
    return F.cross_entropy(logits, labels, ignore_index=IGNORE, reduction="none")[kept].mean()


def counts(guess):
    return guess.flatten().bincount(minlength=CLASSES).tolist()


def pseudo(guide, drop_surest=0.0):
    """The teacher's classes and their weights, without a share of the pixels of the lowest entropy."""
    p = guide.softmax(1)
    confidence, guess = p.max(1)
    entropy = -(p * p.log()).sum(1)
    least = entropy.flatten().sort().values[int(drop_surest * entropy.numel())]
    return guess, torch.where(entropy < least, 0, confidence ** 2)


def consistency(logits, guess, weights):
    return (F.cross_entropy(logits, guess, reduction="none") * weights).sum() / weights.sum()


def class_means(features, classes, least):
    means, present = torch.zeros(len(features), CLASSES, features.shape[1], dtype=torch.double), []
    for frame in range(len(features)):
        for c in range(CLASSES):
            here = classes[frame] == c
            present.append(bool(here.sum() >= least))
            if present[-1]:
                means[frame, c] = features[frame, :, here].mean(1)
    return means, torch.tensor(present).view(len(features), CLASSES)


def adapt(preset):
    paper, released = preset == "paper", preset == "released-code"
    published, step = paper or released, 5
    model, teacher = learner(decoder=not released), network("teacher.").eval()
    anchors = noise("anchors", (2, CLASSES * 128))
    # The released code's keeps all pixels of a class or none, so that what it draws does not matter.
    bank = torch.tensor([0.0, 0.0, 1.0] if released else [0.5] * CLASSES).double()
    zeros = {"adaptive.confidence": torch.zeros(CLASSES).double(), "adaptive.seen": torch.zeros(4, CLASSES).double()}
    before = {**state("model", model), **state("teacher", teacher), "anchors": anchors.clone(), **zeros}

    n_source = 0 if released else 2
    (source, truth), (labelled, own) = batch("source", n_source), batch("labelled", 2)
    if not released:
        givers, given = batch("givers", 2)
        for frame, draws in enumerate(PASTED):
            here = torch.isin(given[frame], torch.tensor([pick(draw, (1 - bank).sqrt()) for draw in draws]))
            labelled[frame][here], own[frame][here] = givers[frame][here], given[frame][here]
    drawn, chosen = batch("drawn", 1)[0], batch("chosen", 1)[0]
    plain = torch.cat([drawn, chosen])
    with torch.no_grad():
        guide = enlarge(see(teacher, torch.cat([labelled, plain]), released)[1])
    guesses = guide[2:].argmax(1)
    cut = mixing.cut(guesses[1], pick(PAIR[0], 1 - bank), PAIR[2:])
    left, top, width, height = cut["box"]
    print("cut", pick(PAIR[0], 1 - bank), cut["box"], "classes", [counts(guess) for guess in guesses])
    mixed, mixed_guide = plain.clone(), guide[2:].clone()
    rows, columns = slice(top, top + height), slice(left, left + width)
    mixed[:, rows, columns] = plain.flip(0)[:, rows, columns]
    mixed_guide[:, :, rows, columns] = guide[2:].flip(0)[:, :, rows, columns]

    features, logits = see(model, torch.cat([source, labelled, mixed, plain]), released)
    full = enlarge(logits[:-2])
    on_labelled, on_mixed = full[n_source:-2], full[-2:]
    labelled_loss = cross_entropy(on_labelled, own) if paper else ohem(on_labelled, own)
    if paper:
        consistent = ohem(on_labelled, own) + ohem(on_mixed, pseudo(mixed_guide)[0])
    else:
        consistent = 0
        for seen, given, drop in ((on_labelled, guide[:2], 0.0), (on_mixed, mixed_guide, 0.2 if released else 0.0)):
            guess, weights = pseudo(given, drop * (1 - step / STEPS))
            if released:
                weights = weights * (1 - bank)[seen.argmax(1)]
                print("sampled", int((weights > 0).sum()), "of", weights.numel())
            consistent = consistent + consistency(seen, guess, weights)
    guesses_small = logits[-2:].argmax(1)
    vectors, present = class_means(features[-2:], guesses_small, 70 if published else 2)
    print("present", present.tolist(), [counts(guess) for guess in guesses_small])
    aligned = 0
    for vector in vectors.flatten(1):
        d = ((vector - anchors) ** 2).mean(1)
        aligned = aligned + len(d) / (1 / (d + 1e-8)).sum() / len(vectors)
    losses = {"loss/labelled": labelled_loss, "loss/consistency": consistent, "loss/alignment": aligned}
    total = labelled_loss + consistent + 2.0 * aligned
    if n_source:
        losses["loss/source"] = cross_entropy(full[:n_source], truth)
        total = total + losses["loss/source"]
    total.backward()
    if not released:
        p = on_labelled.detach().softmax(1)
        for c in range(CLASSES):
            bank[c] = 0.9 * bank[c] + 0.1 * p[:, c][own == c].mean()
    sgd(model, step, **({"horizon": 900_000, "decay": 2e-4} if released else {})).step()
    students = model.state_dict()
    with torch.no_grad():
        for name, tensor in teacher.state_dict().items():
            if tensor.is_floating_point() and not published:
                tensor.lerp_(students[name], 0.1)
        for vector, here in zip(vectors.detach(), present | published):
            block = anchors[((vector.flatten() - anchors) ** 2).mean(1).argmin()].view(CLASSES, 128)
            block[here] = 0.9 * block[here] + 0.1 * vector[here]
    seen = zeros["adaptive.seen"].clone()
    for frame, guess in enumerate(guesses):
        seen[frame] = torch.tensor([float((guess == c).double().mean() > 0.01) for c in range(CLASSES)])
    after = {**state("model", model), **state("teacher", teacher), "anchors": anchors, "adaptive.confidence": bank,
             "adaptive.seen": seen}
    return case({**losses, "total": total}, before, after)


def main():
    golden = {"warmup": warmup(), "inject": inject(), "inject, trained norms": inject(norms=True)}
    golden.update({preset: adapt(preset) for preset in ("recommended", "paper", "released-code")})
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(golden, separators=(",", ":")).replace('],"', '],\n"') + "\n")


if __name__ == "__main__":
    main()
