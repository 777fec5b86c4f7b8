using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeFlex.CatalogGenerator;

/// <summary>The first objects of a control plane that are alike everywhere.</summary>
internal static class InitialObjects
{
    public static readonly JsonSerializerOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static JsonArray Of(JsonArray recorded)
    {
        var kept = new JsonArray();
        foreach (var node in recorded)
        {
            // Placeholders stand for certificates, dates and host names: those objects are made per control plane. Service accounts are made
            // by the controllers that use them.
            if (Varies(node!) || Facts.Text(node!, "kind") == "ServiceAccount") continue;
            var obj = node!.DeepClone().AsObject();
            Complete(obj);
            kept.Add(obj);
        }
        return kept;
    }

    private static bool Varies(JsonNode? node) => node switch
    {
        JsonObject o => o.Any(p => Varies(p.Value)),
        JsonArray a => a.Any(Varies),
        JsonValue v => v.GetValueKind() == JsonValueKind.String && v.GetValue<string>() is ['<', .., '>'],
        _ => false,
    };

    private static void Complete(JsonObject obj)
    {
        switch (Facts.Text(obj, "kind"))
        {
            case "APIService":
                // The recording left messages out.
                foreach (var condition in obj["status"]!["conditions"]!.AsArray()) condition!["message"] = "Local APIServices are always available";
                break;
            case "FlowSchema":
                var level = Facts.Text(obj["spec"]!["priorityLevelConfiguration"]!, "name");
                foreach (var condition in obj["status"]!["conditions"]!.AsArray())
                    condition!["message"] = $"This FlowSchema references the PriorityLevelConfiguration object named \"{level}\" and it exists";
                break;
            case "ServiceCIDR":
                foreach (var condition in obj["status"]!["conditions"]!.AsArray()) condition!["message"] = "Kubernetes Service CIDR is ready";
                break;
            case "Service":
                // The recorded port is the recording server's.
                foreach (var port in obj["spec"]!["ports"]!.AsArray()) port!["targetPort"] = 6443;
                break;
        }
    }
}
