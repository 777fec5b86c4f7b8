using System.Text.Json.Nodes;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Errors;

namespace KubeFlex.Machinery.CustomResources;

/// <summary>Rules for CustomResourceDefinitions themselves.</summary>
public static class CustomResourceDefinitions
{
    /// <summary>Defaults of <c>apiextensions/v1</c> (names.singular, listKind, conversion, …).</summary>
    public static void Default(JsonObject crd)
    {
        if (crd.Obj("spec") is not { } spec) return;
        if (spec.Obj("names") is { } names)
        {
            var kind = names.Str("kind");
            if (names.Str("singular").Length == 0 && kind.Length > 0) names["singular"] = kind.ToLowerInvariant();
            if (names.Str("listKind").Length == 0 && kind.Length > 0) names["listKind"] = kind + "List";
        }
        if (spec.Get("conversion") is null) spec["conversion"] = new JsonObject { ["strategy"] = "None" };
        if (spec.Obj("conversion").Obj("webhook").Obj("clientConfig").Obj("service") is { } service && service.Get("port") is null) service["port"] = 443;
    }

    /// <summary>A new definition has the server's status: its storage version stored, no names accepted yet.</summary>
    public static void PrepareForCreate(JsonObject crd)
    {
        crd["status"] = new JsonObject
        {
            ["acceptedNames"] = new JsonObject { ["kind"] = "", ["plural"] = "" },
            ["conditions"] = null,
            ["storedVersions"] = new JsonArray(),
        };
        AddStoredVersion(crd);
    }

    /// <summary>A writer of the definition cannot change its status; a new storage version joins the stored ones.</summary>
    public static void PrepareForUpdate(JsonObject crd, JsonObject old)
    {
        if (old.Obj("status") is { } status) crd["status"] = status.DeepClone();
        else crd.Remove("status");
        AddStoredVersion(crd);
    }

    /// <summary>Checks a definition: names, versions, structural schemas, defaults, printer columns, subresources.</summary>
    public static void Validate(JsonObject crd, FieldErrors errors) => DefinitionValidator.Validate(crd, null, errors);

    /// <summary>
    /// Checks a change: group, scope, names, stored versions. Only what the change itself breaks: <see cref="Validate"/> has checked the definition.
    /// </summary>
    public static void ValidateUpdate(JsonObject crd, JsonObject old, FieldErrors errors) => DefinitionValidator.ValidateUpdate(crd, old, errors);

    /// <summary>What a valid definition serves: one resource per served version, its schema compiled; best version first.</summary>
    public static IReadOnlyList<ResourceInfo> Compile(JsonObject crd, Schema objectMeta) => DefinitionCompiler.Compile(crd, objectMeta);

    /// <summary>
    /// The status that follows from a definition and the others of its group: accepted names, the conditions NamesAccepted and Established in upstream's
    /// words, stored versions. Conditions that do not change keep their time.
    /// </summary>
    /// <param name="crd">The definition.</param>
    /// <param name="others">All definitions; the ones of other groups and <paramref name="crd"/> itself are left out.</param>
    /// <param name="now">Time of transitions.</param>
    public static JsonObject Conditions(JsonObject crd, IEnumerable<JsonObject> others, DateTimeOffset now) => DefinitionStatus.Compute(crd, others, now);

    /// <summary>True when the condition Established says so: its resources are served.</summary>
    public static bool IsEstablished(JsonObject crd) =>
        crd.Obj("status").Items("conditions").Any(c => c.Str("type") == "Established" && c.Str("status") == "True");

    private static void AddStoredVersion(JsonObject crd)
    {
        var storage = crd.Obj("spec").Items("versions").FirstOrDefault(v => v.Bool("storage")).Str("name");
        if (storage.Length == 0) return;
        if (crd.Obj("status") is not { } status) crd["status"] = status = new JsonObject { ["acceptedNames"] = new JsonObject { ["kind"] = "", ["plural"] = "" }, ["conditions"] = null };
        if (status.Arr("storedVersions") is not { } stored) status["storedVersions"] = stored = [];
        if (stored.All(v => v.AsString() != storage)) stored.Add(storage);
    }
}
