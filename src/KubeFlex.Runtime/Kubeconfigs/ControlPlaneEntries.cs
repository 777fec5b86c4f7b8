using System.Text.Json.Nodes;

namespace KubeFlex.Runtime.Kubeconfigs;

/// <summary>
/// The entries of a control plane in the user's kubeconfig: context <c>NAME</c>, cluster <c>NAME-cluster</c>, user <c>NAME-admin</c>,
/// whatever they are called in the control plane's own kubeconfig.
/// </summary>
public static class ControlPlaneEntries
{
    /// <summary>Name of the cluster entry.</summary>
    public static string ClusterName(string controlPlane) => $"{controlPlane}-cluster";

    /// <summary>Name of the user entry.</summary>
    public static string UserName(string controlPlane) => $"{controlPlane}-admin";

    /// <summary>True when a context of that name is KubeFlex's: marked so, or (older releases did not mark all) pointing to the entries it makes.</summary>
    public static bool IsManaged(Kubeconfig config, string context) => KubeflexExtension.ControlPlaneOf(config, context) is not null
        || (config.FindContext(context) is var (cluster, user, _) && cluster == ClusterName(context) && user == UserName(context));

    /// <summary>The server that a kubeconfig document's current context leads to; null when it leads nowhere.</summary>
    public static string? ServerOf(JsonObject source)
    {
        try
        {
            return KubeconfigFile.Text(CurrentOf(source).Cluster["server"]);
        }
        catch (KubeconfigException)
        {
            return null;
        }
    }

    /// <summary>Merges what the current context of <paramref name="source"/> (a control plane's kubeconfig) points to, and marks it.</summary>
    public static void Merge(Kubeconfig config, string controlPlane, JsonObject source, TimeProvider time)
    {
        var (context, cluster, user) = CurrentOf(source);
        Copy(cluster, config.Ensure(KubeconfigSection.Clusters, ClusterName(controlPlane)));
        Copy(user, config.Ensure(KubeconfigSection.Users, UserName(controlPlane)));
        var mine = config.Ensure(KubeconfigSection.Contexts, controlPlane);
        mine["cluster"] = ClusterName(controlPlane);
        mine["user"] = UserName(controlPlane);
        // The namespace of an existing context is the user's choice (kubectl config set-context --namespace).
        if (mine["namespace"] is null && KubeconfigFile.Text(context["namespace"]) is { Length: > 0 } ns) mine["namespace"] = ns;
        KubeflexExtension.SetControlPlane(config, controlPlane, controlPlane, time);
    }

    /// <summary>Merges a kubeconfig's current context under the names it has there; answers the context's name.</summary>
    public static string MergeAsIs(Kubeconfig config, JsonObject source)
    {
        var (context, cluster, user) = CurrentOf(source);
        var name = NameOfCurrent(source)!;
        var (clusterName, userName) = (KubeconfigFile.Text(context["cluster"])!, KubeconfigFile.Text(context["user"])!);
        Copy(cluster, config.Ensure(KubeconfigSection.Clusters, clusterName));
        Copy(user, config.Ensure(KubeconfigSection.Users, userName));
        var mine = config.Ensure(KubeconfigSection.Contexts, name);
        (mine["cluster"], mine["user"]) = (clusterName, userName);
        return name;
    }

    /// <summary>Removes the entries of a control plane; a cluster or user that another context uses stays.</summary>
    public static bool Remove(Kubeconfig config, string context)
    {
        if (config.FindContext(context) is not var (cluster, user, _)) return false;
        config.Remove(KubeconfigSection.Contexts, context);
        if (cluster == ClusterName(context) && !config.IsUsed(KubeconfigSection.Clusters, cluster, context)) config.Remove(KubeconfigSection.Clusters, cluster);
        if (user == UserName(context) && !config.IsUsed(KubeconfigSection.Users, user, context)) config.Remove(KubeconfigSection.Users, user);
        return true;
    }

    /// <summary>Renames a context and the entries that bear its name. The caller has checked that the new name is free.</summary>
    public static void Rename(Kubeconfig config, string from, string to)
    {
        var (cluster, user, _) = config.FindContext(from)!.Value;
        config.Rename(KubeconfigSection.Contexts, from, to);
        var context = config.Find(KubeconfigSection.Contexts, to)!;
        if (cluster == ClusterName(from) && !config.IsUsed(KubeconfigSection.Clusters, cluster, to) && config.Rename(KubeconfigSection.Clusters, cluster, ClusterName(to)))
            context["cluster"] = ClusterName(to);
        if (user == UserName(from) && !config.IsUsed(KubeconfigSection.Users, user, to) && config.Rename(KubeconfigSection.Users, user, UserName(to)))
            context["user"] = UserName(to);
    }

    private static string? NameOfCurrent(JsonObject source) => KubeconfigFile.Text(source["current-context"]) is { Length: > 0 } name
        ? name : KubeconfigFile.Text((source["contexts"] as JsonArray)?.OfType<JsonObject>().FirstOrDefault()?["name"]);

    private static (JsonObject Context, JsonObject Cluster, JsonObject User) CurrentOf(JsonObject source)
    {
        var context = Entry(source, "contexts", "context", NameOfCurrent(source));
        return (context, Entry(source, "clusters", "cluster", KubeconfigFile.Text(context["cluster"])), Entry(source, "users", "user", KubeconfigFile.Text(context["user"])));
    }

    private static JsonObject Entry(JsonObject source, string section, string inner, string? name) =>
        (source[section] as JsonArray)?.OfType<JsonObject>().FirstOrDefault(e => name is not null && KubeconfigFile.Text(e["name"]) == name)?[inner] as JsonObject
        ?? throw new KubeconfigException($"the kubeconfig to merge has no {inner} \"{name}\"", "Wait until the control plane is Ready and try again.");

    // Credentials are replaced as a whole: a token left beside a new client certificate would win or lose by accident. Foreign extensions stay.
    private static void Copy(JsonObject from, JsonObject to)
    {
        foreach (var key in to.Select(p => p.Key).Where(k => k != "extensions").ToList()) to.Remove(key);
        foreach (var (key, value) in from) to[key] = value?.DeepClone();
    }
}
