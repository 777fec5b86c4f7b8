using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Json;
using KubeFlex.Testing;

namespace KubeFlex.Operator.Tests.Pods;

/// <summary>
/// Golden files: every object that a control plane is made of, without what differs from run to run. With <c>KUBEFLEX_WRITE_GOLDEN=1</c> in the
/// environment the tests write them anew instead of comparing; look at the difference before committing it.
/// </summary>
internal static class Golden
{
    private static readonly string[] Random = ["kflex.kubestellar.org/digest", "kflex.kubestellar.org/inputs", "kflex.kubestellar.org/renew-at", "kflex.kubestellar.org/provisioned", "kflex.kubestellar.org/store-made"];

    public static void Check(string name, FakeApi api, string controlPlane)
    {
        var text = Render(api, controlPlane);
        var file = Path.Combine(Root(), "test", "KubeFlex.Operator.Tests", "Golden", name + ".yaml");
        if (Environment.GetEnvironmentVariable("KUBEFLEX_WRITE_GOLDEN") == "1") File.WriteAllText(file, text);
        Assert.Equal(File.ReadAllText(file).ReplaceLineEndings("\n"), text);
    }

    private static string Render(FakeApi api, string controlPlane)
    {
        var objects = api.Served.Where(r => r.Kind is not ("Event" or "ControlPlane" or "PostCreateHook" or "CustomResourceDefinition"))
            .SelectMany(r => api.All(new Runtime.Client.ResourceRef(r.Group, r.Version, r.Resource)).Select(o => (r.Kind, Object: o)))
            .Where(o => IsOf(o.Object, controlPlane))
            .OrderBy(o => o.Kind, StringComparer.Ordinal).ThenBy(o => (string?)o.Object["metadata"]!["name"], StringComparer.Ordinal);
        return string.Join("---\n", objects.Select(o => YamlWriter.Write(Clean(o.Object))));
    }

    private static bool IsOf(JsonObject obj, string controlPlane) => (string?)obj["metadata"]!["namespace"] == $"{controlPlane}-system"
        || (string?)obj["metadata"]!["name"] == $"{controlPlane}-system" || (string?)obj["metadata"]!["labels"]?["kflex.kubestellar.org/control-plane"] == controlPlane;

    private static JsonObject Clean(JsonObject obj)
    {
        obj.Remove("status");
        var metadata = (JsonObject)obj["metadata"]!;
        foreach (var member in new[] { "uid", "resourceVersion", "creationTimestamp", "generation", "managedFields" }) metadata.Remove(member);
        foreach (var owner in metadata["ownerReferences"] as JsonArray ?? []) owner!["uid"] = "UID";
        foreach (var annotations in new[] { metadata["annotations"], obj["spec"]?["template"]?["metadata"]?["annotations"] })
        {
            foreach (var name in Random) if (annotations?[name] is not null) annotations[name] = "...";
        }
        if (obj["data"] is JsonObject data && (string?)obj["kind"] != "ConfigMap")
        {
            foreach (var key in data.Select(d => d.Key).ToList())
                data[key] = key is "config.yaml" or "drop.sql" or "username" or "host" or "database" ? Encoding.UTF8.GetString(Convert.FromBase64String((string)data[key]!)) : "...";
        }
        return obj;
    }

    private static string Root()
    {
        var at = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(at, "KubeFlex.slnx"))) at = Path.GetDirectoryName(at) ?? throw new InvalidOperationException("the tests do not run inside the repository");
        return at;
    }
}
