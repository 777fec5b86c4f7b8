using System.Text.Json.Nodes;
using KubeFlex.Operator.ControlPlanes;

namespace KubeFlex.Operator.Hooks;

/// <summary>Variables of a hook for a control plane. Low to high: the hook's defaults, the control plane's globals, those of the reference, the system's.</summary>
internal static class HookVariables
{
    public static Dictionary<string, string> Of(JsonObject hook, HookReference reference, ControlPlane cp)
    {
        var variables = new Dictionary<string, string>();
        foreach (var item in (hook["spec"]?["defaultVars"] as JsonArray ?? []).OfType<JsonObject>())
        {
            if ((string?)item["name"] is { Length: > 0 } name) variables[name] = (string?)item["value"] ?? "";
        }
        foreach (var (name, value) in cp.GlobalVariables) variables[name] = value;
        foreach (var (name, value) in reference.Variables) variables[name] = value;
        variables["Namespace"] = cp.Namespace;
        variables["ControlPlaneName"] = cp.Name;
        variables["HookName"] = reference.Name;
        return variables;
    }
}
