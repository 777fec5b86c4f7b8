using System.Text.Json.Nodes;

namespace KubeFlex.Runtime.Kubeconfigs;

/// <summary>
/// Makes a kubeconfig that works on another machine: one context, with what its file references point to put in place of them. What only this
/// machine can do (run a credential plugin) is refused.
/// </summary>
public static class StandaloneKubeconfig
{
    private static readonly (string File, string Data)[] ClusterFiles = [("certificate-authority", "certificate-authority-data")];
    private static readonly (string File, string Data)[] UserFiles = [("client-certificate", "client-certificate-data"), ("client-key", "client-key-data")];

    /// <summary>
    /// The context's kubeconfig, with <paramref name="server"/> in place of its server when that is given. Fails with
    /// <see cref="KubeconfigException"/> when an entry is missing, a file cannot be read, or the user's credentials cannot be taken along.
    /// </summary>
    public static JsonObject Extract(Kubeconfig config, string context, string? server)
    {
        // Checks that the entries are there and the files are sound.
        _ = ConnectionSettings.Read(config, context);
        var (clusterName, userName, ns) = config.FindContext(context)!.Value;
        var cluster = Embedded(config, KubeconfigSection.Clusters, clusterName!, ClusterFiles);
        var user = Embedded(config, KubeconfigSection.Users, userName ?? "", UserFiles);
        Refuse(user, "exec", userName, "gets its credentials from a program on this machine (exec)");
        Refuse(user, "auth-provider", userName, "gets its credentials from an auth-provider plugin on this machine");
        EmbedToken(config, userName ?? "", user);
        if (user.Count == 0)
            throw new KubeconfigException($"the user \"{userName}\" of context \"{context}\" has no credentials", "Choose a context whose user has a client certificate or a token.");
        if (server is not null) cluster["server"] = server;

        var inner = new JsonObject { ["cluster"] = clusterName, ["user"] = userName };
        if (!string.IsNullOrEmpty(ns)) inner["namespace"] = ns;
        return new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Config",
            ["clusters"] = new JsonArray(new JsonObject { ["name"] = clusterName, ["cluster"] = cluster }),
            ["users"] = new JsonArray(new JsonObject { ["name"] = userName, ["user"] = user }),
            ["contexts"] = new JsonArray(new JsonObject { ["name"] = context, ["context"] = inner }),
            ["current-context"] = context,
        };
    }

    private static JsonObject Embedded(Kubeconfig config, KubeconfigSection section, string name, (string File, string Data)[] references)
    {
        var body = config.Find(section, name)?.DeepClone().AsObject() ?? [];
        body.Remove("extensions");
        foreach (var (file, data) in references)
        {
            if (body.Remove(file, out var node) && KubeconfigFile.Text(node) is { Length: > 0 } path && KubeconfigFile.Text(body[data]) is not { Length: > 0 })
                body[data] = Convert.ToBase64String(File.ReadAllBytes(config.ResolvePath(section, name, path)));
        }
        return body;
    }

    // A token file goes before a token, as in client-go.
    private static void EmbedToken(Kubeconfig config, string name, JsonObject user)
    {
        if (!user.Remove("tokenFile", out var node) || KubeconfigFile.Text(node) is not { Length: > 0 } path) return;
        try
        {
            user["token"] = File.ReadAllText(config.ResolvePath(KubeconfigSection.Users, name, path)).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new KubeconfigException($"the token file of \"{name}\" cannot be read: {e.Message}", "Correct tokenFile in the kubeconfig.", e);
        }
    }

    private static void Refuse(JsonObject user, string key, string? name, string why)
    {
        if (user[key] is null) return;
        throw new KubeconfigException($"the user \"{name}\" {why}, which the operator cannot do",
            "Choose a context whose user has a client certificate or a token: for example, make a service account there, bind it to cluster-admin, and put its token (kubectl create token) into a kubeconfig.");
    }
}
