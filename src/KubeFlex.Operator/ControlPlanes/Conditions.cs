using System.Text.Json.Nodes;

namespace KubeFlex.Operator.ControlPlanes;

/// <summary>A status's conditions. Those of others are kept, in place.</summary>
internal sealed class Conditions
{
    private readonly List<JsonObject> list;

    private Conditions(List<JsonObject> list) => this.list = list;

    public static Conditions Of(JsonObject? status) =>
        new([.. (status?["conditions"] as JsonArray ?? []).OfType<JsonObject>().Select(c => (JsonObject)c.DeepClone())]);

    public JsonObject? Find(string type) => list.Find(c => (string?)c["type"] == type);

    /// <summary>Sets a condition; false when it was so already. <c>lastTransitionTime</c> moves only when the status does.</summary>
    public bool Set(string type, bool status, string reason, string message, string now)
    {
        var text = status ? "True" : "False";
        var there = Find(type);
        if (there is not null && (string?)there["status"] == text && (string?)there["reason"] == reason && (string?)there["message"] == message) return false;
        var condition = new JsonObject
        {
            ["type"] = type,
            ["status"] = text,
            ["lastUpdateTime"] = now,
            ["lastTransitionTime"] = (string?)there?["status"] == text ? (string?)there!["lastTransitionTime"] ?? now : now,
            ["reason"] = reason,
            ["message"] = message,
        };
        if (there is null) list.Add(condition);
        else list[list.IndexOf(there)] = condition;
        return true;
    }

    public JsonArray ToJson() => new([.. list.Select(c => c.DeepClone())]);
}
