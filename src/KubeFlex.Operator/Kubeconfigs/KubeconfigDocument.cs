using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Json;
using KubeFlex.Runtime.Certificates;

namespace KubeFlex.Operator.Kubeconfigs;

/// <summary>A server as a kubeconfig names it.</summary>
/// <param name="Url">Server URL.</param>
/// <param name="TlsServerName">Name to send in the TLS handshake when it is not the URL's host, or null.</param>
/// <param name="CaPem">Certificate authorities to trust.</param>
internal sealed record KubeconfigServer(string Url, string? TlsServerName, string CaPem);

/// <summary>Makes the kubeconfigs that secrets hold.</summary>
internal static class KubeconfigDocument
{
    /// <summary>A user with a client certificate.</summary>
    public static JsonObject User(IssuedCertificate client) => new()
    {
        ["client-certificate-data"] = Base64(client.CertificatePem),
        ["client-key-data"] = Base64(client.KeyPem),
    };

    /// <summary>A user with a bearer token.</summary>
    public static JsonObject User(string token) => new() { ["token"] = token };

    /// <summary>A kubeconfig with one context, which is current.</summary>
    public static string Write(KubeconfigServer server, string context, string cluster, string user, JsonObject credentials)
    {
        var entry = new JsonObject { ["server"] = server.Url };
        if (server.TlsServerName is not null) entry["tls-server-name"] = server.TlsServerName;
        entry["certificate-authority-data"] = Base64(server.CaPem);
        return Write(entry, context, cluster, user, credentials);
    }

    /// <summary>The same for a cluster's entry as it stands.</summary>
    public static string Write(JsonObject entry, string context, string cluster, string user, JsonObject credentials)
    {
        var document = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Config",
            ["clusters"] = new JsonArray(new JsonObject { ["name"] = cluster, ["cluster"] = entry }),
            ["users"] = new JsonArray(new JsonObject { ["name"] = user, ["user"] = credentials }),
            ["contexts"] = new JsonArray(new JsonObject
            {
                ["name"] = context,
                ["context"] = new JsonObject { ["cluster"] = cluster, ["user"] = user, ["namespace"] = "default" },
            }),
            ["current-context"] = context,
            ["preferences"] = new JsonObject(),
        };
        return YamlWriter.Write(document);
    }

    private static string Base64(string pem) => Convert.ToBase64String(Encoding.ASCII.GetBytes(pem));
}
