using System.Text.Json.Nodes;
using KubeFlex.Machinery.Json;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Operator.Types.VCluster;

/// <summary>ConfigMap <c>kube-public/cluster-info</c> of a tenant: a kubeconfig without a user, as kubeadm writes it.</summary>
internal static class ClusterInfo
{
    private static readonly ResourceRef Reference = Resources.ConfigMaps.In("kube-public").Named("cluster-info");

    public static async Task EnsureAsync(KubeClient tenant, string server, string authorities, CancellationToken cancellation)
    {
        var kubeconfig = YamlWriter.Write(new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Config",
            ["clusters"] = new JsonArray(new JsonObject
            {
                ["name"] = "",
                ["cluster"] = new JsonObject { ["certificate-authority-data"] = authorities, ["server"] = server },
            }),
            ["contexts"] = new JsonArray(),
            ["current-context"] = "",
            ["preferences"] = new JsonObject(),
            ["users"] = new JsonArray(),
        });
        var there = await tenant.FindAsync(Reference, cancellation);
        if ((string?)there?["data"]?["kubeconfig"] == kubeconfig) return;
        await tenant.ApplyAsync(Reference, new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "ConfigMap",
            ["metadata"] = new JsonObject { ["name"] = Reference.Name, ["namespace"] = Reference.Namespace },
            ["data"] = new JsonObject { ["kubeconfig"] = kubeconfig },
        }, force: true, cancellation);
    }
}
