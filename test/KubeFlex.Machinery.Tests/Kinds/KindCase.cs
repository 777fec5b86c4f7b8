using System.Text.Json.Nodes;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Kinds;
using KubeFlex.Machinery.Objects;
using KubeFlex.Machinery.Validation;

namespace KubeFlex.Machinery.Tests.Kinds;

/// <summary>Runs objects through decoding and the rules of their kind in the order of the request path.</summary>
internal static class KindCase
{
    private static readonly ApiCatalog Catalog = ApiCatalog.Load();

    internal static (JsonObject Object, List<string> Errors) Create(string json)
    {
        var (obj, resource, rules) = Decode(json);
        rules.Default(obj);
        rules.PrepareForCreate(obj);
        SchemaDecoding.Complete(obj, resource.Schema);
        var errors = new FieldErrors();
        rules.Validate(obj, errors);
        return (obj, [.. errors.Select(e => e.ToString())]);
    }

    internal static (JsonObject Object, List<string> Errors) Update(JsonObject old, Action<JsonObject> change, string subresource = "")
    {
        var wanted = (JsonObject)old.DeepClone();
        change(wanted);
        var (obj, resource, rules) = Decode(wanted.ToJsonString());
        rules.Default(obj);
        rules.PrepareForUpdate(obj, old, subresource);
        SchemaDecoding.Complete(obj, resource.Schema);
        var errors = new FieldErrors();
        rules.Validate(obj, errors);
        rules.ValidateUpdate(obj, old, subresource, errors);
        return (obj, [.. errors.Select(e => e.ToString())]);
    }

    internal static void Equal(string expected, JsonNode? actual) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), JsonNode.Parse(actual?.ToJsonString() ?? "null")), actual?.ToJsonString());

    private static (JsonObject, ResourceInfo, KindRules) Decode(string json)
    {
        var obj = (JsonObject)JsonNode.Parse(json)!;
        var version = GroupVersion.Parse((string)obj["apiVersion"]!)!.Value;
        var resource = Catalog.FindKind(new GroupVersionKind(version.Group, version.Version, (string)obj["kind"]!))!;
        Assert.Null(SchemaDecoding.Normalise(obj, resource.Schema, resource.Kind, []));
        return (obj, resource, BuiltInKinds.Rules(resource.Kind.GroupKind));
    }
}
