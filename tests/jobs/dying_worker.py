"""A worker that is killed in the middle of a bundle, for ``test_kill.py``: ``dying_worker.py INSTANCE``."""

import os
import signal
import sys
from pathlib import Path

from ipdesk.core.jobs import kinds


def main(instance: Path) -> None:
    from ipdesk import create_app
    from ipdesk.config import load_settings
    from ipdesk.core.jobs.loop import Worker
    from ipdesk.gateways.bundles import jobs as bundles
    from ipdesk.worker import jobs

    settings = load_settings(instance, testing=True)
    app = create_app(settings)
    printed = bundles.print_bundle

    def die_when_printed(task: kinds.Task) -> None:
        printed(task)
        os.kill(os.getpid(), signal.SIGKILL)  # the pages are there, nobody was told

    with app.app_context():
        worker = Worker(jobs(settings, app.extensions["ipdesk.clock"]), app.extensions["ipdesk.clock"])
        kinds.register("bundle", (("print", die_when_printed), ("keep", bundles.keep)))
        worker.until_idle()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
