using System.Text.Json.Nodes;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Objects;

namespace KubeFlex.Machinery.Validation;

/// <summary>Rules for <c>metadata</c> (<c>apimachinery/pkg/api/validation/objectmeta.go</c>).</summary>
public static class ObjectMetaRules
{
    /// <summary>Checks name, generateName, namespace, labels, annotations, owner references, finalizers of a new object.</summary>
    public static void Validate(JsonObject obj, bool namespaced, Func<string, IReadOnlyList<string>>? nameRule, FieldErrors errors) => throw new NotImplementedException();

    /// <summary>Checks what may not change: name, namespace, uid, creation and deletion times, finalizers added while deleting.</summary>
    public static void ValidateUpdate(JsonObject obj, JsonObject old, FieldErrors errors) => throw new NotImplementedException();
}

/// <summary>Rules for names; each gives the errors in apimachinery's words, nothing when the name is right.</summary>
public static class Names
{
    /// <summary>RFC 1123 subdomain.</summary>
    public static IReadOnlyList<string> DnsSubdomain(string value) => throw new NotImplementedException();

    /// <summary>RFC 1123 label.</summary>
    public static IReadOnlyList<string> DnsLabel(string value) => throw new NotImplementedException();

    /// <summary>RFC 1035 label.</summary>
    public static IReadOnlyList<string> Dns1035Label(string value) => throw new NotImplementedException();

    /// <summary>Any path segment (RBAC objects).</summary>
    public static IReadOnlyList<string> PathSegment(string value) => throw new NotImplementedException();

    /// <summary>A label or annotation key.</summary>
    public static IReadOnlyList<string> QualifiedName(string value) => throw new NotImplementedException();

    /// <summary>A label value.</summary>
    public static IReadOnlyList<string> LabelValue(string value) => throw new NotImplementedException();
}

/// <summary>Checks JSON types of a built-in object against its schema, as Go's decoder would, and finds unknown fields.</summary>
public static class SchemaDecoding
{
    /// <summary>
    /// The first value whose JSON type does not fit gives a 400 in upstream's words (<c>… cannot unmarshal …</c>); null when all fit.
    /// Normalises in place what Go's decoder would change: drops nulls, empty optional members that Go omits, unknown fields (reported in
    /// <paramref name="unknown"/> as dotted paths such as <c>spec.template.spec.containers[0].nope</c>).
    /// </summary>
    public static ApiError? Normalise(JsonObject obj, Catalog.Schema schema, GroupVersionKind kind, ICollection<string> unknown) => throw new NotImplementedException();
}
