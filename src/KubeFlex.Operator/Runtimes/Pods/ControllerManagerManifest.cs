using System.Text.Json.Nodes;
using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Hosting;
using KubeFlex.Operator.Objects;

namespace KubeFlex.Operator.Runtimes.Pods;

/// <summary>Deployment kube-controller-manager.</summary>
internal static class ControllerManagerManifest
{
    public static JsonObject Build(ControlPlane cp, PodsOptions options, string inputs, bool openShift)
    {
        var deployment = Manifest.Parse(
            $$"""
            apiVersion: apps/v1
            kind: Deployment
            metadata:
              labels:
                component: kube-controller-manager
                tier: control-plane
            spec:
              replicas: 1
              selector:
                matchLabels:
                  app: kube-controller-manager
              template:
                metadata:
                  labels:
                    app: kube-controller-manager
                    component: kube-controller-manager
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
                  - name: kube-controller-manager
                    image: {{Manifest.Text($"{options.ControllerManagerImage}:v{cp.Version ?? options.KubernetesVersion}")}}
                    command: {{Manifest.List(["kube-controller-manager", .. StockArguments.ControllerManager("/etc/kubernetes/pki", "/etc/kubernetes/controller-manager", leaderElect: true)])}}
                    resources:
                      requests:
                        cpu: 200m
                        memory: 64Mi
                      limits:
                        cpu: 250m
                        memory: 256Mi
                    securityContext:
                      allowPrivilegeEscalation: false
                      capabilities:
                        drop: [ALL]
                    livenessProbe:
                      httpGet:
                        path: /healthz
                        port: 10257
                        scheme: HTTPS
                      initialDelaySeconds: 10
                      periodSeconds: 10
                      timeoutSeconds: 15
                      failureThreshold: 8
                    startupProbe:
                      httpGet:
                        path: /healthz
                        port: 10257
                        scheme: HTTPS
                      periodSeconds: 5
                      timeoutSeconds: 15
                      failureThreshold: 48
                    volumeMounts:
                    - name: k8s-certs
                      mountPath: /etc/kubernetes/pki
                      readOnly: true
                    - name: kubeconfig
                      mountPath: /etc/kubernetes/controller-manager
                      readOnly: true
                  volumes:
                  - name: k8s-certs
                    secret:
                      secretName: k8s-certs
                  - name: kubeconfig
                    secret:
                      secretName: cm-kubeconfig
            """);
        if (openShift) Manifest.Child((JsonObject)deployment["spec"]!["template"]!["spec"]!, "securityContext")["runAsNonRoot"] = true;
        return deployment;
    }
}
