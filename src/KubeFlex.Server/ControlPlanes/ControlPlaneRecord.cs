using System.Text;
using System.Text.Json.Nodes;

namespace KubeFlex.Server.ControlPlanes;

/// <summary>The certificates and keys of a control plane, as its Secret <c>k8s-certs</c> holds them.</summary>
/// <param name="Version">Resource version of the secret: another one means the control plane starts anew with it.</param>
/// <param name="CaPem">Its certificate authority; several during a rotation.</param>
/// <param name="ServingPem">Its serving certificate.</param>
/// <param name="ServingKeyPem">Key of the serving certificate.</param>
/// <param name="ServiceAccountKeyPem">Key that signs service-account tokens.</param>
internal sealed record ControlPlaneRecord(string Version, string CaPem, string ServingPem, string ServingKeyPem, string ServiceAccountKeyPem)
{
    /// <summary>Reads the secret; null when something is missing.</summary>
    public static ControlPlaneRecord? FromSecret(JsonObject secret)
    {
        string? Text(string key) => (string?)secret["data"]?[key] is { Length: > 0 } data ? Encoding.UTF8.GetString(Convert.FromBase64String(data)) : null;
        return Text("ca.crt") is { } ca && Text("apiserver.crt") is { } serving && Text("apiserver.key") is { } key && Text("sa.key") is { } sa
            ? new ControlPlaneRecord((string?)secret["metadata"]?["resourceVersion"] ?? "", ca, serving, key, sa) : null;
    }
}
