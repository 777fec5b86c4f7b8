using System.Text.Json.Nodes;
using KubeFlex.ApiServer.Registry;
using KubeFlex.ApiServer.Requests;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Json;
using KubeFlex.Machinery.Kinds;
using KubeFlex.Machinery.Tables;

namespace KubeFlex.ApiServer.Answers;

/// <summary>Shows stored objects in the version and form asked for. As long as both are what is stored, bytes stay bytes.</summary>
internal static class ObjectAnswer
{
    /// <summary>Answers with one stored object.</summary>
    public static Task WriteAsync(ApiRequest r, int code, byte[] stored)
    {
        if (r.Accept.Shape == Shape.Object) return Answer.JsonAsync(r, code, InVersion(r.Entry, stored));
        var obj = Parsed(r.Entry, stored);
        JsonNode document = r.Accept.Shape == Shape.Table
            ? Table(r, [obj], Meta.Of(obj).Text("resourceVersion"))
            : Metadata(obj, r.Accept.TransformVersion);
        return Answer.NodeAsync(r.Http, code, document, r.Accept, r.Options.Pretty);
    }

    /// <summary>The object's bytes in the version of the resource.</summary>
    public static byte[] InVersion(ResourceEntry entry, byte[] stored)
    {
        if (entry.SameAsStored && stored.AsSpan().StartsWith(entry.Head)) return stored;
        return KubeJson.ToUtf8(Parsed(entry, stored));
    }

    /// <summary>The object, parsed, in the version of the resource.</summary>
    public static JsonObject Parsed(ResourceEntry entry, ReadOnlySpan<byte> stored) => ToVersion(entry.Info, ObjectBytes.Parse(stored));

    public static JsonObject ToVersion(ResourceInfo info, JsonObject obj)
    {
        if (obj.Text("apiVersion") == info.Kind.ApiVersion) return obj;
        if (!info.Custom) return BuiltInKinds.Convert(obj, info.Kind);
        obj["apiVersion"] = info.Kind.ApiVersion;
        return obj;
    }

    public static JsonObject ToStorage(ResourceInfo info, JsonObject obj)
    {
        if (obj.Text("apiVersion") == info.StorageKind.ApiVersion && obj.Text("kind") == info.StorageKind.Kind) return obj;
        if (!info.Custom) return BuiltInKinds.Convert(obj, info.StorageKind);
        var copy = (JsonObject)obj.DeepClone();
        copy["apiVersion"] = info.StorageKind.ApiVersion;
        return copy;
    }

    public static JsonObject Metadata(JsonObject obj, string version) => new()
    {
        ["kind"] = "PartialObjectMetadata",
        ["apiVersion"] = $"meta.k8s.io/{version}",
        ["metadata"] = obj["metadata"]?.DeepClone(),
    };

    public static JsonObject Table(ApiRequest r, IEnumerable<JsonObject> objects, string resourceVersion, bool columns = true)
    {
        var include = r.Options.IncludeObject switch { "None" => IncludeObject.None, "Object" => IncludeObject.Object, _ => IncludeObject.Metadata };
        var rows = new JsonArray();
        var now = r.Plane.Now;
        foreach (var o in objects) rows.Add(TableRenderer.Row(r.Resource, o, include, now));
        return new JsonObject
        {
            ["kind"] = "Table",
            ["apiVersion"] = $"meta.k8s.io/{r.Accept.TransformVersion}",
            ["metadata"] = new JsonObject { ["resourceVersion"] = resourceVersion },
            ["columnDefinitions"] = columns ? TableRenderer.Columns(r.Resource) : null,
            ["rows"] = rows,
        };
    }
}
