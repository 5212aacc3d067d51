#!/usr/bin/env python3
"""Prints the literal values of OptimizerTests.swift and LearningRateScheduleTests.swift.

    .venv/bin/python Tests/Reference/optimizer_values.py        (torch, transformers)

Two parameters of three and two elements, with weight decay on the first only and five times the rate on the second;
the gradients of step t are `base * (t + 1) * sign`.
"""

import torch
import transformers

A, B = [0.5, -1.25, 2.0], [0.1, -0.3]
GRADIENTS = [[0.2, -0.4, 0.05, 1.5, -0.02], [-0.1, 0.3, 0.6, -0.5, 0.04], [0.7, 0.0, -0.2, 0.25, 0.9]]


def show(name, optimizer_class, **options):
    a, b = (torch.tensor(values, requires_grad=True) for values in (A, B))
    decay = options.pop("weight_decay")
    optimizer = optimizer_class(
        [dict(params=[a], weight_decay=decay), dict(params=[b], weight_decay=0.0, lr=options["lr"] * 5)], **options)
    print(name)
    for gradient in GRADIENTS:
        a.grad, b.grad = torch.tensor(gradient[:3]), torch.tensor(gradient[3:])
        optimizer.step()
        print("   ", [float(f"{value:.8g}") for value in a.tolist() + b.tolist()])


def schedule(name, make):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=2e-4)
    scheduler = make(optimizer)
    rates = []
    for _ in range(14):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    print(name, [float(f"{rate:.10g}") for rate in rates])


show("adamw", torch.optim.AdamW, lr=0.01, betas=(0.9, 0.99), eps=1e-6, weight_decay=0.1)
show("sgd", torch.optim.SGD, lr=0.05, momentum=0.9, weight_decay=0.1)
schedule("constant", lambda o: transformers.get_constant_schedule_with_warmup(o, 3))
schedule("linear", lambda o: transformers.get_linear_schedule_with_warmup(o, 3, 12))
schedule("cosine", lambda o: transformers.get_cosine_schedule_with_warmup(o, 3, 12))
schedule("cosine, minimum 0.1", lambda o: transformers.get_scheduler(
    "cosine_with_min_lr", o, 3, 12, scheduler_specific_kwargs=dict(min_lr_rate=0.1)))
