"""Fits a classifier: a masked loss per head, ranked pairs, and distillation from a teacher's hidden states and logits."""

import hashlib
import os
import random
import time
from pathlib import Path

import torch
import torch.nn.functional as F

import corpora
from labels import HEADS, SPANS, WIDTH

WEIGHT = {"need": 1.0, "gap": 0.3, "emotion": 0.5, "user_act": 0.5, "assistant_act": 4.0, "crisis": 0.5}
"""Of each head's loss. An assistant's message has one head, with the mean over nine labels, where a user's turn has four."""
PAIR = 0.3
"""Weight of the ranking loss between the members of a pair that differ in grade."""
USER_HEADS = [name for name, _, _ in HEADS if name != "assistant_act"]


def seed(number: int):
    """The same numbers on every run."""
    random.seed(number)
    torch.manual_seed(number)


def shuffled(rows, key: str):
    """Rows in an order that depends on the key alone, members of a pair side by side."""
    digest = lambda text: hashlib.sha256(f"{key}:{text}".encode()).hexdigest()
    return sorted(rows, key=lambda row: (digest(row["group"] or row["id"]), row["id"]))


def batches(rows, size: int, key: str):
    """Batches of rows of like length; a pair stays in one batch."""
    units, out = [], []
    for row in shuffled(rows, key):
        if units and row["group"] and units[-1][-1]["group"] == row["group"] and len(units[-1]) < 4:
            units[-1].append(row)
        else:
            units.append([row])
    for start in range(0, len(units), 16 * size):
        chunk = sorted(units[start:start + 16 * size], key=lambda unit: max(len(row["ids"]) for row in unit))
        batch = []
        for unit in chunk:
            batch += unit
            if len(batch) >= size:
                out.append(batch)
                batch = []
        if batch:
            out.append(batch)
    random.Random(key).shuffle(out)
    return out


def tensors(batch):
    """Padded ids, mask and types."""
    width = max(len(row["ids"]) for row in batch)
    pad = lambda values: values + [0] * (width - len(values))
    ids = torch.tensor([pad(row["ids"]) for row in batch])
    mask = torch.tensor([pad([1] * len(row["ids"])) for row in batch])
    types = torch.tensor([pad(row["types"]) for row in batch])
    return ids, mask, types


def head_losses(logits, batch):
    """The loss of each head, averaged over the rows that have its label."""
    out = {}
    for name, kind, labels in HEADS:
        at = [i for i, row in enumerate(batch) if row.get(name) is not None]
        if not at:
            continue
        part = logits[at, SPANS[name]]
        weight = torch.tensor([batch[i]["weight"] * (batch[i].get("act_weight", 1.0) if name == "user_act" else 1.0) for i in at])
        if kind == "softmax":
            if name == "gap":
                plain = lambda row: corpora.one_hot(corpora.GAPS[row["gap"]], corpora.GAPS, 0.95)
                target = torch.tensor([batch[i].get("gap_target") or plain(batch[i]) for i in at])
            else:
                target = torch.tensor([batch[i][name] for i in at])
            each = -(target * F.log_softmax(part, -1)).sum(-1)
        else:
            values = [batch[i][name] if isinstance(batch[i][name], list) else [batch[i][name]] for i in at]
            known = torch.tensor([[float(v is not None) for v in row] for row in values])
            target = torch.tensor([[0.02 + 0.96 * (v or 0) for v in row] for row in values])
            each = F.binary_cross_entropy_with_logits(part, target, reduction="none")
            each = (each * known).sum(-1) / known.sum(-1).clamp(min=1)
        out[name] = (each * weight).sum() / len(batch)
    return out


def pair_loss(logits, batch):
    """Within a pair the higher grade must score higher."""
    score = torch.logsumexp(logits[:, SPANS["need"]][:, 1:], -1) - logits[:, SPANS["need"]][:, 0]
    terms = []
    for i, a in enumerate(batch):
        for j, b in enumerate(batch):
            if a["group"] and a["group"] == b["group"] and None not in (a["grade"], b["grade"]) and a["grade"] > b["grade"]:
                terms.append(F.softplus(-(score[i] - score[j])) * (a["grade"] - b["grade"]) / 2)
    return torch.stack(terms).sum() / len(batch) if terms else logits.new_zeros(())


def imitation(logits, batch):
    """Squared distance to the teacher's logits, over the heads that suit the speaker.

    Where people labelled real or clear turns, or named the act, the label alone speaks.
    """
    taught = torch.stack([row["teacher"] for row in batch])
    keep = torch.zeros_like(taught)
    for i, row in enumerate(batch):
        for name in USER_HEADS if row["role"] == "user" else ["assistant_act"]:
            labelled = row.get(name) is not None and (name in ("user_act", "assistant_act") or name == "need" and row["source"] != "own")
            keep[i, SPANS[name]] = 0.0 if labelled else min(1.0, WEIGHT[name])
    keep, taught = keep * taught.isfinite(), taught.nan_to_num()
    return (keep * (logits - taught) ** 2).sum() / keep.sum().clamp(min=1)


class Progress:
    """What a training run needs to go on as if it had never stopped, in one file that is replaced as a whole."""

    EVERY = 100
    """Steps between two savings: a minute or two."""

    def __init__(self, path: Path | None, plan, *parts):
        self.path, self.parts = path, parts
        # Other rows, batches or options are another run.
        self.plan = hashlib.sha256(repr([[row["id"] for row in batch] for some in plan for batch in some]).encode()).hexdigest()

    def resume(self):
        """The step to go on with, and the sums of its epoch."""
        if not self.path or not self.path.exists():
            return 0, {}
        saved = torch.load(self.path)
        if saved["plan"] != self.plan:
            raise SystemExit(f"{self.path} is of another run: other rows or options. Remove it, or give another --work.")
        for part, state in zip(self.parts, saved["parts"]):
            part.load_state_dict(state)
        torch.set_rng_state(saved["chance"])
        return saved["step"], saved["sums"]

    def save(self, step: int, sums):
        """Called after each step."""
        if self.path and step % self.EVERY == 0:
            beside = self.path.with_suffix(".new")
            state = [part.state_dict() for part in self.parts]
            torch.save({"plan": self.plan, "parts": state, "chance": torch.get_rng_state(), "step": step, "sums": sums}, beside)
            os.replace(beside, self.path)

    def over(self):
        """The run is complete."""
        if self.path:
            self.path.unlink(missing_ok=True)


def fit(model, sample, epochs: int, rate: float, size=32, key="fit", distil=0.0, head_rate=1e-3, log=print, keep: Path | None = None):
    """Trains in place. `sample(epoch)` gives the rows of an epoch; those with `teacher` are imitated, the rest taught.

    Progress is kept in the file `keep`, where one is given, and a run that was interrupted goes on from there.
    """
    seed(int(hashlib.sha256(key.encode()).hexdigest()[:6], 16))
    plan = [batches(sample(epoch), size, f"{key}:{epoch}") for epoch in range(epochs)]
    steps, at, started = sum(map(len, plan)), 0, time.time()
    heads = [p for n, p in model.named_parameters() if n.startswith("heads.")]
    decayed = [p for n, p in model.named_parameters() if not n.startswith("heads.") and p.ndim > 1]
    rest = [p for n, p in model.named_parameters() if not n.startswith("heads.") and p.ndim == 1]
    optimiser = torch.optim.AdamW([{"params": decayed, "lr": rate, "weight_decay": 0.01},
                                   {"params": rest, "lr": rate, "weight_decay": 0.0},
                                   {"params": heads, "lr": head_rate, "weight_decay": 0.01}])
    slope = lambda step: min((step + 1) / (0.1 * steps), max(0.0, (steps - step) / (0.9 * steps)))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, slope)
    model.train()
    progress = Progress(keep, plan, model, optimiser, schedule)
    done, sums = progress.resume()
    if done:
        log(f"  goes on after step {done}/{steps}")
    for epoch, some in enumerate(plan):
        if at + len(some) <= done:
            at += len(some)
            continue
        if at >= done:
            sums = {}
        for batch in some:
            if at < done:
                at += 1
                continue
            with torch.autocast("cpu", torch.bfloat16):
                logits = model(*tensors(batch))
            logits = logits.float()
            parts = head_losses(logits, batch)
            loss = sum(WEIGHT[name] * value for name, value in parts.items()) + PAIR * pair_loss(logits, batch)
            if distil and all("teacher" in row for row in batch):
                copy = imitation(logits, batch)
                loss = loss + distil * copy
                parts["imitation"] = copy
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            optimiser.zero_grad()
            schedule.step()
            at += 1
            for name, value in parts.items():
                sums[name] = sums.get(name, 0.0) + value.item()
            progress.save(at, sums)
        shown = " ".join(f"{name} {value / len(some):.3f}" for name, value in sums.items())
        log(f"  epoch {epoch + 1}/{epochs} step {at}/{steps} {time.time() - started:.0f} s  {shown}")
    progress.over()
    return model.eval()


def imitate_states(student, teacher, rows, rate=3e-4, size=32, key="states", log=print):
    """General distillation: the student's last hidden states learn to be the teacher's, on texts without labels."""
    seed(7)
    some = batches(rows, size, key)
    optimiser = torch.optim.AdamW(student.encoder.parameters(), lr=rate, weight_decay=0.01)
    slope = lambda step: min((step + 1) / (0.05 * len(some)), max(0.0, (len(some) - step) / (0.95 * len(some))))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, slope)
    teacher.eval()
    student.train()
    started, total = time.time(), 0.0
    for step, batch in enumerate(some):
        ids, mask, types = tensors(batch)
        with torch.autocast("cpu", torch.bfloat16):
            with torch.no_grad():
                target = teacher.hidden(ids, mask, types).float()
            states = student.hidden(ids, mask, types).float()
        keep = mask.unsqueeze(-1).float()
        pooled = lambda x: (x * keep).sum(1) / keep.sum(1)
        loss = (keep * (states - target) ** 2).sum() / (target[mask.bool()] ** 2).sum()
        loss = loss + (1 - F.cosine_similarity(pooled(states), pooled(target))).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad()
        schedule.step()
        total += loss.item()
        if (step + 1) % 100 == 0:
            log(f"  states {step + 1}/{len(some)} {time.time() - started:.0f} s  loss {total / 100:.4f}")
            total = 0.0
    return student.eval()


def predict(model, rows, size=64, fast=False):
    """Logits of rows, in float32 arithmetic unless `fast`."""
    model.eval()
    order = sorted(range(len(rows)), key=lambda i: len(rows[i]["ids"]))
    out = [None] * len(rows)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=fast):
        for start in range(0, len(order), size):
            at = order[start:start + size]
            for i, values in zip(at, model(*tensors([rows[i] for i in at])).float()):
                out[i] = values
    return torch.stack(out) if out else torch.zeros(0, WIDTH)
