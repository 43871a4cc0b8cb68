"""`python3 -m oracle DUMP CONFIG`: judges a folder of dumps. Standard output is the report as JSON.

Exit code 0: all is as it should be. 1: the report has findings. 2: nothing was judged; standard error says why."""

import gc
import json
import sys

from .dump import Unusable
from .judge import judge


def main(arguments):
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    folder, config = arguments
    # Everything lives to the end, so looking for garbage among millions of objects finds none and takes a third of the time.
    gc.disable()
    try:
        with open(config, encoding="utf-8") as file:
            report = judge(folder, json.load(file))
    except (Unusable, OSError, ValueError) as error:
        print(f"nothing was judged: {error}", file=sys.stderr)
        return 2
    print(json.dumps(report, ensure_ascii=False, indent=1))
    return 1 if report["findings"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
