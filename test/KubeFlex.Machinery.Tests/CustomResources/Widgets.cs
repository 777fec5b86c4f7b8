using System.Text.Json.Nodes;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.CustomResources;
using KubeFlex.Machinery.Errors;

namespace KubeFlex.Machinery.Tests.CustomResources;

/// <summary>Small definitions for tests.</summary>
internal static class Widgets
{
    public static readonly Schema ObjectMeta = ApiCatalog.Load().ObjectMeta;

    public const string SpecProperties = """
        {"any":{"type":"object","x-kubernetes-preserve-unknown-fields":true},"color":{"enum":["red","green"],"type":"string"},"ios":{"x-kubernetes-int-or-string":true},
         "parts":{"items":{"properties":{"n":{"type":"integer"},"name":{"type":"string"}},"required":["name"],"type":"object"},"type":"array","x-kubernetes-list-map-keys":["name"],"x-kubernetes-list-type":"map"},
         "size":{"default":3,"maximum":10,"minimum":1,"type":"integer"},"tags":{"items":{"type":"string"},"type":"array","x-kubernetes-list-type":"set"}}
        """;

    public static JsonObject Json(string text) => (JsonObject)JsonNode.Parse(text)!;

    public static JsonObject Definition(string? schema = null, string extra = "")
    {
        schema ??= $$$"""{"type":"object","properties":{"spec":{"type":"object","properties":{{{SpecProperties}}}},"status":{"type":"object","properties":{"phase":{"type":"string"}} } } }""";
        var crd = Json($$$"""
            {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"widgets.example.com"},
             "spec":{"group":"example.com","names":{"kind":"Widget","plural":"widgets","shortNames":["wd"]},"scope":"Namespaced",
              "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{{{schema}}}},"subresources":{"status":{}}{{{extra}}}}]}}
            """);
        CustomResourceDefinitions.Default(crd);
        return crd;
    }

    public static Schema Schema(string properties) =>
        CustomResourceDefinitions.Compile(Definition($$"""{"type":"object","properties":{{properties}}}"""), ObjectMeta)[0].Schema;

    public static Schema SpecSchema(string spec) => Schema($$"""{"spec":{{spec}}}""");

    public static List<string> Errors(JsonObject crd)
    {
        var errors = new FieldErrors();
        CustomResourceDefinitions.Validate(crd, errors);
        return [.. errors.Select(e => e.ToString())];
    }

    public static List<string> Errors(Schema schema, string obj, string? old = null) => [.. Found(schema, obj, old).Select(e => e.ToString())];

    public static FieldErrors Found(Schema schema, string obj, string? old = null)
    {
        var errors = new FieldErrors();
        CustomResourceRules.Validate(Json(obj), old is null ? null : Json(old), schema, errors);
        return errors;
    }
}
