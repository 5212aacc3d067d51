#!/usr/bin/env python3
"""Writes the cases of Tests/Fixtures/images with torch: image models, what they compute, and ten steps of SGD.

    python Tests/Reference/image_cases.py Tests/Fixtures/images

A folder each: model/ (config.json, model.safetensors) and expected.safetensors: images, labels, logits (training), eval_logits, loss,
grad.NAME; losses of ten steps on the same batch (sgd: rate, momentum, weight decay), after.NAME: all tensors behind them. Needs torch.
"""
import json
import pathlib
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import save_file


class ConvNet(nn.Module):
    def __init__(self, channels, size, width, depth, padding, pool):
        super().__init__()
        layers, (h, w) = [], size
        for d in range(depth):
            p = padding if d == 0 else 1
            layers += [nn.Conv2d(channels if d == 0 else width, width, 3, padding=p), nn.GroupNorm(width, width),
                       nn.ReLU(), pool(2)]
            h, w = (h + 2 * p - 2) // 2, (w + 2 * p - 2) // 2
        self.features, self.classifier = nn.Sequential(*layers), nn.Linear(width * h * w, 3)

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


class Post(nn.Module):
    def __init__(self, i, o, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o)
        self.conv2, self.bn2 = nn.Conv2d(o, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o)
        self.stride, self.more = stride, o - i

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.more)))


class Pre(nn.Module):
    def __init__(self, i, o, stride):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(i), nn.Conv2d(i, o, 3, stride, 1, bias=False)
        self.bn2, self.conv2 = nn.BatchNorm2d(o), nn.Conv2d(o, o, 3, 1, 1, bias=False)
        self.downsample = nn.Sequential(nn.Conv2d(i, o, 1, stride, bias=False)) if stride > 1 or i != o else nn.Identity()

    def forward(self, x):
        return self.downsample(x) + self.conv2(F.relu(self.bn2(self.conv1(F.relu(self.bn1(x))))))


class ResNet(nn.Module):
    def __init__(self, kind, channels, widths, blocks):
        super().__init__()
        self.conv1, i = nn.Conv2d(channels, widths[0], 3, 1, 1, bias=False), widths[0]
        if kind is Post:
            self.bn1 = nn.BatchNorm2d(i)
        for s, w in enumerate(widths):
            stage = []
            for b in range(blocks):
                stage.append(kind(i, w, 2 if s and b == 0 else 1))
                i = w
            setattr(self, f"layer{s + 1}", nn.Sequential(*stage))
        if kind is Pre:
            self.bn = nn.BatchNorm2d(i)
        self.fc, self.widths, self.post = nn.Linear(i, 3, bias=False), widths, kind is Post

    def forward(self, x):
        x = self.conv1(x)
        x = F.relu(self.bn1(x)) if self.post else x
        for s in range(len(self.widths)):
            x = getattr(self, f"layer{s + 1}")(x)
        return self.fc((x if self.post else F.relu(self.bn(x))).mean((2, 3)))


CASES = {
    "convnet": (lambda: ConvNet(3, (10, 12), 5, 2, 1, nn.AvgPool2d), (4, 3, 10, 12),
                dict(model_type="convnet", image_size=[10, 12], num_channels=3, width=5, depth=2), (0.05, 0.5, 5e-4)),
    "convnet-28": (lambda: ConvNet(1, (28, 28), 3, 3, 3, nn.MaxPool2d), (3, 1, 28, 28),
                   dict(model_type="convnet", image_size=28, num_channels=1, width=3, depth=3, pooling="max"), (0.05, 0, 0)),
    "resnet": (lambda: ResNet(Post, 3, (4, 6), 2), (6, 3, 9, 9),
               dict(model_type="resnet", image_size=9, num_channels=3, widths=[4, 6], blocks=2), (0.02, 0.9, 5e-4)),
    "preresnet": (lambda: ResNet(Pre, 1, (4, 6), 2), (6, 1, 8, 8),
                  dict(model_type="preresnet", image_size=8, num_channels=1, widths=[4, 6], blocks=2), (0.05, 0.9, 1e-4)),
}


def tensors(model):
    return {k: v.clone() for k, v in model.state_dict().items()}


for name, (make, shape, config, (rate, momentum, decay)) in CASES.items():
    torch.manual_seed(5)
    torch.set_num_threads(1)
    model = make().train()
    with torch.no_grad():
        for p in model.parameters():
            if p.ndim == 1:
                p.add_(0.2 * torch.randn_like(p))
    folder = pathlib.Path(sys.argv[1]) / name
    (folder / "model").mkdir(parents=True, exist_ok=True)
    (folder / "model/config.json").write_text(json.dumps({**config, "num_labels": 3}, indent=2) + "\n")
    start = tensors(model)
    save_file(start, folder / "model/model.safetensors")
    x, y = torch.randn(shape), torch.arange(shape[0]) % 3
    out = {"images": x, "labels": y, "sgd": torch.tensor([rate, momentum, decay])}
    with torch.no_grad():
        out["eval_logits"] = model.eval()(x)
    model.train()
    logits = model(x)
    loss = F.cross_entropy(logits, y)
    loss.backward()
    out |= {"logits": logits.detach(), "loss": loss.detach().reshape(1)}
    out |= {"grad." + n: p.grad.clone() for n, p in model.named_parameters()}
    model.load_state_dict(start)
    optimizer = torch.optim.SGD(model.parameters(), lr=rate, momentum=momentum, weight_decay=decay)
    losses = []
    for _ in range(10):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        losses.append(loss.item())
        optimizer.step()
    out["losses"] = torch.tensor(losses)
    out |= {"after." + k: v for k, v in tensors(model).items() if "num_batches" not in k}
    save_file(out, folder / "expected.safetensors")
    print(name, losses[0], "->", losses[-1], sum(p.numel() for p in model.parameters()), "parameters")
