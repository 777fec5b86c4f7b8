using System.Text.Json.Nodes;
using KubeFlex.ApiServer.Registry;

namespace KubeFlex.ApiServer.CustomResources;

/// <summary>Conditions of a CustomResourceDefinition.</summary>
internal static class DefinitionConditions
{
    public static bool IsTrue(JsonObject crd, string type) => Find(crd, type).Text("status") == "True";

    public static JsonObject? Find(JsonObject crd, string type) => crd.Child("status").List("conditions").Objects().FirstOrDefault(c => c.Text("type") == type);

    /// <summary>Sets a condition; its time moves only with its status. True when something changed.</summary>
    public static bool Set(JsonObject crd, string type, string status, string reason, string message, DateTimeOffset now)
    {
        if (crd.Child("status") is not { } s) crd["status"] = s = [];
        if (s.List("conditions") is not { } conditions) s["conditions"] = conditions = [];
        var old = Find(crd, type);
        if (old is not null && old.Text("status") == status && old.Text("reason") == reason && old.Text("message") == message) return false;
        var time = old is not null && old.Text("status") == status ? old.Text("lastTransitionTime") : Meta.Time(now);
        var made = new JsonObject { ["type"] = type, ["status"] = status, ["lastTransitionTime"] = time, ["reason"] = reason, ["message"] = message };
        if (old is null) conditions.Add(made);
        else conditions[conditions.IndexOf(old)] = made;
        return true;
    }
}
