using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Runtime.Certificates;

namespace KubeFlex.Cli.Tests.Harness;

/// <summary>Secrets as the operator writes them.</summary>
internal static class Secrets
{
    public const string RenewAt = "kflex.kubestellar.org/renew-at";

    public static JsonObject Of(string name, string? renewAt, params (string Key, string Value)[] data)
    {
        var metadata = new JsonObject { ["name"] = name };
        if (renewAt is not null) metadata["annotations"] = new JsonObject { [RenewAt] = renewAt };
        return new JsonObject { ["metadata"] = metadata, ["data"] = new JsonObject(data.Select(d => KeyValuePair.Create<string, JsonNode?>(d.Key, Base64(d.Value)))) };
    }

    /// <summary>The certificates of a control plane of type k8s.</summary>
    public static JsonObject Certificates(CertificateAuthority authority, string renewAt)
    {
        var serving = authority.IssueServing("kube-apiserver", ["localhost"], []);
        return Of("k8s-certs", renewAt, ("ca.crt", authority.CertificatePem), ("ca.key", authority.KeyPem), ("apiserver.crt", serving.CertificatePem), ("apiserver.key", serving.KeyPem));
    }

    public static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
