using System.Text.Json.Nodes;

namespace KubeFlex.Machinery.Kinds;

/// <summary>
/// What nearly all kinds with a spec and a status share: creating starts with an empty status, writing the object keeps the status, writing the
/// status keeps the rest.
/// </summary>
/// <param name="emptyStatus">The status of a new object, as JSON.</param>
internal abstract class SpecStatusRules(string emptyStatus = "{}") : KindRules
{
    public override bool HasGeneration => true;

    public override void PrepareForCreate(JsonObject obj) => obj["status"] = JsonNode.Parse(emptyStatus);

    public override void PrepareForUpdate(JsonObject obj, JsonObject old, string subresource)
    {
        if (subresource.Length == 0) obj.CopyFrom(old, "status");
        else if (subresource == "status") obj.CopyFrom(old, "spec");
    }

    /// <summary>Whether a write of this subresource may change the spec.</summary>
    protected static bool WritesSpec(string subresource) => subresource != "status";
}
