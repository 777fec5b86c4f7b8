using System.Text.Json.Nodes;
using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Objects;
using KubeFlex.Operator.Runtimes.Pods.Storage;

namespace KubeFlex.Operator.Runtimes.Pods;

/// <summary>Deployment kube-apiserver.</summary>
internal static class ApiServerManifest
{
    private const int Port = 9444;

    /// <param name="cp">The control plane.</param>
    /// <param name="options">Images.</param>
    /// <param name="storage">Its storage.</param>
    /// <param name="inputs">Hash of the secrets that it reads at start.</param>
    /// <param name="openShift">Whether OpenShift's rules for pods hold.</param>
    public static JsonObject Build(ControlPlane cp, PodsOptions options, StorageAttachment storage, string inputs, bool openShift)
    {
        var deployment = StockDeployment.Build("kube-apiserver", $"{options.ApiServerImage}:v{cp.Version ?? options.KubernetesVersion}", cp.Replicas,
            [.. StockArguments.ApiServer(StockDeployment.Pki, Port), .. storage.Arguments], inputs,
            $$"""
            ports:
            - {name: https, containerPort: {{Port}}, protocol: TCP}
            resources:
              requests: {cpu: 256m, memory: 250Mi}
              limits: {cpu: "1", memory: 1Gi}
            livenessProbe: {{StockDeployment.Probe("/livez", Port, period: 10, failures: 8, delay: 10)}}
            readinessProbe: {{StockDeployment.Probe("/readyz", Port, period: 1, failures: 3)}}
            startupProbe: {{StockDeployment.Probe("/livez", Port, period: 2, failures: 120, delay: 1)}}
            """);
        // Never fewer than asked for: clients of the API hang on each of them.
        deployment["spec"]!["strategy"] = Manifest.Parse("{type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}");
        var (pod, container) = (StockDeployment.Pod(deployment), StockDeployment.Container(deployment));
        container["securityContext"]!["capabilities"]!["add"] = new JsonArray("NET_BIND_SERVICE");
        foreach (var mount in storage.Mounts) container["volumeMounts"]!.AsArray().Add((JsonNode)mount);
        foreach (var sidecar in storage.Containers) pod["containers"]!.AsArray().Add((JsonNode)sidecar);
        foreach (var volume in storage.Volumes) pod["volumes"]!.AsArray().Add((JsonNode)volume);
        PodSettings.Apply(cp, pod, container, openShift);
        return deployment;
    }
}
