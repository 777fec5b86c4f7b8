using System.Text.Json.Nodes;
using KubeFlex.Controllers.Objects;
using KubeFlex.Machinery.Objects;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Controllers.RootCertificates;

/// <summary>Every active namespace has the ConfigMap <c>kube-root-ca.crt</c> with the authority that pods trust.</summary>
internal sealed class RootCertificatePublisher(IControlPlaneAccess access)
{
    public const string ConfigMapName = "kube-root-ca.crt";
    private static readonly GroupVersionKind Kind = new("", "v1", "ConfigMap");
    private const string Description =
        "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or " +
        "kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.";

    public async Task ReconcileAsync(string ns, CancellationToken cancellation)
    {
        var reference = Resources.ConfigMaps.In(ns).Named(ConfigMapName);
        if (await access.ReadAsync(Kind, ns, ConfigMapName, cancellation) is { IsEmpty: false } json)
        {
            var existing = JsonNode.Parse(json.Span)!.AsObject();
            if (existing["data"] is JsonObject { Count: 1 } data && (string?)data["ca.crt"] == access.RootCertificate) return;
            existing["data"] = new JsonObject { ["ca.crt"] = access.RootCertificate };
            await access.Client.UpdateAsync(reference, existing, cancellation);
            return;
        }
        if (!await access.HasNamespaceAsync(ns, cancellation)) return;
        await access.Client.CreateIfAbsentAsync(reference, new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "ConfigMap",
            ["metadata"] = new JsonObject
            {
                ["name"] = ConfigMapName,
                ["namespace"] = ns,
                ["annotations"] = new JsonObject { ["kubernetes.io/description"] = Description },
            },
            ["data"] = new JsonObject { ["ca.crt"] = access.RootCertificate },
        }, cancellation);
    }
}
