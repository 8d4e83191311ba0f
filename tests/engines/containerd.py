# SPDX-License-Identifier: Apache-2.0
"""containerd with everything in a folder of its own; its configuration is the one of docs/kubernetes.md."""
import signal
import subprocess

import hostview
import image
import pages
import peers

# What a test needs besides: no lower scores without CAP_SYS_RESOURCE, an image that is here, sockets only.
MORE = """
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{image}"
  restrict_oom_score_adj = true
  stream_server_address = "127.0.0.1"
  [plugins."io.containerd.grpc.v1.cri".cni]
    conf_dir = "{folder}/cni"
"""
WRAPPER = """
case "$1" in
    run) shift; set -- run --runc-binary {runtime} --runc-root {state} "$@" ;;
esac
exec /usr/bin/ctr -a {folder}/c.sock -n oce "$@"
"""


class Containerd(peers.Side):
    def prepare(self, layer):
        config = pages.for_command(pages.block("kubernetes.md", "# /etc/containerd/config.toml"),
                                   self.runtime)
        more = MORE.format(image=image.PAUSE, folder=self.folder)
        # The state directory of the runtime, where the page leaves it at the default.
        config = config.rstrip() + f'\n  Root = "{self.state}"\n'
        (self.folder / "config.toml").write_text(config + more, encoding="utf-8")
        self.program("ctr", WRAPPER.format(folder=self.folder, runtime=self.runtime, state=self.state))
        self.program("cri", f'exec /usr/bin/python3 {peers.HERE}/cri.py {self.folder}/c.sock '
                            f'ocikit "$GROUP" "$@"')
        log = open(self.folder / "log", "wb")  # pylint: disable=consider-using-with
        with log:
            self.daemon = subprocess.Popen(self.argv(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                           cwd=self.folder, start_new_session=True,
                                           env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
        hostview.until(lambda: self.call("version").returncode == 0, timeout=20,
                       what="an answer of containerd")
        self.load(layer, image.NAME, None)
        self.load(layer, image.PAUSE, image.PAUSE_CONFIG)

    def load(self, layer, name, config):
        archive = self.folder / "image.tar"
        image.make_archive(layer, archive, name, config)
        for namespace in ("oce", "k8s.io"):
            done = self.call("-n", namespace, "image", "import", str(archive))
            assert done.returncode == 0, done.stderr.decode()

    def argv(self, *command):
        return ["/usr/bin/containerd", "--root", f"{self.folder}/root", "--state", f"{self.folder}/run",
                "--address", f"{self.folder}/c.sock", "--config", f"{self.folder}/config.toml", *command]

    def call(self, *args):
        return subprocess.run(["/usr/bin/ctr", "-a", f"{self.folder}/c.sock", *args], check=False,
                              capture_output=True, timeout=60)

    def environment(self):
        return {**super().environment(), "IMAGE": image.NAME}

    def states(self):
        return [path for folder in self.state.iterdir() for path in folder.iterdir()]

    def tidy(self):
        left = self.tidy_pods()
        listed = self.call("-n", "oce", "container", "ls", "-q").stdout.decode().split()
        for name in listed:
            self.call("-n", "oce", "task", "kill", "-s", "KILL", name)
            self.call("-n", "oce", "task", "delete", "-f", name)
            self.call("-n", "oce", "container", "delete", name)
        return left + [f"container {name}" for name in listed]

    def tidy_pods(self):
        """Sandboxes; containerd ends their containers with them."""
        listed = self.call("-n", "k8s.io", "container", "ls", "-q").stdout.decode().split()
        for verb in ("stop-pod", "remove-pod"):
            for name in listed:
                subprocess.run([self.bin / "cri", verb, name], check=False, capture_output=True, timeout=60,
                               env=self.environment())
        return [f"pod or container {name}" for name in listed]

    def end(self):
        self.daemon.send_signal(signal.SIGTERM)
        try:
            self.daemon.wait(20)
        except subprocess.TimeoutExpired:
            self.daemon.kill()
            self.daemon.wait()
        super().end()
