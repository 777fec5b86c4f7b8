using System.Text.Json.Nodes;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Errors;

namespace KubeFlex.Machinery.Patching;

/// <summary>RFC 6902.</summary>
public static class JsonPatch
{
    /// <summary>Applies <paramref name="patch"/> to a copy of <paramref name="document"/>. A malformed patch is 400, one that does not apply (a failed test, a missing path) 422, in upstream's words.</summary>
    public static Result<JsonObject> Apply(JsonObject document, ReadOnlySpan<byte> patch) => throw new NotImplementedException();
}

/// <summary>RFC 7386.</summary>
public static class MergePatch
{
    /// <summary>Applies <paramref name="patch"/> to a copy of <paramref name="document"/>.</summary>
    public static JsonObject Apply(JsonObject document, JsonObject patch) => throw new NotImplementedException();
}

/// <summary>Kubernetes' strategic merge patch: lists merge by key where the schema says so; directives <c>$patch</c>, <c>$retainKeys</c>, <c>$deleteFromPrimitiveList/…</c>, <c>$setElementOrder/…</c>.</summary>
public static class StrategicMergePatch
{
    /// <summary>Applies <paramref name="patch"/> to a copy of <paramref name="document"/>.</summary>
    public static Result<JsonObject> Apply(JsonObject document, JsonObject patch, Schema schema) => throw new NotImplementedException();
}
