"""Generate `services/pb` from the protos beside this file.

With `--check`, only say whether what is committed is current.

protoc writes imports as if `kawase` were a top-level package; here it lives in `services.pb`.
"""

import filecmp
import re
import shutil
import sys
import tempfile
from importlib import resources
from pathlib import Path

from grpc_tools import protoc

PROTOS = Path(__file__).parent
GENERATED = PROTOS.parent / "services" / "pb"
_IMPORT = re.compile(r"^(\s*)(from|import) kawase(?=[.\s])", re.MULTILINE)
_USE = re.compile(r"(?<![\w.\"'/])kawase\.(?=\w+\.v\d)")


def generate(target: Path) -> None:
    """Write the package into the empty folder `target`. Raises SystemExit if protoc fails."""
    well_known = str(resources.files("grpc_tools") / "_proto")
    sources = sorted(str(path) for path in PROTOS.rglob("*.proto"))
    failed = protoc.main(
        [
            "protoc",
            f"-I{PROTOS}",
            f"-I{well_known}",
            *(f"--plugin={path}" for path in Path(sys.executable).parent.glob("protoc-gen-mypy*")),
            f"--python_out={target}",
            f"--grpc_python_out={target}",
            f"--mypy_out=quiet:{target}",
            f"--mypy_grpc_out=quiet:{target}",
            *sources,
        ]
    )
    if failed:
        sys.exit(f"protoc failed with status {failed}")
    for path in [*target.rglob("*.py"), *target.rglob("*.pyi")]:
        text = _IMPORT.sub(r"\1\2 services.pb.kawase", path.read_text())
        if path.suffix == ".pyi":
            text = _USE.sub("services.pb.kawase.", text)
        path.write_text(text)
    for folder in [target, *(path for path in target.rglob("*") if path.is_dir())]:
        (folder / "__init__.py").touch()


def differences(fresh: Path, committed: Path) -> list[str]:
    """Files that are missing, left over or different in `committed`."""
    names = {path.relative_to(fresh) for path in fresh.rglob("*.py*") if path.is_file()}
    there = {
        path.relative_to(committed)
        for path in committed.rglob("*.py*")
        if path.is_file() and path.suffix in (".py", ".pyi")
    }
    changed = {
        name
        for name in names & there
        if not filecmp.cmp(fresh / name, committed / name, shallow=False)
    }
    return sorted(str(name) for name in (names ^ there) | changed)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / "pb"
        fresh.mkdir()
        generate(fresh)
        if "--check" in sys.argv[1:]:
            if stale := differences(fresh, GENERATED):
                sys.exit("services/pb is not current; run `make protos`:\n" + "\n".join(stale))
            return
        shutil.rmtree(GENERATED, ignore_errors=True)
        shutil.copytree(fresh, GENERATED)


if __name__ == "__main__":
    main()
