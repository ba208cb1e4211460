"""The one door to torchvision.

torchvision's wheel on PyPI is built for CUDA. Beside a CPU-only torch its compiled operators cannot load and its
import stops at "operator torchvision::nms does not exist". Nothing here runs those operators, so declaring them lets
the import pass. Where torch and torchvision are of one build the first import succeeds and nothing is declared.
"""

import sys

import torch

try:
    from torchvision.models import get_model, get_model_weights
    from torchvision.transforms import v2 as transforms
except RuntimeError as error:
    if "torchvision::nms" not in str(error):
        raise
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]
    # Kept for the life of the process: torch forgets the declarations with the object.
    _declarations = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    for operator in ("nms", "qnms"):
        signature = f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
        _declarations.define(signature)  # type: ignore[no-untyped-call]
    from torchvision.models import get_model, get_model_weights
    from torchvision.transforms import v2 as transforms

__all__ = ["get_model", "get_model_weights", "transforms"]
