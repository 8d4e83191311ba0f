#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A small client of the Container Runtime Interface, as Debian 12 has no crictl.

usage: cri.py SOCKET HANDLER CGROUP-PARENT VERB ARGUMENTS...

    pod NAME [key=value]...              start a sandbox, print its id
    create POD NAME [key=value]... -- COMMAND...   make a container, print its id
    start|stop|remove|state|memory ID...           of a container
    exec ID COMMAND...                   run to its end
    stop-pod|remove-pod|pod-state ID
    runtimes                             the handlers that the configuration names

Messages are encoded by hand from the field numbers of runtime/v1/api.proto: a dictionary is a message, a
list a repeated field.
"""
import json
import sys

import grpc

IMAGE = "localhost/busy:1"
HOST = 2  # NamespaceMode NODE
STATES = ["created", "running", "exited", "unknown"]


def varint(number):
    out = bytearray()
    while number > 0x7f:
        out.append(number & 0x7f | 0x80)
        number >>= 7
    return bytes([*out, number])


def encode(message):
    out = b""
    for field, value in message.items():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, int):
                out += varint(field << 3) + varint(item)
                continue
            data = encode(item) if isinstance(item, dict) else item.encode()
            out += varint(field << 3 | 2) + varint(len(data)) + data
    return out


def read_varint(data, at):
    number = shift = 0
    while True:
        number |= (data[at] & 0x7f) << shift
        at, shift = at + 1, shift + 7
        if not data[at - 1] & 0x80:
            return number, at


def decode(data):
    """field -> list of values; messages and texts stay bytes."""
    found, at = {}, 0
    while at < len(data):
        key, at = read_varint(data, at)
        assert key & 7 in (0, 2), f"wire type {key & 7}"
        value, at = read_varint(data, at)
        if key & 7 == 2:
            value, at = data[at:at + value], at + value
        found.setdefault(key >> 3, []).append(value)
    return found


class Client:
    def __init__(self, socket, handler, parent):
        self.channel = grpc.insecure_channel(f"unix:{socket}")
        self.handler, self.parent = handler, parent

    def call(self, method, message):
        invoke = self.channel.unary_unary(f"/runtime.v1.RuntimeService/{method}")
        return decode(invoke(encode(message), timeout=30))

    def pod_config(self, name, options):
        pid = {"pod": 0, "container": 1, "node": HOST}[options.get("pid", "container")]
        security = {1: {1: HOST, 2: pid, 3: 0}}
        if "privileged" in options:
            security[6] = 1
        return {1: {1: name, 2: f"uid-{name}", 3: "default"}, 3: "/tmp", 7: {1: "example.org/a", 2: "b"},
                8: {1: self.parent, 2: security}}

    def pod(self, name, *words):
        options = dict(word.split("=", 1) for word in words)
        answer = self.call("RunPodSandbox", {1: self.pod_config(name, options), 2: self.handler})
        print(answer[1][0].decode())

    def create(self, pod, name, *words):
        split = words.index("--")
        options = dict(word.split("=", 1) for word in words[:split])
        config = {1: {1: name}, 2: {1: IMAGE}, 3: list(words[split + 1:])}
        if "env" in options:
            key, _, value = options["env"].partition("=")
            config[6] = [{1: key, 2: value}]
        if "mount" in options:
            host, inside = options["mount"].split(":")
            config[7] = [{1: inside, 2: host, 3: 1}]
        if "cwd" in options:
            config[5] = options["cwd"]
        pid = {"pod": 0, "container": 1, "node": HOST}[options.get("pid", "container")]
        security = {3: {1: HOST, 2: pid, 3: 0}}
        if "user" in options:
            security[5] = {1: int(options["user"])}
        if "readonly" in options:
            security[7] = 1
        if "privileged" in options:
            security[2] = 1
        if "no-new-privs" in options:
            security[11] = 1
        linux = {2: security}
        if "memory" in options:
            linux[1] = {4: int(options["memory"])}
        config[15] = linux
        answer = self.call("CreateContainer",
                           {1: pod, 2: config, 3: self.pod_config(options.get("of", "p"), options)})
        print(answer[1][0].decode())

    def exec(self, name, *command):
        answer = self.call("ExecSync", {1: name, 2: list(command), 3: 20})
        sys.stdout.write(answer.get(1, [b""])[0].decode())
        sys.stderr.write(answer.get(2, [b""])[0].decode())
        sys.exit(answer.get(3, [0])[0])

    def state(self, name):
        status = decode(self.call("ContainerStatus", {1: name})[1][0])
        print(STATES[status.get(3, [0])[0]], status.get(7, [0])[0], status.get(10, [b"-"])[0].decode())

    def pod_state(self, name):
        status = decode(self.call("PodSandboxStatus", {1: name})[1][0])
        print(["ready", "not ready"][status.get(3, [0])[0]])

    def memory(self, name, limit):
        self.call("UpdateContainerResources", {1: name, 2: {4: int(limit)}})

    def runtimes(self):
        info = self.call("Status", {1: 1})[2]
        config = next(decode(item)[2][0] for item in info if decode(item)[1][0] == b"config")
        for name, runtime in sorted(json.loads(config)["containerd"]["runtimes"].items()):
            print(name, runtime["runtimeType"], runtime["options"].get("BinaryName"))

    def verb(self, name, *words):
        simple = {"start": "StartContainer", "remove": "RemoveContainer", "stop-pod": "StopPodSandbox",
                  "remove-pod": "RemovePodSandbox"}
        if name in simple:
            self.call(simple[name], {1: words[0]})
        elif name == "stop":
            self.call("StopContainer", {1: words[0], 2: int(words[1])})
        else:
            getattr(self, name.replace("-", "_"))(*words)


def main():
    client = Client(*sys.argv[1:4])
    try:
        client.verb(*sys.argv[4:])
    except grpc.RpcError as error:
        print(f"cri: {error.code().name}: {error.details()}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
