"""A model of Windlass in PyTorch, to use it anywhere.

    pip install torch safetensors numpy pillow

    from model import load
    net = load("model.safetensors")      # its card, model.json, lies beside it
    mask = net.label("street.png")       # u8 [height, width]: indices of net.classes

    python model.py PICTURE...           # writes PICTURE_labelIds.png with Cityscapes' ids beside each

`net(x)` gives features [n, D, h/4, w/4] and logits [n, classes, h/4, w/4] of pictures that `net.see` has made ready, so
that it can be trained further, or exported by torch.onnx. A card that wants windows or mirrors is answered without them.
"""
import json
import pathlib
import sys

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F


def load(weights):
    """A model from its weights file and the card beside it, in evaluation mode on the CPU."""
    weights = pathlib.Path(weights)
    card = json.loads(weights.with_name("model.json").read_text())
    net = network(card["recipe"]["backbone"], len(card["classes"]))
    missing, unexpected = net.load_state_dict(load_file(weights), strict=False)
    if unexpected or not all(name.endswith("num_batches_tracked") for name in missing):
        raise ValueError(f"{weights} and its card are of two models")
    frame = card["recipe"]["frame"]
    net.classes, net.frame, net.input = card["classes"], (frame["height"], frame["width"]), card["recipe"]["input"]
    return net.eval()


def network(backbone, n_classes):
    """`resnet101` or `efficientnet_lite0` below DeepLab v3+'s head, with PyTorch's own first weights."""
    if backbone == "resnet101":
        return Segmenter(Resnet101(), 2048, 256, 256, 48, False, True, n_classes)
    return Segmenter(Lite0(16), 320, 24, 128, 32, True, False, n_classes)


class Group(nn.Module):
    """A place for children with chosen names."""

    def __init__(self, **children):
        super().__init__()
        for name, child in children.items():
            self.add_module(name, child)


def conv(i, o, k=1, stride=1, dilation=1, groups=1, bias=False):
    return nn.Conv2d(i, o, k, stride, dilation * (k - 1) // 2, dilation, groups, bias)


class Bottleneck(nn.Module):
    def __init__(self, inputs, width, stride, dilation):
        super().__init__()
        self.conv1, self.bn1 = conv(inputs, width), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = conv(width, width, 3, stride, dilation), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = conv(width, width * 4), nn.BatchNorm2d(width * 4)
        if stride != 1 or inputs != width * 4:
            self.downsample = nn.Sequential(conv(inputs, width * 4, 1, stride), nn.BatchNorm2d(width * 4))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return F.relu(y + (self.downsample(x) if hasattr(self, "downsample") else x))


class Resnet101(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = conv(3, 64, 7, 2), nn.BatchNorm2d(64)
        inputs = 64
        for layer, (blocks, stride, dilations) in enumerate(
                ((3, 1, [1] * 3), (4, 2, [1] * 4), (23, 2, [1] * 23), (3, 1, [2, 4, 8])), 1):
            rows = []
            for block in range(blocks):
                rows.append(Bottleneck(inputs, 32 << layer, stride if block == 0 else 1, dilations[block]))
                inputs = 128 << layer
            self.add_module(f"layer{layer}", nn.Sequential(*rows))

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        low = self.layer1(x)
        return low, self.layer4(self.layer3(self.layer2(low)))


class Same(nn.Conv2d):
    """TensorFlow's SAME padding."""

    def forward(self, x):
        pads = []
        for size in (x.shape[3], x.shape[2]):
            reach = (self.kernel_size[0] - 1) * self.dilation[0] + 1
            total = max((-(-size // self.stride[0]) - 1) * self.stride[0] + reach - size, 0)
            pads += [total // 2, total - total // 2]
        return F.conv2d(F.pad(x, pads), self.weight, None, self.stride, 0, self.dilation, self.groups)


def lite_norm(width):
    return nn.BatchNorm2d(width, eps=1e-3)


class InvertedResidual(nn.Module):
    def __init__(self, inputs, outputs, expansion, kernel, stride, dilation):
        super().__init__()
        width = inputs * expansion
        if expansion > 1:
            self._expand_conv, self._bn0 = Same(inputs, width, 1, bias=False), lite_norm(width)
        self._depthwise_conv = Same(width, width, kernel, stride, dilation=dilation, groups=width, bias=False)
        self._bn1 = lite_norm(width)
        self._project_conv, self._bn2 = Same(width, outputs, 1, bias=False), lite_norm(outputs)
        self.skip = stride == 1 and inputs == outputs

    def forward(self, x):
        y = F.relu6(self._bn0(self._expand_conv(x))) if hasattr(self, "_bn0") else x
        y = F.relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        return x + y if self.skip else y


class Lite0(nn.Module):
    """Repeats, kernel, stride, expansion and channels of each stage; the last stride is given up for a dilation."""

    STAGES = ((1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192),
              (1, 3, 1, 6, 320))

    def __init__(self, output_stride):
        super().__init__()
        self._conv_stem, self._bn0 = Same(3, 32, 3, 2, bias=False), lite_norm(32)
        blocks, inputs, dilation = [], 32, 1
        for stage, (repeats, kernel, stride, expansion, outputs) in enumerate(self.STAGES):
            for repeat in range(repeats):
                last = stage == 5 and repeat == 0 and output_stride == 16
                own = 1 if repeat or last else stride
                blocks.append(InvertedResidual(inputs, outputs, expansion, kernel, own, dilation))
                if last:
                    dilation = 2
                inputs = outputs
        self._blocks = nn.ModuleList(blocks)

    def forward(self, x):
        x = F.relu6(self._bn0(self._conv_stem(x)))
        for i, block in enumerate(self._blocks):
            x = block(x)
            if i == 2:
                low = x
        return low, x


class Cell(nn.Module):
    """Convolution, norm, ReLU; the convolution is 1x1, 3x3, or 3x3 a channel and 1x1."""

    def __init__(self, inputs, outputs, kernel=1, dilation=1, separable=False):
        super().__init__()
        if separable and kernel > 1:
            self.depthwise = conv(inputs, inputs, kernel, dilation=dilation, groups=inputs)
            kernel = 1
        self.conv, self.norm = conv(inputs, outputs, kernel, dilation=dilation if kernel > 1 else 1), nn.BatchNorm2d(outputs)

    def forward(self, x):
        x = self.depthwise(x) if hasattr(self, "depthwise") else x
        return F.relu(self.norm(self.conv(x)))


class Biased(nn.Conv2d):
    def forward(self, x):
        return F.relu(super().forward(x))


class Segmenter(nn.Module):
    def __init__(self, backbone, high, low, width, low_width, small, align_corners, n_classes):
        super().__init__()
        self.backbone, self.align_corners, self.input = backbone, align_corners, "imagenet"
        aspp = {"0": Cell(high, width)}
        aspp.update({str(i): Cell(high, width, 3, 6 * i, small) for i in (1, 2, 3)})
        decoder = {"low": Cell(low, low_width), "0": Cell(width + low_width, width, 3, 1, small),
                   "1": Cell(width, width, 3, 1, small)}
        pool = Biased(high, width, 1) if small else Cell(high, width)
        self.head = Group(aspp=Group(**aspp, pool=pool, join=Cell(5 * width, width)),
                          decoder=Group(**decoder), classifier=conv(width, n_classes, bias=True))

    def forward(self, x):
        low, high = self.backbone(x)
        aspp, decoder = self.head.aspp._modules, self.head.decoder._modules
        branches = [aspp[str(i)](high) for i in range(4)]
        branches.append(aspp["pool"](high.mean((2, 3), keepdim=True)).expand_as(branches[0]))
        deep = aspp["join"](torch.cat(branches, 1))
        deep = F.interpolate(deep, low.shape[2:], mode="bilinear", align_corners=self.align_corners)
        features = decoder["1"](decoder["0"](torch.cat([deep, decoder["low"](low)], 1)))
        return features, self.head.classifier(features)

    def see(self, rgb):
        """Pictures u8 [n, height, width, 3] as the network takes them, f32 [n, 3, height, width]."""
        x = rgb.float()
        if self.input == "unit":
            x = x / 255
        elif isinstance(self.backbone, Lite0):
            x = (x - 127) / 128
        else:
            x = (x / 255 - x.new_tensor([0.485, 0.456, 0.406])) / x.new_tensor([0.229, 0.224, 0.225])
        return x.permute(0, 3, 1, 2)

    @torch.no_grad()
    def label(self, picture):
        """The class of every pixel of a file or a PIL picture, u8 [height, width]."""
        picture = (picture if isinstance(picture, Image.Image) else Image.open(picture)).convert("RGB")
        small = np.array(picture.resize(self.frame[::-1], Image.Resampling.BILINEAR))
        x = self.see(torch.from_numpy(small)[None].to(self.head.classifier.weight.device))
        wide = F.interpolate(self(x)[1], picture.size[::-1], mode="bilinear", align_corners=self.align_corners)
        return wide[0].argmax(0).byte().cpu().numpy()


if __name__ == "__main__":
    net = load(pathlib.Path(__file__).with_name("model.safetensors"))
    ids = np.array([kind["label_id"] for kind in net.classes], np.uint8)
    for name in map(pathlib.Path, sys.argv[1:]):
        Image.fromarray(ids[net.label(name)]).save(name.with_name(f"{name.stem}_labelIds.png"))
