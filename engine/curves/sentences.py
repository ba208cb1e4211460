"""A diagnosis in words: the verdicts, the forecast, and what would settle an "unsure"."""

from engine.curves.diagnose import Diagnosis, Evidence, settled_by_repeats

MORE_REPEATS = "More repeats would settle it."
_Z = 1.645  # of a 90 % interval
_IDEAL = "This is what a finished curve looks like: no more data needed, no bias, no variance."


def tell(diagnosis: Diagnosis, evidence: Evidence, unit: str) -> list[str]:
    """One sentence or two a verdict; `unit` is what the items are, such as "photos"."""
    return [
        *_more_data(diagnosis, evidence, unit),
        *_variance(diagnosis, evidence, unit),
        *_bias(diagnosis, evidence, unit),
        *([_IDEAL] if diagnosis.ideal == "yes" else []),
    ]


def _more_data(diagnosis: Diagnosis, evidence: Evidence, unit: str) -> list[str]:
    if diagnosis.worse:
        fewer, more = diagnosis.worse
        return [
            f"The error rises from {fewer:,} to {more:,} {unit}, beyond noise, so nothing is forecast.",
            "A curve that gets worse with more data usually means too little regularisation, a peak where the model "
            f"just fits every one of its {unit}, or {unit} of different kinds mixed.",
        ]
    size = evidence.sizes[-1]
    low, mid, high = (100 * error for error in diagnosis.posterior.predicted(2))
    doubling = f"Doubling {size:,} to {2 * size:,} {unit}"
    interval = f"(90 %: {low:.1f} to {high:.1f})"
    now = f"{100 * evidence.error:.1f} %"
    fitted = diagnosis.posterior.predicted(1)[1]
    if abs(fitted - evidence.error) > diagnosis.thresholds.gain / 2:  # or the forecast would seem to jump
        now += f" ({100 * fitted:.1f} % by the curve through all sizes)"
    if diagnosis.missed:
        return [
            f"More data: unsure. The error with {size:,} {unit} is {now}: it lies off every usual curve, so that the "
            f"forecast of {mid:.1f} % for twice as many {interval} is not to be trusted.",
            f"More {unit}, measured again, would tell.",
        ]
    told = {
        "yes": f"More data: yes. {doubling} is expected to cut error from {now} to {mid:.1f} % {interval}.",
        "no": f"More data: no. {doubling} is expected to change little: error {now} now, {mid:.1f} % then {interval}.",
    }
    if diagnosis.more_data != "unsure":
        return [told[diagnosis.more_data]]
    chance = f"{100 * diagnosis.probability['more_data']:.0f} %"
    worth = f"{100 * diagnosis.thresholds.gain:.1f} points"
    other = f"Half as many {unit} on top, measured again, would tell more than repeats."
    return [
        f"More data: unsure. {doubling} may bring error from {now} to {mid:.1f} % {interval}; the chance that it gains "
        f"{worth} or more is {chance}.",
        MORE_REPEATS if settled_by_repeats(evidence) else other,
    ]


def _variance(diagnosis: Diagnosis, evidence: Evidence, unit: str) -> list[str]:
    training, validation = f"{100 * evidence.training:.1f} %", f"{100 * evidence.error:.1f} %"
    seen = f"error is {training} on the {unit} it learned from and {validation} on others"
    if diagnosis.variance == "yes":
        return [f"Variance: yes. The model learns its {unit} by heart: {seen}; the gap should close with more of them."]
    if diagnosis.variance == "no":
        return [f"Variance: no. {_capital(seen)}; what is left of the gap is small or will not close."]
    return [f"Variance: unsure. {_capital(seen)}; how much of the gap would close, more {unit} would tell."]


def _bias(diagnosis: Diagnosis, evidence: Evidence, unit: str) -> list[str]:
    much = diagnosis.thresholds.gap
    if evidence.human is None:
        if diagnosis.bias == "no":
            return ["Bias: no. The error left with endless data would be small even beside a perfect person."]
        answers = _answers_needed(min(evidence.training, 0.5), much, evidence, unit)
        return [
            "Bias: unsure. Without a human error, bias cannot be told from labels that are wrong. "
            f"About {answers} answered by a person would tell."
        ]
    errors, items = evidence.human
    person = f"People err on {100 * errors / items:.1f} % of {items:,} {unit}"
    low, mid, high = (100 * value for value in diagnosis.posterior.interval(diagnosis.posterior.limit))
    limit = f"the model tends to {mid:.1f} % with endless data (90 %: {low:.1f} to {high:.1f})"
    if diagnosis.bias == "yes":
        return [f"Bias: yes. {person}; {limit}. More of the same data cannot close that: change the model or features."]
    if diagnosis.bias == "no":
        return [f"Bias: no. {person}; {limit}."]
    answers = _answers_needed(errors / items, much, evidence, unit)
    few = _needed(errors / items, much) > items
    settle = f"People's answers on about {answers} would settle it better." if few else f"More {unit} would settle it."
    return [f"Bias: unsure. {person}; {limit}.", settle]


def _answers_needed(error: float, much: float, evidence: Evidence, unit: str) -> str:
    number = _needed(error, much)
    return f"{number:,} {unit}" + (" (more than there are)" if number > evidence.sizes[-1] else "")


def _needed(error: float, much: float) -> int:
    """Items for a human error known to half of what counts, in round numbers: z^2 h (1 - h) / w^2."""
    error = max(error, 0.02)  # nobody is that sure of a smaller one beforehand
    needed = _Z**2 * error * (1 - error) / (much / 2) ** 2
    return max(100 * round(needed / 100), 100)


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
