using System.Text.Json.Nodes;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Errors;

namespace KubeFlex.Machinery.CustomResources;

/// <summary>Rules for CustomResourceDefinitions themselves.</summary>
public static class CustomResourceDefinitions
{
    /// <summary>Defaults of <c>apiextensions/v1</c> (names.singular, listKind, conversion, …).</summary>
    public static void Default(JsonObject crd) => throw new NotImplementedException();

    /// <summary>Checks a definition: names, versions, structural schemas, defaults, printer columns, subresources.</summary>
    public static void Validate(JsonObject crd, FieldErrors errors) => throw new NotImplementedException();

    /// <summary>Checks a change: group, scope, names, stored versions.</summary>
    public static void ValidateUpdate(JsonObject crd, JsonObject old, FieldErrors errors) => throw new NotImplementedException();

    /// <summary>What a valid definition serves: one resource per served version, its schema compiled.</summary>
    public static IReadOnlyList<ResourceInfo> Compile(JsonObject crd, Schema objectMeta) => throw new NotImplementedException();
}

/// <summary>What custom resources go through on writes.</summary>
public static class CustomResourceRules
{
    /// <summary>Removes members the schema does not know; gives their dotted paths for field validation.</summary>
    public static IReadOnlyList<string> Prune(JsonObject obj, Schema schema) => throw new NotImplementedException();

    /// <summary>Fills in defaults; drops nulls that are not nullable where there is a default.</summary>
    public static void Default(JsonObject obj, Schema schema) => throw new NotImplementedException();

    /// <summary>Checks the object against the schema's rules, in upstream's words.</summary>
    public static void Validate(JsonObject obj, JsonObject? old, Schema schema, FieldErrors errors) => throw new NotImplementedException();
}
