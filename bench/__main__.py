"""python -m bench NAME [--quick] [--json]"""

import argparse
import importlib
import pkgutil
import sys

import uvloop

import bench
from bench.common import show


def main() -> int:
    names = [m.name for m in pkgutil.iter_modules(bench.__path__)]
    names = [name for name in names if name != "common" and "_" not in name]
    parser = argparse.ArgumentParser(prog="scripts/bench", description=bench.__doc__)
    parser.add_argument("name", nargs="?", choices=names)
    parser.add_argument("--quick", action="store_true", help="within 40 seconds")
    parser.add_argument("--json", action="store_true", help="one JSON object on one line")
    options = parser.parse_args()
    if options.name is None:
        for name in names:
            about = (importlib.import_module(f"bench.{name}").__doc__ or "").split("\n")[0]
            print(f"{name:10} {about}")
        return 0
    module = importlib.import_module(f"bench.{options.name}")
    show(options.name, uvloop.run(module.run(quick=options.quick)), as_json=options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
