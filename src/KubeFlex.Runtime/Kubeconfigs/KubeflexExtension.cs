using System.Globalization;
using System.Text.Json.Nodes;

namespace KubeFlex.Runtime.Kubeconfigs;

/// <summary>
/// What KubeFlex remembers in a kubeconfig: an extension named <c>kubeflex</c>, shaped like a ConfigMap, at the top (which context is the
/// hosting cluster) and in contexts (which control plane it belongs to). Extensions of others are left alone.
/// </summary>
public static class KubeflexExtension
{
    private const string Name = "kubeflex";
    private const string HostingKey = "hosting-cluster-ctx-name";
    private const string LegacyHostingKey = "kflex-initial-ctx-name";
    private const string LegacyName = "kflex-config-extension-name";
    private const string ControlPlaneKey = "controlplane-name";
    private const string IsHostingKey = "is-hosting-cluster-ctx";

    /// <summary>The stored hosting context, whether or not it exists; null when none is stored. Also reads where older releases put it.</summary>
    public static string? HostingContext(Kubeconfig config) => config.Roots.Select(r => Value(r, HostingKey) ?? Value(r, LegacyHostingKey)
        ?? KubeconfigFile.Text(Body(r["preferences"], LegacyName)?["data"]?[LegacyHostingKey])).FirstOrDefault(v => !string.IsNullOrEmpty(v));

    /// <summary>Stores the hosting context and marks it.</summary>
    public static void SetHostingContext(Kubeconfig config, string context, TimeProvider time)
    {
        Data(config.RootWith(r => Value(r, HostingKey) is not null), time)[HostingKey] = context;
        foreach (var other in config.Names(KubeconfigSection.Contexts).Where(c => c != context && IsHosting(config, c)))
            Unmark(config.Find(KubeconfigSection.Contexts, other)!);
        if (config.Find(KubeconfigSection.Contexts, context) is { } body) Data(body, time)[IsHostingKey] = "true";
    }

    /// <summary>Forgets the stored hosting context if it is the one named.</summary>
    public static void ForgetHostingContext(Kubeconfig config, string context)
    {
        foreach (var root in config.Roots.Where(r => Value(r, HostingKey) == context)) (Body(root, Name)?["data"] as JsonObject)?.Remove(HostingKey);
    }

    /// <summary>The control plane a context belongs to; null when KubeFlex did not make it.</summary>
    public static string? ControlPlaneOf(Kubeconfig config, string context) =>
        config.Find(KubeconfigSection.Contexts, context) is { } body && Value(body, ControlPlaneKey) is { Length: > 0 } name ? name : null;

    /// <summary>True for a context marked as the hosting cluster's.</summary>
    public static bool IsHosting(Kubeconfig config, string context) =>
        config.Find(KubeconfigSection.Contexts, context) is { } body && Value(body, IsHostingKey) == "true";

    /// <summary>Marks a context as a control plane's.</summary>
    public static void SetControlPlane(Kubeconfig config, string context, string controlPlane, TimeProvider time)
    {
        if (config.Find(KubeconfigSection.Contexts, context) is { } body) Data(body, time)[ControlPlaneKey] = controlPlane;
    }

    private static void Unmark(JsonObject context) => (Body(context, Name)?["data"] as JsonObject)?.Remove(IsHostingKey);

    private static string? Value(JsonObject holder, string key) => (Body(holder, Name)?["data"] as JsonObject) is { } data ? KubeconfigFile.Text(data[key]) : null;

    private static JsonObject? Body(JsonNode? holder, string name) => ((holder as JsonObject)?["extensions"] as JsonArray)?.OfType<JsonObject>()
        .FirstOrDefault(e => KubeconfigFile.Text(e["name"]) == name)?["extension"] as JsonObject;

    private static JsonObject Data(JsonObject holder, TimeProvider time)
    {
        if (Body(holder, Name) is not { } body)
        {
            if (holder["extensions"] is not JsonArray list) holder["extensions"] = list = [];
            // An entry of our name without a body would shadow the new one.
            foreach (var broken in list.OfType<JsonObject>().Where(e => KubeconfigFile.Text(e["name"]) == Name).ToList()) list.Remove(broken);
            var now = time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
            body = new JsonObject { ["metadata"] = new JsonObject { ["name"] = Name, ["creationTimestamp"] = now } };
            list.Add((JsonNode)new JsonObject { ["name"] = Name, ["extension"] = body });
        }
        if (body["data"] is not JsonObject data) body["data"] = data = [];
        return data;
    }
}
