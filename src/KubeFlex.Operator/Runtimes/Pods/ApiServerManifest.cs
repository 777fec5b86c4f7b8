using System.Text.Json.Nodes;
using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Hosting;
using KubeFlex.Operator.Objects;
using KubeFlex.Operator.Runtimes.Pods.Storage;

namespace KubeFlex.Operator.Runtimes.Pods;

/// <summary>Deployment kube-apiserver.</summary>
internal static class ApiServerManifest
{
    /// <param name="cp">The control plane.</param>
    /// <param name="options">Images.</param>
    /// <param name="storage">Its storage.</param>
    /// <param name="inputs">Hash of the secrets that it reads at start.</param>
    /// <param name="openShift">Whether OpenShift's rules for pods hold.</param>
    public static JsonObject Build(ControlPlane cp, PodsOptions options, StorageAttachment storage, string inputs, bool openShift)
    {
        var deployment = Manifest.Parse(
            $$"""
            apiVersion: apps/v1
            kind: Deployment
            metadata:
              labels:
                component: kube-apiserver
                tier: control-plane
            spec:
              replicas: {{cp.Replicas}}
              selector:
                matchLabels:
                  app: kube-apiserver
              strategy:
                type: RollingUpdate
                rollingUpdate:
                  maxSurge: 1
                  maxUnavailable: 0
              template:
                metadata:
                  labels:
                    app: kube-apiserver
                    component: kube-apiserver
                    tier: control-plane
                  annotations:
                    {{Names.InputsAnnotation}}: "{{inputs}}"
                spec:
                  automountServiceAccountToken: false
                  enableServiceLinks: false
                  priorityClassName: system-node-critical
                  securityContext:
                    seccompProfile:
                      type: RuntimeDefault
                  containers:
                  - name: kube-apiserver
                    image: {{Manifest.Text($"{options.ApiServerImage}:v{cp.Version ?? options.KubernetesVersion}")}}
                    command: {{Manifest.List(["kube-apiserver", .. StockArguments.ApiServer("/etc/kubernetes/pki", 9444)])}}
                    ports:
                    - name: https
                      containerPort: 9444
                      protocol: TCP
                    resources:
                      requests:
                        cpu: 256m
                        memory: 250Mi
                      limits:
                        cpu: "1"
                        memory: 1Gi
                    securityContext:
                      allowPrivilegeEscalation: false
                      capabilities:
                        drop: [ALL]
                        add: [NET_BIND_SERVICE]
                    livenessProbe:
                      httpGet:
                        path: /livez
                        port: 9444
                        scheme: HTTPS
                      initialDelaySeconds: 10
                      periodSeconds: 10
                      timeoutSeconds: 15
                      failureThreshold: 8
                    readinessProbe:
                      httpGet:
                        path: /readyz
                        port: 9444
                        scheme: HTTPS
                      periodSeconds: 1
                      timeoutSeconds: 15
                      failureThreshold: 3
                    startupProbe:
                      httpGet:
                        path: /livez
                        port: 9444
                        scheme: HTTPS
                      initialDelaySeconds: 1
                      periodSeconds: 2
                      timeoutSeconds: 15
                      failureThreshold: 120
                    volumeMounts:
                    - name: k8s-certs
                      mountPath: /etc/kubernetes/pki
                      readOnly: true
                  volumes:
                  - name: k8s-certs
                    secret:
                      secretName: k8s-certs
            """);
        var pod = (JsonObject)deployment["spec"]!["template"]!["spec"]!;
        var container = (JsonObject)pod["containers"]![0]!;
        foreach (var argument in storage.Arguments) container["command"]!.AsArray().Add((JsonNode)argument);
        foreach (var mount in storage.Mounts) container["volumeMounts"]!.AsArray().Add((JsonNode)mount);
        foreach (var sidecar in storage.Containers) pod["containers"]!.AsArray().Add((JsonNode)sidecar);
        foreach (var volume in storage.Volumes) pod["volumes"]!.AsArray().Add((JsonNode)volume);
        PodSettings.Apply(cp, pod, container, openShift);
        return deployment;
    }
}
