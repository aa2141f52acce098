"""Makes mixing.json, the numbers that the confidence bank, cutmix and copy-paste are compared with.

pip install torch==2.11.* && python tests/golden/mixing.py
"""
import json
import pathlib

import torch
from torch.nn import functional as F

torch.manual_seed(0)
IGNORE = 255


def flat(tensor):
    return [float(f"{v:.9g}") for v in tensor.detach().flatten().tolist()]


def array(tensor):
    return {"shape": list(tensor.shape), "values": flat(tensor)}


def f32(tensor):
    return torch.tensor([float(f"{v:.4g}") for v in tensor.flatten().tolist()]).view(tensor.shape)


def confidence():
    bank, steps, decay = f32(torch.rand(5)), [], 0.9
    after = bank.double()
    for _ in range(4):
        conf, seen = f32(torch.rand(5)), torch.rand(5) < 0.6
        steps.append([c if s else None for c, s in zip(flat(conf), seen.tolist())])
        after = torch.where(seen, decay * after + (1 - decay) * conf, after)
    allowed = torch.tensor([True, False, True, True, False])
    paste = torch.zeros(5, dtype=torch.double)
    paste[allowed] = F.softmax((1 - after[allowed]).sqrt(), 0)
    cut, draws = F.softmax(1 - after, 0), f32(torch.rand(8))
    picked = [int((cut.cumsum(0) > draw).nonzero()[0]) for draw in draws]
    return {"bank": flat(bank), "steps": steps, "decay": decay, "after": flat(after), "cut": flat(cut),
            "allowed": allowed.tolist(), "paste": flat(paste), "keep": flat((1 - after) / (1 - after).max()),
            "draws": flat(draws), "picked": picked}


def pieces(here):
    """Bounds and areas of 8-connected pieces, by growing each pixel's number to its neighbours' largest."""
    height, width = here.shape
    number = torch.arange(height * width, 0, -1).view(1, 1, height, width).float() * here
    while True:
        grown = F.max_pool2d(number, 3, 1, 1) * here
        if torch.equal(grown, number):
            break
        number = grown
    found = []
    for n in number.unique(sorted=True).flip(0).tolist():        # the largest number is the first pixel's
        if n > 0:
            rows, columns = (number[0, 0] == n).nonzero(as_tuple=True)
            left, top = int(columns.min()), int(rows.min())
            found.append((len(rows), [left, top, int(columns.max()) - left + 1, int(rows.max()) - top + 1]))
    return found


def cut(prediction, wanted, draws):
    height, width = prediction.shape
    large = [bounds for area, bounds in pieces(prediction == wanted) if area > 0.005 * height * width]
    if large:
        box = large[min(int(draws[0] * len(large)), len(large) - 1)]
    else:
        h, w = round(height * 0.5 ** draws[0]), round(width * 0.5 ** (1 - draws[0]))
        box = [int(draws[1] * (width - w + 1)), int(draws[2] * (height - h + 1)), w, h]
    present = [bool(((prediction == c).double().mean() > 0.01).item()) for c in range(4)]
    return {"prediction": prediction.flatten().tolist(), "height": height, "width": width, "class": wanted,
            "draws": draws, "box": box, "present": present}


def cuts():
    noise = F.interpolate(torch.randn(1, 4, 5, 6), size=(24, 32), mode="bilinear")[0]
    noise[3] = -9
    prediction = noise.argmax(0)
    prediction[0, 0] = 3                                         # a piece too small to cut
    return [cut(prediction, wanted, draws) for wanted in (0, 1, 3) for draws in ([0.1, 0.5, 0.9], [0.95, 0.2, 0.3])]


def mix():
    first, second = f32(torch.randn(2, 3, 4, 5)), f32(torch.randn(2, 3, 4, 5))
    boxes = [[1, 0, 3, 2], [0, 2, 5, 2]]
    one, other = first.clone(), second.clone()
    for frame, (left, top, width, height) in enumerate(boxes):
        inside = (frame, slice(None), slice(top, top + height), slice(left, left + width))
        one[inside], other[inside] = second[inside], first[inside]
    return {"first": array(first), "second": array(second), "boxes": boxes, "mixed": array(torch.cat([one, other]))}


def paste():
    rgb, other = torch.randint(0, 256, (2, 4, 5, 3)), torch.randint(0, 256, (2, 4, 5, 3))
    label, other_label = torch.randint(0, 3, (2, 4, 5)), torch.randint(0, 3, (2, 4, 5))
    label[0, 0], other_label[:, 1] = IGNORE, IGNORE
    classes = [[0, 2], []]
    new, new_label = rgb.clone(), label.clone()
    for frame, chosen in enumerate(classes):
        here = torch.isin(other_label[frame], torch.tensor(chosen, dtype=torch.long))
        new[frame][here], new_label[frame][here] = other[frame][here], other_label[frame][here]
    return {"rgb": array(rgb), "label": array(label), "other": array(other), "other_label": array(other_label),
            "classes": classes, "pasted": array(new), "pasted_label": array(new_label)}


def class_confidence():
    logits, label = f32(2 * torch.randn(2, 4, 3, 5)), torch.randint(0, 3, (2, 3, 5))
    label[:, 0] = IGNORE
    p = F.softmax(logits.double(), 1)
    means = [p[:, c][label == c].mean().item() if (label == c).any() else None for c in range(4)]
    return {"logits": array(logits), "labels": array(label), "confidences": means}


def main():
    golden = {"confidence": confidence(), "cut": cuts(), "mix": mix(), "paste": paste(), "class_confidence": class_confidence()}
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(golden, separators=(",", ":")).replace('},"', '},\n"') + "\n")


if __name__ == "__main__":
    main()
