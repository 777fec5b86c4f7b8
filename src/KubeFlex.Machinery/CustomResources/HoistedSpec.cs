using System.Text.Json.Nodes;

namespace KubeFlex.Machinery.CustomResources;

/// <summary>A definition's spec in upstream's internal form: schema, subresources, columns and selectable fields that all versions share move to the top.</summary>
internal sealed class HoistedSpec
{
    public HoistedSpec(JsonObject spec)
    {
        Versions = [.. spec.Items("versions").OfType<JsonObject>()];
        (SchemaShared, SubresourcesShared, ColumnsShared, SelectableShared) = (Shared("schema"), Shared("subresources"), Shared("additionalPrinterColumns"), Shared("selectableFields"));
        if (Versions.Count == 0) return;
        if (SchemaShared) Schema = Versions[0].Obj("schema").Obj("openAPIV3Schema");
        if (SubresourcesShared) Subresources = Versions[0].Obj("subresources");
        if (ColumnsShared) Columns = Versions[0].Arr("additionalPrinterColumns");
        if (SelectableShared) SelectableFields = Versions[0].Arr("selectableFields");
    }

    public IReadOnlyList<JsonObject> Versions { get; }

    public bool SchemaShared { get; }

    public bool SubresourcesShared { get; }

    public bool ColumnsShared { get; }

    public bool SelectableShared { get; }

    public JsonObject? Schema { get; }

    public JsonObject? Subresources { get; }

    public JsonArray? Columns { get; }

    public JsonArray? SelectableFields { get; }

    public bool AnyStatus => Versions.Any(v => v.Obj("subresources")?.ContainsKey("status") == true);

    public bool HasDefaults => Versions.Any(v => v.Obj("schema").Obj("openAPIV3Schema") is { } s && MentionsDefault(s));

    public bool StatusOf(int version) => Versions[version].Obj("subresources")?.ContainsKey("status") == true;

    public JsonObject? SchemaOf(int version) => version < Versions.Count ? Versions[version].Obj("schema").Obj("openAPIV3Schema") : null;

    private bool Shared(string member)
    {
        for (var i = 1; i < Versions.Count; i++)
            if (!JsonReading.Same(Versions[i].Get(member), Versions[i - 1].Get(member))) return false;
        return true;
    }

    private static bool MentionsDefault(JsonObject schema) =>
        schema.Get("default") is not null
        || (schema.Obj("items") is { } items && MentionsDefault(items))
        || (schema.Obj("additionalProperties") is { } additional && MentionsDefault(additional))
        || (schema.Obj("properties") ?? []).Any(p => p.Value is JsonObject o && MentionsDefault(o));
}
