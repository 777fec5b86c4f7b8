using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Json;

namespace KubeFlex.Runtime.Kubeconfigs;

/// <summary>
/// Reads a kubeconfig that somebody else may have written: only data in the document itself counts. Credential plugins, files, proxies and
/// impersonation are refused, since following them would lend this process's file system, programs and network to the author.
/// </summary>
internal static class InlineKubeconfig
{
    private static readonly string[] ClusterKeys = ["server", "tls-server-name", "certificate-authority-data", "extensions"];
    private static readonly string[] UserKeys = ["client-certificate-data", "client-key-data", "token", "extensions"];

    public static ConnectionSettings Read(string text)
    {
        if (!ObjectReader.ReadYaml(Encoding.UTF8.GetBytes(text)).TryGet(out var parsed, out var error)) throw Broken(error.Message);
        var root = parsed.Object;
        var name = KubeconfigFile.Text(root["current-context"]) ?? throw Broken("it has no current context");
        var context = Entry(root, "contexts", name, "context");
        var cluster = Entry(root, "clusters", KubeconfigFile.Text(context["cluster"]) ?? "", "cluster");
        var user = Entry(root, "users", KubeconfigFile.Text(context["user"]) ?? "", "user");
        if (cluster.Select(m => m.Key).Except(ClusterKeys).Concat(user.Select(m => m.Key).Except(UserKeys)).FirstOrDefault() is { } key)
            throw Broken($"it has \"{key}\", which is not followed in a kubeconfig from a secret");
        if (!Uri.TryCreate(KubeconfigFile.Text(cluster["server"]), UriKind.Absolute, out var server) || server.Scheme != "https" || server.UserInfo.Length > 0)
            throw Broken("its server is not an https URL");
        return new ConnectionSettings
        {
            Context = name,
            Server = new Uri(server.GetLeftPart(UriPartial.Path).TrimEnd('/') + "/"),
            TlsServerName = KubeconfigFile.Text(cluster["tls-server-name"]) is { Length: > 0 } tls ? tls : null,
            Authorities = Decode(cluster, "certificate-authority-data") is { } authorities ? ConnectionSettings.Bundle(authorities, name) : null,
            CertificatePem = Decode(user, "client-certificate-data"),
            KeyPem = Decode(user, "client-key-data"),
            Token = KubeconfigFile.Text(user["token"]),
        };
    }

    private static JsonObject Entry(JsonObject root, string section, string name, string inner) =>
        (root[section] as JsonArray ?? []).OfType<JsonObject>().FirstOrDefault(e => KubeconfigFile.Text(e["name"]) == name)?[inner] as JsonObject
            ?? throw Broken($"its {inner} \"{name}\" is missing");

    private static string? Decode(JsonObject body, string key)
    {
        if (KubeconfigFile.Text(body[key]) is not { Length: > 0 } data) return null;
        try
        {
            return Encoding.UTF8.GetString(Convert.FromBase64String(data));
        }
        catch (FormatException e)
        {
            throw Broken($"its {key} is not base64", e);
        }
    }

    private static KubeconfigException Broken(string why, Exception? inner = null) => new($"the kubeconfig cannot be used: {why}", "Correct it in its secret, or delete the secret so that it is made anew.", inner);
}
