# SPDX-License-Identifier: Apache-2.0
"""Run OCI containers, and read, check and write OCI documents, in this process.

    import ocikit

    with ocikit.Runtime() as runtime, runtime.create("web", bundle="/srv/web") as container:
        container.start()
        print(container.wait())

ocikit.spec has the documents.  Every exception is an ocikit.Error with a code, and where there is one an errno, a
container's id, and the place in the document.
"""
from . import _container, _spec
from ._codes import Code
from ._errors import *  # noqa: F401,F403
from ._errors import __all__ as _errors_all
from ._errors import made as _made
from ._io import DEVNULL, PIPE, STDOUT
from ._waiting import ExitStatus

_spec.set_error_factory(_made)
_container.set_error_factory(_made)

__version__: str = _container.VERSION
if _container.container_version() != __version__:
    raise ImportError(f"ocikit {__version__} found libocikit-container {_container.container_version()}: "
                      "install the same version of both")

from . import spec  # noqa: E402  (the version is looked at first)
from .container import Container  # noqa: E402
from .events import Event, Events  # noqa: E402
from .process import Process  # noqa: E402
from .runtime import Runtime, default_config, features, rootless_config  # noqa: E402

__all__ = ["Code", "Container", "DEVNULL", "Event", "Events", "ExitStatus", "PIPE", "Process", "Runtime", "STDOUT",
           "default_config", "features", "rootless_config", "spec", *_errors_all]
