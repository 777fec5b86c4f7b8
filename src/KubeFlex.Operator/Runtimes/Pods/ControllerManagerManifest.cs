using System.Text.Json.Nodes;
using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Objects;

namespace KubeFlex.Operator.Runtimes.Pods;

/// <summary>Deployment kube-controller-manager.</summary>
internal static class ControllerManagerManifest
{
    private const string Kubeconfig = "/etc/kubernetes/controller-manager";
    private const int Port = 10257;

    public static JsonObject Build(ControlPlane cp, PodsOptions options, string inputs, bool openShift)
    {
        var deployment = StockDeployment.Build("kube-controller-manager", $"{options.ControllerManagerImage}:v{cp.Version ?? options.KubernetesVersion}", 1,
            StockArguments.ControllerManager(StockDeployment.Pki, Kubeconfig, leaderElect: true), inputs,
            $$"""
            resources:
              requests: {cpu: 200m, memory: 64Mi}
              limits: {cpu: 250m, memory: 256Mi}
            livenessProbe: {{StockDeployment.Probe("/healthz", Port, period: 10, failures: 8, delay: 10)}}
            startupProbe: {{StockDeployment.Probe("/healthz", Port, period: 5, failures: 48)}}
            """);
        var pod = StockDeployment.Pod(deployment);
        pod["volumes"]!.AsArray().Add((JsonNode)Manifest.Parse("{name: kubeconfig, secret: {secretName: cm-kubeconfig}}"));
        StockDeployment.Container(deployment)["volumeMounts"]!.AsArray().Add((JsonNode)Manifest.Parse($"{{name: kubeconfig, mountPath: {Kubeconfig}, readOnly: true}}"));
        if (openShift) Manifest.Child(pod, "securityContext")["runAsNonRoot"] = true;
        return deployment;
    }
}
