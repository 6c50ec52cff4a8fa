"""Start a MONAI Label server with the project's app: ``python -m monai_ssl.label start_server ...``."""

import os
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from pathlib import Path

from monai_ssl.errors import InputError
from monai_ssl.files import write_whole
from monai_ssl.label.catalog import find_bundles
from monai_ssl.label.limit import largest_upload
from monai_ssl.label.origins import LOCAL, is_loopback
from monai_ssl.label.settings import read_settings
from monai_ssl.label.uploads import use_own_folder
from monai_ssl.label.upstream import prepare_upstream

_LOOPBACK = "127.0.0.1"
_APP = '''"""The MONAI Label app of MONAI-SSL."""

from monai_ssl.label.app import SemiSupervisedApp

__all__ = ["SemiSupervisedApp"]
'''


def main() -> int:
    """Run MONAI Label's command line with other defaults; returns when the server ends."""
    try:
        prepare_upstream()
        from monailabel.main import Main

        class _Main(Main):
            def args_start_server(self, parser: ArgumentParser) -> None:
                super().args_start_server(parser)
                parser.set_defaults(host=_LOOPBACK, uvicorn_app="monai_ssl.label.server:app")

            def action_start_server(self, args: Namespace) -> None:
                _prepare(args)
                super().action_start_server(args)

        _Main().run()
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _prepare(args: Namespace) -> None:
    """Check the settings before anything starts, make the app's folder, and say who can reach the server."""
    conf = dict(args.conf or [])
    read_settings(conf)
    largest_upload()
    if not args.app:
        raise InputError("No folder of the app is named. Give `--app FOLDER`; it is made where it is missing.")
    if args.studies and Path(args.studies).is_file():
        raise InputError(f"{args.studies}: this is a file. Give the folder of the images.")
    if not (Path(args.app) / "main.py").exists():
        with write_whole(Path(args.app) / "main.py") as temporary:
            temporary.write_text(_APP, encoding="utf-8")
        print(f"App:     {args.app} (made)")
    os.environ[LOCAL] = "1" if is_loopback(args.host) else ""
    if os.environ[LOCAL]:
        print(f"Server:  http://{args.host}:{args.port}, for this machine alone. To let others in, give `--host`.")
    else:
        print(
            f"Server:  http://{args.host}:{args.port}. WARNING: whoever reaches it can read, change and remove all "
            "images and labels, unless MONAI_LABEL_AUTH_ENABLE is set."
        )
    # The server works in a folder of its own, so that no name of an image is a path of the machine by chance.
    use_own_folder()
    absolute = {"bundles": str(find_bundles(conf.get("bundles")))}
    absolute |= {"patients": str(Path(conf["patients"]).absolute())} if conf.get("patients") else {}
    args.conf = list((conf | absolute).items())
    args.app = str(Path(args.app).absolute())
    if args.studies and not args.studies.startswith(("http://", "https://")):
        args.studies = str(Path(args.studies).absolute())
    os.chdir(tempfile.gettempdir())


if __name__ == "__main__":
    sys.exit(main())
