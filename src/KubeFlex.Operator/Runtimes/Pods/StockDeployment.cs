using System.Text.Json.Nodes;
using KubeFlex.Operator.Hosting;
using KubeFlex.Operator.Objects;

namespace KubeFlex.Operator.Runtimes.Pods;

/// <summary>What the Deployments of stock binaries have in common: labels, the secret <c>k8s-certs</c>, and as few rights as pods can have.</summary>
internal static class StockDeployment
{
    /// <summary>Where pods find the keys of <c>k8s-certs</c>.</summary>
    public const string Pki = "/etc/kubernetes/pki";

    /// <param name="name">Of the Deployment, its container and the program.</param>
    /// <param name="image">With tag.</param>
    /// <param name="replicas">How many.</param>
    /// <param name="arguments">Of the program.</param>
    /// <param name="inputs">Hash of the secrets that it reads at start.</param>
    /// <param name="container">Resources, ports and probes of the container.</param>
    public static JsonObject Build(string name, string image, long replicas, IEnumerable<string> arguments, string inputs, string container)
    {
        var deployment = Manifest.Parse(
            $$"""
            apiVersion: apps/v1
            kind: Deployment
            metadata:
              labels:
                component: {{name}}
                tier: control-plane
            spec:
              replicas: {{replicas}}
              selector:
                matchLabels:
                  app: {{name}}
              template:
                metadata:
                  labels:
                    app: {{name}}
                    component: {{name}}
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
                  containers: []
                  volumes:
                  - name: k8s-certs
                    secret:
                      secretName: k8s-certs
            """);
        var main = new JsonObject
        {
            ["name"] = name,
            ["image"] = image,
            ["command"] = new JsonArray([name, .. arguments.Select(a => (JsonNode)a)]),
            ["securityContext"] = Manifest.Parse("{allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}"),
            ["volumeMounts"] = new JsonArray(Manifest.Parse($"{{name: k8s-certs, mountPath: {Pki}, readOnly: true}}")),
        };
        foreach (var (key, value) in Manifest.Parse(container)) main[key] = value?.DeepClone();
        Pod(deployment)["containers"] = new JsonArray(main);
        return deployment;
    }

    public static JsonObject Pod(JsonObject deployment) => (JsonObject)deployment["spec"]!["template"]!["spec"]!;

    public static JsonObject Container(JsonObject deployment) => (JsonObject)Pod(deployment)["containers"]![0]!;

    /// <summary>A probe over HTTPS.</summary>
    public static string Probe(string path, int port, int period, int failures, int delay = 0) => string.Create(System.Globalization.CultureInfo.InvariantCulture,
        $"{{httpGet: {{path: {path}, port: {port}, scheme: HTTPS}}, {(delay > 0 ? $"initialDelaySeconds: {delay}, " : "")}periodSeconds: {period}, timeoutSeconds: 15, failureThreshold: {failures}}}");
}
