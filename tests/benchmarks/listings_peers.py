"""Scores of unknown objects by pytorch-ood and cleanlab, for `listings.py`, under a Python that has them.

Reads an .npz of features; prints name, AUROC and microseconds a photo, with tabs between.
"""

import sys
import time

import numpy as np
import torch
from sklearn.metrics import roc_auc_score

# torchvision's wheel asks for these beside a CPU's torch.
operators = torch.library.Library("torchvision", "FRAGMENT")
for name in ("nms", "qnms"):
    operators.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

from cleanlab.outlier import OutOfDistribution  # noqa: E402
from pytorch_ood.detector import GEN, KNN, RMD, EnergyBased, MaxLogit  # noqa: E402

data = np.load(sys.argv[1])
truth, identity = data["truth"], torch.nn.Identity()
logits = torch.from_numpy(data["logits"])  # double: in single precision GEN loses what 1 - p tells
features = torch.nn.functional.normalize(torch.from_numpy(data["features"]))
bank, labels = torch.from_numpy(data["bank"]), torch.from_numpy(data["bank_labels"])


def cleanlab_neighbours() -> np.ndarray:
    detector = OutOfDistribution({"k": 5})
    detector.fit(features=bank.numpy(), verbose=False)
    return -detector.score(features=features.numpy())


def cleanlab_gen() -> np.ndarray:
    """It takes the softmax itself."""
    detector = OutOfDistribution({"method": "gen", "gamma": 0.1, "M": 100, "adjust_pred_probs": False})
    return -detector.fit_score(pred_probs=logits.numpy(), verbose=False)


WAYS = {
    "energy, pytorch-ood": lambda: EnergyBased(identity).predict_logits(logits),
    "max logit, pytorch-ood": lambda: MaxLogit(identity).predict_logits(logits),
    "gen, pytorch-ood": lambda: GEN(identity, gamma=0.1, M=100).predict_logits(logits),
    "gen, cleanlab": cleanlab_gen,
    "mahalanobis, pytorch-ood": lambda: (
        RMD(identity).fit_features(bank.float(), labels).predict_features(features.float())
    ),
    "neighbours, pytorch-ood": lambda: KNN(identity, k=5).fit_features(bank, labels).predict_features(features),
    "neighbours, cleanlab": cleanlab_neighbours,
}

for name, way in WAYS.items():
    start = time.perf_counter()
    values = np.asarray(way())
    print(name, roc_auc_score(truth, values), (time.perf_counter() - start) / len(truth) * 1e6, sep="\t")
