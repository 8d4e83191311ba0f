# SPDX-License-Identifier: Apache-2.0
"""Pods: an infra container whose namespaces others join, and Kubernetes' YAML."""

KUBE = """cat > $T/pod.yaml <<'END'
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  restartPolicy: Never
  containers:
  - name: main
    image: localhost/busy:1
    command: [sh, -c, "cat /config/word; echo $GREETING; hostname; touch /x || echo read-only; exec sleep 100"]
    env: [{name: GREETING, value: hello}]
    securityContext: {readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
    resources: {limits: {memory: 64Mi, cpu: 500m}}
    volumeMounts: [{name: config, mountPath: /config}]
  - name: side
    image: localhost/busy:1
    command: [sleep, "100"]
  volumes:
  - name: config
    hostPath: {path: CASE/config}
END
mkdir $T/config; echo from-host > $T/config/word; sed -i "s|CASE|$T|" $T/pod.yaml
"""


def test_pod(podman):
    podman.same("""podman pod create --name p --hostname podbox --share ipc,net,uts,pid >/dev/null
        podman run -d --pod p --name a --stop-signal KILL $IMAGE sleep 100 >/dev/null
        podman run --rm --pod p $IMAGE sh -c 'hostname; ps -o args | grep -c "sleep [1]00"; ps -o comm | head -n 2 | tail -n 1'
        podman pod ps --format '{{.Name}} {{.Status}} {{.NumberOfContainers}}'
        podman pod stop p >/dev/null 2>&1; podman pod ps --format '{{.Status}}'
        podman pod start p >/dev/null; podman exec a hostname
        podman pod rm -f -t 0 p >/dev/null 2>&1; podman ps -aq""", shows=("podbox\n1\n", "p Running 2", "Exited\n"))


def test_pod_pause(podman):
    podman.same("""podman pod create --name p >/dev/null; podman run -d --pod p --name a $IMAGE sleep 100 >/dev/null
        podman pod pause p >/dev/null; podman inspect --format '{{.State.Status}}' a
        podman pod unpause p >/dev/null; podman inspect --format '{{.State.Status}}' a
        podman pod kill p >/dev/null; podman pod rm -f -t 0 p >/dev/null""", shows="paused\nrunning\n")


def test_play_kube(podman):
    podman.same(KUBE + """podman play kube --network none $T/pod.yaml >/dev/null; echo $?
        until_it "podman logs web-main | grep -q read-only"; podman logs web-main
        podman exec web-main grep CapEff /proc/self/status
        podman inspect --format '{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}}' web-main
        podman exec web-side hostname
        podman play kube --down $T/pod.yaml >/dev/null; podman ps -aq""",
                shows=("from-host\nhello\nweb\n", "CapEff:\t0000000000000000", "67108864"))


def test_generate_kube(podman):
    podman.same("""podman pod create --name p >/dev/null
        podman run -d --pod p --name a --env A=b --workdir /var $IMAGE sh -c 'pwd; echo $A; exec sleep 100' >/dev/null
        podman generate kube p > $T/p.yaml 2>/dev/null; podman pod rm -f -t 0 p >/dev/null
        podman play kube --network none $T/p.yaml >/dev/null
        until_it "podman logs p-a | grep -q b"; podman logs p-a
        podman play kube --down $T/p.yaml >/dev/null; podman ps -aq""", shows="/var\nb\n")
