#!/usr/bin/env python3
"""Prints the literal values of LAPACKTests.swift, PiSSATests.swift and OLoRATests.swift.

    .venv/bin/python Tests/Reference/spectral_values.py        (torch, numpy, peft)

W is a 5 x 4 matrix of simple decimals. Signs: of a singular pair the element of largest size of the left vector is positive,
of a QR decomposition R's diagonal is. Last it compares the factors with those that peft begins with, up to signs.
"""

import numpy as np
import peft
import torch

W = np.array([
    [0.5, -1.25, 2.0, 0.1], [-0.3, 0.8, 0.45, -1.5], [1.1, 0.2, -0.7, 0.9], [-2.2, 0.6, 0.35, 1.3], [0.05, -0.4, 1.6, -0.15]])
RANK, SCALING = 2, 1.5


def show(name, values):
    print(name, [float(f"{value:.8g}") for value in np.ravel(values)])


u, s, vt = np.linalg.svd(W, full_matrices=False)
for index in range(len(s)):
    if u[np.argmax(np.abs(u[:, index])), index] < 0:
        u[:, index], vt[index] = -u[:, index], -vt[index]
show("sigma", s)
show("U", u)
show("Vt", vt)

roots = np.sqrt(s[:RANK] / SCALING)
show("pissa A", roots[:, None] * vt[:RANK])
show("pissa B", u[:, :RANK] * roots)

q, r = (part.numpy() for part in torch.linalg.qr(torch.tensor(W)))
signs = np.sign(np.diag(r))
show("olora A", (signs[:, None] * r)[:RANK])
show("olora B", (q * signs)[:, :RANK])

for method, a, b in [
    ("pissa", roots[:, None] * vt[:RANK], u[:, :RANK] * roots), ("olora", (signs[:, None] * r)[:RANK], (q * signs)[:, :RANK])]:
    model = torch.nn.Sequential(torch.nn.Linear(4, 5, bias=False))
    model[0].weight.data = torch.tensor(W, dtype=torch.float32)
    layer = peft.get_peft_model(model, peft.LoraConfig(
        r=RANK, lora_alpha=RANK * SCALING, target_modules=["0"], init_lora_weights=method)).base_model.model[0]
    found = [layer.lora_A["default"].weight.detach().numpy(), layer.lora_B["default"].weight.detach().numpy()]
    print(f"peft {method}: largest difference of the sizes", max(
        np.abs(np.abs(found[0]) - np.abs(a)).max(), np.abs(np.abs(found[1]) - np.abs(b)).max()),
        "of the products", np.abs(found[1] @ found[0] - b @ a).max())
