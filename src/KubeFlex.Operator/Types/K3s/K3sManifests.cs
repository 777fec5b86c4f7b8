using System.Text.Json.Nodes;
using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Hosting;
using KubeFlex.Operator.Objects;

namespace KubeFlex.Operator.Types.K3s;

/// <summary>The objects of a k3s server.</summary>
internal static class K3sManifests
{
    public const string Server = "k3s-server";
    public const string Name = "k3s";

    public static JsonObject Service() => Manifest.Parse(
        """
        apiVersion: v1
        kind: Service
        metadata:
          labels: {controller.kubeflex.dev/type: k3s}
        spec:
          type: ClusterIP
          selector: {controller.kubeflex.dev/service-name: k3s}
          ports:
          - {name: https, port: 443, targetPort: 6443, protocol: TCP}
        """);

    public static JsonObject Claim(PodsOptions options) => Manifest.Parse(
        $$$"""
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata:
          labels: {controller.kubeflex.dev/type: k3s}
        spec:
          accessModes: [ReadWriteOnce]
          resources: {requests: {storage: {{{Manifest.Text(options.K3sStorageSize)}}} } }
        {{{(options.StorageClass is null ? "" : $"  storageClassName: {Manifest.Text(options.StorageClass)}")}}}
        """);

    public static JsonObject StatefulSet(ControlPlane cp, PodsOptions options, IReadOnlyList<string> serverNames, string inputs)
    {
        var image = $"{options.K3sImage}:v{cp.Version ?? options.K3sVersion}-k3s1";
        var set = Manifest.Parse(
            $$$"""
            apiVersion: apps/v1
            kind: StatefulSet
            metadata:
              labels:
                controller.kubeflex.dev/type: k3s
                controller.kubeflex.dev/service-name: k3s
                controller.kubeflex.dev/pvc-name: k3s-data
            spec:
              replicas: 1
              serviceName: k3s
              selector:
                matchLabels:
                  controller.kubeflex.dev/type: k3s
                  controller.kubeflex.dev/service-name: k3s
                  controller.kubeflex.dev/pvc-name: k3s-data
              template:
                metadata:
                  labels:
                    controller.kubeflex.dev/type: k3s
                    controller.kubeflex.dev/service-name: k3s
                    controller.kubeflex.dev/pvc-name: k3s-data
                  annotations:
                    {{{Names.InputsAnnotation}}}: "{{{inputs}}}"
                spec:
                  automountServiceAccountToken: false
                  enableServiceLinks: false
                  initContainers:
                  - name: certificates
                    image: {{{Manifest.Text(image)}}}
                    command:
                    - sh
                    - -ec
                    - umask 077; mkdir -p /var/lib/rancher/k3s/server/tls; cp -L /bootstrap/* /var/lib/rancher/k3s/server/tls/
                    resources:
                      requests: {cpu: 10m, memory: 32Mi}
                    volumeMounts:
                    - {name: data, mountPath: /var/lib/rancher/k3s}
                    - {name: bootstrap, mountPath: /bootstrap, readOnly: true}
                  containers:
                  - name: k3s
                    image: {{{Manifest.Text(image)}}}
                    args: []
                    env:
                    - name: K3S_TOKEN
                      valueFrom: {secretKeyRef: {name: k3s-certs, key: token}}
                    ports:
                    - {name: https, containerPort: 6443, protocol: TCP}
                    resources:
                      requests: {cpu: 250m, memory: 512Mi}
                    securityContext:
                      privileged: true
                    readinessProbe:
                      tcpSocket: {port: 6443}
                      periodSeconds: 2
                      failureThreshold: 3
                    startupProbe:
                      tcpSocket: {port: 6443}
                      periodSeconds: 2
                      failureThreshold: 150
                    volumeMounts:
                    - {name: data, mountPath: /var/lib/rancher/k3s}
                    - {name: config, mountPath: /etc/rancher/k3s}
                    - {name: run, mountPath: /run}
                  volumes:
                  - name: data
                    persistentVolumeClaim: {claimName: k3s-data}
                  - name: config
                    persistentVolumeClaim: {claimName: k3s-config}
                  - {name: run, emptyDir: {medium: Memory} }
                  - name: bootstrap
                    secret:
                      secretName: k3s-certs
                      items:
                      - {key: server-ca.crt, path: server-ca.crt}
                      - {key: server-ca.key, path: server-ca.key}
                      - {key: client-ca.crt, path: client-ca.crt}
                      - {key: client-ca.key, path: client-ca.key}
            """);
        var container = (JsonObject)set["spec"]!["template"]!["spec"]!["containers"]![0]!;
        container["args"] = new JsonArray(["server", "--data-dir=/var/lib/rancher/k3s", .. serverNames.Select(n => (JsonNode)$"--tls-san={n}")]);
        if (cp.Resources is { } resources) container["resources"] = resources.DeepClone();
        return set;
    }
}
