"""Ten thousand damaged files: `python -m tests.benchmarks.mutations [NUMBER] [SEED]`. A crash shows its traceback."""

import sys

from tests.mutations import silently_wrong


def main() -> None:
    given = [int(text) for text in sys.argv[1:]]
    number, seed = (*given, *(10_000, 2)[len(given) :])
    wrong = silently_wrong(number, seed)
    print(f"{number:,} damaged files: no crash, {len(wrong):,} silently wrong")
    print("\n".join(wrong[:50]))


if __name__ == "__main__":
    main()
